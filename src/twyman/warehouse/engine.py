"""One connection to DuckDB, which runs one SELECT at a time and answers with rows as dictionaries.

The session is in UTC, loads no extension from anywhere, and its settings are locked, so that what a
definition says can't change them. A database file is attached for reading only.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

import duckdb
from sqlglot import exp

from twyman.kernel.errors import Invalid, NotFound, Unavailable
from twyman.kernel.place import Place
from twyman.warehouse.syntax import printed

DATABASES = (".duckdb", ".db", ".ddb")
"""Endings of a file that is a database, not a folder of files."""

_KIND = re.compile(r"^(?:(?:[A-Z]\w* )+Error: )+")
"""How the engine begins an error: with its own kinds, which say nothing to a user."""

Row = Mapping[str, Any]
Part = tuple[Place | None, str]
"""A part of a definition: where it stands, and what it says."""


def folder_of(place: Path) -> Path:
    """Return the folder that file names start from: the warehouse's own, or the one its database file lies in."""
    return place.parent if place.suffix in DATABASES else place


@runtime_checkable
class Lazy(Protocol):
    """A table not computed yet, such as a Polars LazyFrame."""

    def collect(self) -> object:
        """Compute it."""
        ...


class Engine:
    """A connection to files in a folder, or to one database file.

    Attributes:
        root: The folder that file names start from.
    """

    def __init__(self, path: Path | None, frames: Mapping[str, object]) -> None:
        place = (path or Path()).absolute()
        if not place.exists():
            raise NotFound(
                f"warehouse '{place}' isn't there: correct warehouse.path in twyman.yaml, or make the folder"
            )
        self.root = folder_of(place)
        self.frames = dict(frames)
        self._noted: dict[Part, Callable[[], exp.Query]] = {}
        # What was learned of a source holds for the whole analysis: a text file is read anew for each question.
        self._answers: dict[str, Row] = {}
        self._types: dict[str, dict[str, str]] = {}
        settings: dict[str, Any] = {
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "file_search_path": str(self.root),
        }
        self._connection = duckdb.connect(":memory:", config=settings)
        if place.suffix in DATABASES:
            self._attach(place)
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute("SET enable_progress_bar = false")
        self._connection.execute("SET lock_configuration = true")

    def _attach(self, place: Path) -> None:
        try:
            self._connection.execute(f"ATTACH '{str(place).replace(chr(39), chr(39) * 2)}' AS warehouse (READ_ONLY)")
            self._connection.execute("USE warehouse")
        except duckdb.Error as error:
            raise Unavailable(
                f"database '{place}' can't be opened: {first_line(error)}: close what holds it, or name another file"
            ) from error

    def rows(self, sql: str) -> list[Row]:
        """Run one SELECT and return its rows.

        Raises:
            Invalid: If the data don't fit the statement.
            Unavailable: If the engine or a disk gave out.
        """
        try:
            cursor = self._connection.execute(sql)
            names = [str(column[0]) for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        except (duckdb.OutOfMemoryException, duckdb.InternalException, duckdb.InterruptException) as error:
            raise Unavailable(f"DuckDB gave up: {first_line(error)}: give it more memory or less data") from error
        except duckdb.Error as error:
            place, said = self._culprit(first_line(error))
            raise Invalid(
                f"DuckDB can't read the data as defined: {said}: correct the definition, or the data", place=place
            ) from error

    def note(self, part: Part, query: Callable[[], exp.Query]) -> None:
        """Note what a part of a definition reads, so that a failure can be traced to it."""
        self._noted.setdefault(part, query)

    def _culprit(self, said: str) -> tuple[Place | None, str]:
        """Return the place of the first part that fails by itself, and what the engine says of it."""
        for (place, _), query in self._noted.items():
            try:
                self._connection.execute(printed(query())).fetchall()
            except duckdb.Error as error:
                return place, first_line(error)
        return None, said

    def row(self, query: exp.Query) -> Row:
        """Run a SELECT that answers with one row; the same question is asked once."""
        sql = printed(query)
        if sql not in self._answers:
            self._answers[sql] = self.rows(sql)[0]
        return dict(self._answers[sql])

    def types(self, query: exp.Query, *, place: Place | None = None, what: str = "") -> dict[str, str]:
        """Return the type of each column that a SELECT would give, without running it.

        Raises:
            Invalid: If the engine can't make sense of it.
        """
        sql = printed(query)
        if sql in self._types:
            return dict(self._types[sql])
        try:
            described = self._connection.execute("DESCRIBE " + sql).fetchall()
        except duckdb.Error as error:
            cause, said = self._culprit(first_line(error))
            raise Invalid(
                f"{what or 'a source'} can't be read: {said}: correct the definition, or the data",
                place=cause or place,
            ) from error
        self._types[sql] = {str(row[0]): str(row[1]) for row in described}
        return dict(self._types[sql])

    def tables(self) -> list[str]:
        """Return the names of the tables and views of the database file."""
        return [str(row[0]) for row in self._connection.execute("SHOW TABLES").fetchall()]

    def register(self, name: str, data: object, *, place: Place | None = None) -> None:
        """Make a table held in memory known by a name.

        Raises:
            Invalid: If it is no table that DuckDB reads.
        """
        if isinstance(data, duckdb.DuckDBPyRelation):
            data = _as_arrow(data, name, place)
        elif isinstance(data, Lazy):
            data = data.collect()
        try:
            self._connection.register(name, data)
        except (duckdb.Error, TypeError) as error:
            raise Invalid(
                f"table '{name}' of type {type(data).__name__} can't be read: "
                "give a DuckDB relation, or a pandas, Polars or Arrow table",
                place=place,
            ) from error


def _as_arrow(relation: duckdb.DuckDBPyRelation, name: str, place: Place | None) -> object:
    """Copy a relation out of its own connection, which alone can run it."""
    try:
        return relation.to_arrow_table() if hasattr(relation, "to_arrow_table") else relation.arrow()
    except (ImportError, duckdb.Error) as error:
        raise Invalid(
            f"DuckDB relation '{name}' can't be copied from its connection: {first_line(error)}: "
            "install pyarrow, or give the path of its file",
            place=place,
        ) from error


def first_line(error: BaseException) -> str:
    """Return what an error says first, without the engine's own prefix."""
    lines = [line.strip(" .") for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    said = _KIND.sub("", lines[0])
    if said.startswith(("CSV Error", "Error when sniffing")):
        said = "; ".join([said, *(line for line in lines[1:] if not line.startswith("Original Line"))][:2])
    return said.rstrip(":;.! ")


def local(moment: datetime, zone: str) -> datetime:
    """Return an instant as a clock on the wall of a zone shows it."""
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def names_of(values: Sequence[str], most: int = 8) -> str:
    """List a few names for a message."""
    more = f" and {len(values) - most} more" if len(values) > most else ""
    return ", ".join(f"'{value}'" for value in values[:most]) + more
