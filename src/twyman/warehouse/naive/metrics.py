"""What a metric wants of each unit that entered by exposures: its own numbers, then its covariates.

One function a kind of metric, in `KINDS`; a kind that isn't there isn't verified, and its name is said.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from twyman.app.ports import Question
from twyman.kernel.time import duration_text
from twyman.metrics.metric import (
    Aggregate,
    Bound,
    ChainValue,
    Cohort,
    Comparator,
    FactValue,
    Funnel,
    Mean,
    Metric,
    Missing,
    Participation,
    Proportion,
    Quantile,
    Ratio,
    Retention,
    TimeToEvent,
    Value,
    facts_of,
)
from twyman.warehouse.naive.attributes import Attributes
from twyman.warehouse.naive.chains import came_through
from twyman.warehouse.naive.comparing import compared, wall
from twyman.warehouse.naive.exposures import Unit
from twyman.warehouse.naive.facts import COUNTING, Facts
from twyman.warehouse.naive.known import refuse_unknown
from twyman.warehouse.naive.table import number_of
from twyman.warehouse.naive.unverifiable import Unverifiable
from twyman.warehouse.naive.waiting import waited
from twyman.warehouse.naive.windows import Span

Of = Callable[[Unit], Any]
COUNTED = (Aggregate.SUM, *COUNTING)


@dataclass(frozen=True, slots=True)
class UnitNumber:
    """A number of each unit, and whether the unit has one of its own."""

    value: Of
    known: Of


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a metric's moments.

    Attributes:
        capped: Whether the metric's cap applies.
        flag: Whether it only says that another column was missing.
    """

    title: str
    value: Of
    capped: bool = False
    flag: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that a metric wants of each unit.

    Attributes:
        own: How many of the columns are the metric's own.
        matured: Whether a unit's window is over.
        taken: Whether the metric takes a unit, its window being over.
        waited: Of a time to an event: how long a unit waited, and whether it came.
        observed: Where each fact is an observation: those of a unit.
    """

    metric: Metric
    columns: tuple[Column, ...]
    own: int
    matured: Of
    taken: Of
    waited: Of | None = None
    observed: Of | None = None


@dataclass(frozen=True, slots=True)
class Metrics:
    """Turns metrics into what they want of each unit.

    Attributes:
        facts: The source of facts of a name, opened once.
    """

    question: Question
    facts: Callable[[str], Facts]
    attributes: Attributes

    def wanted(self, metric: Metric) -> Wanted:
        """Return what a metric wants; its facts are gone through afterwards.

        Raises:
            Unverifiable: If its kind, or an expression of it, isn't computed here.
        """
        span = _after(metric)
        if isinstance(metric.kind, TimeToEvent):
            return self._waiting(metric, metric.kind, span)
        titles = ("numerator", "denominator") if isinstance(metric.kind, Ratio) else ("value",)
        own = [self._number(metric, value, span) for value in values_of(metric)]
        columns = [
            Column(title, one.value, capped=title != "denominator") for title, one in zip(titles, own, strict=True)
        ]
        drops = metric.missing is Missing.DROP
        return Wanted(
            metric,
            (*columns, *self._covariates(metric)),
            len(own),
            self._matured(metric),
            (lambda unit: any(one.known(unit) for one in own)) if drops else lambda _: True,
            observed=self._observed(metric, span),
        )

    def _waiting(self, metric: Metric, kind: TimeToEvent, span: Span) -> Wanted:
        values_of(metric)
        of = waited(self.question, metric, kind, self.facts(kind.value.facts), span)
        column = Column("value", lambda unit: of(unit)[0])
        return Wanted(metric, (column,), 1, self._matured(metric), lambda unit: of(unit)[0] > 0, of)

    def _observed(self, metric: Metric, span: Span) -> Of | None:
        value = metric.values[0]
        if not isinstance(metric.kind, Quantile) or not metric.kind.of_facts or not isinstance(value, FactValue):
            return None
        asked, scale = self.facts(value.facts).each(value, span), value.scale
        return lambda unit: [float(one) * scale for one in asked.of(unit)]

    def _matured(self, metric: Metric) -> Of:
        cutoff, length = self.question.cutoff, metric.window.length
        if cutoff is None or length is None or metric.cohort is Cohort.OPEN:
            return lambda _: True
        events: datetime = wall(cutoff.events)
        return lambda unit: unit.entry + metric.window.after + length <= events

    def _number(self, metric: Metric, value: Value, span: Span) -> UnitNumber:
        if isinstance(value, ChainValue):
            return self._chain(metric, value, span)
        if not isinstance(value, FactValue):
            raise Unverifiable("takes no facts, and units enter by exposures")
        return _kind(metric)(self.facts(value.facts), metric, value, span)

    def _chain(self, metric: Metric, value: ChainValue, span: Span) -> UnitNumber:
        reached = came_through(self.facts, value, span)
        if metric.missing is not Missing.DROP:
            return UnitNumber(lambda unit: int(reached(unit)), reached)
        some = [self.facts(name).some(span) for name in facts_of(value)]
        return UnitNumber(lambda unit: int(reached(unit)), lambda unit: any(one.of(unit) > 0 for one in some))

    def _covariates(self, metric: Metric) -> list[Column]:
        adjustment, columns = metric.adjustment, list[Column]()
        if adjustment is None:
            return columns
        if adjustment.window:
            columns += self._before(metric, metric, adjustment.window, "")
            for name in adjustment.covariates:
                columns += self._before(metric, self.question.catalogue.metric(name), adjustment.window, f"{name} ")
        for name in adjustment.attributes:
            columns += self._attribute(name)
        return columns

    def _before(self, metric: Metric, other: Metric, window: timedelta, prefix: str) -> list[Column]:
        span, columns = Span(-window, timedelta()), list[Column]()
        titles = ("numerator ", "denominator ") if isinstance(other.kind, Ratio) else ("",)
        for value, title in zip(values_of(other), titles, strict=True):
            name, before = f"{prefix}{title}pre {duration_text(window)}", self._number(other, value, span)
            found = before.value if other is metric else _limited(before.value, other)
            columns.append(Column(name, found, capped=title != "denominator " and other == metric))
            if _can_miss(other, value):
                columns.append(Column(f"{name} is missing", _flag(before.known), flag=True))
        return columns

    def _attribute(self, name: str) -> list[Column]:
        attribute = self.attributes.attribute(name)
        return [
            Column(name, lambda unit: number_of(attribute.of(unit)) or 0),
            Column(f"{name} is missing", lambda unit: int(attribute.of(unit) is None), flag=True),
        ]


def values_of(metric: Metric) -> tuple[Value, ...]:
    """Return the values that a metric reduces.

    Raises:
        Unverifiable: If its kind isn't known here.
    """
    _kind(metric)
    parts = (metric, metric.kind, metric.window, *metric.values)
    steps = [step for value in metric.values if isinstance(value, ChainValue) for step in value.steps]
    for part in (*parts, *steps, *(one for one in (metric.cap, metric.adjustment) if one is not None)):
        refuse_unknown(part)
    return metric.values


def _kind(metric: Metric) -> "Reduce":
    found = KINDS.get(type(metric.kind))
    if found is None:
        raise Unverifiable(f"is of kind {type(metric.kind).__name__.lower()}, which isn't recomputed here")
    return found


def _of_number(facts: Facts, metric: Metric, value: FactValue, span: Span) -> UnitNumber:
    """Return an aggregate of each unit's facts; without any it is 0, and unknown."""
    del metric
    asked = facts.value(value, span)

    def number(unit: Unit) -> float:
        found = asked.of(unit)
        return 0 if found is None else found if value.scale == 1 else float(found) * value.scale

    def known(unit: Unit) -> bool:
        found = asked.of(unit)
        return found is not None and (value.aggregate not in COUNTING or found > 0)

    return UnitNumber(number, known)


