"""What is read piece by piece comes to the same as what is read at once, in whatever order it arrives."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings, strategies as st

from twyman.app.ports import Cutoff, Measured, Question
from twyman.experiments.experiment import Arm, Entry, Experiment, Role, Tracked
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Adjustment, Aggregate, Cap, FactValue, Mean, Metric, Proportion, Ratio, Window
from twyman.metrics.source import ExposureSource, FactSource, Table, Timestamp
from twyman.warehouse.connectors.duckdb import DuckDBConnector
from twyman.warehouse.duckdb import DuckDB
from twyman.warehouse.state.history import MOST_TABLES
from twyman.warehouse.state.ledger import LIVING

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
START = datetime(2024, 3, 4, tzinfo=UTC)
SUM, COUNT = FactValue("plays", Aggregate.SUM, "ms"), FactValue("plays", Aggregate.COUNT, "*")
METRICS = {
    metric.name: metric
    for metric in (
        Metric(name="minutes", kind=Mean(SUM), window=Window(length=3 * DAY), adjustment=Adjustment(4 * DAY)),
        Metric(name="capped", kind=Mean(COUNT), window=Window(length=2 * DAY), cap=Cap(percentile=90)),
        Metric(name="any", kind=Proportion(COUNT), window=Window(DAY, 2 * DAY)),
        Metric(name="long", kind=Ratio(FactValue("plays", Aggregate.MAX, "ms"), COUNT), window=Window(length=5 * DAY)),
        Metric(name="kinds", kind=Mean(FactValue("plays", Aggregate.COUNT_DISTINCT, "kind")), window=Window()),
        Metric(name="first", kind=Mean(FactValue("plays", Aggregate.FIRST, "ms")), window=Window(length=3 * DAY)),
        Metric(name="last", kind=Mean(FactValue("plays", Aggregate.LAST, "ms")), window=Window(DAY, 3 * DAY)),
    )
}
FOLDED = ("minutes", "capped", "any", "long", "first", "last")
"""Metrics of which all that is wanted merges; the others make a source one that is computed anew from its history."""
EXPOSED = pa.schema([("user_id", pa.int64()), ("arm", pa.string()), ("at", pa.timestamp("us"))])
PLAYED = pa.schema([("user_id", pa.int64()), ("at", pa.timestamp("us")), ("ms", pa.int64()), ("kind", pa.string()),
                    ("loaded", pa.timestamp("us"))])  # fmt: skip


def question(days: float, metrics: tuple[str, ...] = FOLDED, *, arrived: bool = True) -> Question:
    user, end = {"user": "user_id"}, START + days * DAY
    exposures = ExposureSource(
        name="exposures", relation=Table("exposures/*.parquet"), entities=user, timestamp=Timestamp("at"), arm="arm"
    )
    plays = FactSource(
        name="plays",
        relation=Table("plays/*.parquet"),
        entities=user,
        timestamp=Timestamp("at"),
        arrived="loaded" if arrived else None,
    )
    experiment = Experiment(
        name="moment-page",
        arms=(Arm("control", 0.5, control=True), Arm("moments", 0.5)),
        tracked=tuple(Tracked(metric=name, role=Role.SUCCESS) for name in metrics),
        entry=Entry.EXPOSURES,
        source="exposures",
        entity="user",
        enrol_from=START,
    )
    chosen = {name: METRICS[name] for name in metrics}
    catalogue = Catalogue(sources={"exposures": exposures, "plays": plays}, metrics=chosen)
    return Question(experiment=experiment, catalogue=catalogue, cutoff=Cutoff(end, end))


@contextmanager
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp())
    try:
        (path / "exposures").mkdir()
        (path / "plays").mkdir()
        yield path
    finally:
        shutil.rmtree(path)


def load(path: Path, schema: pa.Schema, rows: list[tuple[object, ...]], name: str) -> None:
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in schema]
    table = pa.table([pa.array(column, kind.type) for column, kind in zip(columns, schema, strict=True)], schema)
    pq.write_table(table, path / f"{name}.parquet")


def same(one: Measured, other: Measured) -> None:
    """Counts and means to the last bit, second moments to 1e-12; of equal extremes either may be named."""
    bare = {"cells": {}, "days": {}, "sql": (), "scanned": (), "extremes": {}}
    assert replace(one, **bare) == replace(other, **bare)
    assert standing_out(one) == standing_out(other)
    for found, expected in ((one.cells, other.cells), (one.days, other.days)):
        assert found.keys() == expected.keys()
        for key, moments in expected.items():
            assert (found[key].count, list(found[key].means)) == (moments.count, list(moments.means)), key
            np.testing.assert_allclose(found[key].products, moments.products, rtol=1e-12, atol=1e-9)
    assert [(s.source, s.rows, s.units, s.first, s.last) for s in one.scanned] == [
        (s.source, s.rows, s.units, s.first, s.last) for s in other.scanned
    ]


def standing_out(found: Measured) -> dict[tuple[str, str], float]:
    return {key: extremes[0].values[0] for key, extremes in found.extremes.items()}


hours = st.integers(-4 * 24, 9 * 24)
facts = st.tuples(st.integers(0, 9), hours, st.integers(0, 99), st.sampled_from("ab"), st.integers(0, 72))
exposed = st.tuples(
    st.integers(0, 9), st.sampled_from(["control", "moments"]), st.integers(0, 8 * 24), st.integers(0, 30)
)


@dataclass(frozen=True)
class Arrivals:
    """Plays and exposures, each with the hours after which it arrives; when one looks; and at what."""

    plays: list[tuple[int, int, int, str, int]]
    entries: list[tuple[int, str, int, int]]
    looks: list[int]
    metrics: tuple[str, ...]

    def load(self, path: Path, low: datetime, high: datetime) -> None:
        """Write what arrives between two days."""
        start = START.replace(tzinfo=None)
        plays = [
            (unit, start + hour * HOUR, ms, kind, start + (hour + late) * HOUR)
            for unit, hour, ms, kind, late in self.plays
            if low <= max(start, start + (hour + late) * HOUR) < high
        ]
        entries = [
            (unit, arm, start + hour * HOUR)
            for unit, arm, hour, late in self.entries
            if low <= start + (hour + late) * HOUR < high
        ]
        load(path / "plays", PLAYED, plays, f"{high:%d}")
        load(path / "exposures", EXPOSED, entries, f"{high:%d}")


arrivals = st.builds(
    Arrivals,
    plays=st.lists(facts, min_size=1, max_size=60),
    entries=st.lists(exposed, min_size=4, max_size=20),
    looks=st.lists(st.integers(1, 10), min_size=2, max_size=5, unique=True).map(sorted),
    metrics=st.sampled_from([FOLDED, (*FOLDED, "kinds"), ("first", "minutes")]),
)


def piecemeal_is_at_once(arriving: Arrivals) -> None:
    start = START.replace(tzinfo=None)
    with folder() as path:
        load(path / "exposures", EXPOSED, [(100, "control", start), (101, "moments", start)], "start")
        load(path / "plays", PLAYED, [(100, start, 1, "a", start)], "start")
        for before, day in zip([0, *arriving.looks], arriving.looks, strict=False):
            arriving.load(path, start + before * DAY, start + day * DAY)
            asked = question(day, arriving.metrics)

            same(DuckDB(path, incremental=True).measure(asked), DuckDB(path).measure(asked))


@settings(max_examples=3, deadline=None, phases=[Phase.explicit, Phase.generate], derandomize=True)
@given(arrivals)
def test_any_order_of_arrival_comes_to_the_same(arriving: Arrivals) -> None:
    piecemeal_is_at_once(arriving)


@pytest.mark.slow
@settings(max_examples=150, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(arrivals)
def test_a_hundred_and_fifty_orders_of_arrival_come_to_the_same(arriving: Arrivals) -> None:
    piecemeal_is_at_once(arriving)


@pytest.fixture
def month(tmp_path: Path) -> Path:
    """Ten days of files, one a day; the eleventh is not there yet."""
    (tmp_path / "exposures").mkdir()
    (tmp_path / "plays").mkdir()
    start = START.replace(tzinfo=None)
    for day in range(-4, 10):
        units = [(unit, ("control", "moments")[unit % 2], start + day * DAY + unit * HOUR / 9) for unit in range(200)]
        if day >= 0:
            load(tmp_path / "exposures", EXPOSED, [one for one in units if one[0] % 10 == day], f"{day:02d}")
        plays = [(unit, at + unit * HOUR / 11, unit % 7, "ab"[unit % 3 % 2], at + 2 * HOUR) for unit, _, at in units]
        load(tmp_path / "plays", PLAYED, plays, f"{day + 4:02d}")
    return tmp_path


def there(path: Path, before: datetime) -> int:
    end = before.replace(tzinfo=None)
    rows = pq.read_table(path / "plays").to_pylist()
    return sum(row["at"] < end and row["loaded"] < end for row in rows)


def test_a_second_refresh_reads_only_what_is_new(month: Path) -> None:
    warehouse = DuckDB(month, incremental=True)
    warehouse.measure(question(5))
    first = warehouse.read["plays"]
    warehouse.measure(question(6))
    second = warehouse.read["plays"]

    assert second == 200
    assert first + second == there(month, before=START + 6 * DAY)


def test_an_older_look_is_answered_from_the_history(month: Path) -> None:
    DuckDB(month, incremental=True).measure(question(8))

    same(DuckDB(month, incremental=True).measure(question(4)), DuckDB(month).measure(question(4)))


def test_facts_that_say_nothing_of_their_arrival_are_read_again_for_two_days(month: Path) -> None:
    DuckDB(month, incremental=True).measure(question(5, arrived=False))
    start = START.replace(tzinfo=None)
    load(month / "plays", PLAYED, [(7, start + 4 * DAY, 50, "a", start)], "late")
    warehouse = DuckDB(month, incremental=True)

    same(warehouse.measure(question(6, arrived=False)), DuckDB(month).measure(question(6, arrived=False)))


def test_a_place_that_is_only_read_is_measured_all_the_same(month: Path) -> None:
    (month / ".twyman").write_text("no folder")

    same(DuckDB(month, incremental=True).measure(question(5)), DuckDB(month).measure(question(5)))


def test_what_merges_is_read_from_sums_and_what_does_not_from_the_history(month: Path) -> None:
    warehouse = DuckDB(month, incremental=True)
    (folded, *_), (replayed, *_) = (warehouse.measure(question(5, names)).sql for names in (FOLDED, ("kinds",)))

    assert "/sums_moment_page_" in folded
    assert "/sums_moment_page_" not in replayed
    assert "/facts_plays_" in replayed


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_sums_are_the_same_state_at_every_cut_off(month: Path, zone: str) -> None:
    warehouse = DuckDB(month, incremental=True)
    for day in (4, 5, 6):
        warehouse.measure(replace(question(day), zone=zone))

    assert len([book for book in DuckDBConnector(month).books() if book.startswith("state/moment-page/")]) == 1


def test_what_somebody_may_still_be_reading_stays_for_one_refresh_more(month: Path) -> None:
    warehouse, connector = DuckDB(month, incremental=True), DuckDBConnector(month)
    before: list[set[str]] = []
    for day in (4, 5, 6):
        warehouse.measure(question(day))
        before.append({one.name for one in connector.kept() if one.name.startswith("units_")})

    assert len(before[1] & before[0]) == 1
    assert not before[2] & before[0]


@pytest.mark.parametrize("metrics", [FOLDED, ("kinds", "any")], ids=["sums", "history"])
def test_a_long_history_is_put_together_and_comes_to_the_same(month: Path, metrics: tuple[str, ...]) -> None:
    for half_day in range(1, 21):
        kept = DuckDB(month, incremental=True).measure(question(half_day / 2, metrics))

    same(kept, DuckDB(month).measure(question(10, metrics)))
    connector = DuckDBConnector(month)
    assert len([one for one in connector.kept() if one.name.startswith("facts")]) <= MOST_TABLES + LIVING
