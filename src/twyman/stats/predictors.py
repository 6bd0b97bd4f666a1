"""Columns made of what was known before the experiment, ready to be adjusted for.

Units are never dropped because a covariate is missing, and a ratio's own past is one covariate
(or two: its numerator and denominator, which is at least as good).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twyman.kernel.errors import Invalid, nearest
from twyman.stats.estimate import NotEstimable
from twyman.stats.moments import Moments
from twyman.stats.ratio import linearised

Matrix = NDArray[np.float64]

AT = ("together", "arm")


def filled(values: ArrayLike, *, fill: float | None = None) -> Matrix:
    """Replace missing values of a covariate by a constant, and mark them in a second column.

    With the mark among the covariates the constant doesn't matter: units without a past are
    compared with each other. Use the same constant in all arms.

    Args:
        values: One number a unit, NaN where there is none.
        fill: The constant; where left out, the mean of those there are (0 where none is).

    Returns:
        Two columns: the covariate, and 1 where it was missing. Where none was, the second is
        constant, and an adjustment drops it.

    Raises:
        Invalid: If a value is infinite.

    Example:
        >>> filled([2.0, float("nan"), 4.0]).tolist()
        [[2.0, 0.0], [3.0, 1.0], [4.0, 0.0]]

    See docs/explanation/adjustment.md.
    """
    column = np.asarray(values, dtype=np.float64)
    if column.ndim != 1 or np.isinf(column).any():
        raise Invalid("a covariate must be one finite number a unit, or NaN: look how it is computed")
    missing = np.isnan(column)
    if fill is None:
        fill = float(column[~missing].mean()) if not missing.all() else 0.0
    return np.column_stack([np.where(missing, fill, column), missing.astype(np.float64)])


def with_missing(present: Moments, absent: Moments, *, fill: Sequence[float] | None = None) -> Moments:
    """Pool units that have covariates with units that have none, who get constants and a mark.

    Args:
        present: Moments of the metric's columns, then of the covariates.
        absent: Moments of the metric's columns, of units without covariates.
        fill: A constant for each covariate, the same in all arms; 0 where left out.

    Returns:
        Moments of the metric's columns, the covariates, and the mark: 1 for units without.

    Raises:
        Invalid: If columns don't match.

    Example:
        >>> known = Moments.of([[5, 2], [7, 4]])
        >>> pooled = with_missing(known, Moments.of([[6]]))
        >>> pooled.count, pooled.means.round(3).tolist()
        (3, [6.0, 2.0, 0.333])

    See docs/explanation/adjustment.md.
    """
    own, covariates = absent.means.size, present.means.size - absent.means.size
    constants = [0.0] * covariates if fill is None else list(fill)
    if covariates < 1 or len(constants) != covariates:
        raise Invalid(
            f"{present.means.size} columns, {own} of them of units without covariates, and {len(constants)} constants "
            "don't match: give the metric's columns for all, covariates and a constant of each for those who have any"
        )
    return _widened(present, 1, [0.0]) + _widened(absent, covariates + 1, [*constants, 1.0])


def pre_ratio(
    treatment: Moments, control: Moments, *, numerator: int, denominator: int, at: str = "together"
) -> tuple[Moments, Moments] | NotEstimable:
    """Replace a numerator and a denominator from before exposure by their linearised ratio.

    Args:
        treatment: Moments with both columns somewhere.
        control: The same of control.
        numerator: Which column is the numerator, counted from 0.
        denominator: Which is the denominator.
        at: `together`: the ratio of both arms, so that the covariate is one function of a unit's
            past; `arm`: each arm's own, as other packages do.

    Returns:
        Both arms' moments, the ratio standing last instead of the two; or why not.

    Raises:
        Invalid: If there is no such option or column.

    Example:
        >>> arm = Moments.of([[3, 1, 2], [4, 2, 2], [5, 3, 4]])
        >>> one, _ = pre_ratio(arm, arm, numerator=1, denominator=2)
        >>> one.means.tolist()
        [4.0, 0.75]

    See docs/explanation/adjustment.md.
    """
    if at not in AT:
        raise Invalid(f"there is no ratio at '{at}': {nearest(at, AT)}")
    k = treatment.means.size
    if numerator == denominator or not {numerator, denominator} <= set(range(k)) or control.means.size != k:
        raise Invalid(f"columns {numerator} and {denominator} aren't two of {k} in both arms: count from 0")
    others = [j for j in range(k) if j not in (numerator, denominator)]
    ordered = [arm.columns(numerator, denominator, *others) for arm in (treatment, control)]
    level = ordered[0] + ordered[1]
    made = [linearised(arm) if at == "arm" else _linear_at(arm, level) for arm in ordered]
    last = [*range(1, k - 1), 0]
    columns = [arm for arm in made if isinstance(arm, Moments)]
    refusal = next((arm for arm in made if isinstance(arm, NotEstimable)), None)
    return refusal or (columns[0].columns(*last), columns[1].columns(*last))


def _linear_at(arm: Moments, level: Moments) -> Moments | NotEstimable:
    known = linearised(level)
    if isinstance(known, NotEstimable):
        return known
    ratio, size = float(known.means[0]), float(level.means[1])
    k = arm.means.size
    weights = np.zeros((k - 1, k))
    weights[0, :2] = 1 / size, -ratio / size
    weights[1:, 2:] = np.eye(k - 2)
    shift = np.zeros(k - 1)
    shift[0] = ratio
    return Moments(arm.count, shift + weights @ arm.means, weights @ arm.products @ weights.T)


def _widened(arm: Moments, columns: int, constants: list[float]) -> Moments:
    """Return the moments with constant columns added at the end."""
    k = arm.means.size + columns
    products = np.zeros((k, k))
    products[: arm.means.size, : arm.means.size] = arm.products
    return Moments(arm.count, np.concatenate([arm.means, constants]), products)
