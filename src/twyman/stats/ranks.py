"""Which arm tends to be higher, by ranks: the share of pairs in which the treated unit is.

The question differs from that about means: a treatment can be higher in most pairs and lower on average. Sees values:
moments don't keep the order of units.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from twyman.stats.estimate import Cause, Contrast, NotEstimable, checked_alpha
from twyman.stats.pair import too_few, welch_df
from twyman.stats.quantile.sample import Vector, ordered
from twyman.stats.tails import two_sided

EXACT_BELOW = 50
"""Arms of fewer units, and no ties, get the exact distribution unless said otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Superiority:
    """How often a treated unit is higher than a control unit, ties counting half.

    The interval excludes one half exactly when `p_value` < 1 - `level`.

    Attributes:
        share: P(T > C) + P(T = C) / 2; one half where neither arm tends to be higher.
        se: Its standard error.
        lower, upper: Ends of the two-sided interval, within 0 and 1.
        level: Its coverage.
        p_value: Two-sided, against one half; it doesn't ask that both arms have the same shape.
        log10_p: Its decimal logarithm, where it is below 1e-300.
        df: Degrees of freedom of the t distribution under it.
    """

    share: float
    se: float
    lower: float
    upper: float
    level: float
    p_value: float
    log10_p: float | None
    df: float


def superiority(treatment: ArrayLike, control: ArrayLike, *, alpha: float = 0.05) -> Superiority | NotEstimable:
    """Estimate in which share of pairs the treated unit is higher (Brunner and Munzel; DeLong's variance).

    Holds for independent units of any distribution, ties included, from about ten units an arm. It breaks where one arm
    lies wholly above the other (then there is no variance: see `mann_whitney`), and where units aren't independent.

    Args:
        treatment: One number a treated unit.
        control: The same of control.
        alpha: Error of the two-sided interval.

    Returns:
        The share with its interval and p-value; or why not.

    Raises:
        Invalid: If a value is missing, or alpha is no probability.

    Example:
        >>> answer = superiority([3, 4, 5, 6, 8, 9], [1, 2, 3, 4, 5, 7])
        >>> f"{answer.share:.3f} [{answer.lower:.3f}, {answer.upper:.3f}] p = {answer.p_value:.3f}"
        '0.764 [0.442, 1.000] p = 0.097'

    References:
        Brunner, E. and Munzel, U. (2000). The nonparametric Behrens-Fisher problem. Biometrical Journal 42.
        DeLong, E. R., DeLong, D. M. and Clarke-Pearson, D. L. (1988). Comparing the areas under two or more correlated
        receiver operating characteristic curves. Biometrics 44.

    See docs/explanation/caps-ranks-and-bootstrap.md
    """
    checked_alpha(alpha)
    first, second = ordered(treatment), ordered(control)
    refusal = too_few(first.size, second.size)
    if refusal:
        return refusal
    above, below = _placements(first, second), 1 - _placements(second, first)
    v_t, v_c = float(above.var(ddof=1)) / first.size, float(below.var(ddof=1)) / second.size
    if not v_t + v_c > 0:
        return NotEstimable(
            Cause.NO_VARIATION,
            "every pair says the same, so the share of pairs has no measurable error: read the Mann-Whitney test",
        )
    share, df = float(above.mean()), welch_df((v_t, first.size - 1), (v_c, second.size - 1))
    contrast = Contrast(share - 0.5, math.sqrt(v_t + v_c), df)
    lower, upper = contrast.interval(alpha)
    p_value, log10_p = two_sided(contrast.statistic, df)
    return Superiority(
        share=share,
        se=contrast.se,
        lower=max(0.5 + lower, 0.0),
        upper=min(0.5 + upper, 1.0),
        level=1 - alpha,
        p_value=p_value,
        log10_p=log10_p,
        df=df,
    )


