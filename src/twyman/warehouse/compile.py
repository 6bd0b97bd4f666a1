"""From a question to the one statement that answers it."""

from collections.abc import Mapping, Sequence

from sqlglot import exp

from twyman.app.ports import Question
from twyman.kernel.place import Place
from twyman.metrics.metric import Metric
from twyman.warehouse.attributes import Attributes
from twyman.warehouse.cells import cap_parts, caps_part, cells, cells_part, unit_columns
from twyman.warehouse.dimensions import lumped_parts, stratum
from twyman.warehouse.engine import Engine
from twyman.warehouse.exposures import FIRST, ROWS, entering, exposure_parts, opened_exposures
from twyman.warehouse.facts import FactTable, opened_facts
from twyman.warehouse.model import CELLS, STRATA, MetricColumns, Statement, stacked
from twyman.warehouse.syntax import alias, column, select, statement, table
from twyman.warehouse.values import Values

UNITS = "units"


def metrics_of(question: Question) -> list[Metric]:
    """Return the metrics that the experiment follows.

    Raises:
        NotFound: If one isn't defined.
    """
    experiment = question.experiment
    place = experiment.origin.at("metrics")
    return [question.catalogue.metric(tracked.metric, place=place) for tracked in experiment.tracked]


def compiled_exposures(engine: Engine, question: Question) -> Statement:
    """Compile a question whose units enter by exposures.

    Raises:
        NotFound: If a source or its table isn't there.
        Invalid: If a definition doesn't fit the data.
    """
    exposures = opened_exposures(engine, question)
    tables: dict[str, FactTable] = {}

    def facts(name: str, place: Place | None) -> FactTable:
        if name not in tables:
            tables[name] = opened_facts(engine, question, exposures, name, place)
        return tables[name]

    attributes = Attributes(engine, exposures)
    values = Values(question, facts, FIRST, attributes)
    made = [values.columns(metric) for metric in metrics_of(question)]
    held = {f"by {name}": attributes.dimension(name) for name in question.experiment.dimensions}
    if question.experiment.strata:
        held[STRATA] = stratum([attributes.label(name, "strata") for name in question.experiment.strata])
    entry = entering(exposures)
    # Facts first: they say which edges of windows the first exposures are to hold.
    comment = "Facts of {}, one row a unit that has any."
    facts_parts = [(one.part, one.query(), comment.format(name)) for name, one in tables.items()]
    parts = [*exposure_parts(exposures), *facts_parts, *attributes.parts]
    joined = [*(one.part for one in tables.values()), *(one.part for one in attributes.tables.values())]
    parts.append((UNITS, _units(joined, held, made), "One row a unit; null where a metric doesn't take it."))
    parts += lumped_parts(UNITS, held)
    units = "lumped_units" if held else UNITS
    caps = cap_parts(made, units)
    parts += caps
    units = caps[-1][0] if caps else units
    groups = [("arm", "exposed_on"), *(("arm", name) for name in held)]
    parts.append((CELLS, cells(made, units=units, groups=groups), "Moments by arm and day of exposure."))
    answers = [cells_part(), entry.rows_by_arm(ROWS), entry.units_by_arm()]
    answers += [answer for one in tables.values() for answer in one.answers()]
    answers += [part] if (part := caps_part(made)) is not None else []
    zoneless = [exposures.source.name] if exposures.time.zoneless else []
    zoneless += [one.source.name for one in tables.values() if one.time.zoneless]
    zoneless += [name for name, one in attributes.tables.items() if one.time is not None and one.time.zoneless]
    return Statement(
        query=statement(parts, stacked(answers)),
        arms=tuple(arm.name for arm in question.experiment.arms),
        values=tuple(arm.value or arm.name for arm in question.experiment.arms),
        metrics=tuple(made),
        dimensions={f"by {name}": name for name in question.experiment.dimensions},
        latest={name: one.latest() for name, one in tables.items()},
        zoneless=tuple(zoneless),
    )


def _units(joined: Sequence[str], held: Mapping[str, exp.Expr], made: Sequence[MetricColumns]) -> exp.Select:
    named = [alias(value, name) for name, value in held.items()]
    own = [column(name, FIRST) for name in ("unit", "arm", "exposed_on")]
    query = select(*own, *named, *unit_columns(made)).from_(table(FIRST))
    for part in joined:
        same = exp.EQ(this=column("unit", FIRST), expression=column("unit", part))
        query = query.join(table(part), on=same, join_type="left")
    return query
