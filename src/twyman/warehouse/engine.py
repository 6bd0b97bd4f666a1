"""A session with an engine: it asks each question once, and traces a failure to the definition that caused it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from math import inf, nan
from pathlib import Path
from typing import Any, NamedTuple, cast
from zoneinfo import ZoneInfo

import numpy as np
from msgspec import json
from numpy.typing import NDArray
from sqlglot import exp

from twyman.kernel.errors import Invalid
from twyman.kernel.place import Place
from twyman.warehouse.connector import Blank, Connector, InProcess, Refused, Row, Staging
from twyman.warehouse.dialects.translation import names_in, printed, short, staged_parts
from twyman.warehouse.language.syntax import select
from twyman.warehouse.model import DATES, PART, TIMES

ANSWER = "answer"
"""The column that holds a row of an answer as JSON, where an engine stacks rows only so."""

Part = tuple[Place | None, str]
"""A part of a definition: where it stands, and what it says."""


class Script(NamedTuple):
    """A statement as an engine reads it: parts that it computes first, by name, and what is asked of them."""

    parts: Sequence[tuple[str, str]]
    answers: Sequence[str]


class Engine:
    """A session over a connector.

    Args:
        connector: The engine.
        frames: Tables held in memory, by the name that definitions call them.
    """

    def __init__(self, connector: Connector, frames: Mapping[str, object] | None = None) -> None:
        self.connector = connector
        self.frames = dict(frames or {})
        self.standing_in: dict[str, exp.Expr] = {}
        """What stands in FROM instead of a source of facts, by its name: what is kept of it and what is new."""
        # What is learned before anything runs, a connector without a connection learns of empty tables.
        self._learned = connector.blank if isinstance(connector, Blank) else connector
        self._noted: dict[Part, Callable[[], exp.Query]] = {}
        # What was learned of a source holds for the whole analysis: a text file is read anew for each question.
        self._answers: dict[str, Row] = {}
        self._types: dict[str, dict[str, str]] = {}
        self._answered: tuple[exp.Query, Script] | None = None

    @property
    def files(self) -> Path | None:
        """The folder that file names start from; `None` where sources are tables only."""
        return self.connector.files

    def printed(self, query: exp.Expr) -> str:
        """Return a statement as the engine reads it."""
        return printed(query, self.connector.dialect)

    def rows(self, query: exp.Expr) -> list[Row]:
        """Run one SELECT and return its rows.

        Raises:
            Invalid: If the data don't fit the statement.
            Unavailable: If the engine or a disk gave out.
        """
        try:
            return self.connector.rows(self.printed(query))
        except Refused as error:
            raise self._traced(error) from error

    def array(self, query: exp.Query) -> NDArray[np.uint64] | None:
        """Run a SELECT of one column of whole numbers, and return its values; `None` where only rows come back.

        Raises:
            Invalid: If the data don't fit the statement.
            Unavailable: If the engine or a disk gave out.
        """
        if not isinstance(self.connector, InProcess):
            return None
        try:
            return self.connector.array(self.printed(query))
        except Refused as error:
            raise self._traced(error) from error

    def answer(self, query: exp.Query) -> list[Row]:
        """Run a statement whose parts are stacked, and return the rows of them all.

        Raises:
            Invalid: If the data don't fit the statement.
            Unavailable: If the engine or a disk gave out.
        """
        dialect = self.connector.dialect
        try:
            if dialect.staged and isinstance(self.connector, Staging):
                return self._staged(self.connector, query)
            rows = self.connector.rows(self._script(query).answers[0])
        except Refused as error:
            raise self._traced(error) from error
        if dialect.whole is None:
            return rows
        long = self._long_names(query)
        return [_unfolded(row, long) if ANSWER in row else row for row in rows]  # one part alone isn't stacked

    def script(self, query: exp.Query) -> tuple[str, ...]:
        """Return the statements that `answer` would run, in order."""
        script = self._script(query)
        return (*(f"-- {name}\n{sql}" for name, sql in script.parts), *script.answers)

    def _script(self, query: exp.Query) -> Script:
        """Return a long statement as the engine reads it, printed once: what is answered is shown afterwards, too."""
        if self._answered is None or self._answered[0] is not query:
            dialect = self.connector.dialect
            parts, answers = staged_parts(query, shared=dialect.shared) if dialect.staged else ([], [query])
            script = Script([(name, self.printed(part)) for name, part in parts], list(map(self.printed, answers)))
            self._answered = query, script
        return self._answered[1]

    def _staged(self, connector: Staging, query: exp.Query) -> list[Row]:
        script, made = self._script(query), list[str]()
        try:
            for name, sql in script.parts:
                made.append(name)
                connector.stage(name, sql)
            return [row for sql in script.answers for row in self.connector.rows(sql)]
        finally:
            connector.unstage(made)

    def _long_names(self, query: exp.Query) -> dict[str, str]:
        longest = self.connector.dialect.longest_name
        return {} if longest is None else {short(name, longest): name for name in names_in(query)}

    def note(self, part: Part, query: Callable[[], exp.Query]) -> None:
        """Note what a part of a definition reads, so that a failure can be traced to it."""
        self._noted.setdefault(part, query)

    def _traced(self, error: Refused) -> Invalid:
        place, said = self._culprit(str(error))
        engine = self.connector.engine.partition(" ")[0]
        shown = ENGINES.get(engine, engine)
        return Invalid(
            f"{shown} can't read the data as defined: {said}: correct the definition, or the data", place=place
        )

    def _culprit(self, said: str) -> tuple[Place | None, str]:
        """Return the place of the first part that fails by itself, and what the engine says of it."""
        for (place, _), query in self._noted.items():
            try:
                self.connector.rows(self.printed(query()))
            except Refused as error:
                return place, str(error)
        return None, said

    def row(self, query: exp.Query) -> Row:
        """Run a SELECT that answers with one row; the same question is asked once."""
        sql = printed(query, self._learned.dialect)
        if sql not in self._answers:
            blank = self._learned is not self.connector
            self._answers[sql] = self._learned.rows(sql)[0] if blank else self.rows(query)[0]
        return dict(self._answers[sql])

    def types(self, query: exp.Query, *, place: Place | None = None, what: str = "") -> dict[str, str]:
        """Return the type of each column that a SELECT would give, without running it.

        Raises:
            Invalid: If the engine can't make sense of it.
        """
        sql = printed(query, self._learned.dialect)
        if sql in self._types:
            return dict(self._types[sql])
        try:
            self._types[sql] = self._learned.types(sql)
        except Refused as error:
            cause, said = self._culprit(str(error))
            raise Invalid(
                f"{what or 'a source'} can't be read: {said}: correct the definition, or the data",
                place=cause or place,
            ) from error
        return dict(self._types[sql])

    def types_of(self, item: exp.Expr, *, place: Place | None, what: str) -> dict[str, str]:
        """Return the type of each column of what stands in FROM.

        Raises:
            Invalid: If the engine can't make sense of it.
        """
        return self.types(select(exp.Star()).from_(item), place=place, what=what)

    def tables(self) -> list[str]:
        """Return the names of the tables and views at hand."""
        return self.connector.tables()

    def register(self, name: str, data: object, *, place: Place | None = None) -> None:
        """Make a table held in memory known by a name.

        Raises:
            Invalid: If it is no table that the engine reads.
        """
        try:
            self.connector.register(name, data)
        except Refused as error:
            raise Invalid(str(error), place=place) from error


ENGINES = {"duckdb": "DuckDB", "postgres": "PostgreSQL", "clickhouse": "ClickHouse", "spark": "Spark", "sail": "Sail"}
"""How engines are written in a sentence."""


def _unfolded(row: Row, long: Mapping[str, str]) -> Row:
    """Return a row of an answer from its JSON, in which dates and times are texts."""
    held = row[ANSWER]
    found: dict[str, Any] = json.decode(held) if isinstance(held, str | bytes) else dict(held)
    return {PART: row[PART]} | {long.get(key, key): _told(key, value) for key, value in found.items()}


def _told(key: str, value: object) -> object:
    if not isinstance(value, str):
        return _finite_or_not(value)
    if key in DATES:
        return date.fromisoformat(value[:10])
    return datetime.fromisoformat(value).replace(tzinfo=None) if key in TIMES else value


_NOT_FINITE = {"NaN": nan, "Infinity": inf, "-Infinity": -inf}


def _finite_or_not(value: Any) -> object:  # noqa: ANN401 - JSON
    """Return a value of JSON in which numbers that JSON can't write are numbers again, but for a unit's name."""
    match value:
        case dict():
            held = cast("dict[str, object]", value)
            return {key: one if key == "unit" else _finite_or_not(one) for key, one in held.items()}
        case list():
            return [_finite_or_not(one) for one in cast("list[object]", value)]
        case str():
            return _NOT_FINITE.get(value, value)
        case _:
            return value


def local(moment: datetime, zone: str) -> datetime:
    """Return an instant as a clock on the wall of a zone shows it."""
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def names_of(values: Sequence[str], most: int = 8) -> str:
    """List a few names for a message."""
    more = f" and {len(values) - most} more" if len(values) > most else ""
    return ", ".join(f"'{value}'" for value in values[:most]) + more
