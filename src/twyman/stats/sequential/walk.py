"""The statistic on its way from look to look: the recursion under every group-sequential number.

The distribution of the statistic at a look, given that no bound was crossed before, is carried to
the next look by Gauss-Legendre quadrature. Looks are correlated through the data they share, which
is all that a walk knows: the correlation of two looks is the square root of the ratio of their
informations. Increments must be independent.
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import eval_legendre, ndtr

from twyman.stats.tails import critical_value

BELOW = 9.0
"""Standard deviations below the mean where the distribution is cut off: what lies beyond, 1e-19, hardly comes back."""

ABOVE = 38.0
"""The same above, where tails as small as 1e-290 are asked for: beyond this a density is no float any more."""

LEAST, MOST = 120, 2600
"""Nodes of a look: as many as the step to the next look needs, within these."""

NODES_PER_WIDTH = 1.8
"""Nodes for each standard deviation of that step: error 1e-11, and 1e-14 for looks that aren't crowded."""

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
    """

    information: float
    nodes: Vector
    mass: Vector
    drift: float

    @classmethod
    def start(cls, *, drift: float = 0.0) -> "Walk":
        """Return the walk before any look: no information, all mass in one point."""
        return cls.at(0.0, 0.0, drift=drift)

    @classmethod
    def at(cls, information: float, score: float, *, drift: float) -> "Walk":
        """Return the walk that stands at a known score."""
        return cls(information, np.array([score]), np.ones(1), drift)

    def beyond(self, information: float, z: float) -> tuple[float, float]:
        """Return the probability of exceeding `z` at a later look, and the density there."""
        standard, scale = self._standard(information, z)
        density = float(self.mass @ np.exp(-0.5 * standard * standard)) * scale / ROOT_2PI
        return float(self.mass @ ndtr(-standard)), density

    def below(self, information: float, z: float) -> float:
        """Return the probability of falling short of `z` at a later look."""
        return float(self.mass @ ndtr(self._standard(information, z)[0]))

    def bound(self, information: float, increment: float) -> float:
        """Return the value exceeded with a probability, by Newton's method on its logarithm.

        The tail is log-concave and the start lies above the root, so that steps never overshoot.
        Where less than that probability is left, there is no such value: the answer is -inf.
        """
        if increment >= self.mass.sum():
            return -math.inf
        z = self.drift * math.sqrt(information) + critical_value(increment)
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

    def carried(self, information: float, low: float, high: float, *, following: float) -> "Walk":
        """Return the walk at a later look, between its bounds, fine enough for the look after that."""
        middle = self.drift * math.sqrt(information)
        z, weights = _nodes(
            max(low, middle - BELOW), min(high, middle + ABOVE), math.sqrt(following / (following - information))
        )
        gained = information - self.information
        scale = math.sqrt(information / gained)
        standard = np.subtract.outer(z * scale, self._centres(gained))
        np.square(standard, out=standard)
        standard *= -0.5
        np.exp(standard, out=standard)
        mass = weights * (standard @ self.mass) * (scale / ROOT_2PI)
        return replace(self, information=information, nodes=z, mass=mass)

    def tilted(self, drift: float) -> "Walk":
        """Return the same walk under another drift, near its own: paths stay, their likelihoods change."""
        root = math.sqrt(self.information)
        log_ratio = (drift - self.drift) * root * (self.nodes - (drift + self.drift) / 2 * root)
        return replace(self, mass=self.mass * np.exp(log_ratio), drift=drift)

    def _standard(self, information: float, z: float) -> tuple[Vector, float]:
        gained = information - self.information
        scale = math.sqrt(information / gained)
        return z * scale - self._centres(gained), scale

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


def _nodes(lowest: float, highest: float, sharpness: float) -> tuple[Vector, Vector]:
    """Return nodes and weights over the values that cross no bound."""
    length = max(highest - lowest, 0.0)
    needed = math.ceil(NODES_PER_WIDTH * length * sharpness / 20) * 20
    points, weights = _rule(min(max(needed, LEAST), MOST))
    return lowest + length / 2 * (points + 1), length / 2 * weights
