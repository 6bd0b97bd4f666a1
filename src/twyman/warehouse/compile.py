"""From a question to the one statement that answers it."""

from collections.abc import Mapping, Sequence

from sqlglot import exp

from twyman.app.ports import Question
from twyman.kernel.place import Place
from twyman.metrics.metric import Metric
from twyman.metrics.source import Grain
from twyman.warehouse.cells import cap_parts, caps_part, cells, cells_part, unit_columns
from twyman.warehouse.engine import Engine
from twyman.warehouse.exposures import FIRST, ROWS, Exposures, entering, exposure_parts, opened_exposures
from twyman.warehouse.facts import FactTable, opened_facts
from twyman.warehouse.model import CELLS, MetricColumns, Statement
from twyman.warehouse.syntax import column, select, statement, table
from twyman.warehouse.units import stacked
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

    made = [Values(question, facts, FIRST).columns(metric) for metric in metrics_of(question)]
    entry = entering(exposures)
    by_day = any(one.grain is Grain.DAY for one in tables.values())
    parts = exposure_parts(exposures, with_day=by_day)
    for one in tables.values():
        parts.append((one.part, one.query(), f"Facts of {one.source.name}, one row a unit that has any."))
    parts.append((UNITS, _units(exposures, tables, made), "One row a unit; null where a metric doesn't take it."))
    caps = cap_parts(made, UNITS)
    parts += caps
    units = caps[-1][0] if caps else UNITS
    parts.append(
        (CELLS, cells(made, units=units, groups=[("arm", "exposed_on")]), "Moments by arm and day of exposure.")
    )
    answers = [
        cells_part(),
        entry.rows_by_arm(ROWS),
        entry.units_by_arm(),
        *(one.left_out() for one in tables.values()),
    ]
    answers += [part] if (part := caps_part(made)) is not None else []
    zoneless = [exposures.source.name] if exposures.time.zoneless else []
    zoneless += [one.source.name for one in tables.values() if one.time.zoneless]
    return Statement(
        query=statement(parts, stacked(answers)),
        arms=tuple(arm.name for arm in question.experiment.arms),
        values=tuple(arm.value or arm.name for arm in question.experiment.arms),
        metrics=tuple(made),
        sources=tuple(tables),
        zoneless=tuple(zoneless),
    )


def _units(exposures: Exposures, tables: Mapping[str, FactTable], made: Sequence[MetricColumns]) -> exp.Select:
    del exposures
    query = select(column("unit", FIRST), column("arm", FIRST), column("exposed_on", FIRST), *unit_columns(made))
    query = query.from_(table(FIRST))
    for one in tables.values():
        same = exp.EQ(this=column("unit", FIRST), expression=column("unit", one.part))
        query = query.join(table(one.part), on=same, join_type="left")
    return query
