"""Exposures, or events, as lines of JSON at the end of one file: acknowledged once they are on disk.

All that comes in while a write is under way goes out together with the next, so that the disk's slowness
is shared. The file only ever ends with a whole line: what a full disk or a crash leaves of a line is cut off.
"""

import asyncio
import fcntl
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import msgspec
from msgspec import Struct

from twyman.kernel.errors import Conflict, Unavailable

MOST_WAITING = 100_000
"""Rows taken without waiting that may wait for the disk; beyond them rows are lost, and counted."""
GATHERED = 0.1
"""Seconds for which rows taken without waiting are gathered, before they are written."""
RETRIED = 1.0
"""Seconds after which a failed write of theirs is tried again."""

_ENCODER = msgspec.json.Encoder()
_BLOCK = 1 << 16


class RecordFile:
    """A sink that appends to a file, which is its own alone.

    Attributes:
        kind: What its lines are.
        lost: Rows that found no room.
        problem: Why the last write failed; empty where it didn't.
    """

    kind: ClassVar[str]

    def __init__(self, path: Path, *, most_waiting: int = MOST_WAITING) -> None:
        """Open the file, or make it.

        Args:
            path: The file; its folder is made.
            most_waiting: Rows taken without waiting that may wait for the disk.

        Raises:
            Conflict: If another process writes to it.
            Unavailable: If it can't be opened.
        """
        self.lost = 0
        self.problem = ""
        self._path = path
        self._most = most_waiting
        self._file, self._size = _opened(path, self.kind)
        self._offered: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=self.kind)

    def offer(self, row: Struct) -> None:
        """Take a row without waiting: it is written with others in a moment."""
        if len(self._offered) >= self._most:
            self.lost += 1
            return
        self._offered.append(_ENCODER.encode(row))
        if self._timer is None:
            self._later(GATHERED)

    async def commit(self, rows: Sequence[Struct]) -> None:
        """Return once the rows are on disk.

        Raises:
            Unavailable: If they can't be written; none of them is then in the file.
        """
        if rows:
            await self._written([_ENCODER.encode(row) for row in rows])

    async def close(self) -> None:
        """Write what waits, and let go of the file."""
        if self._timer is not None:
            self._timer.cancel()
        await self._write_offered(again=False)
        if self._writing is not None:
            await self._writing
        self._thread.shutdown()
        os.close(self._file)

    def _later(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(seconds, lambda: loop.create_task(self._write_offered()))

    async def _write_offered(self, *, again: bool = True) -> None:
        taken, self._offered, self._timer = self._offered, [], None
        try:
            await self._written(taken)
        except Unavailable:
            room = self._most - len(self._offered)
            self.lost += max(0, len(taken) - room)
            self._offered = taken[:room] + self._offered
            if again and self._timer is None:
                self._later(RETRIED)

    async def _written(self, lines: list[bytes]) -> None:
        if not lines:
            return
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((b"\n".join(lines) + b"\n", done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        await done

    async def _write_all(self) -> None:
        """Write group after group until nothing waits."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            group, self._waiting = self._waiting, []
            data = b"".join(text for text, _ in group)
            why = await loop.run_in_executor(self._thread, self._append, data)
            self.problem = why
            for _, done in group:
                if not done.done() and why:
                    done.set_exception(Unavailable(f"{self.kind} can't be kept ({why}): free the disk, and send again"))
                elif not done.done():
                    done.set_result(None)
        self._writing = None

    def _append(self, data: bytes) -> str:
        """Append data and wait for the disk; return why it failed, with the file as it was, or nothing."""
        try:
            _write(self._file, data)
            os.fdatasync(self._file)
        except OSError as error:
            os.ftruncate(self._file, self._size)
            return f"{self._path}: {error.strerror}"
        self._size += len(data)
        return ""


class ExposureFile(RecordFile):
    """Keeps exposures."""

    kind = "exposures"


class EventFile(RecordFile):
    """Keeps events."""

    kind = "events"


def _opened(path: Path, kind: str) -> tuple[int, int]:
    """Open a file to append to, cut off what is left of a line, and return it with its size."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError as error:
        raise Unavailable(f"{kind} can't be kept in '{path}' ({error.strerror}): name another file") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        size = _end_of_lines(file)
        os.ftruncate(file, size)
        if is_new:
            _sync_folder(path.parent)
    except BlockingIOError:
        os.close(file)
        raise Conflict(
            f"'{path}' is written to already, here or by another process: name another file, or stop that one"
        ) from None
    except OSError as error:
        os.close(file)
        raise Unavailable(f"{kind} can't be kept in '{path}' ({error.strerror}): name another file") from None
    return file, size


def _end_of_lines(file: int) -> int:
    """Return where the last whole line ends."""
    end = os.fstat(file).st_size
    while end > 0:
        start = max(0, end - _BLOCK)
        place = os.pread(file, end - start, start).rfind(b"\n")
        if place >= 0:
            return start + place + 1
        end = start
    return 0


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
