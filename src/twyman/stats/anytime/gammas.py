"""Differences of large log-gammas without their large parts: what Bayes factors of many units are made of.

A log-gamma of a billion is 2e10, and has no digit left after the fifth decimal. Here the parts that
cancel are cancelled on paper: what remains is of the size of the answer.
"""

import math
from collections.abc import Sequence

SMALL = 0.03
"""Below this a difference of logarithms is summed as its series."""

FROM = 20.0
"""From here on Stirling's series is exact to the last digit."""

HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def stirling(x: float) -> float:
    """Return what Stirling's formula leaves of a log-gamma: lnΓ(x) - (x - 1/2) ln x + x - ln(2π)/2.

    Example:
        >>> f"{stirling(1.0):.9f}"
        '0.081061467'
    """
    if x < FROM:
        return math.lgamma(x) - (x - 0.5) * math.log(x) + x - HALF_LOG_2PI
    square = 1 / x / x
    return (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))) / x


def surplus(drift: float, base: float) -> float:
    """Return w ln(w / base) - drift for w = base + drift: how unlikely a Poisson count is, in logs.

    Example:
        >>> f"{surplus(1.0, 1.0):.6f}"
        '0.386294'
    """
    x = drift / base
    if abs(x) < SMALL:
        return base * math.fsum((-x) ** k / (k * (k - 1)) for k in range(2, 12))
    w = base + drift
    return w * math.log(w / base) - drift


def shortfall(drift: float, base: float) -> float:
    """Return drift - base ln(1 + drift / base): how unlikely a gamma waiting time is, in logs.

    Example:
        >>> f"{shortfall(1.0, 1.0):.6f}"
        '0.306853'
    """
    x = drift / base
    if abs(x) < SMALL:
        return base * math.fsum((-x) ** k / k for k in range(2, 12))
    return drift - base * math.log1p(x)


def multinomial_log_bf(counts: Sequence[float], shares: Sequence[float], concentration: float) -> float:
    """Return the logarithm of the Bayes factor of any shares, Dirichlet about the given ones, against those.

    Args:
        counts: Units by class; whole numbers need not be.
        shares: Probability of each class under the null hypothesis: positive, with sum 1.
        concentration: How close to them the alternatives lie: as if so many units had been seen.

    Example:
        >>> f"{multinomial_log_bf([80, 40], [0.5, 0.5], 100):.6f}"
        '3.277936'
    """
    units = math.fsum(counts)
    whole = concentration + units
    size = (len(shares) - 1) / 2 * math.log1p(units / concentration)
    return math.fsum(
        (
            *(_fit(n, share, concentration, units) for n, share in zip(counts, shares, strict=True)),
            stirling(concentration) - stirling(whole) - size,
        )
    )


def _fit(count: float, share: float, concentration: float, units: float) -> float:
    """Return what one class adds to the evidence."""
    prior, expected = concentration * share, (concentration + units) * share
    seen = prior + count
    likely = surplus(count - units * share, expected) - math.log(seen / expected) / 2
    return likely + stirling(seen) - stirling(prior)
