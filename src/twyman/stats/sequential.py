"""Bounds for looking many times: critical values that together spend no more than alpha.

Looks are correlated through the data they share, which is all that these bounds know: `information`
is 1 / se² of the estimate at each look (not a count of units), and the correlation of two looks is
the square root of their ratio. Increments must be independent, as they are where each look adds
units or closed windows; open, growing windows break that.

The distribution of the statistic at each look, given that no bound was crossed before, is carried
from look to look by Gauss-Legendre quadrature. Bounds on two sides are symmetric, each side spending
half of alpha on being crossed first.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import eval_legendre, ndtr

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import checked_alpha
from twyman.stats.roots import crossing
from twyman.stats.spending import Spending
from twyman.stats.tails import critical_value, upper_tail

LOWEST = -9.0
"""Where the distribution is cut off on the far side: what lies beyond, 1e-19, hardly comes back."""

CLOSEST = 1e-4
"""Looks whose information grows by a smaller share than this are one look; their error is carried on."""

LEAST, MOST = 120, 1400
"""Nodes of a look: as many as the step to the next look needs, within these."""

NODES_PER_WIDTH = 1.6
"""Nodes for each standard deviation of that step."""

ROOT_2PI = math.sqrt(2 * math.pi)

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Critical values and error spent, look by look.

    Attributes:
        z: Critical value at each look; infinite where a look spends nothing.
        spent: Error spent by each look, of all sides together.
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
        >>> from twyman.stats.spending import PowerSpending
        >>> quarters = [0.25, 0.5, 0.75, 1.0]
        >>> plan = bounds(quarters, quarters, alpha=0.05, spending=PowerSpending(2))
        >>> [round(z, 3) for z in plan.z]
        [2.955, 2.559, 2.301, 2.092]

    References:
        Armitage, P., McPherson, C. K. and Rowe, B. C. (1969). Repeated significance tests on
        accumulating data. JRSS A 132.
        Lan, K. K. G. and DeMets, D. L. (1983). Discrete sequential boundaries for clinical trials.
        Biometrika 70.
    """
    _check_looks(information, times, sides)
    checked_alpha(alpha / sides)
    return _bounds(tuple(map(float, information)), tuple(map(float, times)), alpha / sides, spending, sides)


@lru_cache(maxsize=4096)
def _bounds(
    information: tuple[float, ...], times: tuple[float, ...], side: float, spending: Spending, sides: int
) -> Bounds:
    targets = [spending.spent(time, side) for time in times]
    live = list(_live(information, targets))
    z = [math.inf] * len(times)
    path, used = _Path.start(symmetric=sides == 2), 0.0
    for place, look in enumerate(live):
        z[look] = path.bound(information[look], targets[look] - used)
        used = targets[look]
        if place + 1 < len(live):
            path = path.carried(information[look], z[look], following=information[live[place + 1]])
    return Bounds(tuple(z), tuple(sides * spent for spent in _running(targets, live)))


def _live(information: Sequence[float], targets: Sequence[float]) -> Iterator[int]:
    """Number the looks that spend: more information than before, and more error."""
    known, used = 0.0, 0.0
    for look, (amount, target) in enumerate(zip(information, targets, strict=True)):
        if amount > known * (1 + CLOSEST) and target > used:
            known, used = amount, target
            yield look


def _running(targets: Sequence[float], live: Sequence[int]) -> Iterator[float]:
    used = 0.0
    for look, target in enumerate(targets):
        used = target if look in live else used
        yield used


