"""Bounds for looking many times: critical values that together spend no more than alpha.

`information` is 1 / se² of the estimate at each look (not a count of units). Increments must be
independent, as they are where each look adds units or closed windows; open, growing windows break
that. Bounds on two sides are symmetric, each side spending half of alpha on being crossed first.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from twyman.stats.estimate import checked_alpha
from twyman.stats.sequential.looks import check_bounds, check_looks, spending_looks
from twyman.stats.sequential.spending import Spending, check_sides
from twyman.stats.sequential.walk import Walk, walks


@dataclass(frozen=True, slots=True)
class Bounds:
    """Critical values and error spent, look by look.

    Attributes:
        z: Critical value at each look; infinite where a look spends nothing.
        spent: Error spent by each look, of all sides together.

    See docs/explanation/group-sequential.md
    """

    z: tuple[float, ...]
    spent: tuple[float, ...]


def bounds(
    information: Sequence[float], times: Sequence[float], *, alpha: float, spending: Spending, sides: int = 2
) -> Bounds:
    """Return the critical value of each look, on the scale of a normal deviate.

    A look whose information or time hasn't grown spends nothing, has an infinite bound, and leaves
    its error to the next. After full information (over-running) time stays at 1.

    Args:
        information: 1 / se² at each look.
        times: Share of the planned information at each look, by which error is spent.
        alpha: Error of all looks and sides together.
        spending: How it is spent, by side.
        sides: 2 for symmetric bounds, 1 for an upper bound only.

    Raises:
        Invalid: If looks and times differ in number, a number is negative or missing, or alpha is no
            probability.

    Example:
        >>> from twyman.stats.sequential.spending import PowerSpending
        >>> quarters = [0.25, 0.5, 0.75, 1.0]
        >>> plan = bounds(quarters, quarters, alpha=0.05, spending=PowerSpending(2))
        >>> [round(z, 3) for z in plan.z]
        [2.955, 2.559, 2.301, 2.092]

    References:
        Armitage, P., McPherson, C. K. and Rowe, B. C. (1969). Repeated significance tests on
        accumulating data. JRSS A 132.
        Lan, K. K. G. and DeMets, D. L. (1983). Discrete sequential boundaries for clinical trials.
        Biometrika 70.

    See docs/explanation/group-sequential.md
    """
    check_looks(information, times, sides)
    check_sides(spending, sides)
    checked_alpha(alpha / sides)
    return side_bounds(tuple(map(float, information)), tuple(map(float, times)), alpha / sides, spending, sides)


@lru_cache(maxsize=4096)
def side_bounds(
    information: tuple[float, ...], times: tuple[float, ...], side: float, spending: Spending, sides: int
) -> Bounds:
    """Return the bounds of looks that were checked, by the alpha of one side; remembered, as metrics share them."""
    targets = [spending.spent(time, side) for time in times]
    live = list(spending_looks(information, targets))
    z = [math.inf] * len(times)
    walk, used = Walk.start(), 0.0
    for place, look in enumerate(live):
        z[look] = walk.bound(information[look], targets[look] - used)
        used = targets[look]
        if place + 1 < len(live):
            low = -z[look] if sides == 2 else -math.inf
            walk = walk.carried(information[look], low, z[look], following=information[live[place + 1]])
    return Bounds(tuple(z), tuple(sides * spent for spent in _running(targets, live)))


def _running(targets: Sequence[float], live: Sequence[int]) -> Iterator[float]:
    used = 0.0
    for look, target in enumerate(targets):
        used = target if look in live else used
        yield used


def next_bound(
    information_before: Sequence[float],
    z_before: Sequence[float],
    *,
    information: float,
    increment: float,
    sides: int = 2,
) -> float:
    """Return the critical value of one more look, given bounds that stand: past looks are never laid again.

    Args:
        information_before: 1 / se² at the looks so far, growing where a bound is finite.
        z_before: Their bounds, as they were shown; infinite where a look spent nothing.
        information: 1 / se² at the new look.
        increment: Error of one side that this look may spend.
        sides: 2 where the same bounds stand below zero.

    Raises:
        Invalid: If information doesn't grow, or the increment is no probability.

    Example:
        >>> f"{next_bound([0.5], [2.963], information=1.0, increment=0.025 - 0.001525):.3f}"
        '1.969'

    See docs/explanation/group-sequential.md
    """
    upper = [*z_before, 0.0]
    lower = [-bound if sides == 2 else -math.inf for bound in upper]
    path = [*information_before, information]
    check_bounds(path, upper, lower)
    *_, (_, walk) = walks(path, upper, lower, Walk.start())
    return walk.bound(information, checked_alpha(increment))
