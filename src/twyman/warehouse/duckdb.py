"""DuckDB over Parquet, text files, database files and tables in memory: the warehouse by default."""

from collections.abc import Mapping
from pathlib import Path

import duckdb

from twyman.app.ports import Extent, Measured, Question
from twyman.experiments.experiment import Entry
from twyman.warehouse.answer import measured
from twyman.warehouse.compile import compiled_exposures, metrics_of
from twyman.warehouse.engine import Engine
from twyman.warehouse.extent import extent_of
from twyman.warehouse.model import Statement
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
        """Say from when to when the data run."""
        if question.experiment.entry is Entry.EXPOSURES:
            return extent_of(self._engine, question, metrics_of(question))
        return Extent()

    def measure(self, question: Question) -> Measured:
        """Reduce the data to moments, at the question's cut-off."""
        statement = self._compiled(question)
        sql = printed(statement.query)
        return measured(statement, self._engine.rows(sql), sql)

    def sql(self, question: Question) -> tuple[str, ...]:
        """Return the statements that `measure` would run."""
        return (printed(self._compiled(question).query),)

    def _compiled(self, question: Question) -> Statement:
        match question.experiment.entry:
            case Entry.EXPOSURES:
                return compiled_exposures(self._engine, question)
            case Entry.UNITS:
                return compiled_units(self._engine, question, metrics_of(question))
            case Entry.AGGREGATES:
                raise NotImplementedError
