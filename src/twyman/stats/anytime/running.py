"""What all looks so far say together: the intersection of their intervals, and the smallest p-value.

Since all intervals of a confidence sequence hold at once, so does their intersection. It only narrows,
so that it can contradict the current interval and may end up empty, which says that an assumption is
broken: the effect changed, or data were revised. So it is shown beside the current interval, never
in its place.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twyman.kernel.errors import Invalid


@dataclass(frozen=True, slots=True, eq=False)
class Running:
    """The intersection of all intervals up to each look.

    Attributes:
        lower, upper: Its ends, look by look; NaN from the look on at which it is empty.
        empty: Whether no value lies in all intervals so far.
    """

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    empty: NDArray[np.bool_]


def intersections(lower: ArrayLike, upper: ArrayLike) -> Running:
    """Intersect the intervals of successive looks.

    Args:
        lower: Lower ends, earliest first; -inf where open.
        upper: Upper ends; inf where open.

    Raises:
        Invalid: If the two differ in number, or an end is missing.

    Example:
        >>> seen = intersections([0.0, 0.2, 0.6], [1.0, 0.5, 0.9])
        >>> seen.lower.tolist(), seen.empty.tolist()
        ([0.0, 0.2, nan], [False, False, True])

    See docs/explanation/always-valid.md
    """
    lows, highs = np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64)
    if lows.shape != highs.shape or np.isnan(lows).any() or np.isnan(highs).any():
        raise Invalid(
            f"lower ends {lower} and upper ends {upper} don't make intervals: give one of each a look, infinite if open"
        )
    lows, highs = np.maximum.accumulate(lows), np.minimum.accumulate(highs)
    empty = lows > highs
    return Running(np.where(empty, np.nan, lows), np.where(empty, np.nan, highs), empty)


def smallest(log_p: ArrayLike) -> NDArray[np.float64]:
    """Return the smallest p-value up to each look, which is always valid too; logarithms in and out.

    Example:
        >>> smallest([-1.0, -3.0, -2.0]).tolist()
        [-1.0, -3.0, -3.0]

    See docs/explanation/always-valid.md
    """
    return np.minimum.accumulate(np.asarray(log_p, dtype=np.float64))
