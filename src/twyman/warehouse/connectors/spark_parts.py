"""Named parts of a statement, which Spark would compute anew wherever they are named: computed once, then let go.

A view of a statement's text is read, resolved and planned again by each that names it, and by each that names those:
a view of a frame is resolved once, so that what is planned grows with the parts and not with their product.
"""

import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from twyman.kernel.errors import TwymanError
from twyman.warehouse.connector import Refused, Row
from twyman.warehouse.connectors.spark_keeping import SCHEMA, STAGE, named
from twyman.warehouse.connectors.spark_session import Session, quoted

Ask = Callable[[str], list[Row]]


class Parts(Protocol):
    """Where parts are, for as long as an answer takes."""

    def keep(self, name: str, sql: str) -> None:
        """Make the rows of a SELECT known by a name."""
        ...

    def forget(self, name: str) -> None:
        """Let go of them, and of the name; nothing happens where there is neither."""
        ...


class Cached:
    """Parts as views that Spark keeps in its workers' memory, and on their disks where that is full.

    The first that reads one computes it; a worker that is lost is made up for by computing its share again.

    Args:
        session: Where the views are.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def keep(self, name: str, sql: str) -> None:
        """Make the rows of a SELECT known by a name."""
        with self._session.asked():
            self._session.view(self._session.spark.sql(sql).where(_of_nobody_else()), name)
            self._session.spark.table(quoted(name)).persist()

    def forget(self, name: str) -> None:
        """Let go of them, and of the name."""
        with suppress(Refused), self._session.asked():
            self._session.spark.table(quoted(name)).unpersist()
            self._session.spark.catalog.dropTempView(name)


def _of_nobody_else() -> str:
    """Return a condition that always holds, and is like no other.

    All sessions of a server share what it keeps, by what it was computed from: of a folder, that is its name. Without
    a mark, one would be given what another read before files were added.
    """
    mark = secrets.token_hex(8)
    return f"'{mark}' = '{mark}'"


class Written:
    """Parts as tables in the schema `twyman`, for Sail, which keeps no views in memory.

    Args:
        ask: Runs a statement.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._tables: dict[str, str] = {}

    def keep(self, name: str, sql: str) -> None:
        """Make the rows of a SELECT known by a name."""
        table = f"{SCHEMA}.{named(STAGE + secrets.token_hex(6))}"
        if not self._tables:
            self._ask(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        self._tables[name] = table
        self._ask(f"CREATE TABLE {table} USING parquet AS {sql}")
        self._ask(f"CREATE OR REPLACE TEMPORARY VIEW {quoted(name)} AS SELECT * FROM {table}")  # noqa: S608 - ours

    def forget(self, name: str) -> None:
        """Let go of them, and of the name."""
        if (table := self._tables.pop(name, None)) is not None:
            self._ask(f"DROP TABLE IF EXISTS {table}")
        self._ask(f"DROP VIEW IF EXISTS {quoted(name)}")


def forgotten(parts: Parts, names: list[str]) -> None:
    """Let go of parts, last first, whatever becomes of any of them.

    Raises:
        TwymanError: What the first that failed said.
    """
    failed: TwymanError | None = None
    for name in reversed(names):
        try:
            parts.forget(name)
        except TwymanError as error:
            failed = failed or error
    if failed is not None:
        raise failed
