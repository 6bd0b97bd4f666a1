"""Who has facts before exposure and after it, of units that the filter of exposures keeps, or that it leaves out.

Whom it keeps is counted in the audit's own pass; whom it leaves out, in a statement that enters by what it leaves out.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from sqlglot import exp

from twyman.app.audited import STRETCHES, Filtered
from twyman.app.ports import Question
from twyman.kernel.time import DAY
from twyman.metrics.source import ExposureSource
from twyman.warehouse.engine import Engine, Row
from twyman.warehouse.language.syntax import (
    alias,
    both,
    call,
    column,
    count_rows,
    filtered,
    number,
    select,
    statement,
    table,
    text,
)
from twyman.warehouse.model import PART, Part, Span, stacked
from twyman.warehouse.statement.compile import entered, sources_of
from twyman.warehouse.units.exposures import FIRST, Exposures
from twyman.warehouse.units.links import Links
from twyman.warehouse.values.facts import FactTable, opened_facts

STRETCH = "stretch"
FROM_TO = ((timedelta(), DAY), (DAY, 2 * DAY), (timedelta(), 7 * DAY))
"""From when to when after exposure each of `STRETCHES` is; the same before it, backwards."""
FARTHEST = 7 * DAY


def filters(question: Question) -> bool:
    """Whether the source of exposures has a filter, and units have facts by which it could have chosen them."""
    source = question.catalogue.source(question.experiment.source, ExposureSource)
    return source.where is not None and bool(sources_of(question))


def compiled_left_out(engine: Engine, question: Question) -> exp.Query:
    """Return the statement that counts units with a fact in each stretch, of whom the filter leaves out.

    Raises:
        NotFound: If a source or its table isn't there.
        Invalid: If a definition doesn't fit the data.
    """
    counted = list[tuple[str, exp.Select]]()

    def opening(exposures: Exposures, links: Links) -> None:
        place = question.experiment.origin.at("metrics")
        tables = (opened_facts(engine, question, exposures, name, place, links) for name in sources_of(question))
        counted.extend((one.source.name, _by_unit(one)) for one in tables)

    _, parts = entered(engine, replace(question, left_out=True), opening)
    made: list[Part] = [(f"{name}_{STRETCH}", query, f"Rows of {name} by stretch.") for name, query in counted]
    return statement([*parts, *made], stacked([_answer(name) for name, _ in counted]))


def in_stretches(facts: FactTable) -> dict[str, exp.Expr | None]:
    """Return the condition that a row lies in a stretch, before exposure or after it, by what its count is called."""
    spans = [span for begin, end in FROM_TO for span in ((-end, -begin), (begin, end))]
    return {
        title: both(exp.Not(this=exp.paren(facts.before(begin))), facts.before(end))
        for title, (begin, end) in zip(_titles(), spans, strict=True)
    }


def with_rows_in(title: str) -> exp.Expr:
    """Return the number of units with a row in a stretch."""
    return call("count_if", exp.GT(this=column(title), expression=number(0)))


def filtered_of(sources: Sequence[str], kept: Sequence[Row], left_out: Sequence[Row]) -> tuple[Filtered, ...]:
    """Read the two answers: of who is kept, a row by source and arm; and of who is left out, one a source."""
    sides = [
        {name: _counts([row for row in side if row["source"] == name]) for name in sources} for side in (kept, left_out)
    ]
    return tuple(Filtered(source=name, kept=sides[0][name], left_out=sides[1][name]) for name in sources)


def _titles() -> list[str]:
    return [f"{side}_{place}" for place in range(len(STRETCHES)) for side in ("before", "after")]


def _by_unit(facts: FactTable) -> exp.Select:
    """Count a unit's rows by stretch."""
    counts = [alias(filtered(count_rows(), where), title) for title, where in in_stretches(facts).items()]
    query = facts.facts(Span(start=-FARTHEST, end=FARTHEST), counts, None)
    return query.group_by(column("unit", FIRST))


def _answer(name: str) -> exp.Select:
    """Return one row: units with a row in each stretch."""
    seen = [alias(with_rows_in(title), title) for title in _titles()]
    return select(alias(text(STRETCH), PART), alias(text(name), "source"), *seen).from_(table(f"{name}_{STRETCH}"))


def _counts(rows: Sequence[Row]) -> tuple[tuple[int, int], ...]:
    before, after = (
        [sum(int(row[f"{side}_{place}"]) for row in rows) for place in range(len(STRETCHES))]
        for side in ("before", "after")
    )
    return tuple(zip(before, after, strict=True))
