"""Who has facts before exposure and after it, of units that the filter of exposures keeps, or that it leaves out."""

from collections.abc import Sequence
from datetime import timedelta

from sqlglot import exp

from twyman.app.audited import STRETCHES, Filtered
from twyman.app.ports import Question
from twyman.kernel.time import DAY
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
from twyman.warehouse.statement.audit import sources_of
from twyman.warehouse.statement.compile import entered
from twyman.warehouse.units.exposures import FIRST, Exposures
from twyman.warehouse.units.links import Links
from twyman.warehouse.values.facts import FactTable, opened_facts

STRETCH = "stretch"
FROM_TO = ((timedelta(), DAY), (DAY, 2 * DAY), (timedelta(), 7 * DAY))
"""From when to when after exposure each of `STRETCHES` is; the same before it, backwards."""
FARTHEST = 7 * DAY


def compiled_filtered(engine: Engine, question: Question) -> exp.Query:
    """Return the statement that counts units with a fact in each stretch, before exposure and after it.

    Raises:
        NotFound: If a source or its table isn't there.
        Invalid: If a definition doesn't fit the data.
    """
    counted = list[tuple[str, exp.Select]]()

    def opening(exposures: Exposures, links: Links) -> None:
        place = question.experiment.origin.at("metrics")
        tables = (opened_facts(engine, question, exposures, name, place, links) for name in sources_of(question))
        counted.extend((one.source.name, _by_unit(one)) for one in tables)

    _, parts = entered(engine, question, opening)
    made: list[Part] = [(f"{name}_{STRETCH}", query, f"Rows of {name} by stretch.") for name, query in counted]
    return statement([*parts, *made], stacked([_answer(name) for name, _ in counted]))


def filtered_of(kept: Sequence[Row], left_out: Sequence[Row]) -> tuple[Filtered, ...]:
    """Read the two answers: of who is kept, and of who is left out."""
    sides = [{str(row["source"]): _counts(row) for row in rows} for rows in (kept, left_out)]
    return tuple(Filtered(source=name, kept=counts, left_out=sides[1][name]) for name, counts in sides[0].items())


def _titles() -> list[str]:
    return [f"{side}_{place}" for place in range(len(STRETCHES)) for side in ("before", "after")]


def _by_unit(facts: FactTable) -> exp.Select:
    """Count a unit's rows by stretch."""
    spans = [span for begin, end in FROM_TO for span in ((-end, -begin), (begin, end))]
    counts = [
        alias(filtered(count_rows(), both(exp.Not(this=exp.paren(facts.before(begin))), facts.before(end))), title)
        for title, (begin, end) in zip(_titles(), spans, strict=True)
    ]
    query = facts.facts(Span(start=-FARTHEST, end=FARTHEST), counts, None)
    return query.group_by(column("unit", FIRST))


def _answer(name: str) -> exp.Select:
    """Return one row: units with a row in each stretch."""
    seen = [alias(call("count_if", exp.GT(this=column(title), expression=number(0))), title) for title in _titles()]
    return select(alias(text(STRETCH), PART), alias(text(name), "source"), *seen).from_(table(f"{name}_{STRETCH}"))


def _counts(row: Row) -> tuple[tuple[int, int], ...]:
    places = range(len(STRETCHES))
    return tuple((int(row[f"before_{place}"]), int(row[f"after_{place}"])) for place in places)
