"""Why is the split off? The kinds of sample-ratio mismatch, how likely each is, and what to run next.

The kinds are those of Fabijan et al. (KDD 2019), by where they arise. Each leaves traces: a mismatch on some days
only, in one segment only, after assignment only (`srm_kinds`). The posterior is Bayes' rule with traces taken for
independent given the kind. It orders suspicions, and proves none: the next step does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from math import prod
from typing import cast

from twyman.doubt.check import Check, Status
from twyman.doubt.places import REST
from twyman.doubt.srm_kinds import ELSEWHERE, KINDS, LIKELIHOODS, USUAL, Leaf


@dataclass(frozen=True, slots=True)
class Event:
    """Something that is known to have been changed: a line of a log, a stage of a rollout."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A kind of mismatch, and how likely it is given the traces.

    Attributes:
        traces: Those that speak for it.
        run: What to run next.
    """

    leaf: Leaf
    probability: float
    traces: tuple[str, ...]
    run: str


@dataclass(frozen=True, slots=True)
class Dealt:
    """A table of who was dealt, or met, which arm: what it and its columns are called.

    Attributes:
        of: Conditions that choose the experiment.
        where: Further ones, that a row counts at all.
    """

    table: str = "EXPOSURES"
    unit: str = "UNIT"
    arm: str = "ARM"
    of: tuple[str, ...] = ()
    where: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dimension:
    """What holds the values of a dimension: a column of the exposures, or of another table, with its unit."""

    column: str
    table: str = ""
    unit: str = ""


UNKNOWN, FLAG = Dealt(), "FLAG"


@dataclass(frozen=True, slots=True)
class Names:
    """What the user's data are called, for the next thing to run; in capitals what isn't known.

    Attributes:
        assigned: The table of assignments, where the experiment names one.
        facts: A table of facts, and its unit.
        definition: The file of the definition.
    """

    exposures: Dealt = UNKNOWN
    time: str = "TIME"
    assigned: Dealt | None = None
    facts: tuple[str, str] | None = None
    dimensions: Mapping[str, Dimension] = field(default_factory=dict[str, "Dimension"])
    flag: str = FLAG
    definition: str = ""


def suspicions(checks: Sequence[Check], names: Names | None = None) -> tuple[Suspicion, ...]:
    """Rank the kinds of mismatch by what the checks saw, likeliest first; nothing where no split is off.

    Args:
        checks: All that were made.
        names: What the user's data are called.

    Example:
        >>> late = Check(code="srm_by_day", status=Status.BLOCK, text="", arm="page", detail={"kind": "late_start"})
        >>> first = suspicions([late])[0]
        >>> str(first.leaf), f"{first.probability:.2f}"
        ('variants started at different times', '0.50')

    See docs/explanation/root-causes.md
    """
    found = traces(checks)
    if not found:
        return ()
    weights = {
        leaf: kind.prior * prod(LIKELIHOODS[trace].get(leaf, USUAL) for trace in found) for leaf, kind in KINDS.items()
    }
    total, words = sum(weights.values()), _words(checks, names or Names())
    ranked = sorted(weights, key=lambda leaf: -weights[leaf])
    return tuple(
        Suspicion(
            leaf,
            weights[leaf] / total,
            tuple(trace for trace in found if leaf in LIKELIHOODS[trace]),
            KINDS[leaf].run.format(**words),
        )
        for leaf in ranked
    )


SAID, KEPT = 3, 20
"""Changes that are said, and that are told in the detail."""
MISMATCHES = ("srm", "srm_by_day", "srm_by_segment", "srm_stage", "triggered_srm")
"""Checks without one of which, at least a warning, there is nothing to explain."""


def traces(checks: Sequence[Check]) -> tuple[str, ...]:
    """Return the traces that checks show, each once; none where no split is off."""
    loud = {check.code: check for check in reversed(checks) if check.status in (Status.WARN, Status.BLOCK)}
    if not any(code in loud for code in MISMATCHES):
        return ()
    found = [*_of_days(checks, loud), *_of_segments(loud), *_of_stages(loud)]
    found += [trace for code, trace in _PLAIN.items() if code in loud]
    return tuple(dict.fromkeys(found))


_PLAIN = {
    "crossovers": "crossovers",
    "filter": "filter",
    "triggered_srm": "trigger",
    "counterfactual_missing": "counterfactual",
    "telemetry_volume": "telemetry",
    "pre_period": "pre_period",
    "aliased": "other_flag",
    "leak": "other_flag",
}


def _of_days(checks: Sequence[Check], loud: Mapping[str, Check]) -> list[str]:
    if "srm_by_day" in loud:
        return [str(loud["srm_by_day"].detail["kind"])]
    quiet = any(check.code == "srm_by_day" and check.status is Status.OK for check in checks)
    return ["alike_on_all_days"] if quiet and "srm" in loud else []


def _of_segments(loud: Mapping[str, Check]) -> list[str]:
    check = loud.get("srm_by_segment")
    if check is None:
        return []
    return ["segment", "segment_alone"] if check.detail.get("alone") else ["segment"]


def _of_stages(loud: Mapping[str, Check]) -> list[str]:
    check = loud.get("srm_stage")
    if check is None or check.detail.get("stage") is None:
        return []
    # Where no assignments are named, exposed is the first stage that is seen, and says nothing of the one before.
    first = next(iter(cast("Mapping[str, float]", check.detail["p_values"])), "")
    stage = str(check.detail["stage"])
    return [] if stage == first == "exposed" else [f"stage_{stage.replace(' ', '_')}"]


def _words(checks: Sequence[Check], named: Names) -> dict[str, str]:
    """Return what stands in the next thing to run for each of its words."""
    met = named.exposures
    dealt = named.assigned or Dealt("ASSIGNMENTS", met.unit, met.arm)
    facts, facts_unit = named.facts or ("FACTS", met.unit)
    return {
        "exposures": met.table,
        "unit": met.unit,
        "time": named.time,
        "arm": met.arm,
        "of": _where(met.of),
        "where": _where(met.of + met.where),
        "within": _where((*met.of, *met.where, _segment(checks, named))),
        "assignments": dealt.table,
        "assigned_unit": dealt.unit,
        "assigned_arm": dealt.arm,
        "assigned_where": _where(dealt.of + dealt.where),
        "facts": facts,
        "facts_unit": facts_unit,
        "flag": named.flag,
        "definition": named.definition or "EXPERIMENT.yaml (doubt --write FOLDER writes one)",
    }


def _where(conditions: Sequence[str]) -> str:
    return f" where {' and '.join(conditions)}" if conditions else ""


def _segment(checks: Sequence[Check], named: Names) -> str:
    """Return the segment that differs, as a condition."""
    check = next((one for one in checks if one.code == "srm_by_segment" and "values" in one.detail), None)
    name = str(check.detail["dimension"]) if check else ""
    held = named.dimensions.get(name) or (Dimension(name) if name.isidentifier() else None)
    values = [value for value in cast("list[str]", check.detail["values"]) if value != REST] if check else []
    if held is None or not values:
        return "SEGMENT = 'VALUE'"
    known = ", ".join("'" + value.replace("'", "''") + "'" for value in values if value != NONE)
    tests = [f"{held.column} in ({known})"] if known else []
    tests += [f"{held.column} is null"] if NONE in values else []
    either = tests[0] if len(tests) == 1 else f"({' or '.join(tests)})"
    if not held.table:
        return either
    return ELSEWHERE.format(unit=named.exposures.unit, own=held.unit, table=held.table, test=either)


NONE = "(none)"
"""What a value that isn't known is called."""


