"""The upper tail of chi-square, on the log scale where a float ends."""

import math

from scipy.special import chdtrc, gammaln

FLOOR = 1e-300


def chi_square_tail(statistic: float, df: float) -> tuple[float, float | None]:
    """Return the probability beyond a statistic and, where it is below 1e-300, its decimal logarithm.

    Example:
        >>> f"{chi_square_tail(3.841459, 1)[0]:.4f}"
        '0.0500'
        >>> f"{chi_square_tail(4000.0, 3)[1]:.3f}"
        '-866.886'

    References:
        Abramowitz, M. and Stegun, I. A. (1964). Handbook of Mathematical Functions, 6.5.31.
    """
    p = float(chdtrc(df, statistic))
    if p >= FLOOR or math.isnan(statistic):
        return p, None
    if math.isinf(statistic):
        return 0.0, -math.inf
    return p, _log_far(statistic / 2, df / 2) / math.log(10)


def _log_far(x: float, a: float) -> float:
    """Return the log of the incomplete gamma's upper share, by its continued fraction, x being well above a."""
    fraction = 0.0
    for k in range(2000, 0, -1):
        fraction = k * (k - a) / (x + 2 * k + 1 - a - fraction)
    return a * math.log(x) - x - float(gammaln(a)) - math.log(x + 1 - a - fraction)
