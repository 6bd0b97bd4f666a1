"""What is kept of an arm: weighted sums in each replicate, and the plain sums to judge them by."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twyman.kernel.errors import Invalid
from twyman.stats.resampling.weights import checked_replicates, chunks, unit_keys, weights

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Replicates:
    """Sums over the units of an arm, in each replicate of a Poisson bootstrap.

    Replicates of disjoint shards add up (to rounding; exactly for whole numbers), if they share seed and centre.

    Attributes:
        seed: Of the weights.
        centre: What was taken off each column before summing, so that large numbers keep their small differences.
        weights: Sum of weights, by replicate.
        sums: Weighted sums of the columns, by replicate and column.
        squares: Weighted sums of products of columns, by replicate, column and column.
        count: Number of units.
        totals: Plain sums of the columns, of their products, and of the products of three.

    See docs/explanation/caps-ranks-and-bootstrap.md
    """

    seed: int
    centre: Array
    weights: Array
    sums: Array
    squares: Array
    count: int
    totals: tuple[Array, Array, Array]

    @classmethod
    def of(
        cls,
        rows: ArrayLike,
        units: ArrayLike,
        *,
        replicates: int = 2000,
        seed: int = 0,
        centre: ArrayLike | None = None,
    ) -> "Replicates":
        """Reduce one row a unit: its number, or its numerator and denominator, or more.

        Takes two seconds of one core for 2,000 replicates of 100,000 units, and some megabytes beyond the data.

        Args:
            rows: One number, or one row of k numbers, a unit. Units with several rows are to be summed before.
            units: The id of each row's unit: whole numbers or text.
            replicates: Even; 2,000 for an interval, more for small alphas.
            seed: Another one gives other weights, and nearly the same answer.
            centre: Roughly the columns' means; the same for all shards and arms that are to be added. Zeros by default.

        Raises:
            Invalid: If there isn't one unit a row, a number is missing, or a unit has two rows.

        Example:
            >>> shards = [Replicates.of([1, 2], ["a", "b"]), Replicates.of([3], ["c"])]
            >>> together = Replicates.of([3, 1, 2], ["c", "a", "b"])
            >>> bool(((shards[0] + shards[1]).sums == together.sums).all())
            True
        """
        checked_replicates(replicates)
        table = np.asarray(rows, dtype=np.float64)
        table = table[:, np.newaxis] if table.ndim == 1 else table
        keys = unit_keys(units)
        if table.ndim != 2 or keys.size != len(table) or not np.isfinite(table).all():
            raise Invalid(f"{keys.size} units and rows {table.shape}, or a number is missing: give one row a unit")
        if np.unique(keys).size != keys.size:
            raise Invalid("a unit has two rows: sum its rows before, one row a unit")
        k = table.shape[1]
        middle = np.zeros(k) if centre is None else np.ravel(np.asarray(centre, dtype=np.float64))
        if middle.size != k:
            raise Invalid(f"centre of {middle.size} columns for {k}: give one number a column")
        shifted = table - middle
        upper = np.triu_indices(k)
        columns = np.column_stack((np.ones(len(table)), shifted, shifted[:, upper[0]] * shifted[:, upper[1]]))
        held = np.zeros((replicates, columns.shape[1]))
        for part, first, last in chunks(len(table), replicates):
            held[first:last] += weights(keys[part], first, last, seed=seed).astype(np.float64) @ columns[part]
        squares = np.zeros((replicates, k, k))
        squares[:, upper[0], upper[1]] = squares[:, upper[1], upper[0]] = held[:, 1 + k :]
        totals = (shifted.sum(axis=0), shifted.T @ shifted, np.einsum("ni,nj,nl->ijl", shifted, shifted, shifted))
        return cls(seed, middle, held[:, 0], held[:, 1 : 1 + k], squares, len(table), totals)

    def __add__(self, other: "Replicates") -> "Replicates":
        """Pool two disjoint shards of an arm.

        Raises:
            Invalid: If they have another seed, centre or number of replicates.
        """
        if self.seed != other.seed or self.sums.shape != other.sums.shape or (self.centre != other.centre).any():
            raise Invalid("replicates of another seed, centre, or number can't be added: make all shards alike")
        first, second, third = (mine + yours for mine, yours in zip(self.totals, other.totals, strict=True))
        return Replicates(
            self.seed,
            self.centre,
            self.weights + other.weights,
            self.sums + other.sums,
            self.squares + other.squares,
            self.count + other.count,
            (first, second, third),
        )

    @property
    def mean(self) -> Array:
        """The columns' means."""
        return self.centre + self.totals[0] / self.count

    def covariance(self) -> Array:
        """Return the covariance of the columns, over n: variances of a mean are this over n."""
        gap = self.totals[0] / self.count
        return self.totals[1] / self.count - np.outer(gap, gap)

    def skew(self, direction: Array) -> float:
        """Return the mean cube of a linear combination of the columns about its mean."""
        first, second, third = self.totals
        gap = float(direction @ first) / self.count
        square = float(direction @ second @ direction) / self.count
        cube = float(np.einsum("ijl,i,j,l->", third, direction, direction, direction)) / self.count
        return cube - 3 * gap * square + 2 * gap**3

    def means(self) -> Array:
        """Return the columns' means, by replicate; not a number where no unit counts."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.centre + self.sums / self.weights[:, np.newaxis]

    def covariances(self) -> Array:
        """Return the covariance of the columns, by replicate."""
        with np.errstate(invalid="ignore", divide="ignore"):
            gap = self.sums / self.weights[:, np.newaxis]
            return (
                self.squares / self.weights[:, np.newaxis, np.newaxis] - gap[:, :, np.newaxis] * gap[:, np.newaxis, :]
            )
