"""The score family for two counts: each null judged by the proportions that fit it best.

Where a normal interval has no width (no successes, or nothing else, in an arm) these still have one; and an interval is
all nulls that its test doesn't reject, so the two can't disagree. Treatment first.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from twyman.kernel.errors import Invalid, nearest
from twyman.stats.count import Count
from twyman.stats.estimate import checked_alpha
from twyman.stats.roots import crossing
from twyman.stats.tails import critical_value, two_sided

Interval = tuple[float, float]

NOTHING = 1e-280
"""A gap this small is none: the variance that would belong to it is no float."""


def difference_score(treatment: Count, control: Count, null: float = 0.0) -> float:
    """Return Miettinen and Nurminen's score statistic of a difference against a null difference.

    Example:
        >>> f"{difference_score(Count(16, 30), Count(14, 28), null=-0.05):.4f}"
        '0.6300'

    References:
        Miettinen, O. and Nurminen, M. (1985). Comparative analysis of two rates. Statistics in
        Medicine 4.

    See docs/explanation/proportions.md
    """
    if treatment.successes + control.successes > treatment.failures + control.failures:
        return -_difference_score(_others(treatment), _others(control), -null)
    return _difference_score(treatment, control, null)


def ratio_score(treatment: Count, control: Count, null: float = 1.0) -> float:
    """Return Miettinen and Nurminen's score statistic of a risk ratio against a null ratio.

    See docs/explanation/proportions.md
    """
    fit = (*_ratio_fit(treatment, control, null), null)
    return _standardised(treatment.share - null * control.share, fit, treatment, control)


def odds_score(treatment: Count, control: Count, null: float = 1.0) -> float:
    """Return Miettinen and Nurminen's score statistic of an odds ratio against a null odds ratio.

    See docs/explanation/proportions.md
    """
    if not (treatment.successes + control.successes and treatment.failures + control.failures):
        return 0.0  # every odds ratio fits as well
    q, other = _odds_fit(treatment, control, null), _odds_fit(_others(treatment), _others(control), 1 / null)
    scale = other + q * null
    p, rest = q * null / scale, other / scale
    gap = treatment.successes - treatment.units * p if p < 0.5 else treatment.units * rest - treatment.failures
    variances = (treatment.units * p * rest, control.units * q * other)
    if abs(gap) <= 1e-13 * treatment.units * min(p, rest):
        return 0.0
    if min(variances) <= 0:
        return math.copysign(math.inf, gap)
    return gap * math.sqrt(sum(1 / variance for variance in variances) * _correction(treatment, control))


def _others(count: Count) -> Count:
    return Count(count.failures, count.units)


def _correction(treatment: Count, control: Count) -> float:
    total = treatment.units + control.units
    return (total - 1) / total


def _difference_score(treatment: Count, control: Count, null: float) -> float:
    fit = (*_difference_fit(treatment, control, null), 1.0)
    return _standardised(treatment.share - control.share - null, fit, treatment, control)


def _standardised(gap: float, fit: tuple[float, float, float], treatment: Count, control: Count) -> float:
    p, q, weight = fit
    variance = p * (1 - p) / treatment.units + weight * weight * q * (1 - q) / control.units
    if abs(gap) < NOTHING:
        return 0.0
    if variance <= 0:
        return math.copysign(math.inf, gap)
    return gap / math.sqrt(variance / _correction(treatment, control))


def _difference_fit(treatment: Count, control: Count, null: float) -> tuple[float, float]:
    """Return the likeliest proportions that differ by `null`.

    They are a root of a cubic, which its closed form gives to some eight digits of 1: too few for rare events. The
    smaller of both is therefore found as the zero of the log-likelihood's slope, from there on.
    """
    above, below = (treatment, control) if null >= 0 else (control, treatment)
    shift = abs(null)

    def slope(u: float) -> float:
        return _pull(above, u + shift, 1 - shift - u) + _pull(below, u, 1 - u)

    def bend(u: float) -> float:
        return _stiffness(above, u + shift, 1 - shift - u) + _stiffness(below, u, 1 - u)

    u = _zero(slope, bend, _cubic(above, below, shift), 1 - shift)
    return (u + shift, u) if null >= 0 else (u, u + shift)


def _pull(count: Count, share: float, rest: float) -> float:
    up = count.successes / share if count.successes else 0.0
    return up - (count.failures / rest if count.failures else 0.0)


def _stiffness(count: Count, share: float, rest: float) -> float:
    up = count.successes / share / share if count.successes else 0.0
    return -up - (count.failures / rest / rest if count.failures else 0.0)


def _zero(slope: Callable[[float], float], bend: Callable[[float], float], start: float, end: float) -> float:
    """Return where a falling function is zero between 0 and `end`, or the end that is nearer to it."""
    tiny = 1e-300
    low, high = tiny, end * (1 - 1e-16)
    if high <= low or slope(low) <= 0:
        return 0.0
    if slope(high) >= 0:
        return end
    u = min(max(start, low), high)
    for _ in range(200):
        value = slope(u)
        low, high = (u, high) if value > 0 else (low, u)
        following = u - value / bend(u)
        if abs(following - u) <= 4e-16 * u:
            return u
        u = following if low < following < high else math.sqrt(low) * math.sqrt(high)
    return u


def _cubic(above: Count, below: Count, shift: float) -> float:
    n, m = above.units, below.units
    total, both = n + m, above.successes + below.successes
    l2 = (n + 2 * m) * shift - total - both
    l1 = (m * shift - total - 2 * below.successes) * shift + both
    l0 = below.successes * shift * (1 - shift)
    third = l2 / (3 * total)
    q = third**3 - l1 * l2 / (6 * total * total) + l0 / (2 * total)
    p = math.copysign(math.sqrt(max(third * third - l1 / (3 * total), 0.0)), q)
    cube = p**3
    angle = (math.pi + math.acos(min(max(q / cube, -1.0), 1.0))) / 3 if cube else 0.0
    return 2 * p * math.cos(angle) - third


def _ratio_fit(treatment: Count, control: Count, null: float) -> tuple[float, float]:
    """Return the likeliest proportions of ratio `null`: the smaller root of a quadratic, brought to its last digits."""
    n, m = treatment.units, control.units
    successes = treatment.successes + control.successes
    b = n * null + treatment.successes + m + control.successes * null
    start = 2 * successes / (math.sqrt(max(b * b - 4 * (n + m) * null * successes, 0.0)) + b)
    end = min(1.0, 1 / null)
    if not successes:
        return 0.0, 0.0

    def slope(u: float) -> float:
        rest = treatment.failures * null / (1 - null * u) if treatment.failures else 0.0
        return successes / u - rest - (control.failures / (1 - u) if control.failures else 0.0)

    def bend(u: float) -> float:
        rest = treatment.failures * (null / (1 - null * u)) ** 2 if treatment.failures else 0.0
        return -successes / u / u - rest - (control.failures / (1 - u) ** 2 if control.failures else 0.0)

    fitted = _zero(slope, bend, start, end)
    return min(fitted * null, 1.0), fitted


def _odds_fit(treatment: Count, control: Count, null: float) -> float:
    """Return the likeliest proportion of control for an odds ratio `null`: the root of a quadratic."""
    n, m = treatment.units, control.units
    successes = treatment.successes + control.successes
    a = m * (null - 1)
    b = (n - successes) * null + m + successes
    root = math.sqrt(max(b * b + 4 * a * successes, 0.0))
    return min(2 * successes / (b + root) if b >= 0 else (root - b) / (2 * a), 1.0)


Statistic = Callable[[Count, Count, float], float]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A way to compare two proportions.

    Attributes:
        statistic: The score against a null.
        value: How the real line maps onto the nulls.
        far: Beyond this (or below its negative) on the line a null is taken for the end of its range.
        none: The null of no effect.
        estimate: The comparison of the two shares seen.
    """

    statistic: Statistic
    value: Callable[[float], float]
    far: float
    none: float
    estimate: Callable[[Count, Count], float]


