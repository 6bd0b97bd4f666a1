"""`twyman aa`: do the metrics cry wolf where nothing happened?"""

import argparse
from collections.abc import Callable
from pathlib import Path

from twyman.cli.exits import ANSWERED
from twyman.cli.output import deliver

Make = Callable[..., argparse.ArgumentParser]


def add_aa(command: Make, add: Make) -> None:
    """Add the command to the parser."""
    aa = command(add, "aa", "a thousand A/A tests on your own metrics: which can be trusted, and why not", _aa)
    aa.add_argument("what", metavar="EXPERIMENT.yaml|METRIC", help="an experiment's file, or a metric's name")
    aa.add_argument("--experiment", metavar="NAME", help="which one, where the file holds several")
    aa.add_argument("--folder", type=Path, default=Path(), metavar="FOLDER", help="where the metric is defined")
    aa.add_argument("--by", default="", metavar="ENTITY", help="deal by another id, and test single units")
    aa.add_argument("--runs", type=int, default=1000, metavar="N", help="how many A/A tests")
    aa.add_argument("--seed", type=int, default=0, metavar="N", help="another number gives other A/A tests")
    aa.add_argument("--format", choices=("table", "json"), default="table", help="what to write")


def _aa(options: argparse.Namespace) -> int:
    from twyman.app.re_randomise import Deals  # noqa: PLC0415 - loads numpy, which `--help` doesn't need
    from twyman.report.trust import json_text, text  # noqa: PLC0415 - as above
    from twyman.wiring.trust import trust  # noqa: PLC0415 - as above

    asked = Deals(runs=options.runs, seed=options.seed, by=options.by)
    found = trust(options.what, name=options.experiment, folder=options.folder, asked=asked)
    deliver({"table": text, "json": json_text}[options.format](found), None)
    return ANSWERED
