"""When the facts of a source ran, of whoever they are, and how many lay beyond a look's cut-offs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlglot import exp

from twyman.kernel.time import DAY
from twyman.metrics.source import Grain
from twyman.warehouse.language.syntax import (
    alias,
    both,
    call,
    column,
    count_rows,
    filtered,
    number,
    select,
    table,
    text,
)
from twyman.warehouse.model import FACTS, PART, SEEN
from twyman.warehouse.sources.times import Clock
from twyman.warehouse.values.facts import FactTable

RECENT = DAY
"""Where the latest fact is looked for first: a table that is alive has some there, and little of it is read."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is told of a source of facts beside its values."""

    facts: FactTable

    def answers(self) -> list[exp.Query]:
        """Return the parts of the answer that say what was read, and what lay beyond the cut-offs."""
        source = alias(text(self.facts.source.name), "source")
        read = select(
            alias(text(FACTS), PART),
            source,
            alias(exp.Coalesce(this=call("sum", column("rows")), expressions=[number(0)]), "rows"),
            alias(count_rows(), "units"),
        )
        return [read.from_(table(self.facts.part)), self._part(source.copy())]

    def latest(self, since: datetime | None = None) -> exp.Select:
        """Return the time of the latest fact that a look may see; looked for since some time, where one is given."""
        facts = self.facts
        recent = facts.time.since(since) if since else None
        last = alias(call("max", facts.time.utc.copy()), "last_at")
        return self._of_rows([last], both(recent, self._before(), facts.arrived_by_then()))

    @property
    def in_shared(self) -> bool:
        """Whether facts since the first that could count also say when facts ran; late ones may be of any time."""
        return self._by_rows() and self.facts.arrived is None

    def _by_rows(self) -> bool:
        return self.facts.rows.engine.connector.dialect.by_rows

    def _before(self) -> exp.Expr | None:
        cutoff = self.facts.exposures.question.cutoff
        return self.facts.time.before(cutoff.events) if cutoff else None

    def _part(self, source: exp.Expr) -> exp.Query:
        """Say when facts ran by queries that read little of a table kept in order of time."""
        if self._by_rows():
            return self._at_once(source)
        cutoff = self.facts.exposures.question.cutoff
        last = self.latest(since=cutoff.events - RECENT if cutoff else None)
        ends = (("first_at", self._first()), ("last_at", last))
        seen = [alias(exp.Subquery(this=query), title) for title, query in ends]
        seen += [alias(self._count(condition), title) for title, condition in self._beyond()]
        return select(alias(text(SEEN), PART), source, *seen)

    def _at_once(self, source: exp.Expr) -> exp.Query:
        """Say the same in one pass: where tables are kept by rows, each question would read all of them."""
        facts, cutoff = self.facts, self.facts.exposures.question.cutoff
        moment, floor = facts.time.utc, facts.floor(facts.overall)
        since = facts.time.since(floor) if floor else None
        told = both(self._before(), facts.arrived_by_then())
        first = filtered(call("min", moment.copy()), both(since, told))
        last = filtered(call("max", moment.copy()), told)
        beyond = [alias(filtered(count_rows(), condition), title) for title, condition in self._beyond()]
        recent = None
        if floor and facts.arrived is None:  # partitions of years ago aren't read; late facts may be of any time
            recent = facts.time.since(min(floor, cutoff.events) if cutoff else floor)
        seen = [alias(first, "first_at"), alias(last, "last_at"), *beyond]
        return self._of_rows([alias(text(SEEN), PART), source, *seen], recent)

    def _beyond(self) -> list[tuple[str, exp.Expr]]:
        """Return the conditions on facts that belong to later looks, by what their number is called."""
        facts, cutoff = self.facts, self.facts.exposures.question.cutoff
        if cutoff is None:
            return []
        found = [("after_cutoff", facts.time.since(cutoff.events))]
        if facts.arrived:
            late = exp.and_(facts.time.before(cutoff.events), facts.arrived.since(cutoff.arrivals))
            found.append(("late", late))
            found += self._ahead(cutoff.events - RECENT)
        return found

    def _ahead(self, since: datetime) -> list[tuple[str, exp.Expr]]:
        """Return the condition on the last facts that arrived before they happened, where both tell the instant.

        A clock that runs ahead does so on any day: all days would be read for what the last one tells.
        """
        time, arrived = self.facts.time, self.facts.arrived
        if arrived is None or Clock.DAY in (time.clock, arrived.clock) or self.facts.grain is not Grain.INSTANT:
            return []
        instants = time.clock is arrived.clock is Clock.UTC  # these compare as they stand, which costs less
        pair = (arrived.raw, time.raw) if instants else (arrived.utc, time.utc)
        sooner = exp.LT(this=pair[0].copy(), expression=pair[1].copy())
        told = both(time.since(since), self._before(), self.facts.arrived_by_then(), sooner)
        return [("ahead", told)] if told is not None else []

    def _first(self) -> exp.Select:
        facts, floor = self.facts, self.facts.floor(self.facts.overall)
        given = exp.Not(this=exp.Is(this=facts.time.raw.copy(), expression=exp.null()))
        since = facts.time.since(floor) if floor else None
        first = alias(facts.time.utc.copy(), "first_at")
        query = self._of_rows([first], both(given, since, self._before(), facts.arrived_by_then()))
        return query.order_by(column("first_at")).limit(1)

    def _count(self, condition: exp.Expr) -> exp.Expr:
        return exp.Subquery(this=self._of_rows([count_rows()], condition))

    def _of_rows(self, projections: Sequence[exp.Expr], condition: exp.Expr | None) -> exp.Select:
        query, wanted = self.facts.rows.from_(select(*projections)), both(self.facts.filter, condition)
        return query.where(wanted) if wanted is not None else query


def over_all(facts: FactTable, aggregates: Sequence[exp.Expr]) -> exp.Select:
    """Return aggregates over all facts that the source's filter keeps, whoever's they are."""
    query = facts.rows.from_(select(*aggregates))
    return query.where(facts.filter) if facts.filter is not None else query
