"""Show the SQL that an analysis would run, and what it would read, and run none of it."""

from dataclasses import dataclass, replace
from datetime import datetime

from twyman.app.ports import Question, Warehouse
from twyman.app.timeline import timeline
from twyman.experiments.experiment import Entry, Experiment
from twyman.kernel.time import Clock
from twyman.metrics.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Explained:
    """One statement.

    Attributes:
        sql: What would run.
        reads: Bytes it would read, at most; `None` where the engine can't tell.
    """

    sql: str
    reads: int | None = None


@dataclass(frozen=True, slots=True)
class ExplainSql:
    """Show the statements of the reading that `analyze` would take."""

    warehouse: Warehouse
    clock: Clock

    def __call__(
        self, experiment: Experiment, catalogue: Catalogue, *, zone: str = "UTC", as_of: datetime | None = None
    ) -> tuple[str, ...]:
        """Return the statements, in the order in which they would run."""
        question = Question(experiment=experiment, catalogue=catalogue, zone=zone)
        if experiment.entry is Entry.EXPOSURES:
            extent = self.warehouse.extent(question)
            line = timeline(experiment, catalogue, extent, as_of=as_of, clock=self.clock, zone=zone)
            question = replace(question, cutoff=line.reading)
        return self.warehouse.sql(question)

    def costs(
        self, experiment: Experiment, catalogue: Catalogue, *, zone: str = "UTC", as_of: datetime | None = None
    ) -> tuple[Explained, ...]:
        """Return the statements, in the order in which they would run, each with the bytes it would read."""
        statements = self(experiment, catalogue, zone=zone, as_of=as_of)
        return tuple(Explained(sql, self.warehouse.cost(sql)) for sql in statements)
