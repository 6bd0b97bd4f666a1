"""`python -m twyman` is the same as `twyman`."""

import sys

from twyman.cli import main

if __name__ == "__main__":
    sys.exit(main())
