"""Differences of large log-gammas without their large parts: what Bayes factors of many units are made of.

A log-gamma of a billion is 2e10, and has no digit left after the fifth decimal. Here the parts that
cancel are cancelled on paper: what remains is of the size of the answer.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

Vector = NDArray[np.float64]

SMALL = 0.03
"""Below this a difference of logarithms is summed as its series."""

FROM = 20.0
"""From here on Stirling's series is exact to the last digit."""


def stirling(x: ArrayLike) -> Vector:
    """Return what Stirling's formula leaves of a log-gamma: lnΓ(x) - (x - 1/2) ln x + x - ln(2π)/2.

    Example:
        >>> f"{stirling(1.0):.9f}"
        '0.081061467'
    """
    value = np.asarray(x, dtype=np.float64)
    near = np.minimum(value, FROM)
    exact = gammaln(near) - (near - 0.5) * np.log(near) + near - 0.5 * math.log(2 * math.pi)
    inverse = 1 / np.maximum(value, FROM)
    square = inverse * inverse
    series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188))))
    return np.where(value < FROM, exact, series)


def surplus(drift: ArrayLike, base: ArrayLike) -> Vector:
    """Return w ln(w / base) - drift for w = base + drift: how unlikely a Poisson count is, in logs.

    Example:
        >>> f"{surplus(1.0, 1.0):.6f}"
        '0.386294'
    """
    d, e = np.asarray(drift, dtype=np.float64), np.asarray(base, dtype=np.float64)
    x = d / e
    near = np.where(np.abs(x) < SMALL, x, 0.0)
    series = sum((-near) ** k / (k * (k - 1)) for k in range(2, 12))
    w = np.where(np.abs(x) < SMALL, e, e + d)
    return np.where(np.abs(x) < SMALL, e * series, w * np.log(w / e) - d)


def shortfall(drift: ArrayLike, base: ArrayLike) -> Vector:
    """Return drift - base ln(1 + drift / base): how unlikely a gamma waiting time is, in logs.

    Example:
        >>> f"{shortfall(1.0, 1.0):.6f}"
        '0.306853'
    """
    d, e = np.asarray(drift, dtype=np.float64), np.asarray(base, dtype=np.float64)
    x = d / e
    near = np.where(np.abs(x) < SMALL, x, 0.0)
    series = sum((-near) ** k / k for k in range(2, 12))
    return np.where(np.abs(x) < SMALL, e * series, d - e * np.log1p(np.where(np.abs(x) < SMALL, 0.0, x)))


def multinomial_log_bf(counts: ArrayLike, shares: ArrayLike, concentration: float) -> float:
    """Return the logarithm of the Bayes factor of any shares, Dirichlet about the given ones, against those.

    Args:
        counts: Units by class; whole numbers need not be.
        shares: Probability of each class under the null hypothesis: positive, with sum 1.
        concentration: How close to them the alternatives lie: as if so many units had been seen.

    Example:
        >>> f"{multinomial_log_bf([80, 40], [0.5, 0.5], 100):.6f}"
        '3.277936'
    """
    n, theta = np.asarray(counts, dtype=np.float64), np.asarray(shares, dtype=np.float64)
    units, prior = float(n.sum()), concentration * theta
    expected = (concentration + units) * theta
    log_ratio = np.log((prior + n) / expected)
    fit = float((surplus(n - units * theta, expected) - log_ratio / 2).sum())
    size = (theta.size - 1) / 2 * math.log1p(units / concentration)
    rest = float((stirling(prior + n) - stirling(prior)).sum())
    whole = float(stirling(concentration + units) - stirling(concentration))
    return fit - size + rest - whole
