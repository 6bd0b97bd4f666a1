"""From when to when the data run: what a person wants to know before choosing a cut-off."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from sqlglot import exp

from twyman.app.ports import Extent, Question
from twyman.kernel.errors import Invalid
from twyman.kernel.place import Origin
from twyman.kernel.time import DAY, YEARS, day_after
from twyman.metrics.metric import Metric
from twyman.metrics.source import Grain
from twyman.warehouse.engine import Engine, Row
from twyman.warehouse.language.syntax import alias, call, cast, column, count_rows, filtered, select, when
from twyman.warehouse.statement.answer import aware
from twyman.warehouse.units.exposures import Exposures, exposure_rows, opened_exposures
from twyman.warehouse.values.facts import FactTable, opened_facts
from twyman.warehouse.values.seen import over_all


def extent_of(engine: Engine, question: Question, metrics: Iterable[Metric]) -> Extent:
    """Return from when to when exposures and facts run, whatever the question's cut-off."""
    uncut = replace(question, cutoff=None)
    exposures = opened_exposures(engine, uncut)
    found = engine.row(_of_exposures(exposures))
    _refuse_beyond(found, exposures.source.timestamp.column, exposures.source.name, exposures.source.origin)
    last_fact: dict[str, datetime] = {}
    undated = {exposures.source.name: int(found["undated"])}
    ends = [_end(aware(found["max"]), exposures.grain is Grain.DAY, question.zone)]
    for name, metric in _sources(metrics).items():
        facts = opened_facts(engine, uncut, exposures, name, metric.origin.at("facts"))
        read = engine.row(_of_facts(facts))
        _refuse_beyond(read, facts.source.timestamp.column, name, facts.source.origin)
        undated[name] = int(read["undated"])
        latest = aware(read["max"])
        if latest is not None:
            last_fact[name] = latest
            ends.append(_end(latest, facts.grain is Grain.DAY, question.zone))
    return Extent(
        first_exposure=aware(found["min"]),
        last_exposure=aware(found["max"]),
        last_fact=last_fact,
        end=max((end for end in ends if end is not None), default=None),
        undated={name: rows for name, rows in undated.items() if rows},
    )


def extent_queries(engine: Engine, question: Question, metrics: Iterable[Metric]) -> list[exp.Query]:
    """Return what `extent_of` asks: of exposures, then of each source of facts."""
    uncut = replace(question, cutoff=None)
    exposures = opened_exposures(engine, uncut)
    opened = [
        opened_facts(engine, uncut, exposures, name, metric.origin.at("facts"))
        for name, metric in _sources(metrics).items()
    ]
    return [_of_exposures(exposures), *map(_of_facts, opened)]


def _of_exposures(exposures: Exposures) -> exp.Select:
    rows, counts = exposure_rows(exposures)
    moment = column("exposed_at", "exposures")
    query = select(*(alias(filtered(one.this, counts), one.alias) for one in _ends(moment)))
    query = query.select(_undated(moment))
    return query.from_(exp.alias_(exp.Subquery(this=rows), "exposures", table=True))


def _of_facts(facts: FactTable) -> exp.Select:
    return over_all(facts, [*_ends(facts.time.utc), _undated(facts.time.raw)])


def _undated(moment: exp.Expr) -> exp.Expr:
    return alias(exp.Sub(this=count_rows(), expression=exp.Count(this=moment.copy())), "undated")


def _ends(moment: exp.Expr) -> list[exp.Expr]:
    """Return the first and last time, and how many lie outside the years in which things are measured."""
    first, after = (exp.cast(exp.Literal.string(f"{year}-01-01"), "TIMESTAMP") for year in (YEARS[0], YEARS[-1] + 1))
    outside = exp.or_(exp.LT(this=moment.copy(), expression=first), exp.GTE(this=moment.copy(), expression=after))
    wanted = {
        "min": call("min", moment.copy()),
        "max": call("max", moment.copy()),
        "outside": call("count_if", outside.copy()),
        "example": call("min", when(outside.copy(), cast(moment.copy(), "TEXT"))),
    }
    return [exp.alias_(value, name) for name, value in wanted.items()]


def _refuse_beyond(found: Row, named: str, source: str, origin: Origin) -> None:
    if not found["outside"]:
        return
    raise Invalid(
        f"column '{named}' of '{source}' holds times outside the years {YEARS[0]} to {YEARS[-1]}, such as "
        f"{found['example']} (rows: {found['outside']:,}), and nothing was measured then: "
        f"correct them, or leave them out, as in where: {named} between '{YEARS[0]}-01-01' and '{YEARS[-1]}-12-31'",
        place=origin.at("timestamp"),
    )


def _sources(metrics: Iterable[Metric]) -> Mapping[str, Metric]:
    return {name: metric for metric in metrics for name in metric.facts}


def _end(latest: datetime | None, by_day: bool, zone: str) -> datetime | None:  # noqa: FBT001 - a fact about the row
    if latest is None:
        return None
    if by_day:
        return day_after(latest + DAY / 24, zone=zone)
    return day_after(latest.replace(microsecond=latest.microsecond | 1), zone=zone)
