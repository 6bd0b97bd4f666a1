"""PostgreSQL: tables of a database, asked in transactions that only read.

One statement answers a question: what it names twice, the server computes once. Its own functions and
settings are out of reach of definitions; tables of Twyman's own lie in a schema of that name.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlglot import exp
from sqlglot.errors import SqlglotError

from twyman.kernel.errors import Conflict, Forbidden
from twyman.warehouse.connector import Kept, Refused, Row
from twyman.warehouse.connectors.postgres_session import Session, state_of
from twyman.warehouse.connectors.postgres_types import plain, type_word
from twyman.warehouse.dialects.dialect import Dialect
from twyman.warehouse.dialects.postgres import DIALECT
from twyman.warehouse.dialects.translation import short
from twyman.warehouse.language.syntax import name

OWN, BOOKS = "twyman", "books"
PAGE = 8192
"""Bytes of a page."""

_LONGEST = 63
_SYSTEM = ("information_schema", "pg_")
_MAY_NOT = ("42501", "25006", "0LP01", "3F000")
"""Codes that say: here, nothing may be written."""

_THERE, _AT_ONCE = "23505", ("23505", "42P07")
_RELATIONS = """
SELECT n.nspname AS schema, c.relname AS name, pg_table_is_visible(c.oid) AS visible
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
  AND has_schema_privilege(n.oid, 'USAGE')
