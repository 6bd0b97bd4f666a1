"""Regression adjustment (CUPED): the part of the noise that was there before the experiment.

Covariates measured before exposure can't have been moved by the treatment. What they predict of the
metric is subtracted from both arms, which narrows the interval without moving what it estimates.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twyman.kernel.errors import Invalid, nearest
from twyman.stats.difference import means
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.moments import ROUNDING, Moments
from twyman.stats.pair import NO_VARIATION, Pair, welch_df
from twyman.stats.ratio import linearised, ratios

ALONE = 1e-10
"""A covariate of which the others leave a smaller share unexplained says nothing of its own."""

THETAS = ("per_arm", "pooled", "pooled_within")

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Adjusted:
    """Two adjusted means, and what the adjustment did.

    Attributes:
        pair: The adjusted means and their joint covariance.
        theta: Slopes in treatment and control, one a covariate; 0 where it was dropped.
        correlation: Of the metric with the covariates, over both arms (signed where there is one
            covariate, the multiple correlation where there are several); `None` for a ratio, or where
            slopes were given.
        correlations: The same for each covariate by itself; `None` for a ratio or a dropped one.
        used: Which covariates were used, counted from 0.
        dropped: Which were not, and why.
        variance_reduction: 1 - adjusted variance / raw variance of the difference. Negative where
            covariates say less than they cost.
    """

    pair: Pair
    theta: tuple[Vector, Vector]
    correlation: float | None
    correlations: tuple[float | None, ...]
    used: tuple[int, ...]
    dropped: tuple[tuple[int, NotEstimable], ...]
    variance_reduction: float


def adjusted(
    treatment: Moments,
    control: Moments,
    *,
    own: int = 1,
    theta: str | Sequence[float] = "per_arm",
    test: str = "welch",
    everyone: Moments | None = None,
) -> Adjusted | NotEstimable:
    """Compare two means or ratios, adjusted for covariates.

    Holds for covariates that the treatment can't have touched. Where none is usable, this is the
    unadjusted comparison, to the last digit.

    Args:
        treatment: Moments of the metric's own columns, then of the covariates.
        control: The same of control.
        own: How many columns are the metric's own: 1, or 2 for a ratio (numerator, denominator).
        theta: `per_arm`: each arm has slopes of its own, and covariates' means over all arms are
            themselves estimates; `pooled`: one set of slopes from both arms thrown together, as in
            the original paper (a treatment effect bends them a little); `pooled_within`: one set from
            the variation within arms; or numbers, one a covariate, where slopes were found elsewhere.
        test: `welch`, or `wald` for normal quantiles (`score` is the same).
        everyone: Moments over all arms, for the covariates' means and spread of `per_arm`; the two
            arms together where left out.

    Returns:
        The adjusted pair; or why not, where even the raw comparison can't be made or no unit
        differs from what covariates predict.

    Raises:
        Invalid: If there is no such theta or test, or columns don't match.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(1)
        >>> before = rng.normal(10, 2, size=400)
        >>> after = before + rng.normal(0, 1, size=400)
        >>> rows = np.column_stack([after, before])
        >>> answer = adjusted(Moments.of(rows[:200]), Moments.of(rows[200:]))
        >>> answer.used, answer.variance_reduction > 0.7
        ((0,), True)

    References:
        Deng, A., Xu, Y., Kohavi, R. and Walker, T. (2013). Improving the sensitivity of online
        controlled experiments by utilizing pre-experiment data. WSDM 2013.
        Lin, W. (2013). Agnostic notes on regression adjustments to experimental data. Annals of
        Applied Statistics 7.
        Negi, A. and Wooldridge, J. M. (2021). Revisiting regression adjustment in experiments with
        heterogeneous treatment effects. Econometric Reviews 40.

    See docs/explanation/adjustment.md.
    """
    _check(treatment, control, everyone, own=own, theta=theta, test=test)
    raw = (ratios if own == 2 else means)(treatment.columns(*range(own)), control.columns(*range(own)), test=test)
    if isinstance(raw, NotEstimable):
        return raw
    arms = (_one_outcome(treatment, own), _one_outcome(control, own))
    k = arms[0].means.size - 1
    known = None if isinstance(theta, str) else np.asarray(theta, dtype=np.float64)
    used, dropped = _usable(arms) if known is None else (tuple(range(k)), ())
    if not used:
        none = np.zeros(k)
        return Adjusted(raw, (none, none), None, (None,) * k, (), dropped, 0.0)
    chosen = (arms[0].columns(0, *(1 + j for j in used)), arms[1].columns(0, *(1 + j for j in used)))
    slopes = (known, known) if known is not None else _fitted(chosen, theta)
    if theta == "per_arm":
        over_all = everyone or treatment + control
        pair = _per_arm(chosen, slopes, over_all.columns(*(own + j for j in used)), raw)
    else:
        pair = _pooled(chosen, slopes[0], raw)
    if pair.contrast().se ** 2 <= ROUNDING * raw.contrast().se ** 2:
        return NO_VARIATION
    told = own == 1 and known is None
    return Adjusted(
        pair=pair,
        theta=(_spread_out(slopes[0], used, k), _spread_out(slopes[1], used, k)),
        correlation=_correlation(chosen) if told else None,
        correlations=_correlations(arms, used) if told else (None,) * k,
        used=used,
        dropped=dropped,
        variance_reduction=1 - (pair.contrast().se / raw.contrast().se) ** 2,
    )


def _fitted(arms: tuple[Moments, Moments], theta: str | Sequence[float]) -> tuple[Vector, Vector]:
    """Return the slopes in treatment and in control."""
    if theta == "per_arm":
        return _slopes(arms[0]), _slopes(arms[1])
    shared = _slopes(_thrown_together(arms, within=theta == "pooled_within"))
    return shared, shared


def _per_arm(arms: tuple[Moments, Moments], slopes: tuple[Vector, Vector], everyone: Moments, raw: Pair) -> Pair:
    """Adjust each arm to the covariates' means over all arms, by slopes of its own."""
    spread = everyone.covariance() / everyone.count
    k = everyone.means.size
    own, adjusted_means = list[float](), list[float]()
    for arm, theta in zip(arms, slopes, strict=True):
        residual = max(float(arm.products[0, 0] - theta @ arm.products[1:, 0]), 0.0)
        own.append(residual / (arm.count - k - 1) / arm.count)
        adjusted_means.append(float(arm.means[0] - theta @ (arm.means[1:] - everyone.means)))
    variances = [v + float(theta @ spread @ theta) for v, theta in zip(own, slopes, strict=True)]
    return Pair(
        treatment=adjusted_means[0],
        control=adjusted_means[1],
        treatment_variance=variances[0],
        control_variance=variances[1],
        covariance=float(slopes[0] @ spread @ slopes[1]),
        df=_df(raw, own, (arms[0].count - k - 1, arms[1].count - k - 1)),
        treatment_units=raw.treatment_units,
        control_units=raw.control_units,
        method="cuped-per-arm",
    )


