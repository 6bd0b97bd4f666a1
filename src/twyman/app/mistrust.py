"""Why a metric's test rejects too often or too seldom: the first cause whose figure is large enough, and its cure."""

from dataclasses import dataclass
from math import sqrt

from twyman.app.trust import Cause, OverLooks, Trust
from twyman.metrics.metric import Metric, Ratio
from twyman.stats.tails import critical_value

KOHAVI = 355.0
"""Units an arm by which a mean is near enough to normal, in squared skewnesses (Kohavi et al. 2014)."""
ONE_UNIT = 0.2
"""Share of all variation from which on a handful of units stands out."""
REPEATED = 0.01
"""Share of rows from which on repeated ones count as a cause."""
FEW = 20
"""Conversions an arm below which a proportion's p-values are lumpy."""
ALMOST_SURE = 0.005


@dataclass(frozen=True, slots=True)
class Arms:
    """What was dealt.

    Attributes:
        of: Its name.
        alone: Whether each id stands for one unit.
        declared: Whether the experiment says that units are drawn together.
        dated: Whether units enter by exposures, of which whole clusters can be analysed.
        smaller: Units of the smaller arm.
        equal: Whether arms are of one size.
    """

    of: str
    alone: bool
    declared: bool
    dated: bool
    smaller: float
    equal: bool


def explained(metric: Metric, found: Trust, arms: Arms) -> tuple[Cause | None, str, str]:
    """Return a metric's cause, reason and cure; whatever the verdict, what whole groups in one arm would do is told."""
    if found.verdict == "trusted":
        return None, *_noted(metric, found, arms)
    cause, said, cure = _caused(metric, found, arms)
    linked, drawn = _linked(found, arms)
    if not linked or cause is Cause.CLUSTERS:
        return cause, said, cure
    return cause, f"{said}; and {linked}", drawn if drawn and cause is Cause.UNKNOWN else cure


def _caused(metric: Metric, found: Trust, arms: Arms) -> tuple[Cause, str, str]:
    if found.largest > ONE_UNIT:
        return _one_unit(metric, found, arms)
    if found.looks and found.verdict_at == "any look":
        return _early(metric, found, found.looks)
    if found.verdict == "inflated" and not arms.alone and _scatters(found):
        return _clusters(found, arms)
    return _rare(metric, found, arms) or _tailed(metric, found, arms)


def _tailed(metric: Metric, found: Trust, arms: Arms) -> tuple[Cause, str, str]:
    if KOHAVI * found.skew**2 > arms.smaller:
        return Cause.SKEW, _asks(found, arms), _capped(metric)
    if (found.duplicates or 0) > REPEATED:
        return Cause.DUPLICATES, _repeats(found), "deduplicate: count each row once in the source's sql"
    said = f"neither clusters (estimates scatter {found.scatter:.2f} times as expected) nor skew ({found.skew:.1f})"
    return Cause.UNKNOWN, f"{said} say why", "look for several ids of one person, and deal by what they share: --by"


def _early(metric: Metric, found: Trust, looks: OverLooks) -> tuple[Cause, str, str]:
    planned = looks.planned
    said = f"at any of {looks.looks} looks the plan's bounds are crossed in {planned.rate:.1%} "
    said += f"({planned.lower:.1%} to {planned.upper:.1%}), while the last alone rejects {found.alarms.rate:.1%}"
    later = "early looks rest on fewer units: plan the first one later"
    return Cause.LOOKS, said, later if metric.is_binary else f"{later}, or {_capped(metric)}"


def _scatters(found: Trust) -> bool:
    return found.scatter > 1 + critical_value(ALMOST_SURE) * sqrt(2 / found.alarms.runs)


def _clusters(found: Trust, arms: Arms) -> tuple[Cause, str, str]:
    said = f"what units of one {arms.of} do goes together: estimates scatter {found.scatter:.1f} times as much "
    return Cause.CLUSTERS, f"{said}(in variance) as a test of single units believes", _drawn(arms.of, arms)


def _drawn(by: str, arms: Arms) -> str:
    if arms.dated:
        return f"analyse each {by} as one: randomised_by: {by}"
    return f"analyse each {by} as one: a row a {by}, by sql: on the source"


def _rare(metric: Metric, found: Trust, arms: Arms) -> tuple[Cause, str, str] | None:
    if not metric.is_binary or found.skew == 0:
        return None
    # of a share p near 0 or 1 the skewness is 1 / sqrt(p (1 - p)), but for a factor of |1 - 2 p|
    events = arms.smaller / max(found.skew**2, 1.0)
    if events >= FEW:
        return None
    said = f"about {events:.0f} units in the smaller arm differ from the rest, so p-values come in lumps"
    return Cause.RARE, said, "wait for more units, or choose a more common outcome"


def _one_unit(metric: Metric, found: Trust, arms: Arms) -> tuple[Cause, str, str]:
    one = "unit" if arms.alone else arms.of
    said = f"one {one}, or a few, make {found.largest:.0%} of all variation (skewness {found.skew:,.0f})"
    cure = "wait for more units, or choose a more common outcome" if metric.is_binary else _capped(metric)
    return Cause.SKEW, said, cure


def _capped(metric: Metric) -> str:
    if isinstance(metric.kind, Ratio):
        return "leave that unit out, as in where: on the source, or cap what is summed"
    return "cap it, as in cap: {percentile: 99.9}"


def _asks(found: Trust, arms: Arms) -> str:
    needed = KOHAVI * found.skew**2
    return f"skewness {found.skew:,.1f} asks for {needed:,.0f} units an arm, and the smaller has {arms.smaller:,.0f}"


def _noted(metric: Metric, found: Trust, arms: Arms) -> tuple[str, str]:
    """Return what a trusted metric's reader should know all the same."""
    linked, cure = _linked(found, arms)
    if linked:
        return linked, cure
    if (found.duplicates or 0) > REPEATED:
        return _repeats(found), "deduplicate: they add noise and no information"
    if not arms.equal and not metric.is_binary and KOHAVI * found.skew**2 > arms.smaller:
        return _asks(found, arms), "read one-sided limits with care, or cap the metric"
    return "", ""


def _linked(found: Trust, arms: Arms) -> tuple[str, str]:
    """Return what a test of single units does where whole groups get one arm, and the cure; empty where it is sound."""
    linked = next((one for one in found.together if one.alarms.verdict == "inflated"), None)
    if linked is None:
        return "", ""
    said = f"where a whole {linked.of} gets one arm, a test of single units rejects {linked.alarms.rate:.1%}"
    factor = f"{said}: estimates scatter {linked.scatter:.1f} times as much as it believes"
    return factor, "" if arms.declared else _drawn(linked.of, arms)


def _repeats(found: Trust) -> str:
    return f"{found.duplicates or 0:.1%} of its rows repeat another of the same unit, instant and measures"
