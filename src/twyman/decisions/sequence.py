"""One test over its looks: what each look may spend, where its bound lies, whether it was crossed.

Past looks are inputs like the present one, so the bound of a past look can't change: the same
readings under the same plan give the same bounds (Lan & DeMets 1983; METHODS §3.9, §4).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, inf, sqrt

from twyman.stats.sequential import Bounds, bounds, repeated_p
from twyman.stats.spending import PowerSpending, Spending

AT_ONCE = PowerSpending(1.0)
"""Any family spends everything at the end, which is where a test with one look has it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One test at one look.

    Attributes:
        look: The look's number.
        information: One over the squared standard error.
        time: Share of the plan's information used, 0 to 1: what spending goes by.
        score: The test's signed score on the normal scale; positive speaks for the hypothesis.
    """

    look: int
    information: float
    time: float
    score: float


@dataclass(frozen=True, slots=True)
class Judged:
    """A test over all its looks so far.

    Attributes:
        bound: Critical value at the last look; infinite where that look spends nothing.
        spent: Error spent so far, of both sides.
        p_value: Smallest error rate at which some look so far had crossed.
        p_here: The same for the last look alone.
        crossed_at: Number of the first look that crossed; `None` where none has.
        positive: Whether it crossed upwards.
    """

    bound: float
    spent: float
    p_value: float
    p_here: float
    crossed_at: int | None = None
    positive: bool = False

    @property
    def nominal(self) -> float:
        """Two-sided nominal level of the last look's bound: what makes an interval simultaneous."""
        return erfc(self.bound / sqrt(2))


def judged(readings: Sequence[Reading], *, alpha: float, spending: Spending | None, sides: int) -> Judged | None:
    """Judge a test by its looks so far; `None` where it has had none.

    Args:
        readings: In the order of looks.
        alpha: Error rate of the whole test, both sides together.
        spending: How it is spent; `None`: all of it at the one look.
        sides: 2, or 1 for a test that only a positive score can cross.
    """
    if not readings:
        return None
    information = [reading.information for reading in readings]
    times = [reading.time if spending else 1.0 for reading in readings]
    scores = [reading.score for reading in readings]
    family = spending or AT_ONCE
    laid: Bounds = bounds(information, times, alpha=alpha, spending=family, sides=sides)
    chances = repeated_p(scores, information, times, spending=family, sides=sides)
    size = [abs(score) if sides == 2 else score for score in scores]
    first = next((k for k, bound in enumerate(laid.z) if bound < inf and size[k] >= bound), None)
    return Judged(
        bound=laid.z[-1],
        spent=laid.spent[-1],
        p_value=min(chances),
        p_here=chances[-1],
        crossed_at=None if first is None else readings[first].look,
        positive=first is not None and scores[first] > 0,
    )
