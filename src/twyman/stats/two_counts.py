"""Two proportions from counts: differences, risk ratios and odds ratios, by the classical names.

For small counts, where the normal tests of `proportion` are too rough. Treatment first; an interval
without an end on a side ends at infinity there.
"""

import math
from collections.abc import Callable, Mapping

from scipy.special import chdtrc

from twyman.kernel.errors import Invalid, nearest
from twyman.stats.count import Count, wilson
from twyman.stats.estimate import Cause, Contrast, NotEstimable, checked_alpha
from twyman.stats.roots import crossing
from twyman.stats.tails import critical_value

Interval = tuple[float, float]


def difference_wald(treatment: Count, control: Count) -> Contrast:
    """Return the difference with each arm's own variance, p (1 - p) / n."""
    return Contrast(treatment.share - control.share, math.sqrt(treatment.variance + control.variance), None)


def difference_agresti_caffo(treatment: Count, control: Count) -> Contrast:
    """Return the difference after one success and one failure are added to each arm.

    References:
        Agresti, A. and Caffo, B. (2000). Simple and effective confidence intervals for proportions and
        differences of proportions. The American Statistician 54.
    """
    return difference_wald(treatment.plus(1, 1), control.plus(1, 1))


def difference_newcombe(treatment: Count, control: Count, *, alpha: float = 0.05) -> Interval:
    """Return Newcombe's interval of the difference, put together from both arms' Wilson intervals.

    Example:
        >>> low, high = difference_newcombe(Count(16, 30), Count(14, 28))
        >>> f"{low:+.4f} {high:+.4f}"
        '-0.2110 +0.2724'

    References:
        Newcombe, R. G. (1998). Interval estimation for the difference between independent
        proportions. Statistics in Medicine 17.
    """
    gap = treatment.share - control.share
    low_t, high_t = wilson(treatment, alpha=alpha)
    low_c, high_c = wilson(control, alpha=alpha)
    below = math.hypot(treatment.share - low_t, high_c - control.share)
    above = math.hypot(high_t - treatment.share, control.share - low_c)
    return gap - below, gap + above


def ratio_log(treatment: Count, control: Count, *, add: float = 0.0) -> Contrast | NotEstimable:
    """Return the logarithm of the risk ratio, by Katz; `add` 0.5 to each count for small ones.

    References:
        Katz, D., Baptista, J., Azen, S. P. and Pike, M. C. (1978). Obtaining confidence intervals for
        the risk ratio in cohort studies. Biometrics 34.
    """
    a, b = treatment.successes + add, control.successes + add
    n, m = treatment.units + add, control.units + add
    if not (a and b):
        return NO_LOGARITHM
    return Contrast(math.log(a / n) - math.log(b / m), math.sqrt(1 / a - 1 / n + 1 / b - 1 / m), None)


def odds_log(treatment: Count, control: Count, *, add: float = 0.0) -> Contrast | NotEstimable:
    """Return the logarithm of the odds ratio, by Woolf; `add` 0.5 to each cell for small ones."""
    t, c = treatment.plus(add, add), control.plus(add, add)
    cells = (t.successes, t.failures, c.successes, c.failures)
    if not all(cells):
        return NO_LOGARITHM
    log_ratio = math.log(cells[0] / cells[1]) - math.log(cells[2] / cells[3])
    return Contrast(log_ratio, math.sqrt(sum(1 / cell for cell in cells)), None)


NO_LOGARITHM = NotEstimable(
    Cause.NOT_POSITIVE, "a count is zero and has no logarithm: use the score interval, or add 0.5 to each count"
)


def pearson(treatment: Count, control: Count, *, continuity: bool = False) -> tuple[float, float]:
    """Return Pearson's chi-square of the two-by-two table, and its p-value.

    Without continuity correction it is the square of the pooled (score) test.

    Example:
        >>> f"{pearson(Count(16, 30), Count(14, 28))[0]:.6f}"
        '0.064444'
    """
    common = (treatment.successes + control.successes) / (treatment.units + control.units)
    if common in (0.0, 1.0):
        return 0.0, 1.0
    gap = abs(treatment.share - control.share)
    scale = 1 / treatment.units + 1 / control.units
    if continuity:
        gap -= min(0.5 * scale, gap)
    statistic = gap * gap / (common * (1 - common) * scale)
    return statistic, float(chdtrc(1, statistic))


def likelihood_ratio(treatment: Count, control: Count, *, continuity: bool = False) -> tuple[float, float]:
    """Return the G statistic of the two-by-two table, and its p-value."""
    total = treatment.units + control.units
    successes = treatment.successes + control.successes
    statistic = 0.0
    for arm in (treatment, control):
        for seen, column in ((arm.successes, successes), (arm.failures, total - successes)):
            expected = arm.units * column / total
            shifted = seen + math.copysign(min(0.5, abs(expected - seen)), expected - seen) if continuity else seen
            statistic += 2 * shifted * math.log(shifted / expected) if shifted else 0.0
    return statistic, float(chdtrc(1, max(statistic, 0.0)))


# The score family: the null's own best-fitting proportions give the variance.


