"""Effects and their intervals for arrays of comparisons: differences and lifts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import Cause
from twyman.stats.lift import LARGEST_LOG, delta_se, fieller_ends, in_shares, is_nothing
from twyman.stats.pairs import Codes, Pairs
from twyman.stats.tails import critical_values, two_sided_of

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Estimates:
    """As `Estimate`, in arrays of one shape.

    Attributes:
        estimate, se, lower, upper, p_value, statistic: As in `Estimate`; NaN where there is no estimate.
        log10_p: Decimal logarithm of p-values below 1e-300; NaN elsewhere.
        df: Degrees of freedom; infinite for the normal distribution.
        causes: A code of `Cause` where there is no estimate; else empty.
        scale: "absolute" or "relative".
        method: How the means came about, and the kind of interval.
    """

    estimate: Vector
    se: Vector
    lower: Vector
    upper: Vector
    p_value: Vector
    log10_p: Vector
    statistic: Vector
    df: Vector
    causes: Codes
    scale: str
    method: str


def absolutes(pairs: Pairs, q: Vector) -> Estimates:
    """Return treatment minus control of each pair, as `lift.absolute` does of one.

    Args:
        pairs: The means.
        q: How many standard errors the intervals reach, of `criticals`.
    """
    difference, se = pairs.contrast()
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = difference / se
    p_value, log10_p = two_sided_of(statistic, pairs.df)
    return Estimates(
        estimate=difference,
        se=se,
        lower=difference - q * se,
        upper=difference + q * se,
        p_value=p_value,
        log10_p=log10_p,
        statistic=statistic,
        df=pairs.df,
        causes=pairs.causes,
        scale="absolute",
        method=pairs.method,
    )


def relatives(pairs: Pairs, q: Vector, difference: Estimates, *, method: str = "fieller") -> Estimates:
    """Return treatment minus control as a share of the control's size, as `lift.relative` does of one.

    Args:
        pairs: The means.
        q: How many standard errors the intervals reach.
        difference: What `absolutes` gave: its test is Fieller's.
        method: `fieller`, `delta` or `log`.

    Raises:
        Invalid: If there is no such method.
    """
    if method not in LIFTS:
        raise Invalid(f"there is no lift '{method}': choose one of {', '.join(LIFTS)}")
    nothing = is_nothing(pairs.control, pairs.treatment, pairs.treatment_variance + pairs.control_variance)
    pairs = pairs.without(nothing, Cause.BASELINE_ZERO)
    with np.errstate(divide="ignore", invalid="ignore"):
        pairs, gain, se, ends, statistic = LIFTS[method](pairs, q)
    fine = pairs.causes == ""
    tested = (difference.p_value, difference.log10_p, difference.statistic)
    if statistic is not None:
        tested = (*two_sided_of(statistic, pairs.df), statistic)
    sign = np.copysign(1.0, pairs.control)
    lower, upper = np.where(sign > 0, ends[0], -ends[1]), np.where(sign > 0, ends[1], -ends[0])
    numbers = [np.where(fine, values, np.nan) for values in (sign * gain, se, lower, upper, *tested)]
    return Estimates(
        estimate=numbers[0],
        se=numbers[1],
        lower=numbers[2],
        upper=numbers[3],
        p_value=numbers[4],
        log10_p=numbers[5],
        statistic=numbers[6],
        df=pairs.df,
        causes=pairs.causes,
        scale="relative",
        method=f"{pairs.method}, {method}",
    )


Lift = tuple[Pairs, Vector, Vector, tuple[Vector, Vector], Vector | None]
"""The pairs that have a lift, ratio less one, its standard error, its ends, and its own statistic if it has one."""


def _shares(pairs: Pairs) -> tuple[Vector, Vector, Vector, Vector]:
    means, variances = (pairs.treatment, pairs.control), (pairs.treatment_variance, pairs.control_variance)
    return in_shares(means, variances, pairs.covariance)


def _fieller(pairs: Pairs, q: Vector) -> Lift:
    pairs = pairs.without(q * q * _shares(pairs)[2] >= 1, Cause.UNBOUNDED_LIFT)
    shares = _shares(pairs)
    return pairs, shares[0], delta_se(*shares), fieller_ends(*shares, q), None


def _delta(pairs: Pairs, q: Vector) -> Lift:
    pairs = pairs.without(delta_se(*_shares(pairs)) == 0, Cause.NO_VARIATION)
    gain, se = _shares(pairs)[0], delta_se(*_shares(pairs))
    statistic = np.copysign(1.0, pairs.control) * gain / se
    return pairs, gain, se, (gain - q * se, gain + q * se), statistic


def _log(pairs: Pairs, q: Vector) -> Lift:
    pairs = pairs.without((pairs.treatment <= 0) | (pairs.control <= 0), Cause.NOT_POSITIVE)
    pairs = pairs.without(delta_se(*_shares(pairs)) == 0, Cause.NO_VARIATION)
    gain, se = _shares(pairs)[0], delta_se(*_shares(pairs))
    ratio = pairs.treatment / pairs.control
    log_ratio, log_se = np.log(ratio), se / ratio
    upper = log_ratio + q * log_se
    pairs = pairs.without(upper > LARGEST_LOG, Cause.UNBOUNDED_LIFT)
    ends = np.expm1(log_ratio - q * log_se), np.expm1(np.minimum(upper, LARGEST_LOG))
    return pairs, gain, se, ends, np.where(pairs.causes == "", log_ratio / log_se, np.nan)


LIFTS = {"fieller": _fieller, "delta": _delta, "log": _log}


def criticals(pairs: Pairs, alpha: ArrayLike) -> Vector:
    """Return how many standard errors intervals reach.

    Args:
        pairs: The means, whose degrees of freedom count.
        alpha: Error of the two-sided intervals: one number, or an array that broadcasts to the pairs'
            shape, such as one number a look.

    Raises:
        Invalid: If an alpha is no probability.
    """
    errors = np.asarray(alpha, dtype=np.float64)
    if not ((errors > 0) & (errors < 1)).all():
        raise Invalid(f"alpha {alpha} holds what is no error probability: give numbers between 0 and 1, such as 0.05")
    return critical_values(errors / 2, pairs.df)
