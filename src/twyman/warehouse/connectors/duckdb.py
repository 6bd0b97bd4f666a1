"""DuckDB over files in a folder, or over one database file: the warehouse by default.

The session is in UTC, loads no extension from anywhere, opens no file outside the warehouse's folder (links are
followed before they are judged), finds no variable of Python's, and its settings are locked: a second wall behind
what is refused of a definition as it is read. A database file is attached for reading only.
"""

import glob
import re
import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import duckdb
import numpy as np
from numpy.typing import NDArray
from sqlglot import exp, parse_one

from twyman.kernel.errors import NotFound, Unavailable
from twyman.warehouse.connector import Kept, Refused, Row, Scan
from twyman.warehouse.connectors.iceberg import Lakehouse
from twyman.warehouse.connectors.iceberg_tables import LakeTables
from twyman.warehouse.connectors.table_folder import TableFolder
from twyman.warehouse.dialects.dialect import Dialect
from twyman.warehouse.dialects.duckdb import DIALECT
from twyman.warehouse.language.files import rooted
from twyman.warehouse.language.syntax import call, text

DATABASES = (".duckdb", ".db", ".ddb")
"""Endings of a file that is a database, not a folder of files."""

BATCH = 10_000
"""Rows of a batch."""

_KIND = re.compile(r"^(?:(?:[A-Z]\w* )+Error: )+")
"""How the engine begins an error: with its own kinds, which say nothing to a user."""


def folder_of(place: Path) -> Path:
    """Return the folder that file names start from: the warehouse's own, or the one its database file lies in."""
    return place.parent if place.suffix in DATABASES else place


@runtime_checkable
class Lazy(Protocol):
    """A table not computed yet, such as a Polars LazyFrame."""

    def collect(self) -> object:
        """Compute it."""
        ...


