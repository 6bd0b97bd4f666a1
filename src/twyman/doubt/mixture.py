"""Do arms hold different mixes of days or segments, and is the effect a matter of the mix?

Where an arm's share differs from day to day (a ramp, a pause) or from segment to segment, and the level of a metric
does too, an arm's mean says who is in it: Simpson's paradox. The effect within days, averaged, is then another.

Method: each unit is given the level of its day (or segment), planned shares mixing both arms' means, so that an
effect doesn't move it; arms drawn by the plan differ in their average level by chance only, and the difference is
the bias of the pooled effect. Its z-test is the test of a covariate from before exposure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from twyman.doubt.check import NOTE, SEARCHED, Check, Status, p_text, tier
from twyman.stats.difference import means
from twyman.stats.estimate import Contrast, NotEstimable
from twyman.stats.moments import Moments
from twyman.stats.over_days import trend

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Group:
    """Both arms' moments of one metric, one column, in one day or segment."""

    name: str
    treatment: Moments
    control: Moments


@dataclass(frozen=True, slots=True)
class Mix:
    """What the mix of groups does to an effect.

    Attributes:
        pooled: Treatment's mean less control's.
        within: The same within groups, averaged over all units.
        bias: How much arms' average levels differ.
        p_value: That this is chance.
    """

    pooled: float
    within: float
    bias: float
    p_value: float


def mix(groups: Sequence[Group]) -> Mix | None:
    """Return what the mix of groups does to an effect; `None` where there is nothing to compare.

    Example:
        >>> low, high = Moments.binary(100, 1000), Moments.binary(600, 1000)
        >>> few = Moments.binary(60, 100)
        >>> answer = mix([Group("mon", low, low), Group("tue", few, high)])
        >>> f"{answer.pooled:+.2f} pooled, {answer.within:+.2f} within"
        '-0.20 pooled, +0.00 within'
    """
    held = [group for group in groups if group.treatment.count + group.control.count]
    treated = np.array([group.treatment.count for group in held], dtype=np.float64)
    others = np.array([group.control.count for group in held], dtype=np.float64)
    if len(held) < 2 or not treated.sum() or not others.sum():
        return None
    both = (treated > 0) & (others > 0)
    above, below = (_means(held, arm) for arm in ("treatment", "control"))
    gaps, sizes = (above - below)[both], (treated + others)[both]
    within = float(gaps @ sizes / sizes.sum()) if both.any() else 0.0
    share = treated.sum() / (treated.sum() + others.sum())
    level = _level(above, below, share, within)
    bias = float(level @ treated / treated.sum() - level @ others / others.sum())
    weights = (treated + others) / (treated + others).sum()
    spread = float(weights @ (level - weights @ level) ** 2)
    error = sqrt(spread * (1 / treated.sum() + 1 / others.sum()))
    pooled = float(np.nansum(above * treated) / treated.sum() - np.nansum(below * others) / others.sum())
    p_value = 2 * float(ndtr(-abs(bias) / error)) if error > 0 else 1.0
    return Mix(pooled, within, bias, p_value)


def _means(groups: Sequence[Group], arm: str) -> Vector:
    found = [group.treatment if arm == "treatment" else group.control for group in groups]
    return np.array([float(one.means[0]) if one.count else np.nan for one in found])


def _level(above: Vector, below: Vector, share: float, effect: float) -> Vector:
    """Return what groups are like whichever arm their units are in; from one arm and the effect, where one is empty."""
    level = share * above + (1 - share) * below
    level = np.where(np.isnan(above), below + share * effect, level)
    return np.where(np.isnan(below), above - (1 - share) * effect, level)


SLIGHT = 0.1
"""Standard errors of an effect below which what a mix adds to it is said to be slight."""
SLIGHTLY = "So slight a move hardly changes a reading; what changed the shares may: find it."
READ_WITHIN = "Read it within (strata), and find what changed the shares."


