"""Keeps what units got in a table of any database that Python's DB-API reaches."""

import os
import re
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from twyman.flags.evaluation import Kept
from twyman.kernel.errors import Invalid

Connect = Callable[[], Any]
"""Opens a connection of DB-API 2.0."""
_MARKS = {"qmark": "?", "format": "%s", "pyformat": "%s"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?")


class SqlStore:
    """A store in a table, which is made where it is missing.

    Connections are kept for whichever thread asks next, as many as ask at once; a forked child opens its own.

    Args:
        connect: Opens a connection.
        paramstyle: How the driver marks parameters: `qmark` (SQLite, DuckDB) or `format` (psycopg).
        table: The table's name, with its schema if need be.

    Example:
        >>> store = SqlStore.sqlite(":memory:")
        >>> store.keep([Kept("page", "u-1", "ab", "new"), Kept("page", "u-1", "ab", "old")])
        >>> store.variant("page", "u-1", "ab"), store.holds("page", "u-2")
        ('new', False)
        >>> store.close()
    """

    def __init__(self, connect: Connect, *, paramstyle: str = "qmark", table: str = "twyman_sticky") -> None:
        if paramstyle not in _MARKS:
            raise Invalid(f"paramstyle '{paramstyle}' isn't supported: a driver of {', '.join(_MARKS)} is")
        if not _NAME.fullmatch(table):
            raise Invalid(f"table '{table}' isn't a name: write letters, digits and underscores")
        self._connect = connect
        self._mark = _MARKS[paramstyle]
        self._table = table
        self._idle: list[Any] = []
        self._parents: list[Any] = []
        self._pid = os.getpid()

    @classmethod
    def sqlite(cls, path: str | Path, *, table: str = "twyman_sticky", timeout: float = 5.0) -> "SqlStore":
        """Return a store in a file of SQLite, for the processes of one machine.

        Args:
            path: The file.
            table: The table's name.
            timeout: Seconds to wait for a file that another has locked.
        """
        return cls(lambda: sqlite3.connect(path, timeout=timeout, check_same_thread=False), table=table)

    def variant(self, store: str, unit: str, rule: str) -> str | None:
        """Return the variant kept."""
        row = self._row("variant", "store = ? AND unit = ? AND rule = ?", (store, unit, rule))
        return None if row is None else cast("str", row[0])

    def holds(self, store: str, unit: str) -> bool:
        """Say whether anything is kept for a unit."""
        return self._row("1", "store = ? AND unit = ?", (store, unit)) is not None

    def keep(self, records: Sequence[Kept]) -> None:
        """Keep what isn't kept yet; all of it, or none."""
        values = [(each.store, each.unit, each.rule, each.variant) for each in sorted(records, key=_key)]
        insert = f"INSERT INTO {self._table} (store, unit, rule, variant) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"  # noqa: S608 - the name is checked

        def put(cursor: Any) -> None:  # noqa: ANN401 - DB-API is untyped
            cursor.executemany(self._sql(insert), values)

        self._done(put)

    def close(self) -> None:
        """Close the connections that nobody uses just now; the next question opens one again."""
        while self._idle:
            self._idle.pop().close()

    def _row(self, column: str, condition: str, values: tuple[str, ...]) -> Any:  # noqa: ANN401
        select = f"SELECT {column} FROM {self._table} WHERE {condition} LIMIT 1"  # noqa: S608 - the name is checked

        def read(cursor: Any) -> Any:  # noqa: ANN401
            cursor.execute(self._sql(select), values)
            return cursor.fetchone()

        return self._done(read)

    def _done(self, work: Callable[[Any], Any]) -> Any:  # noqa: ANN401
        """Do something in a transaction; after a fault the connection is given up, and the next one is new."""
        connection = self._connection()
        try:
            cursor = connection.cursor()
            found = work(cursor)
            cursor.close()
            connection.commit()
        except Exception:
            _give_up(connection)
            raise
        self._idle.append(connection)
        return found

    def _connection(self) -> Any:  # noqa: ANN401
        if self._pid != os.getpid():
            self._parents += self._idle  # kept, and never closed: to close them here would close the parent's, too
            self._idle, self._pid = [], os.getpid()
        try:
            return self._idle.pop()
        except IndexError:
            connection = self._connect()
        try:
            self._make_table(connection)
        except Exception:
            _give_up(connection)
            raise
        return connection

    def _make_table(self, connection: Any) -> None:  # noqa: ANN401
        """Make the table unless it is there: asking first needs no right to make any, and another may be faster."""
        if self._has_table(connection):
            return
        columns = ", ".join(f"{name} VARCHAR(255) NOT NULL" for name in ("store", "unit", "rule", "variant"))
        cursor = connection.cursor()
        try:
            cursor.execute(f"CREATE TABLE IF NOT EXISTS {self._table} ({columns}, PRIMARY KEY (store, unit, rule))")
            connection.commit()
        except Exception:
            connection.rollback()
            if not self._has_table(connection):
                raise
        finally:
            cursor.close()

    def _has_table(self, connection: Any) -> bool:  # noqa: ANN401
        cursor = connection.cursor()
        try:
            cursor.execute(f"SELECT 1 FROM {self._table} WHERE 1 = 0")  # noqa: S608 - the name is checked
        except Exception:  # noqa: BLE001 - every driver has its own error for a missing table
            return False
        finally:
            cursor.close()
            connection.rollback()
        return True

    def _sql(self, statement: str) -> str:
        return statement.replace("?", self._mark)


def _give_up(connection: Any) -> None:  # noqa: ANN401
    """Close a connection that may be broken already."""
    with suppress(Exception):
        connection.rollback()
    with suppress(Exception):
        connection.close()


def _key(record: Kept) -> tuple[str, str, str]:
    """One order for all writers, so that two of them never wait for each other in a circle."""
    return record.store, record.unit, record.rule
