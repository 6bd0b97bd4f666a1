"""Two arms' means, ratios, or any function of sums, by the bootstrap; and their quantiles."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twyman.kernel.errors import Invalid, nearest
from twyman.stats.estimate import Cause, Estimate, NotEstimable, checked_alpha
from twyman.stats.quantile.sample import ByRank, position
from twyman.stats.resampling.interval import KINDS, Distribution, answer
from twyman.stats.resampling.replicates import Replicates
from twyman.stats.resampling.weights import checked_replicates, unit_keys, weights

Array = NDArray[np.float64]
Statistic = Callable[[Array], Array]
"""From the columns' means, on the last axis, to a number."""

STATISTICS: Mapping[str, Statistic] = {
    "mean": lambda means: means[..., 0],
    "ratio": lambda means: means[..., 0] / means[..., 1],
}


def bootstrap(
    treatment: Replicates,
    control: Replicates,
    *,
    statistic: str | Statistic = "mean",
    scale: str = "absolute",
    kind: str = "studentised",
    alpha: float = 0.05,
) -> Estimate | NotEstimable:
    """Compare a statistic of two arms by the Poisson bootstrap.

    Holds for independent units and smooth statistics, skewed ones included, from some hundred units an arm. It breaks
    where single units carry a sum (cap them), and no number of replicates mends that.

    Args:
        treatment: Replicates of the treated units.
        control: The same of control, with the same seed. A unit in both arms has the same weights in both.
        statistic: `mean` of the first column; `ratio` of the first column's sum to the second's; or a function of the
            columns' means, vectorised over all axes but the last.
        scale: `absolute`: treatment minus control; `relative`: as a share of the control's size.
        kind: `studentised`, `bca` or `percentile`. The first two are second-order exact; the last needs most units.
        alpha: Error of the two-sided interval.

    Returns:
        The estimate; its interval excludes zero exactly when its p-value is below alpha, and no p-value is below
        2 / (replicates + 1). Or why not.

    Raises:
        Invalid: If there is no such statistic, scale or kind, or replicates don't match.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> revenue = rng.lognormal(1, 1, size=(2, 500)) + np.array([[0.6], [0.0]])
        >>> arms = [Replicates.of(revenue[i], np.arange(500) + 500 * i) for i in (0, 1)]
        >>> effect = bootstrap(arms[0], arms[1])
        >>> effect.lower < 0.6 < effect.upper
        True

    References:
        Efron, B. and Tibshirani, R. J. (1993). An Introduction to the Bootstrap. Chapman & Hall.
        Davison, A. C. and Hinkley, D. V. (1997). Bootstrap Methods and their Application. Cambridge University Press.

    See docs/explanation/caps-ranks-and-bootstrap.md
    """
    checked_alpha(alpha)
    function = _statistic(statistic)
    _check(treatment, control, scale, kind)
    if min(treatment.count, control.count) < 2:
        return NotEstimable(Cause.TOO_FEW_UNITS, "an arm has fewer than two units: wait for more")
    name = statistic if isinstance(statistic, str) else "statistic"
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        known = _distribution(treatment, control, function)
        if not math.isfinite(known.estimate):
            return NotEstimable(Cause.NO_DENOMINATOR, "the statistic isn't a number in one arm: check its denominator")
        if scale == "relative":
            relative = _relative(treatment, control, function)
            if not math.isfinite(relative.estimate):
                return NotEstimable(Cause.BASELINE_ZERO, "the control is zero, and nothing can be a share of it")
            known = relative
    return answer(replace(known, scale=scale, method=name), alpha=alpha, kind=kind)


def _statistic(statistic: str | Statistic) -> Statistic:
    if not isinstance(statistic, str):
        return statistic
    if statistic not in STATISTICS:
        raise Invalid(f"there is no statistic '{statistic}': {nearest(statistic, STATISTICS)}")
    return STATISTICS[statistic]


def _check(treatment: Replicates, control: Replicates, scale: str, kind: str) -> None:
    if scale not in ("absolute", "relative"):
        raise Invalid(f"there is no scale '{scale}': {nearest(scale, ['absolute', 'relative'])}")
    if kind not in KINDS:
        raise Invalid(f"there is no bootstrap '{kind}': {nearest(kind, KINDS)}")
    if treatment.seed != control.seed or treatment.sums.shape != control.sums.shape:
        raise Invalid("arms have replicates of another seed or number: make both alike")


def _gradient(function: Statistic, means: Array, steps: Array) -> Array:
    """Return the slopes of a statistic in each column's mean, by central differences."""
    slopes = np.empty_like(means)
    for j, step in enumerate(steps):
        up, down = means.copy(), means.copy()
        up[..., j] += step
        down[..., j] -= step
        slopes[..., j] = (function(up) - function(down)) / (up[..., j] - down[..., j])
    return slopes


