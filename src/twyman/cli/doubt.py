"""`twyman doubt`: why might this be wrong?"""

import argparse
from collections.abc import Callable
from pathlib import Path

from twyman.cli.exits import ANSWERED, FAILED_ON_VERDICT
from twyman.cli.output import deliver, ready
from twyman.cli.progress import Progress
from twyman.kernel.errors import Invalid

Make = Callable[..., argparse.ArgumentParser]


def add_doubt(command: Make, add: Make) -> None:
    """Add the command to the parser."""
    doubt = command(add, "doubt", "why might this be wrong? every doubt, the weightiest first", _doubt)
    doubt.add_argument("file", type=Path, metavar="EXPERIMENT.yaml")
    doubt.add_argument("--experiment", metavar="NAME", help="which one, where the file holds several")
    doubt.add_argument("--as-of", metavar="DATE", help="read as of this day; left out, the latest look that is due")
    doubt.add_argument("--format", choices=("table", "json"), default="table", help="what to write")
    doubt.add_argument("--output", type=Path, metavar="FILE", help="write to a file, whole or not at all")
    doubt.add_argument("--fail-above", metavar="SHARE", help="exit with 10 where a fault is likelier than this")


def _doubt(options: argparse.Namespace) -> int:
    from twyman.report.doubts import json_text, text  # noqa: PLC0415 - loads numpy, which `--help` doesn't need
    from twyman.wiring.analysis import analyze  # noqa: PLC0415 - as above

    limit = _share(options.fail_above) if options.fail_above else 1.0
    if options.output is not None:
        ready(options.output)
    with Progress() as told:
        answer = analyze(options.file, name=options.experiment, as_of=options.as_of, told=told).answer
    deliver({"table": text, "json": json_text}[options.format](answer), options.output)
    likely = answer.dossier.probability if answer.dossier else 0.0
    return FAILED_ON_VERDICT if likely > limit else ANSWERED


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
