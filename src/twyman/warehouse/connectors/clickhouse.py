"""ClickHouse: tables of its databases, asked in a session that only reads, with temporary tables of its own.

ClickHouse computes what is named twice twice, so named parts become temporary tables, which go with the session.
Tables of Twyman's own lie in a database of that name.
"""

import secrets
from collections.abc import Sequence
from pathlib import Path

from sqlglot import exp
from sqlglot.errors import SqlglotError

from twyman.kernel.errors import Conflict, Forbidden
from twyman.warehouse.connector import Kept, Refused, Row
from twyman.warehouse.connectors.clickhouse_session import Session, may_not
from twyman.warehouse.connectors.clickhouse_types import plain, type_word
from twyman.warehouse.dialects.clickhouse import DIALECT
from twyman.warehouse.dialects.dialect import Dialect
from twyman.warehouse.language.syntax import name

OWN, BOOKS = "twyman", "books"
_BOOKS = f"{OWN}.{BOOKS}"
_DRAFT = "draft "
_SYSTEM = ("system", "information_schema")
_TABLES = """
SELECT database, name, database = currentDatabase() AS here
FROM system.tables
WHERE lower(database) NOT IN ('system', 'information_schema') AND NOT is_temporary AND NOT startsWith(name, '.inner')
ORDER BY NOT here, database, name
"""


