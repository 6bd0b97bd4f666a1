"""Moments of many groups at once, as arrays: one number a metric, arm, segment and look.

`Cells` is to `Moments` what an array is to a number. Comparisons of cells give, element by element, what
comparisons of the single moments give, at the speed of numpy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twyman.kernel.errors import Invalid
from twyman.stats.moments import ROUNDING, Moments

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Counts, means and centred products of the groups of an array of any shape.

    Attributes:
        counts: Number of units, of shape S.
        means: Their averages, of shape S + (k,).
        products: Sums of products of deviations from these averages, of shape S + (k, k).

    Example:
        >>> days = Cells.stacked([Moments.of([1, 2]), Moments.of([3, 4]), Moments.of([5])])
        >>> days.shape, days.merged().at() == Moments.of([1, 2, 3, 4, 5])
        ((3,), True)

    References:
        Chan, T. F., Golub, G. H. and LeVeque, R. J. (1983). Algorithms for computing the sample
        variance. The American Statistician 37.

    See docs/explanation/statistics.md.
    """

    counts: NDArray[np.int64]
    means: Vector
    products: Vector

    def __post_init__(self) -> None:
        """Refuse what can't be moments of anything.

        Raises:
            Invalid: If shapes disagree, a number isn't finite, or a count is negative.
        """
        shape, k = self.counts.shape, self.means.shape[-1]
        if self.means.shape != (*shape, k) or self.products.shape != (*shape, k, k):
            raise Invalid(
                f"cells of shapes {shape}, {self.means.shape} and {self.products.shape} disagree: "
                "give S, S + (k,) and S + (k, k)"
            )
        if (self.counts < 0).any() or not (np.isfinite(self.means).all() and np.isfinite(self.products).all()):
            raise Invalid(
                "cells hold a negative count, or a number that isn't finite: look for missing or overflowing values"
            )

    @classmethod
    def stacked(cls, moments: Sequence[Moments]) -> "Cells":
        """Put single moments side by side, along one axis.

        Raises:
            Invalid: If there are none, or they have different columns.
        """
        if len({one.means.size for one in moments}) != 1:
            raise Invalid(f"{len(moments)} moments can't be stacked: give at least one, all of the same columns")
        counts = np.array([one.count for one in moments], dtype=np.int64)
        return cls(counts, np.stack([one.means for one in moments]), np.stack([one.products for one in moments]))

    @classmethod
    def from_sums(cls, counts: ArrayLike, sums: ArrayLike, cross_sums: ArrayLike) -> "Cells":
        """Centre plain sums and sums of products.

        In floats, unlike `Moments.from_sums`: where means are large beside the spread (timestamps, ids,
        cents), subtract a constant from the values before they are summed.

        Args:
            counts: Of shape S.
            sums: Of shape S + (k,).
            cross_sums: Of shape S + (k, k).

        Raises:
            Invalid: If they can't be sums of anything.

        Example:
            >>> Cells.from_sums([3, 0], [[6], [0]], [[[14]], [[0]]]).at(0).variance()
            1.0
        """
        n = np.asarray(counts, dtype=np.int64)
        totals = np.asarray(sums, dtype=np.float64)
        means = totals / np.maximum(n, 1)[..., np.newaxis]
        products = np.array(cross_sums, dtype=np.float64) - totals[..., :, np.newaxis] * means[..., np.newaxis, :]
        return cls(n, means, _not_below_zero(products))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array of groups."""
        return self.counts.shape

    @property
    def n(self) -> Vector:
        """Counts as floats, to reckon with."""
        return self.counts.astype(np.float64)

    @property
    def k(self) -> int:
        """Number of columns."""
        return self.means.shape[-1]

    def __getitem__(self, index: Any) -> "Cells":  # noqa: ANN401 - all that numpy takes
        """Return some of the groups, by any index of numpy's; columns are never indexed."""
        chosen = np.arange(self.counts.size).reshape(self.shape)[index]
        k = self.k
        return Cells(
            self.counts.reshape(-1)[chosen],
            self.means.reshape(-1, k)[chosen],
            self.products.reshape(-1, k, k)[chosen],
        )

    def at(self, *index: int) -> Moments:
        """Return the moments of one group."""
        return Moments(int(self.counts[index]), self.means[index], self.products[index])

    def columns(self, *indices: int) -> "Cells":
        """Return the moments of some columns, in the order given."""
        chosen = list(indices)
        return Cells(self.counts, self.means[..., chosen], self.products[..., chosen, :][..., chosen])

    def merged(self, axis: int = -1) -> "Cells":
        """Pool the groups along an axis, as if their units had been reduced together."""
        along = axis % len(self.shape)
        counts = self.counts.sum(axis=along)
        weights = self.counts[..., np.newaxis]
        means = (weights * self.means).sum(axis=along) / np.maximum(counts, 1)[..., np.newaxis]
        gaps = self.means - np.expand_dims(means, along)
        between = weights[..., np.newaxis] * gaps[..., :, np.newaxis] * gaps[..., np.newaxis, :]
        return Cells(counts, means, (self.products + between).sum(axis=along))

    def __add__(self, other: "Cells") -> "Cells":
        """Pool group by group; shapes are broadcast.

        Raises:
            Invalid: If they have different columns.
        """
        if self.k != other.k:
            raise Invalid(f"cells of {self.k} and {other.k} columns can't be pooled: reduce both to the same columns")
        shape = np.broadcast_shapes(self.shape, other.shape)
        one, two = self.broadcast(shape), other.broadcast(shape)
        return Cells(
            np.stack([one.counts, two.counts]),
            np.stack([one.means, two.means]),
            np.stack([one.products, two.products]),
        ).merged(0)

    def broadcast(self, shape: tuple[int, ...]) -> "Cells":
        """Return the same groups, repeated to fill a shape."""
        k = self.k
        return Cells(
            np.broadcast_to(self.counts, shape),
            np.broadcast_to(self.means, (*shape, k)),
            np.broadcast_to(self.products, (*shape, k, k)),
        )

    def varies(self, i: int = 0) -> NDArray[np.bool_]:
        """Whether units of each group differ in a column by more than rounding."""
        spread = np.sqrt(np.maximum(self.products[..., i, i], 0.0) / np.maximum(self.counts, 1))
        return (self.counts > 1) & (spread > ROUNDING * np.abs(self.means[..., i]))

    def variance(self, i: int = 0) -> Vector:
        """Return the variance of a column, with denominator n - 1; NaN below two units."""
        return self.products[..., i, i] / np.where(self.counts > 1, self.counts - 1, np.nan)


def _not_below_zero(products: Vector) -> Vector:
    """Replace sums of squares that rounding pushed below zero."""
    diagonal = np.einsum("...ii->...i", products)
    np.maximum(diagonal, 0.0, out=diagonal)
    return products
