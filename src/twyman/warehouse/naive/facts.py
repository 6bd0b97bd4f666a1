"""From facts to numbers per unit: each row is held against each unit's windows, one after the other."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from twyman.app.ports import Question, Scanned
from twyman.metrics.metric import Aggregate, FactValue
from twyman.metrics.source import FactSource, Grain, Timestamp
from twyman.warehouse.engine import Engine
from twyman.warehouse.naive.accumulating import ACCUMULATORS, Accumulator, Count, Distinct, Earliest, Several
from twyman.warehouse.naive.casts import text_of
from twyman.warehouse.naive.clock import day_of
from twyman.warehouse.naive.comparing import compared, is_number, wall
from twyman.warehouse.naive.exposures import Exposed, Unit, plain
from twyman.warehouse.naive.expression import Computed, Row
from twyman.warehouse.naive.known import refuse_unknown
from twyman.warehouse.naive.links import Link, Links
from twyman.warehouse.naive.table import (
    Ids,
    RowTime,
    Table,
    Wanted,
    entity_column,
    id_column,
    id_columns,
    opened,
)
from twyman.warehouse.naive.unverifiable import Unverifiable
from twyman.warehouse.naive.windows import DAY, Span, Windows

Holds = Callable[[Row], bool | None]
Taken = Callable[[Row, Unit, datetime], Any]
"""What is taken of a fact: of its row, of whose it is, and of when it happened."""
COUNTING = (Aggregate.COUNT, Aggregate.COUNT_DISTINCT)


@dataclass(slots=True)
class Asked:
    """What is made of each unit's facts over a span, and what has come together for it.

    Attributes:
        make: What is kept of a unit's facts.
        value: What is taken of a fact; null is passed over.
        where: Which facts count.
        nothing: What a unit without facts that count has.
        failed: Why it can't be computed, where a row showed so.
    """

    make: Callable[[], Accumulator]
    value: Taken
    where: Holds | None
    span: Span
    nothing: Any = None
    kept: dict[Any, Accumulator] = field(default_factory=dict[Any, Accumulator])
    failed: Unverifiable | None = None

    def take(self, row: Row, unit: Unit, moment: datetime) -> None:
        """Take a fact, if it counts."""
        if self.failed is not None or (self.where is not None and self.where(row) is not True):
            return
        value = self.value(row, unit, moment)
        if value is not None:
            if unit.id not in self.kept:
                self.kept[unit.id] = self.make()
            self.kept[unit.id].add(value, moment)

    def of(self, unit: Unit) -> Any:  # noqa: ANN401 - a number
        """Return what a unit's facts come to.

        Raises:
            Unverifiable: If it couldn't be computed.
        """
        if self.failed is not None:
            raise self.failed
        kept = self.kept.get(unit.id)
        return self.nothing if kept is None else kept.result()


@dataclass(slots=True)
class Facts:
    """A source of facts, and all that the metrics ask of it.

    Attributes:
        link: Whose facts they are, where they name another entity.
    """

    source: FactSource
    table: Table
    question: Question
    exposed: Exposed
    time: RowTime
    link: Link | None = None
    asked: list[Asked] = field(default_factory=list[Asked])
    windows: Windows = field(init=False)

    def __post_init__(self) -> None:
        """Say how finely windows are known."""
        self.windows = Windows(self.question.zone, self.time.grain is Grain.DAY)

    def value(self, value: FactValue, span: Span) -> Asked:
        """Ask for a value of each unit.

        Raises:
            Unverifiable: If an expression does what isn't computed here.
        """
        column = None if value.column in (None, "*") else self._expression(value.column)
        nothing = 0 if value.aggregate in COUNTING else None
        return self._ask(
            Asked(ACCUMULATORS[value.aggregate], _column(column), self.condition(value.where), span, nothing)
        )

    def any(self, value: FactValue, span: Span) -> Asked:
        """Ask how many facts of each unit count: for shares, of which one is enough.

        Raises:
            Unverifiable: If an expression does what isn't computed here.
        """
        return self._ask(Asked(Count, _column(None), self._counts(value), span, 0))

    def days(self, value: FactValue, span: Span) -> Asked:
        """Ask on how many days each unit has a fact that counts: steps of 24 hours, or dates where no more is known.

        Raises:
            Unverifiable: If an expression does what isn't computed here.
        """
        return self._ask(Asked(Distinct, self._day(span.start), self._counts(value), span, 0))

    def times(self, where: str | None, span: Span) -> Asked:
        """Ask when each unit's facts happened that meet a condition.

        Raises:
            Unverifiable: If an expression does what isn't computed here.
        """
        return self._ask(Asked(Several, lambda _row, _unit, moment: moment, self.condition(where), span, ()))

    def first_at(self, value: FactValue, span: Span) -> Asked:
        """Ask when each unit's first fact that counts happened.

        Raises:
            Unverifiable: If an expression does what isn't computed here.
        """
        return self._ask(Asked(Earliest, lambda _row, _unit, moment: moment, self._counts(value), span))

    def each(self, value: FactValue, span: Span) -> Asked:
        """Ask for the values of each unit's facts, one by one.

        Raises:
            Unverifiable: If an expression does what isn't computed here.
        """
        column = None if value.column in (None, "*") else self._expression(value.column)
        return self._ask(Asked(Several, _column(column), self.condition(value.where), span, ()))

    def _day(self, start: timedelta) -> "Taken":
        if self.time.grain is Grain.DAY:
            return lambda _row, _unit, moment: day_of(moment, self.question.zone)
        return lambda _row, unit, moment: (moment - self.windows.edge(unit, start)) // DAY

    def _counts(self, value: FactValue) -> Holds | None:
        where = self.condition(value.where)
        present = None if value.column in (None, "*") else _present(self._expression(value.column), value.aggregate)
        return None if where is None and present is None else _both(where, present)

    def some(self, span: Span) -> Asked:
        """Ask how many facts of the source each unit has at all."""
        return self._ask(Asked(Count, _column(None), None, span, 0))

    def _ask(self, asked: Asked) -> Asked:
        self.asked.append(asked)
        return asked

    @property
    def _names(self) -> dict[str, Computed]:
        found: dict[str, Computed] = {}
        for name, written in self.source.measures.items():
            try:
                found[name] = self.table.expression(written)
            except Unverifiable as why:
                found[name] = _failing(why)
        return found

    def _expression(self, written: str) -> Computed:
        return self.table.expression(written, self._names)

    def unit_of(self) -> Callable[[Row], Unit | None]:
        """Return what tells whose a row is."""
        entities = self.source.entities
        units = self.exposed.units.values()
        if self.link is not None:
            link, column = self.link, entity_column(self.table, entities, self.link.owned)
            by_text = {text_of(unit.id): unit for unit in units}

            def owner(row: Row) -> Unit | None:
                unit = by_text.get(link.owner(row[column]) or "")
                return unit if unit is not None and link.owner(row[column], unit.exposed_at) else None

            return owner
        column = id_column(self.question, self.table, entities)
        ids = Ids.of(self.table.kinds[column], self.exposed.kind)
        known = {ids(unit.id): unit for unit in units}
        return lambda row: known.get(ids(row[column]))

    def condition(self, where: str | None) -> Holds | None:
        """Return a filter over the source's columns and measures; `None` where there is none.

        Raises:
            Unverifiable: If it does what isn't computed here.
        """
        return self.table.condition(where, self._names) if where else None

    def counts(self) -> Holds | None:
        """Return the source's own filter."""
        return self.condition(self.source.where)

    def scan(self) -> Scanned:
        """Go through the rows once, and return what was read.

        Raises:
            Unverifiable: If the source's own filter or time can't be computed.
        """
        seen, where = _Seen(self), self.counts()
        for row in self.table:
            if where is None or where(row) is True:
                seen.take(row)
        return seen.scanned()

    def seen(self) -> Callable[[Row], bool]:
        """Return the condition that a row had arrived by the cut-off."""
        cutoff = self.question.cutoff
        if self.source.arrived is None or cutoff is None:
            return lambda _: True
        arrived, arrivals = self.table.time(Timestamp(self.source.arrived)), wall(cutoff.arrivals)
        return lambda row: (moment := arrived(row)) is not None and moment < arrivals

    @property
    def overall(self) -> Span:
        """From the earliest begin of a span to the latest end."""
        ends = [asked.span.end for asked in self.asked]
        last = None if None in ends else max(end for end in ends if end is not None)
        return Span(min(asked.span.start for asked in self.asked), last)


