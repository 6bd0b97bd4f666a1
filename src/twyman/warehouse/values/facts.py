"""From facts to values per unit: each source is scanned once, for all metrics and covariates together.

A fact counts for a value if it lies in the value's span of time around the unit's first exposure,
lies before the cut-off, had arrived by then, and meets the value's filter.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlglot import exp

from twyman.app.ports import Question
from twyman.kernel.errors import Invalid
from twyman.kernel.place import Place
from twyman.kernel.time import DAY
from twyman.metrics.metric import Aggregate, FactValue
from twyman.metrics.source import FactSource, Grain
from twyman.warehouse.engine import Engine
from twyman.warehouse.language.of_units import asks_of_units
from twyman.warehouse.language.syntax import (
    alias,
    both,
    call,
    cast,
    column,
    count_rows,
    filtered,
    number,
    or_zero,
    select,
    table,
    truth,
)
from twyman.warehouse.model import Span
from twyman.warehouse.sources.rows import Rows, as_text, is_number
from twyman.warehouse.sources.times import Time, day, midnight, steps_since
from twyman.warehouse.units.exposures import (
    EXPOSED_AT,
    FIRST,
    TRIGGERED_AT,
    Exposures,
    entity_column,
    id_column,
)
from twyman.warehouse.units.links import Link, Links
from twyman.warehouse.values.fact_rows import opened_rows

COUNTING = (Aggregate.COUNT, Aggregate.COUNT_DISTINCT)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An aggregate of a unit's facts over a span."""

    aggregate: Aggregate
    column: exp.Expr | None
    where: exp.Expr | None
    span: Span


