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
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray
from scipy.special import ndtr

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import checked_alpha
from twyman.stats.spending import Spending
from twyman.stats.tails import critical_value

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
        [2.955, 2.576, 2.303, 2.078]

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
        >>> crossing = stopping([0.5, 1.0], [2.797, 1.977], drift=2.8)
        >>> f"{sum(crossing):.3f}"
        '0.798'
    """
    _check_looks(information, z, 1)
    live = [look for look, bound in enumerate(z) if bound < math.inf]
    crossing = [0.0] * len(z)
    path = _Path.start(drift=drift, symmetric=symmetric)
    for place, look in enumerate(live):
        crossing[look] = path.beyond(information[look], z[look])[0]
        if place + 1 < len(live):
            path = path.carried(information[look], z[look], following=information[live[place + 1]])
    return tuple(crossing)


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
    points, weights = leggauss(count)
    return points, weights


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