def difference_score(treatment: Count, control: Count, null: float = 0.0) -> float:
    """Return Miettinen and Nurminen's score statistic of a difference against a null difference.

    Example:
        >>> f"{difference_score(Count(16, 30), Count(14, 28), null=-0.05):.4f}"
        '0.6300'

    References:
        Miettinen, O. and Nurminen, M. (1985). Comparative analysis of two rates. Statistics in
        Medicine 4.
    """
    fitted_t, fitted_c = _difference_fit(treatment, control, null)
    gap = treatment.share - control.share - null
    return _standardised(gap, (fitted_t, fitted_c, 1.0), treatment, control)


def ratio_score(treatment: Count, control: Count, null: float = 1.0) -> float:
    """Return Miettinen and Nurminen's score statistic of a risk ratio against a null ratio."""
    fitted_t, fitted_c = _ratio_fit(treatment, control, null)
    return _standardised(treatment.share - null * control.share, (fitted_t, fitted_c, null), treatment, control)


def odds_score(treatment: Count, control: Count, null: float = 1.0) -> float:
    """Return Miettinen and Nurminen's score statistic of an odds ratio against a null odds ratio."""
    p, q = _odds_fit(treatment, control, null)
    gap = treatment.units * (treatment.share - p)
    spread = 1 / (treatment.units * p * (1 - p)) + 1 / (control.units * q * (1 - q))
    return gap * math.sqrt(spread * _correction(treatment, control))


def _correction(treatment: Count, control: Count) -> float:
    total = treatment.units + control.units
    return (total - 1) / total


def _standardised(gap: float, fit: tuple[float, float, float], treatment: Count, control: Count) -> float:
    p, q, weight = fit
    variance = p * (1 - p) / treatment.units + weight * weight * q * (1 - q) / control.units
    if gap == 0:
        return 0.0
    if variance <= 0:
        return math.copysign(math.inf, gap)
    return gap / math.sqrt(variance / _correction(treatment, control))


def _difference_fit(treatment: Count, control: Count, null: float) -> tuple[float, float]:
    """Return the likeliest proportions that differ by `null`: the root of a cubic, by trigonometry."""
    n, m = treatment.units, control.units
    total = n + m
    l3 = total
    l2 = (n + 2 * m) * null - total - treatment.successes - control.successes
    l1 = (m * null - total - 2 * control.successes) * null + treatment.successes + control.successes
    l0 = control.successes * null * (1 - null)
    third = l2 / (3 * l3)
    q = third**3 - l1 * l2 / (6 * l3 * l3) + l0 / (2 * l3)
    p = math.copysign(math.sqrt(max(third * third - l1 / (3 * l3), 0.0)), q)
    angle = (math.pi + math.acos(min(max(q / p**3, -1.0), 1.0))) / 3 if p else 0.0
    fitted = min(max(2 * p * math.cos(angle) - third, 0.0, -null), 1.0, 1.0 - null)
    return fitted + null, fitted


def _ratio_fit(treatment: Count, control: Count, null: float) -> tuple[float, float]:
    """Return the likeliest proportions of ratio `null`: the smaller root of a quadratic."""
    n, m = treatment.units, control.units
    a = (n + m) * null
    b = -(n * null + treatment.successes + m + control.successes * null)
    c = treatment.successes + control.successes
    root = math.sqrt(max(b * b - 4 * a * c, 0.0))
    fitted = 2 * c / (root - b)
    return min(fitted * null, 1.0), min(fitted, 1.0)


def _odds_fit(treatment: Count, control: Count, null: float) -> tuple[float, float]:
    """Return the likeliest proportions of odds ratio `null`: the root of a quadratic."""
    n, m = treatment.units, control.units
    successes = treatment.successes + control.successes
    a = m * (null - 1)
    b = n * null + m - successes * (null - 1)
    q = 2 * successes / (b + math.sqrt(b * b + 4 * a * successes))
    return q * null / (1 + q * (null - 1)), q


Statistic = Callable[[Count, Count, float], float]

RANGES: Mapping[str, tuple[Statistic, Callable[[float], float]]] = {
    "difference": (difference_score, math.tanh),
    "ratio": (ratio_score, math.exp),
    "odds": (odds_score, math.exp),
}
"""Score statistics, and how the real line maps onto the values that their null can take."""


def score_interval(treatment: Count, control: Count, *, compare: str = "difference", alpha: float = 0.05) -> Interval:
    """Return all differences (or risk ratios, or odds ratios) that the score test doesn't reject.

    Raises:
        Invalid: If there is no such comparison, or alpha is no probability.

    Example:
        >>> low, high = score_interval(Count(56, 70), Count(48, 80))
        >>> f"{low:+.4f} {high:+.4f}"
        '+0.0528 +0.3382'
    """
    if compare not in RANGES:
        raise Invalid(f"there is no comparison '{compare}': {nearest(compare, RANGES)}")
    statistic, value = RANGES[compare]
    q = critical_value(checked_alpha(alpha) / 2)
    low = _end(lambda s: statistic(treatment, control, value(s)) - q)
    high = _end(lambda s: statistic(treatment, control, value(s)) + q)
    return value(low), value(high)


FAR = 18.0
"""Beyond e to this power a ratio, or this near to 1 a difference, is taken for the end of its range."""


def _end(excess: Callable[[float], float]) -> float:
    """Return where a statistic, falling in its null, crosses; infinite where it stays on one side."""
    if excess(-FAR) <= 0:
        return -math.inf
    if excess(FAR) >= 0:
        return math.inf
    return crossing(excess, -FAR, FAR)
