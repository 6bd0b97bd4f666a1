"""Effects by segment: each one's own, its distance to the rest, and what is left after shrinkage.

"Significant here, not there" is no difference: the two may agree to the digit. What can be asked is
whether a segment differs from the rest, and that is a comparison of its own.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from twyman.kernel.errors import Invalid, nearest
from twyman.stats.covariates import Adjusted
from twyman.stats.difference import means
from twyman.stats.estimate import Cause, Contrast, Estimate, NotEstimable
from twyman.stats.history.shrinkage import random_effects
from twyman.stats.lift import absolute, relative
from twyman.stats.moments import Moments
from twyman.stats.multiplicity import bh
from twyman.stats.pair import NO_VARIATION, Pair, welch_df
from twyman.stats.segments.heterogeneity import Heterogeneity, heterogeneity

Compare = Callable[[Moments, Moments], Pair | Adjusted | NotEstimable]
"""From treatment's and control's moments: a pair, as `means`, `ratios` or `adjusted` make it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """Effects by segment, in the order given.

    Attributes:
        effects: Each segment's own effect.
        against_rest: Its effect less that among all other units.
        against_rest_p: P-values of these differences, adjusted by Benjamini and Hochberg over segments.
        heterogeneity: The one test that no segment differs from any other.
        shrunken: Effects pulled to what is usual over segments: what to expect of a segment from now on.

    See docs/explanation/interactions-and-segments.md .
    """

    effects: tuple[Estimate | NotEstimable, ...]
    against_rest: tuple[Estimate | NotEstimable, ...]
    against_rest_p: tuple[float | None, ...]
    heterogeneity: Heterogeneity | NotEstimable
    shrunken: tuple[Contrast | NotEstimable, ...]


def breakdown(
    arms: Sequence[tuple[Moments, Moments]],
    *,
    compare: Compare = means,
    scale: str = "absolute",
    alpha: float = 0.05,
    spread: str = "reml",
) -> Breakdown:
    """Compare the arms within each segment, and each segment with the rest.

    Segments must be fixed before exposure: what the treatment can move sorts units by its own effect.

    Args:
        arms: Moments of treatment and control, one couple a segment.
        compare: How two arms are compared.
        scale: `absolute`, or `relative` (lifts, with their delta-method errors): a common lift over
            unequal baselines is unequal differences, and the other way round.
        alpha: Error of the two-sided intervals.
        spread: How the spread over segments is estimated: a method of `history.random_effects`.

    Returns:
        The breakdown; a segment that can't be estimated says so in its place, and is left out of the
        tests over segments, not out of the rest.

    Raises:
        Invalid: If there is no such scale or method, or alpha is no probability.

    Example:
        >>> flat, high = Moments.of([1, 2, 3, 2]), Moments.of([7, 8, 9, 8])
        >>> answer = breakdown([(flat, flat), (flat, flat), (high, flat)])
        >>> [f"{effect.estimate:+.1f}" for effect in answer.against_rest]
        ['-3.0', '-3.0', '+6.0']

    References:
        Gelman, A. and Stern, H. (2006). The difference between "significant" and "not significant" is
        not itself statistically significant. The American Statistician 60.

    See docs/explanation/interactions-and-segments.md .
    """
    if scale not in SCALES:
        raise Invalid(f"there is no scale '{scale}': {nearest(scale, SCALES)}")
    effects = [_effect(compare(*couple), scale) for couple in arms]
    rests = [_effect(compare(*rest), scale) if rest else _NO_REST for rest in _rests(arms)]
    gaps = [_gap(own, rest) for own, rest in zip(effects, rests, strict=True)]
    against_rest = tuple(_estimate(gap, alpha, scale, "segment less rest") for gap in gaps)
    known = [effect for effect in effects if isinstance(effect, Contrast)]
    return Breakdown(
        effects=tuple(_estimate(effect, alpha, scale, "segment") for effect in effects),
        against_rest=against_rest,
        against_rest_p=_adjusted_p(against_rest),
        heterogeneity=heterogeneity(known),
        shrunken=_shrunken(effects, known, spread),
    )


SCALES = ("absolute", "relative")

_NO_REST = NotEstimable(Cause.TOO_FEW_UNITS, "there is no other segment to differ from: give two or more")


def _effect(answer: Pair | Adjusted | NotEstimable, scale: str) -> Contrast | NotEstimable:
    if isinstance(answer, NotEstimable):
        return answer
    pair = answer.pair if isinstance(answer, Adjusted) else answer
    effect = absolute(pair) if scale == "absolute" else relative(pair, method="delta")
    return effect if isinstance(effect, NotEstimable) else Contrast(effect.estimate, effect.se, effect.df)


def _rests(arms: Sequence[tuple[Moments, Moments]]) -> list[tuple[Moments, Moments] | None]:
    """Return the arms of all segments but one, for each, by sums from either end."""
    before = [None, *accumulate(arms, _pooled)]
    after = [None, *accumulate(reversed(arms), _pooled)]
    pairs = zip(before[:-1], reversed(after[:-1]), strict=True)
    return [_pooled(left, right) if left and right else left or right for left, right in pairs]


def _pooled(one: tuple[Moments, Moments], other: tuple[Moments, Moments]) -> tuple[Moments, Moments]:
    return one[0] + other[0], one[1] + other[1]


def _gap(own: Contrast | NotEstimable, rest: Contrast | NotEstimable) -> Contrast | NotEstimable:
    if isinstance(own, NotEstimable):
        return own
    if isinstance(rest, NotEstimable):
        return rest
    se = math.hypot(own.se, rest.se)
    if not se:
        return NO_VARIATION
    return Contrast(own.estimate - rest.estimate, se, _gap_df(own, rest))


def _gap_df(own: Contrast, rest: Contrast) -> float | None:
    if own.df is None and rest.df is None:
        return None
    return welch_df((own.se**2, own.df or math.inf), (rest.se**2, rest.df or math.inf))


def _estimate(effect: Contrast | NotEstimable, alpha: float, scale: str, method: str) -> Estimate | NotEstimable:
    return effect if isinstance(effect, NotEstimable) else effect.as_estimate(alpha=alpha, scale=scale, method=method)


def _adjusted_p(tests: Sequence[Estimate | NotEstimable]) -> tuple[float | None, ...]:
    made = [test.p_value for test in tests if isinstance(test, Estimate)]
    adjusted = iter(bh(made) if made else ())
    return tuple(float(next(adjusted)) if isinstance(test, Estimate) else None for test in tests)


def _shrunken(
    effects: Sequence[Contrast | NotEstimable], known: Sequence[Contrast], spread: str
) -> tuple[Contrast | NotEstimable, ...]:
    over = random_effects([effect.estimate for effect in known], [effect.se for effect in known], method=spread)
    if isinstance(over, NotEstimable):
        return (over,) * len(effects)
    pulled = (Contrast(mean, se, None) for mean, se in zip(over.means, over.ses, strict=True))
    return tuple(next(pulled) if isinstance(effect, Contrast) else effect for effect in effects)