class _Seen:
    """What was seen of a source so far."""

    def __init__(self, facts: Facts) -> None:
        self.facts, cutoff, experiment = facts, facts.question.cutoff, facts.question.experiment
        arrived = facts.source.arrived
        self.arrived = facts.table.time(Timestamp(arrived)) if arrived else None
        grains = {facts.time.grain, self.arrived.grain} if self.arrived and cutoff else {Grain.DAY}
        self.to_the_instant = Grain.DAY not in grains
        self.events = plain(cutoff.events) if cutoff else None
        self.arrivals = plain(cutoff.arrivals) if cutoff else None
        self.overall = facts.overall
        begin, days = plain(experiment.enrol_from), Grain.DAY in (facts.time.grain, facts.exposed.grain)
        self.since = begin and begin + self.overall.start - (DAY if days else timedelta())
        self.unit_of = facts.unit_of()
        self.found = Scanned(source=facts.source.name, rows=0, units=0)
        self.met = set[Any]()
        self.rows = self.after = self.late = self.ahead = 0

    def take(self, row: Row) -> None:
        """Take a row that the source's filter keeps."""
        moment = self.facts.time(row)
        if moment is None:
            return
        if self.events is not None and moment >= self.events:
            self.after += 1
            return
        if self.arrived is not None and self.arrivals is not None:
            arrival = self.arrived(row)
            self.late += arrival is not None and arrival >= self.arrivals
            if arrival is None or arrival >= self.arrivals:
                return
            self.ahead += arrival < moment and self.events is not None and moment >= self.events - DAY
        self._date(moment)
        unit = self.unit_of(row)
        if unit is not None:
            self._count(row, unit, moment)

    def _date(self, moment: datetime) -> None:
        aware = moment.replace(tzinfo=UTC)
        last = self.found.last
        if last is None or aware > last:
            self.found = replace(self.found, last=aware)
        if self.since is None or moment >= self.since:
            first = self.found.first
            if first is None or aware < first:
                self.found = replace(self.found, first=aware)

    def _count(self, row: Row, unit: Unit, moment: datetime) -> None:
        windows = self.facts.windows
        if not windows.holds(unit, self.overall, moment):
            return
        self.rows += 1
        self.met.add(unit.id)
        for asked in self.facts.asked:
            if windows.holds(unit, asked.span, moment):
                try:
                    asked.take(row, unit, moment)
                except Unverifiable as why:
                    asked.failed = why

    def scanned(self) -> Scanned:
        """Return what was seen."""
        ahead = self.ahead if self.to_the_instant else None
        return replace(
            self.found, rows=self.rows, units=len(self.met), after_cutoff=self.after, late=self.late, ahead=ahead
        )


