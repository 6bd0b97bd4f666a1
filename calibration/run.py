"""Running studies: over several processes, with the same findings whatever their number."""

import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from calibration.registry import CURVES, STUDIES
from calibration.study import MISSED, MISSED_IN_SHORT, Curve, Finding, Point, Promise, Study


def findings(studies: Sequence[Study], *, workers: int, quick: bool = False) -> list[Finding]:
    """Run studies, and return what they found in the order given."""
    missed = MISSED_IN_SHORT if quick else MISSED
    asked = [(STUDIES.index(study), study.quick if quick else study.runs, missed) for study in studies]
    done = _done(_studied, [job for job in asked if job[1]], workers)
    known = [STUDIES[place] for place, runs, _ in asked if runs]
    return [Finding(study, *values) for study, found in zip(known, done, strict=True) for values in found]


def points(curves: Sequence[Curve], *, workers: int) -> dict[str, list[Point]]:
    """Draw curves, by name."""
    drawn = _done(_traced, [(CURVES.index(curve),) for curve in curves], workers)
    return {curve.name: line for curve, line in zip(curves, drawn, strict=True)}


def _done(work: Callable[..., list[Any]], jobs: Sequence[tuple[float, ...]], workers: int) -> list[list[Any]]:
    """Do jobs in so many processes; one process is this one."""
    if workers < 2:
        return [work(*job) for job in jobs]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(work, *zip(*jobs, strict=True)))


def _studied(place: int, runs: int, missed: float) -> list[tuple[Promise, float, int, float, float]]:
    started, study = time.process_time(), STUDIES[place]
    found = study.run(runs, missed=missed)
    _tell(started, study.name)
    return [(one.promise, one.measured, one.runs, one.low, one.high) for one in found]


def _traced(place: int) -> list[Point]:
    started, curve = time.process_time(), CURVES[place]
    drawn = curve.draw()
    _tell(started, curve.name)
    return drawn


def _tell(started: float, name: str) -> None:
    print(f"{time.process_time() - started:7.1f} s  {name}", file=sys.stderr)
