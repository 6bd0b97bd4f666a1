"""Tails of the normal and Student's t, accurate as far out as an effect can lie.

Every p-value and every quantile of this room comes from here: from survival functions, never from
`1 - cdf` (which is 0 from eight standard errors on), and on the log scale where a float ends.
A `df` of `None` means the normal distribution throughout.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, log_ndtr, ndtr, ndtri, ndtri_exp, roots_laguerre, stdtr, stdtrit

UNDERFLOW = 1e-290
"""Below this the far tail is integrated on the log scale."""

FAR = 230.0
"""Beyond e to this power a square might overflow, and 1 is nothing beside it."""

MIDDLE = 0.4
"""Quantiles of larger tails are as exact as they get, and too near zero for a logarithm."""

Vector = NDArray[np.float64]

_POINTS, _WEIGHTS = roots_laguerre(60)


def upper_tail(x: float, df: float | None = None) -> float:
    """Return the probability beyond `x`.

    Example:
        >>> f"{upper_tail(1.959964):.4f}"
        '0.0250'
        >>> f"{upper_tail(12.0):.2e}"
        '1.78e-33'
    """
    return float(ndtr(-x)) if df is None else float(stdtr(df, -x))


def log_upper_tail(x: float, df: float | None = None) -> float:
    """Return the natural logarithm of the probability beyond `x`, also where that is no float any more."""
    if df is None:
        return float(log_ndtr(-x))
    tail = upper_tail(x, df)
    return math.log(tail) if tail > UNDERFLOW else float(_log_far_tail(x, df))


def _log_density(log_x: Vector, df: float | Vector) -> Vector:
    a = np.asarray(df) / 2
    # where log-gammas are large they would leave few digits of their difference
    series = 0.5 * np.log(a) - 1 / (8 * a) + 1 / (192 * a**3)
    log_gamma_ratio = np.where(a > 200, series, gammaln(a + 0.5) - gammaln(a))
    far = log_x > FAR
    size = np.where(far, 2 * log_x - np.log(df), np.log1p(np.exp(2 * np.where(far, 0.0, log_x)) / df))
    return log_gamma_ratio - 0.5 * np.log(np.asarray(df) * math.pi) - (df + 1) / 2 * size


def _log_far_tail(x: float | Vector, df: float | Vector) -> Vector:
    """Integrate the density over s = log(y / x), where it falls almost exponentially, by Gauss-Laguerre."""
    far, degrees = np.asarray(x)[..., np.newaxis], np.asarray(df)[..., np.newaxis]
    inverse = 1 / far / far
    rate = degrees * (1 - inverse) / (1 + degrees * inverse)
    steps = _POINTS / rate
    log_values = _log_density(np.log(far) + steps, degrees) + np.log(far) + steps + _POINTS
    peak = log_values.max(axis=-1)
    return peak + np.log(np.exp(log_values - peak[..., np.newaxis]) @ _WEIGHTS / rate[..., 0])


def two_sided(statistic: float, df: float | None = None) -> tuple[float, float | None]:
    """Return the two-sided p-value and, where it is below 1e-300, its decimal logarithm.

    Example:
        >>> p, log10 = two_sided(40.0)
        >>> f"{log10:.3f}"
        '-349.136'
    """
    p = min(1.0, 2 * upper_tail(abs(statistic), df))
    if p >= 1e-300:
        return p, None
    return p, (math.log(2) + log_upper_tail(abs(statistic), df)) / math.log(10)


def critical_value(tail: float, df: float | None = None) -> float:
    """Return the value that is exceeded with a probability, which may be as small as 1e-290.

    Example:
        >>> f"{critical_value(0.025):.6f}"
        '1.959964'
        >>> f"{critical_value(1e-30):.4f}"
        '11.4640'
    """
    if df is None:
        return -float(ndtri(tail))
    if tail > 1e-10:
        return _polished(-float(stdtrit(df, tail)), tail, df)
    return _far_out(tail, df)


def _far_out(tail: float, df: float) -> float:
    """Invert the tail where scipy loses its way, by Newton's method on logarithms.

    log T has a log-concave density, so its log-tail is concave: steps land beyond the root and
    come back to it without overshooting.
    """
    wanted, s = math.log(tail), math.log(-float(ndtri(tail)))
    for _ in range(100):
        log_tail = log_upper_tail(math.exp(s), df)
        step = (log_tail - wanted) / math.exp(float(_log_density(np.array([s]), df)[0]) + s - log_tail)
        s = min(s + step, 690.0)
        if abs(step) < 1e-15 * max(s, 1.0):
            break
    return math.exp(s)


def _polished(x: float, tail: float, df: float) -> float:
    """Bring a quantile to the last digits, so that interval and p-value can't disagree."""
    if tail > MIDDLE:
        return x
    for _ in range(3):
        log_tail = log_upper_tail(x, df)
        slope = math.exp(float(_log_density(np.log([x]), df)[0]) - log_tail)
        x += (log_tail - math.log(tail)) / slope
    return x


