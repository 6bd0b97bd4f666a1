"""However many parts of a statement read a source of facts, its rows are read once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.warehouse.state.test_refresh import EXPOSED, PLAYED, load, question

from twyman.app.ports import Question
from twyman.experiments.experiment import Role, Tracked
from twyman.metrics.metric import Aggregate, FactValue, Metric, Quantile, Window
from twyman.warehouse.duckdb import DuckDB

DAY = timedelta(days=1)
START = datetime(2024, 3, 4, tzinfo=UTC).replace(tzinfo=None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("exposures", "plays"):
        (tmp_path / name).mkdir()
    load(
        tmp_path / "exposures",
        EXPOSED,
        [(unit, "control" if unit % 2 else "moments", START) for unit in range(60)],
        "x",
    )
    plays = [(unit, START + unit % 50 * DAY / 10, unit * 7 % 97, "a", START) for unit in range(60)]
    load(tmp_path / "plays", PLAYED, plays * 3, "x")
    return tmp_path


def with_a_quantile(names: tuple[str, ...]) -> Question:
    asked = question(20, names)
    median = Metric(
        name="median", kind=Quantile(FactValue("plays", Aggregate.EACH, "ms"), 0.5), window=Window(length=3 * DAY)
    )
    tracked = (*asked.experiment.tracked, Tracked(metric="median", role=Role.INFORMATION))
    catalogue = replace(asked.catalogue, metrics={**asked.catalogue.metrics, "median": median})
    return replace(asked, experiment=replace(asked.experiment, tracked=tracked), catalogue=catalogue)


def reads(sql: str) -> int:
    """How often a statement joins the source's files to units: what asks when facts ran doesn't."""
    return sql.split("SELECT\n  'seen' AS part", maxsplit=1)[0].count("plays/*.parquet")


def test_one_part_reads_the_source_itself(folder: Path) -> None:
    (sql,) = DuckDB(folder).sql(question(20, ("minutes", "capped")))

    assert reads(sql) == 1
    assert "plays_rows" not in sql


def test_several_parts_read_what_was_read_once(folder: Path) -> None:
    (sql,) = DuckDB(folder).sql(with_a_quantile(("minutes", "capped")))

    assert reads(sql) == 1
    assert sql.count("FROM plays_rows AS plays") == 2


def test_a_metric_is_the_same_beside_others_that_read_its_source(folder: Path) -> None:
    alone = DuckDB(folder).measure(question(20, ("minutes",)))
    beside = DuckDB(folder).measure(with_a_quantile(("minutes",)))

    for cell, moments in alone.cells.items():
        found = beside.cells[cell]
        assert (found.count, list(found.means)) == (moments.count, list(moments.means))
        np.testing.assert_allclose(found.products, moments.products, rtol=1e-12)
