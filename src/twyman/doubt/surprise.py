"""Is it too good to be true? The result against what its owner expected before anyone looked.

The rule (METHODS, Rulings 4) holds a decision that is due where the estimate is above the ceiling,
where the whole interval lies beyond what was thought high, or where the surprise is three standard
deviations; at any other look the same is only a note. *Whole* is the interval that decides, and the one of 99 %:
with 95 % alone, more than one honest owner in a hundred would be held by chance.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import hypot

from scipy.special import ndtr

from twyman.experiments.expectation import Expectation

HOLDS, NOTED = 3.0, 2.0
"""Surprise, in standard deviations, that holds a decision; that is worth a note."""
WHOLE = 2.5758293035489004
"""Standard errors that an interval reaches to either side at the least, to count as wholly beyond something: 99 %, what
warns of a p-value (Rulings 6)."""


class Surprise(StrEnum):
    """How a result lies to its expectation."""

    WITHIN = "within"
    SURPRISING = "surprising"
    FAR = "far"
    BEYOND_HIGH = "beyond_high"
    ABOVE_CEILING = "above_ceiling"

    @property
    def doubtful(self) -> bool:
        """Whether a decision that is due must be held for it."""
        return self in {Surprise.FAR, Surprise.BEYOND_HIGH, Surprise.ABOVE_CEILING}


@dataclass(frozen=True, slots=True)
class Surprised:
    """How surprising a result is: its status, and the surprise in standard deviations, signed."""

    status: Surprise
    z: float


def surprise(
    expectation: Expectation, estimate: float, se: float, *, interval: tuple[float | None, float | None], improving: int
) -> Surprised:
    """Compare an estimate with what was expected, on the expectation's scale.

    Args:
        expectation: Low, likely, high and the ceiling.
        estimate: The effect seen.
        se: Its standard error.
        interval: The interval that decides; `None` for an end that doesn't exist.
        improving: +1 where more is better, -1 where less is.

    Example:
        >>> from twyman.experiments.expectation import Ceiling
        >>> expected = Expectation(0.005, 0.02, 0.03, ceiling=Ceiling(0.04, "no page moved it by more"))
        >>> surprise(expected, 0.06, 0.008, interval=(0.044, 0.076), improving=1)
        Surprised(status=<Surprise.ABOVE_CEILING: 'above_ceiling'>, z=3.57...)
    """
    z = (estimate - expectation.likely) / hypot(expectation.spread(estimate), se)
    near = interval[0] if improving > 0 else interval[1]
    edge = expectation.high if improving > 0 else expectation.low
    ceiling = expectation.ceiling
    if ceiling is not None and improving * (estimate - ceiling.at) > 0:
        return Surprised(Surprise.ABOVE_CEILING, z)
    beyond = near is not None and improving * (near - edge) > 0
    if beyond and improving * (estimate - edge) > WHOLE * se:
        return Surprised(Surprise.BEYOND_HIGH, z)
    if abs(z) >= HOLDS:
        return Surprised(Surprise.FAR, z)
    return Surprised(Surprise.SURPRISING if beyond or abs(z) >= NOTED else Surprise.WITHIN, z)


def passes_by_chance(expectation: Expectation, se: float, *, improving: int) -> float:
    """Return how often an experiment passes its ceiling though nothing is wrong, and its owner's expectation right.

    Args:
        expectation: Low, likely, high and the ceiling.
        se: The standard error of its estimate, on the expectation's scale.
        improving: +1 where more is better, -1 where less is.

    Example:
        >>> from twyman.experiments.expectation import Ceiling
        >>> expected = Expectation(-0.01, 0, 0.01, ceiling=Ceiling(0.05, "no page moved it by more"))
        >>> [f"{passes_by_chance(expected, se, improving=1):.1e}" for se in (0.01, 0.025)]
        ['4.0e-05', '2.8e-02']
    """
    if expectation.ceiling is None:
        return 0.0
    at = expectation.ceiling.at
    return float(ndtr(-improving * (at - expectation.likely) / hypot(expectation.spread(at), se)))
