"""Two proportions from counts: differences, risk ratios and odds ratios, by the classical names.

For small counts, where the normal tests of `proportion` are too rough. Treatment first; an interval
without an end on a side ends at infinity there.
"""

import math

from twyman.stats import score
from twyman.stats.chisquare import chi_square_tail
from twyman.stats.count import Count, wilson
from twyman.stats.estimate import Cause, Contrast, NotEstimable

difference_score, ratio_score, odds_score = score.difference_score, score.ratio_score, score.odds_score
score_interval = score.score_interval

Interval = tuple[float, float]


def difference_wald(treatment: Count, control: Count) -> Contrast | NotEstimable:
    """Return the difference with each arm's own variance, p (1 - p) / n; or why not: no arm has both outcomes."""
    contrast = _wald(treatment, control)
    return contrast if contrast.se else NO_WIDTH


def _wald(treatment: Count, control: Count) -> Contrast:
    return Contrast(treatment.share - control.share, math.sqrt(treatment.variance + control.variance), None)


def difference_agresti_caffo(treatment: Count, control: Count) -> Contrast:
    """Return the difference after one success and one failure are added to each arm.

    References:
        Agresti, A. and Caffo, B. (2000). Simple and effective confidence intervals for proportions and
        differences of proportions. The American Statistician 54.

    See docs/explanation/proportions.md
    """
    return _wald(treatment.plus(1, 1), control.plus(1, 1))


def difference_newcombe(treatment: Count, control: Count, *, alpha: float = 0.05) -> Interval:
    """Return Newcombe's interval of the difference, put together from both arms' Wilson intervals.

    Example:
        >>> low, high = difference_newcombe(Count(16, 30), Count(14, 28))
        >>> f"{low:+.4f} {high:+.4f}"
        '-0.2110 +0.2724'

    References:
        Newcombe, R. G. (1998). Interval estimation for the difference between independent
        proportions. Statistics in Medicine 17.

    See docs/explanation/proportions.md
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

    See docs/explanation/proportions.md
    """
    a, b = treatment.successes + add, control.successes + add
    n, m = treatment.units + add, control.units + add
    if not (a and b):
        return NO_LOGARITHM
    variance = 1 / a - 1 / n + 1 / b - 1 / m
    return Contrast(math.log(a / n) - math.log(b / m), math.sqrt(variance), None) if variance > 0 else NO_WIDTH


def odds_log(treatment: Count, control: Count, *, add: float = 0.0) -> Contrast | NotEstimable:
    """Return the logarithm of the odds ratio, by Woolf; `add` 0.5 to each cell for small ones.

    See docs/explanation/proportions.md
    """
    t, c = treatment.plus(add, add), control.plus(add, add)
    cells = (t.successes, t.failures, c.successes, c.failures)
    if not all(cells):
        return NO_LOGARITHM
    log_ratio = math.log(cells[0] / cells[1]) - math.log(cells[2] / cells[3])
    return Contrast(log_ratio, math.sqrt(sum(1 / cell for cell in cells)), None)


NO_WIDTH = NotEstimable(
    Cause.NO_VARIATION, "no arm has both outcomes, and a normal interval has no width: use the score interval"
)

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
    return statistic, chi_square_tail(statistic, 1)[0]


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
    return statistic, chi_square_tail(max(statistic, 0.0), 1)[0]
