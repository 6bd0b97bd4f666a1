"""Where a sample quantile lies among the sorted values: the nine definitions in use, by their usual numbers."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twyman.kernel.errors import Invalid

Vector = NDArray[np.float64]

FUZZ = 4 * float(np.finfo(np.float64).eps)
"""A rank this near to a whole number, in shares of its size, is that number."""

PLOTTING: Mapping[int, tuple[float, float]] = {
    4: (0.0, 1.0),
    5: (0.5, 0.5),
    6: (0.0, 0.0),
    7: (1.0, 1.0),
    8: (1 / 3, 1 / 3),
    9: (3 / 8, 3 / 8),
}
"""The continuous definitions: a quantile lies at rank a + q (n + 1 - a - b)."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place between two neighbouring ranks.

    Attributes:
        below, above: Ranks from 1, the smallest value having rank 1.
        weight: Share of the way from the value at `below` to the one at `above`.
    """

    below: int
    above: int
    weight: float

    def between(self, values: Mapping[int, float]) -> float:
        """Interpolate between the two values, given by rank."""
        low = values[self.below]
        return low if not self.weight else low + self.weight * (values[self.above] - low)


def position(count: int, q: float, *, kind: int = 7) -> Position:
    """Return where the q-quantile of `count` sorted values lies.

    Only the number of values is needed, so that an engine can be asked for two ranks, not for the values.

    Args:
        count: Number of values, at least 1.
        q: Share of values below, from 0 to 1.
        kind: 1 to 9, as Hyndman and Fan (and R) number the definitions. 1 to 3 are steps; 7, linear
            from the smallest to the largest value, is what most software means.

    Raises:
        Invalid: If there are no values, `q` is no share, or there is no such kind.

    Example:
        >>> position(101, 0.9)
        Position(below=91, above=92, weight=0.0)
        >>> position(10, 0.25)
        Position(below=3, above=4, weight=0.25)

    References:
        Hyndman, R. J. and Fan, Y. (1996). Sample quantiles in statistical packages. The American
        Statistician 50.

    See docs/explanation/quantiles.md
    """
    if count < 1 or not 0 <= q <= 1:
        raise Invalid(f"quantile {q} of {count} values can't be: give a share from 0 to 1, and values")
    rank, weight = _steps(count, q, kind) if kind in (1, 2, 3) else _linear(count, q, kind)
    return Position(min(max(rank, 1), count), min(max(rank + 1, 1), count), weight)


def _steps(count: int, q: float, kind: int) -> tuple[int, float]:
    rank, beyond = _split(count * q - (0.5 if kind == 3 else 0.0))
    if kind == 3:
        return rank, float(beyond > 0 or rank % 2 == 1)
    return rank, 1.0 if beyond else (0.0 if kind == 1 else 0.5)


def _linear(count: int, q: float, kind: int) -> tuple[int, float]:
    if kind not in PLOTTING:
        raise Invalid(f"there is no kind {kind} of quantile: give 1 to 9, such as 7 for linear")
    a, b = PLOTTING[kind]
    return _split(a + q * (count + 1 - a - b))


def _split(rank: float) -> tuple[int, float]:
    whole = round(rank)
    if abs(rank - whole) <= FUZZ * max(1.0, abs(rank)):
        return whole, 0.0
    return math.floor(rank), rank - math.floor(rank)


def ordered(values: ArrayLike) -> Vector:
    """Return values in order, refused where one is missing or infinite.

    Raises:
        Invalid: If one is, or they aren't one column.
    """
    column = np.sort(np.asarray(values, dtype=np.float64).ravel())
    if column.size and not (np.isfinite(column[0]) and np.isfinite(column[-1])):
        raise Invalid("a value is missing or infinite, and has no rank: look for it in the data")
    return column


class ByRank(Mapping[int, float]):
    """Sorted values, asked for by rank from 1."""

    def __init__(self, values: Vector) -> None:
        self._values = values

    def __getitem__(self, rank: int) -> float:
        return float(self._values[rank - 1])

    def __iter__(self) -> Iterator[int]:
        return iter(range(1, self._values.size + 1))

    def __len__(self) -> int:
        return self._values.size


def sample_quantile(values: ArrayLike, q: float, *, kind: int = 7) -> float:
    """Return a quantile of values.

    Args:
        values: One number each; in any order.
        q: Share of values below.
        kind: As in `position`.

    Raises:
        Invalid: If there are no values, one is missing, `q` is no share or there is no such kind.

    Example:
        >>> sample_quantile([10, 20, 30, 40], 0.5)
        25.0

    See docs/explanation/quantiles.md
    """
    column = ordered(values)
    return position(column.size, q, kind=kind).between(ByRank(column))
