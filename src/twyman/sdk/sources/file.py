"""A state in a file, read again whenever the file has changed."""

from collections.abc import Callable
from pathlib import Path

from twyman.flags.state import State
from twyman.kernel.errors import Unavailable
from twyman.sdk.sources.source import taken

Mark = tuple[int, int, int]
"""What changes when a file does: time of its last change, size, and which file it is."""


class FileState:
    """A state in a file, as `twyman flags build` writes it.

    A file that can't be read, is cut off, or is no state leaves the last good state in place, and is tried again.

    Args:
        path: The file.
        every: Seconds between looks at it.
    """

    def __init__(self, path: str | Path, *, every: float = 1.0) -> None:
        self.name = str(path)
        self.is_near = True
        self._path = Path(path)
        self._every = every
        self._mark: Mark | None = None
        self._state: State | None = None

    def last_good(self) -> State | None:
        """Return nothing: what there is, a fetch returns."""
        return None

    def fetch(self) -> State | None:
        """Return the file's state, if it has changed.

        Raises:
            Unavailable: If the file can't be read.
            Invalid: If it holds no state to be taken.
        """
        try:
            mark = _mark(self._path)
            if mark == self._mark:
                return None
            document = self._path.read_bytes()
        except OSError as error:
            raise Unavailable(f"state '{self._path}' can't be read ({error.strerror}): put it there again") from error
        self._state = taken(document, self._state)
        self._mark = mark
        return self._state

    def pause(self, failures: int) -> float | None:  # noqa: ARG002 - a look at a file is cheap, whatever it found
        """Return the seconds between two looks."""
        return self._every

    def attach(self, ring: Callable[[], None]) -> None:
        """Ignore it: a file tells nobody that it has changed."""

    def troubles(self) -> list[tuple[str, str]]:
        """Return nothing: there is nothing beside reading."""
        return []


def _mark(path: Path) -> Mark:
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino
