"""`twyman gate`: may these experiments go live, or would something else differ between their arms?"""

import argparse
from collections.abc import Callable
from pathlib import Path

from twyman.cli.exits import ANSWERED, FAILED_ON_VERDICT
from twyman.cli.output import deliver, ready

Make = Callable[..., argparse.ArgumentParser]


def add_gate(command: Make, add: Make) -> None:
    """Add the command to the parser."""
    gate = command(add, "gate", "before launch: what else would differ between an experiment's arms", _gate)
    gate.add_argument("folder", type=Path, nargs="?", default=Path(), metavar="FOLDER")
    gate.add_argument("--experiment", default="", metavar="NAME", help="one only; left out, all that have a flag")
    gate.add_argument("--contexts", default="", metavar="NAME", help="which contexts to take, or a file of real ones")
    gate.add_argument("--environment", action="append", metavar="NAME", help="ask from here only; left out, everywhere")
    gate.add_argument("--notes", action="store_true", help="list notes, too")
    gate.add_argument("--format", choices=("table", "json", "sarif"), default="table", help="what to write")
    gate.add_argument("--output", type=Path, metavar="FILE", help="write to a file, whole or not at all")


def _gate(options: argparse.Namespace) -> int:
    from twyman import __version__  # noqa: PLC0415 - the face
    from twyman.report.gate import json_text, text  # noqa: PLC0415 - loads numpy, which `--help` doesn't need
    from twyman.report.sarif import sarif_text  # noqa: PLC0415 - as above
    from twyman.wiring.flags import sequence_of  # noqa: PLC0415 - as above
    from twyman.wiring.gate import gate  # noqa: PLC0415 - loads pyarrow, too

    if options.output is not None:
        ready(options.output)
    report = gate(
        options.folder,
        experiment=options.experiment,
        contexts=options.contexts,
        environments=sequence_of(options.environment),
    )
    match options.format:
        case "json":
            written = json_text(report)
        case "sarif":
            written = sarif_text(report, __version__)
        case _:
            written = text(report, notes=options.notes)
    deliver(written, options.output)
    return ANSWERED if report.passes else FAILED_ON_VERDICT