def _of_share(facts: Facts, metric: Metric, value: FactValue, span: Span) -> UnitNumber:
    """Return whether each unit has a fact that counts, or a value that meets a bound, as 1 or 0."""
    if isinstance(metric.kind, Proportion) and metric.kind.bound is not None:
        return _of_bound(_of_number(facts, metric, value, span), metric.kind.bound)
    counted = facts.any(value, span)
    present = facts.some(span) if metric.missing is Missing.DROP else counted
    return UnitNumber(lambda unit: int(counted.of(unit) > 0), lambda unit: present.of(unit) > 0)


def _of_days(facts: Facts, metric: Metric, value: FactValue, span: Span) -> UnitNumber:
    """Return the share of a window's days on which each unit has a fact that counts."""
    if span.end is None:
        raise Unverifiable("is a share of the days of a window without end")
    active, days = facts.days(value, span), (span.end - span.start) / timedelta(days=1)
    present = facts.some(span) if metric.missing is Missing.DROP else active
    return UnitNumber(lambda unit: active.of(unit) / days, lambda unit: present.of(unit) > 0)


def _of_quantile(facts: Facts, metric: Metric, value: FactValue, span: Span) -> UnitNumber:
    """Return an aggregate of each unit's facts; where each fact is a value by itself, how many there are."""
    by_unit = replace(value, aggregate=Aggregate.COUNT, scale=1.0) if value.aggregate is Aggregate.EACH else value
    return _of_number(facts, metric, by_unit, span)


def _no_facts(facts: Facts, metric: Metric, value: FactValue, span: Span) -> UnitNumber:
    del facts, metric, value, span
    raise Unverifiable("takes facts in a way that isn't recomputed here")


def _of_bound(number: UnitNumber, bound: Bound) -> UnitNumber:
    return UnitNumber(lambda unit: meets(number.value(unit), bound), number.known)


def meets(value: Any, bound: Bound) -> int | None:  # noqa: ANN401 - a number of a unit
    """Return whether a number meets a bound, as 1 or 0; `None` where it is missing."""
    order = compared(value, bound.limit)
    return None if order is None else int(_HOLDS[bound.comparator](order))


_HOLDS: Mapping[Comparator, Callable[[int], bool]] = {
    Comparator.ABOVE: lambda order: order > 0,
    Comparator.AT_LEAST: lambda order: order >= 0,
    Comparator.BELOW: lambda order: order < 0,
    Comparator.AT_MOST: lambda order: order <= 0,
}

Reduce = Callable[[Facts, Metric, FactValue, Span], UnitNumber]
KINDS: Mapping[type[Any], Reduce] = {
    Mean: _of_number,
    Ratio: _of_number,
    Proportion: _of_share,
    Retention: _of_share,
    Participation: _of_days,
    Quantile: _of_quantile,
    Funnel: _no_facts,
    TimeToEvent: _no_facts,
}
"""How a value of each kind of metric is computed of a unit's facts."""


def _after(metric: Metric) -> Span:
    window = metric.window
    return Span(window.after, None if window.length is None else window.after + window.length)


def _flag(known: Of) -> Of:
    return lambda unit: int(not known(unit))


def _limited(value: Of, metric: Metric) -> Of:
    limit = metric.cap.limit if metric.cap else None
    return value if limit is None else lambda unit: min(float(value(unit)), limit)


def _can_miss(metric: Metric, value: Value) -> bool:
    if metric.is_binary or not isinstance(value, FactValue):
        return False
    return value.aggregate not in COUNTED or metric.missing is Missing.DROP
