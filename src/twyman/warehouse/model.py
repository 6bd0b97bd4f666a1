"""What the parts of a statement tell each other, and what its reader needs to know of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlglot import exp

from twyman.metrics.metric import Cap, Metric

Part = tuple[str, exp.Query, str]
"""A named part of a statement, with the sentence that introduces it."""

PART = "part"
CELLS, ENTRANTS, UNITS, FACTS, SEEN, CAPS = "cells", "entrants", "units", "facts", "seen", "caps"
RANKS = "ranks"
RISK = "risk"
STEPS, LINKS, CLUSTERS, MEMBERS = "steps", "links", "clusters", "members"
"""Which question a row of the answer answers: the statement's parts, stacked."""

DATES, TIMES = ("exposed_on",), ("first_at", "last_at")
"""Columns of answers that hold dates, and times."""

MATURED, KNOWN = "matured", "known"
"""Truths about a unit: its window is over; it has a value of its own."""

NONE = "(none)"
"""What a missing dimension is called."""

EVENT = "event"
"""The column of a metric that waits for an event which says whether it came."""

STRATA = "strata"
EXPOSURE_ROWS = "exposure_rows"
"""The column that says of which stratum a unit is, in the table of units and in the cells."""


@dataclass(frozen=True, slots=True)
class Step:
    """What decides whether an exposed unit is analysed.

    Attributes:
        kind: `population`, `exclude` or `trigger`.
        name: The segment left out, or the trigger's facts.
    """

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time relative to exposure, half-open; no end: until the cut-off."""

    start: timedelta = timedelta()
    end: timedelta | None = None


@dataclass(frozen=True, slots=True)
class MomentColumn:
    """One column of a metric's moments, a number per unit.

    Attributes:
        title: As the reader of the answer knows it: `value`, `pre 14d`.
        value: Computed for a unit, or null where the metric doesn't take the unit.
        capped: Whether the metric's cap applies.
        flag: Whether it only says that another column was missing.
    """

    title: str
    value: exp.Expr
    capped: bool = False
    flag: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricColumns:
    """All that a metric wants of the unit table.

    Attributes:
        own: How many of the columns are the metric's own; the rest are covariates.
        matured: Condition that a unit's window is over; `None`: always.
        known: Whether a unit has a value of its own, before missing ones count as zero.
        presence: Counts the source's rows (`given`) and those with a value (`present`); asked only
            where no unit has one.
        event: Of a time to an event: whether it came; the time itself is the metric's own column.
        observed: One row a fact, where facts are observations: its unit's arm, and its value.
    """

    metric: Metric
    columns: tuple[MomentColumn, ...]
    own: int
    matured: exp.Expr | None = None
    known: exp.Expr | None = None
    presence: exp.Query | None = None
    observed: exp.Select | None = None
    event: exp.Expr | None = None

    def held(self, column: MomentColumn) -> str:
        """Return the name of a column in the unit table."""
        return f"{self.metric.name} {column.title}"

    @property
    def cap(self) -> Cap | None:
        """The metric's cap, where it has one and isn't 0 or 1 anyway."""
        return None if self.metric.is_binary else self.metric.cap


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One SELECT, and what its answer means.

    Attributes:
        arms: Name of each arm, by the number that the statement gives it.
        values: What each arm is called in the data.
        dimensions: Name of each dimension, by the column that holds it.
        latest: By source of facts, where to look for its latest fact if none is recent.
        zoneless: Sources whose times had no zone.
        steps: What decides who of the exposed is analysed, in order.
        clustered: Whether moments are of clusters of units.
        centres: By metric, what moments of its columns are about; left out: 0.
    """

    query: exp.Query
    arms: tuple[str, ...]
    values: tuple[str, ...]
    metrics: tuple[MetricColumns, ...]
    dimensions: Mapping[str, str] = field(default_factory=dict[str, str])
    latest: Mapping[str, exp.Query] = field(default_factory=dict[str, exp.Query])
    zoneless: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    clustered: bool = False
    centres: Mapping[str, tuple[float, ...]] = field(default_factory=dict[str, tuple[float, ...]])


def stacked(answers: Sequence[exp.Query]) -> exp.Query:
    """Return the parts of the answer below one another, by the names of their columns."""
    below = answers[0]
    for answer in answers[1:]:
        below = exp.Union(this=below, expression=answer, distinct=False, by_name=True)
    return below
