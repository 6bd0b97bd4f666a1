"""The statistic on its way from look to look: the recursion under every group-sequential number.

The distribution of the statistic at a look, given that no bound was crossed before, is carried to
the next look by Gauss-Legendre quadrature. Looks are correlated through the data they share, which
is all that a walk knows: the correlation of two looks is the square root of the ratio of their
informations. Increments must be independent.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import eval_legendre, log_ndtr, ndtr

from twyman.stats.tails import critical_value

BELOW = 9.0
"""Standard deviations below the mean where the distribution is cut off: what lies beyond, 1e-19, hardly comes back."""

ABOVE = 38.0
"""The same above, where tails as small as 1e-290 are asked for: beyond this a density is no float any more."""

LEAST, MOST = 60, 2600
"""Nodes of a look: as many as the shorter of the steps to and from it needs, within these."""

NODES_PER_WIDTH = 1.8
"""Nodes for each standard deviation of that step: error 1e-11, and 1e-14 for looks that aren't crowded."""

TINIEST = 5e-324
"""The smallest float above zero: what stands for a mass of none where a logarithm is taken."""

ROOT_2PI = math.sqrt(2 * math.pi)

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Walk:
    """The statistic at the last look with a bound: probability mass over values that crossed none.

    Attributes:
        information: Of that look; 0 before any.
        nodes: Values of the statistic, as a normal deviate.
        mass: Probability at each, summing to the chance of having crossed no bound.
        drift: True effect: the statistic's mean is drift times the root of information.
        spare: Standard deviations kept below the usual cut, for a walk that will be tilted.
    """

    information: float
    nodes: Vector
    mass: Vector
    drift: float
    spare: float = 0.0

    @classmethod
    def start(cls, *, drift: float = 0.0, spare: float = 0.0) -> "Walk":
        """Return the walk before any look: no information, all mass in one point."""
        return replace(cls.at(0.0, 0.0, drift=drift), spare=spare)

    @classmethod
    def at(cls, information: float, score: float, *, drift: float) -> "Walk":
        """Return the walk that stands at a known score."""
        return cls(information, np.array([score]), np.ones(1), drift)

    def beyond(self, information: float, z: float) -> float:
        """Return the probability of exceeding `z` at a later look."""
        return float(self.mass @ ndtr(-self._standard(information, z)))

    def below(self, information: float, z: float) -> float:
        """Return the probability of falling short of `z` at a later look."""
        return float(self.mass @ ndtr(self._standard(information, z)))

    def bound(self, information: float, increment: float) -> float:
        """Return the value exceeded with a probability, by Newton's method on its logarithm.

        The tail is log-concave and the start lies above the root, so that steps never overshoot. Logarithms
        throughout, as just above a bound that was close by the tail falls faster than a float can follow.
        Where less than that probability is left, there is no such value: the answer is -inf.
        """
        if increment >= self.mass.sum():
            return -math.inf
        z, wanted = self.drift * math.sqrt(information) + critical_value(increment), math.log(increment)
        if self.information == 0:
            return z
        log_mass = np.log(np.maximum(self.mass, TINIEST))
        scale = math.sqrt(information / (information - self.information))
        for _ in range(60):
            standard = self._standard(information, z)
            log_tails = log_ndtr(-standard)
            parts = log_mass + log_tails
            peak = parts.max()
            shares = np.exp(parts - peak)
            total = float(shares.sum())
            hazard = float(shares @ np.exp(-0.5 * standard * standard - log_tails)) / total * scale / ROOT_2PI
            excess = peak + math.log(total) - wanted
            z += excess / hazard
            if abs(excess) < 1e-13 or abs(excess / hazard) < 1e-14 * max(abs(z), 1.0):
                break
        return float(z)

    def carried(self, information: float, low: float, high: float, *, following: float) -> "Walk":
        """Return the walk at a later look, between its bounds.

        The nodes are fine enough for the step that led here, which leaves an edge where the bound before
        cut paths off, and for the step to the look after.
        """
        middle = self.drift * math.sqrt(information)
        low, high = max(low, middle - BELOW - self.spare), min(high, middle + ABOVE)
        gained = information - self.information
        sharpest = max(following / (following - information), information / gained)
        z, weights = _nodes(low, high, math.sqrt(sharpest))
        scale = math.sqrt(information / gained)
        standard = np.subtract.outer(z * scale, self._centres(gained))
        np.square(standard, out=standard)
        standard *= -0.5
        np.exp(standard, out=standard)
        mass = weights * (standard @ self.mass) * (scale / ROOT_2PI)
        return replace(self, information=information, nodes=z, mass=mass)

    def tilted(self, drift: float) -> "Walk":
        """Return the same walk under another drift: paths stay, their likelihoods change.

        Good while the means at any look lie no more than `spare` apart, and much cheaper than walking again.
        """
        root = math.sqrt(self.information)
        log_ratio = (drift - self.drift) * root * (self.nodes - (drift + self.drift) / 2 * root)
        return replace(self, mass=self.mass * np.exp(np.minimum(log_ratio, 700.0)), drift=drift)

    def _standard(self, information: float, z: float) -> Vector:
        gained = information - self.information
        return z * math.sqrt(information / gained) - self._centres(gained)

    def _centres(self, gained: float) -> Vector:
        return self.nodes * math.sqrt(self.information / gained) + self.drift * math.sqrt(gained)


def walks(
    information: Sequence[float], upper: Sequence[float], lower: Sequence[float], walk: Walk
) -> Iterator[tuple[int, Walk]]:
    """Yield each look that has a bound, with the walk that arrives there: at the bounded look before it."""
    live = [k for k, (low, high) in enumerate(zip(lower, upper, strict=True)) if low > -math.inf or high < math.inf]
    for place, look in enumerate(live):
        yield look, walk
        if place + 1 < len(live):
            walk = walk.carried(information[look], lower[look], upper[look], following=information[live[place + 1]])


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


def _nodes(lowest: float, highest: float, sharpness: float) -> tuple[Vector, Vector]:
    """Return nodes and weights over the values that cross no bound."""
    length = max(highest - lowest, 0.0)
    needed = math.ceil(NODES_PER_WIDTH * length * sharpness / 20) * 20
    points, weights = _rule(min(max(needed, LEAST), MOST))
    return lowest + length / 2 * (points + 1), length / 2 * weights
