"""How much higher the treatment is: as a difference, and as a share of the control."""

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twyman.kernel.errors import Invalid, nearest
from twyman.stats.estimate import Cause, Contrast, Estimate, NotEstimable, checked_alpha
from twyman.stats.number import N, root
from twyman.stats.pair import Pair
from twyman.stats.tails import critical_value, two_sided

LARGEST_LOG = 700.0
"""Lifts beyond e to this power are no numbers any more."""

NEXT_TO_NOTHING = 1e-300
"""A baseline's square that is a smaller share of the rest makes lifts that are no numbers either."""


def absolute(pair: Pair, *, alpha: float = 0.05) -> Estimate:
    """Return treatment minus control, in the metric's own unit.

    Args:
        pair: The two means.
        alpha: Error of the two-sided interval; may be as small as 1e-300.

    Raises:
        Invalid: If alpha is no probability.

    See docs/explanation/statistics.md
    """
    return pair.contrast().as_estimate(alpha=alpha, scale="absolute", method=pair.method)


def relative(pair: Pair, *, alpha: float = 0.05, method: str = "fieller") -> Estimate | NotEstimable:
    """Return treatment minus control as a share of the control's size.

    Where the baseline is negative its absolute value divides, so that positive still means higher.

    Args:
        pair: The two means.
        alpha: Error of the two-sided interval; may be as small as 1e-300.
        method: `fieller`: inverts the test of treatment - (1 + lift) control, and so excludes zero
            exactly when the absolute test rejects; its p-value is that test's. `delta`: symmetric;
            falls short of its coverage where the baseline is noisy, and can contradict the absolute
            test. `log`: symmetric in log(1 + lift); both means must be positive.

    Returns:
        The lift; or why not: the baseline is zero, or too close to it for a bounded interval.

    Raises:
        Invalid: If alpha is no probability, or there is no such method.

    Example:
        >>> from twyman.stats.difference import means
        >>> from twyman.stats.moments import Moments
        >>> control, treatment = Moments.of([9, 10, 11, 10]), Moments.of([10, 12, 11, 11])
        >>> lift = relative(means(treatment, control))
        >>> f"{lift.estimate:+.1%} [{lift.lower:+.1%}, {lift.upper:+.1%}]"
        '+10.0% [-3.9%, +26.1%]'

    References:
        Fieller, E. C. (1954). Some problems in interval estimation. JRSS B 16.

    See docs/explanation/statistics.md
    """
    checked_alpha(alpha)
    try:
        interval = METHODS[method]
    except KeyError:
        raise Invalid(f"there is no lift '{method}': {nearest(method, METHODS)}") from None
    if is_nothing(pair.control, pair.treatment, pair.treatment_variance + pair.control_variance):
        return NotEstimable(
            Cause.BASELINE_ZERO, "the control mean is zero, and nothing can be a share of it: read the difference"
        )
    return interval(pair, alpha)


def is_nothing(control: ArrayLike, treatment: ArrayLike, variance: ArrayLike) -> NDArray[np.bool_]:
    """Whether baselines are zero, or so near that the rest in shares of them is beyond what a float holds."""
    c, t, v = (np.asarray(numbers, dtype=np.float64) for numbers in (control, treatment, variance))
    return np.asarray(c * c <= NEXT_TO_NOTHING * (t * t + v))


def score(pair: Pair, weight: float = 1.0) -> float:
    """Return treatment minus `weight` times control as a normal deviate of the same tail probability."""
    return pair.score(weight)


def in_shares(means: tuple[N, N], variances: tuple[N, N], covariance: N) -> tuple[N, N, N, N]:
    """Return ratio less one, and the means' variances and covariance, in shares of the baseline.

    Like the two formulas below it serves numbers and arrays alike.
    """
    treatment, control = means
    square = control * control
    return (treatment - control) / control, variances[0] / square, variances[1] / square, covariance / square


