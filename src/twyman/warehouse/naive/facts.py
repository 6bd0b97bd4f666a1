"""From facts to numbers per unit: each row is held against each unit's windows, one after the other."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from twyman.app.ports import Question, Scanned
from twyman.metrics.metric import Aggregate, FactValue
from twyman.metrics.source import FactSource, Grain, Timestamp
from twyman.warehouse.engine import Engine
from twyman.warehouse.naive.accumulating import ACCUMULATORS, Accumulator
from twyman.warehouse.naive.clock import day_of, utc_of_wall, wall_of_utc
from twyman.warehouse.naive.comparing import compared, is_number
from twyman.warehouse.naive.exposures import Exposed, Unit, plain
from twyman.warehouse.naive.expression import Computed, Row
from twyman.warehouse.naive.known import refuse_unknown
from twyman.warehouse.naive.table import Ids, RowTime, Table, Wanted, id_column, id_columns, opened
from twyman.warehouse.naive.unverifiable import Unverifiable

Holds = Callable[[Row], bool | None]
COUNTING = (Aggregate.COUNT, Aggregate.COUNT_DISTINCT)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time relative to exposure, half-open; no end: until the cut-off."""

    start: timedelta = timedelta()
    end: timedelta | None = None

    def holds(self, moment: datetime, entry: datetime, zone: str = "UTC") -> bool:
        """Whether a moment lies in it, for a unit that entered then; whole days are dates of the zone."""
        if moment < _later(entry, self.start, zone):
            return False
        return self.end is None or moment < _later(entry, self.end, zone)


def _later(moment: datetime, length: timedelta, zone: str) -> datetime:
    if zone == "UTC" or not length or length % DAY:
        return moment + length
    return utc_of_wall(wall_of_utc(moment, zone) + length, zone)


@dataclass(slots=True)
class Asked:
    """An aggregate of each unit's facts over a span, and what has come together for it.

    Attributes:
        failed: Why it can't be computed, where a row showed so.
        daily: Whether it takes the day of each fact, and not a value of it.
    """

    aggregate: Aggregate
    value: Computed | None
    where: Holds | None
    span: Span
    kept: dict[Any, Accumulator] = field(default_factory=dict[Any, Accumulator])
    failed: Unverifiable | None = None
    daily: bool = False

    def take(self, row: Row, unit: Unit, moment: datetime, day: Any) -> None:  # noqa: ANN401 - a date, or a number
        """Take a fact, if it counts."""
        if self.failed is not None or (self.where is not None and self.where(row) is not True):
            return
        value = day if self.daily else True if self.value is None else self.value(row)
        if value is not None:
            self.kept.setdefault(unit.id, ACCUMULATORS[self.aggregate]()).add(value, moment)

    def of(self, unit: Unit) -> Any:  # noqa: ANN401 - a number
        """Return a unit's number; `None` without facts that count (0 for counts).

        Raises:
            Unverifiable: If it couldn't be computed.
        """
        if self.failed is not None:
            raise self.failed
        kept = self.kept.get(unit.id)
        if kept is None:
            return 0 if self.aggregate in COUNTING else None
        return kept.result()