@dataclass(slots=True)
class FactTable:
    """A source of facts, and all that the experiment's metrics want of it."""

    source: FactSource
    rows: Rows
    time: Time
    grain: Grain
    arrived: Time | None
    exposures: Exposures
    link: Link | None = None
    wanted: dict[str, Wanted] = field(default_factory=dict[str, Wanted])

    @property
    def part(self) -> str:
        """Name of the part of the statement that holds a row a unit."""
        return f"{self.source.name}_facts"

    @property
    def overall(self) -> Span:
        """The span that holds all that are wanted."""
        return _overall(wanted.span for wanted in self.wanted.values())

    @property
    def names(self) -> dict[str, exp.Expr]:
        """The source's measures, by name."""
        return {
            name: self.rows.expression(written, f"measures.{name}") for name, written in self.source.measures.items()
        }

    def value(self, label: str, value: FactValue, span: Span, place: Place | None) -> exp.Expr:
        """Return the column that will hold an aggregate of each unit's facts; null or 0 without any.

        Raises:
            Invalid: If a column isn't there, or can't be aggregated so.
        """
        condition = self._condition(value.where, place) if value.where else None
        return self._ask(label, Wanted(value.aggregate, self._argument(value, place), condition, span))

    def presence(self, value: FactValue, place: Place | None) -> exp.Query | None:
        """Return the count of rows that count, and of those whose value isn't null."""
        if value.column in (None, "*"):
            return None
        given = alias(count_rows(), "given")
        present = alias(exp.Count(this=self._expression(value.column, place)), "present")
        condition = both(self._filter(), self._condition(value.where, place) if value.where else None)
        query = self.rows.from_(select(given, present))
        return query.where(condition) if condition is not None else query

    def observed(self, value: FactValue, span: Span, taken: exp.Expr | None, place: Place | None) -> exp.Select:
        """Return one row a fact that counts: its unit's arm, and its value.

        Args:
            value: Of each fact.
            span: Around the unit's entry.
            taken: Condition that the unit counts.
            place: Where the value is defined.
        """
        argument = self._argument(value, place) or exp.null()
        given = exp.Not(this=exp.Is(this=argument.copy(), expression=exp.null()))
        scaled = cast(argument, "DOUBLE")
        scaled = scaled if value.scale == 1 else exp.Mul(this=scaled, expression=number(value.scale))
        where = self._condition(value.where, place) if value.where else None
        own = [column("arm", FIRST), alias(scaled, "value")]
        return self._entered(own).where(both(*self._counting(span), where, given, taken))

    def any(self, label: str, value: FactValue, span: Span, place: Place | None) -> exp.Expr:
        """Return the condition that a unit has a fact that counts."""
        wanted = Wanted(Aggregate.COUNT, None, self._counts(value, place), span)
        return exp.GT(this=exp.Coalesce(this=self._ask(label, wanted), expressions=[number(0)]), expression=number(0))

    def days(self, label: str, value: FactValue, span: Span, place: Place | None) -> exp.Expr:
        """Return on how many days of a span a unit has a fact that counts.

        Days are steps of 24 hours from the span's start; of facts known to the day only, they are dates.
        """
        wanted = Wanted(Aggregate.COUNT_DISTINCT, self._day(span.start), self._counts(value, place), span)
        return or_zero(self._ask(label, wanted))

    def first_at(self, label: str, value: FactValue, span: Span, place: Place | None) -> exp.Expr:
        """Return the time of a unit's first fact that counts in a span; null without any."""
        return self._ask(label, Wanted(Aggregate.MIN, self.time.utc.copy(), self._counts(value, place), span))

    def starts_at(self, span: Span) -> exp.Expr:
        """Return the column of the units that holds when a span begins for this source's facts."""
        return self._edge(span.start)

    def _day(self, start: timedelta) -> exp.Expr:
        if self.grain is Grain.DAY:
            return day(self.time.utc, self.exposures.question.zone)
        return steps_since(self._edge(start), self.time.utc, DAY)

    def some(self, label: str, span: Span) -> exp.Expr:
        """Return the condition that a unit has any fact of the source at all."""
        counted = self._ask(label, Wanted(Aggregate.COUNT, None, None, span))
        return exp.GT(this=exp.Coalesce(this=counted, expressions=[number(0)]), expression=number(0))

    def _ask(self, label: str, wanted: Wanted) -> exp.Expr:
        for known, other in self.wanted.items():
            if other == wanted:
                return column(known, self.part)
        self.wanted[label] = wanted
        return column(label, self.part)

    def _expression(self, written: str, place: Place | None) -> exp.Expr:
        return self.rows.expression(written, "", self.names, place=place)

    def _condition(self, written: str, place: Place | None) -> exp.Expr:
        try:
            return self.rows.condition(written, "where", self.names, place=place)
        except Invalid as error:
            catalogue = self.exposures.question.catalogue
            raise asks_of_units(written, self.source.name, catalogue, place) or error from error

    def _argument(self, value: FactValue, place: Place | None) -> exp.Expr | None:
        if value.column in (None, "*"):
            if value.aggregate is not Aggregate.COUNT:
                raise Invalid(f"{value.aggregate} of no column: name the measure or column to aggregate", place=place)
            return None
        argument = self._expression(value.column, place)
        kind = self.rows.kind(argument, place)
        if value.aggregate in COUNTING or is_number(kind):
            return argument
        if kind == "BOOLEAN" and value.aggregate is not Aggregate.EACH:
            return truth(argument)
        self.rows.refuse_empty_columns(argument, place)
        raise Invalid(
            f"{value.aggregate} of '{value.column}', which is of type {kind} in '{self.source.name}': "
            "aggregate a number, count it, or convert it",
            place=place,
        )

    def _counts(self, value: FactValue, place: Place | None) -> exp.Expr | None:
        condition = self._condition(value.where, place) if value.where else None
        return both(condition, self._holds(value, place))

    def _holds(self, value: FactValue, place: Place | None) -> exp.Expr | None:
        if value.column in (None, "*"):
            return None
        argument = self._expression(value.column, place)
        kind = self.rows.kind(argument, place)
        if kind == "BOOLEAN":
            return argument
        if is_number(kind) and value.aggregate not in COUNTING:
            return exp.NEQ(this=argument, expression=number(0))
        return exp.Not(this=exp.Is(this=argument, expression=exp.null()))

    def query(self) -> exp.Select:
        """Return one row a unit that has facts, with every aggregate asked for."""
        overall = self.overall
        projections = [column("unit", FIRST)]
        projections += [alias(self._aggregate(wanted, overall), label) for label, wanted in self.wanted.items()]
        projections.append(alias(count_rows(), "rows"))
        conditions, query = both(*self._counting(overall)), self._entered(projections)
        return query.where(conditions).group_by(column("unit", FIRST)) if conditions is not None else query

    def facts(self, span: Span, projections: Sequence[exp.Expr], condition: exp.Expr | None) -> exp.Select:
        """Return one row a fact that lies in a span around its unit's entry and meets a condition."""
        return self._entered([column("unit", FIRST), *projections]).where(both(*self._counting(span), condition))

    def condition(self, written: str, place: Place | None) -> exp.Expr:
        """Return a filter over the source's columns and measures.

        Raises:
            Invalid: If it names what isn't there, or is neither true nor false.
        """
        return self._condition(written, place)

    def before(self, length: timedelta) -> exp.Expr:
        """Return the condition that a fact lies before an instant, counted from its unit's entry."""
        return exp.LT(this=self.time.utc.copy(), expression=self._edge(length))

    def _entered(self, projections: Sequence[exp.Expr]) -> exp.Select:
        return self._of_units(select(*projections), FIRST)

    def _counting(self, span: Span) -> list[exp.Expr | None]:
        """Return the conditions that a fact counts: kept, in the span, before the cut-off, arrived by then."""
        return [self._filter(), *self._scan(span), self.arrived_by_then(), self._starts(span), self._ends(span)]

    def firsts(self, where: str | None, base: str, place: Place | None) -> exp.Select:
        """Return each unit's first fact at or after its exposure, inside the enrolment and before the cut-off.

        Args:
            where: Facts that count, beside the source's own filter.
            base: The part that holds the units and their exposures.
            place: Where the filter stands.
        """
        until, exposed = self.exposures.question.experiment.enrol_until, column(EXPOSED_AT, base)
        if self._by_day():
            exposed = midnight(exposed, self.exposures.question.zone)
        conditions = both(
            self._filter(),
            self._condition(where, place) if where else None,
            *self._scan(Span()),
            self.time.before(until) if until else None,
            self.arrived_by_then(),
            exp.GTE(this=self.time.utc.copy(), expression=exposed),
        )
        first = alias(call("min", self.time.utc.copy()), "first_at")
        query = self._of_units(select(column("unit", base), first), base)
        return query.where(conditions).group_by(column("unit", base))

    def _of_units(self, query: exp.Select, base: str) -> exp.Select:
        """Read the rows of the units of a part; of an id that belongs to a unit, those of its owner."""
        rows = self.rows.from_(query)
        if self.link is None:
            unit = entity_column(self.exposures.question, self.rows, self.source.entities)
            kind = self.rows.kind(unit, self.source.origin.at("entities"))
            return rows.join(table(base), on=self._same(unit, kind, base))
        owned = id_column(self.rows, self.source.entities, self.link.owned)
        owned = as_text(owned, self.rows.kind(owned, self.source.origin.at("entities")))
        rows = rows.join(table(self.link.part), on=exp.EQ(this=owned, expression=column("owned", self.link.part)))
        same = self._same(column("owner", self.link.part), "VARCHAR", base)
        if self.link.time is not None:
            known = exp.LTE(this=column("since", self.link.part), expression=column(EXPOSED_AT, base))
            same = exp.and_(same, known)
        return rows.join(table(base), on=same)

    @property
    def filter(self) -> exp.Expr | None:
        """The condition that a row counts at all."""
        return self._filter()

    def _filter(self) -> exp.Expr | None:
        return self.rows.condition(self.source.where, "where", self.names) if self.source.where else None

    def _scan(self, overall: Span) -> list[exp.Expr]:
        """Bound the scan by constants, so that files and row groups outside are never read."""
        experiment, cutoff = self.exposures.question.experiment, self.exposures.question.cutoff
        floor = self.floor(overall)
        bounds = [self.time.since(floor)] if floor else []
        ends = [cutoff.events] if cutoff else []
        if experiment.enrol_until and overall.end is not None:
            ends.append(experiment.enrol_until + overall.end + self._slack())
        if ends:
            bounds.append(self.time.before(min(ends)))
        return bounds

    def floor(self, overall: Span) -> datetime | None:
        """Return the time before which no fact can count, where enrolment has a beginning."""
        start = self.exposures.question.experiment.enrol_from
        return start + overall.start - self._slack() if start else None

    def _slack(self) -> timedelta:
        """Return how far windows may reach beyond their length, where something is known to the day only."""
        return DAY if Grain.DAY in (self.grain, self.exposures.grain) else timedelta()

    def _by_day(self) -> bool:
        to_the_instant = self.exposures.grain is Grain.INSTANT or self.exposures.entry == TRIGGERED_AT
        return self.grain is Grain.DAY and to_the_instant

    def _edge(self, length: timedelta, *, before: bool = False) -> exp.Expr:
        """Return the instant so long after a unit's entry, computed once a unit and not once a fact."""
        return self.exposures.edge("exposed_day" if self.grain is Grain.DAY else EXPOSED_AT, length, before=before)

    def _starts(self, span: Span) -> exp.Expr:
        return exp.GTE(this=self.time.utc.copy(), expression=self._edge(span.start))

    def _ends(self, span: Span) -> exp.Expr | None:
        if span.end is None:
            return None
        edge = self._edge(span.end, before=span.end <= timedelta())
        return exp.LT(this=self.time.utc.copy(), expression=edge)

    def arrived_by_then(self) -> exp.Expr | None:
        """Return the condition that a fact had arrived by the look's cut-off, where arrivals are told."""
        cutoff = self.exposures.question.cutoff
        return self.arrived.before(cutoff.arrivals) if cutoff and self.arrived else None

    def _same(self, unit: exp.Expr, kind: str, base: str) -> exp.Expr:
        known, other = column("unit", base), self.exposures.id_kind
        if kind == other or (is_number(kind) and is_number(other)):
            return exp.EQ(this=unit, expression=known)
        return exp.EQ(this=as_text(unit, kind), expression=as_text(known, other))

    def _aggregate(self, wanted: Wanted, overall: Span) -> exp.Expr:
        inside = both(
            self._starts(wanted.span) if wanted.span.start != overall.start else None,
            self._ends(wanted.span) if wanted.span.end != overall.end else None,
            wanted.where,
        )
        return filtered(_aggregation(wanted, self.time.utc), inside)

    def told_at(self, wanted: Wanted) -> exp.Expr:
        """Return when the fact happened that a first or last value is of."""
        given = exp.Not(this=exp.Is(this=wanted.column or exp.null(), expression=exp.null()))
        when_told = Aggregate.MIN if wanted.aggregate is Aggregate.FIRST else Aggregate.MAX
        moment = replace(wanted, aggregate=when_told, column=self.time.utc.copy(), where=both(wanted.where, given))
        return self._aggregate(moment, self.overall)


