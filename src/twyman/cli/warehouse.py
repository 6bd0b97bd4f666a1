"""`twyman warehouse`: the tables of our own that lie beside the user's data."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from twyman.cli.exits import ANSWERED
from twyman.cli.output import deliver
from twyman.kernel.time import instant_text

if TYPE_CHECKING:
    from twyman.warehouse.state.tables import OwnTable

Make = Callable[..., argparse.ArgumentParser]


def add_warehouse(command: Make, add: Make) -> None:
    """Add the commands to the parser."""
    warehouse = add("warehouse", help="tables that Twyman keeps beside your data", description="Tables of our own.")
    ours = warehouse.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listed = command(ours.add_parser, "tables", "list the tables that are kept beside the data", _tables)
    _folder(listed)
    dropped = command(ours.add_parser, "gc", "drop the tables that nobody needs", _gc)
    _folder(dropped)
    dropped.add_argument(
        "--all",
        action="store_true",
        help="drop what is needed, too: the next reading reads everything anew; looks stay",
    )


def _folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, nargs="?", default=Path(), metavar="FOLDER")


def _tables(options: argparse.Namespace) -> int:
    from twyman.wiring.tables import tables  # noqa: PLC0415 - loads duckdb, which `--help` doesn't need

    found = tables(options.folder)
    deliver(_listed(found) if found else "no tables are kept: warehouse.refresh is full, or nothing was read yet", None)
    return ANSWERED


def _gc(options: argparse.Namespace) -> int:
    from twyman.wiring.tables import collect  # noqa: PLC0415 - as above

    gone = collect(options.folder, every=options.all)
    deliver(f"{_listed(gone)}\ndropped: {len(gone)}" if gone else "nothing to drop", None)
    return ANSWERED


def _listed(tables: "Sequence[OwnTable]") -> str:
    lines = [("TABLE", "PART OF", "MADE", "SIZE")]
    for one in tables:
        made = instant_text(one.made_at) if one.made_at else "-"
        lines.append((one.name, one.state or "(nothing)", made, _size(one)))
    widths = [max(len(line[index]) for line in lines) for index in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _size(one: "OwnTable") -> str:
    if one.size is not None:
        return f"{one.size / 1e6:,.1f} MB"
    return f"{one.rows:,} rows" if one.rows is not None else "-"
