"""`twyman doubt`: why might this be wrong?"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from twyman.cli.exits import ANSWERED, FAILED_ON_VERDICT
from twyman.cli.output import deliver, ready
from twyman.cli.progress import Progress
from twyman.cli.tables import add_tables, guessed_of, refuse_mixed
from twyman.kernel.errors import Invalid

if TYPE_CHECKING:
    from twyman.app.views import Answer

FAILS = (
    "exit with 10 where a fault is likelier than this; of all pairs of a FOLDER, which have no such share: where any "
    "blocks"
)
Make = Callable[..., argparse.ArgumentParser]


def add_doubt(command: Make, add: Make) -> None:
    """Add the command to the parser."""
    doubt = command(add, "doubt", "why might this be wrong? every doubt, the weightiest first", _doubt)
    doubt.add_argument("file", type=Path, nargs="?", metavar="EXPERIMENT.yaml|FOLDER")
    doubt.add_argument("--experiment", metavar="NAME", help="which one, where there are several")
    doubt.add_argument("--as-of", metavar="DATE", help="read as of this day; left out, the latest look that is due")
    doubt.add_argument("--format", choices=("table", "json"), default="table", help="what to write")
    doubt.add_argument("--output", type=Path, metavar="FILE", help="write to a file, whole or not at all")
    doubt.add_argument("--fail-above", metavar="SHARE", help=FAILS)
    add_tables(doubt)


def _doubt(options: argparse.Namespace) -> int:
    from twyman.report.doubts import json_text, text  # noqa: PLC0415 - loads numpy, which `--help` doesn't need

    refuse_mixed(options)
    limit = _share(options.fail_above) if options.fail_above else 1.0
    if options.output is not None:
        ready(options.output)
    if options.file is not None and options.file.is_dir() and not options.experiment:
        return _swept(options)
    answer, said = _answer(options)
    deliver({"table": text, "json": json_text}[options.format](answer, said=said), options.output)
    likely = answer.dossier.probability if answer.dossier else 0.0
    return FAILED_ON_VERDICT if likely > limit else ANSWERED


def _swept(options: argparse.Namespace) -> int:
    """Ask all pairs of a folder's experiments that run on the day; none has a probability, so any that blocks fails."""
    from twyman.report.sweep import json_text, text  # noqa: PLC0415 - as above
    from twyman.wiring.sweep import sweep  # noqa: PLC0415 - as above

    with Progress() as told:
        found = sweep(options.file, as_of=options.as_of, told=told)
    deliver({"table": text, "json": json_text}[options.format](found), options.output)
    held = any(check.status == "block" for check in found.checks)
    return FAILED_ON_VERDICT if held and options.fail_above else ANSWERED


def _answer(options: argparse.Namespace) -> "tuple[Answer, tuple[str, ...]]":
    """Return the answer, and what was taken for what where nobody defined it."""
    from twyman.wiring.analysis import analyze  # noqa: PLC0415 - as above
    from twyman.wiring.guessed import answered  # noqa: PLC0415 - as above

    with Progress() as told:
        if not options.exposures:
            return analyze(options.file, name=options.experiment, as_of=options.as_of, told=told).answer, ()
        found = guessed_of(options)
        return answered(found, as_of=options.as_of, told=told), found.said


def _share(written: str) -> float:
    """Return a share written as 50% or 0.5."""
    number = written.strip().removesuffix("%")
    try:
        share = float(number) / (100 if written.strip().endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise Invalid(f"--fail-above '{written}' is no share: give one from 0 to 1, as in 50%")
    return share