class DuckDBConnector:
    """Fulfils `twyman.warehouse.connector.Connector`.

    Args:
        path: Folder that file names start from, or a database file; `None`: the current folder.
        also: Further folders that may be read: those of files that the caller's own code names.
        timeout: Seconds that one statement may take; `None`: as long as it needs.
        lake: Tables of an Iceberg catalogue; their folders belong to `also`.
        memory: Bytes that it may take before it writes to disk; `None`: four fifths of the machine's.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        also: Iterable[Path] = (),
        timeout: float | None = None,
        lake: Lakehouse | None = None,
        memory: int | None = None,
    ) -> None:
        self._lake = LakeTables(lake or Lakehouse(), self.register)
        self._timeout = timeout
        self._late = False
        place = (path or Path()).absolute()
        if not place.exists():
            raise NotFound(
                f"warehouse '{place}' isn't there: correct warehouse.path in twyman.yaml, or make the folder"
            )
        self._root = folder_of(place)
        self._own = TableFolder(self._root)
        settings: dict[str, Any] = {
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "python_enable_replacements": "false",
        }
        if memory is not None:
            settings["memory_limit"] = f"{memory}B"
        self._connection = duckdb.connect(":memory:", config=settings)
        if place.suffix in DATABASES:
            self._attach(place)
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute("SET enable_progress_bar = false")
        self._close_in([self._root, *also])

    def _close_in(self, given: Iterable[Path]) -> None:
        """Leave the session nothing but these folders, for good."""
        folders = ", ".join(sorted({_quoted(str(path)) for one in given for path in (one, one.resolve())}))
        self._connection.execute(f"SET allowed_directories = [{folders}]")
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")

    def _attach(self, place: Path) -> None:
        try:
            self._connection.execute(f"ATTACH {_quoted(str(place))} AS warehouse (READ_ONLY)")
            self._connection.execute("USE warehouse")
        except duckdb.Error as error:
            raise Unavailable(
                f"database '{place}' can't be opened: {first_line(error)}: close what holds it, or name another file"
            ) from error

    @property
    def engine(self) -> str:
        """Name and version of the engine."""
        return f"duckdb {duckdb.__version__}"

    @property
    def dialect(self) -> Dialect:
        """Our words are DuckDB's."""
        return DIALECT

    @property
    def files(self) -> Path | None:
        """The folder that file names start from."""
        return self._root

    def rows(self, sql: str) -> list[Row]:
        """Run one SELECT and return its rows.

        Raises:
            Refused: If the data don't fit the statement.
            Unavailable: If the engine or a disk gave out, or it took longer than it may.
        """
        with self._told():
            self._lake.read_for(sql)
            with _hearing_signals(), self._limited():
                cursor = self._connection.execute(rooted(sql, self._root))
                return _named_rows(cursor, cursor.fetchall())

    def array(self, sql: str) -> NDArray[np.uint64]:
        """Run a SELECT of one column, of unsigned numbers and none missing, and return its values.

        Raises:
            Refused: If the data don't fit the statement.
            Unavailable: If the engine or a disk gave out, or it took longer than it may.
        """
        with self._told():
            self._lake.read_for(sql)
            with _hearing_signals(), self._limited():
                columns = self._connection.execute(rooted(sql, self._root)).fetchnumpy()
        return np.asarray(next(iter(columns.values())), dtype=np.uint64)

    def batches(self, sql: str) -> Generator[list[Row]]:
        """Run one SELECT and give its rows as they come; the next statement of this session ends it.

        Raises:
            Refused: If the data don't fit the statement.
            Unavailable: If the engine or a disk gave out, or one batch took longer than it may.
        """
        with self._told():
            self._lake.read_for(sql)
            with _hearing_signals(), self._limited():
                cursor = self._connection.execute(rooted(sql, self._root))
        while True:
            with self._told(), _hearing_signals(), self._limited():
                batch = _named_rows(cursor, cursor.fetchmany(BATCH))
            if not batch:
                return
            yield batch

    @contextmanager
    def _told(self) -> Generator[None]:
        """Say in our words what the engine has against a statement."""
        try:
            yield
        except duckdb.InterruptException as error:
            raise self._stopped() from error
        except (duckdb.OutOfMemoryException, duckdb.InternalException) as error:
            raise Unavailable(f"DuckDB gave up: {first_line(error)}: give it more memory or less data") from error
        except duckdb.Error as error:
            raise Refused(first_line(error)) from error

    @contextmanager
    def _limited(self) -> Generator[None]:
        """End what runs longer than it may."""
        if self._timeout is None:
            yield
            return
        self._late = False
        timer = threading.Timer(self._timeout, self._end_late)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _end_late(self) -> None:
        self._late = True
        self.cancel()

    def _stopped(self) -> Unavailable:
        if not self._late:
            return Unavailable("DuckDB was told to stop: nothing is left behind; ask again")
        return Unavailable(
            f"DuckDB took longer than {self._timeout:g} s, and was stopped: raise warehouse.timeout, or ask for less"
        )

    def types(self, sql: str) -> dict[str, str]:
        """Return the type of each column that a SELECT would give, without running it.

        Raises:
            Refused: If the engine can't make sense of it.
        """
        try:
            self._lake.described_for(sql)
            with _hearing_signals():
                described = self._connection.execute("DESCRIBE " + rooted(sql, self._root)).fetchall()
        except duckdb.Error as error:
            raise Refused(first_line(error)) from error
        return {str(row[0]): str(row[1]) for row in described}

    def tables(self) -> list[str]:
        """Return the names of the tables and views of the database file."""
        return [str(row[0]) for row in self._connection.execute("SHOW TABLES").fetchall()]

    def item(self, title: str) -> exp.Expr | None:
        """Return a table of the database file, by name; one with a dot names its schema."""
        return exp.to_table(title, dialect=DIALECT.printer) if title in self.tables() or "." in title else None

    def iceberg(self, title: str, scan: Scan) -> exp.Expr:
        """Return what reads a table of an Iceberg catalogue: its files, or what pyiceberg reads of it.

        Raises:
            NotFound: If there is no such catalogue, or no such table in it.
            Invalid: If pyiceberg isn't installed.
            Unavailable: If the catalogue doesn't answer.
        """
        return self._lake.item(title, scan)

    def register(self, name: str, data: object) -> None:
        """Make a table held in memory known by a name.

        Raises:
            Refused: If it is no table that DuckDB reads.
        """
        if isinstance(data, duckdb.DuckDBPyRelation):
            data = _as_arrow(data, name)
        elif isinstance(data, Lazy):
            data = data.collect()
        try:
            self._connection.register(name, data)
        except (duckdb.Error, TypeError) as error:
            raise Refused(
                f"table '{name}' of type {type(data).__name__} can't be read: "
                "give a DuckDB relation, or a pandas, Polars or Arrow table"
            ) from error

    def keep(self, name: str, sql: str) -> bool:
        """Keep the rows of a SELECT as a Parquet file, whole or not at all.

        Raises:
            Refused: If the data don't fit the statement.
            Unavailable: If the engine or the disk gave out.
        """
        return self._own.keep(name, lambda file: self._copy(sql, file))

    def _copy(self, sql: str, file: Path) -> None:
        wide = [title for title, kind in self.types(sql).items() if kind == "HUGEINT"]
        if wide:  # Parquet has no such integers, and would make doubles of them
            exact = ", ".join(f"{_named(title)}::DECIMAL(38, 0) AS {_named(title)}" for title in wide)
            sql = f"SELECT * REPLACE ({exact}) FROM ({sql})"  # noqa: S608 - of names that are quoted
        self.rows(f"COPY ({sql}) TO {_quoted(str(file))} (FORMAT parquet)")

    def own(self, name: str) -> exp.Expr | None:
        """Return what reads a table of our own."""
        file = self._own.path(name)
        return None if file is None else exp.Table(this=call("read_parquet", text(glob.escape(str(file)))))

    def kept(self) -> list[Kept]:
        """Return the tables of our own."""
        return self._own.kept()

    def drop(self, name: str) -> None:
        """Drop a table of our own."""
        self._own.drop(name)

    def write(self, book: str, number: int, document: bytes) -> bool:
        """Write an entry of a book; return whether books may be written here.

        Raises:
            Conflict: If the entry is there already.
        """
        return self._own.write(book, number, document)

    def entries(self, book: str) -> list[tuple[int, bytes]]:
        """Return the entries of a book, in order."""
        return self._own.entries(book)

    def books(self) -> list[str]:
        """Return the names of the books."""
        return self._own.books()

    def strike(self, book: str, number: int) -> None:
        """Take an entry out of a book."""
        self._own.strike(book, number)

    def cost(self, sql: str) -> int | None:
        """Return the sizes of the files that a SELECT names: the most that it can read of them.

        Returns:
            `None` where it reads tables, of whose size nothing is told.
        """
        query = parse_one(sql, dialect=DIALECT.printer)
        parts = {part.alias for part in query.find_all(exp.CTE)}
        found: set[str] = set()
        for table in query.find_all(exp.Table):
            patterns = [one.this for one in table.this.find_all(exp.Literal) if one.is_string]
            if not isinstance(table.this, exp.Func):
                if table.name not in parts:
                    return None
                continue
            found.update(file for one in patterns for file in glob.iglob(str(self._root / one), recursive=True))
        return sum(Path(file).stat().st_size for file in found if Path(file).is_file())

    def cancel(self) -> None:
        """End what is running, from another thread."""
        self._connection.interrupt()

    def close(self) -> None:
        """Let go of the connection, and of what it holds open."""
        self._connection.close()