def root_cause(checks: Sequence[Check], events: Sequence[Event] = (), names: Names | None = None) -> Check | None:
    """Say what most likely put the split off, and what to run next; `None` where no split is off.

    Args:
        checks: All that were made.
        events: Changes that are known, with their time, the nearest to the experiment first: those of the days on which
            the split changed are named.
        names: What the user's data are called.

    See docs/explanation/root-causes.md
    """
    ranked = suspicions(checks, names)
    if not ranked:
        return None
    first, second = ranked[:2]
    near = _near(checks, events)
    text = f"Most likely cause of the mismatch: {first.leaf.value} ({first.probability:.2f}), then {second.leaf.value} "
    text += f"({second.probability:.2f}). {KINDS[first.leaf].explains}"
    text += "".join(f" On {event.at.date().isoformat()}: {event.text}." for event in near[:SAID])
    text += f" And {len(near) - SAID} more changes of these days." if len(near) > SAID else ""
    text += f" Next: {first.run}"
    if "{assignments}" in KINDS[first.leaf].run and (names is None or names.assigned is None):
        text += ". ASSIGNMENTS stands for your table of who was dealt which arm"
    detail: dict[str, object] = {
        "layer": KINDS[first.leaf].layer.value,
        "causes": {one.leaf.value: round(one.probability, 4) for one in ranked[:5]},
        "traces": list(first.traces),
        "next": first.run,
        "events": [f"{event.at.isoformat()} {event.text}" for event in near[:KEPT]],
    }
    return Check(code="srm_cause", status=Status.NOTE, text=text, detail=detail)


def _near(checks: Sequence[Check], events: Sequence[Event]) -> list[Event]:
    """Return the changes of the days on which the odd run of days begins or ends, and of the day before each."""
    check = next((one for one in checks if one.code == "srm_by_day" and one.status is not Status.OK), None)
    if check is None:
        return []
    edges = [date.fromisoformat(str(check.detail[key])) for key in ("from", "until")]
    return [event for event in events if any(-1 <= (event.at.date() - edge).days <= 1 for edge in edges)]
