"""Counts of events over an exposure time: two rates compared, exactly, whatever their size.

For events that come one by one, each unit contributing few. Where units differ in how many they
make, counts spread wider than this assumes: use a ratio metric.
"""

import math
from dataclasses import dataclass

from scipy.special import betainc, betaincc

from twyman.kernel.errors import Invalid
from twyman.stats.count import Count, clopper_pearson
from twyman.stats.estimate import Cause, NotEstimable, checked_alpha


@dataclass(frozen=True, slots=True)
class RateRatio:
    """Treatment's rate over control's.

    Attributes:
        ratio: Of the two rates; infinite where control has no events.
        lower, upper: Ends of the exact two-sided interval.
        level: Its coverage.
        p_value: Twice the smaller tail, against a ratio of 1: below 1 - `level` just where the interval excludes 1.

    See docs/explanation/interactions-and-segments.md .
    """

    ratio: float
    lower: float
    upper: float
    level: float
    p_value: float


def rate_ratio(
    treatment: tuple[int, float], control: tuple[int, float], *, alpha: float = 0.05
) -> RateRatio | NotEstimable:
    """Compare two Poisson rates: given their total, treatment's events are binomial.

    Args:
        treatment: Events, and the exposure (units, hours, page views) that they come from.
        control: The same of control.
        alpha: Error of the two-sided interval.

    Returns:
        The comparison; or why not, where there are no events at all.

    Raises:
        Invalid: If a count is negative, an exposure isn't positive, or alpha is no probability.

    Example:
        >>> rates = rate_ratio((260, 1010.0), (200, 1000.0))
        >>> f"{rates.ratio:.3f} [{rates.lower:.3f}, {rates.upper:.3f}] p={rates.p_value:.4f}"
        '1.287 [1.066, 1.556] p=0.0081'

    References:
        Przyborowski, J. and Wilenski, H. (1940). Homogeneity of results in testing samples from
        Poisson series. Biometrika 31.

    See docs/explanation/interactions-and-segments.md .
    """
    (events_t, time_t), (events_c, time_c) = treatment, control
    if min(events_t, events_c) < 0 or not (0 < time_t < math.inf and 0 < time_c < math.inf):
        raise Invalid(f"{treatment} and {control} are no events over an exposure: count from 0, over more than nothing")
    if not events_t + events_c:
        return NotEstimable(Cause.NO_VARIATION, "no event has happened in either arm: wait for data")
    total = Count(events_t, events_t + events_c)
    low, high = clopper_pearson(total, alpha=checked_alpha(alpha))
    per = time_c / time_t
    return RateRatio(
        ratio=events_t / events_c * per if events_c else math.inf,
        lower=low / (1 - low) * per if low < 1 else math.inf,
        upper=high / (1 - high) * per if high < 1 else math.inf,
        level=1 - alpha,
        p_value=central_p(total, time_t / (time_t + time_c)),
    )


def central_p(count: Count, share: float) -> float:
    """Return twice the smaller binomial tail: the two-sided p-value that goes with Clopper and Pearson's interval.

    Example:
        >>> f"{central_p(Count(70, 1000), 0.05):.4f}"
        '0.0069'

    See docs/explanation/interactions-and-segments.md .
    """
    k, rest = count.successes, count.failures
    at_least = float(betainc(k, rest + 1, share)) if k else 1.0
    at_most = float(betaincc(k + 1, rest, share)) if rest else 1.0
    return min(1.0, 2 * min(at_least, at_most))
