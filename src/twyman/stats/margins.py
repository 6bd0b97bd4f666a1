"""Not worse by more than a margin: the test of a guardrail.

The margin is a share of the baseline, and the baseline is itself estimated. So the test is on the
contrast `treatment - (1 - margin) control`, with control's variance inside; converting the margin to
a number by the observed baseline would take that baseline for known.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import NotEstimable, checked_alpha
from twyman.stats.lift import absolute, relative
from twyman.stats.pair import Pair
from twyman.stats.tails import normal_score, upper_tail


def noninferiority(pair: Pair, *, margin: float, improving: int = 1, scale: str = "relative") -> float:
    """Return the one-sided normal deviate of "worse by less than the margin".

    Reject inferiority at one-sided alpha where it exceeds the critical value of alpha: exactly where
    the Fieller bound of the lift of level 1 - 2 alpha clears the margin.

    Args:
        pair: The two means.
        margin: Largest loss that is accepted: a share of the baseline, such as 0.01; with 0 this is superiority.
        improving: 1 where higher is better, -1 where lower is.
        scale: `relative`, or `absolute` where the margin is in the metric's own unit.

    Raises:
        Invalid: If the margin isn't a size, `improving` isn't a sign, or there is no such scale.

    Example:
        >>> from twyman.stats.difference import means
        >>> from twyman.stats.moments import Moments
        >>> same = Moments.of([99, 100, 101, 100])
        >>> z = noninferiority(means(same, same), margin=0.05)
        >>> f"z = {z:.2f}, p = {one_sided_p(z):.5f}"
        'z = 3.86, p = 0.00006'

    See docs/explanation/decision-rule.md
    """
    if not 0 <= margin < math.inf:
        raise Invalid(f"margin {margin} is no size: give the largest relative loss accepted, such as 0.01")
    if improving not in (1, -1):
        raise Invalid(f"improving {improving} is no sign: give 1 where higher is better, -1 where lower is")
    if scale == "absolute":
        contrast = pair.contrast()
        return normal_score((improving * contrast.estimate + margin) / contrast.se, contrast.df)
    if scale != "relative":
        raise Invalid(f"there is no scale '{scale}': give 'relative' or 'absolute'")
    sign = math.copysign(1.0, pair.control)
    return improving * pair.score(1 - improving * margin * sign)


def one_sided_p(z: float) -> float:
    """Return the probability of a normal deviate this high or higher, were there no effect beyond the margin."""
    return upper_tail(z)


class Standing(StrEnum):
    """What a guardrail's two tests say together; stable codes for machines."""

    NON_INFERIOR = "non_inferior"
    DETERIORATED = "deteriorated"
    DETERIORATED_WITHIN_MARGIN = "deteriorated_within_margin"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """A guardrail's standing, and what it rests on.

    Attributes:
        standing: `non_inferior`: shown to lose less than the margin. `deteriorated`: shown to be worse.
            `deteriorated_within_margin`: both: harm is real, and smaller than was accepted. `inconclusive`: neither.
        p_noninferior: One-sided, against a loss of the margin.
        p_deteriorated: One-sided, against no loss.
        bound: How bad the effect may be, in the margin's scale: what an ordinary interval of level 1 - 2 alpha
            has on the worsening side. It clears the margin exactly where non-inferiority is shown; or why
            there is none.
    """

    standing: Standing
    p_noninferior: float
    p_deteriorated: float
    bound: float | NotEstimable


