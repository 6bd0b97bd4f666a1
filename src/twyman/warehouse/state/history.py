"""Facts that have been read are kept, narrow: the columns that metrics name, of rows that can count.

A refresh reads of a source of facts only what it hasn't read: facts after the last cut-off, and facts before
it that have arrived since. What was kept and what is new together stand in for the source in every
statement, so that statements are the same with a history and without.

A source whose rows don't say when they arrived is kept up to the cut-off only if it says how long its facts
take to settle; else the last `UNSETTLED` before the cut-off are read again each time, since rows of those days
may still be on their way.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlglot import exp

from twyman.app.ports import Question
from twyman.kernel.canonical import digest
from twyman.kernel.time import DAY
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.source import FactSource, Frame
from twyman.warehouse.connector import Keeping
from twyman.warehouse.engine import Engine
from twyman.warehouse.language.syntax import alias, both, column, count_rows, select
from twyman.warehouse.state.ledger import Book, Entry, Ledger, Scratch
from twyman.warehouse.state.names import fresh_name
from twyman.warehouse.state.region import ALWAYS, Region, Stretch, after, beyond
from twyman.warehouse.values.fact_rows import FactRows, floor_of

UNSETTLED = 2 * DAY
"""How long facts may be on their way where nothing says it."""
MOST_TABLES = 12
"""Tables of a history; one more, and they are put together."""
_WORD = re.compile(r"\w+")


class HistoryEntry(Entry, kw_only=True):
    """Which tables hold a history, and what of the source they hold.

    Attributes:
        floor, events, arrivals: Of the region.
        rows: Rows in them.
    """

    floor: datetime
    events: datetime
    arrivals: datetime
    rows: int = 0

    @property
    def region(self) -> Region:
        """The region as a value."""
        return Region(self.floor, self.events, self.arrivals)


@dataclass(slots=True)
class History:
    """The history of one source of facts.

    Attributes:
        read: Rows of the source that this refresh read.
    """

    engine: Engine
    keeping: Keeping
    facts: FactRows
    ledger: Book[HistoryEntry]
    columns: tuple[str, ...]
    kept: HistoryEntry | None = None
    read: int = 0

    @property
    def title(self) -> str:
        """Name of the state: its source, and a digest of what of it is kept."""
        return titled(self.facts, self.columns)

    def refresh(self, wanted: Region) -> None:
        """Read what of a region hasn't been read, and keep it.

        Raises:
            Invalid: If the data don't fit the definition.
            Unavailable: If the engine or a disk gave out.
        """
        if self.kept is not None and self.kept.region.covers(wanted):
            return
        grown = wanted if self.kept is None else self.kept.region.grown(wanted)
        stretches = beyond(self.kept and self.kept.region, grown, arrives=self.facts.arrived is not None)
        name = fresh_name("facts", self.title)
        rows = self._made(name, self._narrow(stretches, where=True))
        if rows is None:
            return
        former = self.kept.tables if self.kept else []
        self.read += rows
        total = rows + (self.kept.rows if self.kept else 0)
        self._commit(grown, [*former, name], rows=total, made=name)

    def _made(self, name: str, query: exp.Query) -> int | None:
        """Keep the rows of a query and return how many there are; `None` where none can be kept.

        Whoever stops it in between leaves no table behind.
        """
        try:
            if not self.keeping.keep(name, self.engine.printed(query)):
                return None
            made = self.keeping.own(name) or exp.to_table(name)
            return int(self.engine.rows(select(alias(count_rows(), "rows")).from_(made))[0]["rows"])
        except BaseException:
            self.keeping.drop(name)
            raise

    def _commit(self, region: Region, tables: list[str], *, rows: int, made: str) -> None:
        entry = HistoryEntry(
            floor=region.floor, events=region.events, arrivals=region.arrivals, tables=tables, rows=rows
        )
        if self.ledger.write(entry):
            self.ledger.tidy([made], entry)
            self.kept = entry
        else:  # somebody else refreshed at the same time: theirs holds
            self.keeping.drop(made)
            self.kept = self.ledger.last()

    def compact(self) -> None:
        """Put the tables of a long history together, in order of time."""
        if self.kept is None or len(self.kept.tables) <= MOST_TABLES:
            return
        name = fresh_name("facts", self.title)
        stacked = exp.Subquery(this=self._stacked(self._own()))
        whole = select(exp.Star()).from_(exp.alias_(stacked, "kept", table=True))
        whole = whole.order_by(column(self.facts.source.timestamp.column, "kept"))
        if self.keeping.keep(name, self.engine.printed(whole)):
            self._commit(self.kept.region, [name], rows=self.kept.rows, made=name)

    def item(self) -> exp.Expr | None:
        """Return what stands in FROM instead of the source: what is kept, and whatever else the source has."""
        if self.kept is None:
            return None
        rest = after(self.kept.region, arrives=self.facts.arrived is not None)
        return exp.Subquery(this=self._stacked([*self._own(), *self._scans(rest, where=False)]))

    def _own(self) -> list[exp.Query]:
        tables = self.kept.tables if self.kept else []
        items = [item for name in tables if (item := self.keeping.own(name)) is not None]
        return [select(*map(column, self.columns)).from_(item) for item in items]

    def _narrow(self, stretches: Sequence[Stretch], *, where: bool) -> exp.Query:
        return self._stacked(self._scans(stretches, where=where))

    def _scans(self, stretches: Sequence[Stretch], *, where: bool) -> list[exp.Query]:
        return [self._scan(stretch, where=where) for stretch in stretches]

    def _scan(self, stretch: Stretch, *, where: bool) -> exp.Query:
        facts = self.facts
        columns = [column(name, facts.rows.name) for name in self.columns]
        condition = both(
            facts.filter if where else None,
            facts.time.since(stretch.since) if stretch.since else None,
            facts.time.before(stretch.before) if stretch.before else None,
            facts.arrived.since(stretch.arrived_since) if facts.arrived and stretch.arrived_since else None,
            facts.arrived.before(stretch.arrived_before) if facts.arrived and stretch.arrived_before else None,
        )
        query = facts.rows.from_(select(*columns))
        return query.where(condition) if condition is not None else query

    def _stacked(self, queries: Sequence[exp.Query]) -> exp.Query:
        below = queries[0]
        for query in queries[1:]:
            below = exp.Union(this=below, expression=query, distinct=False)
        return below


def wanted(question: Question, source: FactSource) -> Region | None:
    """Return what of a source a question may see and that won't change; `None` where it has no cut-off."""
    cutoff = question.cutoff
    if cutoff is None:
        return None
    return Region(floor_of(question) or ALWAYS, cutoff.events - unsettled(source), cutoff.arrivals)


