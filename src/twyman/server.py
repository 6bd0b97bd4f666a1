"""One process that serves a folder of flags, or a state file, and follows its changes."""

import asyncio
import gc
import logging
import shlex
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import uvicorn
from msgspec import Struct
from watchfiles import Change, awatch  # pyright: ignore[reportUnknownVariableType]

from twyman.api import Api, EventFile, ExposureFile, RecordFile, Served, StickyStore
from twyman.api.last_good import LastGood
from twyman.flags.faults import faults_of
from twyman.flags.state import State
from twyman.kernel.errors import Conflict, TwymanError

FILES = (".yaml", ".yml", ".json", ".lock")
"""Endings of files whose change is looked at."""
SETTLED_MS = 150
"""Milliseconds for which files must be still before they are read again."""
GRACE = 5
"""Seconds that requests under way have when the server stops."""


class Loaded(Protocol):
    """A state, and what in it can't be resolved."""

    @property
    def state(self) -> State:
        """Flags and what they need."""
        ...

    @property
    def problems(self) -> Sequence[str]:
        """One sentence each."""
        ...


Load = Callable[[Path], Loaded]


class Sticky(StickyStore, Protocol):
    """Keeps what units got, and is let go of at the end."""

    def close(self) -> None:
        """Write what waits."""
        ...


