"""The kinds of sample-ratio mismatch of Fabijan et al. (KDD 2019), and the traces that each leaves.

`LIKELIHOODS` says how often each kind leaves each trace, by our judgement and in round numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Layer(StrEnum):
    """Where a mismatch arises."""

    ASSIGNMENT = "assignment"
    EXECUTION = "execution"
    LOGGING = "log processing"
    ANALYSIS = "analysis"
    INTERFERENCE = "interference"


class Leaf(StrEnum):
    """A kind of mismatch."""

    BUCKETING = "incorrect bucketing"
    RANDOMISATION = "faulty randomisation"
    IDS = "corrupted ids"
    CARRY_OVER = "carry-over"
    NOT_ORTHOGONAL = "experiments that aren't independent"
    START = "variants started at different times"
    FILTER_DELAY = "a filter that comes late"
    REDIRECT = "redirect of one arm"
    TELEMETRY = "telemetry added or removed"
    PERFORMANCE = "one arm is slower or crashes"
    CACHING = "client caching"
    BOTS = "bot removal"
    JOINS = "incorrect joins"
    LATE_LOGS = "late logs"
    TRIGGER = "wrong trigger or filter"
    COUNTERFACTUAL = "missing counterfactual logging"
    RAMPING = "inconsistent ramping"
    PAUSE = "an arm was paused"
    SELF_ASSIGNMENT = "self-assignment"


@dataclass(frozen=True, slots=True)
class Kind:
    """What there is to know of a kind of mismatch.

    Attributes:
        prior: How often it is the cause, relative to the others.
        explains: What it would explain.
        run: The next thing to run; names of the user's tables and columns are filled in.
    """

    layer: Layer
    prior: float
    explains: str
    run: str


_BY_DAY = (
    "select {arm}, cast({time} as date) as day, count(distinct {unit}) from {exposures}{where} group by 1, 2 "
    "order by 2, 1"
)
_FIRST = "select {arm}, min({time}) as first, max({time}) as last from {exposures}{where} group by 1"
_BOTH = (
    "select {unit}, count(distinct {arm}) as arms from {exposures}{where} group by 1 having count(distinct {arm}) > 1"
)
_SEGMENT = "select {arm}, count(distinct {unit}) from {exposures}{within} group by 1"
_ASSIGNED = (
    "select a.arm, count(*) as assigned, count(e.unit) as exposed from (select distinct {assigned_arm} as arm, "
    "{assigned_unit} as unit from {assignments}{assigned_where}) a left join (select distinct {unit} as unit from "
    "{exposures}{where}) e on e.unit = a.unit group by 1"
)
_WITH_FACTS = (
    "select e.arm, count(*) as exposed, count(f.unit) as with_facts from (select distinct {arm} as arm, {unit} "
    "as unit from {exposures}{where}) e left join (select distinct {facts_unit} as unit from {facts}) f "
    "on f.unit = e.unit group by 1"
)
ELSEWHERE = "{unit} in (select {own} from {table} where {test})"
"""A segment whose values stand in another table than the exposures."""
_ROWS = "select {arm}, count(*) as rows, count(distinct {unit}) as units from {exposures}{of} group by 1"

KINDS: Mapping[Leaf, Kind] = {
    Leaf.BUCKETING: Kind(
        Layer.ASSIGNMENT,
        2,
        "Shares off on all days and in all segments alike.",
        "twyman flags explain {flag} --context CONTEXT",
    ),
    Leaf.RANDOMISATION: Kind(Layer.ASSIGNMENT, 1, "Shares off from the first unit on, whatever the plan.", _BY_DAY),
    Leaf.IDS: Kind(Layer.ASSIGNMENT, 1, "Units met in two arms, or ids of one arm that nobody knows.", _BOTH),
    Leaf.CARRY_OVER: Kind(
        Layer.ASSIGNMENT,
        1,
        "Arms that differed before exposure: an earlier test drove some away.",
        "twyman aa {definition}",
    ),
    Leaf.NOT_ORTHOGONAL: Kind(Layer.ASSIGNMENT, 1, "Another test takes units of one arm.", "twyman gate FOLDER"),
    Leaf.START: Kind(Layer.EXECUTION, 2, "All units missing are of the first days.", _FIRST),
    Leaf.FILTER_DELAY: Kind(Layer.EXECUTION, 1, "The first days hold units that later ones don't.", _BY_DAY),
    Leaf.REDIRECT: Kind(
        Layer.EXECUTION, 3, "Assigned as planned, exposed too few: the impatient go on the way.", _ASSIGNED
    ),
    Leaf.TELEMETRY: Kind(Layer.EXECUTION, 2, "One arm logs less of everything, exposures among it.", _ROWS),
    Leaf.PERFORMANCE: Kind(Layer.EXECUTION, 3, "One platform or version loses units of one arm.", _SEGMENT),
    Leaf.CACHING: Kind(Layer.EXECUTION, 1, "Some units of an arm saw what was cached, or both arms.", _BOTH),
    Leaf.BOTS: Kind(
        Layer.LOGGING, 2, "A filter takes out more of one arm: the change makes people look like bots.", _ROWS
    ),
    Leaf.JOINS: Kind(Layer.LOGGING, 1, "Exposed as planned, with facts too few in one arm.", _WITH_FACTS),
    Leaf.LATE_LOGS: Kind(Layer.LOGGING, 1, "The last days lack units of one arm.", _BY_DAY),
    Leaf.TRIGGER: Kind(
        Layer.ANALYSIS, 3, "The split is as planned before the trigger or the filter, and off after it.", _ROWS
    ),
    Leaf.COUNTERFACTUAL: Kind(
        Layer.ANALYSIS, 2, "Only the arm that shows the change logs who would have met it.", _ROWS
    ),
    Leaf.RAMPING: Kind(Layer.INTERFERENCE, 2, "Shares that change with the day.", _BY_DAY),
    Leaf.PAUSE: Kind(Layer.INTERFERENCE, 1, "Days without a unit of one arm.", _BY_DAY),
    Leaf.SELF_ASSIGNMENT: Kind(
        Layer.INTERFERENCE, 1, "Units met in two arms, most of them in the one they like.", _BOTH
    ),
}
"""The kinds, with how often they are the cause: rough figures, after the cases that Fabijan et al. report."""

USUAL = 0.05
"""Chance of a trace under a kind that doesn't make it."""
_FEW, _HALF, _MOST, _SURE = 0.2, 0.5, 0.8, 0.95

