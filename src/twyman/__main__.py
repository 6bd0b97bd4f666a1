"""`twyman`, and `python -m twyman`: heard also while the program itself is still being read."""

import sys

STOPPED = 130


def run() -> int:
    """Run the command that was typed; return its exit code."""
    try:
        from twyman.cli import main  # noqa: PLC0415 - whoever stops us while this is read is heard, too

        return main()
    except KeyboardInterrupt:
        sys.stderr.write("stopped; nothing was written\n")
        return STOPPED


if __name__ == "__main__":
    sys.exit(run())