def stopping(
    information: Sequence[float], z: Sequence[float], *, drift: float = 0.0, symmetric: bool = False
) -> tuple[float, ...]:
    """Return the probability of crossing an upper bound at each look, and no bound before.

    Args:
        information: 1 / se² at each look, growing where a bound is finite.
        z: Critical value at each look; infinite where there is none.
        drift: True effect: the statistic's mean is drift times the root of information.
        symmetric: Whether the same bounds stand below zero.

    Raises:
        Invalid: If the lengths differ.

    Example:
        >>> by_look = stopping([0.5, 1.0], [2.797, 1.977], drift=2.8)
        >>> f"{sum(by_look):.3f}"
        '0.797'
    """
    _check_looks(information, z, 1)
    live = [look for look, bound in enumerate(z) if bound < math.inf]
    crossed = [0.0] * len(z)
    path = _Path.start(drift=drift, symmetric=symmetric)
    for place, look in enumerate(live):
        crossed[look] = path.beyond(information[look], z[look])[0]
        if place + 1 < len(live):
            path = path.carried(information[look], z[look], following=information[live[place + 1]])
    return tuple(crossed)


@dataclass(frozen=True, slots=True)
class _Path:
    """The statistic at the last look that spent: probability mass over values that crossed no bound."""

    information: float
    nodes: Vector
    mass: Vector
    drift: float
    symmetric: bool

    @classmethod
    def start(cls, *, symmetric: bool, drift: float = 0.0) -> "_Path":
        """Return the path before any look: no information, all mass in one point."""
        return cls(0.0, np.zeros(1), np.ones(1), drift, symmetric)

    def beyond(self, information: float, z: float) -> tuple[float, float]:
        """Return the probability of exceeding `z` at a later look, and the density there."""
        gained = information - self.information
        scale = math.sqrt(information / gained)
        standard = z * scale - self._centres(gained)
        density = float(self.mass @ np.exp(-0.5 * standard * standard)) * scale / ROOT_2PI
        return float(self.mass @ ndtr(-standard)), density

    def bound(self, information: float, increment: float) -> float:
        """Return the value exceeded with a probability, by Newton's method on its logarithm.

        The tail is log-concave and the start lies above the root, so that steps never overshoot.
        """
        z = critical_value(increment)
        for _ in range(60):
            tail, density = self.beyond(information, z)
            excess = math.log(tail / increment)
            if abs(excess) < 1e-13:
                break
            step = excess * tail / density
            z += step
            if abs(step) < 1e-14 * max(abs(z), 1.0):
                break
        return z

    def carried(self, information: float, bound: float, *, following: float) -> "_Path":
        """Return the path at a later look, cut off at its bound, fine enough for the look after that."""
        lowest = -bound if self.symmetric else LOWEST + min(self.drift, 0.0) * math.sqrt(information)
        z, weights = _nodes(lowest, bound, math.sqrt(following / (following - information)))
        gained = information - self.information
        scale = math.sqrt(information / gained)
        standard = np.subtract.outer(z * scale, self._centres(gained))
        np.square(standard, out=standard)
        standard *= -0.5
        np.exp(standard, out=standard)
        mass = weights * (standard @ self.mass) * (scale / ROOT_2PI)
        return replace(self, information=information, nodes=z, mass=mass)

    def _centres(self, gained: float) -> Vector:
        return self.nodes * math.sqrt(self.information / gained) + self.drift * math.sqrt(gained)


@lru_cache(maxsize=128)
def _rule(count: int) -> tuple[Vector, Vector]:
    """Return the points and weights of Gauss and Legendre on -1..1, by Newton's method (much faster than numpy's)."""
    x = np.cos(math.pi * (np.arange(count, 0, -1) - 0.25) / (count + 0.5))
    slope = np.ones(count)
    for _ in range(6):
        value, before = eval_legendre(count, x), eval_legendre(count - 1, x)
        slope = count * (x * value - before) / (x * x - 1)
        x = x - value / slope
    return x, 2 / ((1 - x * x) * slope * slope)


def _nodes(lowest: float, bound: float, sharpness: float) -> tuple[Vector, Vector]:
    """Return nodes and weights over the values that cross no bound."""
    length = max(bound - lowest, 0.0)
    needed = math.ceil(NODES_PER_WIDTH * length * sharpness / 20) * 20
    points, weights = _rule(min(max(needed, LEAST), MOST))
    return lowest + length / 2 * (points + 1), length / 2 * weights


