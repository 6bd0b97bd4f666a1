"""One test over its looks: what each look may spend, where its bound lies, whether it was crossed.

Past looks are inputs like the present one, so the bound of a past look can't change: the same
readings under the same plan give the same bounds (Lan & DeMets 1983; METHODS §3.9, §4). An always-valid
test spends nothing: the bound of a look depends on that look's units alone (METHODS §3.10).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import erfc, exp, inf, isclose, sqrt

from twyman.stats.anytime.boundary import FARTHEST, Asymptotic
from twyman.stats.anytime.mixture import critical_values, log_p_values
from twyman.stats.sequential.bounds import bounds
from twyman.stats.sequential.looks import CLOSEST
from twyman.stats.sequential.repeated import repeated_p_now, smallest_p
from twyman.stats.sequential.spending import PowerSpending, Spending

Family = Spending | Asymptotic | None
"""How a test looks many times: error is spent, or bounds hold at any look; `None`: it looks once."""

AT_ONCE = PowerSpending(1.0)
"""Any family spends everything at the end, which is where a test with one look has it."""

UNCHANGED = 1e-9
"""Relative growth of information below which no data have come in."""
LEAST = 1 + 2 * CLOSEST
"""By how much information is taken to have grown at a last look where it has hardly grown, or has fallen."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One test at one look.

    Attributes:
        look: The look's number.
        information: One over the squared standard error.
        time: Share of the plan's information used, 0 to 1: what spending goes by.
        score: The test's signed score on the normal scale; positive speaks for the hypothesis.
        units: Units of both arms that an always-valid bound may count; 0 while they are too few for one.
    """

    look: int
    information: float
    time: float
    score: float
    units: int = 0


@dataclass(frozen=True, slots=True)
class Judged:
    """A test over all its looks so far.

    Attributes:
        bound: Critical value at the last look; infinite where that look decides nothing.
        spent: Error spent so far, of both sides; all of it where bounds hold at any look.
        p_value: Smallest error rate at which some look so far had crossed.
        crossed_at: Number of the first look that crossed; `None` where none has.
        positive: Whether it crossed upwards.
    """

    bound: float
    spent: float
    p_value: float
    crossed_at: int | None = None
    positive: bool = False

    @property
    def nominal(self) -> float:
        """Two-sided nominal level of the last look's bound: what makes an interval simultaneous."""
        return erfc(self.bound / sqrt(2))


@dataclass(frozen=True, slots=True)
class _Seen:
    """One look as it was judged: its bound, the error spent by it, the path's p-value then, whether it crossed.

    Where a later look's p-value includes it, a look's own is left at 1.
    """

    bound: float
    spent: float
    chance: float
    crossed: bool


def judged(readings: Sequence[Reading], *, alpha: float, family: Family, sides: int) -> Judged | None:
    """Judge a test by its looks so far; `None` where it has had none.

    Where error is spent, a look at which no data have come in sees the same number again. It supersedes the one before:
    whatever crosses the earlier, higher bound crosses this one too, so what is left of the error can
    be spent without a chance of its own.

    Args:
        readings: In the order of looks.
        alpha: Error rate of the whole test, both sides together.
        family: How it is spent, or the bounds that hold at any look; `None`: all of it at the one look.
        sides: 2, or 1 for a test that only a positive score can cross.
    """
    if not readings:
        return None
    if isinstance(family, Asymptotic):
        seen = _at_any_look(readings, alpha, family, sides)
    else:
        seen = _spending(readings, alpha, family or AT_ONCE, sides)
    first = next((k for k, one in enumerate(seen) if one.crossed), None)
    return Judged(
        bound=seen[-1].bound,
        spent=seen[-1].spent,
        p_value=min(one.chance for one in seen),
        crossed_at=None if first is None else readings[first].look,
        positive=first is not None and readings[first].score > 0,
    )


def _size(reading: Reading, sides: int) -> float:
    return abs(reading.score) if sides == 2 else reading.score


def _at_any_look(readings: Sequence[Reading], alpha: float, family: Asymptotic, sides: int) -> list[_Seen]:
    """Judge each look by itself: bound and p-value are one formula, so that crossing *is* p <= alpha.

    Beyond `FARTHEST` there is no bound yet, and no score counts for more.
    """
    weights = [family.weight(reading.units) for reading in readings]
    sizes = [min(_size(reading, sides), FARTHEST) for reading in readings]
    laid = critical_values(weights, alpha=alpha, sides=sides).tolist()
    chances = [exp(log_p) for log_p in log_p_values(sizes, weights, sides=sides).tolist()]
    return [
        _Seen(bound if bound <= FARTHEST else inf, alpha, chance, chance <= alpha)
        for bound, chance in zip(laid, chances, strict=True)
    ]


def _spending(readings: Sequence[Reading], alpha: float, family: Spending, sides: int) -> list[_Seen]:
    """Judge each look by what it may spend, superseding looks that a later one repeats."""
    if _superseded(readings) == list(readings):
        laid = _laid(readings, alpha, family, sides)
    else:
        laid = [_laid(_superseded(readings[: k + 1]), alpha, family, sides)[-1] for k in range(len(readings))]
    return [
        _Seen(bound, spent, chance, bound < inf and _size(reading, sides) >= bound)
        for (bound, spent, chance), reading in zip(laid, readings, strict=True)
    ]


def _superseded(readings: Sequence[Reading]) -> list[Reading]:
    """Return the readings without those that a later one repeats.

    A last look must be able to spend what is left. Where some rows came late and information has grown
    by next to nothing, or has fallen, it is taken to have grown by as little as can be told apart.
    """
    kept = list[Reading]()
    for reading in readings:
        if kept and isclose(reading.information, kept[-1].information, rel_tol=UNCHANGED):
            kept.pop()
        kept.append(reading)
    most = max((reading.information for reading in kept[:-1]), default=0.0) * LEAST
    if kept[-1].time >= 1 and kept[-1].information < most:
        kept[-1] = replace(kept[-1], information=most)
    return kept


def _laid(
    readings: Sequence[Reading], alpha: float, spending: Spending, sides: int
) -> list[tuple[float, float, float]]:
    """Return bound and error spent at each look, and at the last the p-value of the whole path."""
    information = [reading.information for reading in readings]
    times = [reading.time for reading in readings]
    scores = [reading.score for reading in readings]
    laid = bounds(information, times, alpha=alpha, spending=spending, sides=sides)
    chances = [1.0] * (len(scores) - 1) + [smallest_p(scores, information, times, spending=spending, sides=sides)]
    return list(zip(laid.z, laid.spent, chances, strict=True))


def p_now(readings: Sequence[Reading], score: float, *, family: Family, sides: int) -> float:
    """Return the two-sided p-value of a score at the last look: what belongs to the interval that its bound makes.

    Args:
        readings: The test's looks, in order.
        score: Signed score of no effect at the last of them, on the normal scale.
        family: As in `judged`.
        sides: Of the test: a one-sided test's bound makes an interval of twice its error rate.
    """
    if isinstance(family, Asymptotic):
        weight = family.weight(readings[-1].units)
        chance = exp(float(log_p_values(min(abs(score), FARTHEST), weight, sides=sides)))
    else:
        path = _superseded(readings)
        information, times = [reading.information for reading in path], [reading.time for reading in path]
        chance = repeated_p_now(abs(score), information, times, spending=family or AT_ONCE, sides=sides)
    return min(1.0, chance if sides == 2 else 2 * chance)
