"""What a launch would do, while other experiments run: combinations of cells, as they will be, not as they are.

The usual comparison of one experiment's arms averages over today's mix of the other's. Once the other
is launched or stopped, that mix is gone. Any such future is a weighting of cells.
"""

import numpy as np
from numpy.typing import ArrayLike

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import Cause, Contrast, NotEstimable
from twyman.stats.interactions.grid import Grid, Vector
from twyman.stats.pair import NO_VARIATION, Pair


def scenario(cells: Grid, weights: ArrayLike) -> Contrast | NotEstimable:
    """Return a weighted sum of cell means, with its standard error.

    Degrees of freedom are Satterthwaite's.

    Args:
        cells: Of two experiments.
        weights: By cell, in the same shape; any numbers.

    Returns:
        The contrast; or why not: it needs a cell that has too few units, or nothing varies.

    Raises:
        Invalid: If weights have another shape, or aren't finite.

    See docs/explanation/interactions-and-segments.md .
    """
    w = _checked(cells, weights)
    missing = _missing(cells, w)
    if missing:
        return missing
    parts = (w * w * cells.variances)[w != 0]
    if not parts.sum():
        return NO_VARIATION
    shares = parts / parts.sum()
    df = float(1 / np.sum(shares**2 / (cells.counts[w != 0] - 1)))
    return Contrast(float(np.sum(w * cells.means)), float(np.sqrt(parts.sum())), df)


def launched(cells: Grid, treatment: ArrayLike, control: ArrayLike) -> Pair | NotEstimable:
    """Compare one mix of cells with another: the two means of a launch decision, with their covariance.

    Absolute effect, lift and margins are then read off as from any other pair.

    Args:
        cells: Of two experiments.
        treatment: Shares of units that each cell's experience would get if launched; they add up to 1.
        control: The same if not.

    Returns:
        The two means; or why not: a cell that is needed has too few units, or nothing varies.

    Raises:
        Invalid: If shares have another shape, or don't add up to 1.

    Example:
        >>> from twyman.stats.interactions.grid import grid
        >>> from twyman.stats.moments import Moments
        >>> cells = grid([[Moments.of([1, 3]), Moments.of([2, 4])], [Moments.of([2, 4]), Moments.of([7, 9])]])
        >>> pair = launched(cells, [[0, 0], [0, 1]], [[1, 0], [0, 0]])
        >>> pair.treatment, pair.control
        (8.0, 2.0)

    See docs/explanation/interactions-and-segments.md .
    """
    new, old = _checked(cells, treatment), _checked(cells, control)
    if not np.allclose([new.sum(), old.sum()], 1.0, rtol=0, atol=1e-9):
        raise Invalid(f"shares add up to {new.sum():g} and {old.sum():g}: give shares of all units, adding up to 1")
    missing = _missing(cells, np.abs(new) + np.abs(old))
    if missing:
        return missing
    gap = scenario(cells, new - old)
    if isinstance(gap, NotEstimable):
        return gap
    return Pair(
        treatment=float(np.sum(new * cells.means)),
        control=float(np.sum(old * cells.means)),
        treatment_variance=float(np.sum(new * new * cells.variances)),
        control_variance=float(np.sum(old * old * cells.variances)),
        covariance=float(np.sum(new * old * cells.variances)),
        df=gap.df,
        treatment_units=int(cells.counts[new != 0].sum()),
        control_units=int(cells.counts[old != 0].sum()),
        method="cells",
    )


def conditional(cells: Grid, arm: int, *, other: int) -> Pair | NotEstimable:
    """Compare an arm of the first experiment with its control, among units of one arm of the other.

    Raises:
        Invalid: If there is no such arm.

    See docs/explanation/interactions-and-segments.md .
    """
    rows, columns = cells.means.shape
    if not (0 < arm < rows and 0 <= other < columns):
        raise Invalid(f"arm {arm} with arm {other} isn't in a table of {rows} by {columns}: count from 0, the control")
    new, old = np.zeros(cells.means.shape), np.zeros(cells.means.shape)
    new[arm, other] = old[0, other] = 1.0
    return launched(cells, new, old)


def _checked(cells: Grid, weights: ArrayLike) -> Vector:
    w = np.asarray(weights, dtype=np.float64)
    if w.shape != cells.means.shape or not np.isfinite(w).all():
        raise Invalid(f"weights of shape {w.shape} don't fit cells of shape {cells.means.shape}: give a number a cell")
    return w


def _missing(cells: Grid, needed: Vector) -> NotEstimable | None:
    holes = np.argwhere((needed != 0) & ~cells.usable)
    if not len(holes):
        return None
    a, b = (int(index) for index in holes[0])
    return NotEstimable(
        Cause.NOT_IDENTIFIABLE,
        f"cell ({a}, {b}) has {cells.counts[a, b]} units, and nothing else shows what arms {a} and {b} do together: "
        "run units in that cell",
    )
