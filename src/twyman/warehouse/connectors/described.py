"""An engine that isn't there, known by its dialect and by what its tables hold: statements are written, and not run."""

from collections.abc import Mapping
from pathlib import Path

from sqlglot import exp

from twyman.warehouse.connector import Connector, Refused, Row
from twyman.warehouse.connectors.duckdb import DuckDBConnector
from twyman.warehouse.dialects.dialect import Dialect

Columns = Mapping[str, str]
"""Types by column, in the words of definitions."""


class DescribedConnector:
    """Fulfils `twyman.warehouse.connector.Connector` as far as writing goes.

    Args:
        dialect: Of the engine.
        tables: What each table holds.
    """

    def __init__(self, dialect: Dialect, tables: Mapping[str, Columns]) -> None:
        self._dialect = dialect
        self._tables = dict(tables)
        self.blank: Connector = _blank(tables)

    @property
    def engine(self) -> str:
        """Name of the engine; it has no version here."""
        return f"{self._dialect.name} (not executed here)"

    @property
    def dialect(self) -> Dialect:
        """The engine's."""
        return self._dialect

    @property
    def files(self) -> Path | None:
        """There are tables only."""
        return None

    def rows(self, sql: str) -> list[Row]:
        """Run nothing.

        Raises:
            Refused: Always.
        """
        del sql
        raise Refused(f"{self._dialect.name} is not executed here: run what `twyman sql` writes")

    def types(self, sql: str) -> dict[str, str]:
        """Tell nothing: types come from `blank`.

        Raises:
            Refused: Always.
        """
        return dict(self.rows(sql)[0])

    def tables(self) -> list[str]:
        """Return the names of the tables described."""
        return list(self._tables)

    def item(self, title: str) -> exp.Expr | None:
        """Return a table that is described."""
        return exp.to_table(title) if title in self._tables else None

    def register(self, name: str, data: object) -> None:
        """Take no table held in memory.

        Raises:
            Refused: Always.
        """
        del data
        self.rows(name)

    def cost(self, sql: str) -> int | None:
        """Nobody tells."""
        del sql
        return None

    def cancel(self) -> None:
        """Nothing runs."""

    def close(self) -> None:
        """Let go of the empty tables."""
        self.blank.close()


def _blank(tables: Mapping[str, Columns]) -> Connector:
    made = DuckDBConnector()
    for title, columns in tables.items():
        named = exp.to_table(title)
        if named.db:
            made.rows(f"CREATE SCHEMA IF NOT EXISTS {_quoted(named.db)}")
        listed = ", ".join(
            f"{_quoted(name)} {exp.DataType.build(kind, dialect='duckdb').sql('duckdb')}"
            for name, kind in columns.items()
        )
        made.rows(f"CREATE TABLE {named.sql('duckdb')} ({listed})")
    return made


def _quoted(name: str) -> str:
    return exp.to_identifier(name, quoted=True).sql("duckdb")
