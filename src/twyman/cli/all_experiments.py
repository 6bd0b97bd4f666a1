"""`twyman analyze --all`: every experiment of a folder, told one by one on a terminal, and all together at the end."""

import argparse
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from twyman.cli.exits import ANSWERED, FAILED_ON_VERDICT, exit_code
from twyman.cli.output import deliver, ready
from twyman.cli.progress import Progress
from twyman.kernel.errors import Invalid, NotFound

if TYPE_CHECKING:
    from twyman.app.analyze_all import Outcome


LOOKS_STAY = "looks of experiments that were done are kept, and nothing else was written"


def analyzed_all(options: argparse.Namespace, failing: Collection[str]) -> int:
    """Analyse all experiments, deliver what became of them, and return the exit code.

    An error of one experiment is told beside the answers of the others, and gives the exit code.

    Args:
        options: What was typed.
        failing: Verdicts that fail.
    """
    from twyman.wiring.all_experiments import analyze_all  # noqa: PLC0415 - loads numpy, which `--help` doesn't need

    _ready(options)
    with Progress() as told:
        try:
            outcomes = analyze_all(options.file, as_of=options.as_of, told=told)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(LOOKS_STAY if told.begun > 1 else "") from None
    _deliver(options, outcomes)
    errors = [one.error for one in outcomes if one.error is not None]
    if errors:
        return exit_code(errors[0])
    met = {verdict.action for one in outcomes if one.answer for verdict in one.answer.verdicts} & set(failing)
    return FAILED_ON_VERDICT if met else ANSWERED


def _ready(options: argparse.Namespace) -> None:
    if options.experiment is not None:
        raise Invalid(f"--experiment '{options.experiment}' names one, and --all asks for every one: leave one out")
    if options.format == "html":
        if options.output is None:
            raise Invalid("--all writes a report for each experiment: say into which folder, as in --output reports")
        if not options.output.is_dir():
            raise NotFound(f"folder '{options.output}' doesn't exist, so no report can be written there: make it first")
    elif options.output is not None:
        ready(options.output)


def _deliver(options: argparse.Namespace, outcomes: "Sequence[Outcome]") -> None:
    from twyman.report.all_experiments import json_text, table  # noqa: PLC0415 - as above
    from twyman.report.html import html  # noqa: PLC0415 - as above

    if options.format == "html":
        for one in outcomes:
            if one.answer is not None:
                deliver(html(one.answer), Path(options.output) / f"{one.experiment}.html")
        deliver(table(outcomes), None)
    else:
        deliver({"table": table, "json": json_text}[options.format](outcomes), options.output)