def upper_tails(x: Vector, df: Vector) -> Vector:
    """Return the probability beyond each `x`; degrees of freedom are infinite for the normal distribution.

    Example:
        >>> upper_tails(np.array([1.959964, 2.570582]), np.array([np.inf, 5.0])).round(6).tolist()
        [0.025, 0.025]
    """
    return np.where(np.isinf(df), ndtr(-x), stdtr(np.where(np.isinf(df), 1.0, df), -x))


def two_sided_of(statistic: Vector, df: Vector) -> tuple[Vector, Vector]:
    """Return two-sided p-values and, where they are below 1e-300, decimal logarithms (else NaN)."""
    p_values = np.minimum(1.0, 2 * upper_tails(np.abs(statistic), df))
    logs = np.full(p_values.shape, np.nan)
    tiny = p_values < 1e-300
    if tiny.any():
        x, degrees = np.abs(statistic[tiny]), np.broadcast_to(df, p_values.shape)[tiny]
        normal = np.isinf(degrees)
        tails = np.where(normal, log_ndtr(-x), _log_far_tail(x, np.where(normal, 1.0, degrees)))
        logs[tiny] = (math.log(2) + tails) / math.log(10)
    return p_values, logs


def critical_values(tail: Vector, df: Vector) -> Vector:
    """Return the value that is exceeded with each probability, as `critical_value` does one by one.

    Shapes are broadcast; `df` is infinite for the normal distribution.

    Example:
        >>> critical_values(np.array([0.025, 1e-30]), np.array([np.inf, 50.0])).round(3).tolist()
        [1.96, 25.636]
    """
    tail, df = np.broadcast_arrays(tail, df)
    found = np.array(-ndtri(tail))
    near = np.isfinite(df) & (tail > 1e-10)
    found[near] = _polished_all(-stdtrit(df[near], tail[near]), tail[near], df[near])
    for place in map(tuple, np.argwhere(np.isfinite(df) & ~near)):
        found[place] = critical_value(float(tail[place]), float(df[place]))
    return found


def _polished_all(x: Vector, tail: Vector, df: Vector) -> Vector:
    far = tail <= MIDDLE
    log_tail = np.log(stdtr(df[far], -x[far]))
    slope = np.exp(_log_density(np.log(x[far]), df[far]) - log_tail)
    x[far] += (log_tail - np.log(tail[far])) / slope
    return x


def normal_score(statistic: float, df: float | None = None) -> float:
    """Return the normal deviate with the same tail probability: what sequential bounds compare.

    Example:
        >>> f"{normal_score(2.571, df=5):.3f}"
        '1.960'
    """
    if df is None:
        return statistic
    return math.copysign(-float(ndtri_exp(log_upper_tail(abs(statistic), df))), statistic)
