"""Intervals from replicates: percentile, studentised, and bias-corrected and accelerated."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from twyman.stats.estimate import Cause, Estimate, NotEstimable
from twyman.stats.resampling.shares import at_share, share_at_least, share_at_most
from twyman.stats.tails import critical_value, upper_tail

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Distribution:
    """An effect, and what it was in each replicate.

    Attributes:
        estimate: The effect.
        replicates: By replicate.
        se: Its standard error by the delta method; `None` where there is none.
        replicate_se: The same in each replicate.
        acceleration: A sixth of the skewness of the effect's influence; `None` where it isn't known.
        scale: "absolute" or "relative".
        method: What the effect is of.
    """

    estimate: float
    replicates: Array
    se: float | None = None
    replicate_se: Array | None = None
    acceleration: float | None = None
    scale: str = "absolute"
    method: str = "bootstrap"


Ends = tuple[float, float, float]
"""Lower and upper end, and the two-sided p-value against zero."""


def percentile(known: Distribution, alpha: float) -> Ends | NotEstimable:
    """Read the ends off the replicates themselves."""
    ordered = np.sort(known.replicates)
    if alpha / 2 * (ordered.size + 1) <= 1:
        return _too_few(ordered.size, alpha)
    p_value = 2 * min(share_at_most(ordered, 0.0), share_at_least(ordered, 0.0))
    return at_share(ordered, alpha / 2), at_share(ordered, 1 - alpha / 2), p_value


def studentised(known: Distribution, alpha: float) -> Ends | NotEstimable:
    """Read critical values off the replicates' own t statistics: the most exact for skewed means and ratios."""
    if known.se is None or known.replicate_se is None or not known.se > 0:
        return NotEstimable(Cause.NO_VARIATION, "the effect has no standard error to divide by: use percentile or bca")
    varied = known.replicate_se > 0
    statistics = np.sort((known.replicates[varied] - known.estimate) / known.replicate_se[varied])
    if alpha / 2 * (statistics.size + 1) <= 1:
        return _too_few(statistics.size, alpha)
    seen = known.estimate / known.se
    p_value = 2 * min(share_at_least(statistics, seen), share_at_most(statistics, seen))
    low, high = at_share(statistics, alpha / 2), at_share(statistics, 1 - alpha / 2)
    return known.estimate - high * known.se, known.estimate - low * known.se, p_value


def bca(known: Distribution, alpha: float) -> Ends | NotEstimable:
    """Shift the percentiles for the replicates' bias and skewness (Efron's BCa)."""
    if known.acceleration is None:
        return NotEstimable(Cause.NO_VARIATION, "the effect has no known skewness: use percentile")
    ordered, a = np.sort(known.replicates), known.acceleration
    middle = (share_at_most(ordered, known.estimate) + 1 - share_at_least(ordered, known.estimate)) / 2
    bias = float(ndtri(middle))
    z = critical_value(alpha / 2)
    stretch = [1 - a * (bias + side * z) for side in (-1, 1)]
    if not 0 < middle < 1 or min(stretch) <= 0:
        return TOO_SKEWED
    low, high = (upper_tail(-bias - (bias + side * z) / by) for side, by in zip((-1, 1), stretch, strict=True))
    if min(low, 1 - high) * (ordered.size + 1) <= 1:
        return _too_few(ordered.size, alpha)
    below = _shifted(share_at_most(ordered, 0.0), bias, a)
    above = _shifted(1 - share_at_least(ordered, 0.0), bias, a)
    return at_share(ordered, low), at_share(ordered, high), 2 * min(upper_tail(-below), upper_tail(above))


def _shifted(share: float, bias: float, a: float) -> float:
    """Return the normal deviate whose shifted percentile is a share."""
    if share in (0.0, 1.0):
        return math.copysign(math.inf, share - 0.5)
    w = float(ndtri(share)) - bias
    return w / (1 + a * w) - bias if 1 + a * w > 0 else math.copysign(math.inf, w)


TOO_SKEWED = NotEstimable(
    Cause.TOO_EXTREME, "the effect is too skewed, or too biased, for bca: cap the metric, or use studentised"
)

KINDS: Mapping[str, Callable[[Distribution, float], Ends | NotEstimable]] = {
    "percentile": percentile,
    "studentised": studentised,
    "bca": bca,
}


def answer(known: Distribution, *, alpha: float, kind: str) -> Estimate | NotEstimable:
    """Return the estimate with the interval of a kind, and the p-value that agrees with it."""
    if not np.isfinite(known.replicates).all():
        return NotEstimable(
            Cause.TOO_FEW_UNITS, "in some replicates there is no unit or no denominator: wait for more units"
        )
    spread = float(known.replicates.std(ddof=1))
    if not spread > 0:
        return NotEstimable(Cause.NO_VARIATION, "all replicates are the same: check that the metric is recorded")
    ends = KINDS[kind](known, alpha)
    if isinstance(ends, NotEstimable):
        return ends
    p_value = min(1.0, ends[2])
    return Estimate(
        estimate=known.estimate,
        se=spread,
        lower=ends[0],
        upper=ends[1],
        level=1 - alpha,
        p_value=p_value,
        log10_p=None,
        statistic=math.copysign(critical_value(p_value / 2), known.estimate),
        df=None,
        scale=known.scale,
        method=f"{known.method}, {kind} bootstrap",
    )


def _too_few(replicates: int, alpha: float) -> NotEstimable:
    return NotEstimable(
        Cause.TOO_FEW_REPLICATES,
        f"{replicates} replicates don't reach an interval of error {alpha:g}: make {math.ceil(4 / alpha) + 1} or more",
    )
