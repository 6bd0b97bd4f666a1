"""The line of least absolute deviations through points in a plane."""

import numpy as np

from twyman.stats.quantile.sample import Vector


def slope(x: Vector, y: Vector) -> float:
    """Return the slope of the line from which points deviate least, in absolute terms.

    The best line passes through two of the points. For a fixed slope the best height is a median, and what is left over
    is convex in the slope: it is bracketed, narrowed by golden sections, and finished on the points themselves.

    Args:
        x: Increasing, at least two.
        y: As many, not decreasing.

    Example:
        >>> slope(np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 2.0, 4.0, 9.0]))
        2.0
    """
    steps = np.diff(y) / np.diff(x)
    low, high = float(steps.min()), float(steps.max())
    golden = (np.sqrt(5.0) - 1) / 2
    for _ in range(200):
        if high - low <= 1e-9 * max(abs(high), abs(low)):
            break
        left, right = high - golden * (high - low), low + golden * (high - low)
        if _left_over(x, y, left) <= _left_over(x, y, right):
            high = right
        else:
            low = left
    return _through_two(x, y, (low + high) / 2)


def _left_over(x: Vector, y: Vector, b: float) -> float:
    rest = y - b * x
    return float(np.abs(rest - np.median(rest)).sum())


def _through_two(x: Vector, y: Vector, b: float) -> float:
    """Return the best slope among lines through two of the points that lie nearest to a line."""
    rest = y - b * x
    near = np.argsort(np.abs(rest - np.median(rest)))[:6]
    slopes = [(y[i] - y[j]) / (x[i] - x[j]) for i in near for j in near if i < j]
    return float(min([b, *slopes], key=lambda candidate: _left_over(x, y, float(candidate))))
