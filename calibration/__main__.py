"""Simulate, and write the page and its pictures.

python -m calibration               # all of it: docs/explanation/calibration.md
python -m calibration --quick       # the short version: nothing is written, only what is out of band
python -m calibration --only Welch  # some studies, printed
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from calibration.page import LESSONS, page
from calibration.pictures import TEXTS, pictures
from calibration.registry import CURVES, SECTIONS, STUDIES
from calibration.run import findings, points
from calibration.study import Finding

DOCS = Path(__file__).resolve().parents[1] / "docs"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; 1 if a promise is broken that no condition excuses."""
    asked = _asked(arguments)
    started = time.perf_counter()
    studies = [study for study in STUDIES if asked.only.lower() in study.name.lower()]
    found = findings(studies, workers=asked.workers, quick=asked.quick)
    broken = [finding for finding in found if finding.verdict == "OUT OF BAND"]
    for finding in found if asked.only else broken:
        print(_line(finding))
    print(f"{len(found)} promises, {len(broken)} out of band, {time.perf_counter() - started:.0f} s")
    if not (asked.quick or asked.only):
        _write(found, asked.workers)
    return 1 if broken else 0


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m calibration", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer experiments; write nothing")
    parser.add_argument("--only", default="", help="studies whose name holds this; write nothing")
    parser.add_argument("--workers", type=int, default=2, help="processes (the findings don't depend on it)")
    return parser.parse_args(arguments)


def _write(found: Sequence[Finding], workers: int) -> None:
    folder = DOCS / "images" / "calibration"
    folder.mkdir(parents=True, exist_ok=True)
    for name, drawn in pictures(found, points(CURVES, workers=workers)).items():
        (folder / f"{name}.svg").write_text(drawn)
    shown = "\n\n".join(
        f"![{name.replace('-', ' ')}](../images/calibration/{name}.svg)\n\n{text}" for name, text in TEXTS.items()
    )
    (DOCS / "explanation" / "calibration.md").write_text(page(SECTIONS, found, shown, LESSONS))


def _line(finding: Finding) -> str:
    study, promise = finding.study, finding.promise
    name = f"{promise.method or study.method} / {study.population} / {study.units} / {study.looks} looks"
    return (
        f"{finding.verdict:12} {finding.measured:.4f} in {finding.low:.4f}..{finding.high:.4f} {promise.what}: {name}"
    )


if __name__ == "__main__":
    sys.exit(main())
