"""Simulate experiments with known faults, and count what the product sees of them.

python -m faultlab                   # 2,100 on the report's seeds: writes the table into docs/explanation/doubt.md
python -m faultlab --quick           # a few dozen, printed; nothing is written
python -m faultlab --seeds train     # those on which signatures and thresholds are fixed: writes doubt/signatures.py
python -m faultlab --again           # the table or the signatures anew, from the records kept by the last run
python -m faultlab --resume          # go on where a run was stopped
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from faultlab.faults.registry import FAULTS
from faultlab.fit import counted, sharpness, signatures, threshold, write
from faultlab.lab import BUILD, keep, kept, planned, run_all
from faultlab.learned import learned
from faultlab.report import insert, report

ROOT = Path(__file__).resolve().parents[1]
MODULE = ROOT / "src" / "twyman" / "doubt" / "signatures.py"
PAGE = ROOT / "docs" / "explanation" / "doubt.md"
FEW, MANY = 60, {"train": 700, "report": 1_000}
"""Experiments that are tried: in a quick look, and on either seeds."""
MORE = {"train": 800, "report": 1_100}
"""Healthy ones beside them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for."""
    asked = _asked(arguments)
    started = time.perf_counter()
    path = BUILD / f"{asked.seeds}{'-quick' if asked.quick else ''}.jsonl"
    number = asked.experiments or (FEW if asked.quick else MANY[asked.seeds])
    faults = tuple(name for name in FAULTS if asked.only in name)
    more = asked.healthy if asked.healthy is not None else 0 if asked.quick or asked.experiments else MORE[asked.seeds]
    jobs = planned(number, asked.seeds, faults, healthy=more)
    known = kept(path) if asked.again or asked.resume else []
    left = [] if asked.again else jobs[len(known) :]
    records = keep(run_all(left, workers=asked.workers), path, known)
    print(f"{len(records)} experiments, {time.perf_counter() - started:.0f} s", file=sys.stderr)
    if asked.seeds == "train" and not asked.quick:
        found = signatures(counted(records))
        sharp = sharpness(records, found)
        write(MODULE, found, sharp, threshold(records, found, sharp))
        return 0
    text = report(records, learned(MODULE))
    print(text)
    if not (asked.quick or asked.only):
        insert(PAGE, text)
    return 0


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m faultlab", description=__doc__.splitlines()[0])
    parser.add_argument("--experiments", type=int, default=0, help=f"how many (else {MANY}, {FEW} with --quick)")
    parser.add_argument("--healthy", type=int, help=f"healthy ones more (else {MORE}, none with a number)")
    parser.add_argument("--seeds", choices=("train", "report"), default="report", help="which are tried")
    parser.add_argument("--workers", type=int, default=2, help="processes (the records don't depend on it)")
    parser.add_argument("--quick", action="store_true", help="a few dozen; write nothing but records")
    parser.add_argument("--again", action="store_true", help="take the records of the last run")
    parser.add_argument("--resume", action="store_true", help="go on after the records of a run that was stopped")
    parser.add_argument("--only", default="", help="faults whose name holds this; print only")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
