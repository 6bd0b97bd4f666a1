"""The port through which a statement reaches an engine: anybody can write a connector to theirs.

A connector knows its engine's driver and its types, and nothing of experiments. What a statement says is
decided above it, as a tree; how the engine spells that is its dialect; and only rows of moments come back.
`twyman.testing` holds the suite that a connector must pass.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from twyman.warehouse.dialects.dialect import Dialect

Row = Mapping[str, Any]
"""One row of an answer, by column."""


class Refused(Exception):
    """What an engine says against a statement: the data, or the definition, don't fit it.

    Its text is the engine's own first line, without prefixes that say nothing to a user, and without
    anything of the connection: no address, no name, no password.
    """


class Connector(Protocol):
    """One connection to an engine that holds the user's data.

    Types are told in the words of the definitions' dialect: `BOOLEAN, BIGINT, DOUBLE, DECIMAL(p,s), VARCHAR,
    DATE, TIMESTAMP` (a clock on the wall), `TIMESTAMP WITH TIME ZONE` (an instant); others as the engine has them.
    """

    @property
    def engine(self) -> str:
        """Name and version of the engine, as in `duckdb 2.0.0`."""
        ...

    @property
    def dialect(self) -> Dialect:
        """How it spells our words."""
        ...

    @property
    def files(self) -> Path | None:
        """The folder that file names start from; `None` where sources are tables only."""
        ...

    def rows(self, sql: str) -> list[Row]:
        """Run one SELECT and return its rows.

        Raises:
            Refused: If the engine can't make sense of it, or the data don't fit it.
            Unavailable: If the engine doesn't answer, gives up, or takes longer than it may.
        """
        ...

    def types(self, sql: str) -> dict[str, str]:
        """Return the type of each column that a SELECT would give, without running it.

        Raises:
            Refused: If the engine can't make sense of it.
            Unavailable: If the engine doesn't answer.
        """
        ...

    def tables(self) -> list[str]:
        """Return the names of the tables and views at hand."""
        ...

    def item(self, title: str) -> exp.Expr | None:
        """Return what stands in FROM for the table of a name; `None` if there is no such table."""
        ...

    def register(self, name: str, data: object) -> None:
        """Make a table held in memory known by a name.

        Raises:
            Refused: If it is no table that the engine reads.
        """
        ...

    def cost(self, sql: str) -> int | None:
        """Return how many bytes a SELECT would scan, at most; `None` where the engine doesn't tell.

        Raises:
            Refused: If the engine can't make sense of it.
        """
        ...

    def cancel(self) -> None:
        """End what is running, from another thread; nothing stays behind."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


@runtime_checkable
class Streaming(Protocol):
    """A connector that gives the rows of a SELECT a batch at a time, so that no table has to fit in memory."""

    def batches(self, sql: str) -> Iterable[Sequence[Row]]:
        """Run one SELECT and give its rows as they come; the next statement may end it.

        Raises:
            Refused: If the data don't fit the statement.
            Unavailable: If the engine gave out, or took longer than it may.
        """
        ...


@runtime_checkable
class InProcess(Protocol):
    """A connector to an engine in our own process: a column of numbers is handed over whole, and never as rows."""

    def array(self, sql: str) -> NDArray[np.uint64]:
        """Run a SELECT of one column, of whole numbers from 0 to 2^64 - 1 and none missing, and return its values.

        Raises:
            Refused: If the data don't fit the statement.
            Unavailable: If the engine gave out, or took longer than it may.
        """
        ...


@runtime_checkable
class Blank(Protocol):
    """A connector to an engine that isn't there: statements are written for it, and somebody else runs them."""

    @property
    def blank(self) -> Connector:
        """An engine at hand, with the same tables and no rows: it tells types."""
        ...


@runtime_checkable
class Staging(Protocol):
    """A connector to an engine that computes a named part of a statement anew wherever it is named.

    There each part becomes a temporary table, so that no table of facts is read twice.
    """

    def stage(self, name: str, sql: str) -> None:
        """Keep the rows of a SELECT under a name, for this session."""
        ...

    def unstage(self, names: Sequence[str]) -> None:
        """Forget them, last first."""
        ...


@dataclass(frozen=True, slots=True)
class Scan:
    """Between which times a row of a table can matter, zoneless and in UTC, and which of its columns tells that."""

    time: str
    start: datetime
    end: datetime


@runtime_checkable
class Lake(Protocol):
    """A connector that reads tables of an Iceberg catalogue by what their snapshots say."""

    def iceberg(self, title: str, scan: Scan) -> exp.Expr:
        """Return what stands in FROM for a table of the catalogue, at the snapshot that this connection reads.

        Raises:
            NotFound: If there is no such catalogue, or no such table in it.
            Invalid: If what reads it isn't installed.
            Unavailable: If the catalogue doesn't answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """A table of Twyman's own: its name, and how much it holds where the engine tells."""

    name: str
    rows: int | None = None
    size: int | None = None


@runtime_checkable
class Keeping(Protocol):
    """A connector that can keep tables of Twyman's own beside the user's data: in a schema, or folder, `twyman`.

    Tables are intermediate: whoever drops them loses time and nothing else. What is written in books (looks,
    and which tables make up a state) is a record: numbered, and never rewritten.
    """

    def keep(self, name: str, sql: str) -> bool:
        """Keep the rows of a SELECT as a table: whole or not at all, also where the process is killed.

        Returns:
            Whether tables may be kept here; a place that is only read keeps none.

        Raises:
            Refused: If the data don't fit the statement.
            Unavailable: If the engine or a disk gave out.
        """
        ...

    def own(self, name: str) -> exp.Expr | None:
        """Return what stands in FROM for a table of our own; `None` if there is none of that name."""
        ...

    def kept(self) -> list[Kept]:
        """Return the tables of our own."""
        ...

    def drop(self, name: str) -> None:
        """Drop a table of our own; nothing happens where there is none."""
        ...

    def write(self, book: str, number: int, document: bytes) -> bool:
        """Write an entry of a book; return whether books may be written here.

        Args:
            book: Its name, as in `looks/moment-page`.
            number: From 0; each is written once.
            document: JSON.

        Raises:
            Conflict: If an entry of this number is there already.
            Unavailable: If the engine or a disk gave out.
        """
        ...

    def entries(self, book: str) -> list[tuple[int, bytes]]:
        """Return the entries of a book, in order."""
        ...

    def books(self) -> list[str]:
        """Return the names of the books."""
        ...

    def strike(self, book: str, number: int) -> None:
        """Take an entry out: of a book that says what tables there are, never of looks."""
        ...
