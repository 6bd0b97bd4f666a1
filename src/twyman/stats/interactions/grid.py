"""The cells of two overlapping experiments: one mean and its variance for every pair of arms.

The first index is the arm of the one experiment, the second that of the other; arm 0 is the
control of each. Cells hold different units, so their means are independent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import pinvh

from twyman.kernel.errors import Invalid, nearest
from twyman.stats.estimate import NotEstimable
from twyman.stats.moments import Moments
from twyman.stats.ratio import linearised

Vector = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Means of all cells, with what is known of their errors.

    Attributes:
        counts: Units by cell.
        means: Mean (or ratio) by cell; 0 where a cell is unusable.
        variances: Squared standard error by cell.
        usable: Whether a cell has a mean with a measurable error: two units, and a denominator.

    See docs/explanation/interactions-and-segments.md .
    """

    counts: Counts
    means: Vector
    variances: Vector
    usable: NDArray[np.bool_]


def grid(cells: Sequence[Sequence[Moments]], *, own: int = 1, covariates: bool = False, variance: str = "hc2") -> Grid:
    """Reduce the cells' moments to a mean and a variance each.

    Covariates are adjusted for by one set of slopes, from the variation within cells: the same in
    every cell, so that contrasts of cells stay those of the metric.

    Args:
        cells: Moments by arm of the one and arm of the other experiment, controls first.
        own: How many columns are the metric's own: 1, or 2 for a ratio (numerator, denominator).
        covariates: Whether the columns after these are covariates to adjust for.
        variance: `hc2`: each cell's own variance over its units, which is what HC2 of the saturated
            regression amounts to; `hc0`, `hc1`, `hc3`: its relatives; `const`: one variance for all cells.

    Raises:
        Invalid: If the table isn't full, columns differ, or there is no such variance.

    See docs/explanation/interactions-and-segments.md .
    """
    table = [list(row) for row in cells]
    widths, columns = {len(row) for row in table}, {cell.means.size for row in table for cell in row}
    if len(widths) != 1 or len(columns) != 1 or min(columns) < own or own not in (1, 2):
        raise Invalid(
            f"cells of rows of {sorted(widths)} with {sorted(columns)} columns make no table: give one cell for "
            "every pair of arms (empty ones too), all of the same columns"
        )
    if variance not in VARIANCES:
        raise Invalid(f"there is no variance '{variance}': {nearest(variance, VARIANCES)}")
    linear = [_one_outcome(cell, own) for row in table for cell in row]
    usable = np.array([isinstance(cell, Moments) and cell.count >= 2 for cell in linear])
    kept = [cell for cell, good in zip(linear, usable, strict=True) if good and isinstance(cell, Moments)]
    means, squares = np.zeros(len(linear)), np.zeros(len(linear))
    if kept:
        means[usable], squares[usable] = _adjusted(kept) if covariates else _plain(kept)
    counts = np.array([cell.count for row in table for cell in row], dtype=np.int64)
    spread = np.zeros(len(linear))
    spread[usable] = VARIANCES[variance](squares[usable], counts[usable].astype(np.float64))
    shape = (len(table), widths.pop())
    return Grid(counts.reshape(shape), means.reshape(shape), spread.reshape(shape), usable.reshape(shape))


def _one_outcome(cell: Moments, own: int) -> Moments | NotEstimable:
    return linearised(cell) if own == 2 and cell.count else cell


def _plain(cells: list[Moments]) -> tuple[Vector, Vector]:
    return np.array([cell.means[0] for cell in cells]), np.array([cell.products[0, 0] for cell in cells])


def _adjusted(cells: list[Moments]) -> tuple[Vector, Vector]:
    """Return means and squares of what covariates leave, centred at the covariates' mean over all cells."""
    products = np.sum([cell.products for cell in cells], axis=0)
    everyone = sum((cell.means * cell.count for cell in cells), np.zeros(products.shape[0])) / sum(
        cell.count for cell in cells
    )
    scale = np.sqrt(np.maximum(np.diagonal(products), 0.0))
    scale[scale == 0] = 1.0
    scaled = products / np.outer(scale, scale)
    inverse: Vector = np.asarray(pinvh(scaled[1:, 1:], rtol=1e-10), dtype=np.float64)
    theta = inverse @ scaled[1:, 0] * scale[0] / scale[1:]
    weights = np.concatenate(([1.0], -theta))
    means = [cell.means[0] - theta @ (cell.means[1:] - everyone[1:]) for cell in cells]
    squares = [max(float(weights @ cell.products @ weights), 0.0) for cell in cells]
    return np.array(means), np.array(squares)


class CellVariance(Protocol):
    """From centred squares and counts of cells: the variance of each mean."""

    def __call__(self, squares: Vector, counts: Vector, /) -> Vector:
        """Return the variance of each mean."""
        ...


def _hc1(squares: Vector, counts: Vector) -> Vector:
    n = counts.sum()
    return squares / counts**2 * n / (n - counts.size)


def _const(squares: Vector, counts: Vector) -> Vector:
    return squares.sum() / (counts.sum() - counts.size) / counts


VARIANCES: Mapping[str, CellVariance] = {
    "hc2": lambda squares, counts: squares / (counts - 1) / counts,
    "hc0": lambda squares, counts: squares / counts**2,
    "hc1": _hc1,
    "hc3": lambda squares, counts: squares / (counts - 1) ** 2,
    "const": _const,
}
