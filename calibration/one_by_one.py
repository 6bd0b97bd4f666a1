"""Trials of methods that take one experiment at a time."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from calibration.study import Promise, Study, Trial
from twyman.stats.estimate import Contrast, Estimate, NotEstimable
from twyman.stats.lift import absolute
from twyman.stats.pair import Pair
from twyman.stats.tails import critical_value

Seen = Mapping[str, float]
"""What happened in one experiment, by promise; NaN where there was no answer."""

Once = Callable[[np.random.Generator], Seen]

ERROR, COVERAGE, POWER = "type I error", "coverage", "power"
NOTHING = {ERROR: np.nan, COVERAGE: np.nan}


def looped(once: Once) -> Trial:
    """Return the trial that simulates one experiment after the other."""

    def trial(rng: np.random.Generator, runs: int) -> Mapping[str, NDArray[np.generic]]:
        seen = [once(rng) for _ in range(runs)]
        return {name: np.array([one[name] for one in seen], dtype=float) for name in seen[0]}

    return trial


def study(
    method: str, population: str, units: str, *promises: Promise, once: Once, runs: int = 20_000, quick: int = 1_000
) -> Study:
    """Return the study of a method that takes one experiment at a time."""
    return Study(method, population, units, promises, looped(once), 1, runs, quick)


def read(answer: Pair | Contrast | Estimate | NotEstimable, truth: float = 0.0) -> Seen:
    """Return whether an answer rejects no effect, and whether its 95 % interval holds the truth."""
    if isinstance(answer, NotEstimable):
        return NOTHING
    if isinstance(answer, Pair):
        answer = absolute(answer)
    if isinstance(answer, Contrast):
        reach = critical_value(0.025, answer.df) * answer.se
        low, high = answer.estimate - reach, answer.estimate + reach
    else:
        low = -np.inf if answer.lower is None else answer.lower
        high = np.inf if answer.upper is None else answer.upper
    return {ERROR: float(not low <= 0 <= high), COVERAGE: float(low <= truth <= high)}


def error_and_coverage(
    answer_at: Callable[[np.random.Generator, float], Pair | Contrast | Estimate | NotEstimable], truth: float
) -> Once:
    """Return an experiment without an effect, for its error, and one with an effect, for its coverage."""

    def once(rng: np.random.Generator) -> Seen:
        still, moved = read(answer_at(rng, 0.0)), read(answer_at(rng, truth), truth)
        return {ERROR: still[ERROR], COVERAGE: moved[COVERAGE], POWER: moved[ERROR]}

    return once
