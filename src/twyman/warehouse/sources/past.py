"""Past results from a table of the warehouse: a small table, read whole."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlglot import exp

from twyman.experiments.expectation import Expectation
from twyman.experiments.history import COLUMNS, MORE_COLUMNS, HistoryTable, PastResult
from twyman.kernel.errors import Invalid, TwymanError, nearest
from twyman.warehouse.connector import Connector
from twyman.warehouse.engine import Engine
from twyman.warehouse.language.syntax import alias, column, select
from twyman.warehouse.sources.relation import Bounds, from_item

MAX_RESULTS = 100_000
"""More rows than this is a table of something else."""

_EXPECTED = ("low", "likely", "high")


def past_results(
    connector: Connector, tables: Iterable[HistoryTable], frames: Mapping[str, object] | None = None
) -> tuple[PastResult, ...]:
    """Return the results that tables of the warehouse hold.

    Args:
        connector: The engine that holds them.
        tables: What they are called, and which of their columns hold what.
        frames: Tables held in memory, by the name that definitions call them.

    Raises:
        NotFound: If a table isn't there.
        Invalid: If it lacks a column, or a row of it says no result.
        Unavailable: If the engine gave out.
    """
    engine = Engine(connector, frames)
    return tuple(result for table in tables for result in _results(engine, table))


def past_statements(
    connector: Connector, tables: Iterable[HistoryTable], frames: Mapping[str, object] | None = None
) -> tuple[str, ...]:
    """Return the statements that read past results; arguments and errors are those of `past_results`."""
    engine = Engine(connector, frames)
    return tuple(engine.printed(_query(engine, table)) for table in tables)


def _query(engine: Engine, table: HistoryTable) -> exp.Select:
    item = from_item(engine, table.relation, known_as=table.name, origin=table.origin, bounds=Bounds())
    known = {name.lower(): name for name in engine.types_of(item, place=table.origin.at("table"), what="history")}
    read = dict(_columns(table, known))
    query = select(*(alias(column(each, table.name), what) for what, each in read.items()))
    return query.from_(item.as_(table.name)).limit(MAX_RESULTS + 1)


def _results(engine: Engine, table: HistoryTable) -> Iterable[PastResult]:
    rows = engine.rows(_query(engine, table))
    if len(rows) > MAX_RESULTS:
        raise Invalid(
            f"history '{table.name}' has more than {MAX_RESULTS:,} rows, as no programme has results: name a table "
            "with one row a metric and experiment",
            place=table.origin.at("table"),
        )
    for number, row in enumerate(rows, start=1):
        yield _result(table, row, number)


def _columns(table: HistoryTable, known: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    for what in (*COLUMNS, *MORE_COLUMNS):
        named = table.columns.get(what, what)
        found = known.get(named.lower())
        if found is not None:
            yield what, found
        elif what in table.columns or (what in COLUMNS and what != "change"):
            hint = nearest(named, known.values())
            raise Invalid(
                f"history '{table.name}' has no column '{named}', which says the {what} of a result: {hint}",
                place=table.origin.at(f"columns.{what}") or table.origin.at("table"),
            )


def _result(table: HistoryTable, row: Mapping[str, Any], number: int) -> PastResult:
    try:
        return PastResult(
            experiment=_text(row, "experiment"),
            metric=_text(row, "metric"),
            change=_text(row, "change"),
            lift=_number(row, "lift"),
            se=_number(row, "se"),
            ended=_day(row["ended"]),
            decision=_text(row, "decision"),
            owner=_text(row, "owner"),
            expected=_expected(row),
        )
    except TwymanError as error:
        said = f"history '{table.name}', row {number}: {error.message}"
        raise Invalid(said, place=table.origin.at("table")) from None


def _expected(row: Mapping[str, Any]) -> Expectation | None:
    if any(row.get(each) is None for each in _EXPECTED):
        return None
    low, likely, high = (_number(row, each) for each in _EXPECTED)
    return Expectation(low, likely, high)


def _text(row: Mapping[str, Any], what: str) -> str:
    value = row.get(what)
    return "" if value is None else str(value).strip()


def _number(row: Mapping[str, Any], what: str) -> float:
    try:
        return float(row[what])
    except (TypeError, ValueError):
        raise Invalid(f"{what} {row[what]!r} is no number: write it as in 0.02, or leave the row out") from None


def _day(value: object) -> date:
    match value:
        case datetime():
            return value.date()
        case date():
            return value
        case _:
            try:
                return date.fromisoformat(str(value)[:10])
            except ValueError:
                raise Invalid(f"ended {value!r} is no day: write it as in 2015-06-01, or leave the row out") from None
