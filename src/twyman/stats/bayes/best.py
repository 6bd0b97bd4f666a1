"""Which of several arms is best, where each one's worth is independently normal."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, roots_legendre

from twyman.kernel.errors import Invalid

REACH = 38
"""Standard deviations around each arm that are integrated over: beyond, a density is no float."""

Vector = NDArray[np.float64]

_NODES, _WEIGHTS = roots_legendre(16)


@dataclass(frozen=True, slots=True)
class Race:
    """Each arm's standing among all of them.

    Attributes:
        chance_best: Probability of being the best, by arm; they add up to 1.
        expected_loss: Mean distance to the best arm of those that are better, by arm: the price of
            choosing it.
    """

    chance_best: tuple[float, ...]
    expected_loss: tuple[float, ...]


def race(means: Sequence[float], sds: Sequence[float], *, improving: int = 1) -> Race:
    """Return each arm's chance to be the best, and what choosing it is expected to lose.

    Holds for independent posteriors, control among them. Effects against one control aren't
    independent: give the arms' own means, not their differences.

    Args:
        means: Posterior means, by arm.
        sds: Posterior standard deviations, by arm.
        improving: 1 where higher is better, -1 where lower is.

    Raises:
        Invalid: If there are fewer than two arms, or numbers don't match, or there is no such direction.

    Example:
        >>> standing = race([1.0, 1.2, 0.6], [0.1, 0.1, 0.2])
        >>> [f"{chance:.3f}" for chance in standing.chance_best]
        ['0.078', '0.919', '0.003']

    See docs/explanation/bayesian-view.md .
    """
    centre, spread = np.asarray(means, dtype=np.float64), np.asarray(sds, dtype=np.float64)
    if centre.shape != spread.shape or centre.size < 2 or improving not in (1, -1):
        raise Invalid(
            f"{centre.size} means and {spread.size} spreads, improving {improving}, make no race: "
            "give one of each an arm, two arms or more, and a direction of 1 or -1"
        )
    if not (np.isfinite(centre).all() and np.isfinite(spread).all() and (spread > 0).all()):
        raise Invalid("an arm's posterior isn't finite, or has no spread: leave out arms without data")
    centre = improving * centre
    centre = np.subtract(centre, float(np.max(centre)))  # so that floats are finest where the race is decided
    points, weights = _grid(centre, spread)
    z = (points - centre[:, None]) / spread[:, None]
    below = log_ndtr(z)
    rest = below.sum(axis=0) - below
    density = np.exp(-0.5 * z * z) / (spread[:, None] * np.sqrt(2 * np.pi))
    chance = (density * np.exp(rest)) @ weights
    lost = (np.exp(below) * -np.expm1(rest)) @ weights
    return Race(tuple(map(float, chance / chance.sum())), tuple(map(float, lost)))


def _grid(centre: Vector, spread: Vector) -> tuple[Vector, Vector]:
    """Return Gauss-Legendre points and weights, with panels no wider than the narrowest spread they cross."""
    steps = np.arange(-REACH, REACH + 1.0)
    edges = np.unique(centre[:, None] + spread[:, None] * steps)
    half = np.diff(edges) / 2
    points = edges[:-1, None] + half[:, None] * (1 + _NODES)
    return points.ravel(), (half[:, None] * _WEIGHTS).ravel()
