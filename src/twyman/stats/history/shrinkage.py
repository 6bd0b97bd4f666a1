"""Past experiments lend each other strength: estimates pulled to what is usual, the noisy ones most."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twyman.kernel.errors import Invalid, nearest
from twyman.stats.bayes.prior import NormalPrior
from twyman.stats.chisquare import chi_square_tail
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.history.spread import ESTIMATORS, Vector, pooled_mean, q_statistic, typical_variance

ENOUGH = 6
"""Experiments from which a prior may be taken: with fewer, tau² is anyone's guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomEffects:
    """How effects spread over experiments, and what that makes of each.

    Attributes:
        mu: The usual effect.
        se: Its standard error.
        tau2: Variance of true effects around it.
        q, q_df, q_p, q_log10_p: Cochran's test that all effects are one, its degrees of freedom, its
            p-value, and that one's decimal logarithm where it is below 1e-300.
        i2: Share of the estimates' variation that isn't sampling error, 0 to 1.
        h2: Total variation over sampling variation.
        means: Each experiment's effect, pulled towards `mu` by the share of its variance that is noise.
        ses: Their standard errors, that of `mu` included.
        method: Estimator of `tau2`.

    See docs/explanation/shrinkage-and-exaggeration.md .
    """

    mu: float
    se: float
    tau2: float
    q: float
    q_df: int
    q_p: float
    q_log10_p: float | None
    i2: float
    h2: float
    means: tuple[float, ...]
    ses: tuple[float, ...]
    method: str


def random_effects(
    estimates: Sequence[float],
    ses: Sequence[float],
    *,
    method: str = "reml",
    tolerance: float | None = None,
    tau2: float | None = None,
) -> RandomEffects | NotEstimable:
    """Estimate how true effects spread, and shrink every estimate by it.

    Holds for independent experiments whose true effects are near normal around one mean. An archive
    of launched ones only is a selection, and its mean flatters; effects with fat tails make a normal
    prior pull real breakthroughs too far: compare `mixture_shrinkage`.

    Args:
        estimates: One a experiment, in one unit.
        ses: Their standard errors, all above zero.
        method: Of tau²: `reml`, `ml`, `eb` (empirical Bayes, the same equation as `pm`), `pm`
            (Paule-Mandel), `dl` (DerSimonian-Laird), `sj` (Sidik-Jonkman), `he` (Hedges), or `fe`,
            which sets it to zero.
        tolerance: Change of tau² at which `reml`, `ml` and `eb` stop; where left out they converge.
            R's metafor stops at 1e-5, whatever the unit: far too early for lifts, whose variances
            may be that small themselves.
        tau2: The spread, where it is known from elsewhere and not to be estimated.

    Returns:
        The answer; or why not, where there are fewer than two experiments.

    Raises:
        Invalid: If estimates and errors don't match, an error isn't positive, a known spread is negative,
            or there is no such method.

    Example:
        >>> past = random_effects([0.04, -0.01, 0.02, 0.00], [0.01, 0.01, 0.01, 0.02])
        >>> f"{past.mu:.4f} {past.tau2**0.5:.4f}", [f"{mean:.3f}" for mean in past.means]
        ('0.0138 0.0202', ['0.035', '-0.005', '0.019', '0.007'])

    References:
        Viechtbauer, W. (2005). Bias and efficiency of meta-analytic variance estimators in the
        random-effects model. Journal of Educational and Behavioral Statistics 30.
        Morris, C. N. (1983). Parametric empirical Bayes inference. JASA 78.

    See docs/explanation/shrinkage-and-exaggeration.md .
    """
    y, v = checked_history(estimates, ses)
    if y.size < 2:
        return too_few_experiments(y.size, 2)
    if tau2 is None:
        return _shrunken(y, v, _estimated(y, v, method, tolerance), method)
    if not 0 <= tau2 < math.inf:
        raise Invalid(f"a spread of {tau2} is none: give the variance of true effects, zero or more")
    return _shrunken(y, v, tau2, "known")


def _estimated(y: Vector, v: Vector, method: str, tolerance: float | None) -> float:
    if method not in ESTIMATORS:
        raise Invalid(f"there is no estimator '{method}': {nearest(method, ESTIMATORS)}")
    scale = float(v.mean())  # so that the smallest lifts and the largest sums meet no limit of floats
    enough = None if tolerance is None else tolerance / scale
    return max(0.0, ESTIMATORS[method](y / math.sqrt(scale), v / scale, enough)) * scale


