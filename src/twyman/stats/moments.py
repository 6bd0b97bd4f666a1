"""Sufficient statistics: all that an estimator ever sees of the data.

The warehouse reduces each arm's rows to one `Moments`, and every method in this room starts from
there. Raw rows never enter `stats`: an analysis costs the same at a thousand units as at a billion,
and any engine that can count and sum can be analysed.

Squares and products are kept about the mean. The textbook `Σx² - (Σx)²/n` subtracts two large,
nearly equal numbers, and can call the variance of a timestamp negative.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twyman.kernel.errors import Invalid

ROUNDING = 8 * float(np.finfo(np.float64).eps)
"""A spread below this share of the mean is rounding, not variation."""


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """How many units, how much on average, and how they spread and go together.

    Moments of disjoint groups add up to the moments of all of them, in any order; none at all is
    the neutral element. What is not kept can't be asked: ranks, quantiles, the largest unit.

    Attributes:
        count: Number of units.
        means: Their average, by column.
        products: Sums of products of deviations from these averages, column by column.

    Example:
        >>> Moments.of([1, 2]) + Moments.of([3, 4]) == Moments.of([1, 2, 3, 4])
        True

    References:
        Chan, T. F., Golub, G. H. and LeVeque, R. J. (1983). Algorithms for computing the sample
        variance. The American Statistician 37.

    See docs/explanation/statistics.md
    """

    count: int
    means: NDArray[np.float64]
    products: NDArray[np.float64]

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __post_init__(self) -> None:
        """Freeze the numbers, and refuse what can't be moments of anything.

        Raises:
            Invalid: If shapes disagree, a number isn't finite, or count is negative.
        """
        means = np.array(self.means, dtype=np.float64)
        products = np.array(self.products, dtype=np.float64)
        if means.ndim != 1 or products.shape != (means.size, means.size):
            raise Invalid(
                f"moments of shapes {means.shape} and {products.shape} disagree: "
                "give k means and k by k centred products"
            )
        if self.count < 0 or not (np.isfinite(means).all() and np.isfinite(products).all()):
            raise Invalid(
                f"moments of {self.count} units aren't finite numbers of at least no units: "
                "look for missing or overflowing values in the data"
            )
        means.setflags(write=False)
        products.setflags(write=False)
        object.__setattr__(self, "count", int(self.count))
        object.__setattr__(self, "means", means)
        object.__setattr__(self, "products", products)

    @classmethod
    def empty(cls, k: int = 1) -> "Moments":
        """Return the moments of no units, with `k` columns: adding it changes nothing."""
        return cls(0, np.zeros(k), np.zeros((k, k)))

    @classmethod
    def of(cls, rows: ArrayLike) -> "Moments":
        """Reduce one number a unit, or one row of `k` numbers a unit.

        Raises:
            Invalid: If a number is missing or infinite, or `rows` is no table.

        Example:
            >>> Moments.of([1, 2, 3]).variance()
            1.0
        """
        table = np.asarray(rows, dtype=np.float64)
        if table.ndim == 1:
            table = table[:, np.newaxis]
        if table.ndim != 2:
            raise Invalid(f"rows of {table.ndim} dimensions are no table: give one row a unit")
        if not table.shape[0]:
            return cls.empty(table.shape[1])
        shifted = table - table[0]  # so that equal units have no spread at all
        centre = shifted.mean(axis=0)
        deviations = shifted - centre
        drift = deviations.sum(axis=0)
        products = deviations.T @ deviations - np.outer(drift, drift) / len(table)
        return cls(len(table), table[0] + centre, products)

    @classmethod
    def binary(cls, successes: int, count: int) -> "Moments":
        """Return the moments of `count` units of which `successes` are 1 and the rest 0.

        Raises:
            Invalid: If there are more successes than units, or fewer than none.

        Example:
            >>> Moments.binary(2, 4) == Moments.of([1, 1, 0, 0])
            True
        """
        if not 0 <= successes <= count:
            raise Invalid(f"{successes} successes among {count} units can't be: count units, not events")
        return cls.from_sums(count, [successes], [[successes]])

    @classmethod
    def from_sums(cls, count: int, sums: Sequence[float], cross_sums: Sequence[Sequence[float]]) -> "Moments":
        """Centre plain sums and sums of products, in exact rational arithmetic.

        Nothing is lost here beyond what the sums had lost already: give whole numbers or decimals
        where the data are such.

        Example:
            >>> Moments.from_sums(3, [6], [[14]]).variance()
            1.0
        """
        k = len(sums)
        if not count:
            return cls.empty(k)
        exact = [Fraction(total) for total in sums]
        products = np.array(
            [[float(Fraction(cross_sums[i][j]) - exact[i] * exact[j] / count) for j in range(k)] for i in range(k)]
        )
        return cls(count, np.array([float(total / count) for total in exact]), products.reshape(k, k))

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Moments":
        """Read what `to_json` wrote, to the last bit."""
        means = np.array(document["means"], dtype=np.float64)
        products = np.array(document["products"], dtype=np.float64)
        return cls(int(document["count"]), means, products.reshape(means.size, means.size))

    def to_json(self) -> dict[str, Any]:
        """Return plain numbers and lists.

        Example:
            >>> Moments.of([1, 3]).to_json()
            {'count': 2, 'means': [2.0], 'products': [[2.0]]}
        """
        return {"count": self.count, "means": self.means.tolist(), "products": self.products.tolist()}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Moments):
            return NotImplemented
        return (
            self.count == other.count
            and np.array_equal(self.means, other.means)
            and np.array_equal(self.products, other.products)
        )

    def __add__(self, other: "Moments") -> "Moments":
        """Pool two disjoint groups, as if their units had been reduced together.

        Raises:
            Invalid: If they have different columns.
        """
        if self.means.size != other.means.size:
            raise Invalid(
                f"moments of {self.means.size} and {other.means.size} columns can't be pooled: "
                "reduce both groups to the same columns"
            )
        if not other.count:
            return self
        if not self.count:
            return other
        count = self.count + other.count
        gap = other.means - self.means
        means = self.means + gap * (other.count / count)
        between = np.outer(gap, gap) * (self.count * (other.count / count))
        return Moments(count, means, self.products + other.products + between)

    def columns(self, *indices: int) -> "Moments":
        """Return the moments of some columns, in the order given.

        Example:
            >>> Moments.of([[1, 5], [2, 7]]).columns(1).means.tolist()
            [6.0]
        """
        chosen = list(indices)
        return Moments(self.count, self.means[chosen], self.products[np.ix_(chosen, chosen)])

    def without(self, row: Sequence[float]) -> "Moments":
        """Return the moments of the others, one unit of this row being left out.

        Raises:
            Invalid: If there is no unit to leave out, or the row has other columns.

        Example:
            >>> Moments.of([1, 2, 3, 10]).without([10]) == Moments.of([1, 2, 3])
            True
        """
        if not self.count or len(row) != self.means.size:
            raise Invalid(
                f"a unit of {len(row)} columns can't leave {self.count} units of {self.means.size}: "
                "leave out one of the units reduced"
            )
        if self.count == 1:
            return Moments.empty(self.means.size)
        deviation = np.asarray(row, dtype=np.float64) - self.means
        share = 1 / (self.count - 1)
        products = self.products - np.outer(deviation, deviation) * (self.count * share)
        np.fill_diagonal(products, np.maximum(np.diagonal(products), 0))
        return Moments(self.count - 1, self.means - deviation * share, products)

    def scaled(self, factors: Sequence[float]) -> "Moments":
        """Return the moments in other units of measurement, each column times its factor.

        Example:
            >>> Moments.of([1, 2, 3]).scaled([100]).means.tolist()
            [200.0]
        """
        scale = np.asarray(factors, dtype=np.float64)
        return Moments(self.count, self.means * scale, self.products * np.outer(scale, scale))

    def varies(self, i: int = 0) -> bool:
        """Whether units differ in a column by more than rounding."""
        if self.count < 2:
            return False
        spread = float(np.sqrt(max(self.products[i, i], 0.0) / self.count))
        return spread > ROUNDING * abs(float(self.means[i]))

    def variance(self, i: int = 0) -> float:
        """Return the variance of a column, with denominator n - 1.

        Raises:
            Invalid: If there are fewer than two units.
        """
        return float(self.covariance()[i, i])

    def covariance(self) -> NDArray[np.float64]:
        """Return variances and covariances of the columns, with denominator n - 1.

        Raises:
            Invalid: If there are fewer than two units.
        """
        if self.count < 2:
            raise Invalid(f"{self.count} units have no variance: ask for it of two or more")
        return self.products / (self.count - 1)
