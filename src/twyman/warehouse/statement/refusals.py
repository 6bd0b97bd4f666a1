"""What can only be seen once the data have answered: nobody entered, or nothing was measured."""

from collections.abc import Sequence
from math import isfinite

from sqlglot import exp

from twyman.app.ports import Measured, Question
from twyman.experiments.experiment import Entry
from twyman.kernel.errors import Invalid
from twyman.metrics.source import UnitSource
from twyman.warehouse.engine import Engine, Row, names_of
from twyman.warehouse.language.syntax import alias, call, cast, column, count_rows, select, table
from twyman.warehouse.model import CELLS, KNOWN, PART, MetricColumns, MomentColumn, Statement
from twyman.warehouse.sources.rows import as_text
from twyman.warehouse.statement.answer import MOST_UNKNOWN
from twyman.warehouse.statement.unit_tables import CONFLICT
from twyman.warehouse.units.exposures import opened_exposures


def refuse_empty(engine: Engine, question: Question, statement: Statement, found: Measured) -> None:
    """Refuse an answer in which nobody entered.

    Raises:
        Invalid: Naming what is in the data instead, or what left everybody out.
    """
    if sum(found.units.values()):
        return
    experiment = question.experiment
    key, place = experiment.key or experiment.name, experiment.origin.at(str(experiment.entry))
    if not found.entrants.rows:
        there = _keys(engine, question) if experiment.entry is Entry.EXPOSURES else []
        instead = f"keys there are {names_of(there)}" if there else "the table is empty"
        raise Invalid(f"no row of '{experiment.source}' is of experiment '{key}': {instead}", place=place)
    raise Invalid(
        f"none of {found.entrants.rows:,} rows of '{experiment.source}' counts: {_why(statement, found)}",
        place=place,
    )


def _keys(engine: Engine, question: Question) -> list[str]:
    exposures = opened_exposures(engine, question)
    if exposures.source.experiment is None:
        return []
    key = exposures.rows.column(exposures.source.experiment, "experiment")
    shown = alias(as_text(key, exposures.rows.kind(key, None)), "key")
    query = exposures.rows.from_(select(shown)).group_by(exp.Literal.number(1))
    query = query.order_by(exp.Ordered(this=count_rows(), desc=True)).limit(9)
    return [str(row["key"]) for row in engine.rows(query)]


def _why(statement: Statement, found: Measured) -> str:
    reasons, entrants = list[str](), found.entrants
    if entrants.unknown_arms:
        strange = names_of(list(entrants.unknown_arms))
        cure = 'say which value an arm has in the data, as in {is: "B"}'
        if len(entrants.unknown_arms) > MOST_UNKNOWN:
            strange, cure = f"{strange} and more", "does arm name a column of ids? Name the column of arms"
        arms = f"arms in the data are {strange}, and the experiment's are {names_of(statement.values)}"
        reasons.append(f"{arms}: {cure}")
    if left_out := sum(entrants.left_out.values()):
        reasons.append(f"its where leaves out {left_out:,}")
    if entrants.outside:
        reasons.append(f"{entrants.outside:,} lie outside enrolment or beyond the cut-off")
    if entrants.without_unit:
        reasons.append(f"{entrants.without_unit:,} have no id")
    if entrants.in_two_arms:
        reasons.append(f"{entrants.in_two_arms:,} units met two arms")
    reasons += _left_out(found)
    return "; ".join(reasons) or "correct the source"


def _left_out(found: Measured) -> list[str]:
    """Say which step between exposure and analysis left nobody."""
    reasons = [
        f"{_STEPS[step.kind].format(step.name)} none of {sum(step.of.values()):,} units exposed"
        for step in found.kept
        if sum(step.of.values()) and not sum(step.kept.values())
    ]
    lost = found.drawn.lost if found.drawn is not None else 0
    return [*reasons, f"{lost:,} units are of no known cluster"] if lost else reasons


_STEPS = {
    "population": "the population's criteria hold for",
    "exclude": "leaving out segment '{}' leaves",
    "trigger": "the trigger in '{}' was reached by",
}


def refuse_conflicts(question: Question, rows: Sequence[Row]) -> None:
    """Refuse a table of units in which one unit has two different rows in its arm.

    Raises:
        Invalid: Naming one of them.
    """
    for row in rows:
        if row.get(CONFLICT) is not None:
            source = question.catalogue.source(question.experiment.source, UnitSource)
            raise Invalid(
                f"unit '{row[CONFLICT]}' has several rows with different values in '{source.name}': "
                "make it one row a unit, or enter by exposures and let metrics sum its facts",
                place=source.origin.at("entities"),
            )


def refuse_not_finite(engine: Engine, statement: Statement, rows: Sequence[Row]) -> None:
    """Refuse a metric with values that can't be averaged, saying of how many units they are.

    Raises:
        Invalid: If a unit's value is NaN or infinite, or so large that its square is.
    """
    cells = [row["moments"] for row in rows if row[PART] == CELLS]
    for made in statement.metrics:
        found = [cell[made.metric.name] for cell in cells if cell[made.metric.name]["count"]]
        if all(isfinite(value) for one in found for value in (*one["means"], *one["covariances"])):
            continue
        for one in made.columns:
            _refuse_column(engine, statement, made, one)
        raise Invalid(
            f"values of metric '{made.metric.name}' are so large that their squares are beyond any number: "
            "give them a smaller scale, as in scale: 1/1000000, or correct the source",
            place=made.metric.origin.at("value"),
        )


def _refuse_column(engine: Engine, statement: Statement, made: MetricColumns, one: MomentColumn) -> None:
    value = cast(column(made.held(one)), "DOUBLE")
    wrong = exp.or_(call("isnan", value), call("isinf", value.copy()))
    counted = select(alias(call("count_if", wrong), "units"))
    example = exp.Filter(this=call("min", cast(column("unit"), "TEXT")), expression=exp.Where(this=wrong.copy()))
    query = counted.select(alias(example, "example")).from_(table("units"))
    query.set("with_", statement.query.args["with_"].copy())
    found = engine.row(query)
    if found["units"]:
        what = f"metric '{made.metric.name}'" if one in made.columns[: made.own] else f"covariate '{one.title}'"
        key = "value" if one in made.columns[: made.own] else "cuped"
        raise Invalid(
            f"{what} is no finite number (NaN or infinite) for unit '{found['example']}' "
            f"(such units: {found['units']:,}): "
            "leave such rows out with where, or correct the source",
            place=made.metric.origin.at(key),
        )


def refuse_all_null(engine: Engine, statement: Statement, cells: Sequence[Row]) -> None:
    """Refuse a metric whose value is null in every row: it says nothing, and nothing is no zero.

    Raises:
        Invalid: Naming the metric.
    """
    for made in statement.metrics:
        if made.known is None or made.presence is None:
            continue
        known = sum(int(row["moments"][made.metric.name].get(KNOWN, 1)) for row in cells)
        if known:
            continue
        counted = engine.row(made.presence)
        if counted["given"] and not counted["present"]:
            raise Invalid(
                f"metric '{made.metric.name}' has no value: what it measures is null in all {counted['given']:,} rows: "
                "name another column, or correct the source",
                place=made.metric.origin.at("value"),
            )
