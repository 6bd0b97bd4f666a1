"""`twyman`, and `python -m twyman`: heard also while the program itself is still being read."""

import os
import sys
from contextlib import suppress

STOPPED = 130


def run() -> int:
    """Run the command that was typed; return its exit code."""
    try:
        from twyman.cli import main  # noqa: PLC0415 - whoever stops us while this is read is heard, too

        code = main()
    except (KeyboardInterrupt, RuntimeError) as error:
        # Python 3.11 tells of a stop amid the making of a class as a RuntimeError.
        if not isinstance(error, KeyboardInterrupt) and not isinstance(error.__cause__, KeyboardInterrupt):
            raise
        sys.stderr.write("stopped; nothing was written\n")
        code = STOPPED
    if code == STOPPED:
        _leave()
    return code


def _leave() -> None:
    """End at once, all being tidied up: drivers have threads that wait for what was stopped, and Python for them."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(STOPPED)


if __name__ == "__main__":
    sys.exit(run())
