"""`twyman verify`: does a look come out the same, computed from rows by another path?"""

import argparse
from collections.abc import Callable
from pathlib import Path

from twyman.cli.exits import ANSWERED, exit_code
from twyman.cli.output import deliver
from twyman.kernel.errors import Conflict

Make = Callable[..., argparse.ArgumentParser]


def add_verify(command: Make, add: Make) -> None:
    """Add the command to the parser."""
    verify = command(add, "verify", "compute a look once more from rows, by another path, and compare", _verify)
    verify.add_argument("file", type=Path, metavar="EXPERIMENT.yaml")
    verify.add_argument("--experiment", metavar="NAME", help="which one, where the file holds several")
    which = verify.add_mutually_exclusive_group()
    which.add_argument("--as-of", metavar="DATE", help="read as of this day; left out, the last look kept")
    which.add_argument("--look", type=int, metavar="N", help="a look that was kept, by its number")
    verify.add_argument("--format", choices=("table", "json"), default="table", help="what to write")


def _verify(options: argparse.Namespace) -> int:
    from twyman.report.verification import json_text, text  # noqa: PLC0415 - loads numpy, which `--help` doesn't need
    from twyman.wiring.verification import verify  # noqa: PLC0415 - as above

    found = verify(options.file, name=options.experiment, as_of=options.as_of, number=options.look)
    deliver({"table": text, "json": json_text}[options.format](found), None)
    return ANSWERED if found.agrees else exit_code(Conflict(""))
