"""What is lost on average by a choice whose worth is normal: a formula, and its far tail.

`φ(u) - u Φ(-u)` is the mean of the part of a standard normal above u. From u = 10 on it is a small
difference of nearly equal numbers; from 38 on it is below the smallest float. So its logarithm is
kept, by a series where the difference would lose digits.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfcx, log_ndtr

SERIES_FROM = 25.0
"""From here on ten terms of the asymptotic series are exact to the last digit."""

_TERMS = np.array([math.prod(range(1, 2 * k, 2)) * (-1.0) ** (k + 1) for k in range(1, 11)])


def log_unit_loss(u: ArrayLike) -> NDArray[np.float64]:
    """Return the natural logarithm of the mean of max(Z - u, 0), Z standard normal.

    Args:
        u: Standard deviations by which a choice looks right; one number or an array.

    Example:
        >>> [f"{value:.4f}" for value in log_unit_loss([0.0, 1.0, 1000.0])]
        ['-0.9189', '-2.4851', '-500014.7345']

    References:
        Abramowitz, M. and Stegun, I. A. (1964). Handbook of Mathematical Functions, 26.2.12.

    See docs/explanation/bayesian-view.md .
    """
    size = np.asarray(u, dtype=np.float64)
    log_density = -0.5 * size * size - 0.5 * math.log(2 * math.pi)
    inside = np.clip(size, 0, SERIES_FROM)
    near = np.log1p(-inside * math.sqrt(math.pi / 2) * erfcx(inside / math.sqrt(2)))
    inverse = 1 / np.maximum(size, SERIES_FROM) ** 2
    far = np.log(np.polynomial.polynomial.polyval(inverse, np.concatenate(([0.0], _TERMS))))
    wrong = np.minimum(size, 0.0)  # where the choice looks wrong nothing cancels
    mostly = np.logaddexp(-0.5 * wrong * wrong - 0.5 * math.log(2 * math.pi), _log(-wrong) + log_ndtr(-wrong))
    return np.where(size < 0, mostly, log_density + np.where(size < SERIES_FROM, near, far))


def expected_loss(mean: ArrayLike, sd: ArrayLike) -> NDArray[np.float64]:
    """Return the mean of max(-D, 0), D normal: what choosing D over nothing loses on average.

    Args:
        mean: Of D; one number or an array.
        sd: Its standard deviation, above zero.

    Example:
        >>> f"{float(expected_loss(0.5365124375579775, 0.040437721953872775)):.4e}"
        '5.3760e-43'

    See docs/explanation/bayesian-view.md .
    """
    spread = np.asarray(sd, dtype=np.float64)
    return spread * np.exp(log_unit_loss(np.asarray(mean, dtype=np.float64) / spread))


def _log(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(x > 0, np.log(np.where(x > 0, x, 1.0)), -np.inf)
