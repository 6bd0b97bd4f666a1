"""Quantiles at every look: one arm's interval, and whether two arms' quantiles differ.

Below the true p-quantile lies a share p of units, whatever the distribution: counting them is tossing
coins of known odds. These see values, and hold from the first unit on, for any distribution, with ties.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma

from twyman.kernel.errors import Invalid
from twyman.stats.anytime.bernoulli import concentration_for, rate_log_e
from twyman.stats.anytime.evalues import p_of_log_e
from twyman.stats.estimate import checked_alpha
from twyman.stats.roots import crossing

Vector = NDArray[np.float64]


def quantile_interval(values: ArrayLike, p: float, *, alpha: float = 0.05, tuned_for: float) -> tuple[float, float]:
    """Return the interval of a quantile, which holds at every look.

    Args:
        values: All values so far, in any order.
        p: Which quantile, between 0 and 1.
        alpha: Error over all looks.
        tuned_for: Values at which it is to be about narrowest, fixed before the data.

    Returns:
        Two of the values; minus or plus infinity where too few lie beyond.

    Raises:
        Invalid: If p or alpha lies outside 0 and 1, or a value is missing.

    Example:
        >>> quantile_interval(range(1, 1001), 0.5, tuned_for=1_000)
        (453.0, 548.0)

    References:
        Howard, S. R. and Ramdas, A. (2022). Sequential estimation of quantiles with applications to
        A/B testing and best-arm identification. Bernoulli 28.

    See docs/explanation/always-valid.md
    """
    ordered = _ordered(values, p)
    low, high = counts_below(p, ordered.size, alpha=alpha, tuned_for=tuned_for)
    first, last = math.ceil(low), math.floor(high) + 1
    return (
        float(ordered[first - 1]) if first >= 1 else -math.inf,
        float(ordered[last - 1]) if last <= ordered.size else math.inf,
    )


def counts_below(p: float, units: int, *, alpha: float = 0.05, tuned_for: float) -> tuple[float, float]:
    """Return between which counts the units below the true p-quantile stay, at every look.

    Raises:
        Invalid: If p or alpha lies outside 0 and 1, or units are negative.

    Example:
        >>> low, high = counts_below(0.5, 1_000, tuned_for=1_000)
        >>> f"{low:.2f} {high:.2f}"
        '452.05 547.95'

    See docs/explanation/always-valid.md
    """
    _check_share(p)
    if units < 0:
        raise Invalid(f"{units} units can't be: count from 0")
    wanted, concentration = -math.log(checked_alpha(alpha)), concentration_for(tuned_for)

    def excess(count: float) -> float:
        return rate_log_e(count, units, rate=p, concentration=concentration) - wanted

    middle = _likeliest(p, units, concentration)
    low = crossing(excess, 0.0, middle) if middle > 0 and excess(0.0) > 0 else 0.0
    high = crossing(excess, middle, units) if middle < units and excess(units) > 0 else float(units)
    return low, high


def quantile_difference_p(
    treatment: ArrayLike, control: ArrayLike, p: float, *, tuned_for: float, tuned_alpha: float = 0.05
) -> tuple[float, float | None]:
    """Return the always-valid p-value that two arms have the same p-quantile.

    Each value is tried as the common quantile: the bets of both arms against the one they can't refute
    together give the answer.

    Args:
        treatment: All values of the treatment so far, in any order.
        control: The same of control.
        p: Which quantile, between 0 and 1.
        tuned_for: Values an arm at which it is to be about strongest, fixed before the data.
        tuned_alpha: The error for which it is.

    Returns:
        The p-value, and its decimal logarithm where it is below 1e-300.

    Raises:
        Invalid: If p lies outside 0 and 1, a value is missing, or an arm is empty.

    Example:
        >>> f"{quantile_difference_p(range(1, 1001), range(86, 1086), 0.5, tuned_for=100)[0]:.6f}"
        '0.083805'

    References:
        Howard, S. R. and Ramdas, A. (2022), as in `quantile_interval`.

    See docs/explanation/always-valid.md
    """
    arms = _ordered(treatment, p), _ordered(control, p)
    if not min(arm.size for arm in arms):
        raise Invalid("an arm has no values, and so no quantile: wait until both have some")
    concentration = concentration_for(tuned_for, alpha=tuned_alpha)
    candidates = np.unique(np.concatenate(arms))
    log_e = sum(_refuted(arm, candidates, p, concentration) for arm in arms)
    return p_of_log_e(float(np.min(log_e)))


def _refuted(ordered: Vector, candidates: Vector, p: float, concentration: float) -> Vector:
    """Return the log e-value of one arm against each candidate: of the likeliest count that ties allow."""
    below = np.searchsorted(ordered, candidates, side="left")
    up_to = np.searchsorted(ordered, candidates, side="right")
    counts = np.clip(_likeliest(p, ordered.size, concentration), below, up_to)
    distinct, place = np.unique(counts, return_inverse=True)
    units = ordered.size
    return np.array([rate_log_e(float(c), units, rate=p, concentration=concentration) for c in distinct])[place]


def _likeliest(p: float, units: int, concentration: float) -> float:
    """Return the count, whole or not, that speaks least against p."""
    a, b, odds = concentration * p, concentration * (1 - p), math.log(p) - math.log1p(-p)

    def slope(count: float) -> float:
        return float(digamma(a + count) - digamma(b + units - count)) - odds

    if slope(0.0) >= 0:
        return 0.0
    return crossing(slope, 0.0, units) if slope(units) > 0 else float(units)


def _ordered(values: ArrayLike, p: float) -> Vector:
    _check_share(p)
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    if ordered.ndim != 1 or np.isnan(ordered).any():
        raise Invalid("values must be a list of numbers without gaps: leave out units without one")
    return ordered


def _check_share(p: float) -> None:
    if not 0 < p < 1:
        raise Invalid(f"there is no quantile {p}: give a share between 0 and 1, such as 0.9")
