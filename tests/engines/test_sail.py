"""Sail, which speaks Spark's language, passes the suite of connectors; and what every Spark does, seen here fastest."""

from collections.abc import Generator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlglot import exp
from tests.engines.server import Server, free_port

from twyman.kernel.errors import Invalid, NotFound, Unavailable
from twyman.testing.called import CALLS
from twyman.testing.connectors import ConnectorContract, Subject
from twyman.testing.generated import questions
from twyman.warehouse.connector import Refused
from twyman.warehouse.connectors.duckdb import DuckDBConnector
from twyman.warehouse.connectors.spark import SparkConnector
from twyman.warehouse.dialects.translation import printed
from twyman.warehouse.language.syntax import call, cast, column, select, table, text
from twyman.warehouse.sql_warehouse import SqlWarehouse

SECRET = "tr0ub4dor"  # noqa: S105 - of nobody
FEW = ("every metric, in autumn", "a table of units, by dimension", "counts")
"""Questions asked at each run of the tests; the rest are asked with the slow ones."""

CSV = "id,ok,n,x,day\n007,true,1,1.5,2024-01-02\n8,no,,2,\n"
EXPECTED = [
    {"id": "007", "ok": True, "n": 1, "x": 1.5, "day": "2024-01-02"},
    {"id": "8", "ok": False, "n": None, "x": 2.0, "day": None},
]


class TestSail(ConnectorContract):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, sail: Server) -> Generator[Subject]:
        connector = SparkConnector(sail.url)
        yield Subject(connector, sail.load)
        connector.close()

    @pytest.mark.parametrize(
        "name", [name if name in FEW else pytest.param(name, marks=pytest.mark.slow) for name in questions()]
    )
    def test_moments_are_those_of_duckdb(self, warehouse: SqlWarehouse, name: str) -> None:
        super().test_moments_are_those_of_duckdb(warehouse, name)

    @pytest.mark.slow
    @pytest.mark.parametrize("name", list(questions()))
    def test_data_run_from_and_to_the_same_moment(self, warehouse: SqlWarehouse, name: str) -> None:
        super().test_data_run_from_and_to_the_same_moment(warehouse, name)

    @pytest.mark.parametrize("written", CALLS)
    def test_a_function_means_the_same(self, subject: Subject, called: list[str], written: str) -> None:
        if written.startswith("date_add"):
            pytest.xfail("a date and an interval stay a date in Sail, also where the interval has seconds")
        super().test_a_function_means_the_same(subject, called, written)

    def test_closing_twice_does_no_harm(self, subject: Subject) -> None:
        super().test_closing_twice_does_no_harm(subject)  # here again, so that it stays the last


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plays.csv").write_text(CSV)
    (tmp_path / "plays.jsonl").write_text('{"id": "a", "n": 1, "at": "2024-01-02"}\n{"id": "b", "n": 2}\n')
    for name in ("one", "two"):
        pq.write_table(pa.table({"id": [name], "n": [1]}), tmp_path / f"{name}.parquet")
    return tmp_path


@pytest.fixture
def connector(sail: Server, folder: Path) -> Generator[SparkConnector]:
    made = SparkConnector(sail.url, path=folder)
    yield made
    made.close()


def read(connector: SparkConnector, reader: str, title: str) -> list[dict[str, object]]:
    query = select(exp.Star()).from_(exp.Table(this=call(reader, text(title))))
    return [dict(row) for row in connector.rows(printed(query, connector.dialect))]


def test_a_text_file_is_typed_by_what_all_its_values_are(connector: SparkConnector, folder: Path) -> None:
    options = [exp.EQ(this=column("header"), expression=exp.true())]
    query = select(exp.Star()).from_(exp.Table(this=call("read_csv", text("plays.csv"), *options)))

    assert [dict(row) for row in connector.rows(printed(query, connector.dialect))] == EXPECTED
    assert (folder / "plays.csv").read_text() == CSV


