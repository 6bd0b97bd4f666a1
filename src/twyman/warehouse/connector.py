"""The port through which a statement reaches an engine: anybody can write a connector to theirs.

A connector knows its engine's driver and its types, and nothing of experiments. What a statement says is
decided above it, as a tree; how the engine spells that is its dialect; and only rows of moments come back.
`twyman.testing` holds the suite that a connector must pass.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

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
        """Return how many bytes a SELECT would scan; `None` where the engine doesn't tell."""
        ...

    def cancel(self) -> None:
        """End what is running, from another thread; nothing stays behind."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
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