class Settings(Struct, frozen=True):
    """How a server is run.

    Attributes:
        host, port: Where it listens; port 0 takes a free one.
        exposures: File for exposures, a line of JSON each; without one they are not kept.
        events: File for events, the same; without one they are refused.
        origins: Of pages that may ask; `*` stands for any.
        environments: Where those ask from whose credential names no environment.
        access_log: Whether each request is written to standard error.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    exposures: Path | None = None
    events: Path | None = None
    origins: tuple[str, ...] = ("*",)
    environments: tuple[str, ...] = ()
    access_log: bool = False


def serve(
    path: Path,
    load: Load,
    settings: Settings = Settings(),  # noqa: B008 - a value
    *,
    sticky: Sticky | None = None,
) -> None:
    """Serve flags until the process is told to stop.

    A change of the files is served within a second; a broken one leaves what it broke as it was, and says why.

    Args:
        path: A folder of YAML, or a state file.
        load: Reads the path; what can't be read is named among the problems, and the rest works.
        settings: How.
        sticky: Where sticky variants are kept; without it, none stick.

    Raises:
        TwymanError: What `load` raises at the start.
        Conflict: If the port, or a file for exposures or events, is another's.
        Unavailable: If such a file can't be opened.
    """
    source = Source(path, load, settings.environments)
    served = source.read()
    for problem in served.problems:
        _warn(problem)
    door = listening(settings.host, settings.port)
    sink = ExposureFile(settings.exposures) if settings.exposures else None
    events = EventFile(settings.events) if settings.events else None
    api = Api(served, sink=sink, events=events, origins=settings.origins, sticky=sticky)
    server = Server(api, source, [each for each in (sink, events) if each is not None], settings, sticky)
    gc.freeze()  # a state of many flags needn't be looked through at each collection
    with suppress(KeyboardInterrupt):
        server.run(sockets=[door])


class Source:
    """Flags on disk.

    Attributes:
        path: A folder, or a file, as it was named.
        place: The same, from the root on.
    """

    def __init__(self, path: Path, load: Load, environments: tuple[str, ...] = ()) -> None:
        self.path = path
        self.place = path.absolute()
        self._load = load
        self._environments = environments
        self._good = LastGood()
        self._stamp: object = None

    def read(self) -> Served:
        """Read them for the first time.

        Raises:
            TwymanError: If nothing can be read.
        """
        self._stamp = self._present()
        return self._served(self._load(self.path))

    def again(self, before: Served) -> Served | None:
        """Read them anew; return `None` where nothing changed."""
        stamp = self._present()
        if stamp == self._stamp:
            return None
        self._stamp = stamp
        try:
            served = self._served(self._load(self.path))
        except TwymanError as error:
            served = Served(self._good.refused(str(error)), problems=(str(error),), environments=self._environments)
        return before.told(served.problems) if served.state.version == before.state.version else served.warmed(before)

    def concerns(self, _: Change, changed: str) -> bool:
        """Say whether a changed file is one of these."""
        file = Path(changed).absolute()
        if file.name == "..data":  # Kubernetes replaces all files of a folder by way of this link
            return True
        return changed.endswith(FILES) if self.path.is_dir() else file == self.place

    def _served(self, loaded: Loaded) -> Served:
        state = self._good.over(loaded.state, loaded.problems)
        return Served(state, problems=loaded.problems, environments=self._environments)

    def _present(self) -> object:
        """Return what tells whether files changed: names, sizes and times."""
        files = self.path.rglob("*") if self.path.is_dir() else [self.path]
        found = [file for file in files if file.name.endswith(FILES) or file == self.path]
        return {file: (stat.st_mtime_ns, stat.st_size, stat.st_ino) for file in found if (stat := _stat(file))}


class Server(uvicorn.Server):
    """uvicorn with one worker, that follows a source and stops without losing what was promised."""

    def __init__(
        self, api: Api, source: Source, files: Sequence[RecordFile], settings: Settings, sticky: Sticky | None = None
    ) -> None:
        super().__init__(configuration(api, access_log=settings.access_log))
        if settings.access_log:
            logging.basicConfig(format="%(message)s", level=logging.INFO)
        self._api = api
        self._source = source
        self._files = files
        self._sticky = sticky
        self._stop = asyncio.Event()
        self._following: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, follow the files, and say where it is."""
        await super().startup(sockets)
        self._following = asyncio.create_task(self._follow())
        await asyncio.sleep(0)  # files are watched from here on
        for door in sockets or []:
            sys.stdout.write(announcement(self._api.served, self._source.path, *door.getsockname()[:2]))
            sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop: end the streams, let requests finish, and write what is left to be kept."""
        self._stop.set()
        self._api.streams.close()
        if self._following is not None:
            await asyncio.wait({self._following}, timeout=GRACE)
        await super().shutdown(sockets)
        for file in self._files:
            await file.close()
        if self._sticky is not None:
            await asyncio.to_thread(self._sticky.close)

    async def _follow(self) -> None:
        path = self._source.place
        folder = path if path.is_dir() else path.parent  # an editor replaces the file
        watched: Any = awatch(
            folder,
            watch_filter=self._source.concerns,
            debounce=SETTLED_MS * 4,
            step=SETTLED_MS,
            rust_timeout=1_000,
            yield_on_timeout=True,
            stop_event=self._stop,
            recursive=path.is_dir(),
        )
        is_first = True  # what changed between the first reading and now
        async for changes in watched:
            if changes or is_first:
                await self._reload()
            is_first = False

    async def _reload(self) -> None:
        before = self._api.served
        try:
            served = await asyncio.to_thread(self._source.again, before)
        except Exception as error:  # noqa: BLE001 - whatever it is, what was served is served on
            _warn(f"flags can't be read ({type(error).__name__}: {error}): the last good ones are served")
            return
        if served is None:
            return
        for problem in served.problems:
            if problem not in before.problems:
                _warn(problem)
        self._api.swap(served)


def configuration(app: Any, *, access_log: bool = False) -> uvicorn.Config:  # noqa: ANN401 - an ASGI application
    """Return how uvicorn runs an application of ours."""
    return uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=access_log,
        server_header=False,
        timeout_keep_alive=75,  # longer than balancers keep an idle connection
        timeout_graceful_shutdown=GRACE,
    )


def announcement(served: Served, path: Path, host: str, port: int) -> str:
    """Return where the flags are, and a line to try them with.

    Example:
        >>> print(announcement(Served(State()), Path("flags"), "0.0.0.0", 8080), end="")
        Serving 0 flags of flags on http://0.0.0.0:8080
    """
    state = served.state
    count = sum(not flag.archived for flag in state.flags.values())
    said = f"Serving {count:,} flags of {path} on http://{_authority(host, port)}\n"
    name = to_try(state)
    if name is None:
        return said
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not bound to, named
    url = f"http://{_authority(local, port)}/ofrep/v1/evaluate/flags/{quote(name, safe='')}"
    credential = ["-H", "X-API-Key: CREDENTIAL"] if state.clients else []
    call = ["curl", "-s", *credential, url, "-d", '{"context": {"targetingKey": "u-1"}}']
    return f"{said}  {shlex.join(call)}\n"


def to_try(state: State) -> str | None:
    """Return the first flag that resolves, for somebody who may ask; `None` where there is none.

    Example:
        >>> from twyman.flags.flag import Flag
        >>> to_try(State({"a": Flag("a", (), archived=True), "b": Flag("b", (), broken="schema"), "c": Flag("c", ())}))
        'c'
    """
    broken = faults_of(state).flags
    askers = list(state.clients) or [None]
    for name, flag in state.flags.items():
        if not flag.archived and name not in broken and any(flag.is_seen_by(asker) for asker in askers):
            return name
    return None


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes a free one.

    Raises:
        Conflict: If the port is taken, or is none.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2_048)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise Conflict(f"'{_authority(host, port)}' can't be listened on ({why}): name another port or host") from None


def _stat(file: Path) -> Any:  # noqa: ANN401 - what the system says of a file
    try:
        return file.stat()
    except OSError:
        return None


def _warn(problem: str) -> None:
    sys.stderr.write(f"{problem}\n")
    sys.stderr.flush()
