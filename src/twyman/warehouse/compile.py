"""From a question to the one statement that answers it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlglot import exp

from twyman.app.ports import Question
from twyman.kernel.place import Place
from twyman.metrics.companion import companions
from twyman.metrics.metric import Metric
from twyman.warehouse.analysed import analysed, opened_trigger
from twyman.warehouse.attributes import Attributes
from twyman.warehouse.cells import cap_parts, caps_part, cells, cells_part, unit_columns
from twyman.warehouse.chains import Chains
from twyman.warehouse.clusters import clustered
from twyman.warehouse.dimensions import CROSS, lumped_parts, stratum
from twyman.warehouse.engine import Engine
from twyman.warehouse.exposures import FIRST, ROWS, Exposures, entering, exposure_parts, opened_exposures
from twyman.warehouse.facts import FactTable, opened_facts
from twyman.warehouse.links import Links
from twyman.warehouse.model import CELLS, STRATA, MetricColumns, Statement, stacked
from twyman.warehouse.ranks import ranked
from twyman.warehouse.shared_rows import read_once
from twyman.warehouse.state.refresh import Refresh
from twyman.warehouse.syntax import alias, column, select, statement, table
from twyman.warehouse.values import Values
from twyman.warehouse.waiting import risk_parts

UNITS = "units"


def metrics_of(question: Question) -> list[Metric]:
    """Return the metrics that the experiment follows.

    Raises:
        NotFound: If one isn't defined.
    """
    experiment = question.experiment
    place = experiment.origin.at("metrics")
    return [question.catalogue.metric(tracked.metric, place=place) for tracked in experiment.tracked]


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
    exposures, links = opened_exposures(engine, question), Links(engine, question)
    tables: dict[str, FactTable] = {}

    def facts(name: str, place: Place | None) -> FactTable:
        if name not in tables:
            tables[name] = opened_facts(engine, question, exposures, name, place, links)
        return tables[name]

    attributes = Attributes(engine, exposures)
    trigger = question.experiment.trigger and opened_trigger(engine, exposures, question.experiment.trigger, links)
    who = analysed(exposures, attributes, trigger or None)
    clusters = clustered(exposures, links)
    chains = Chains(facts)
    values = Values(question, facts, FIRST, attributes, chains)
    made = [values.columns(metric) for metric in measured_metrics(question)]
    held = {f"by {name}": attributes.dimension(name) for name in question.experiment.dimensions}
    held |= {f"by {CROSS.join(names)}": attributes.crossed(names) for names in question.experiment.crossed}
    if question.experiment.strata:
        held[STRATA] = stratum([attributes.label(name, "strata") for name in question.experiment.strata])
    entry = entering(exposures)
    # Facts first: they say which edges of windows the first exposures are to hold.
    comment = "Facts of {}, one row a unit that has any."
    facts_parts = [(one.part, one.query(), comment.format(name)) for name, one in tables.items()]
    chain_parts = chains.parts()
    met = clusters.met_parts() if clusters else exposure_parts(exposures)
    frozen = [] if exposures.restricted else attributes.parts
    entered = [*met[:1], *links.parts, *met[1:], *who.parts()]
    parts = [*entered, *facts_parts, *chain_parts, *frozen]
    if refresh is not None and not clusters and not who.steps and not links.parts:
        kept = refresh.sums(question, entered, tables)
        parts = [(name, kept.get(name, query), comment) for name, query, comment in parts]
    joined = [
        *(one.part for one in tables.values()),
        *(one.part for one in chains.wanted),
        *(one.part for one in attributes.tables.values()),
    ]
    own = ("unit", "arm", "exposed_on", *(("cluster",) if clusters else ()))
    parts.append((UNITS, _units(own, joined, held, made), "One row a unit; null where a metric doesn't take it."))
    parts += lumped_parts(UNITS, held)
    units = "lumped_units" if held else UNITS
    caps = cap_parts(made, units)
    parts += caps
    units = caps[-1][0] if caps else units
    groups = [("arm", "exposed_on"), *(("arm", name) for name in held)]
    if clusters:
        parts += clusters.cell_parts(made, units, list(held))
    else:
        parts.append((CELLS, cells(made, units=units, groups=groups), "Moments by arm and day of exposure."))
    ranks = ranked(made, units=units, dimensions=list(held), drawn="cluster" if clusters else "unit")
    parts += ranks.parts
    answers = [cells_part(), entry.rows_by_arm(ROWS), entry.units_by_arm(), *who.answers()]
    answers += clusters.answers() if clusters else []
    answers += [one.answer() for one in links.made.values()]
    answers += [answer for one in tables.values() for answer in one.answers()]
    answers += [part] if (part := caps_part(made)) is not None else []
    answers += [*ranks.answers, *risk_parts(made, units=units, dimensions=list(held))]
    parts = read_once(parts, (*tables.values(), *who.triggers), question)
    return Statement(
        query=statement(parts, stacked(answers)),
        arms=tuple(arm.name for arm in question.experiment.arms),
        values=tuple(arm.value or arm.name for arm in question.experiment.arms),
        metrics=tuple(clusters.columns(made) if clusters else made),
        dimensions={name: name.removeprefix("by ") for name in held if name != STRATA},
        steps=who.steps,
        clustered=clusters is not None,
        latest={name: one.latest() for name, one in tables.items()},
        zoneless=tuple(dict.fromkeys(_zoneless(exposures, (*tables.values(), *who.triggers), attributes))),
    )


def _zoneless(exposures: Exposures, tables: Iterable[FactTable], attributes: Attributes) -> Iterator[str]:
    """Yield the sources whose times had no zone."""
    if exposures.time.zoneless:
        yield exposures.source.name
    yield from (one.source.name for one in tables if one.time.zoneless)
    yield from (name for name, one in attributes.tables.items() if one.time is not None and one.time.zoneless)


def _units(
    own: Sequence[str], joined: Sequence[str], held: Mapping[str, exp.Expr], made: Sequence[MetricColumns]
) -> exp.Select:
    named = [alias(value, name) for name, value in held.items()]
    query = select(*(column(name, FIRST) for name in own), *named, *unit_columns(made)).from_(table(FIRST))
    for part in joined:
        same = exp.EQ(this=column("unit", FIRST), expression=column("unit", part))
        query = query.join(table(part), on=same, join_type="left")
    return query
