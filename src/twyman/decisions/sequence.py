"""One test over its looks: what each look may spend, where its bound lies, whether it was crossed.

Past looks are inputs like the present one, so the bound of a past look can't change: the same
readings under the same plan give the same bounds (Lan & DeMets 1983; METHODS §3.9, §4).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import erfc, inf, isclose, sqrt

from twyman.stats.sequential.bounds import bounds
from twyman.stats.sequential.looks import CLOSEST
from twyman.stats.sequential.repeated import p_so_far, repeated_p_now
from twyman.stats.sequential.spending import PowerSpending, Spending

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


def judged(readings: Sequence[Reading], *, alpha: float, spending: Spending | None, sides: int) -> Judged | None:
    """Judge a test by its looks so far; `None` where it has had none.

    A look at which no data have come in sees the same number again. It supersedes the one before:
    whatever crosses the earlier, higher bound crosses this one too, so what is left of the error can
    be spent without a chance of its own.

    Args:
        readings: In the order of looks.
        alpha: Error rate of the whole test, both sides together.
        spending: How it is spent; `None`: all of it at the one look.
        sides: 2, or 1 for a test that only a positive score can cross.
    """
    if not readings:
        return None
    family = spending or AT_ONCE
    if _superseded(readings) == list(readings):
        seen = _seen(readings, alpha, family, sides)
    else:
        seen = [_seen(_superseded(readings[: k + 1]), alpha, family, sides)[-1] for k in range(len(readings))]
    size = [abs(reading.score) if sides == 2 else reading.score for reading in readings]
    first = next((k for k, (bound, _, _) in enumerate(seen) if bound < inf and size[k] >= bound), None)
    bound, spent, _ = seen[-1]
    return Judged(
        bound=bound,
        spent=spent,
        p_value=min(chance for _, _, chance in seen),
        crossed_at=None if first is None else readings[first].look,
        positive=first is not None and readings[first].score > 0,
    )


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


def _seen(
    readings: Sequence[Reading], alpha: float, spending: Spending, sides: int
) -> list[tuple[float, float, float]]:
    """Return bound, error spent, and the p-value of the path so far, at each look."""
    information = [reading.information for reading in readings]
    times = [reading.time for reading in readings]
    scores = [reading.score for reading in readings]
    laid = bounds(information, times, alpha=alpha, spending=spending, sides=sides)
    chances = p_so_far(scores, information, times, spending=spending, sides=sides)
    return list(zip(laid.z, laid.spent, chances, strict=True))


def p_now(readings: Sequence[Reading], score: float, *, spending: Spending | None, sides: int) -> float:
    """Return the two-sided p-value of a score at the last look: what belongs to the interval that its bound makes.

    Args:
        readings: The test's looks, in order.
        score: Signed score of no effect at the last of them, on the normal scale.
        spending: As in `judged`.
        sides: Of the test: a one-sided test's bound makes an interval of twice its error rate.
    """
    path = _superseded(readings)
    information, times = [reading.information for reading in path], [reading.time for reading in path]
    chance = repeated_p_now(abs(score), information, times, spending=spending or AT_ONCE, sides=sides)
    return min(1.0, chance if sides == 2 else 2 * chance)