def _placements(values: Vector, others: Vector) -> Vector:
    """Return the share of the others that each value exceeds, ties counting half; all sorted."""
    below = np.searchsorted(others, values, side="left") + np.searchsorted(others, values, side="right")
    return below / (2 * others.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class RankTest:
    """Mann and Whitney's test of the same distribution in both arms.

    It has no interval: where the distributions differ, its error isn't that of any estimate. For one see `superiority`.

    Attributes:
        statistic: Pairs in which the treated unit is higher, ties counting half (R's W).
        share: `statistic` over all pairs.
        z: The normal deviate; `None` where the exact distribution was used.
        p_value: Two-sided.
        log10_p: Its decimal logarithm, where it is below 1e-300.
    """

    statistic: float
    share: float
    z: float | None
    p_value: float
    log10_p: float | None


def mann_whitney(
    treatment: ArrayLike, control: ArrayLike, *, continuity: bool = True, exact: bool | None = None
) -> RankTest | NotEstimable:
    """Test whether both arms have the same distribution, by ranks.

    Holds for independent units. It rejects for a difference of spread too, and says nothing about means.

    Args:
        treatment: One number a treated unit.
        control: The same of control.
        continuity: Move the statistic half a pair towards its mean before the normal approximation.
        exact: Use the exact distribution (no ties then). By default where there are no ties and both arms have
            fewer than 50 units, as R does.

    Returns:
        Statistic and p-value; or why not: no units, or all of them tied, or an exact test asked of ties.

    Raises:
        Invalid: If a value is missing.

    Example:
        >>> test = mann_whitney([1.1, 2.2, 3.3, 4.4], [0.5, 0.7, 1.0])
        >>> test.statistic, f"{test.p_value:.4f}"
        (12.0, '0.0571')

    References:
        Mann, H. B. and Whitney, D. R. (1947). On a test of whether one of two random variables is stochastically larger
        than the other. Annals of Mathematical Statistics 18.

    See docs/explanation/caps-ranks-and-bootstrap.md
    """
    first, second = ordered(treatment), ordered(control)
    refusal = too_few(first.size, second.size, needed=1)
    if refusal:
        return refusal
    statistic = float(_placements(first, second).sum()) * second.size
    statistic = round(2 * statistic) / 2
    _, counts = np.unique(np.concatenate((first, second)), return_counts=True)
    tied = bool(counts.max() > 1)
    if exact and tied:
        return NotEstimable(Cause.TIED, "tied units have no exact distribution here: use the normal approximation")
    if exact or (exact is None and not tied and max(first.size, second.size) < EXACT_BELOW):
        p_value = min(1.0, 2 * _exact_tail(statistic, first.size, second.size))
        return _answer(statistic, first.size * second.size, None, (p_value, None))
    z = _deviate(statistic, (first.size, second.size), counts.astype(np.float64), continuity=continuity)
    if z is None:
        return NotEstimable(Cause.NO_VARIATION, "all units are tied: check that the metric is recorded")
    return _answer(statistic, first.size * second.size, z, two_sided(z))


def _answer(statistic: float, pairs: int, z: float | None, p: tuple[float, float | None]) -> RankTest:
    return RankTest(statistic=statistic, share=statistic / pairs, z=z, p_value=p[0], log10_p=p[1])


def _deviate(statistic: float, sizes: tuple[int, int], ties: Vector, *, continuity: bool) -> float | None:
    pairs, total = float(sizes[0]) * sizes[1], float(sum(sizes))
    if ties.size == 1:
        return None
    correction = float((ties**3 - ties).sum()) / (total * (total - 1))
    gap = statistic - pairs / 2
    if continuity:
        gap -= math.copysign(min(0.5, abs(gap)), gap)
    return gap / math.sqrt(pairs / 12 * (total + 1 - correction))


def _exact_tail(statistic: float, n: int, m: int) -> float:
    """Return the probability of a statistic at least this far to its own side, all orders being as likely."""
    far = int(min(statistic, n * m - statistic))
    chances = np.zeros(far + 1)
    chances[0] = 1.0
    # the generating function, a factor at a time: (1 - x^(m+i)) / (1 - x^i), as shares of all orders
    for i in range(1, n + 1):
        padded = np.concatenate((chances, np.zeros(-chances.size % i)))
        grown = padded.reshape(-1, i).cumsum(axis=0).ravel()[: far + 1]
        if m + i <= far:
            grown[m + i :] = grown[m + i :] - grown[: far + 1 - m - i]
        chances = grown * (i / (m + i))
    return float(chances.sum())