class ClickHouseConnector:
    """Fulfils `twyman.warehouse.connector.Connector`, `Staging`, and `Keeping` where a database may be made.

    Args:
        url: As in `clickhouse://user:password@host:8123/database`, of its HTTP interface; `https://…` where it is
            encrypted, with `?verify=…`, `ca_cert`, `client_cert` and `client_cert_key` as the driver has them.
        timeout: Seconds that a statement may take; `None`: as long as the server allows.

    Raises:
        Invalid: If the driver isn't installed, or the url is none.
        Forbidden: If the user may not set what answers depend on.
        Unavailable: If the server can't be reached.
    """

    def __init__(self, url: str, *, timeout: float | None = None) -> None:
        self._session = Session(url, timeout)

    def __repr__(self) -> str:
        return "ClickHouseConnector(…)"

    @property
    def engine(self) -> str:
        """Name and version of the engine."""
        return f"clickhouse {self._session.version}"

    @property
    def dialect(self) -> Dialect:
        """ClickHouse's."""
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
        found = self._session.run(f"DESCRIBE ({sql})")
        return {row["name"]: type_word(row["type"], zone=self._session.zone) for row in found}

    def tables(self) -> list[str]:
        """Return the names of the tables and views, those of the url's database first and without its name."""
        return [
            row["name"] if row["here"] else f"{row['database']}.{row['name']}" for row in self._session.run(_TABLES)
        ]

    def item(self, title: str) -> exp.Expr | None:
        """Return a table by name, or by database and name; always with its database, lest a temporary one be meant.

        Raises:
            Forbidden: If the database is the server's own.
        """
        database, wanted = _parts(title)
        if database.lower() in _SYSTEM:
            raise Forbidden(f"table '{title}' is the server's own, and holds no data of yours: name a table of facts")
        for row in self._session.run(_TABLES):
            if row["name"] == wanted and (row["database"] == database if database else row["here"]):
                return exp.Table(this=name(wanted), db=name(row["database"]))
        return None

    def register(self, name: str, data: object) -> None:
        """ClickHouse reads no table held in memory.

        Raises:
            Refused: Always.
        """
        raise Refused(
            f"table '{name}' of type {type(data).__name__} is held in memory, where ClickHouse can't read it: "
            "load it there, or analyse files with engine: duckdb"
        )

    def stage(self, name: str, sql: str) -> None:
        """Keep the rows of a SELECT as a temporary table of the session."""
        self._session.do(f"CREATE TEMPORARY TABLE {_quoted(name)} AS {sql}")

    def unstage(self, names: Sequence[str]) -> None:
        """Forget them, last first."""
        for each in reversed(names):
            self._session.do(f"DROP TEMPORARY TABLE IF EXISTS {_quoted(each)}")

    def cost(self, sql: str) -> int | None:
        """Return about how many bytes of tables the server means to read; `None` where it can't tell.

        Of a table, all columns count, in the share of its rows that the server's index leaves.
        """
        scans = self._session.run(f"EXPLAIN ESTIMATE {sql}")
        return sum(self._size(row["database"], row["table"], int(row["rows"])) for row in scans) if scans else None

    def _size(self, database: str, table: str, rows: int) -> int:
        where = f"database = {_literal(database)} AND name = {_literal(table)}"
        (found,) = self._session.run(f"SELECT total_rows, total_bytes FROM system.tables WHERE {where}")  # noqa: S608 - quoted
        whole = int(found["total_rows"] or 0)
        return round(int(found["total_bytes"] or 0) * min(1.0, rows / whole)) if whole else 0

    def cancel(self) -> None:
        """End what is running on the server, from another thread; temporary tables go with their answer."""
        self._session.cancel()

    def close(self) -> None:
        """Let go of the connection."""
        self._session.close()

    def keep(self, name: str, sql: str) -> bool:
        """Keep the rows of a SELECT as a table of the database `twyman`, in place of one that was there.

        It is filled under a draft's name and then renamed: who is killed before leaves the draft, which is listed.

        Raises:
            Refused: If the data don't fit the statement.
            Unavailable: If the server gave out.
        """
        draft = f"{_DRAFT}{secrets.token_hex(6)}"
        if not self._may(f"CREATE TABLE {_own(draft)} ENGINE = MergeTree ORDER BY tuple() AS {sql}"):
            return False
        if self.own(name) is None:
            self._session.change(f"RENAME TABLE {_own(draft)} TO {_own(name)}")
        else:
            self._session.change(f"EXCHANGE TABLES {_own(draft)} AND {_own(name)}")
            self.drop(draft)
        return True

    def own(self, name: str) -> exp.Expr | None:
        """Return a table of our own."""
        there = any(one.name == name for one in self.kept())
        return exp.table_(name, OWN, quoted=True) if there else None

    def kept(self) -> list[Kept]:
        """Return the tables of our own, and drafts that a killed process left behind."""
        asked = f"SELECT name, total_rows, total_bytes FROM system.tables WHERE database = '{OWN}' ORDER BY name"  # noqa: S608 - ours
        found = self._session.run(asked)
        return [Kept(row["name"], row["total_rows"], row["total_bytes"]) for row in found if row["name"] != BOOKS]

    def drop(self, name: str) -> None:
        """Drop a table of our own."""
        if self.own(name) is not None:
            self._session.change(f"DROP TABLE IF EXISTS {_own(name)} SYNC")

    def write(self, book: str, number: int, document: bytes) -> bool:
        """Write an entry of a book.

        ClickHouse has no keys that make two writers take turns. Each says who it is and looks again: whoever then sees
        another takes its own back, so that never two are believed.

        Raises:
            Conflict: If an entry of this number is there already.
            Unavailable: If the server gave out.
        """
        columns = "book String, number Int32, document String, writer String, written_at DateTime64(3) DEFAULT now64(3)"
        if not self._may(f"CREATE TABLE IF NOT EXISTS {_BOOKS} ({columns}) ENGINE = MergeTree ORDER BY (book, number)"):
            return False
        me = secrets.token_hex(12)
        if not self._writers(book, number):
            try:
                row = (book, number, document.decode(), me)
                self._session.insert(_BOOKS, ("book", "number", "document", "writer"), row)
            except Refused as error:
                if may_not(error):
                    return False
                raise
            if self._writers(book, number) == [me]:
                return True
            self._delete(book, number, f" AND writer = {_literal(me)}")
        raise Conflict(
            f"entry {number} of '{book}' is written already: entries are never rewritten; write the next one"
        )

    def _writers(self, book: str, number: int) -> list[str]:
        asked = f"SELECT writer FROM {_BOOKS} WHERE book = {_literal(book)} AND number = {number}"  # noqa: S608 - quoted
        return [row["writer"] for row in self._session.run(asked)]

    def entries(self, book: str) -> list[tuple[int, bytes]]:
        """Return the entries of a book, in order."""
        if not self._has_books():
            return []
        asked = f"SELECT number, document FROM {_BOOKS} WHERE book = {_literal(book)} ORDER BY number"  # noqa: S608 - quoted
        return [(row["number"], row["document"].encode()) for row in self._session.run(asked)]

    def books(self) -> list[str]:
        """Return the names of the books that hold an entry."""
        if not self._has_books():
            return []
        return [row["book"] for row in self._session.run(f"SELECT DISTINCT book FROM {_BOOKS} ORDER BY book")]  # noqa: S608

    def strike(self, book: str, number: int) -> None:
        """Take an entry out."""
        if self._has_books():
            self._delete(book, number)

    def _delete(self, book: str, number: int, also: str = "") -> None:
        where = f"book = {_literal(book)} AND number = {number}{also}"
        self._session.change(f"ALTER TABLE {_BOOKS} DELETE WHERE {where} SETTINGS mutations_sync = 2")

    def _has_books(self) -> bool:
        asked = f"SELECT 1 AS one FROM system.tables WHERE database = '{OWN}' AND name = '{BOOKS}'"  # noqa: S608 - ours
        return bool(self._session.run(asked))

    def _may(self, sql: str) -> bool:
        """Run a statement that makes a table in our database, made where it isn't there; return whether that may be."""
        try:
            self._session.change(f"CREATE DATABASE IF NOT EXISTS {OWN}")
            self._session.change(sql)
        except Refused as error:
            if may_not(error):
                return False
            raise
        return True


def _own(title: str) -> str:
    return f"{OWN}.{_quoted(title)}"


def _quoted(title: str) -> str:
    return exp.to_identifier(title, quoted=True).sql(dialect=DIALECT.printer)


def _literal(text: str) -> str:
    return exp.Literal.string(text).sql(dialect=DIALECT.printer)


def _parts(title: str) -> tuple[str, str]:
    try:
        named = exp.to_table(title, dialect=DIALECT.printer)
    except SqlglotError:
        return "", title
    return named.db, named.name
