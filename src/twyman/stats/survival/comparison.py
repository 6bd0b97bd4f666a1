"""Two arms' retention: at one time, or on average up to one."""

import numpy as np

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.pair import NO_VARIATION, Pair, too_few
from twyman.stats.survival.curve import Curve, kaplan_meier
from twyman.stats.survival.table import RiskTable

Share = tuple[float, float]
"""A number and its standard error."""


def retention(treatment: RiskTable, control: RiskTable, *, at: float) -> Pair | NotEstimable:
    """Compare which share is still there at a time.

    Uses every unit for as long as it was observed, and so is more precise than comparing matured units only. Holds as
    `kaplan_meier` does. The time is to be chosen beforehand.

    Args:
        treatment: The treated units' table.
        control: The same of control.
        at: Time since exposure, such as 7 (days).

    Returns:
        Both shares and their variances by Greenwood, from which difference and lift follow; or why not: nobody was
        observed for as long, or nobody left.

    Example:
        >>> from twyman.stats.lift import absolute
        >>> treatment = RiskTable([1, 2, 3], [1000, 900, 850], [100, 50, 20])
        >>> control = RiskTable([1, 2, 3], [1000, 880, 800], [120, 80, 60])
        >>> effect = absolute(retention(treatment, control, at=3))
        >>> f"{effect.estimate:+.3f} [{effect.lower:+.3f}, {effect.upper:+.3f}]"
        '+0.090 [+0.054, +0.126]'

    See docs/explanation/retention-curves.md
    """
    return _pair(treatment, control, f"retention at {at:g}", *(_share(arm, at) for arm in (treatment, control)))


def mean_time(treatment: RiskTable, control: RiskTable, *, until: float) -> Pair | NotEstimable:
    """Compare how long units stay on average, up to a time: the area under the curve (restricted mean survival time).

    Says what a single day's retention can't: a treatment that delays leaving by some days and changes nothing after.
    Needs no proportional hazards, unlike the log-rank test.

    Args:
        treatment: The treated units' table.
        control: The same of control.
        until: The time up to which it is counted; both arms must have been observed for as long.

    Returns:
        Both means and their variances; or why not.

    Raises:
        Invalid: If `until` isn't after exposure.

    Example:
        >>> treatment = RiskTable([1, 2, 3], [1000, 900, 850], [100, 50, 20])
        >>> control = RiskTable([1, 2, 3], [1000, 880, 800], [120, 80, 60])
        >>> pair = mean_time(treatment, control, until=3)
        >>> f"{pair.treatment:.2f} against {pair.control:.2f} days"
        '2.75 against 2.68 days'

    References:
        Royston, P. and Parmar, M. K. B. (2013). Restricted mean survival time. BMC Medical Research Methodology 13.

    See docs/explanation/retention-curves.md
    """
    if not 0 < until < np.inf:
        raise Invalid(f"time until {until:g} isn't after exposure: give a time such as 28")
    means = (_area(kaplan_meier(arm), until) for arm in (treatment, control))
    return _pair(treatment, control, f"mean time until {until:g}", *means)


def _share(table: RiskTable, at: float) -> Share | NotEstimable:
    return kaplan_meier(table).at(at)


def _area(curve: Curve, until: float) -> Share | NotEstimable:
    known = curve.at(until)
    if isinstance(known, NotEstimable):
        return known
    inside = curve.times < until
    heights = np.append(1.0, curve.survival[inside])
    pieces = heights * np.diff(np.concatenate(([0.0], curve.times[inside], [until])))
    left = pieces[::-1].cumsum()[::-1][1:]
    terms = np.diff(np.append(0.0, np.where(curve.survival > 0, curve.relative_variance, 0.0)[inside]))
    return float(pieces.sum()), float(np.sqrt(np.where(left > 0, left * left * np.maximum(terms, 0.0), 0.0).sum()))


def _pair(
    treatment: RiskTable, control: RiskTable, method: str, first: Share | NotEstimable, second: Share | NotEstimable
) -> Pair | NotEstimable:
    refusal = too_few(treatment.units, control.units)
    if refusal:
        return refusal
    if isinstance(first, NotEstimable):
        return first
    if isinstance(second, NotEstimable):
        return second
    if not first[1] + second[1] > 0:
        return NO_VARIATION if first[0] == second[0] else SEPARATED
    return Pair(
        treatment=first[0],
        control=second[0],
        treatment_variance=first[1] ** 2,
        control_variance=second[1] ** 2,
        treatment_units=treatment.units,
        control_units=control.units,
        method=method,
    )


SEPARATED = NotEstimable(
    Cause.NO_VARIATION,
    "all stay in one arm and none in the other, so there is no error to measure: compare the counts by an exact test",
)
