"""Does one unit carry the result?

A bot or a broken counter can hold more of an arm's spread than all its other units together; the
mean then says what that unit did. The check takes the unit that stands out most out of its arm's
moments and looks at what is left: no row is needed, only that unit's values.

Where a few honest units do most (revenue, play), the largest often holds half of the variance too; but then the other
arm has one like it. How much further off a unit lies than any of the other arms tells the two apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, sqrt

from twyman.doubt.check import Check, Status, p_text, share_text
from twyman.stats.estimate import NotEstimable
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair
from twyman.stats.ratio import ratios
from twyman.stats.tails import two_sided

DOMINANT = 0.5
"""Share of an arm's variance beyond which one unit dominates it: more than all others together. In a normal sample of a
thousand the largest holds about 1 %; the best customer of a shop may well hold a quarter (CDNOW: 29 %)."""
DOMINANT_OF_RATIO = 0.75
"""The same of a ratio, in which a unit weighs as much as its denominator: whoever does most holds more of it."""
DECIDES = 2 / 3
"""Share of it beyond which that unit decides: it alone moves the difference of two like arms by more than the standard
error that it has without it."""
ALONE = 10.0
"""How many times as far off a unit lies as the furthest of any other arm, from which on it is a warning."""
LIGHT = 0.05
"""Share of its arm's variance that the furthest unit of a light tail holds at most. Where that of another arm holds
more, a unit must lie as many times further off to block: a tail that is heavy there is heavy here."""
ENOUGH = 100
"""Units below which one of them may well hold half of the variance."""


@dataclass(frozen=True, slots=True)
class Standout:
    """A unit and its values in the metric's own columns (one; a ratio's numerator and denominator)."""

    unit: str
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Dominant:
    """A unit that holds more of its arm's variance than all others together.

    Attributes:
        unit: Who stands out, and by which values.
        share: Share of the variance that it holds.
        mean, without: The arm's mean, with it and without.
        off: How far it lies from the arm's other units.
    """

    unit: Standout
    share: float
    mean: float
    without: float
    off: float = 0.0


def dominant(moments: Moments, candidates: Sequence[Standout]) -> Dominant | None:
    """Return the unit that dominates an arm; `None` where none does, or the arm is too small to say.

    Args:
        moments: Of the metric's own columns (one, or numerator and denominator) in the arm.
        candidates: The units that stand out most, by any column.
    """
    worst = furthest(moments, candidates)
    least = DOMINANT if moments.means.size == 1 else DOMINANT_OF_RATIO
    return worst if worst is not None and worst.share >= least else None


def furthest(moments: Moments, candidates: Sequence[Standout]) -> Dominant | None:
    """Return the unit that holds most of an arm's variance, dominating or not; `None` where the arm is too small.

    Args:
        moments: As of `dominant`.
        candidates: As of `dominant`.
    """
    if moments.count < ENOUGH:
        return None
    found = list[Dominant]()
    for candidate in candidates:
        whole, rest = _spread(moments), _spread(moments.without(candidate.values))
        if whole is not None and rest is not None and whole[1]:
            share = 1 - (rest[1] * (moments.count - 2)) / (whole[1] * (moments.count - 1))
            off = sqrt(max(share, 0.0) * whole[1] * (moments.count - 1))
            found.append(Dominant(candidate, share, whole[0], rest[0], off))
    return max(found, key=lambda one: one.share, default=None)


def dominant_unit(
    metric: str, arm: str, found: Dominant, *, others: Sequence[Dominant] = (), loudest: Status = Status.BLOCK
) -> Check:
    """Warn of a unit that dominates its arm, and block where it alone moves the estimate by a standard error.

    Of the variance, d² is that unit's and v the others': it moves the arm's mean by d / √v of their standard errors,
    and the difference of two like arms by d / √(2 v). A decision that one unit may make is none.

    Where another arm has a unit nearly as far off, it is a note: tails of that kind are the metric's own. Of honest
    units (two arms of 3,000, a third of them above zero, simulated) one dominates in every other experiment of a
    lognormal with a spread of 2, warns in 3 % and blocks in 0.2 %; of tails so heavy that they have no variance
    (Pareto, index 1.2 and 1.5) it blocks in 1.2 %.

    Args:
        metric: The metric's name.
        arm: The arm's name.
        found: The unit.
        others: The furthest unit of each other arm.
        loudest: How loud it may be: a metric that decides nothing holds nothing.
    """
    times = beyond(found, others)
    values = ", ".join(f"{value:,.6g}" for value in found.unit.values)
    text = (
        f"{metric}: one unit of {arm} ({found.unit.unit}, value {values}) holds {share_text(found.share)} of the arm's "
        f"variance; without it the arm's mean is {found.without:.5g}, not {found.mean:.5g}. "
    )
    if times < ALONE:
        text += "Another arm has one like it, so the metric's tail is heavy: cap it, and say so."
    else:
        text += "A bot or a broken counter? Leave it out in the source, or cap the metric, and say so."
    detail: dict[str, object] = {
        "unit": found.unit.unit,
        "values": list(found.unit.values),
        "variance_share": found.share,
        "mean": found.mean,
        "mean_without": found.without,
        "times_beyond": times if times < inf else None,
    }
    heavy = max((other.share for other in others), default=0.0) / LIGHT
    foreign = times >= ALONE * max(heavy, 1.0) and found.share > DECIDES
    may = Status.NOTE if times < ALONE else Status.BLOCK if foreign else Status.WARN
    status = min(may, loudest, key=list(Status).index)
    return Check(code="dominant_unit", status=status, text=text, metric=metric, arm=arm, detail=detail)


def beyond(found: Dominant, others: Sequence[Dominant]) -> float:
    """Return how many times as far off a unit lies as the furthest of any other arm; without any, infinitely.

    Example:
        >>> one, two = (Dominant(Standout("u", (off,)), 0.6, 1.0, 0.9, off) for off in (900.0, 30.0))
        >>> beyond(one, [two]), beyond(two, [one]) < 1, beyond(one, [])
        (30.0, True, inf)
    """
    most = max((other.off for other in others), default=0.0)
    return found.off / most if most else inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A treatment and control, before and after adjustment.

    Attributes:
        raw: The two means as they are.
        decides: The two means that decide.
        treatment, control: The arms' names.
        alpha: Two-sided error of the test.
    """

    raw: Pair
    decides: Pair
    treatment: str
    control: str
    alpha: float


