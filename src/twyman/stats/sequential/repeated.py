"""What is known at any look: the alpha at which its bound would just be crossed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from twyman.kernel.errors import Invalid
from twyman.stats.roots import crossing
from twyman.stats.sequential.bounds import bounds, side_bounds
from twyman.stats.sequential.looks import check_looks, spending_looks
from twyman.stats.sequential.spending import Spending, check_sides
from twyman.stats.tails import upper_tail

FARTHEST = 36.0
"""Scores beyond this have repeated p-values below 1e-280, and are given the one of this."""

LEAST = {1: -4.0, 2: 0.0}
"""By sides, the deviate of the largest alpha of one side that bounds are laid for: beyond, the p-value is 1."""


def repeated_p(
    scores: Sequence[float], information: Sequence[float], times: Sequence[float], *, spending: Spending, sides: int = 2
) -> tuple[float, ...]:
    """Return for each look the smallest alpha at which its own bound would be crossed.

    For one look at full time it is the ordinary p-value. `p_so_far` gives the smallest up to each
    look, and is much cheaper where looks are many.

    Args:
        scores: Normal deviate at each look, such as `lift.score` gives.
        information: As in `bounds`.
        times: As in `bounds`.
        spending: As in `bounds`.
        sides: 2 reads the size of the scores, 1 their upper tail.

    Returns:
        P-values between 0 and 1; 1 where no alpha below 1 would do, or the look spends nothing.

    Raises:
        Invalid: As in `bounds`.

    Example:
        >>> from twyman.stats.sequential.spending import PowerSpending
        >>> p = repeated_p([2.5, 3.0], [0.5, 1.0], [0.5, 1.0], spending=PowerSpending(2))
        >>> [f"{value:.4f}" for value in p]
        ['0.0497', '0.0033']

    References:
        Jennison, C. and Turnbull, B. W. (1989). Interim analyses: the repeated confidence interval
        approach. JRSS B 51.

    See docs/explanation/group-sequential.md
    """
    family = _Family.of(scores, information, times, spending, sides)
    return tuple(family.p_value(look) for look in range(len(scores)))


def repeated_p_now(
    score: float, information: Sequence[float], times: Sequence[float], *, spending: Spending, sides: int = 2
) -> float:
    """Return the smallest alpha at which the last look's bound would be crossed by a score.

    This is the p-value of the last look's repeated interval: it is below alpha where the interval of
    that alpha excludes no effect. Scores of earlier looks play no part in it.

    Raises:
        Invalid: As in `bounds`.

    Example:
        >>> from twyman.stats.sequential.spending import PowerSpending
        >>> f"{repeated_p_now(3.0, [0.5, 1.0], [0.5, 1.0], spending=PowerSpending(2)):.4f}"
        '0.0033'

    See docs/explanation/group-sequential.md
    """
    scores = [0.0] * (len(times) - 1) + [score]
    return _Family.of(scores, information, times, spending, sides).p_value(len(times) - 1)


def p_so_far(
    scores: Sequence[float], information: Sequence[float], times: Sequence[float], *, spending: Spending, sides: int = 2
) -> tuple[float, ...]:
    """Return for each look the smallest alpha at which a bound would have been crossed by then.

    This is the p-value of the path: it may be read at any look, and is below alpha from the look on
    that first crosses the bounds of alpha. It equals the running minimum of `repeated_p`.

    Raises:
        Invalid: As in `bounds`.

    Example:
        >>> from twyman.stats.sequential.spending import PowerSpending
        >>> p = p_so_far([3.0, 1.0], [0.5, 1.0], [0.5, 1.0], spending=PowerSpending(2))
        >>> [f"{value:.4f}" for value in p]
        ['0.0108', '0.0108']

    See docs/explanation/group-sequential.md
    """
    family = _Family.of(scores, information, times, spending, sides)
    smallest, answer = 1.0, list[float]()
    for look in range(len(scores)):
        if family.crossed(look, min(smallest, sides * upper_tail(LEAST[sides]))):
            smallest = min(smallest, family.p_value(look))
        answer.append(smallest)
    return tuple(answer)


def smallest_p(
    scores: Sequence[float], information: Sequence[float], times: Sequence[float], *, spending: Spending, sides: int = 2
) -> float:
    """Return the smallest alpha at which some look so far would have crossed its bound.

    The last of `p_so_far`, at the price of one root or two however many looks there are: from the last
    look's p-value on, only looks that would cross at the smallest so far are asked for theirs.

    Raises:
        Invalid: As in `bounds`, and if there is no look.

    Example:
        >>> from twyman.stats.sequential.spending import PowerSpending
        >>> f"{smallest_p([3.0, 1.0], [0.5, 1.0], [0.5, 1.0], spending=PowerSpending(2)):.4f}"
        '0.0108'

    See docs/explanation/group-sequential.md
    """
    family = _Family.of(scores, information, times, spending, sides)
    if not scores:
        raise Invalid("a path of no looks has no p-value: give the scores of one look at least")
    left = set(range(len(scores) - 1))
    smallest = family.p_value(len(scores) - 1)
    while crossing_looks := family.beyond(min(smallest, sides * upper_tail(LEAST[sides]))) & left:
        look = family.furthest(crossing_looks, min(smallest, sides * upper_tail(LEAST[sides])))
        left.discard(look)
        smallest = min(smallest, family.p_value(look))
    return smallest


@dataclass(frozen=True, slots=True)
class AtLook:
    """What one test compares with at its latest look: a critical value, and what p-value each score would have.

    It is laid once for all that is tested at that look, and asked cheaply for the critical value. A
    p-value costs some five times a look's bounds, unless the look is the first and only to spend.

    Attributes:
        information: 1 / se² at each look so far, the latest last.
        times: Share of the planned information at each.
        alpha: Error of all looks and sides together.
        spending: How it is spent, by side.
        sides: 2 for symmetric bounds, 1 for an upper bound only.

    Example:
        >>> from twyman.stats.sequential.spending import PowerSpending
        >>> now = AtLook((0.5, 1.0), (0.5, 1.0), alpha=0.05, spending=PowerSpending(2))
        >>> f"{now.critical:.4f}", f"{now.p_value(2.3):.4f}"
        ('2.0183', '0.0251')

    See docs/explanation/group-sequential.md
    """

    information: tuple[float, ...]
    times: tuple[float, ...]
    alpha: float
    spending: Spending
    sides: int = 2

    @property
    def critical(self) -> float:
        """Critical value of the latest look, as a normal deviate; infinite where it spends nothing.

        Raises:
            Invalid: As in `bounds`.
        """
        return bounds(self.information, self.times, alpha=self.alpha, spending=self.spending, sides=self.sides).z[-1]

    def p_value(self, score: float) -> float:
        """Return the repeated p-value of a score: below alpha exactly where it is beyond the critical value.

        Raises:
            Invalid: As in `bounds`.
        """
        return repeated_p_now(score, self.information, self.times, spending=self.spending, sides=self.sides)


@dataclass(frozen=True, slots=True)
class _Family:
    """The bounds of all alphas, against the scores of one path."""

    scores: tuple[float, ...]
    information: tuple[float, ...]
    times: tuple[float, ...]
    spending: Spending
    sides: int

    @classmethod
    def of(
        cls,
        scores: Sequence[float],
        information: Sequence[float],
        times: Sequence[float],
        spending: Spending,
        sides: int,
    ) -> "_Family":
        check_looks(information, times, sides)
        check_sides(spending, sides)
        if len(scores) != len(times) or any(math.isnan(z) for z in scores):
            raise Invalid(
                f"{len(scores)} scores at {len(times)} looks: give one number a look, and none that is missing"
            )
        read = tuple(abs(float(z)) if sides == 2 else float(z) for z in scores)
        return cls(read, tuple(map(float, information)), tuple(map(float, times)), spending, sides)

    def crossed(self, look: int, alpha: float) -> bool:
        """Whether a look's score reaches the bound of an alpha."""
        side = alpha / self.sides
        return self.scores[look] >= side_bounds(self.information, self.times, side, self.spending, self.sides).z[look]

    def beyond(self, alpha: float) -> set[int]:
        """Return the looks whose scores reach their bounds of an alpha."""
        z = side_bounds(self.information, self.times, alpha / self.sides, self.spending, self.sides).z
        return {look for look, score in enumerate(self.scores) if score >= z[look]}

    def furthest(self, looks: set[int], alpha: float) -> int:
        """Return which of some looks is furthest beyond its bound of an alpha."""
        z = side_bounds(self.information, self.times, alpha / self.sides, self.spending, self.sides).z
        return max(looks, key=lambda look: self.scores[look] - z[look])

    def excess(self, look: int, deviate: float) -> float:
        """Return how far the score is below the bound where one side's alpha is the tail beyond a deviate."""
        seen = look + 1
        side = upper_tail(deviate)
        bound = side_bounds(self.information[:seen], self.times[:seen], side, self.spending, self.sides).z[look]
        return bound - min(self.scores[look], FARTHEST)

    def p_value(self, look: int) -> float:
        """Invert one look's bound: it lies above the deviate of one side's alpha, and grows with it."""
        low, high = LEAST[self.sides], min(self.scores[look], FARTHEST)
        if high <= low:
            return 1.0
        if self.is_all_at_once(look):
            return min(1.0, self.sides * upper_tail(self.scores[look]))
        found = self.nearby(look, low, high)
        if found is not None:
            return min(1.0, self.sides * upper_tail(found))
        if self.excess(look, low) > 0:
            return 1.0
        if self.excess(look, high) <= 0:
            return self.sides * upper_tail(high)
        deviate = crossing(lambda s: self.excess(look, s), low, high, tolerance=1e-12)
        return min(1.0, self.sides * upper_tail(deviate))

    def nearby(self, look: int, low: float, high: float) -> float | None:
        """Return the deviate by secants from just below the score, where that works: bounds grow much as it does."""
        deviate, slope = high - 0.03 * (high - low), 1.0
        excess = self.excess(look, deviate)
        for _ in range(8):
            after = deviate - excess / slope
            if not low < after < high:
                return None
            if abs(after - deviate) < 1e-11:
                return after
            found = self.excess(look, after)
            deviate, excess, slope = after, found, (found - excess) / (after - deviate)
            if not 0.2 < slope < 5:
                return None
        return None

    def is_all_at_once(self, look: int) -> bool:
        """Whether a look is the first to spend, and spends everything."""
        targets = [self.spending.spent(time, 0.5) for time in self.times]
        return self.times[look] >= 1 and next(spending_looks(self.information, targets), None) == look
