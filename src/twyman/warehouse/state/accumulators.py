"""Sums so far: for each unit of an experiment, what its facts have come to in each of its windows.

A refresh adds tables of partial aggregates to those it finds: of the facts that are new, for every unit; and
of the facts that were known, for units whose first exposure is new (or was found to be earlier). A unit's
value is the merge of its partial aggregates. Each says for which exposure it was made, so what was added up
under another one falls out by itself.

Sums, counts, extremes, first and last values merge; distinct counts, chains of steps and ranks don't, and
neither does what is followed through other ids: those are computed anew, from the history of the facts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec
from sqlglot import exp

from twyman.app.ports import Question
from twyman.kernel.canonical import digest
from twyman.metrics.metric import Aggregate
from twyman.warehouse.connector import Keeping
from twyman.warehouse.engine import Engine
from twyman.warehouse.language.syntax import alias, both, call, column, count_rows, select, statement, table
from twyman.warehouse.model import Part
from twyman.warehouse.state.history import unsettled
from twyman.warehouse.state.ledger import Entry, Ledger
from twyman.warehouse.state.names import fresh_name
from twyman.warehouse.state.region import ALWAYS, Region, Stretch, beyond
from twyman.warehouse.units.entering import MET
from twyman.warehouse.units.exposures import EXPOSED_AT, FIRST
from twyman.warehouse.values.facts import FactTable, Wanted

MERGING: Mapping[Aggregate, str] = {
    Aggregate.SUM: "sum",
    Aggregate.COUNT: "sum",
    Aggregate.MIN: "min",
    Aggregate.MAX: "max",
    Aggregate.FIRST: "first_by",
    Aggregate.LAST: "last_by",
}
"""By aggregate, what makes one of several; a first or last one is told by the time that stands beside it."""
TIMED = {Aggregate.FIRST: "min", Aggregate.LAST: "max"}
MOST_TABLES = 8
"""Tables of partial aggregates of one source; one more, and they are put together."""
KNOWN, ADDED = "known_units", "added"


class SourceSums(msgspec.Struct, frozen=True):
    """The partial aggregates of one source: up to where, and in which tables."""

    events: datetime
    arrivals: datetime
    tables: tuple[str, ...]

    @property
    def region(self) -> Region:
        """What has been added up."""
        return Region(ALWAYS, self.events, self.arrivals)


class SumsEntry(Entry, kw_only=True):
    """The sums of an experiment.

    Attributes:
        units: The table of what each unit had met, when the sums were last brought up.
        sources: By source of facts.
    """

    units: str
    sources: dict[str, SourceSums]


@dataclass(slots=True)
class Sums:
    """The sums of an experiment, as one question needs them.

    Attributes:
        entry: The parts of the statement up to the units that count: rows of exposures, what each unit met, first
            exposures.
        sources: Sources whose aggregates all merge, by name.
    """

    engine: Engine
    keeping: Keeping
    question: Question
    entry: Sequence[Part]
    sources: Mapping[str, FactTable]
    made: list[str] = field(default_factory=list[str])

    def parts(self) -> Mapping[str, exp.Query] | None:
        """Bring the sums up to the question's cut-off; return what their parts of the statement become.

        Returns:
            By part; `None` where sums can't be kept, or lie beyond the cut-off already.

        Raises:
            Invalid: If the data don't fit the definitions.
            Unavailable: If the engine or a disk gave out.
        """
        ledger = Ledger(self.keeping, self._title(), SumsEntry)
        kept = ledger.last()
        if self.question.cutoff is None or (kept is not None and self._beyond(kept)):
            return None
        try:
            entry = self._grown(kept)
        except BaseException:  # stopped in between: nobody names what was made so far
            self._unmake()
            raise
        if entry is None or not ledger.write(entry):
            self._unmake()
            return None
        ledger.tidy(self.made, entry)
        merged = {one.part: self._merged(one, self._read(one, entry)) for one in self.sources.values()}
        return {MET: self._all(entry.units), **merged}

    def _wanted(self, facts: FactTable) -> Region:
        cutoff = self.question.cutoff
        if cutoff is None:
            return Region(ALWAYS, ALWAYS, ALWAYS)
        return Region(ALWAYS, cutoff.events - unsettled(facts.source), cutoff.arrivals)

    def _beyond(self, kept: SumsEntry) -> bool:
        """Whether something has been added up that this question may not see."""
        return any(not self._wanted(one).covers(kept.sources[name].region) for name, one in self.sources.items())

    def _grown(self, kept: SumsEntry | None) -> SumsEntry | None:
        units = self._keep("units", statement(_copied(self.entry[:-1]), select(exp.Star()).from_(table(MET))))
        if units is None:
            return None
        parts: list[Part] = [(MET, self._all(units), ""), self.entry[-1]]
        fresh = self._fresh(parts, kept.units) if kept else None
        sources: dict[str, SourceSums] = {}
        for name, facts in self.sources.items():
            found = self._added(facts, kept.sources[name] if kept else None, parts, fresh)
            if found is None:
                return None
            sources[name] = found
        return SumsEntry(units=units, sources=sources, tables=[units, *_names(sources)])

    def _added(
        self,
        facts: FactTable,
        kept: SourceSums | None,
        parts: Sequence[Part],
        fresh: tuple[list[Part], datetime] | None,
    ) -> SourceSums | None:
        """Add up what is new: new facts for all units, known facts for new units."""
        wanted, arrives = self._wanted(facts), facts.arrived is not None
        asked = [(parts, one) for one in beyond(kept.region if kept else None, wanted, arrives=arrives)]
        if kept is not None and fresh is not None:
            since = fresh[1] + facts.overall.start - timedelta(days=2)
            asked.append((fresh[0], Stretch(since, kept.events, None, kept.arrivals if arrives else None)))
        made = [self._keep("sums", statement(_copied(ones), _partial(facts, stretch))) for ones, stretch in asked]
        if None in made:
            return None
        tables = [*(kept.tables if kept else ()), *(name for name in made if name is not None)]
        return SourceSums(wanted.events, wanted.arrivals, tuple(self._compacted(facts, tables)))

    def _fresh(self, parts: Sequence[Part], before: str) -> tuple[list[Part], datetime] | None:
        """Return the parts up to units that have another first exposure than before, and the earliest of those."""
        met, (title, first, _) = parts
        known = exp.alias_(exp.Subquery(this=self._all(before)), KNOWN, table=True)
        same = exp.and_(
            exp.EQ(this=column("unit", "first"), expression=column("unit", KNOWN)),
            exp.EQ(this=column(EXPOSED_AT, "first"), expression=column(EXPOSED_AT, KNOWN)),
            exp.Not(this=column("crossed", KNOWN)),
        )
        now = exp.alias_(exp.Subquery(this=first.copy()), "first", table=True)
        query = select(*(column(name, "first") for name in _columns(first))).from_(now)
        query = query.join(known, on=same, join_type="left")
        query = query.where(exp.Is(this=column("unit", KNOWN), expression=exp.null()))
        made: list[Part] = [met, (title, query, "Units whose first exposure is new.")]
        earliest = alias(call("min", column(EXPOSED_AT)), "first_at")
        asked = select(alias(count_rows(), "units"), earliest).from_(table(FIRST))
        found = self.engine.rows(statement(_copied(made), asked))[0]
        return (made, found["first_at"].replace(tzinfo=UTC)) if found["units"] else None

    def _read(self, facts: FactTable, entry: SumsEntry) -> list[exp.Query]:
        """Return the partial aggregates: those kept, and those of facts that may still change."""
        kept, cutoff = entry.sources[facts.source.name], self.question.cutoff
        found: list[exp.Query] = [self._columns_of(facts, name) for name in kept.tables]
        if cutoff is not None and kept.events < cutoff.events:
            found.append(_ordered(_partial(facts, Stretch(since=kept.events)), facts))
        return found

    def _merged(self, facts: FactTable, partial: Sequence[exp.Query]) -> exp.Query:
        """Return one row a unit of several partial ones, of those made for the exposure that holds."""
        same = exp.and_(
            exp.EQ(this=column("unit", ADDED), expression=column("unit", FIRST)),
            exp.EQ(this=column(EXPOSED_AT, ADDED), expression=column(EXPOSED_AT, FIRST)),
        )
        query = select(column("unit", FIRST), *_merges(facts)).from_(_stacked(partial))
        return query.join(table(FIRST), on=same).group_by(column("unit", FIRST))

    def _compacted(self, facts: FactTable, tables: list[str]) -> list[str]:
        if len(tables) <= MOST_TABLES:
            return tables
        key = [column("unit", ADDED), column(EXPOSED_AT, ADDED)]
        added = _stacked([self._columns_of(facts, name) for name in tables])
        query = select(*key, *_merges(facts), *_times(facts)).from_(added).group_by(*(one.copy() for one in key))
        whole = self._keep("sums", query)
        return tables if whole is None else [whole]

    def _columns_of(self, facts: FactTable, name: str) -> exp.Query:
        item = self.keeping.own(name) or exp.to_table(name)
        return select(*map(column, _held(facts))).from_(item)

    def _all(self, name: str) -> exp.Select:
        return select(exp.Star()).from_(self.keeping.own(name) or exp.to_table(name))

    def _keep(self, what: str, query: exp.Query) -> str | None:
        name = fresh_name(what, self.question.experiment.name)
        self.made.append(name)
        return name if self.keeping.keep(name, self.engine.printed(query)) else None

    def _unmake(self) -> None:
        for name in self.made:
            self.keeping.drop(name)

    def _title(self) -> str:
        """Name the state: other windows, filters, arms or exposures are other sums; another cut-off is not."""
        experiment = self.question.experiment
        source = next(iter(self.sources.values())).exposures.source
        arms = [[arm.name, arm.value] for arm in experiment.arms]
        dates = [str(experiment.enrol_from), str(experiment.enrol_until)]
        said: list[object] = [experiment.key, experiment.entity, arms, dates, self.question.zone]
        said += [str(source.relation), source.where, source.arm, source.experiment, dict(source.entities)]
        said += [source.timestamp.column, source.timestamp.grain, dict(source.formats)]
        said += [_said(facts) for _, facts in sorted(self.sources.items())]
        return f"{experiment.name}/{digest(said)[:8]}"


def foldable(facts: FactTable) -> bool:
    """Whether all that is wanted of a source merges."""
    merges = all(wanted.aggregate in MERGING for wanted in facts.wanted.values())
    return merges and bool(facts.wanted) and facts.link is None


def _partial(facts: FactTable, stretch: Stretch) -> exp.Select:
    """Return one row a unit with facts of a stretch: their aggregates, and the exposure they were made for."""
    arrived = facts.arrived
    within = both(
        facts.time.since(stretch.since) if stretch.since else None,
        facts.time.before(stretch.before) if stretch.before else None,
        arrived.since(stretch.arrived_since) if arrived and stretch.arrived_since else None,
        arrived.before(stretch.arrived_before) if arrived and stretch.arrived_before else None,
    )
    timed = [alias(facts.told_at(one), _at(label)) for label, one in facts.wanted.items() if one.aggregate in TIMED]
    query = facts.query().select(column(EXPOSED_AT, FIRST), *timed).group_by(column(EXPOSED_AT, FIRST))
    return query.where(within) if within is not None else query


def _merges(facts: FactTable) -> list[exp.Expr]:
    merged: list[exp.Expr] = []
    for label, wanted in facts.wanted.items():
        beside = [column(_at(label), ADDED)] if wanted.aggregate in TIMED else []
        merged.append(alias(call(MERGING[wanted.aggregate], column(label, ADDED), *beside), label))
    return [*merged, alias(call("sum", column("rows", ADDED)), "rows")]


def _times(facts: FactTable) -> list[exp.Expr]:
    """Return the times of first and last values of several, where these are kept and not only read."""
    return [
        alias(call(TIMED[wanted.aggregate], column(_at(label), ADDED)), _at(label))
        for label, wanted in facts.wanted.items()
        if wanted.aggregate in TIMED
    ]


def _held(facts: FactTable) -> list[str]:
    timed = [_at(label) for label, wanted in facts.wanted.items() if wanted.aggregate in TIMED]
    return ["unit", *facts.wanted, "rows", EXPOSED_AT, *timed]


def _ordered(partial: exp.Query, facts: FactTable) -> exp.Query:
    """Return partial aggregates with their columns as kept tables have them: stacks go by place, not by name."""
    return select(*map(column, _held(facts))).from_(exp.alias_(exp.Subquery(this=partial), "now", table=True))


def _at(label: str) -> str:
    return f"{label} at"


def _said(facts: FactTable) -> list[object]:
    source = facts.source
    wanted = [[label, *_spelled(one)] for label, one in facts.wanted.items()]
    return [wanted, str(source.relation), source.where, source.timestamp.column, source.arrived, dict(source.entities)]


def _spelled(wanted: Wanted) -> list[str]:
    trees = [str(tree.sql("duckdb")) if tree is not None else "" for tree in (wanted.column, wanted.where)]
    return [wanted.aggregate.value, *trees, str(wanted.span)]


def _names(sources: Mapping[str, SourceSums]) -> list[str]:
    return [name for one in sources.values() for name in one.tables]


def _columns(query: exp.Query) -> list[str]:
    return [str(one.alias_or_name) for one in query.selects]


def _copied(parts: Sequence[Part]) -> list[Part]:
    return [(name, query.copy(), comment) for name, query, comment in parts]


def _stacked(queries: Sequence[exp.Query]) -> exp.Expr:
    below = queries[0].copy()
    for query in queries[1:]:
        below = exp.Union(this=below, expression=query.copy(), distinct=False)
    return exp.alias_(exp.Subquery(this=below), ADDED, table=True)
