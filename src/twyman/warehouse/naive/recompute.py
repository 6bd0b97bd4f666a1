"""The second path, whole: from a question to all that a look holds, without one aggregate in SQL."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, TypeVar

from twyman.app.ports import Drawn, Kept, Measured, Question, Scanned
from twyman.app.recomputation import Recomputed, Unverified
from twyman.experiments.experiment import Entry
from twyman.metrics.companion import companions
from twyman.metrics.metric import Metric
from twyman.warehouse.connector import Connector
from twyman.warehouse.engine import Engine
from twyman.warehouse.naive.analysed import analysed
from twyman.warehouse.naive.attributes import Attributes
from twyman.warehouse.naive.counts import recomputed_counts
from twyman.warehouse.naive.entering import Entering
from twyman.warehouse.naive.exposures import Unit, exposed
from twyman.warehouse.naive.facts import Facts, opened_facts
from twyman.warehouse.naive.known import refuse_unknown
from twyman.warehouse.naive.links import Links
from twyman.warehouse.naive.metrics import Metrics, Wanted
from twyman.warehouse.naive.reducing import (
    CROSS,
    MOST_VALUES,
    NONE,
    OTHER,
    Grouped,
    Reduced,
    UnitNumbers,
    lumped,
    reduced,
    strata,
    together,
)
from twyman.warehouse.naive.unit_table import RowMetric, opened_units
from twyman.warehouse.naive.unverifiable import Unverifiable

EVERYTHING = "nothing of the experiment"
READ = "rows read"
"""What is unverified, where it is no metric."""


class NaiveRecomputation:
    """Fulfils `twyman.app.recomputation.Recomputation` over any connector, by plain SELECTs of whole tables.

    Args:
        connector: The engine that holds the data.
        frames: Tables held in memory, by the name that definitions call them.
    """

    def __init__(self, connector: Connector, frames: Mapping[str, object] | None = None) -> None:
        self._engine = Engine(connector, frames)

    def recompute(self, question: Question) -> Recomputed:
        """Compute from rows what a warehouse measures.

        Raises:
            Invalid: If the rows can't be read.
            NotFound: If a table isn't there.
            Unavailable: If the engine doesn't answer.
        """
        work = _Work(self._engine, question)
        try:
            found = work.measured()
        except Unverifiable as why:
            empty = Measured(columns={}, cells={}, units={})
            return Recomputed(empty, (Unverified(EVERYTHING, str(why)),))
        return Recomputed(found, tuple(work.unverified))


@dataclass(slots=True)
class _Work:
    """One recomputation, and what it has had to leave out so far."""

    engine: Engine
    question: Question
    unverified: list[Unverified] = field(default_factory=list[Unverified])
    kept: tuple[Kept, ...] = ()

    @property
    def metrics(self) -> list[Metric]:
        """The metrics followed, each with what is shown beside it."""
        named = [self.question.catalogue.metric(tracked.metric) for tracked in self.question.experiment.tracked]
        return [one for metric in named for one in (metric, *companions(metric))]

    def measured(self) -> Measured:
        """Return all that could be recomputed."""
        refuse_unknown(self.question.experiment)
        match self.question.experiment.entry:
            case Entry.EXPOSURES:
                return self._by_exposures()
            case Entry.UNITS:
                return self._by_units()
            case Entry.AGGREGATES:
                return recomputed_counts(self.engine, self.question, self.metrics)

    def _leave_out(self, what: str, why: Unverifiable) -> None:
        self.unverified.append(Unverified(what, str(why)))

    def _by_exposures(self) -> Measured:
        links = Links(self.engine, self.question)
        found = exposed(self.engine, self.question, links)
        asked, trigger = Attributes(self.engine, self.question, found), self.question.experiment.trigger
        triggers = opened_facts(self.engine, self.question, found, trigger.facts, links) if trigger else None
        found, self.kept = analysed(self.question, found, asked, triggers)
        sources: dict[str, Facts] = {}

        def facts(name: str) -> Facts:
            if name not in sources:
                sources[name] = opened_facts(self.engine, self.question, found, name, links)
            return sources[name]

        attributes = Attributes(self.engine, self.question, found)
        wanted = self._wanted(Metrics(self.question, facts, attributes))
        scanned = tuple(one.scan() for one in sources.values() if one.asked)
        units = list(found.units.values())
        grouped = self._grouped(units, attributes)
        several = [one for each in wanted if (one := self._reduced(_numbers, each, units, grouped)) is not None]
        zoneless = [found.source.name] if found.zoneless else []
        read = [*sources.values(), *([triggers] if triggers else [])]
        zoneless += [one.source.name for one in read if one.time.zoneless]
        for each in (asked, attributes):
            zoneless += [name for name, own in each.zoneless.items() if own]
        measured = self._joined(
            several, found.entering, grouped, self._complete(scanned), tuple(dict.fromkeys(zoneless))
        )
        return replace(measured, drawn=_drawn(found.drawn, measured, grouped), shared=links.shared)

    def _wanted(self, metrics: Metrics) -> list[Wanted]:
        found: list[Wanted] = []
        for metric in self.metrics:
            try:
                found.append(metrics.wanted(metric))
            except Unverifiable as why:
                self._leave_out(f"metric '{metric.name}'", why)
        return found

    def _complete(self, scanned: tuple[Scanned, ...]) -> tuple[Scanned, ...]:
        """Return what was read of each source, unless a metric left out would have read more."""
        if self.unverified and scanned:
            self.unverified.append(Unverified(READ, "a metric that isn't verified may have read others"))
            return ()
        return scanned

    def _grouped(self, units: Sequence[Unit], attributes: Attributes) -> Grouped:
        experiment = self.question.experiment
        dimensions: dict[str, list[str]] = {}
        for names in (*((name,) for name in experiment.dimensions), *experiment.crossed):
            try:
                found = [attributes.attribute(name) for name in names]
                labels = [CROSS.join(_named(one.label(unit)) for one in found) for unit in units]
                dimensions[CROSS.join(names)] = lumped(labels, MOST_VALUES, OTHER)
            except Unverifiable as why:
                self._leave_out(f"dimension '{CROSS.join(names)}'", why)
        clusters = [unit.cluster for unit in units] if experiment.randomised_by else []
        return Grouped(
            [unit.arm for unit in units], _days(units), dimensions, self._strata(units, attributes), clusters
        )

    def _strata(self, units: Sequence[Unit], attributes: Attributes) -> list[str]:
        try:
            named = [attributes.attribute(name) for name in self.question.experiment.strata]
            found = strata([[one.label(unit) for unit in units] for one in named]) if named else []
            by = self.question.experiment.randomised_by
            return together(found, [unit.cluster for unit in units]) if found and by else found
        except Unverifiable as why:
            self._leave_out("strata", why)
            return []

    def _reduced(
        self, numbers: "_Numbers", one: Wanted | RowMetric, units: Sequence[Unit], grouped: Grouped
    ) -> Reduced | None:
        try:
            return reduced(self.question.experiment, numbers(one, units), grouped)
        except Unverifiable as why:
            self._leave_out(f"metric '{one.metric.name}'", why)
            return None

    def _by_units(self) -> Measured:
        table, metrics = opened_units(self.engine, self.question), list[RowMetric]()
        for metric in self.metrics:
            try:
                metrics.append(table.metric(metric))
            except Unverifiable as why:
                self._leave_out(f"metric '{metric.name}'", why)
        found = table.gone_through(metrics)
        experiment = self.question.experiment
        dimensions = {name: lumped(found.labels[name], MOST_VALUES, OTHER) for name in experiment.dimensions}
        strata_ = strata([found.labels[name] for name in experiment.strata]) if experiment.strata else []
        grouped = Grouped(found.arms, (), dimensions, strata_)
        several = [one for each in metrics if (one := self._reduced(_taken, each, (), grouped)) is not None]
        return self._joined(several, found.entering, grouped)

    def _joined(
        self,
        several: Sequence[Reduced],
        entering: Entering,
        grouped: Grouped,
        scanned: tuple[Scanned, ...] = (),
        zoneless: tuple[str, ...] = (),
    ) -> Measured:
        names = [arm.name for arm in self.question.experiment.arms]
        exposed_on = zip(grouped.arms, grouped.days, strict=False)
        return Measured(
            columns={cell.metric: one.columns for one in several for cell in one.cells},
            cells={cell: found for one in several for cell, found in one.cells.items()},
            ranks={cell: found for one in several for cell, found in one.ranks.items()},
            risk={cell: found for one in several for cell, found in one.risk.items()},
            members={cell: found for one in several for cell, found in one.members.items()},
            units={name: sum(other == arm for other in grouped.arms) for arm, name in enumerate(names)},
            crossovers=entering.crossovers(),
            strata={key: found for one in several for key, found in one.strata.items()},
            days={key: found for one in several for key, found in one.days.items()},
            exposed=_tallied([(names[arm], day) for arm, day in exposed_on]),
            entrants=entering.entrants(),
            cohorts={key: found for one in several for key, found in one.cohorts.items()},
            scanned=scanned,
            caps={next(iter(one.cells)).metric: one.cap for one in several if one.cap is not None},
            zoneless=zoneless,
            kept=self.kept,
        )


_Key = TypeVar("_Key", bound=Hashable)
_Numbers = Callable[[Any, Sequence[Unit]], UnitNumbers]


def _tallied(keys: Iterable[_Key]) -> dict[_Key, int]:
    return dict(Counter(keys))


def _named(label: str | None) -> str:
    return NONE if label is None else label


def _days(units: Sequence[Unit]) -> list[date]:
    """Return the date on which each unit entered; of a cluster that of the first of its units."""
    first: dict[str, date] = {}
    for unit in units:
        if unit.cluster is not None:
            first[unit.cluster] = min(unit.exposed_on, first.get(unit.cluster, unit.exposed_on))
    return [first.get(unit.cluster or "", unit.exposed_on) for unit in units]


def _drawn(drawn: Drawn | None, measured: Measured, grouped: Grouped) -> Drawn | None:
    if drawn is None:
        return None
    names = list(measured.units)
    clusters = set(zip(grouped.clusters, grouped.arms, strict=True))
    counted = Counter(names[arm] for _, arm in clusters)
    return replace(drawn, analysed={name: counted[name] for name in names})


def _numbers(wanted: Wanted, units: Sequence[Unit]) -> UnitNumbers:
    """Return a metric's numbers of units that entered by exposures."""
    matured = [bool(wanted.matured(unit)) for unit in units]
    taken = [over and bool(wanted.taken(unit)) for over, unit in zip(matured, units, strict=True)]
    return UnitNumbers(
        wanted.metric,
        tuple(one.title for one in wanted.columns),
        tuple(one.flag for one in wanted.columns),
        tuple(one.capped for one in wanted.columns),
        wanted.own,
        matured,
        [
            [float(one.value(unit)) for one in wanted.columns] if own else None
            for own, unit in zip(taken, units, strict=True)
        ],
        [wanted.waited(unit) for unit in units] if wanted.waited else (),
        _observed(wanted, units, matured),
    )


def _observed(wanted: Wanted, units: Sequence[Unit], matured: Sequence[bool]) -> list[Sequence[float]] | None:
    if wanted.observed is None:
        return None
    return [wanted.observed(unit) if over else () for unit, over in zip(units, matured, strict=True)]


def _taken(metric: RowMetric, units: Sequence[Unit]) -> UnitNumbers:
    """Return a metric's numbers of a table of units."""
    del units
    return metric.numbers()
