"""A state that a server ships: asked for again and again, and kept on disk for the day the server is away."""

import os
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile

from twyman.flags.state import State
from twyman.kernel.errors import Unavailable
from twyman.sdk.backoff import Backoff
from twyman.sdk.endpoint import Endpoint
from twyman.sdk.sources.source import taken

PATH = "/v1/state"
OK, NOT_MODIFIED = 200, 304


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a server is asked.

    Attributes:
        every: Seconds between two requests that went well, give or take a tenth.
        backoff: Pauses after requests that didn't.
    """

    every: float = 30.0
    backoff: Backoff = field(default_factory=Backoff)

    def pause(self, failures: int) -> float:
        """Return seconds until the next request."""
        if failures:
            return self.backoff.pause(failures)
        return self.every * self.backoff.rng.uniform(0.9, 1.1)


class ServerState:
    """A state from a server of ours, `<url>/v1/state`.

    Whatever the server does (nothing, an error, half a body, garbage, too much), the last good state stays.

    Args:
        url: Address of the server; or an `Endpoint`, for other bounds than its own on time and size.
        credential: The client's secret.
        cache: File that keeps the last good state; `None` for none.
        every: Seconds between two requests; or a `Pace`, for a back-off and a source of chance of one's own.
    """

    is_near = False

    def __init__(
        self,
        url: str | Endpoint,
        *,
        credential: str = "",
        cache: str | Path | None = None,
        every: float | Pace = 30.0,
    ) -> None:
        self._endpoint = url if isinstance(url, Endpoint) else Endpoint(url.rstrip("/") + PATH, credential)
        self._pace = every if isinstance(every, Pace) else Pace(every, Backoff(rng=random.SystemRandom()))
        self._cache = Path(cache) if cache is not None else None
        self._state: State | None = None
        self._etag = ""
        self._troubles: list[tuple[str, str]] = []

    @property
    def name(self) -> str:
        """Where the state comes from."""
        return self._endpoint.url

    def last_good(self) -> State | None:
        """Return the last good state on disk, if there is one.

        Raises:
            Invalid: If what is on disk is no state.
        """
        if self._cache is None:
            return None
        try:
            document = self._cache.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unavailable(
                f"cache '{self._cache}' can't be read ({error.strerror}): mend its permissions"
            ) from error
        self._state = taken(document, self._state)
        return self._state

    def fetch(self) -> State | None:
        """Ask the server.

        Raises:
            Unavailable: If there is no answer within the bounds, or one that is no state and no "as before".
            Invalid: If the state is none to be taken.
        """
        answer = self._endpoint.get(etag=self._etag)
        if answer.status == NOT_MODIFIED and self._etag:
            return None
        if answer.status != OK:
            raise Unavailable(f"server at {self.name} answered {answer.status}{_advice(answer.status)}")
        self._state = taken(answer.body, self._state)
        self._etag = answer.etag
        self._keep(answer.body)
        return self._state

    def pause(self, failures: int) -> float | None:
        """Return seconds until the next request."""
        return self._pace.pause(failures)

    def attach(self, ring: Callable[[], None]) -> None:
        """Ignore it: the server is polled."""

    def troubles(self) -> list[tuple[str, str]]:
        """Return why the state couldn't be kept on disk."""
        found, self._troubles = self._troubles, []
        return found

    def _keep(self, document: bytes) -> None:
        if self._cache is None:
            return
        try:
            self._cache.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self._cache, document)
        except OSError as error:
            self._troubles.append(("cache_not_written", f"'{self._cache}': {error.strerror or error}"))


def replace_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, readable by its owner alone.

    Raises:
        OSError: If it can't be written; what was there is there still.
    """
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(file.name).unlink()
            raise


def _advice(status: int) -> str:
    match status:
        case 401 | 403:
            return ": show it a credential that it knows"
        case 404:
            return ": it ships no states there, so look at the address"
        case _ if status in range(300, 400):
            return ": redirects aren't followed, so write the address it leads to"
        case _:
            return ": it is asked again later"