def delta_se(gain: N, v_t: N, v_c: N, shared: N) -> N:
    """Return the lift's standard error by the delta method, from what `in_shares` gives."""
    ratio = 1 + gain
    return root(v_t + ratio * ratio * v_c - 2 * ratio * shared)


def fieller_ends(gain: N, v_t: N, v_c: N, shared: N, q: N) -> tuple[N, N]:
    """Return both ends of Fieller's interval, where q² v_c < 1."""
    g, k, ratio = q * q * v_c, q * q * shared, 1 + gain
    spread = v_t - 2 * ratio * shared + ratio * ratio * v_c + q * q * (shared * shared - v_t * v_c)
    reach = q * root(spread)
    return (gain + g - k - reach) / (1 - g), (gain + g - k + reach) / (1 - g)


def _scaled(pair: Pair) -> tuple[float, float, float, float]:
    return in_shares((pair.treatment, pair.control), (pair.treatment_variance, pair.control_variance), pair.covariance)


def _delta_contrast(pair: Pair) -> Contrast:
    shares = _scaled(pair)
    return Contrast(math.copysign(1.0, pair.control) * shares[0], float(delta_se(*shares)), pair.df)


def _delta(pair: Pair, alpha: float) -> Estimate | NotEstimable:
    contrast = _delta_contrast(pair)
    if not contrast.se:
        return _flat()
    return contrast.as_estimate(alpha=alpha, scale="relative", method=f"{pair.method}, delta")


def _flat() -> NotEstimable:
    return NotEstimable(Cause.NO_VARIATION, "the lift's standard error is zero: read the difference")


def _fieller(pair: Pair, alpha: float) -> Estimate | NotEstimable:
    plain = pair.contrast()
    q = critical_value(alpha / 2, pair.df)
    shares = _scaled(pair)
    v_c = shares[2]
    if q * q * v_c >= 1:
        return NotEstimable(
            Cause.UNBOUNDED_LIFT,
            f"the baseline is only {1 / math.sqrt(v_c):.2g} standard errors from zero, so a lift of any size "
            "would fit: read the difference",
        )
    ends = sorted(math.copysign(1.0, pair.control) * float(end) for end in fieller_ends(*shares, q))
    p_value, log10_p = two_sided(plain.statistic, plain.df)
    contrast = _delta_contrast(pair)
    return Estimate(
        estimate=contrast.estimate,
        se=contrast.se,
        lower=ends[0],
        upper=ends[1],
        level=1 - alpha,
        p_value=p_value,
        log10_p=log10_p,
        statistic=plain.statistic,
        df=plain.df,
        scale="relative",
        method=f"{pair.method}, fieller",
    )


def _log(pair: Pair, alpha: float) -> Estimate | NotEstimable:
    if pair.treatment <= 0 or pair.control <= 0:
        return NotEstimable(Cause.NOT_POSITIVE, "a mean isn't positive, and has no logarithm: use fieller")
    contrast = _delta_contrast(pair)
    ratio = pair.treatment / pair.control
    log_ratio = Contrast(math.log(ratio), contrast.se / ratio, pair.df)
    if not log_ratio.se:
        return _flat()
    lower, upper = log_ratio.interval(alpha)
    if upper > LARGEST_LOG:
        return NotEstimable(
            Cause.UNBOUNDED_LIFT, "the lift's interval has no end that a number can hold: read the difference"
        )
    p_value, log10_p = two_sided(log_ratio.statistic, log_ratio.df)
    return Estimate(
        estimate=contrast.estimate,
        se=contrast.se,
        lower=math.expm1(lower),
        upper=math.expm1(upper),
        level=1 - alpha,
        p_value=p_value,
        log10_p=log10_p,
        statistic=log_ratio.statistic,
        df=log_ratio.df,
        scale="relative",
        method=f"{pair.method}, log",
    )


METHODS: Mapping[str, Callable[[Pair, float], Estimate | NotEstimable]] = {
    "fieller": _fieller,
    "delta": _delta,
    "log": _log,
}
