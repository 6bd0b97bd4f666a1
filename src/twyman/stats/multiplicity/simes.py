"""Hommel's adjustment in m log m: where a closed family of Simes' tests stops rejecting.

Simes' test of the i largest of m p-values rejects at alpha from alpha(i) = i · min p_k / (k - (m - i)) on, k
running over these i. That minimum is the least slope from the point m - i on the axis to the points (k, p_k)
right of it. As the axis point moves right, the point with the least slope never moves left, so that half
of the search falls away at each halving.
"""

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Indices = NDArray[np.intp]


def hommel_adjusted(ascending: Vector) -> Vector:
    """Return Hommel's adjusted p-values of ascending p-values."""
    m = ascending.size
    if not m:
        return ascending
    worst = (m - np.arange(m)) * least_slopes(ascending)  # alpha(m - x), by axis point x = 0 … m - 1
    reached = np.maximum.accumulate(worst)  # A(j) = largest alpha(i) of all i >= j, by x = m - j
    after = np.concatenate((reached[::-1], [0.0]))  # A(j + 1) by j = 0 … m
    factors = np.arange(m + 1.0)
    slopes = after[1:] / factors[1:]  # falls with j = 1 … m
    stay = np.searchsorted(-slopes, -ascending, side="right")  # largest j with j p <= A(j + 1)
    return np.minimum(np.minimum(after[stay], (stay + 1.0) * ascending), 1.0)


def least_slopes(ascending: Vector) -> Vector:
    """Return, for each x = 0 … m - 1, the least of p_k / (k - x) over k = x + 1 … m."""
    m = ascending.size
    slopes = np.empty(m)
    low, high = np.array([0]), np.array([m - 1])  # axis points still to do, in blocks
    left, right = np.array([1]), np.array([m])  # between which their best points lie
    while low.size:
        middle = (low + high) // 2
        found, best = _least(ascending, middle, np.maximum(left, middle + 1), right)
        slopes[middle] = found
        blocks = np.concatenate(
            (np.stack((low, middle - 1, left, best)), np.stack((middle + 1, high, best, right))), axis=1
        )
        low, high, left, right = blocks[:, blocks[0] <= blocks[1]]
    return slopes


def _least(ascending: Vector, x: Indices, first: Indices, last: Indices) -> tuple[Vector, Indices]:
    """Return the least slope of each axis point over its range of points, and where it is."""
    lengths = last - first + 1
    starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    k = np.arange(int(lengths.sum())) + np.repeat(first - starts, lengths)
    slopes = ascending[k - 1] / (k - np.repeat(x, lengths))
    least = np.minimum.reduceat(slopes, starts)
    at = np.where(slopes == np.repeat(least, lengths), k, ascending.size + 1)
    return least, np.minimum.reduceat(at, starts)
