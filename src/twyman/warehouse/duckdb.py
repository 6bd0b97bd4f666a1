"""DuckDB over Parquet, text files, database files and tables in memory: the warehouse by default."""

from collections.abc import Mapping
from pathlib import Path

import duckdb

from twyman.app.ports import Extent, Measured, Question
from twyman.experiments.experiment import Entry
from twyman.warehouse.aggregates import compiled_counts, extent_of_counts, measured_counts
from twyman.warehouse.answer import aware, measured
from twyman.warehouse.compile import compiled_exposures, metrics_of
from twyman.warehouse.engine import Engine
from twyman.warehouse.extent import extent_of
from twyman.warehouse.model import CELLS, PART, SEEN, Statement
from twyman.warehouse.refusals import refuse_all_null, refuse_conflicts, refuse_empty, refuse_not_finite
from twyman.warehouse.syntax import printed
from twyman.warehouse.units import compiled_units


class DuckDB:
    """Fulfils `twyman.app.ports.Warehouse`.

    Args:
        path: Folder that file names start from, or a database file; `None`: the current folder.
        zone: Not used for questions, which bring their own.
        frames: Tables held in memory, by the name that definitions call them.
    """

    def __init__(
        self, path: str | Path | None = None, *, zone: str = "UTC", frames: Mapping[str, object] | None = None
    ) -> None:
        self.zone = zone
        self._path = Path(path) if path is not None else None
        self._engine = Engine(self._path, frames or {})

    @property
    def engine(self) -> str:
        """Name and version of the engine."""
        return f"duckdb {duckdb.__version__}"

    def extent(self, question: Question) -> Extent:
        """Say from when to when the data run; a table of units has no dates.

        Raises:
            NotFound: If a source or its table isn't there.
            Invalid: If a column isn't, or tells no time.
        """
        match question.experiment.entry:
            case Entry.EXPOSURES:
                return extent_of(self._engine, question, metrics_of(question))
            case Entry.UNITS:
                return Extent()
            case Entry.AGGREGATES:
                counts = compiled_counts(self._engine, question, metrics_of(question))
                return extent_of_counts(counts, self._engine.rows(printed(counts.query)))

    def measure(self, question: Question) -> Measured:
        """Reduce the data to moments, at the question's cut-off.

        Raises:
            NotFound: If a source or its table isn't there.
            Invalid: If a definition doesn't fit the data, or nobody entered.
            Unavailable: If the engine gave out.
        """
        if question.experiment.entry is Entry.AGGREGATES:
            counts = compiled_counts(self._engine, question, metrics_of(question))
            sql = printed(counts.query)
            return measured_counts(counts, self._engine.rows(sql), sql)
        statement = self._compiled(question)
        sql = printed(statement.query)
        rows = self._engine.rows(sql)
        refuse_conflicts(question, rows)
        refuse_not_finite(self._engine, statement, rows)
        older = [row["source"] for row in rows if row[PART] == SEEN and row["last_at"] is None]
        latest = {source: printed(statement.latest[source]) for source in older}
        last = {source: aware(self._engine.rows(query)[0]["last_at"]) for source, query in latest.items()}
        found = measured(statement, rows, (sql, *latest.values()), last)
        refuse_empty(self._engine, question, statement, found)
        refuse_all_null(self._engine, statement, [row for row in rows if row[PART] == CELLS])
        return found

    def sql(self, question: Question) -> tuple[str, ...]:
        """Return the statement that `measure` would run."""
        if question.experiment.entry is Entry.AGGREGATES:
            return (printed(compiled_counts(self._engine, question, metrics_of(question)).query),)
        return (printed(self._compiled(question).query),)

    def _compiled(self, question: Question) -> Statement:
        if question.experiment.entry is Entry.UNITS:
            return compiled_units(self._engine, question, metrics_of(question))
        return compiled_exposures(self._engine, question)