def _column(column: Computed | None) -> Taken:
    if column is None:
        return lambda _row, _unit, _moment: True
    return lambda row, _unit, _moment: column(row)


def _present(value: Computed, aggregate: Aggregate) -> Holds:
    """Return the condition that a fact's value counts for a share: true, not 0, or simply there."""

    def holds(row: Row) -> bool:
        found = value(row)
        if found is None or isinstance(found, bool):
            return found is True
        if is_number(found) and aggregate not in COUNTING:
            return compared(found, 0) != 0
        return True

    return holds


def _both(one: Holds | None, other: Holds | None) -> Holds:
    conditions = [each for each in (one, other) if each is not None]
    return lambda row: all(each(row) is True for each in conditions)


def _failing(why: Unverifiable) -> Computed:
    def fail(_: Row) -> Any:  # noqa: ANN401 - never a value
        raise why

    return fail


def opened_facts(engine: Engine, question: Question, found: Exposed, name: str, links: Links) -> Facts:
    """Open a source of facts; one without the unit's own id by a link to it.

    Raises:
        Unverifiable: If its times or ids aren't read here.
    """
    source, entity = question.catalogue.source(name, FactSource), question.experiment.entity
    refuse_unknown(source)
    wanted = Wanted(
        name=source.name,
        relation=source.relation,
        origin=source.origin,
        formats=source.formats,
        times=(source.timestamp.column, *([source.arrived] if source.arrived else [])),
        ids=id_columns(question, source.entities),
    )
    table = opened(engine, wanted, question.zone)
    link = links.link(tuple(source.entities), entity) if entity and entity not in source.entities else None
    return Facts(source, table, question, found, table.time(source.timestamp), link)
