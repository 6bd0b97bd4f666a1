"""Options of an experiment that has no definitions: its tables, and what settles which column is what."""

import argparse
from typing import TYPE_CHECKING

from twyman.kernel.errors import Invalid

if TYPE_CHECKING:
    from twyman.definitions.guessing.guesses import Guesses
    from twyman.wiring.guessed import Guessed

COLUMNS = {
    "unit": "column of the unit's id; given several times, each table takes the first that it has",
    "time": "column of the time, likewise",
    "event": "column of the event's name, likewise",
    "value": "numeric column of events to sum per unit; left out, all that aren't ids or times",
    "dimension": "column of the exposures to break down by; left out, texts called as country, platform or plan are",
}


def add_tables(parser: argparse.ArgumentParser) -> None:
    """Add the options to a command that else reads a definition."""
    tables = parser.add_argument_group(
        "without definitions", "An experiment of any platform, from its tables; what is taken for what is printed."
    )
    tables.add_argument("--exposures", metavar="TABLE", help="file, pattern or table: who met which arm, and when")
    tables.add_argument("--events", metavar="TABLE", action="append", default=[], help="what units did; several times")
    tables.add_argument("--warehouse", metavar="URL", default="", help="or a folder, a DuckDB file, or a project")
    for role, help_ in COLUMNS.items():
        tables.add_argument(f"--{role}", metavar="COLUMN", action="append", default=[], help=help_)
    tables.add_argument("--time-format", metavar="FORMAT", help='of times that are no ISO 8601, as in "%%m/%%d/%%Y"')
    tables.add_argument("--key", metavar="COLUMN", help="column of the experiment's key")
    tables.add_argument("--arm", metavar="COLUMN", help="column of the arm")
    tables.add_argument("--control", metavar="ARM", help="the arm that others are compared with")
    tables.add_argument("--shares", metavar="SHARES", help="as planned, as in control=90%%,treatment=10%%")
    tables.add_argument("--write", metavar="FOLDER", help="write the definitions that it stands for, to go on from")


def guessed_of(options: argparse.Namespace) -> "Guessed":
    """Return the experiment that the tables hold; write its definitions where that is asked for.

    Raises:
        Invalid, NotFound, Unavailable: As `guessed` does.
        Conflict: If definitions are there already.
    """
    from twyman.wiring.guessed import guessed  # noqa: PLC0415 - loads duckdb, which `--help` doesn't need

    found = guessed(options.exposures, options.events, options.experiment, guesses_of(options))
    if options.write:
        found.write(options.write)
    return found


def guesses_of(options: argparse.Namespace) -> "Guesses":
    """Return what the asker said beforehand."""
    from twyman.definitions.guessing.guesses import Guesses  # noqa: PLC0415 - as above

    return Guesses(
        **{role: tuple(getattr(options, role)) for role in COLUMNS},
        time_format=options.time_format,
        key=options.key,
        arm=options.arm,
        control=options.control,
        shares=shares_of(options.shares or ""),
        warehouse=options.warehouse,
    )


def shares_of(written: str) -> dict[str, str]:
    """Return shares by arm from one text.

    Raises:
        Invalid: If a part of it isn't an arm and its share.

    Example:
        >>> shares_of("control=90%, treatment=10%")
        {'control': '90%', 'treatment': '10%'}
    """
    parts = [part.strip() for part in written.split(",") if part.strip()]
    wrong = next((part for part in parts if not all(part.rpartition("="))), None)
    if wrong is not None:
        raise Invalid(f"--shares '{wrong}' is no arm with its share: write control=90%,treatment=10%")
    return {arm.strip(): share.strip() for arm, _, share in (part.rpartition("=") for part in parts)}


def refuse_mixed(options: argparse.Namespace) -> None:
    """Refuse a definition and tables at once, or neither, and what belongs to tables beside a definition.

    Raises:
        Invalid: If it is so.
    """
    only = ("events", "warehouse", "write", "key", "arm", "control", "shares", "time_format", *COLUMNS)
    given = [role.replace("_", "-") for role in only if getattr(options, role)]
    if options.exposures and options.file:
        raise Invalid(f"'{options.file}' defines the experiment, and --exposures guesses it: give one of the two")
    if not options.exposures and not options.file:
        raise Invalid("nothing says which experiment: name its EXPERIMENT.yaml, or its table, as in --exposures TABLE")
    if given and not options.exposures:
        raise Invalid(f"--{given[0]} belongs to an experiment without definitions: give --exposures, too")
