"""The terminal: `twyman analyze`, `check`, `sql`, `schema`, `demo`."""

from twyman.cli.main import main

__all__ = ["main"]
