"""Exposures that many questions read are copied once, in the order of experiments, and nothing else changes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.warehouse.conftest import DAY, EXPOSED, NOON, Scene, arrow, mean

from twyman.app.ports import Measured, Question
from twyman.metrics.source import Table
from twyman.warehouse.duckdb import DuckDB
from twyman.warehouse.state.ordered import MANY

KEYED = pa.schema([*EXPOSED, ("key", pa.string())])
NAMES = [f"e{number}" for number in range(MANY)]


def questions(folder: Path) -> list[Question]:
    """As many experiments as are copied, each beside all others, in files, the rows in the order of time."""
    rng = np.random.default_rng(4)
    rows = [
        (int(unit), str(rng.choice(["control", "treatment"])), NOON + float(rng.random()) * DAY, bool(bot), str(key))
        for unit, bot, key in zip(
            rng.integers(0, 400, 3000), rng.random(3000) < 0.1, rng.choice([*NAMES, "old", "gone"], 3000), strict=True
        )
    ]
    played = [(unit, NOON + 2 * DAY, float(rng.normal(60_000, 9_000))) for unit in range(400)]
    scene = Scene(played=played, metrics=(mean(),))
    pq.write_table(arrow(KEYED, rows), folder / "exposures.parquet")
    files = {"relation": Table("exposures.parquet"), "experiment": "key", "where": "not bot"}
    asked = replace(scene, exposures=files).question()
    return [
        replace(
            asked,
            experiment=replace(asked.experiment, name=name),
            beside=tuple(other for other in (*NAMES, "old") if other != name),
        )
        for name in NAMES
    ]


def figures(found: Measured) -> Any:
    cells = {
        cell: (one.count, *one.means.round(6), *one.products.round(3).ravel()) for cell, one in found.cells.items()
    }
    return cells, found.units, found.crossovers, found.entrants, found.exposed


def test_questions_about_each_other_are_answered_alike_from_a_copy_that_is_gone_afterwards(tmp_path: Path) -> None:
    warehouse, asked = DuckDB(tmp_path), questions(tmp_path)
    alone = [warehouse.measure(one) for one in asked]

    with warehouse.together(asked):
        copied = [warehouse.measure(one) for one in asked]
        held = list(tmp_path.rglob("exposures_exposures_*"))

    assert [figures(one) for one in copied] == [figures(one) for one in alone]
    assert all("exposures_exposures_" in str(one.sql) and "('exposures.parquet')" not in str(one.sql) for one in copied)
    assert (len(held), list(tmp_path.rglob("exposures_exposures_*"))) == (1, [])
    assert "exposures.parquet" in str(warehouse.measure(asked[0]).sql)


def test_a_copy_holds_the_experiments_that_are_asked_about_one_after_another(tmp_path: Path) -> None:
    warehouse, asked = DuckDB(tmp_path), questions(tmp_path)

    with warehouse.together(asked):
        (held,) = tmp_path.rglob("exposures_exposures_*")
        keys = pq.read_table(held)["key"].to_pylist()

    assert keys == sorted(keys)
    assert set(keys) == {*NAMES, "old"}


@pytest.mark.parametrize(
    "few", [lambda asked: asked[:-1], lambda asked: [replace(one, beside=()) for one in asked]], ids=["few", "apart"]
)
def test_few_questions_and_those_about_one_experiment_each_read_the_source_itself(tmp_path: Path, few: Any) -> None:
    warehouse, asked = DuckDB(tmp_path), questions(tmp_path)

    with warehouse.together(few(asked)):
        assert list(tmp_path.rglob("exposures_exposures_*")) == []


def test_exposures_that_cannot_be_copied_are_left_to_the_question_that_reads_them(tmp_path: Path) -> None:
    warehouse, asked = DuckDB(tmp_path), questions(tmp_path)
    source = replace(asked[0].catalogue.sources["exposures"], experiment="nowhere")
    lost = replace(asked[0].catalogue, sources={**asked[0].catalogue.sources, "exposures": source})

    with warehouse.together([replace(one, catalogue=lost) for one in asked]):
        assert list(tmp_path.rglob("exposures_exposures_*")) == []
