"""The whole way, from Python: files, a DuckDB file, and frames of every library give the same answer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas
import polars
import pyarrow
import pytest

import twyman

COLUMNS = {
    "version": ["old", "new"] * 500,
    "kept": [i % 7 < 3 + (i % 2) * (i % 5 == 0) for i in range(1000)],
    "before": [float(i % 11) for i in range(1000)],
}
EXPERIMENT: dict[str, Any] = {
    "kind": "experiment",
    "name": "gate",
    "units": "players",
    "arms": {"old": {"control": True}, "new": {}},
    "metrics": {"retention": {"role": "success"}},
}
METRIC = {"kind": "metric", "name": "retention", "type": "proportion", "value": {"outcome": "kept"}}

FRAMES: dict[str, Callable[[], Any]] = {
    "pandas": lambda: pandas.DataFrame(COLUMNS),
    "polars": lambda: polars.DataFrame(COLUMNS),
    "polars lazy": lambda: polars.LazyFrame(COLUMNS),
    "arrow": lambda: pyarrow.table(COLUMNS),
    "duckdb relation": lambda: duckdb.from_arrow(pyarrow.table(COLUMNS)),
}


def players(table: Any) -> dict[str, Any]:
    return {
        "kind": "units",
        "name": "players",
        "table": table,
        "row_is_unit": True,
        "arm": "version",
        "outcomes": ["kept"],
        "covariates": ["before"],
    }


def lift(analysis: twyman.Analysis) -> float:
    relative = analysis.answer.results[0].relative
    assert relative is not None
    assert relative.estimate is not None
    return relative.estimate


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.usefixtures("here")
def test_every_kind_of_frame_gives_the_same_answer(name: str) -> None:
    direct = twyman.analyze(EXPERIMENT, definitions=[players(pyarrow.table(COLUMNS)), METRIC])

    made = twyman.analyze(EXPERIMENT, definitions=[players(FRAMES[name]()), METRIC])

    assert made.to_dict()["results"] == direct.to_dict()["results"]


def test_a_path_is_a_table_too(here: Path) -> None:
    pandas.DataFrame(COLUMNS).to_csv(here / "players.csv", index=False)

    from_file = twyman.analyze(EXPERIMENT, definitions=[players(str(here / "players.csv")), METRIC])

    assert lift(from_file) == lift(twyman.analyze(EXPERIMENT, definitions=[players(pyarrow.table(COLUMNS)), METRIC]))


def test_a_duckdb_file_is_a_warehouse(here: Path) -> None:
    with duckdb.connect(str(here / "lake.duckdb")) as connection:
        connection.register("given", pyarrow.table(COLUMNS))
        connection.execute("CREATE TABLE players AS SELECT * FROM given")
    (here / "twyman.yaml").write_text(
        "kind: project\nname: p\nwarehouse: {engine: duckdb, path: lake.duckdb}\nentities: {player: {type: string}}\n"
    )
    (here / "gate.yaml").write_text(
        "kind: units\nname: players\ntable: players\nrow_is_unit: true\narm: version\noutcomes: [kept]\n"
        "---\nkind: metric\nname: retention\ntype: proportion\nvalue: {outcome: kept}\n"
        "---\nkind: experiment\nname: gate\nunits: players\narms: {old: {control: true}, new: {}}\n"
        "metrics: {retention: {role: success}}\n"
    )

    analysis = twyman.analyze(here / "gate.yaml")

    assert analysis.answer.health.units == {"old": 500, "new": 500}
    assert analysis.answer.engine.warehouse.startswith("duckdb ")


@pytest.mark.usefixtures("here")
def test_an_analysis_is_text_html_json_and_a_frame_of_each_library() -> None:
    analysis = twyman.analyze(EXPERIMENT, definitions=[players(polars.DataFrame(COLUMNS)), METRIC])

    assert "retention" in str(analysis)
    assert "<style" in analysis._repr_html_()
    assert analysis.to_html().startswith("<!doctype html>")
    assert len(analysis.to_frame()) == len(analysis.to_frame("polars")) == analysis.to_frame("pyarrow").num_rows == 2
    with pytest.raises(twyman.Invalid, match="did you mean 'pandas'"):
        analysis.to_frame("panda")