def test_lines_of_json_and_parquet_are_read_by_pattern_and_dates_stay_texts(connector: SparkConnector) -> None:
    lines = read(connector, "read_json", "plays.jsonl")

    assert lines == [{"at": "2024-01-02", "id": "a", "n": 1}, {"at": None, "id": "b", "n": 2}]
    assert sorted(str(row["id"]) for row in read(connector, "read_parquet", "*.parquet")) == ["one", "two"]


def test_sums_of_whole_numbers_do_not_wrap(connector: SparkConnector) -> None:
    connector.register("large", pa.table({"n": [2**62, 2**62, 2**62]}))
    query = select(call("sum", column("n"))).from_(table("large"))

    (row,) = connector.rows(printed(query, connector.dialect))

    assert list(row.values()) == [3 * 2**62]


def test_times_of_a_table_in_memory_have_a_zone_where_they_had_one(connector: SparkConnector) -> None:
    kinds = {"wall": pa.timestamp("ms"), "instant": pa.timestamp("us", "UTC")}
    connector.register("times", pa.table({name: pa.array([0], kind) for name, kind in kinds.items()}))

    assert connector.types("SELECT * FROM times") == {"wall": "TIMESTAMP", "instant": "TIMESTAMP WITH TIME ZONE"}


def test_the_second_of_two_equal_hours_is_meant_as_on_duckdb(connector: SparkConnector) -> None:
    nights = ("2024-10-27 02:30:00", "2024-10-27 01:30:00", "2024-10-26 12:00:00", "2024-03-31 02:30:00")
    found = [
        select(exp.alias_(call("utc_of_wall", cast(text(night), "TIMESTAMP"), text("Europe/Berlin")), "x"))
        for night in nights
    ]
    duck = DuckDBConnector(Path())

    for query in found:
        assert connector.rows(printed(query, connector.dialect)) == duck.rows(printed(query, duck.dialect))


def test_a_part_is_computed_once_and_leaves_nothing_behind(connector: SparkConnector) -> None:
    connector.stage("a part", "SELECT uuid() AS id")

    once, again = (connector.rows("SELECT id FROM `a part`") for _ in range(2))
    connector.unstage(["a part"])

    assert once == again
    assert connector.kept() == []
    with pytest.raises(Refused):
        connector.rows("SELECT id FROM `a part`")


def test_own_tables_in_a_folder_are_replaced_whole_and_a_draft_is_listed(
    connector: SparkConnector, folder: Path
) -> None:
    assert connector.keep("plays 7d", "SELECT 1 AS n")
    assert connector.keep("plays 7d", "SELECT 2 AS n")
    (folder / ".twyman" / "tables" / ".plays.parquet.draft").mkdir()
    item = connector.own("plays 7d")
    assert item is not None

    assert [dict(row) for row in connector.rows(printed(select(column("n")).from_(item), connector.dialect))] == [
        {"n": 2}
    ]
    assert [one.name for one in connector.kept()] == [".plays.parquet.draft", "plays 7d"]


def test_what_fails_leaves_no_table_and_no_draft(connector: SparkConnector) -> None:
    with pytest.raises(Refused):
        connector.keep("broken", "SELECT CAST('x' AS INT) AS n FROM range(3)")

    assert connector.kept() == []


def test_an_address_is_told_to_nobody() -> None:
    port = free_port()
    with pytest.raises(Unavailable) as error:
        SparkConnector(f"sc://127.0.0.1:{port}/;token={SECRET}")

    said = f"{error.value!r} {error.value} {error.value.__cause__!r} {error.value.__suppress_context__}"
    assert said.endswith("None True")
    assert not any(secret in said for secret in (SECRET, "127.0.0.1", str(port)))


def test_what_is_no_address_is_told_to_nobody() -> None:
    with pytest.raises(Invalid) as error:
        SparkConnector(f"sc://host:port:{SECRET}/;x")

    assert SECRET not in f"{error.value!r} {error.value.__cause__!r}"


def test_a_folder_that_isnt_there_is_named(sail: Server, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="isn't there"):
        SparkConnector(sail.url, path=tmp_path / "nowhere")