def mix_shift(metric: str, arm: str, by: str, groups: Sequence[Group], *, checks: int = 1) -> Check | None:
    """Test whether the mix of days or segments, and not the change, makes an effect.

    Args:
        metric: The metric.
        arm: The treatment.
        by: `day of exposure`, or the dimension, frozen before exposure.
        groups: The arms in each.
        checks: How many such checks are made: the loudness is by p times their number (Bonferroni).

    See docs/explanation/root-causes.md
    """
    found = mix(groups)
    if found is None:
        return None
    p_value = min(1.0, found.p_value * checks)
    whole = _effect(groups)
    size = abs(found.bias / whole.se) if whole is not None and whole.se else 0.0
    turned = found.pooled * found.within < 0
    status = tier(p_value, loudest=Status.BLOCK if turned and size >= 1 else Status.WARN, block=SEARCHED)
    detail: dict[str, object] = {
        "by": by,
        "pooled": found.pooled,
        "within": found.within,
        "bias": found.bias,
        "bias_in_errors": size,
        "reversed": turned,
    }
    text = f"{metric}: no mix by {by} moves the effect of {arm} beyond chance ({p_text(p_value)})."
    if status is not Status.OK:
        moved = f"{found.bias:+.4g}" + (f", or {size:.2g} of its standard errors" if size else "")
        counted = f", with all {checks} such checks counted" if checks > 1 else ""
        text = (
            f"{metric}: {arm} and control hold different mixes by {by}, which moves the pooled effect by {moved} "
            f"({p_text(p_value)} that chance moves it so far{counted}). Pooled, the effect is {found.pooled:+.4g}; "
            f"within each {by}, averaged, {found.within:+.4g}{', the other way round' if turned else ''}. "
            f"{SLIGHTLY if 0 < size < SLIGHT and not turned else READ_WITHIN}"
        )
    return Check(code="mix_shift", status=status, text=text, p_value=p_value, metric=metric, arm=arm, detail=detail)


def _effect(groups: Sequence[Group]) -> Contrast | None:
    treatment, control = Moments.empty(1), Moments.empty(1)
    for group in groups:
        treatment, control = treatment + group.treatment, control + group.control
    pair = means(treatment, control)
    return None if isinstance(pair, NotEstimable) else pair.contrast()


@dataclass(frozen=True, slots=True)
class Drift:
    """How an effect changes from one day of entry to the next."""

    days: Sequence[float]
    effects: Sequence[Contrast]


def drift(groups: Mapping[float, Group]) -> Drift | None:
    """Return effects by day of entry; `None` with under three days that can be compared."""
    kept = dict[float, Contrast]()
    for day, group in sorted(groups.items()):
        pair = means(group.treatment, group.control)
        if (
            not isinstance(pair, NotEstimable)
            and pair.contrast().se
            and min(group.treatment.count, group.control.count) >= FEW
        ):
            kept[day] = pair.contrast()
    return Drift(list(kept), list(kept.values())) if len(kept) >= 3 else None


FEW = 30
"""Units of an arm below which a day's effect has no error to weigh it by."""


def effect_drift(metric: str, arm: str, groups: Mapping[float, Group], *, checks: int = 1) -> Check | None:
    """Test whether those who entered later have another effect: those who come first are the keenest.

    Args:
        metric: The metric.
        arm: The treatment.
        groups: The arms by day of entry, days since the first.
        checks: How many such checks are made: the loudness is by p times their number (Bonferroni).

    See docs/explanation/root-causes.md
    """
    found = drift(groups)
    if found is None:
        return None
    slope = trend(found.days, [one.estimate for one in found.effects], [one.se**2 for one in found.effects])
    if isinstance(slope, NotEstimable) or not slope.se:
        return None
    p_value = min(1.0, 2 * float(ndtr(-abs(slope.estimate) / slope.se)) * checks)
    status = tier(p_value, loudest=Status.NOTE)
    detail: dict[str, object] = {"per_day": slope.estimate, "se": slope.se, "days": len(found.days)}
    text = f"{metric}: the effect of {arm} is alike for early and late comers ({p_text(p_value)})."
    if p_value < NOTE:
        text = (
            f"{metric}: the effect of {arm} changes by {slope.estimate:+.3g} with each day of entry "
            f"({p_text(p_value)}). Late comers differ from early ones, or something was changed on the way: "
            "don't carry it beyond these weeks before they agree."
        )
    return Check(code="effect_drift", status=status, text=text, p_value=p_value, metric=metric, arm=arm, detail=detail)