@dataclass(slots=True)
class Facts:
    """A source of facts, and all that the metrics ask of it."""

    source: FactSource
    table: Table
    question: Question
    exposed: Exposed
    asked: list[Asked] = field(default_factory=list[Asked])

    def value(self, value: FactValue, span: Span) -> Asked:
        """Ask for a value of each unit.

        Raises:
            Unverifiable: If an expression does what isn't computed here.
        """
        column = None if value.column in (None, "*") else self._expression(value.column)
        return self._ask(Asked(value.aggregate, column, self._where(value), span))

    def any(self, value: FactValue, span: Span) -> Asked:
        """Ask how many facts of each unit count: for shares, of which one is enough.

        Raises:
            Unverifiable: If an expression does what isn't computed here.
        """
        return self._ask(Asked(Aggregate.COUNT, None, self._counts(value), span))

    def days(self, value: FactValue, span: Span) -> Asked:
        """Ask on how many days each unit has a fact that counts: steps of 24 hours, or dates where no more is known.

        Raises:
            Unverifiable: If an expression does what isn't computed here.
        """
        return self._ask(Asked(Aggregate.COUNT_DISTINCT, None, self._counts(value), span, daily=True))

    def _counts(self, value: FactValue) -> Holds | None:
        where = self._where(value)
        present = None if value.column in (None, "*") else _present(self._expression(value.column), value.aggregate)
        return None if where is None and present is None else _both(where, present)

    def some(self, span: Span) -> Asked:
        """Ask how many facts of the source each unit has at all."""
        return self._ask(Asked(Aggregate.COUNT, None, None, span))

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

    def _where(self, value: FactValue) -> Holds | None:
        return self.table.condition(value.where, self._names) if value.where else None

    def scan(self) -> Scanned:
        """Go through the rows once, and return what was read.

        Raises:
            Unverifiable: If the source's own filter or time can't be computed.
        """
        time = self.table.time(self.source.timestamp)
        arrived = self.table.time(Timestamp(self.source.arrived)) if self.source.arrived else None
        where = self.table.condition(self.source.where, self._names) if self.source.where else None
        seen = _Seen(self, time, arrived)
        for row in self.table:
            if where is None or where(row) is True:
                seen.take(row)
        return seen.scanned()

    @property
    def overall(self) -> Span:
        """From the earliest begin of a span to the latest end."""
        ends = [asked.span.end for asked in self.asked]
        last = None if None in ends else max(end for end in ends if end is not None)
        return Span(min(asked.span.start for asked in self.asked), last)


class _Seen:
    """What was seen of a source so far."""

    def __init__(self, facts: Facts, time: RowTime, arrived: RowTime | None) -> None:
        self.facts, self.time, self.arrived = facts, time, arrived
        cutoff, experiment = facts.question.cutoff, facts.question.experiment
        self.events = plain(cutoff.events) if cutoff else None
        self.arrivals = plain(cutoff.arrivals) if cutoff else None
        self.by_day = time.grain is Grain.DAY and facts.exposed.grain is Grain.INSTANT
        self.overall = facts.overall
        self.zone = facts.question.zone if time.grain is Grain.DAY else "UTC"
        begin, days = plain(experiment.enrol_from), Grain.DAY in (time.grain, facts.exposed.grain)
        self.since = begin and begin + self.overall.start - (DAY if days else timedelta())
        self.column = id_column(facts.question, facts.table, facts.source.entities)
        self.ids = Ids.of(facts.table.kinds[self.column], facts.exposed.kind)
        self.units = {self.ids(unit.id): unit for unit in facts.exposed.units.values()}
        self.found = Scanned(source=facts.source.name, rows=0, units=0)
        self.met = set[Any]()
        self.rows = self.after = self.late = 0

    def take(self, row: Row) -> None:
        """Take a row that the source's filter keeps."""
        moment = self.time(row)
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
        self._date(moment)
        unit = self.units.get(self.ids(row[self.column]))
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
        entry = unit.exposed_day if self.by_day else unit.exposed_at
        if not self.overall.holds(moment, entry, self.zone):
            return
        self.rows += 1
        self.met.add(unit.id)
        for asked in self.facts.asked:
            if asked.span.holds(moment, entry, self.zone):
                try:
                    asked.take(row, unit, moment, self._day(moment, entry + asked.span.start))
                except Unverifiable as why:
                    asked.failed = why

    def _day(self, moment: datetime, start: datetime) -> Any:  # noqa: ANN401 - a date, or a number of days
        if self.time.grain is Grain.DAY:
            return day_of(moment, self.facts.question.zone)
        return (moment - start) // DAY

    def scanned(self) -> Scanned:
        """Return what was seen."""
        return replace(self.found, rows=self.rows, units=len(self.met), after_cutoff=self.after, late=self.late)


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


def opened_facts(engine: Engine, question: Question, found: Exposed, name: str) -> Facts:
    """Open a source of facts.

    Raises:
        Unverifiable: If its times or ids aren't read here.
    """
    source = question.catalogue.source(name, FactSource)
    refuse_unknown(source)
    wanted = Wanted(
        name=source.name,
        relation=source.relation,
        origin=source.origin,
        formats=source.formats,
        times=(source.timestamp.column, *([source.arrived] if source.arrived else [])),
        ids=id_columns(question, source.entities),
    )
    return Facts(source, opened(engine, wanted, question.zone), question, found)
