"""A triggered effect, spread over all who were exposed: what the change does to everybody.

Units that never reach the trigger meet the same in every arm, so that their effect is none, and the effect on the
mean of all exposed is the triggered effect times the triggered share (Deng and Hu, WSDM 2015). The share is taken
as it is: its own error adds next to nothing, being multiplied by the effect. Reading nothing of units that never
trigger is what makes triggered analyses sharp, so that no lift over all exposed can be given: its base isn't known.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from twyman.app.ports import Kept
from twyman.app.views import Effect, Interval, Why
from twyman.metrics.metric import Mean, Metric, Missing, Proportion, Retention

ADDING = (Mean, Proportion, Retention)
"""Kinds of metric that are means over units: what adds nothing to a unit adds nothing to the mean."""


def diluted(
    metric: Metric, effect: Effect, kept: Sequence[Kept], arms: tuple[str, str], *, whole: bool
) -> Effect | None:
    """Return the effect on all exposed; `None` where nothing triggers.

    Args:
        metric: The metric.
        effect: The triggered effect, absolute.
        kept: Steps of the analysis, of which the trigger is the last.
        arms: Treatment and control.
        whole: Whether the effect is everybody's, and no segment's.
    """
    trigger = next((step for step in kept if step.kind == "trigger"), None)
    if trigger is None:
        return None
    why = _why_not(metric, whole=whole)
    exposed = sum(trigger.of.get(arm, 0) for arm in arms)
    if why is not None or not exposed or effect.estimate is None:
        return Effect(estimate=None, reason=why or effect.reason)
    share = sum(trigger.kept.get(arm, 0) for arm in arms) / exposed
    return replace(
        effect,
        estimate=effect.estimate * share,
        se=None if effect.se is None else effect.se * share,
        fixed=_times(effect.fixed, share),
        repeated=_times(effect.repeated, share),
    )


def _why_not(metric: Metric, *, whole: bool) -> Why | None:
    if not whole:
        return Why(code="segment", text="how many of a segment were exposed and never triggered isn't counted")
    if not isinstance(metric.kind, ADDING):
        text = f"a {type(metric.kind).__name__.lower()} over all exposed needs the values of units that never triggered"
        return Why(code="not_additive", text=text)
    if metric.missing is Missing.DROP:
        return Why(code="not_additive", text="units without facts are left out, so the mean isn't over all triggered")
    return None


def _times(interval: Interval | None, share: float) -> Interval | None:
    if interval is None:
        return None
    lower, upper = (None if end is None else end * share for end in (interval.lower, interval.upper))
    return replace(interval, lower=lower, upper=upper)