def _overall(spans: Iterable[Span]) -> Span:
    every = list(spans)
    ends = [span.end for span in every]
    last = None if None in ends else max(end for end in ends if end is not None)
    return Span(min(span.start for span in every), last)


def _aggregation(wanted: Wanted, moment: exp.Expr) -> exp.Expr:
    argument = wanted.column.copy() if wanted.column is not None else None
    match wanted.aggregate:
        case Aggregate.COUNT | Aggregate.EACH:
            return exp.Count(this=argument) if argument is not None else count_rows()
        case Aggregate.COUNT_DISTINCT:
            return exp.Count(this=exp.Distinct(expressions=[argument]))
        case Aggregate.SUM | Aggregate.MIN | Aggregate.MAX:
            return call(str(wanted.aggregate), argument or exp.null())
        case Aggregate.FIRST:
            return call("first_by", argument or exp.null(), moment.copy())
        case Aggregate.LAST:
            return call("last_by", argument or exp.null(), moment.copy())


Tables = Callable[[str, Place | None], FactTable]
"""The source of facts of a name, opened once."""


def opened_facts(
    engine: Engine,
    question: Question,
    exposures: Exposures,
    name: str,
    place: Place | None,
    links: Links | None = None,
) -> FactTable:
    """Open a source of facts; one without the unit's own id by a link to it, where links are given.

    Raises:
        NotFound: If it, or its table, isn't there.
        Invalid: If a column isn't, or tells no time.
    """
    found = opened_rows(engine, question, name, place)
    source, rows = found.source, found.rows
    link, entity = None, question.experiment.entity
    if links is not None and entity and entity not in source.entities:
        link = links.link(tuple(source.entities), entity)
    return FactTable(source, rows, found.time, found.grain, found.arrived, exposures, link)