@contextmanager
def _hearing_signals() -> Generator[None]:
    """Pass on that somebody pressed Ctrl-C: the driver tells it as an error of its own."""
    try:
        yield
    except RuntimeError as error:
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from None
        raise


def _named_rows(cursor: duckdb.DuckDBPyConnection, rows: Iterable[tuple[Any, ...]]) -> list[Row]:
    names = [str(column[0]) for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in rows]


def _quoted(value: str) -> str:
    return exp.Literal.string(value).sql(DIALECT.printer)


def _named(title: str) -> str:
    return exp.to_identifier(title, quoted=True).sql(DIALECT.printer)


def _as_arrow(relation: duckdb.DuckDBPyRelation, name: str) -> object:
    """Copy a relation out of its own connection, which alone can run it."""
    try:
        return relation.to_arrow_table() if hasattr(relation, "to_arrow_table") else relation.arrow()
    except (ImportError, duckdb.Error) as error:
        raise Refused(
            f"DuckDB relation '{name}' can't be copied from its connection: {first_line(error)}: "
            "install pyarrow, or give the path of its file"
        ) from error


def first_line(error: BaseException) -> str:
    """Return what an error says first, without the engine's own prefix."""
    lines = [line.strip(" .") for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    said = _KIND.sub("", lines[0])
    if said.startswith(("CSV Error", "Error when sniffing")):
        said = "; ".join([said, *(line for line in lines[1:] if not line.startswith("Original Line"))][:2])
    return said.rstrip(":;.! ")