def _arm(arm: Replicates, function: Statistic) -> tuple[float, Array, tuple[Array, Array], tuple[float, float]]:
    """Return the statistic; it, its variance by replicate; its variance and third moment."""
    spread = arm.covariance()
    steps = 1e-5 * np.sqrt(np.maximum(np.diagonal(spread), 0)) + 1e-9 * (np.abs(arm.mean) + 1e-300)
    slopes, replicate_slopes = (_gradient(function, means, steps) for means in (arm.mean, arm.means()))
    value = float(function(arm.mean))
    replicate_variance = np.einsum("ri,rij,rj->r", replicate_slopes, arm.covariances(), replicate_slopes) / arm.weights
    variance = float(slopes @ spread @ slopes) / arm.count
    return value, slopes, (function(arm.means()), replicate_variance), (variance, arm.skew(slopes) / arm.count**2)


def _distribution(treatment: Replicates, control: Replicates, function: Statistic) -> Distribution:
    return _combined(treatment, control, function, lambda t, c: t - c, lambda t, c: (t * 0 + 1, c * 0 - 1))


def _relative(treatment: Replicates, control: Replicates, function: Statistic) -> Distribution:
    return _combined(
        treatment, control, function, lambda t, c: (t - c) / abs(c), lambda t, c: (1 / abs(c), -t / (c * abs(c)))
    )


def _combined(
    treatment: Replicates,
    control: Replicates,
    function: Statistic,
    effect: Callable[[Array, Array], Array],
    slopes: Callable[[Array, Array], tuple[Array, Array]],
) -> Distribution:
    value_t, _, (values_t, spreads_t), (variance_t, cube_t) = _arm(treatment, function)
    value_c, _, (values_c, spreads_c), (variance_c, cube_c) = _arm(control, function)
    at_t, at_c = np.asarray(value_t), np.asarray(value_c)
    by_t, by_c = (float(slope) for slope in slopes(at_t, at_c))
    many_t, many_c = slopes(values_t, values_c)
    variance = by_t**2 * variance_t + by_c**2 * variance_c
    cube = by_t**3 * cube_t + by_c**3 * cube_c
    return Distribution(
        estimate=float(effect(at_t, at_c)),
        replicates=effect(values_t, values_c),
        se=math.sqrt(max(variance, 0.0)),
        replicate_se=np.sqrt(np.maximum(many_t**2 * spreads_t + many_c**2 * spreads_c, 0.0)),
        acceleration=cube / (6 * variance**1.5) if variance > 0 else None,
    )


def quantile_replicates(
    values: ArrayLike, units: ArrayLike, q: float, *, replicates: int = 2000, seed: int = 0
) -> tuple[float, Array]:
    """Return a quantile (of kind 1), and what it is in each replicate.

    All values of a unit count together, so that clusters are taken care of. Shards don't add up: a quantile is no sum.

    Args:
        values: One number each.
        units: The id of each value's unit.
        q: Share of values below.
        replicates: Even.
        seed: Of the weights.

    Raises:
        Invalid: If there isn't one unit a value, or a value is missing.

    See docs/explanation/caps-ranks-and-bootstrap.md
    """
    checked_replicates(replicates)
    column, keys = np.ravel(np.asarray(values, dtype=np.float64)), unit_keys(units)
    if column.size != keys.size or not column.size or not np.isfinite(column).all():
        raise Invalid(f"{column.size} values of {keys.size} units, or one is missing: give each value its unit")
    order = np.argsort(column, kind="stable")
    column, keys = column[order], keys[order]
    found = np.empty(replicates)
    height = max(2, (1 << 21) // column.size // 2 * 2)
    for first in range(0, replicates, height):
        last = min(first + height, replicates)
        reached = np.cumsum(weights(keys, first, last, seed=seed), axis=1, dtype=np.int64)
        wanted = np.maximum(np.ceil(q * reached[:, -1] * (1 - 1e-15)), 1)
        places = (reached < wanted[:, np.newaxis]).sum(axis=1)
        found[first:last] = np.append(column, np.nan)[places]
    return position(column.size, q, kind=1).between(ByRank(column)), found


def bootstrap_quantiles(
    treatment: tuple[ArrayLike, ArrayLike],
    control: tuple[ArrayLike, ArrayLike],
    q: float,
    *,
    replicates: int = 2000,
    alpha: float = 0.05,
) -> Estimate | NotEstimable:
    """Compare the q-quantiles of two arms by the percentile bootstrap.

    Args:
        treatment: Values, and the id of each value's unit.
        control: The same of control.
        q: Share of values below, strictly between 0 and 1.
        replicates: Even.
        alpha: Error of the two-sided interval.

    Raises:
        Invalid: If there isn't one unit a value, a value is missing, or `q` isn't between 0 and 1.

    Example:
        >>> fast, slow = np.arange(100.0, 300.0), np.arange(110.0, 310.0)
        >>> effect = bootstrap_quantiles((fast, np.arange(200)), (slow, np.arange(200, 400)), 0.5)
        >>> effect.estimate
        -10.0

    See docs/explanation/caps-ranks-and-bootstrap.md
    """
    checked_alpha(alpha)
    if not 0 < q < 1:
        raise Invalid(f"quantile {q} has no interval: give a share between 0 and 1, such as 0.9")
    (value_t, first), (value_c, second) = (
        quantile_replicates(values, units, q, replicates=replicates) for values, units in (treatment, control)
    )
    known = Distribution(estimate=value_t - value_c, replicates=first - second, method=f"quantile {q:g}")
    return answer(known, alpha=alpha, kind="percentile")
