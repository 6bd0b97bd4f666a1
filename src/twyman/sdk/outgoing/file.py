"""Records as lines of JSON at the end of a file, which several processes may write to at once."""

import os
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from twyman.kernel.errors import Unavailable
from twyman.sdk.outgoing.sink import Batch

_ENCODER = msgspec.json.Encoder()
_LOCKS: Any = import_module("fcntl") if find_spec("fcntl") else None
"""Locks of files, where the system has them; elsewhere appends are whole still, but a full disk may tear one."""
_LOOK = 0.01
"""Seconds between two tries for a lock that another process holds."""


class RecordFile:
    """Appends records to a file, a line each; a batch is appended whole or not at all.

    Args:
        path: The file; its folder is made.
        fsync: Whether a batch is taken only once it is on the disk itself, and survives a loss of power.
    """

    def __init__(self, path: str | Path, *, fsync: bool = False) -> None:
        self.name = str(path)
        self._path = Path(path)
        self._fsync = fsync

    def send(self, batch: Batch[Any], timeout: float) -> None:
        """Append a batch.

        Raises:
            Unavailable: If another process holds the file for too long.
            OSError: If it can't be written; nothing of the batch is there then.
        """
        lines = _ENCODER.encode_lines(batch.records)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
        try:
            self._lock(descriptor, timeout)
            self._append(descriptor, lines)
        finally:
            os.close(descriptor)  # which also gives the lock back

    def _lock(self, descriptor: int, timeout: float) -> None:
        until = time.monotonic() + timeout
        while _LOCKS is not None:
            try:
                _LOCKS.flock(descriptor, _LOCKS.LOCK_EX | _LOCKS.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise Unavailable(f"'{self._path}' is held by another process: it is tried again") from None
                time.sleep(_LOOK)
            else:
                return

    def _append(self, descriptor: int, lines: bytes) -> None:
        """Write at the end; what was written of a batch that doesn't fit is taken away again."""
        end = os.fstat(descriptor).st_size
        torn = end > 0 and os.pread(descriptor, 1, end - 1) != b"\n"
        left = memoryview(b"\n" + lines if torn else lines)
        try:
            while left:
                left = left[os.write(descriptor, left) :]
            if self._fsync:
                os.fsync(descriptor)
        except OSError:
            if _LOCKS is not None:
                os.ftruncate(descriptor, end)
            raise


class ExposureFile(RecordFile):
    """Exposures as lines of JSON.

    Their columns fit a source of `kind: exposures`: `unit`, `exposed_at`, `experiment`, `arm`, and `flag`, `rule`,
    `variant`, `by` (which attribute the unit's id was, empty for the targeting key), `id`, `client`, `state`.

    Example:
        >>> from twyman.sdk import Client, MemoryState
        >>> from twyman.flags.state import State
        >>> client = Client(MemoryState(State()), exposures=ExposureFile("exposures.jsonl"))
        >>> client.close()
    """


class EventFile(RecordFile):
    """Events as lines of JSON: `unit`, `at`, `name`, `value`, `details`."""