def _pooled(arms: tuple[Moments, Moments], theta: Vector, raw: Pair) -> Pair:
    """Adjust both arms to the covariates' mean over the two, by common slopes.

    The difference's variance is that of Welch's test on the adjusted values.
    """
    treatment, control = arms
    share = treatment.count / (treatment.count + control.count)
    v, c, x, own = list[float](), list[float](), list[float](), list[float]()
    for arm in arms:
        covariance = arm.covariance() / arm.count
        v.append(float(covariance[0, 0]))
        c.append(float(theta @ covariance[1:, 0]))
        x.append(float(theta @ covariance[1:, 1:] @ theta))
        own.append(max(v[-1] - 2 * c[-1] + x[-1], 0.0))
    rest, both = 1 - share, x[0] + x[1]
    gap = float(theta @ (treatment.means[1:] - control.means[1:]))
    return Pair(
        treatment=float(treatment.means[0]) - rest * gap,
        control=float(control.means[0]) + share * gap,
        treatment_variance=v[0] - 2 * rest * c[0] + rest * rest * both,
        control_variance=v[1] - 2 * share * c[1] + share * share * both,
        covariance=share * c[0] + rest * c[1] - share * rest * both,
        df=_df(raw, own, (treatment.count - 1, control.count - 1)),
        treatment_units=raw.treatment_units,
        control_units=raw.control_units,
        method="cuped-pooled",
    )


def _df(raw: Pair, own: list[float], df: tuple[int, int]) -> float | None:
    if raw.df is None or not (own[0] or own[1]):
        return raw.df
    return welch_df((own[0], df[0]), (own[1], df[1]))