ORDER BY NOT pg_table_is_visible(c.oid), n.nspname, c.relname
"""
_OWN_TABLES = """
SELECT c.relname AS name, c.reltuples AS rows, pg_total_relation_size(c.oid) AS size
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname = 'twyman' AND c.relname <> 'books' ORDER BY c.relname
"""


class PostgresConnector:
    """Fulfils `twyman.warehouse.connector.Connector`, and `Keeping` where a schema may be made.

    Args:
        url: Where the server is, in the words of libpq; `options=-csearch_path%3Danalytics` says in which
            schemas names without one are looked for. What isn't said, libpq's own files and environment say.
        timeout: Seconds that a statement may take; `None`: as long as the server allows.

    Raises:
        Invalid: If the driver isn't installed, or the url is none.
        Unavailable: If the server can't be reached.
    """

    def __init__(self, url: str, *, timeout: float | None = None) -> None:
        self._session = Session(url, timeout)
        self._version = self._session.version
        self._type_words: dict[tuple[int, int], str] = {}

    def __repr__(self) -> str:
        return "PostgresConnector(…)"

    @property
    def engine(self) -> str:
        """Name and version of the engine."""
        return f"postgres {self._version}"

    @property
    def dialect(self) -> Dialect:
        """PostgreSQL's."""
        return DIALECT

    @property
    def files(self) -> Path | None:
        """There are tables only."""
        return None

    def rows(self, sql: str) -> list[Row]:
        """Run one SELECT and return its rows.

        Raises:
            Refused: If the server can't make sense of it, or the data don't fit it.
            Unavailable: If the server doesn't answer, gives up, or takes longer than it may.
        """
        return [{title: plain(value) for title, value in row.items()} for row in self._session.run(sql)]

    def types(self, sql: str) -> dict[str, str]:
        """Return the type of each column that a SELECT would give, without running it.

        Raises:
            Refused: If the server can't make sense of it.
            Unavailable: If the server doesn't answer.
        """
        columns = self._session.described(sql)
        self._learn({(kind, size) for _, kind, size in columns} - self._type_words.keys())
        return {title: self._type_words[kind, size] for title, kind, size in columns}

    def _learn(self, kinds: set[tuple[int, int]]) -> None:
        if kinds:
            asked = [f"format_type({kind}, {size}) AS t{place}" for place, (kind, size) in enumerate(kinds)]
            (found,) = self._session.run(f"SELECT {', '.join(asked)}")
            self._type_words |= dict(zip(kinds, map(type_word, found.values()), strict=True))

    def tables(self) -> list[str]:
        """Return the names of the tables and views at hand, those on the search path first and without their schema."""
        found = self._session.run(_RELATIONS)
        return [row["name"] if row["visible"] else f"{row['schema']}.{row['name']}" for row in found]

    def item(self, title: str) -> exp.Expr | None:
        """Return a table by name, or by schema and name.

        Raises:
            Forbidden: If the schema is the server's own.
        """
        schema, wanted = _parts(title)
        if schema.startswith(_SYSTEM):
            raise Forbidden(f"table '{title}' is the server's own, and holds no data of yours: name a table of facts")
        there = self._session.run(_RELATIONS)
        for spelled in (wanted, wanted.lower()):
            for row in there:
                if row["name"] == spelled and (row["schema"] == schema if schema else row["visible"]):
                    return exp.Table(this=name(spelled), db=name(schema) if schema else None)
        return None

    def register(self, name: str, data: object) -> None:
        """PostgreSQL reads no table held in memory.

        Raises:
            Refused: Always.
        """
        raise Refused(
            f"table '{name}' of type {type(data).__name__} is held in memory, where PostgreSQL can't read it: "
            "load it there, or analyse files with engine: duckdb"
        )

    def cost(self, sql: str) -> int | None:
        """Return how many bytes of tables the server plans to read."""
        (found,) = self._session.run(f"EXPLAIN (FORMAT JSON, VERBOSE) {sql}")
        (plan,) = next(iter(found.values()))
        scans = list(_scans(plan["Plan"]))
        sizes = {names: self._size(*names) for names in {names for names, _ in scans}}
        return sum(min(sizes[names], most) for names, most in scans)

    def _size(self, schema: str, table: str) -> int:
        named = exp.table_(table, schema, quoted=True).sql(dialect=DIALECT.printer)
        return int(self._session.run("SELECT pg_relation_size(%s::regclass) AS size", (named,))[0]["size"])

    def cancel(self) -> None:
        """End what is running on the server, from another thread."""
        self._session.cancel()

    def close(self) -> None:
        """Let go of the connection."""
        self._session.close()

    def keep(self, name: str, sql: str) -> bool:
        """Keep the rows of a SELECT as a table in the schema `twyman`, in place of one that was there.

        Raises:
            Refused: If the data don't fit the statement.
            Unavailable: If the server gave out.
        """
        table = _own(name)
        return self._changed(
            (f"DROP TABLE IF EXISTS {table}", None),
            (f"CREATE TABLE {table} AS {sql}", None),
            (f"ANALYZE {table}", None),
            meanwhile=True,
        )

    def own(self, name: str) -> exp.Expr | None:
        """Return a table of our own."""
        wanted = short(name, _LONGEST)
        there = any(one.name == wanted for one in self.kept())
        return exp.table_(wanted, OWN, quoted=True) if there else None

    def kept(self) -> list[Kept]:
        """Return the tables of our own."""
        return [Kept(row["name"], _known(row["rows"]), row["size"]) for row in self._session.run(_OWN_TABLES)]

    def drop(self, name: str) -> None:
        """Drop a table of our own."""
        if self.own(name) is not None:
            self._session.change((f"DROP TABLE IF EXISTS {_own(name)}", None))

    def write(self, book: str, number: int, document: bytes) -> bool:
        """Write an entry of a book.

        Raises:
            Conflict: If an entry of this number is there already.
            Unavailable: If the server gave out.
        """
        made = (
            f"CREATE TABLE IF NOT EXISTS {OWN}.{BOOKS} (book text, number integer, document text NOT NULL, "
            "written_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (book, number))"
        )
        entry = f"INSERT INTO {OWN}.{BOOKS} (book, number, document) VALUES (%s, %s, %s)"  # noqa: S608 - our own names
        before = () if self._has_books() else ((made, None),)
        try:
            return self._changed(*before, (entry, (book, number, document.decode())))
        except Refused as error:
            if state_of(error) == _THERE:
                raise Conflict(
                    f"entry {number} of '{book}' is written already: entries are never rewritten; write the next one"
                ) from None
            raise

    def entries(self, book: str) -> list[tuple[int, bytes]]:
        """Return the entries of a book, in order."""
        if not self._has_books():
            return []
        asked = f"SELECT number, document FROM {OWN}.{BOOKS} WHERE book = %s ORDER BY number"  # noqa: S608 - as above
        return [(row["number"], row["document"].encode()) for row in self._session.run(asked, (book,))]

    def books(self) -> list[str]:
        """Return the names of the books that hold an entry."""
        if not self._has_books():
            return []
        asked = f"SELECT DISTINCT book FROM {OWN}.{BOOKS} ORDER BY book"  # noqa: S608 - as above
        return [row["book"] for row in self._session.run(asked)]

    def strike(self, book: str, number: int) -> None:
        """Take an entry out."""
        if self._has_books():
            statement = f"DELETE FROM {OWN}.{BOOKS} WHERE book = %s AND number = %s"  # noqa: S608 - as above
            self._session.change((statement, (book, number)))

    def _has_books(self) -> bool:
        return bool(self._session.run("SELECT to_regclass(%s) IS NOT NULL AS there", (f"{OWN}.{BOOKS}",))[0]["there"])

    def _changed(self, *statements: tuple[str, Sequence[object] | None], meanwhile: bool = False) -> bool:
        """Run statements in our schema, made where it isn't there; return whether that may be.

        Args:
            statements: What to run, together.
            meanwhile: Whether another session may have done the same meanwhile, and that is well.
        """
        there = self._session.run("SELECT to_regnamespace(%s) IS NOT NULL AS there", (OWN,))[0]["there"]
        schema = () if there else ((f"CREATE SCHEMA IF NOT EXISTS {OWN}", None),)
        try:
            self._session.change(*schema, *statements)
        except Refused as error:
            if state_of(error) in _MAY_NOT:
                return False
            if meanwhile and state_of(error) in _AT_ONCE:
                return True
            raise
        return True


def _known(rows: float) -> int | None:
    # A table that nobody analysed has -1.
    return None if rows < 0 else int(rows)


def _own(title: str) -> str:
    return exp.table_(short(title, _LONGEST), OWN, quoted=True).sql(dialect=DIALECT.printer)


def _parts(title: str) -> tuple[str, str]:
    try:
        named = exp.to_table(title, dialect=DIALECT.printer)
    except SqlglotError:
        return "", title
    return named.db, named.name


def _scans(plan: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], int]]:
    """Return the tables that a plan reads, and the most bytes that it reads of each."""
    if "Relation Name" in plan:
        whole = "Index" not in plan["Node Type"]
        most = 1 << 62 if whole else max(1, int(plan["Plan Rows"])) * PAGE
        yield (plan["Schema"], plan["Relation Name"]), most
    for below in plan.get("Plans", ()):
        yield from _scans(below)