def _quotient(a: float, b: float) -> float:
    return a / b if b else (math.inf if a else math.nan)


COMPARISONS: Mapping[str, Comparison] = {
    "difference": Comparison(difference_score, math.tanh, 18.0, 0.0, lambda t, c: t.share - c.share),
    "ratio": Comparison(ratio_score, math.exp, 60.0, 1.0, lambda t, c: _quotient(t.share, c.share)),
    "odds": Comparison(
        odds_score,
        math.exp,
        60.0,
        1.0,
        lambda t, c: _quotient(t.successes * c.failures, t.failures * c.successes),
    ),
}


def _comparison(name: str) -> Comparison:
    if name not in COMPARISONS:
        raise Invalid(f"there is no comparison '{name}': {nearest(name, COMPARISONS)}")
    return COMPARISONS[name]


def score_interval(treatment: Count, control: Count, *, compare: str = "difference", alpha: float = 0.05) -> Interval:
    """Return all differences (or risk ratios, or odds ratios) that the score test doesn't reject.

    Args:
        treatment: Successes among the treated units.
        control: The same of control.
        compare: `difference`, `ratio` (of risks) or `odds` (ratio).
        alpha: Error of the two-sided interval.

    Returns:
        Lower and upper end; from 0 to infinity where counts say nothing of a ratio.

    Raises:
        Invalid: If there is no such comparison, or alpha is no probability.

    Example:
        >>> low, high = score_interval(Count(56, 70), Count(48, 80))
        >>> f"{low:+.4f} {high:+.4f}"
        '+0.0528 +0.3382'

    See docs/explanation/proportions.md
    """
    way = _comparison(compare)
    q = critical_value(checked_alpha(alpha) / 2)
    low = _end(lambda s: way.statistic(treatment, control, way.value(s)) - q, way.far)
    high = _end(lambda s: way.statistic(treatment, control, way.value(s)) + q, way.far)
    return way.value(low), way.value(high)


