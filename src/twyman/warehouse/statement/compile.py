"""From a question to the one statement that answers it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from twyman.app.ports import Question, variant_of
from twyman.kernel.place import Place
from twyman.metrics.companion import companions
from twyman.metrics.metric import Metric
from twyman.warehouse.engine import Engine
from twyman.warehouse.language.syntax import alias, column, select, statement, table
from twyman.warehouse.model import CELLS, STRATA, MetricColumns, Part, Statement, stacked
from twyman.warehouse.state.refresh import Refresh
from twyman.warehouse.statement.analysed import analysed, opened_trigger
from twyman.warehouse.statement.cells import cap_parts, caps_part, cells, cells_part, unit_columns
from twyman.warehouse.statement.clusters import Clusters, clustered
from twyman.warehouse.units.attributes import Attributes
from twyman.warehouse.units.dimensions import CROSS, lumped_parts, stratum, together_part
from twyman.warehouse.units.exposures import FIRST, ROWS, Exposures, entering, exposure_parts, opened_exposures
from twyman.warehouse.units.links import Links
from twyman.warehouse.units.others import Beside
from twyman.warehouse.values.chains import Chains
from twyman.warehouse.values.facts import FactTable, opened_facts
from twyman.warehouse.values.ranks import ranked
from twyman.warehouse.values.seen import Seen
from twyman.warehouse.values.shared_rows import read_once
from twyman.warehouse.values.waiting import risk_parts
from twyman.warehouse.values.wanted import Values

UNITS = "units"


def metrics_of(question: Question) -> list[Metric]:
    """Return the metrics that the experiment follows.

    Raises:
        NotFound: If one isn't defined.
    """
    experiment = question.experiment
    place = experiment.origin.at("metrics")
    return [question.catalogue.metric(tracked.metric, place=place) for tracked in experiment.tracked]


def sources_of(question: Question) -> list[str]:
    """Return the sources of facts that the experiment's metrics and its delivery read, each once.

    Raises:
        NotFound: If a metric isn't defined.
    """
    experiment = question.experiment
    read = [name for one in experiment.tracked for name in question.catalogue.metric(one.metric).facts]
    return list(dict.fromkeys([*read, *([experiment.delivery.facts] if experiment.delivery else [])]))


def measured_metrics(question: Question) -> list[Metric]:
    """Return the metrics that the experiment follows, each with the companions that are shown beside it.

    Raises:
        NotFound: If one isn't defined.
    """
    return [one for metric in metrics_of(question) for one in (metric, *companions(metric))]


def compiled_exposures(engine: Engine, question: Question, refresh: Refresh | None = None) -> Statement:
    """Compile a question whose units enter by exposures.

    Args:
        engine: Where the data are.
        question: What is asked.
        refresh: Brings sums that are kept up to the question, where some are.

    Raises:
        NotFound: If a source or its table isn't there.
        Invalid: If a definition doesn't fit the data.
    """
    return _Compilation(engine, question).statement(refresh)


def entered(
    engine: Engine, question: Question, opening: Callable[[Exposures, Links], None] | None = None
) -> tuple[Exposures, list[Part]]:
    """Return an experiment's exposures, and the parts from their rows to the units that count, without any metric.

    Args:
        engine: Where the data are.
        question: What is asked.
        opening: Opens what will be read beside them, and so says which edges and links the parts are to hold.

    Raises:
        NotFound: If a source or its table isn't there.
        Invalid: If a definition doesn't fit the data.
    """
    bare = replace(question.experiment, tracked=(), dimensions=(), crossed=(), strata=(), decide=None)
    made = _Compilation(engine, replace(question, experiment=bare))
    if opening is not None:
        opening(made.exposures, made.links)
    return made.exposures, made.entered_parts()


@dataclass(frozen=True, slots=True)
class UnitParts:
    """The parts of a statement down to the one that holds one row a unit with its values, which is the last.

    Attributes:
        made: What each metric holds there; companions are among them.
        clusters: What was drawn, where that isn't the unit itself; then a unit's cluster is held, too.
        tables: Sources of facts.
        id_kind: Type of a unit's id.
    """

    parts: list[Part]
    made: list[MetricColumns]
    clusters: Clusters | None
    tables: list[FactTable]
    id_kind: str


def unit_parts(engine: Engine, question: Question) -> UnitParts:
    """Compile a question whose units enter by exposures, down to one row a unit.

    Raises:
        NotFound: If a source or its table isn't there.
        Invalid: If a definition doesn't fit the data.
    """
    made = _Compilation(engine, question)
    parts = made.parts_to_units(None)
    return UnitParts(parts, made.made, made.clusters, [*made.tables.values()], made.exposures.id_kind)


class _Compilation:
    """One question on its way to a statement: sources are opened as metrics name them, then parts are written."""

    def __init__(self, engine: Engine, question: Question) -> None:
        self.engine, self.question = engine, question
        self.exposures, self.links = opened_exposures(engine, question), Links(engine, question)
        self.tables: dict[str, FactTable] = {}
        self.attributes = Attributes(engine, self.exposures)
        trigger = question.experiment.trigger
        opened = opened_trigger(engine, self.exposures, trigger, self.links) if trigger else None
        self.who = analysed(self.exposures, self.attributes, opened)
        self.clusters = clustered(self.exposures, self.links)
        self.chains = Chains(self._facts)
        values = Values(question, self._facts, FIRST, self.attributes, self.chains)
        self.made = [values.columns(metric) for metric in measured_metrics(question)]
        self.beside = Beside(engine, self.exposures, question.beside)
        self.held = self._held() | self.beside.held()

    def _facts(self, name: str, place: Place | None) -> FactTable:
        if name not in self.tables:
            self.tables[name] = opened_facts(self.engine, self.question, self.exposures, name, place, self.links)
        return self.tables[name]

    def _held(self) -> dict[str, exp.Expr]:
        """Return the columns that results are broken down by."""
        experiment, attributes = self.question.experiment, self.attributes
        held = {f"by {name}": attributes.dimension(name) for name in experiment.dimensions}
        held |= {f"by {CROSS.join(names)}": attributes.crossed(names) for names in experiment.crossed}
        if experiment.strata:
            held[STRATA] = stratum([attributes.label(name, "strata") for name in experiment.strata])
        return held

    def statement(self, refresh: Refresh | None) -> Statement:
        """Return the statement, and what its answer means."""
        experiment, clusters = self.question.experiment, self.clusters
        parts = self.parts_to_units(refresh)
        units = parts[-1][0]
        ranks = ranked(self.made, units=units, dimensions=list(self.held), drawn="cluster" if clusters else "unit")
        answers = [*self._answers(), *ranks.answers, *risk_parts(self.made, units=units, dimensions=list(self.held))]
        parts = [*parts, *self._cell_parts(units), *ranks.parts]
        parts = read_once(parts, (*self.tables.values(), *self.who.triggers), self.question, answers)
        return Statement(
            query=statement(parts, stacked(answers)),
            arms=tuple(arm.name for arm in experiment.arms),
            values=tuple(arm.value or arm.name for arm in experiment.arms),
            metrics=tuple(clusters.columns(self.made) if clusters else self.made),
            dimensions=self._dimensions(),
            steps=self.who.steps,
            clustered=clusters is not None,
            latest={name: Seen(one).latest() for name, one in self.tables.items()},
            zoneless=tuple(dict.fromkeys(self._zoneless())),
        )

    def _dimensions(self) -> dict[str, str]:
        """Return what each column is called that results are broken down by."""
        named = {held: variant_of(name) for held, name in self.beside.names().items()}
        return {held: named.get(held, held.removeprefix("by ")) for held in self.held if held != STRATA}

    def parts_to_units(self, refresh: Refresh | None) -> list[Part]:
        """Return the parts from rows of exposures to one row a unit, with values capped."""
        parts = [*self._fact_parts(refresh), *self._unit_parts()]
        return [*parts, *cap_parts(self.made, parts[-1][0])]

    def _fact_parts(self, refresh: Refresh | None) -> list[Part]:
        """Return the parts from rows of exposures to one row a unit for each source of facts."""
        # Facts first: they say which edges of windows the first exposures are to hold.
        comment = "Facts of {}, one row a unit that has any."
        facts = [(one.part, one.query(), comment.format(name)) for name, one in self.tables.items()]
        facts += self.chains.parts()
        entered = self.entered_parts()
        frozen = [] if self.exposures.restricted else self.attributes.parts
        parts = [*entered, *facts, *frozen, *self.beside.parts()]
        if refresh is None or self.clusters or self.who.steps or self.links.parts:
            return parts
        kept = refresh.sums(self.question, entered, self.tables)
        return [(name, kept.get(name, query), comment) for name, query, comment in parts]

    def entered_parts(self) -> list[Part]:
        """Return the parts from rows of exposures to the units that count."""
        met = self.clusters.met_parts() if self.clusters else exposure_parts(self.exposures)
        return [*met[:1], *self.links.parts, *met[1:], *self.who.parts()]

    def _unit_parts(self) -> list[Part]:
        """Return the part with one row a unit, and those that lump rare values of its dimensions."""
        joined = [
            *(one.part for one in self.tables.values()),
            *(one.part for one in self.chains.wanted),
            *(one.part for one in self.attributes.tables.values()),
            *self.beside.tables,
        ]
        own = ("unit", "arm", "exposed_on", *(("cluster",) if self.clusters else ()))
        units = _units(own, joined, self.held, self.made)
        parts = [(UNITS, units, "One row a unit; null where a metric doesn't take it.")]
        parts += lumped_parts(UNITS, self.held)
        return [*parts, together_part(parts[-1][0])] if self.clusters and STRATA in self.held else parts

    def _cell_parts(self, units: str) -> list[Part]:
        if self.clusters:
            return self.clusters.cell_parts(self.made, units, list(self.held))
        groups = [("arm", "exposed_on"), *(("arm", name) for name in self.held)]
        return [(CELLS, cells(self.made, units=units, groups=groups), "Moments by arm and day of exposure.")]

    def _answers(self) -> list[exp.Query]:
        entry = entering(self.exposures)
        answers = [cells_part(), entry.rows_by_arm(ROWS), entry.units_by_arm(), *self.who.answers()]
        answers += self.clusters.answers() if self.clusters else []
        answers += [one.answer() for one in self.links.made.values()]
        answers += [answer for one in self.tables.values() for answer in Seen(one).answers()]
        caps = caps_part(self.made)
        return answers if caps is None else [*answers, caps]

    def _zoneless(self) -> Iterator[str]:
        """Yield the sources whose times had no zone."""
        if self.exposures.time.zoneless:
            yield self.exposures.source.name
        yield from (one.source.name for one in (*self.tables.values(), *self.who.triggers) if one.time.zoneless)
        attributes = self.attributes.tables.items()
        yield from (name for name, one in attributes if one.time is not None and one.time.zoneless)


def _units(
    own: Sequence[str], joined: Sequence[str], held: Mapping[str, exp.Expr], made: Sequence[MetricColumns]
) -> exp.Select:
    named = [alias(value, name) for name, value in held.items()]
    query = select(*(column(name, FIRST) for name in own), *named, *unit_columns(made)).from_(table(FIRST))
    for part in joined:
        same = exp.EQ(this=column("unit", FIRST), expression=column("unit", part))
        query = query.join(table(part), on=same, join_type="left")
    return query
