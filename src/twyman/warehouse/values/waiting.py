"""How long units waited for an event: steps of time they were watched, and whether it came.

A unit is watched for the whole steps that were over at the cut-off, at most until its window ends. An
event in a step that wasn't over yet waits for the next look: so each step's rate is over units that
were watched all through it.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from sqlglot import exp

from twyman.app.ports import Cutoff
from twyman.kernel.errors import Invalid
from twyman.metrics.metric import Cohort, Metric, TimeToEvent
from twyman.metrics.source import Grain
from twyman.warehouse.language.syntax import (
    alias,
    call,
    cast,
    column,
    count_rows,
    number,
    select,
    table,
    text,
    truth,
    when,
)
from twyman.warehouse.model import EVENT, PART, RISK, STRATA, MetricColumns, Span
from twyman.warehouse.sources.times import steps_since
from twyman.warehouse.values.facts import FactTable

MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def waited(
    metric: Metric, kind: TimeToEvent, facts: FactTable, span: Span, *, cutoff: Cutoff | None
) -> tuple[exp.Expr, exp.Expr]:
    """Return for how many steps a unit was watched (null: for none) until its event, and whether it came.

    Raises:
        Invalid: If the facts are known to the day, and steps are shorter or begin within one.
    """
    if facts.grain is Grain.DAY and kind.unit % timedelta(days=1):
        raise Invalid(
            f"'{metric.name}' counts time in steps of less than a day, and facts of '{kind.value.facts}' are known to "
            "the day: write unit: 1d, or use a source with times",
            place=metric.origin.at("unit"),
        )
    start = facts.starts_at(span)
    steps = steps_since(
        start, facts.first_at(f"{metric.name} first", kind.value, span, metric.origin.at("value")), kind.unit
    )
    watched = _watched(metric, kind, start, span, cutoff)
    came = exp.LT(this=steps.copy(), expression=watched.copy())
    time = when(came, exp.Add(this=steps, expression=number(1)), watched)
    return when(exp.GT(this=time.copy(), expression=number(0)), time), truth(
        exp.Coalesce(this=came, expressions=[exp.false()])
    )


def _watched(metric: Metric, kind: TimeToEvent, start: exp.Expr, span: Span, cutoff: Cutoff | None) -> exp.Expr:
    """Return the steps of a unit's window that were over at the cut-off."""
    assert span.end is not None  # noqa: S101 - definitions see to it
    whole = number((span.end - span.start) // kind.unit)
    if metric.cohort is Cohort.CLOSED or cutoff is None:
        return whole
    until = number((cutoff.events - EPOCH) // MICROSECOND)
    elapsed = exp.Sub(this=until, expression=call("epoch_us", start.copy()))
    steps = call("floor", exp.Div(this=cast(elapsed, "DOUBLE"), expression=number(kind.unit // MICROSECOND)))
    return when(exp.LT(this=steps.copy(), expression=whole.copy()), steps, whole)


def risk_parts(metrics: Iterable[MetricColumns], *, units: str, dimensions: Sequence[str]) -> list[exp.Query]:
    """Return the parts of the answer that count, by group and step, units whose watch ended and events."""
    groups = [("arm",), *(("arm", name) for name in dimensions if name != STRATA)]
    return [_risk(made, units, groups) for made in metrics if made.event is not None]


def _risk(made: MetricColumns, units: str, groups: Sequence[Sequence[str]]) -> exp.Query:
    time, columns = column(made.held(made.columns[0])), list(dict.fromkeys(name for group in groups for name in group))
    query = select(
        alias(text(RISK), PART),
        alias(text(made.metric.name), "metric"),
        *(column(name) for name in columns),
        alias(time, "time"),
        alias(count_rows(), "ended"),
        alias(call("sum", column(f"{made.metric.name} {EVENT}")), "events"),
    )
    sets = [exp.Tuple(expressions=[*(column(name) for name in group), time.copy()]) for group in groups]
    query = query.from_(table(units)).where(exp.Not(this=exp.Is(this=time.copy(), expression=exp.null())))
    query.set("group", exp.Group(expressions=[exp.GroupingSets(expressions=sets)]))
    return query