def _end(excess: Callable[[float], float], far: float) -> float:
    """Return where a statistic, falling in its null, crosses; infinite where it stays on one side."""
    if excess(-far) <= 0:
        return -math.inf
    if excess(far) >= 0:
        return math.inf
    return crossing(excess, -far, far)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountEffect:
    """Two proportions compared, with the test and the interval that belong together.

    The interval excludes `null` exactly when `p_value` < 1 - `level`.

    Attributes:
        estimate: Difference, risk ratio or odds ratio of what was seen; infinite or not a number where a count of 0
            divides.
        lower, upper: Ends of the two-sided interval.
        level: Its coverage.
        null: What is tested.
        statistic: The score, a normal deviate; positive where the treatment is above the null.
        p_value: Two-sided.
        log10_p: Its decimal logarithm, where it is below 1e-300.
        compare: "difference", "ratio" or "odds".
    """

    estimate: float
    lower: float
    upper: float
    level: float
    null: float
    statistic: float
    p_value: float
    log10_p: float | None
    compare: str


def score_test(
    treatment: Count, control: Count, *, compare: str = "difference", null: float | None = None, alpha: float = 0.05
) -> CountEffect:
    """Compare two proportions by the score: estimate, interval and p-value that can't contradict each other.

    Holds from a handful of units on, zero cells included; for fewer than some ten an arm use an exact test.

    Args:
        treatment: Successes among the treated units.
        control: The same of control.
        compare: `difference`, `ratio` (of risks) or `odds` (ratio).
        null: What is tested; no effect by default.
        alpha: Error of the two-sided interval.

    Raises:
        Invalid: If there is no such comparison, alpha is no probability, or the null can't be.

    Example:
        >>> effect = score_test(Count(0, 40), Count(5, 40), compare="ratio")
        >>> f"{effect.lower:.3f} {effect.upper:.3f} p = {effect.p_value:.4f}"
        '0.000 0.736 p = 0.0217'

    See docs/explanation/proportions.md
    """
    way = _comparison(compare)
    against = way.none if null is None else null
    if not (-1 < against < 1 if compare == "difference" else 0 < against < math.inf):
        raise Invalid(f"null {against} can't be of a {compare}: give one within its range")
    lower, upper = score_interval(treatment, control, compare=compare, alpha=alpha)
    statistic = way.statistic(treatment, control, against)
    p_value, log10_p = two_sided(statistic) if math.isfinite(statistic) else (0.0, -math.inf)
    return CountEffect(
        estimate=way.estimate(treatment, control),
        lower=lower,
        upper=upper,
        level=1 - alpha,
        null=against,
        statistic=statistic,
        p_value=p_value,
        log10_p=log10_p,
        compare=compare,
    )


def noninferiority_score(
    treatment: Count, control: Count, *, margin: float, compare: str = "difference", improving: int = 1
) -> float:
    """Return the one-sided normal deviate of "worse by less than the margin", by the score.

    Reject inferiority at one-sided alpha where it exceeds the critical value of alpha: exactly where the score interval
    of level 1 - 2 alpha clears the margin.

    Args:
        treatment: Successes among the treated units.
        control: The same of control.
        margin: Largest loss accepted: in shares for a difference (0.01: one point), relative for a ratio or odds.
        compare: `difference`, `ratio` (of risks) or `odds` (ratio).
        improving: 1 where more successes are better, -1 where fewer are.

    Raises:
        Invalid: If the margin isn't a size below 1, `improving` isn't a sign, or there is no such comparison.

    Example:
        >>> z = noninferiority_score(Count(890, 1000), Count(900, 1000), margin=0.04)
        >>> f"{z:.3f}"
        '2.170'

    References:
        Farrington, C. P. and Manning, G. (1990). Test statistics and sample size formulae for comparative binomial
        trials with null hypothesis of non-zero risk difference or non-unity relative risk. Statistics in Medicine 9.

    See docs/explanation/proportions.md
    """
    way = _comparison(compare)
    if not 0 <= margin < 1:
        raise Invalid(f"margin {margin} is no size: give the largest loss accepted, such as 0.01")
    if improving not in (1, -1):
        raise Invalid(f"improving {improving} is no sign: give 1 where higher is better, -1 where lower is")
    return improving * way.statistic(treatment, control, way.none - improving * margin)
