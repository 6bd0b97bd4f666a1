"""Always-valid answers for whole tables of fixed-horizon ones: many metrics, arms, segments and looks at once.

The methods for arrays take an alpha for each comparison and give a two-sided p-value for each. Going
in, `nominal_alphas` are those of the looks' bounds; coming out, `log_p_of_fixed` makes their p-values
always valid. Neither needs the comparisons themselves, nor their degrees of freedom.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri_exp

from twyman.kernel.errors import Invalid
from twyman.stats.anytime.boundary import FARTHEST
from twyman.stats.anytime.mixture import critical_values, log_p_values


def nominal_alphas(weight: ArrayLike, *, alpha: ArrayLike = 0.05, sides: int = 2) -> NDArray[np.float64]:
    """Return the fixed-horizon alpha of each look's bound, as `boundary.nominal_alpha` does of one.

    Args:
        weight: The mixture's variance in squared standard errors: `Asymptotic.weight(units)`.
        alpha: Error over all looks; shapes are broadcast.
        sides: With 1, only one end of the intervals so made is meant.

    Returns:
        Alphas; 0 at looks so early that the bound is beyond all data.

    Raises:
        Invalid: If a weight is negative, an alpha no probability, or sides aren't 1 or 2.

    Example:
        >>> nominal_alphas([0.001, 1.0, 8.0, 100.0]).round(5).tolist()
        [0.0, 0.00026, 0.0024, 0.00106]

    See docs/explanation/always-valid.md
    """
    bounds = critical_values(weight, alpha=alpha, sides=sides)
    return np.where(bounds < FARTHEST, 2 * ndtr(-bounds), 0.0)


def log_p_of_fixed(log_p: ArrayLike, weight: ArrayLike) -> NDArray[np.float64]:
    """Return the always-valid p-value of each fixed-horizon two-sided one; natural logarithms in and out.

    Args:
        log_p: Natural logarithm of the p-values of a single look, of whatever degrees of freedom.
        weight: As in `nominal_alphas`.

    Raises:
        Invalid: If a p-value is above 1, or a weight negative.

    Example:
        >>> np.exp(log_p_of_fixed(np.log([0.5, 0.01, 0.0024]), 8.0)).round(3).tolist()
        [1.0, 0.157, 0.05]

    See docs/explanation/always-valid.md
    """
    logs = np.asarray(log_p, dtype=np.float64)
    if (logs > 0).any():
        raise Invalid(f"logarithms of p-values {log_p} are above 0: give natural logarithms of numbers up to 1")
    return log_p_values(-np.asarray(ndtri_exp(logs - math.log(2)), dtype=np.float64), weight)
