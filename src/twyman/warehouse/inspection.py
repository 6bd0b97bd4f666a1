"""What a table holds that nobody has defined: its columns, and counts that tell what they are.

Only counts, extremes and names of arms, experiments and events leave the warehouse; no row does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlglot import exp

from twyman.kernel.place import Origin
from twyman.metrics.source import Grain, Query, Relation, Table, Timestamp
from twyman.warehouse.engine import Engine
from twyman.warehouse.language.syntax import (
    alias,
    both,
    call,
    cast,
    column,
    count_rows,
    later,
    number,
    select,
    text,
    timestamp,
)
from twyman.warehouse.sources.relation import Bounds
from twyman.warehouse.sources.rows import Asked, Rows, as_text, grain_of, is_number, opened
from twyman.warehouse.sources.times import Time
from twyman.warehouse.statement.answer import aware

EPOCHS: Mapping[int, float] = {10**11: 1, 10**14: 1e3, 10**17: 1e6}
"""Below which number an epoch counts seconds, milliseconds, microseconds: all from 1973 to 5138."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a numeric column holds: rows with a value, rows whose value is neither 0 nor 1, smallest and largest."""

    given: int
    beyond: int
    low: float
    high: float

    @property
    def varies(self) -> bool:
        """Whether any two rows differ, or one has a value and it isn't 0."""
        return self.given > 0 and (self.low != self.high or self.high != 0)

    @property
    def is_truth(self) -> bool:
        """Whether it holds 0 and 1 only, and both."""
        return not self.beyond and self.low != self.high


@dataclass(frozen=True, slots=True)
class Entered:
    """Units that met an experiment, and for how many of them a time since then is over, by its length."""

    units: int
    over: Mapping[timedelta, int]