def _shrunken(y: Vector, v: Vector, tau2: float, method: str) -> RandomEffects:
    mu, se = pooled_mean(y, v, tau2), 1 / math.sqrt(float(np.sum(1 / (v + tau2))))
    q, df = q_statistic(y, v), y.size - 1
    p, log10_p = chi_square_tail(q, df)
    typical = typical_variance(v)
    fixed = method == "fe"
    kept = tau2 / (tau2 + v)
    return RandomEffects(
        mu=mu,
        se=se,
        tau2=tau2,
        q=q,
        q_df=df,
        q_p=p,
        q_log10_p=log10_p,
        i2=max(0.0, 1 - df / q) if fixed and q else tau2 / (tau2 + typical),
        h2=q / df if fixed else tau2 / typical + 1,
        means=tuple(map(float, kept * y + (1 - kept) * mu)),
        ses=tuple(map(float, np.sqrt(kept * v + ((1 - kept) * se) ** 2))),
        method=method,
    )


def james_stein(estimates: Sequence[float], ses: Sequence[float], *, target: float = 0.0) -> tuple[float, ...]:
    """Shrink all estimates towards one target by one common share, never beyond it.

    Positive-part James and Stein, on standardised distances: better on the sum of squared errors than
    the estimates themselves from three on, whatever the truth. It pulls a precise estimate as
    much as a noisy one: `random_effects` doesn't.

    Args:
        estimates: One a experiment, three or more.
        ses: Their standard errors, all above zero.
        target: Where to shrink to, chosen before the data.

    Raises:
        Invalid: If there are fewer than three, or they don't match, or an error isn't positive.

    Example:
        >>> [f"{mean:.2f}" for mean in james_stein([3.0, 0.0, -1.0, 2.0], [1.0, 1.0, 1.0, 1.0])]
        ['2.57', '0.00', '-0.86', '1.71']

    References:
        James, W. and Stein, C. (1961). Estimation with quadratic loss. Fourth Berkeley Symposium 1.

    See docs/explanation/shrinkage-and-exaggeration.md .
    """
    y, v = checked_history(estimates, ses)
    if y.size < 3:
        raise Invalid(f"{y.size} estimates can't lend each other strength: give three or more")
    distance = float(np.sum((y - target) ** 2 / v))
    kept = max(0.0, 1 - (y.size - 2) / distance) if distance else 0.0
    return tuple(map(float, target + kept * (y - target)))


def default_prior(
    estimates: Sequence[float], ses: Sequence[float], *, scale: str = "relative", at_least: int = ENOUGH
) -> NormalPrior | NotEstimable:
    """Return what to believe of the next experiment on a metric, from those before it.

    Normal around the usual effect; its variance is tau² (REML) plus what isn't known of the usual effect.
    All experiments must be in it, flat and lost ones too.

    Args:
        estimates: Effects on the metric, one a experiment.
        ses: Their standard errors.
        scale: The unit of both: `relative` or `absolute`.
        at_least: Experiments that a prior needs.

    Returns:
        The prior; or why not, where there are too few.

    Raises:
        Invalid: If they don't match, or an error isn't positive, or there is no such scale.

    Example:
        >>> prior = default_prior([0.04, -0.01, 0.02, 0.0, 0.01, -0.02], [0.01] * 6)
        >>> f"{prior.mean:+.2%} ± {prior.sd:.2%}"
        '+0.67% ± 2.11%'

    See docs/explanation/shrinkage-and-exaggeration.md .
    """
    history = random_effects(estimates, ses)
    if isinstance(history, NotEstimable) or len(estimates) < at_least:
        return too_few_experiments(len(estimates), at_least)
    return NormalPrior(history.mu, math.sqrt(history.tau2 + history.se**2), scale)


def checked_history(estimates: Sequence[float], ses: Sequence[float]) -> tuple[Vector, Vector]:
    """Return estimates and their variances as arrays.

    Raises:
        Invalid: If they don't match, or one isn't finite, or an error isn't positive.
    """
    y, s = np.asarray(estimates, dtype=np.float64), np.asarray(ses, dtype=np.float64)
    if y.ndim != 1 or y.shape != s.shape:
        raise Invalid(f"estimates of shape {y.shape} and errors of shape {s.shape} don't match: give one error each")
    if not (np.isfinite(y).all() and np.isfinite(s).all() and (s > 0).all()):
        raise Invalid(
            "an estimate isn't finite, or its standard error isn't above zero: leave out what wasn't measured"
        )
    return y, s * s


def too_few_experiments(count: int, needed: int) -> NotEstimable:
    """Return why so few experiments say nothing about their spread."""
    return NotEstimable(
        Cause.TOO_FEW_UNITS,
        f"{count} experiments don't show how effects spread: collect {needed}, or state a prior",
    )
