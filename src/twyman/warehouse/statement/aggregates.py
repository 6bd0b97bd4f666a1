"""Tables of counts per arm and day: shares of what is the unit of randomisation, and how many days agreed.

A count over a count has a variance only if its denominator is what was randomised; any other rate is
left without moments, and so can't be mistaken for a test.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import isfinite

import numpy as np
from sqlglot import exp

from twyman.app.ports import Cell, Cohort, DaySigns, Entrants, Extent, Measured, Question
from twyman.kernel.errors import Invalid, nearest
from twyman.kernel.place import Origin, Place
from twyman.kernel.time import instant
from twyman.metrics.metric import Metric, OutcomeValue, Proportion, Ratio, Retention
from twyman.metrics.source import AggregateSource, DayColumn
from twyman.stats.moments import Moments
from twyman.warehouse.engine import Engine, Row
from twyman.warehouse.language.syntax import (
    alias,
    call,
    cast,
    column,
    count_rows,
    select,
    statement,
    table,
    text,
    when,
)
from twyman.warehouse.sources.relation import Bounds
from twyman.warehouse.sources.rows import Asked, Rows, is_number, opened
from twyman.warehouse.units.entering import arm_number

COUNTS = "counts"


@dataclass(frozen=True, slots=True)
class Share:
    """A metric over counts: of how many units, how many."""

    metric: str
    successes: str
    of: str
    ratio: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """A question over counts, compiled.

    Attributes:
        unit: The count that is the unit of randomisation, or the first one where none is said to be.
    """

    query: exp.Query
    question: Question
    source: AggregateSource
    shares: tuple[Share, ...]
    unit: str


def compiled_counts(engine: Engine, question: Question, metrics: Sequence[Metric]) -> Counts:
    """Compile a question over counts.

    Raises:
        NotFound: If a table isn't there.
        Invalid: If a definition doesn't fit the data.
    """
    experiment = question.experiment
    source = question.catalogue.source(experiment.source, AggregateSource, place=experiment.origin.at("aggregates"))
    queries = [_rows(engine, question, source, value) for value in source.relations]
    stacked = queries[0]
    for query in queries[1:]:
        stacked = exp.Union(this=stacked, expression=query, distinct=False)
    totals = [alias(_total(name), name) for name in source.columns]
    keys = [column("arm"), column("arm_value"), column("day"), column("matured")]
    last = (
        select(*keys, alias(count_rows(), "rows"), *totals).from_(table(COUNTS)).group_by(*(key.copy() for key in keys))
    )
    last = last.order_by(column("day"), column("arm"))
    unit = source.unit or next(iter(source.columns))
    _known(source, unit, source.origin.at("unit"))
    shares = tuple(share for metric in metrics if (share := _share(source, metric)) is not None)
    return Counts(
        statement([(COUNTS, stacked, f"Counts of {source.name}, a row an arm and day.")], last),
        question,
        source,
        shares,
        unit,
    )


def _total(name: str) -> exp.Expr:
    """Return a sum that is null where a row has no count: nothing known is no zero."""
    every = exp.EQ(this=exp.Count(this=column(name)), expression=count_rows())
    return when(every, call("sum", column(name)))


def _known(source: AggregateSource, name: str, place: Place | None) -> None:
    if name not in source.columns:
        raise Invalid(f"count '{name}' isn't in '{source.name}': {nearest(name, source.columns)}", place=place)


def _share(source: AggregateSource, metric: Metric) -> Share | None:
    place = metric.origin.at("value")
    for value in metric.values:
        if not isinstance(value, OutcomeValue) or value.where:
            raise Invalid(
                f"metric '{metric.name}' isn't made of counts alone, and this experiment enters by counts: "
                "name its counts as outcomes, without a filter",
                place=place,
            )
        _known(source, value.outcome, place)
    if isinstance(metric.kind, Proportion) and metric.kind.bound is not None:
        raise Invalid(
            f"'{metric.name}' holds each unit's value against a bound, and counts per arm know no unit's value: "
            "give the metric a table of units or facts",
            place=metric.origin.at(metric.kind.bound.comparator),
        )
    names = [value.outcome for value in metric.values if isinstance(value, OutcomeValue)]
    if isinstance(metric.kind, Ratio):
        return Share(metric.name, names[0], names[1], ratio=True) if names[1] == source.unit else None
    if isinstance(metric.kind, Proportion | Retention) and source.unit:
        return Share(metric.name, names[0], source.unit, ratio=False)
    return None


def _rows(engine: Engine, question: Question, source: AggregateSource, value: str) -> exp.Query:
    asked = Asked(
        name=source.name,
        relation=source.relations[value],
        origin=_origin(source.origin, value),
        formats=_formats(source),
        times={source.day.column: "day"} if source.day and source.day.year is None else {},
    )
    rows = opened(engine, asked, zone=question.zone, bounds=Bounds())
    if value:
        arm: exp.Expr = text(value)
    else:
        arm = rows.label(source.arm or "arm", "arm")
    matured = rows.condition(source.matured, "matured") if source.matured else exp.true()
    counts = [alias(_count(rows, name, written), name) for name, written in source.columns.items()]
    return rows.from_(
        select(
            alias(arm_number(arm, question.experiment), "arm"),
            alias(arm, "arm_value"),
            alias(_day(rows, source.day), "day"),
            alias(exp.Coalesce(this=matured, expressions=[exp.false()]), "matured"),
            *counts,
        )
    )


def _origin(origin: Origin, value: str) -> Origin:
    named = f"tables.{value}"
    if value and named in origin.lines:
        return replace(origin, lines={**origin.lines, "table": origin.lines[named]})
    return origin


def _formats(source: AggregateSource) -> Mapping[str, str]:
    day = source.day
    if day is None or day.format is None or day.year is not None:
        return source.formats
    return {**source.formats, day.column: day.format}


def _count(rows: Rows, name: str, written: str) -> exp.Expr:
    place = rows.origin.at(f"columns.{name}")
    expression = rows.expression(written, f"columns.{name}")
    kind = rows.kind(expression, place)
    if not is_number(kind):
        rows.refuse_empty_columns(expression, place)
        raise Invalid(
            f"count '{name}' of '{rows.name}' is of type {kind}, and a count is a number: name another column",
            place=place,
        )
    return expression


def _day(rows: Rows, day: DayColumn | None) -> exp.Expr:
    if day is None:
        return cast(exp.null(), "DATE")
    named = rows.column(day.column, "day")
    if day.year is None:
        return cast(named, "DATE")
    dated = exp.DPipe(this=cast(named, "TEXT"), expression=text(f" {day.year}"))
    return cast(call("strptime", dated, text(f"{day.format or '%b %d'} %Y")), "DATE")


def measured_counts(counts: Counts, rows: Sequence[Row], sql: str) -> Measured:
    """Return the answer that the rows hold.

    Raises:
        Invalid: If a row has more successes than units, or no row is of an arm.
    """
    arms = counts.question.experiment.arms
    known = [row for row in rows if row["arm"] is not None]
    if not known:
        raise Invalid(
            f"no row of '{counts.source.name}' is of an arm of the experiment: compare the arms' names with the data's",
            place=counts.question.experiment.origin.at("arms"),
        )
    immature = {row["day"] for row in known if not row["matured"]}
    matured = [row for row in known if row["matured"] and (row["day"] is None or row["day"] not in immature)]
    dated = counts.source.day is not None
    names = [arm.name for arm in arms]
    exposed: dict[tuple[str, date], int] = defaultdict(int)
    for row in known if dated else []:
        exposed[names[int(row["arm"])], row["day"]] += _whole(row[counts.unit], counts)
    return Measured(
        columns={share.metric: ("numerator", "denominator") if share.ratio else ("value",) for share in counts.shares},
        cells=_cells(counts, matured, names),
        days=_days(counts, matured, names) if dated else {},
        units={name: _sum(known, index, counts.unit, counts) for index, name in enumerate(names)},
        crossovers=dict.fromkeys(names, 0),
        exposed=exposed,
        entrants=_entrants(rows, counts, names),
        cohorts=_cohorts(counts, known, matured, names),
        days_matured=len({row["day"] for row in matured}) if dated else None,
        days_left_out=len(immature) if dated else None,
        signs=_signs(counts, matured) if dated else {},
        sql=(sql,),
    )


def _whole(value: float | None, counts: Counts) -> int:
    given = float(value or 0)
    if not isfinite(given) or given != round(given) or given < 0:
        raise Invalid(
            f"'{counts.source.name}' holds {given:g} where a count should be: counts are whole and not negative",
            place=counts.source.origin.at("columns"),
        )
    return int(given)


def _sum(rows: Sequence[Row], arm: int, name: str, counts: Counts) -> int:
    return sum(_whole(row[name], counts) for row in rows if int(row["arm"]) == arm)


def _moments(share: Share, successes: int, units: int) -> Moments:
    one = Moments.binary(successes, units)
    if not share.ratio:
        return one
    products = np.zeros((2, 2))
    products[0, 0] = one.products[0, 0]
    return Moments(units, np.array([one.means[0], 1.0]), products) if units else Moments.empty(2)


def _cells(counts: Counts, matured: Sequence[Row], names: Sequence[str]) -> dict[Cell, Moments]:
    _refuse_missing(counts, matured)
    _refuse_excess(counts, matured)
    return {
        Cell(share.metric, name): _moments(
            share, _sum(matured, arm, share.successes, counts), _sum(matured, arm, share.of, counts)
        )
        for share in counts.shares
        for arm, name in enumerate(names)
    }


def _refuse_missing(counts: Counts, matured: Sequence[Row]) -> None:
    wanted = dict.fromkeys(name for share in counts.shares for name in (share.successes, share.of))
    for name in wanted:
        for row in matured:
            if row[name] is None:
                when_ = f" on {row['day']}" if row["day"] else ""
                raise Invalid(
                    f"'{name}' is missing{when_} in arm '{row['arm_value']}', and a missing count is no zero: write 0, "
                    f"or leave such days out, as in matured: {counts.source.columns[name]} is not null",
                    place=counts.source.origin.at(f"columns.{name}"),
                )


def _refuse_excess(counts: Counts, matured: Sequence[Row]) -> None:
    for share in counts.shares:
        for row in matured:
            if (row[share.successes] or 0) > (row[share.of] or 0):
                when = f" on {row['day']}" if row["day"] else ""
                raise Invalid(
                    f"'{share.successes}' counts {row[share.successes]:g} of {row[share.of]:g} '{share.of}'{when} "
                    f"in arm '{row['arm_value']}': a share needs units, each counted once",
                    place=counts.source.origin.at(f"columns.{share.successes}"),
                )


def _days(counts: Counts, matured: Sequence[Row], names: Sequence[str]) -> dict[tuple[str, str, date], Moments]:
    return {
        (share.metric, names[int(row["arm"])], row["day"]): _moments(
            share, _whole(row[share.successes], counts), _whole(row[share.of], counts)
        )
        for share in counts.shares
        for row in matured
    }


def _cohorts(
    counts: Counts, known: Sequence[Row], matured: Sequence[Row], names: Sequence[str]
) -> dict[tuple[str, str], Cohort]:
    found: dict[tuple[str, str], Cohort] = {}
    for share in counts.shares:
        for arm, name in enumerate(names):
            over = _sum(matured, arm, share.of, counts)
            found[share.metric, name] = Cohort(entered=_sum(known, arm, share.of, counts), matured=over, measured=over)
    return found


def _signs(counts: Counts, matured: Sequence[Row]) -> dict[tuple[str, str], DaySigns]:
    experiment = counts.question.experiment
    by_arm = {
        arm.name: {row["day"]: row for row in matured if int(row["arm"]) == index}
        for index, arm in enumerate(experiment.arms)
    }
    found: dict[tuple[str, str], DaySigns] = {}
    for share in counts.shares:
        for treatment in experiment.treatments:
            control, treated = by_arm[experiment.control.name], by_arm[treatment.name]
            days = [day for day in treated if day in control and treated[day][share.of] and control[day][share.of]]
            higher = sum(_rate(treated[day], share) > _rate(control[day], share) for day in days)
            found[share.metric, treatment.name] = DaySigns(days=len(days), higher=higher)
    return found


def _rate(row: Row, share: Share) -> float:
    return row[share.successes] / row[share.of]


def _entrants(rows: Sequence[Row], counts: Counts, names: Sequence[str]) -> Entrants:
    known = [row for row in rows if row["arm"] is not None]
    kept: dict[str, int] = dict.fromkeys(names, 0)
    unknown: dict[str, int] = defaultdict(int)
    for row in rows:
        if row["arm"] is None:
            unknown[str(row["arm_value"] or "")] += int(row["rows"])
        else:
            kept[names[int(row["arm"])]] += int(row["rows"])
    units = sum(_whole(row[counts.unit], counts) for row in known)
    return Entrants(rows=sum(int(row["rows"]) for row in rows), units=units, kept=kept, unknown_arms=dict(unknown))


def extent_of_counts(counts: Counts, rows: Sequence[Row]) -> Extent:
    """Return from which day to which the counts run."""
    days = [row["day"] for row in rows if row["day"] is not None and row["arm"] is not None]
    if not days:
        return Extent()
    zone = counts.question.zone
    last = max(days)
    return Extent(
        first_exposure=instant(min(days), zone=zone),
        last_exposure=instant(last, zone=zone),
        end=instant(last + timedelta(days=1), zone=zone),
    )