def unsettled(source: FactSource) -> timedelta:
    """Return how long before a cut-off rows of a source may still be on their way, and nothing will say so."""
    return timedelta() if source.arrived or source.settle else UNSETTLED


def titled(facts: FactRows, columns: Iterable[str]) -> str:
    """Return the name of a history: another reading of the source is another history."""
    source = facts.source
    said = [str(source.relation), source.where, dict(source.entities), source.timestamp.column, source.arrived]
    said += [dict(source.formats), sorted(columns), facts.rows.zone, facts.rows.engine.connector.dialect.name]
    return f"{source.name.replace('-', '_')}_{digest(said)[:8]}"


def history(
    engine: Engine, keeping: Keeping, facts: FactRows, catalogue: Catalogue, *, scratch: bool = False
) -> History | None:
    """Return the history of a source; `None` for tables in memory, which nothing outlives.

    Args:
        engine: Where the source is.
        keeping: Where the history is kept.
        facts: The source.
        catalogue: Metrics that may name its columns.
        scratch: Whether it begins anew, and is nobody's but ours.
    """
    if isinstance(facts.source.relation, Frame) or facts.source.name in engine.frames:
        return None
    columns = used_columns(facts.source, catalogue, facts.rows.types)
    title = titled(facts, columns)
    ledger: Book[HistoryEntry] = Scratch(keeping) if scratch else Ledger(keeping, title, HistoryEntry)
    return History(engine, keeping, facts, ledger, columns, kept=ledger.last())


def used_columns(source: FactSource, catalogue: Catalogue, types: Iterable[str]) -> tuple[str, ...]:
    """Return the columns that the source's definition, or any metric over it, may name; one too many does no harm."""
    metrics = [metric for metric in catalogue.metrics.values() if source.name in metric.facts]
    words = {word.lower() for text in (*_texts(source), *_texts(metrics)) for word in _WORD.findall(text)}
    return tuple(name for name in types if name.lower() in words or not _WORD.fullmatch(name))


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - any part of a definition
    if isinstance(value, str):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        for part in fields(value):
            yield from _texts(getattr(value, part.name) if part.compare else None)
    elif isinstance(value, Mapping | list | tuple):
        held = value.items() if isinstance(value, Mapping) else value  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        for one in held:  # pyright: ignore[reportUnknownVariableType]
            yield from _texts(one)
