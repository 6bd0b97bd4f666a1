"""Means of observations between 0 and 1, for any distribution and from the first unit on.

These see values, in the order in which they came. `betting` is the narrowest known, `hoeffding` and
`empirical_bernstein` are in closed form; a metric with known bounds is moved to [0, 1] first.

    Waudby-Smith, I. and Ramdas, A. (2024). Estimating means of bounded random variables by betting.
    JRSS B 86.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import checked_alpha
from twyman.stats.roots import crossing

Vector = NDArray[np.float64]


def hoeffding(values: ArrayLike, *, alpha: float = 0.05, truncation: float = 1.0) -> tuple[Vector, Vector]:
    """Return the predictable-mixture Hoeffding confidence sequence of the mean, after each value.

    Args:
        values: Between 0 and 1, in order of arrival.
        alpha: Error over all looks.
        truncation: Largest bet.

    Returns:
        Lower and upper ends, each of the length of the values.

    Raises:
        Invalid: If a value lies outside 0 and 1, or alpha is no probability.

    Example:
        >>> low, high = hoeffding([0.4, 0.6] * 100)
        >>> f"[{low[-1]:.3f}, {high[-1]:.3f}]"
        '[0.385, 0.614]'

    See docs/explanation/always-valid.md
    """
    x = _checked(values)
    t = np.arange(1, x.size + 1)
    depth = -math.log(checked_alpha(alpha) / 2)
    bets = np.minimum(np.sqrt(8 * depth / (t * np.log1p(t))), truncation)
    return _mixed(x, bets, bets * bets / 8, depth), 1 - _mixed(1 - x, bets, bets * bets / 8, depth)


def empirical_bernstein(values: ArrayLike, *, alpha: float = 0.05, truncation: float = 0.5) -> tuple[Vector, Vector]:
    """Return the predictable-mixture empirical Bernstein confidence sequence, after each value.

    In closed form as Hoeffding's, and nearly as narrow as `betting` where values vary little.

    Args:
        values: Between 0 and 1, in order of arrival.
        alpha: Error over all looks.
        truncation: Largest bet, below 1.

    Returns:
        Lower and upper ends, each of the length of the values.

    Raises:
        Invalid: If a value lies outside 0 and 1, or alpha or the largest bet does.

    Example:
        >>> low, high = empirical_bernstein([0.4, 0.6] * 100)
        >>> f"[{low[-1]:.3f}, {high[-1]:.3f}]"
        '[0.459, 0.542]'

    See docs/explanation/always-valid.md
    """
    x, depth = _checked(values), -math.log(checked_alpha(alpha) / 2)
    if not 0 < truncation < 1:
        raise Invalid(f"largest bet {truncation}: give a number between 0 and 1, such as 0.5")

    def lower(side: Vector) -> Vector:
        bets = np.minimum(stakes(side, alpha=alpha / 2), truncation)
        before = np.concatenate(([0.0], (np.cumsum(side) / np.arange(1, side.size + 1))[:-1]))
        return _mixed(side, bets, (side - before) ** 2 * (-np.log1p(-bets) - bets), depth)

    return lower(x), 1 - lower(1 - x)


def _mixed(x: Vector, bets: Vector, costs: Vector, depth: float) -> Vector:
    """Return the lower ends that bets with these costs (bounds on their log-moments) leave."""
    staked = np.cumsum(bets)
    return np.maximum((np.cumsum(bets * x) - np.cumsum(costs) - depth) / staked, 0.0)


def betting(values: ArrayLike, *, at: Sequence[int], alpha: float = 0.05) -> tuple[Vector, Vector]:
    """Return the hedged-capital confidence sequence of the mean, at some numbers of values.

    Half of the capital bets that the mean is higher than each candidate, half that it is lower; stakes
    follow the variance seen so far. Candidates against which 1 / alpha was won are excluded.

    Args:
        values: Between 0 and 1, in order of arrival.
        at: After how many values to look, each from 1.
        alpha: Error over all looks.

    Returns:
        Lower and upper ends, one of each a look.

    Raises:
        Invalid: If a value lies outside 0 and 1, a look outside the values, or alpha is no probability.

    Example:
        >>> low, high = betting([0.4, 0.6] * 100, at=[10, 200])
        >>> f"[{low[-1]:.3f}, {high[-1]:.3f}]"
        '[0.476, 0.524]'

    See docs/explanation/always-valid.md
    """
    x = _checked(values)
    if any(not 1 <= look <= x.size for look in at):
        raise Invalid(f"looks after {list(at)} of {x.size} values: give numbers from 1 to how many there are")
    up, down = stakes(x, alpha=alpha / 2), stakes(1 - x, alpha=alpha / 2)
    lower = [_least(x[:look], up[:look], alpha) for look in at]
    upper = [1 - _least(1 - x[:look], down[:look], alpha) for look in at]
    return np.array(lower), np.array(upper)


def stakes(values: ArrayLike, *, alpha: float = 0.05) -> Vector:
    """Return the bet before each value, from those before it: by their variance, shrunk to 1/4.

    Example:
        >>> stakes([0.5, 0.5]).round(3).tolist()
        [5.88, 4.671]

    See docs/explanation/always-valid.md
    """
    x, depth = np.asarray(values, dtype=np.float64), -2 * math.log(checked_alpha(alpha))
    t = np.arange(1, x.size + 1)
    means = (0.5 + np.cumsum(x)) / (t + 1)
    variances = (0.25 + np.cumsum((x - means) ** 2)) / (t + 1)
    before = np.concatenate(([0.25], variances[:-1]))
    return np.sqrt(depth / (t * np.log1p(t) * before))


def _least(x: Vector, bets: Vector, alpha: float) -> float:
    """Return the largest mean that is too low for the data: where the upward half of the capital reaches 1 / alpha."""
    wanted = math.log(2 / alpha)

    def won(mean: float) -> float:
        staked = np.minimum(bets, 0.5 / mean) if mean > 0 else bets
        return float(np.log1p(staked * (x - mean)).sum()) - wanted

    return crossing(won, 0.0, 1.0) if won(0.0) > 0 else 0.0


def _checked(values: ArrayLike) -> Vector:
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or not x.size or not ((x >= 0) & (x <= 1)).all():
        raise Invalid("values must be a list of numbers from 0 to 1: subtract the least possible, divide by the range")
    return x