def _check_looks(information: Sequence[float], times: Sequence[float], sides: int) -> None:
    if len(information) != len(times):
        raise Invalid(f"{len(information)} looks with {len(times)} times don't match: give one number of each a look")
    if any(not 0 <= amount < math.inf for amount in information) or any(math.isnan(time) for time in times):
        raise Invalid("information must be a number from 0 at every look: give 1 / se², and leave out looks without it")
    if sides not in (1, 2):
        raise Invalid(f"{sides} sides: a test has 1 or 2")


FARTHEST = 36.0
"""Scores beyond this have repeated p-values below 1e-280, and are given the one of this."""


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
        >>> from twyman.stats.spending import PowerSpending
        >>> p = repeated_p([2.5, 3.0], [0.5, 1.0], [0.5, 1.0], spending=PowerSpending(2))
        >>> [f"{value:.4f}" for value in p]
        ['0.0497', '0.0033']

    References:
        Jennison, C. and Turnbull, B. W. (1989). Interim analyses: the repeated confidence interval
        approach. JRSS B 51.
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
        >>> from twyman.stats.spending import PowerSpending
        >>> f"{repeated_p_now(3.0, [0.5, 1.0], [0.5, 1.0], spending=PowerSpending(2)):.4f}"
        '0.0033'
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
        >>> from twyman.stats.spending import PowerSpending
        >>> p = p_so_far([3.0, 1.0], [0.5, 1.0], [0.5, 1.0], spending=PowerSpending(2))
        >>> [f"{value:.4f}" for value in p]
        ['0.0108', '0.0108']
    """
    family = _Family.of(scores, information, times, spending, sides)
    smallest, answer = 1.0, list[float]()
    for look in range(len(scores)):
        if smallest == 1.0 or family.crossed(look, smallest):
            smallest = min(smallest, family.p_value(look))
        answer.append(smallest)
    return tuple(answer)


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
        _check_looks(information, times, sides)
        if len(scores) != len(times) or any(math.isnan(z) for z in scores):
            raise Invalid(
                f"{len(scores)} scores at {len(times)} looks: give one number a look, and none that is missing"
            )
        read = tuple(abs(float(z)) if sides == 2 else float(z) for z in scores)
        return cls(read, tuple(map(float, information)), tuple(map(float, times)), spending, sides)

    def crossed(self, look: int, alpha: float) -> bool:
        """Whether a look's score reaches the bound of an alpha."""
        side = alpha / self.sides
        return self.scores[look] >= _bounds(self.information, self.times, side, self.spending, self.sides).z[look]

    def excess(self, look: int, deviate: float) -> float:
        """Return how far the score is below the bound where one side's alpha is the tail beyond a deviate."""
        seen = look + 1
        side = upper_tail(deviate)
        bound = _bounds(self.information[:seen], self.times[:seen], side, self.spending, self.sides).z[look]
        return bound - min(self.scores[look], FARTHEST)

    def p_value(self, look: int) -> float:
        """Invert one look's bound: it lies above the deviate of one side's alpha, and grows with it."""
        if self.is_all_at_once(look):
            return min(1.0, self.sides * upper_tail(self.scores[look]))
        low, high = 0.0 if self.sides == 2 else -4.0, min(self.scores[look], FARTHEST)
        if high <= low or self.excess(look, low) > 0:
            return 1.0
        if self.excess(look, high) <= 0:
            return self.sides * upper_tail(high)
        deviate = crossing(lambda s: self.excess(look, s), low, high, tolerance=1e-12)
        return min(1.0, self.sides * upper_tail(deviate))

    def is_all_at_once(self, look: int) -> bool:
        """Whether a look is the first to spend, and spends everything."""
        targets = [self.spending.spent(time, 0.5) for time in self.times]
        return self.times[look] >= 1 and next(_live(self.information, targets), None) == look