LIKELIHOODS: Mapping[str, Mapping[Leaf, float]] = {
    "late_start": {Leaf.START: _SURE, Leaf.RAMPING: _FEW, Leaf.FILTER_DELAY: _FEW},
    "pause": {Leaf.PAUSE: _SURE, Leaf.RAMPING: _FEW},
    "stopped": {Leaf.LATE_LOGS: _MOST, Leaf.PAUSE: _HALF, Leaf.RAMPING: _FEW},
    "shift": {
        Leaf.RAMPING: _SURE,
        Leaf.FILTER_DELAY: _MOST,
        Leaf.PERFORMANCE: _FEW,
        Leaf.START: _HALF,
        Leaf.PAUSE: _HALF,
        Leaf.LATE_LOGS: _HALF,
        Leaf.TELEMETRY: _FEW,
    },
    "segment": {
        Leaf.PERFORMANCE: _SURE,
        Leaf.TELEMETRY: _HALF,
        Leaf.CACHING: _HALF,
        Leaf.REDIRECT: _FEW,
        Leaf.BOTS: _FEW,
        Leaf.IDS: _FEW,
    },
    "segment_alone": {Leaf.PERFORMANCE: _MOST, Leaf.TELEMETRY: _FEW, Leaf.CACHING: _FEW},
    "stage_assigned": {
        Leaf.BUCKETING: _SURE,
        Leaf.RANDOMISATION: _SURE,
        Leaf.IDS: _HALF,
        Leaf.CARRY_OVER: _FEW,
        Leaf.NOT_ORTHOGONAL: _HALF,
        Leaf.START: _HALF,
        Leaf.RAMPING: _HALF,
        Leaf.PAUSE: _HALF,
    },
    "stage_exposed": {
        Leaf.REDIRECT: _SURE,
        Leaf.PERFORMANCE: _SURE,
        Leaf.TELEMETRY: _MOST,
        Leaf.CACHING: _HALF,
        Leaf.FILTER_DELAY: _MOST,
        Leaf.COUNTERFACTUAL: _FEW,
        Leaf.LATE_LOGS: _HALF,
    },
    "stage_with_facts": {Leaf.JOINS: _SURE, Leaf.TELEMETRY: _HALF, Leaf.LATE_LOGS: _HALF},
    "crossovers": {Leaf.IDS: _MOST, Leaf.SELF_ASSIGNMENT: _MOST, Leaf.CACHING: _HALF},
    "filter": {Leaf.BOTS: _SURE, Leaf.TRIGGER: _MOST},
    "trigger": {Leaf.TRIGGER: _SURE, Leaf.COUNTERFACTUAL: _SURE},
    "counterfactual": {Leaf.COUNTERFACTUAL: _SURE},
    "telemetry": {Leaf.TELEMETRY: _SURE},
    "pre_period": {Leaf.CARRY_OVER: _MOST, Leaf.RANDOMISATION: _FEW, Leaf.BOTS: _FEW},
    "alike_on_all_days": {
        Leaf.BUCKETING: _SURE,
        Leaf.RANDOMISATION: _SURE,
        Leaf.REDIRECT: _SURE,
        Leaf.PERFORMANCE: _MOST,
        Leaf.BOTS: _SURE,
        Leaf.TRIGGER: _SURE,
        Leaf.COUNTERFACTUAL: _SURE,
        Leaf.TELEMETRY: _MOST,
        Leaf.JOINS: _SURE,
        Leaf.IDS: _SURE,
        Leaf.CARRY_OVER: _SURE,
        Leaf.NOT_ORTHOGONAL: _MOST,
        Leaf.CACHING: _HALF,
        Leaf.SELF_ASSIGNMENT: _MOST,
        Leaf.RAMPING: _FEW,
    },
    "other_flag": {Leaf.NOT_ORTHOGONAL: _SURE},
}
"""Chance of each trace under the kinds that make it; under all others it is `USUAL`."""
