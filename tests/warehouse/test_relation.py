"""What a table can be: files by pattern, packed files, database files, queries, and tables in memory."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from twyman.kernel.errors import Invalid, NotFound
from twyman.metrics.source import Frame, Query, Table
from twyman.warehouse.duckdb import DuckDB

HOUR = datetime(2024, 3, 4, 13)  # noqa: DTZ001 - as it stands in a zoneless column
NOON = datetime(2024, 3, 4, 12, tzinfo=UTC)
EXPOSED = [(7, "treatment", NOON)]
COLUMNS = {"user_id": [7, 8], "at": [HOUR, HOUR], "ms": [5.0, 6.0]}
WRITE = "copy (select 7 as user_id, timestamp '2024-03-04 13:00' as at, 5.0 as ms) to '{}' ({})"


@pytest.fixture
def values(scene: Any, metric: Any) -> Any:
    def count(relation: object, path: Path | None = None, **facts: object) -> tuple[int, float]:
        return scene(EXPOSED, metrics=(metric(),), facts={"relation": relation} | facts, path=path).values()

    return count


@pytest.mark.parametrize(
    "data",
    [
        lambda: pa.table(COLUMNS),
        lambda: pd.DataFrame(COLUMNS),
        lambda: pl.DataFrame(COLUMNS),
        lambda: pl.DataFrame(COLUMNS).lazy(),
        lambda: duckdb.connect().sql("select 7 as user_id, timestamp '2024-03-04 13:00' as at, 5.0 as ms"),
    ],
    ids=["arrow", "pandas", "polars", "lazy", "duckdb"],
)
def test_a_table_in_memory_is_a_source(values: Any, data: Any) -> None:
    assert values(Frame(data())) == (1, 1)


def test_frames_can_be_named_in_definitions(scene: Any, metric: Any) -> None:
    question = scene(EXPOSED, metrics=(metric(),), facts={"relation": Table("played")}).question()
    found = DuckDB(frames={"played": pa.table(COLUMNS)}).measure(question)

    assert found.scanned[0].rows == 1


@pytest.mark.parametrize(
    ("name", "options", "asked"),
    [
        ("plays.parquet", "format parquet", "plays.parquet"),
        ("day=1.parquet", "format parquet", "*.parquet"),
        ("plays.csv", "format csv, header", "plays.csv"),
        ("plays.csv.gz", "format csv, header, compression gzip", "plays.csv.gz"),
        ("plays.jsonl", "format json", "plays.jsonl"),
        ("plays.ndjson.gz", "format json, compression gzip", "*.ndjson.gz"),
        ("plays.tsv", "format csv, header, delimiter '\t'", "plays.tsv"),
    ],
)
def test_files_are_found_from_the_warehouses_folder(
    values: Any, tmp_path: Any, name: Any, options: Any, asked: Any
) -> None:
    duckdb.connect().execute(WRITE.format(tmp_path / name, options))

    assert values(Table(asked), tmp_path) == (1, 1)


def test_a_database_file_is_read_and_never_written(values: Any, tmp_path: Any) -> None:
    path = tmp_path / "music.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table plays as select 7 as user_id, timestamp '2024-03-04 13:00' as at, 5.0 as ms")
    before = path.read_bytes()

    assert values(Table("plays"), path) == (1, 1)
    assert path.read_bytes() == before


def test_ids_of_text_keep_their_leading_zeros(scene: Any, metric: Any, tmp_path: Any) -> None:
    (tmp_path / "plays.csv").write_text("user_id,at\n007,2024-03-04 13:00\n07,2024-03-04 13:00\n")
    (tmp_path / "exposures.csv").write_text(
        "user_id,arm,at\n007,treatment,2024-03-04 12:00\n7,control,2024-03-04 12:00\n"
    )
    stage = scene(
        metrics=(metric(),),
        exposures={"relation": Table("exposures.csv")},
        facts={"relation": Table("plays.csv")},
        path=tmp_path,
    )
    question = stage.question()
    object.__setattr__(question.catalogue, "entities", {"user": "string"})
    found = DuckDB(tmp_path).measure(question)

    assert (found.entrants.units, found.scanned[0].rows) == (2, 1)


def test_a_query_is_a_source_and_its_scan_is_bounded(values: Any) -> None:
    sql = (
        "select 7 as user_id, timestamp '2024-03-04 13:00' as at where timestamp '2024-03-04' between {start} and {end}"
    )

    assert values(Query(sql)) == (1, 1)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("select 1; select 2", "holds 2 statements"),
        ("drop table plays", "sql is of kind DROP, and a source only reads"),
        ("copy plays to 'x.csv'", "and a source only reads"),
        ("select from where", "can't be read"),
    ],
)
def test_a_query_is_exactly_one_select(values: Any, sql: Any, reason: Any) -> None:
    with pytest.raises(Invalid, match=rf"^plays.yaml:4: .*{reason}"):
        values(Query(sql))


def test_a_file_that_isnt_there_is_named_with_its_path_and_place(values: Any, tmp_path: Any) -> None:
    (tmp_path / "plays.csv").write_text("a\n1\n")
    with pytest.raises(
        NotFound, match=rf"^plays.yaml:3: file '{tmp_path}/play.csv' isn't there: did you mean 'plays.csv'"
    ):
        values(Table("play.csv"), tmp_path)
    with pytest.raises(NotFound, match=r"^plays.yaml:3: table 'plays' isn't in the warehouse"):
        values(Table("plays"), tmp_path)


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("plays/may.csv", r"plays/may.csv' isn't there: did you mean 'plays/day.csv'\?"),
        ("plays/zzzzzzzzz.csv.gz", "zzz.csv.gz' isn't there: known are 'plays/day.csv', 'plays/night.parquet'"),
        ("plays/2024-*/day.csv", "did you mean 'plays/day.csv'"),
        ("songs/day.csv", "songs/day.csv' isn't there: nor is its folder '/.*/home/songs': correct"),
        ("bare/day.csv", "bare/day.csv' isn't there: its folder '/.*/home/bare' has no data files"),
        ("away/day.csv", "away/day.csv' isn't there: 'away' is a link to a folder elsewhere"),
    ],
)
def test_a_file_that_isnt_there_is_looked_for_in_its_own_folder(
    values: Any, tmp_path: Path, asked: str, hint: str
) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    for folder in (home / "plays", home / "bare", elsewhere):
        folder.mkdir(parents=True)
    (home / "away").symlink_to(elsewhere)
    (elsewhere / "secret.csv").write_text("a\n1\n")
    for name in ("day.csv", "night.parquet", "notes.md"):
        (home / "plays" / name).write_text("user_id,at,ms\n7,2024-03-04 13:00,5\n")

    with pytest.raises(NotFound, match=hint) as refused:
        values(Table(asked), path=home)

    assert "secret" not in str(refused.value)


def test_a_warehouse_that_isnt_there_is_not_found(tmp_path: Any) -> None:
    with pytest.raises(NotFound, match=r"nowhere' isn't there: correct warehouse.path"):
        DuckDB(tmp_path / "nowhere")


def test_what_is_no_table_is_refused(values: Any) -> None:
    with pytest.raises(Invalid, match=r"^plays.yaml:1: table 'plays_frame' of type int can't be read"):
        values(Frame(7))


def test_a_query_can_not_change_the_session(values: Any) -> None:
    with pytest.raises(Invalid, match=r"^plays.yaml:4: sql calls query\(\), which reaches beyond"):
        values(Query("select * from query('set threads = 1')"))


def test_a_date_in_json_lines_stays_text_as_it_does_in_other_text_files(values: Any, tmp_path: Path) -> None:
    (tmp_path / "plays.jsonl").write_text('{"user_id": 7, "at": "2024-03-04 13:00", "ms": 5}\n')
    assert values(Table("plays.jsonl"), tmp_path) == (1, 1)

    (tmp_path / "plays.jsonl").write_text('{"user_id": 7, "at": "05/06/2024", "ms": 5}\n')
    with pytest.raises(Invalid, match=r"ambiguous|formats"):
        values(Table("plays.jsonl"), tmp_path)


def test_a_line_that_is_no_json_is_named(values: Any, tmp_path: Path) -> None:
    (tmp_path / "plays.jsonl").write_text('{"user_id": 7, "at": "2024-03-04 13:00", "ms": 5}\n{"user_id": 7, "at"\n')

    with pytest.raises(Invalid, match=r"plays\.jsonl"):
        values(Table("plays.jsonl"), tmp_path)