class Inspected:
    """A table, open to be looked at.

    Args:
        engine: The session with the engine.
        name: By which statements know it.
        relation: A table or file, or a SELECT over some.
        time: Column of texts that should tell the time, where one is known already.
        ids: Columns whose values must not be read as numbers.
        formats: How texts that tell the time are written, by column: strptime formats.
    """

    def __init__(
        self,
        engine: Engine,
        name: str,
        relation: Relation,
        *,
        time: str | None = None,
        ids: tuple[str, ...] = (),
        formats: Mapping[str, str] | None = None,
    ) -> None:
        times = {} if time is None else {time: "timestamp"}
        asked = Asked(name=name, relation=relation, origin=Origin(), times=times, ids=ids, formats=formats or {})
        self._rows: Rows = opened(engine, asked, zone="UTC", bounds=Bounds())

    @property
    def types(self) -> Mapping[str, str]:
        """Type by column, in the words of the definitions' dialect."""
        return self._rows.types

    @property
    def numeric(self) -> list[str]:
        """Columns of numbers, and of what is true or false."""
        return [title for title, kind in self.types.items() if is_number(kind) or kind == "BOOLEAN"]

    def time(self, written: str) -> Time:
        """Return how a column or expression tells the time.

        Raises:
            Invalid: If it tells none.
        """
        return self._rows.time(Timestamp(written))

    def by_day(self, written: str) -> bool:
        """Say whether a time is known to the day only."""
        return grain_of(Timestamp(written), self.time(written)) is Grain.DAY

    def counts(self, title: str, *, most: int, only: tuple[str, str] | None = None) -> dict[str, int]:
        """Return the rows by value of a column, the most frequent first; those without a value are left out.

        Args:
            title: The column.
            most: How many values at most.
            only: A column, and its value in the rows that count.
        """
        value = self._label(title)
        query = self._rows.from_(select(alias(value, "value"), alias(count_rows(), "count")))
        query = query.where(both(exp.Not(this=exp.Is(this=value, expression=exp.null())), self._only(only)))
        query = query.group_by(value.copy()).order_by(exp.Ordered(this=column("count"), desc=True), column("value"))
        return {str(row["value"]): int(row["count"]) for row in self._engine.rows(query.limit(most))}

    def crossed(
        self, title: str, other: str, *, most: int, only: tuple[str, str] | None = None
    ) -> dict[tuple[str, str], int]:
        """Return the rows by value of a column and of another, the most frequent first; no value is an empty one.

        Args:
            title: The column.
            other: The other.
            most: How many pairs of values at most.
            only: A column, and its value in the rows that count.
        """
        values = [exp.Coalesce(this=self._label(name), expressions=[text("")]) for name in (title, other)]
        query = select(alias(values[0], "value"), alias(values[1], "beside"), alias(count_rows(), "count"))
        condition = self._only(only)
        query = self._rows.from_(query)
        query = (query.where(condition) if condition is not None else query).group_by(*(one.copy() for one in values))
        query = query.order_by(exp.Ordered(this=column("count"), desc=True), column("value"), column("beside"))
        return {
            (str(row["value"]), str(row["beside"])): int(row["count"]) for row in self._engine.rows(query.limit(most))
        }

    def numbers(self, titles: Sequence[str]) -> dict[str, Held]:
        """Return what numeric columns hold."""
        if not titles:
            return {}
        wanted: list[exp.Expr] = []
        for at, title in enumerate(titles):
            value = self._number(title)
            beyond = exp.not_(exp.In(this=value.copy(), expressions=[number(0), number(1)]))
            wanted += [
                alias(exp.Count(this=value.copy()), f"given{at}"),
                alias(call("count_if", beyond), f"beyond{at}"),
                alias(call("min", value.copy()), f"low{at}"),
                alias(call("max", value.copy()), f"high{at}"),
            ]
        row = self._engine.row(self._rows.from_(select(*wanted)))
        return {title: _held(row, at) for at, title in enumerate(titles)}

    def epoch(self, title: str) -> str | None:
        """Return the expression of the time that a column of numbers tells, by their size; `None` if it tells none."""
        held = self.numbers([title])[title]
        scale = next((scale for bound, scale in EPOCHS.items() if held.high < bound), None)
        if scale is None or held.low < 10**8:
            return None
        quoted = '"' + title.replace('"', '""') + '"'
        return f"to_timestamp({quoted})" if scale == 1 else f"to_timestamp({quoted} / {scale:.1f})"

    def last(self, time: str, *, only: tuple[str, str] | None = None) -> datetime | None:
        """Return the last time of any row."""
        query = self._rows.from_(select(alias(call("max", self.time(time).utc), "last")))
        condition = self._only(only)
        found: Any = self._engine.row(query.where(condition) if condition is not None else query)["last"]
        return aware(found)

    def entered(
        self, unit: str, time: str, end: datetime, lengths: Sequence[timedelta], *, only: tuple[str, str] | None = None
    ) -> Entered:
        """Count units by whether a time since they first met the experiment is over at the end of the data."""
        first = select(alias(self._label(unit), "unit"), alias(call("min", self.time(time).utc), "first"))
        first = self._rows.from_(first).group_by(self._label(unit))
        condition = self._only(only)
        first = first.where(condition) if condition is not None else first
        wanted = [
            alias(
                call("count_if", exp.LTE(this=later(column("first"), length), expression=timestamp(end))), f"over{at}"
            )
            for at, length in enumerate(lengths)
        ]
        query = exp.Select(expressions=[alias(count_rows(), "units"), *wanted])
        row = self._engine.row(query.from_(exp.alias_(exp.Subquery(this=first), "units_met", table=True)))
        return Entered(int(row["units"]), {length: int(row[f"over{at}"]) for at, length in enumerate(lengths)})

    @property
    def _engine(self) -> Engine:
        return self._rows.engine

    def _label(self, title: str) -> exp.Expr:
        found = self._rows.column(title, "")
        return as_text(found, self.types[found.name])

    def _number(self, title: str) -> exp.Expr:
        found = self._rows.column(title, "")
        return cast(cast(found, "INTEGER") if self.types[found.name] == "BOOLEAN" else found, "DOUBLE")

    def _only(self, only: tuple[str, str] | None) -> exp.Expr | None:
        return exp.EQ(this=self._label(only[0]), expression=text(only[1])) if only else None


def relation_of(title: str, sql: str = "") -> Relation:
    """Return a table by its name, or the SELECT that makes it."""
    return Query(sql) if sql else Table(title)


def _held(row: Mapping[str, Any], at: int) -> Held:
    low, high = row[f"low{at}"], row[f"high{at}"]
    return Held(int(row[f"given{at}"]), int(row[f"beyond{at}"]), float(low or 0), float(high or 0))