def guarded(
    pair: Pair,
    *,
    margin: float,
    alpha: float = 0.05,
    alpha_deterioration: float = 0.01,
    improving: int = 1,
    scale: str = "relative",
) -> Guarded:
    """Tell a guardrail's standing from two one-sided tests.

    "Not shown to be worse" isn't "shown not to be worse": without enough units both tests are silent, and
    the standing is inconclusive.

    Args:
        pair: The two means.
        margin: As in `noninferiority`; fixed before the data are seen.
        alpha: One-sided error of the test against the margin, below 0.5.
        alpha_deterioration: One-sided error of the test for harm.
        improving: As in `noninferiority`.
        scale: As in `noninferiority`.

    Raises:
        Invalid: As in `noninferiority`, and if an alpha is no such probability.

    Example:
        >>> from twyman.stats.difference import means
        >>> from twyman.stats.moments import Moments
        >>> control, treatment = Moments(9_000, [10.0], [[9e4]]), Moments(9_000, [9.8], [[9e4]])
        >>> print(guarded(means(treatment, control), margin=0.05).standing)
        deteriorated_within_margin

    See docs/explanation/decision-rule.md
    """
    checked_alpha(2 * alpha)
    p_noninferior = upper_tail(noninferiority(pair, margin=margin, improving=improving, scale=scale))
    p_deteriorated = upper_tail(-improving * pair.score())
    fine, worse = p_noninferior < alpha, p_deteriorated < checked_alpha(alpha_deterioration)
    return Guarded(
        standing=_STANDINGS[fine, worse],
        p_noninferior=p_noninferior,
        p_deteriorated=p_deteriorated,
        bound=_bound(pair, alpha, improving, scale),
    )


_STANDINGS = {
    (True, False): Standing.NON_INFERIOR,
    (False, True): Standing.DETERIORATED,
    (True, True): Standing.DETERIORATED_WITHIN_MARGIN,
    (False, False): Standing.INCONCLUSIVE,
}


def _bound(pair: Pair, alpha: float, improving: int, scale: str) -> float | NotEstimable:
    interval = absolute(pair, alpha=2 * alpha) if scale == "absolute" else relative(pair, alpha=2 * alpha)
    if isinstance(interval, NotEstimable):
        return interval
    end = interval.lower if improving == 1 else interval.upper
    return -improving * math.inf if end is None else end


def equivalence(pair: Pair, *, within: float, scale: str = "relative") -> tuple[float, float]:
    """Return two one-sided normal deviates: the lift is above -`within`, and below +`within`.

    Equivalence is shown at one-sided alpha where both exceed its critical value.

    Raises:
        Invalid: If `within` isn't a size, or there is no such scale.

    References:
        Schuirmann, D. J. (1987). A comparison of the two one-sided tests procedure and the power
        approach. Journal of Pharmacokinetics and Biopharmaceutics 15.

    See docs/explanation/decision-rule.md
    """
    above, below = (noninferiority(pair, margin=within, improving=side, scale=scale) for side in (1, -1))
    return above, below


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivalence:
    """Whether an effect is shown to be small both ways.

    Attributes:
        p_above: One-sided, against an effect of -`within` or less.
        p_below: One-sided, against an effect of `within` or more.
        p_value: The larger of the two: equivalence is shown where it is below alpha.
        lower, upper: The interval of level 1 - 2 alpha: equivalence is shown exactly where it lies between
            -`within` and `within`.
        shown: Whether it is.
    """

    p_above: float
    p_below: float
    p_value: float
    lower: float | None
    upper: float | None
    shown: bool


def equivalent(
    pair: Pair, *, within: float, alpha: float = 0.05, scale: str = "relative"
) -> Equivalence | NotEstimable:
    """Test whether an effect lies within a margin on both sides, by two one-sided tests.

    Args:
        pair: The two means.
        within: The margin, fixed before the data are seen.
        alpha: Error of each side, and so of both; below 0.5.
        scale: As in `noninferiority`.

    Returns:
        The tests and the interval that goes with them; or why the lift has no interval.

    Raises:
        Invalid: As in `equivalence`, and if alpha is no such probability.

    Example:
        >>> from twyman.stats.difference import means
        >>> from twyman.stats.moments import Moments
        >>> same = Moments.of([99, 100, 101, 100])
        >>> answer = equivalent(means(same, same), within=0.05)
        >>> answer.shown, f"{answer.lower:+.3f} {answer.upper:+.3f}"
        (True, '-0.011 +0.011')

    See docs/explanation/decision-rule.md
    """
    checked_alpha(2 * alpha)
    above, below = (upper_tail(z) for z in equivalence(pair, within=within, scale=scale))
    interval = absolute(pair, alpha=2 * alpha) if scale == "absolute" else relative(pair, alpha=2 * alpha)
    if isinstance(interval, NotEstimable):
        return interval
    worst = max(above, below)
    return Equivalence(
        p_above=above,
        p_below=below,
        p_value=worst,
        lower=interval.lower,
        upper=interval.upper,
        shown=worst < alpha,
    )