def _one_outcome(arm: Moments, own: int) -> Moments:
    """Return the arm with one outcome column, a ratio being replaced by its linearisation."""
    if own == 1:
        return arm
    linear = linearised(arm)
    if isinstance(linear, NotEstimable):  # the raw comparison has been refused before
        raise Invalid(linear.text)
    return linear


def _thrown_together(arms: tuple[Moments, Moments], *, within: bool) -> Moments:
    both = arms[0] + arms[1]
    return Moments(both.count, both.means, arms[0].products + arms[1].products) if within else both


def _slopes(arm: Moments) -> Vector:
    """Return the least-squares slopes of the first column on the others, each column scaled first."""
    scale = np.sqrt(np.diagonal(arm.products)[1:])
    scaled = arm.products[1:, 1:] / np.outer(scale, scale)
    return np.linalg.solve(scaled, arm.products[1:, 0] / scale) / scale


def _usable(arms: tuple[Moments, Moments]) -> tuple[tuple[int, ...], tuple[tuple[int, NotEstimable], ...]]:
    """Keep covariates in their order, each of which says something that those before it don't, in both arms."""
    used: list[int] = []
    dropped: list[tuple[int, NotEstimable]] = []
    for j in range(arms[0].means.size - 1):
        reason = next(_objections(arms, used, j), None)
        if reason:
            dropped.append((j, reason))
        else:
            used.append(j)
    return tuple(used), tuple(dropped)


def _objections(arms: tuple[Moments, Moments], used: list[int], j: int) -> Iterator[NotEstimable]:
    for arm in arms:
        if not arm.varies(1 + j):
            yield NotEstimable(
                Cause.CONSTANT, "the covariate is one constant in an arm, so it predicts nothing: left out"
            )
        elif arm.count < len(used) + 4:
            yield NotEstimable(
                Cause.TOO_FEW_UNITS, f"{arm.count} units are too few for {len(used) + 1} covariates: left out"
            )
        elif _unexplained(arm, used, j) < ALONE:
            yield NotEstimable(Cause.COLLINEAR, "covariates before it say the same: left out")


def _unexplained(arm: Moments, used: list[int], j: int) -> float:
    """Return the share of a covariate's variance that those used before it leave."""
    if not used:
        return 1.0
    columns = arm.columns(1 + j, *(1 + i for i in used))
    explained = float(_slopes(columns) @ columns.products[1:, 0])
    return 1 - explained / float(columns.products[0, 0])


def _correlation(arms: tuple[Moments, Moments]) -> float | None:
    both = arms[0] + arms[1]
    if not both.varies():
        return None
    explained = float(_slopes(both) @ both.products[1:, 0]) / float(both.products[0, 0])
    size = math.sqrt(min(max(explained, 0.0), 1.0))
    return math.copysign(size, float(both.products[1, 0])) if both.means.size == 2 else size


def _correlations(arms: tuple[Moments, Moments], used: tuple[int, ...]) -> tuple[float | None, ...]:
    pairs = ((arms[0].columns(0, 1 + j), arms[1].columns(0, 1 + j)) for j in range(arms[0].means.size - 1))
    return tuple(_correlation(pair) if j in used else None for j, pair in enumerate(pairs))


def _spread_out(slopes: Vector, used: tuple[int, ...], k: int) -> Vector:
    placed = np.zeros(k)
    placed[list(used)] = slopes
    return placed


def _check(
    treatment: Moments, control: Moments, everyone: Moments | None, *, own: int, theta: str | Sequence[float], test: str
) -> None:
    sizes = {arm.means.size for arm in (treatment, control, everyone or control)}
    if len(sizes) > 1 or own not in (1, 2) or min(sizes) < own:
        raise Invalid(
            f"moments of {sorted(sizes)} columns, {own} of them the metric's own, don't match: reduce all alike"
        )
    if isinstance(theta, str):
        if theta not in THETAS:
            raise Invalid(f"there is no theta '{theta}': {nearest(theta, THETAS)}")
    elif len(theta) != min(sizes) - own or not all(math.isfinite(slope) for slope in theta):
        raise Invalid(f"slopes {list(theta)} don't match {min(sizes) - own} covariates: give one number of each")
    if test not in ("welch", "wald", "score"):
        raise Invalid(f"there is no adjusted test '{test}': {nearest(test, ('welch', 'wald', 'score'))}")
