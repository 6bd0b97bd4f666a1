"""One small experiment that every test here bends to its purpose."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import pyarrow as pa
import pytest

from twyman.app.ports import Cell, Cutoff, Measured, Question
from twyman.experiments.experiment import Arm, Entry, Experiment, Role, Tracked
from twyman.kernel.place import Origin
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Aggregate, FactValue, Mean, Metric
from twyman.metrics.source import ExposureSource, FactSource, Frame, Source, Table, Timestamp
from twyman.stats.moments import Moments
from twyman.warehouse.duckdb import DuckDB

NOON = datetime(2024, 3, 4, 12, tzinfo=UTC)
DAY = timedelta(days=1)
EXPOSED = pa.schema([("user_id", pa.int64()), ("arm", pa.string()), ("at", pa.timestamp("us")), ("bot", pa.bool_())])
PLAYED = pa.schema(
    [("user_id", pa.int64()), ("at", pa.timestamp("us")), ("ms", pa.float64()), ("loaded", pa.timestamp("us"))]
)


def naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def arrow(schema: pa.Schema, rows: list[tuple[Any, ...]]) -> pa.Table:
    """Rows as an Arrow table; times as they would stand in a zoneless column in UTC."""
    padded = [(*row, *[None] * (len(schema) - len(row))) for row in rows]
    plain = [[naive(value) if isinstance(value, datetime) else value for value in row] for row in padded]
    columns = list(zip(*plain, strict=True)) if plain else [[] for _ in schema]
    return pa.table([pa.array(list(column), kind.type) for column, kind in zip(columns, schema, strict=True)], schema)


@dataclass(frozen=True)
class Scene:
    """An experiment with two arms, its exposures and its plays, held in memory."""

    exposed: list[tuple[Any, ...]] = field(default_factory=list)
    played: list[tuple[Any, ...]] = field(default_factory=list)
    metrics: tuple[Metric, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)
    experiment: Mapping[str, Any] = field(default_factory=dict)
    exposures: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    cutoff: datetime | None = NOON + 60 * DAY
    arrivals: datetime | None = None
    zone: str = "UTC"
    path: Any = None

    def question(self) -> Question:
        exposures = ExposureSource(
            name="exposures",
            relation=Frame(arrow(EXPOSED, self.exposed)),
            entities={"user": "user_id"},
            timestamp=Timestamp("at"),
            arm="arm",
            origin=Origin("exposures.yaml", {"": 1, "where": 9, "timestamp": 5, "arm": 6}),
        )
        facts = FactSource(
            name="plays",
            relation=Frame(arrow(PLAYED, self.played)),
            entities={"user": "user_id"},
            timestamp=Timestamp("at"),
            measures={"seconds": "ms / 1000"},
            origin=Origin("plays.yaml", {"": 1, "table": 3, "timestamp": 5, "measures.seconds": 7, "sql": 4}),
        )
        sources = {"exposures": replace(exposures, **self.exposures), "plays": replace(facts, **self.facts)}
        experiment = Experiment(
            name="e",
            arms=(Arm("control", 0.5, control=True), Arm("treatment", 0.5)),
            tracked=tuple(Tracked(metric=metric.name, role=Role.SUCCESS) for metric in self.metrics),
            entry=Entry.EXPOSURES,
            source="exposures",
            entity="user",
            origin=Origin("e.yaml", {"": 1, "exposures": 8, "arms": 5, "dimensions": 11, "units": 8, "aggregates": 8}),
        )
        cutoff = Cutoff(self.cutoff, self.arrivals or self.cutoff + DAY) if self.cutoff else None
        return Question(
            experiment=replace(experiment, **self.experiment),
            catalogue=Catalogue({"user": "integer"}, sources | self.sources, {one.name: one for one in self.metrics}),
            zone=self.zone,
            cutoff=cutoff,
        )

    def measure(self) -> Measured:
        return DuckDB(self.path).measure(self.question()) if self.path else self._measured

    @cached_property
    def _measured(self) -> Measured:
        """What is in memory stays as it is, so that it is measured once, however often a test asks."""
        return DuckDB().measure(self.question())

    def moments(self, arm: str = "treatment", metric: str = "") -> Moments:
        return self.measure().cells[Cell(metric or self.metrics[0].name, arm)]

    def values(self, arm: str = "treatment") -> tuple[int, float]:
        """How many units of an arm were measured, and their sum."""
        found = self.moments(arm)
        return found.count, round(found.count * float(found.means[0]), 6)


def plays(aggregate: Aggregate = Aggregate.COUNT, column: str | None = None, **more: Any) -> FactValue:
    return FactValue("plays", aggregate, column, **more)


def mean(value: FactValue | None = None, **more: Any) -> Metric:
    return Metric(
        name="m",
        kind=Mean(value or plays()),
        origin=Origin("m.yaml", {"": 1, "value": 7, "facts": 5, "cuped": 9}),
        **more,
    )


@pytest.fixture(scope="session")
def scene() -> Callable[..., Scene]:
    return Scene


@pytest.fixture(scope="session")
def metric() -> Callable[..., Metric]:
    return mean


@pytest.fixture(scope="session")
def count_of() -> Callable[..., FactValue]:
    return plays


@pytest.fixture(scope="session")
def table() -> Callable[[str], Table]:
    return Table