def hangs_on_one_unit(metric: str, arm: str, found: Dominant, compared: Compared) -> Check | None:
    """Block where a result is significant with the unit that dominates an arm and isn't without it, or the reverse.

    The unit is taken out of the means that decide as if its past were like everybody's, so that covariates explain
    nothing of it. Where they leave less variance in the arm than the unit alone adds to the raw one, they do explain
    it, and nothing hangs on it.

    Args:
        metric: The metric's name.
        arm: Name of the arm that the unit dominates.
        found: The unit.
        compared: The arm and the other.

    Example:
        >>> pair = Pair(
        ...     treatment=10.3, control=10.0, treatment_variance=0.0125, control_variance=0.01, treatment_units=9_000,
        ...     control_units=9_000, method="difference",
        ... )
        >>> found = Dominant(Standout("u-1", (1_800.0,)), share=0.6, mean=10.3, without=10.1)
        >>> compared = Compared(raw=pair, decides=pair, treatment="b", control="a", alpha=0.05)
        >>> print(hangs_on_one_unit("songs", "b", found, compared).text)
        songs: b and a differ (p = 0.0455) with unit u-1, and don't without it (p = 0.414): one of 18,000 units ...
    """
    raw, decides = compared.raw, compared.decides
    if arm != compared.treatment:
        raw, decides = raw.swapped(), decides.swapped()
    left = decides.treatment_variance - found.share * raw.treatment_variance
    if left <= 0:
        return None
    rest = replace(decides, treatment=decides.treatment - (found.mean - found.without), treatment_variance=left)
    p_value, without = _p_value(decides), _p_value(rest)
    if (p_value < compared.alpha) == (without < compared.alpha):
        return None
    does, doesnt = ("differ", "don't") if p_value < compared.alpha else ("don't differ", "do")
    text = (
        f"{metric}: {compared.treatment} and {compared.control} {does} ({p_text(p_value)}) with unit "
        f"{found.unit.unit}, and {doesnt} without it ({p_text(without)}): one of "
        f"{raw.treatment_units + raw.control_units:,} units decides. Find out who that is, and leave it out in the "
        "source, or cap the metric."
    )
    detail: dict[str, object] = {"unit": found.unit.unit, "p_value": p_value, "p_value_without": without}
    return Check(code="hangs_on_one_unit", status=Status.BLOCK, text=text, metric=metric, arm=arm, detail=detail)


def _p_value(pair: Pair) -> float:
    contrast = pair.contrast()
    return two_sided(contrast.statistic, contrast.df)[0] if contrast.se else 1.0


def _spread(moments: Moments) -> tuple[float, float] | None:
    """Return mean and variance of a unit's value; a ratio's by linearisation."""
    if moments.means.size == 1:
        return float(moments.means[0]), moments.variance(0)
    pair = ratios(moments, moments)
    if isinstance(pair, NotEstimable):
        return None
    return pair.treatment, pair.treatment_variance * moments.count
