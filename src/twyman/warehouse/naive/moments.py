"""Moments in two passes: the mean first, then the products of deviations from it, each sum rounded once."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twyman.stats.moments import Moments

Numbers = NDArray[np.float64]


def moments(table: Numbers) -> Moments:
    """Reduce one row a unit to moments.

    Example:
        >>> moments(np.array([[1.0], [2.0], [6.0]])).products.tolist()
        [[14.0]]
    """
    count, width = table.shape
    if not count:
        return Moments.empty(width)
    means = [math.fsum(column.tolist()) / count for column in table.T]
    deviations = [column - mean for column, mean in zip(table.T, means, strict=True)]
    drifts = [math.fsum(one.tolist()) for one in deviations]
    products = np.zeros((width, width))
    for i in range(width):
        for j in range(i, width):
            total = math.fsum((deviations[i] * deviations[j]).tolist()) - drifts[i] * drifts[j] / count
            products[i, j] = products[j, i] = total
    return Moments(count, np.array(means) + np.array(drifts) / count, products)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of all values lies, between two of them by a straight line.

    Example:
        >>> percentile([1, 2, 3, 4], 0.5)
        2.5

    References:
        Hyndman, R. J. and Fan, Y. (1996). Sample quantiles in statistical packages. The American
        Statistician 50. Type 7.
    """
    ranked = sorted(values)
    place = (len(ranked) - 1) * share
    below = math.floor(place)
    above = min(below + 1, len(ranked) - 1)
    return ranked[below] + (ranked[above] - ranked[below]) * (place - below)
