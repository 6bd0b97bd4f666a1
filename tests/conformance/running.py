"""Our server as its users run it: a process of its own, on a folder of flags, on a free port of this machine."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Self

_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
_PATIENCE = 30


class Server:
    """`twyman serve` on a folder, until the block ends.

    Attributes:
        address: Where it answers.
    """

    def __init__(self, folder: Path, log: Path, *options: str) -> None:
        """Start it, and wait until it says where it is; what it warns of goes to the log."""
        self._log = log.open("w+")
        command = [sys.executable, "-m", "twyman", "serve", "--flags", str(folder), "--port", "0", *options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._log, text=True)
        self.address = self._announced()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._log.close()

    def stop(self) -> None:
        """Tell it to stop, and wait until it has."""
        self._process.terminate()
        self._process.communicate(timeout=_PATIENCE)

    def _announced(self) -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            found = _ADDRESS.search(line)
            if found:
                return found.group()
        self.stop()
        self._log.seek(0)
        with self._log:
            raise AssertionError(f"server didn't start: {self._log.read()}")
