"""Does one unit carry the result?

A bot or a broken counter can hold more of an arm's spread than all its other units together; the
mean then says what that unit did. The check takes the unit that stands out most out of its arm's
moments and looks at what is left: no row is needed, only that unit's values.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from twyman.doubt.check import Check, Status, share_text
from twyman.stats.estimate import NotEstimable
from twyman.stats.moments import Moments
from twyman.stats.ratio import ratios

DOMINANT = 0.5
"""Share of an arm's variance beyond which one unit dominates it: more than all others together. In a normal sample of a
thousand the largest holds about 1 %; the best customer of a shop may well hold a quarter (CDNOW: 29 %)."""
DOMINANT_OF_RATIO = 0.75
"""The same of a ratio, in which a unit weighs as much as its denominator: whoever does most holds more of it."""
DECIDES = 0.885
"""Share of it beyond which that unit decides: it alone moves the difference of two like arms by 1.96 of the standard
errors that it has without it, and so can make a result significant."""
ENOUGH = 100
"""Units below which one of them may well hold half of the variance."""


@dataclass(frozen=True, slots=True)
class Standout:
    """A unit and its values in the metric's own columns (one; a ratio's numerator and denominator)."""

    unit: str
    values: Sequence[float]


def dominant_unit(
    metric: str, arm: str, moments: Moments, candidates: Sequence[Standout], *, loudest: Status = Status.BLOCK
) -> Check | None:
    """Warn where one unit holds more than half of its arm's variance, and block where it holds nearly all of it.

    Of the variance, d² is that unit's and v the others': it moves the arm's mean by d / √v of their standard errors,
    and the difference of two like arms by d / √(2 v). A decision that one unit makes is none.

    Args:
        metric: The metric's name.
        arm: The arm's name.
        moments: Of the metric's own columns (one, or numerator and denominator) in the arm.
        candidates: The units that stand out most, by any column.
        loudest: How loud it may be: a metric that decides nothing holds nothing.
    """
    if moments.count < ENOUGH:
        return None
    worst, weight, before, after = None, 0.0, 0.0, 0.0
    for candidate in candidates:
        whole, rest = _spread(moments), _spread(moments.without(candidate.values))
        if whole is None or rest is None or not whole[1]:
            continue
        share = 1 - (rest[1] * (moments.count - 2)) / (whole[1] * (moments.count - 1))
        if share > weight:
            worst, weight, before, after = candidate, share, whole[0], rest[0]
    if worst is None or weight < (DOMINANT if moments.means.size == 1 else DOMINANT_OF_RATIO):
        return None
    values = ", ".join(f"{value:,.6g}" for value in worst.values)
    text = (
        f"{metric}: one unit of {arm} ({worst.unit}, value {values}) holds {share_text(weight)} of the arm's variance; "
        f"without it the arm's mean is {after:.5g}, not {before:.5g}. A bot or a broken counter? "
        "Leave it out in the source, or cap the metric, and say so."
    )
    detail: dict[str, object] = {
        "unit": worst.unit,
        "values": list(worst.values),
        "variance_share": weight,
        "mean": before,
        "mean_without": after,
    }
    status = min(Status.BLOCK if weight > DECIDES else Status.WARN, loudest, key=list(Status).index)
    return Check(code="dominant_unit", status=status, text=text, metric=metric, arm=arm, detail=detail)


def _spread(moments: Moments) -> tuple[float, float] | None:
    """Return mean and variance of a unit's value; a ratio's by linearisation."""
    if moments.means.size == 1:
        return float(moments.means[0]), moments.variance(0)
    pair = ratios(moments, moments)
    if isinstance(pair, NotEstimable):
        return None
    return pair.treatment, pair.treatment_variance * moments.count
