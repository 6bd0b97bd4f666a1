"""What a sweep found, in a terminal and as JSON: pairs that depend on or change each other, the loudest first."""

from io import StringIO
from shutil import get_terminal_size

import msgspec
from rich.console import Console
from rich.text import Text

from twyman.app.sweep import Swept
from twyman.report.inert import inert

WIDEST = 120
MARKS = {"block": "■", "warn": "▲", "note": "·", "ok": "·"}
"""How loud a line is."""


def json_text(found: Swept) -> str:
    """Return all that was found as JSON."""
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()


def text(found: Swept, *, width: int | None = None) -> str:
    """Return what was found as lines of text, none longer than `width`.

    Args:
        found: What to show.
        width: Columns; the terminal's own, or 80, where left out.
    """
    out, found = StringIO(), inert(found)
    columns = min(width or get_terminal_size((80, 24)).columns, WIDEST)
    console = Console(file=out, width=columns, highlight=False, markup=False, emoji=False, legacy_windows=False)
    shared = "1 pair that shares" if found.pairs == 1 else f"{found.pairs:,} pairs that share"
    sealed = f" and {found.sealed:,} sealed" if found.sealed else ""
    sized = f"{len(found.experiments):,} experiments{sealed}, {shared} units"
    console.print(Text(f"As of {found.as_of[:10]}: {sized}."))
    for check in found.checks:
        console.print()
        console.print(Text(f"{MARKS[check.status.value]} {check.text}"))
    return "".join(line.rstrip() + "\n" for line in out.getvalue().replace("\u00a0", " ").splitlines())
