"""Several arms against one control: Dunnett's comparisons, and step-down from the largest statistic.

All comparisons share the control, and so go together. Dunnett's critical value knows by how much, and is
smaller than Bonferroni's: 2.349 rather than 2.394 for three arms of equal size at 5 %.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import Cause, NotEstimable, checked_alpha
from twyman.stats.many_arms.largest import any_beyond, critical_of_largest
from twyman.stats.moments import Moments
from twyman.stats.pair import NO_VARIATION, Pair, too_few
from twyman.stats.tails import upper_tail

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ManyToOne:
    """Several arms against a control, with the error of all comparisons together kept.

    Attributes:
        statistics: One a comparison; normal deviates where the comparisons' degrees of freedom differ.
        adjusted: P-values; reject where below `alpha`.
        critical: What a statistic must exceed in a single step.
        interval_alpha: The alpha at which ordinary two-sided intervals, of the difference and of the lift
            alike, exclude the null exactly when `adjusted` is below `alpha` (where `sides` is 1, only
            their lower ends promise anything); or why there are none.
        loadings: Correlation of each comparison with what all share.
        df: Of the statistics; `None` for the normal distribution.
        alpha: Error of all comparisons together.
        sides: 1 or 2.
    """

    statistics: Vector
    adjusted: Vector
    critical: float
    interval_alpha: float | NotEstimable
    loadings: Vector
    df: float | None
    alpha: float
    sides: int


def against_control(
    pairs: Sequence[Pair], *, alpha: float = 0.05, sides: int = 2, against: float = 1.0, step_down: bool = False
) -> ManyToOne:
    """Compare several arms with the control that all the pairs share.

    It holds where arms are independent but for the control, and means are near normal. Where the pairs
    have one df (`pooled_means`) it is exact; else each is tested by its own df first, and the
    deviates are compared as normal ones, which is close from some ten units an arm. Covariate-adjusted
    pairs fit where the arms' slopes are alike.

    Args:
        pairs: One an arm, treatment against the same control.
        alpha: Error of all comparisons together.
        sides: 1 where only a higher treatment counts (swap the signs of the data where lower is better).
        against: The share of control that treatments are held against: 1 for no effect, 0.99 for a loss of 1 %.
        step_down: Whether an arm that is beyond leaves the others an easier bound: more power, no intervals.

    Raises:
        Invalid: If there are no pairs, alpha is no probability, or `sides` isn't 1 or 2.

    Example:
        >>> from twyman.stats.difference import means
        >>> control = Moments.of([1, 2, 3, 4, 5, 6])
        >>> arms = [Moments.of([2, 3, 4, 5, 6, 7]), Moments.of([4, 5, 6, 7, 8, 9])]
        >>> answer = against_control(pooled_means(arms, control))
        >>> [f"{p:.3f}" for p in answer.adjusted], f"{answer.critical:.3f}"
        (['0.564', '0.026'], '2.439')

    References:
        Dunnett, C. W. (1955). A multiple comparison procedure for comparing several treatments with a
        control. JASA 50.
        Dunnett, C. W. and Tamhane, A. C. (1991). Step-down multiple tests for comparing treatments with a
        control in unbalanced one-way layouts. Statistics in Medicine 10.

    See docs/explanation/many-tests.md
    """
    if not pairs:
        raise Invalid("no arms can't be compared: give one pair an arm")
    checked_alpha(alpha)
    degrees = {pair.df for pair in pairs}
    df = degrees.pop() if len(degrees) == 1 else None
    same = not degrees
    statistics = np.array([pair.contrast(against).statistic if same else pair.score(against) for pair in pairs])
    loadings = np.array([loading(pair, against) for pair in pairs])
    critical = critical_of_largest(loadings.tolist(), alpha=alpha, df=df, sides=sides)
    adjusted = (_stepped if step_down else _single)(statistics, loadings, df, sides)
    return ManyToOne(
        statistics=statistics,
        adjusted=adjusted,
        critical=critical,
        interval_alpha=_NO_STEPS if step_down else 2 * upper_tail(critical, df),
        loadings=loadings,
        df=df,
        alpha=alpha,
        sides=sides,
    )


_NO_STEPS = NotEstimable(
    Cause.NO_INTERVAL,
    "a step-down test has no two-sided intervals that agree with it: compare in a single step for them",
)


def loading(pair: Pair, against: float = 1.0) -> float:
    """Return the correlation of a comparison with the control's mean: √(v_c / (v_t + v_c)) for plain means.

    Two comparisons correlate by the product of their loadings, which is
    1 / √((1 + n_c/n_i)(1 + n_c/n_j)) where variances are equal.
    """
    shared = against * against * pair.control_variance - against * pair.covariance
    se = pair.contrast(against).se
    return math.sqrt(min(max(shared / (se * se), 0.0), 1.0)) if se else 1.0


def _single(statistics: Vector, loadings: Vector, df: float | None, sides: int) -> Vector:
    sizes = np.abs(statistics) if sides == 2 else statistics
    return np.array([any_beyond(float(size), loadings.tolist(), df=df, sides=sides) for size in sizes])


def _stepped(statistics: Vector, loadings: Vector, df: float | None, sides: int) -> Vector:
    sizes = np.abs(statistics) if sides == 2 else statistics
    adjusted, largest = np.empty(sizes.size), 0.0
    order = np.argsort(-sizes, kind="stable")
    for rank, i in enumerate(order):
        left = loadings[order[rank:]].tolist()
        largest = max(largest, any_beyond(float(sizes[i]), left, df=df, sides=sides))
        adjusted[i] = largest
    return adjusted


def pooled_means(treatments: Sequence[Moments], control: Moments) -> list[Pair]:
    """Compare means of the first column with one variance for all arms: Dunnett's own setting, exact for normal data.

    It holds where all arms vary alike. Where a treatment may change the spread, compare each by
    `difference.means`.

    Raises:
        Invalid: If no arm is given, or the arms can't be compared: none has two units, or no unit varies.

    Example:
        >>> [pair] = pooled_means([Moments.of([3, 4, 5])], Moments.of([1, 2, 3]))
        >>> pair.df, round(pair.contrast().se, 4)
        (4.0, 0.8165)

    See docs/explanation/many-tests.md
    """
    arms = [control, *treatments]
    df = float(sum(arm.count for arm in arms) - len(arms))
    squares = float(sum(arm.products[0, 0] for arm in arms))
    if not treatments or min(arm.count for arm in arms) < 1 or df < 1 or not squares:
        raise Invalid("arms without units, or without variation, can't be compared: leave them out, on purpose")
    variance = squares / df
    return [
        Pair(
            treatment=float(arm.means[0]),
            control=float(control.means[0]),
            treatment_variance=variance / arm.count,
            control_variance=variance / control.count,
            df=df,
            treatment_units=arm.count,
            control_units=control.count,
            method="difference, one variance for all arms",
        )
        for arm in treatments
    ]


def combined(
    treatments: Sequence[Moments], control: Moments, *, weights: Sequence[float] | None = None
) -> Pair | NotEstimable:
    """Compare several arms, taken together, with control.

    The arms' means are averaged with fixed weights, and each keeps its own variance. This isn't what
    merging their moments gives: there, differences between the arms would count as noise.

    It holds where weights are fixed before outcomes are seen; shares of traffic are.

    Args:
        treatments: Moments of the arms; only the first column is used.
        control: The same of control.
        weights: One an arm, not negative; only proportions count. By units where left out. An arm of weight zero
            counts for nothing.

    Returns:
        The two means and their variances; or why not, where an arm has under two units, or no unit varies.

    Raises:
        Invalid: If weights aren't one an arm, or no shares.

    Example:
        >>> arms = [Moments.of([3, 4, 5]), Moments.of([5, 6, 7])]
        >>> pair = combined(arms, Moments.of([1, 2, 3]))
        >>> pair.treatment, round(pair.treatment_variance, 4), round(pair.df, 2)
        (5.0, 0.1667, 4.0)

    See docs/explanation/many-tests.md
    """
    if weights is None and treatments and not any(arm.count for arm in treatments):
        return too_few(0, control.count) or NO_VARIATION
    shares = _shares(treatments, weights)
    used = [(arm, float(share)) for arm, share in zip(treatments, shares, strict=True) if share > 0]
    refusal = too_few(min(arm.count for arm, _ in used), control.count)
    if refusal:
        return refusal
    parts = [(share * share * arm.variance() / arm.count, arm.count - 1) for arm, share in used]
    own = (control.variance() / control.count, control.count - 1)
    total = sum(part for part, _ in (*parts, own))
    if not any(arm.varies() for arm, _ in used) and not control.varies():
        return NO_VARIATION
    return Pair(
        treatment=float(sum(share * float(arm.means[0]) for arm, share in used)),
        control=float(control.means[0]),
        treatment_variance=sum(part for part, _ in parts),
        control_variance=own[0],
        df=1 / sum((part / total) ** 2 / df for part, df in (*parts, own)),
        treatment_units=sum(arm.count for arm, _ in used),
        control_units=control.count,
        method="difference, arms combined",
    )


def _shares(treatments: Sequence[Moments], weights: Sequence[float] | None) -> Vector:
    given = np.asarray([arm.count for arm in treatments] if weights is None else weights, dtype=np.float64)
    total = float(given.sum())
    if given.size != len(treatments) or not (np.isfinite(given).all() and (given >= 0).all() and total > 0):
        raise Invalid(
            f"weights {given.tolist()} are no shares of {len(treatments)} arms: give one an arm, none negative"
        )
    return given / total
