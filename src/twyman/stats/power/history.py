"""Moments to plan on, where all that is known is a summary: a mean and a spread, a correlation, a density.

Whatever averages over units, at least approximately, has moments: those of each unit's share in it.
"""

import math

import numpy as np

from twyman.kernel.errors import Invalid
from twyman.stats.moments import Moments

PLENTY = 1_000_001
"""Units that a summary stands for. They only say how precise history is; no plan depends on it."""


def known_mean(mean: float, sd: float) -> Moments:
    """Return moments of units with a mean and a standard deviation.

    Raises:
        Invalid: If sd is negative or not finite.

    Example:
        >>> known_mean(10.0, 2.0).variance()
        4.0

    See docs/explanation/power.md
    """
    if not 0 <= sd < math.inf:
        raise Invalid(f"standard deviation {sd} is none: give that of units, not of their mean")
    return Moments(PLENTY, np.array([mean]), np.array([[sd * sd * (PLENTY - 1)]]))


def known_proportion(share: float) -> Moments:
    """Return moments of zeros and ones, a share of which are ones.

    Raises:
        Invalid: If share isn't between 0 and 1.

    See docs/explanation/power.md
    """
    if not 0 <= share <= 1:
        raise Invalid(f"{share} is no share: give a number between 0 and 1")
    return Moments(PLENTY, np.array([share]), np.array([[PLENTY * share * (1 - share)]]))


def known_estimate(value: float, se: float, units: int) -> Moments:
    """Return moments that stand for any estimate of one arm whose variance falls as 1 / units.

    For a quantile, a restricted mean, a model's output: plan it as a mean, with `test="wald"`.

    Args:
        value: The estimate.
        se: Its standard error at `units` units.
        units: Units behind it.

    Raises:
        Invalid: If se or units isn't positive.
    """
    if units < 1:
        raise Invalid(f"{units} units have no estimate: give how many it came from")
    return known_mean(value, se * math.sqrt(units))


def known_quantile(q: float, value: float, density: float) -> Moments:
    """Return moments that stand for a quantile: each unit's part in it has variance q (1 - q) / density².

    Args:
        q: Which quantile, such as 0.95.
        value: Where it lies.
        density: Of the metric at that value.

    Raises:
        Invalid: If q isn't between 0 and 1, or the density isn't positive.

    Example:
        >>> round(known_quantile(0.5, 0.0, 0.3989).variance(), 3)  # of the normal: pi / 2
        1.571

    See docs/explanation/power.md
    """
    if not 0 < q < 1:
        raise Invalid(f"{q} is no quantile: give a number between 0 and 1, such as 0.95")
    if not 0 < density < math.inf:
        raise Invalid(f"density {density} at the quantile isn't positive: near ties there is no such formula")
    return known_mean(value, math.sqrt(q * (1 - q)) / density)


def with_covariate(moments: Moments, correlation: float) -> Moments:
    """Return moments with one more column: a covariate of mean 0 and variance 1, so correlated with the first.

    Raises:
        Invalid: If the correlation isn't between -1 and 1, or there is a covariate already.

    Example:
        >>> with_covariate(known_mean(10.0, 2.0), 0.6).covariance().tolist()
        [[4.0, 1.2], [1.2, 1.0]]

    See docs/explanation/power.md
    """
    if not -1 < correlation < 1:
        raise Invalid(f"correlation {correlation} isn't between -1 and 1")
    if moments.means.size != 1:
        raise Invalid(f"moments of {moments.means.size} columns have covariates already: give the metric's own alone")
    spread = float(moments.products[0, 0])
    free = moments.count - 1.0
    shared = correlation * math.sqrt(spread * free)
    products = np.array([[spread, shared], [shared, free]])
    return Moments(moments.count, np.append(moments.means, 0.0), products)


def design_effect(size: float, icc: float, cv: float = 0.0) -> float:
    """Return by how much more units are needed when whole clusters are randomised.

    Args:
        size: Mean units of a cluster.
        icc: Correlation of two units of one cluster.
        cv: Standard deviation of cluster sizes over their mean.

    Raises:
        Invalid: If size is under 1, icc isn't between 0 and 1, or cv is negative.

    Example:
        >>> round(design_effect(20, 0.05, cv=0.4), 2)
        2.11

    References:
        Eldridge, S. M., Ashby, D. and Kerry, S. (2006). Sample size for cluster randomized trials:
        effect of coefficient of variation of cluster size. International Journal of Epidemiology 35.

    See docs/explanation/power.md
    """
    if not (1 <= size < math.inf and 0 <= icc <= 1 and 0 <= cv < math.inf):
        raise Invalid(f"clusters of {size} units, correlation {icc} and variation {cv} can't be: check each")
    return 1 + ((1 + cv * cv) * size - 1) * icc


def clustered(moments: Moments, *, size: float, icc: float, cv: float = 0.0) -> Moments:
    """Return moments of clusters, as numerator (sum) and denominator (units), from those of single units.

    Plan it as a `ratio`: the unit of that plan is the cluster, and its variance is the single units'
    times `design_effect`, exactly.

    Raises:
        Invalid: As `design_effect`, or if there are covariates.

    Example:
        >>> groups = clustered(known_mean(10.0, 2.0), size=20, icc=0.05)
        >>> groups.means.tolist()
        [200.0, 20.0]

    See docs/explanation/power.md
    """
    if moments.means.size != 1:
        raise Invalid(f"moments of {moments.means.size} columns can't be put into clusters: give one mean")
    mean, variance = float(moments.means[0]), moments.variance()
    sizes = cv * cv * size * size
    within = variance * size * design_effect(size, icc, cv)
    covariance = np.array([[within + mean * mean * sizes, mean * sizes], [mean * sizes, sizes]])
    return Moments(moments.count, np.array([mean * size, size]), covariance * (moments.count - 1))
