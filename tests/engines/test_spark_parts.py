"""Parts of a look are computed once on Spark, whatever names them, and nothing of them is left behind."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from threading import Timer

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.engines.server import Server
from tests.engines.spark_events import events, ever_in_memory, in_memory, scanned

from twyman.kernel.errors import Unavailable
from twyman.testing.generated import questions, tables
from twyman.warehouse.connector import Refused
from twyman.warehouse.connectors.spark import SparkConnector
from twyman.warehouse.sql_warehouse import SqlWarehouse

pytestmark = pytest.mark.engines

ENDLESS = "SELECT sum(a.id * b.id) AS n FROM range(1000000) AS a CROSS JOIN range(1000000) AS b"


@pytest.fixture
def connector(spark: Server) -> Generator[SparkConnector]:
    with closing(SparkConnector(spark.url)) as made:
        yield made


def test_a_look_reads_its_facts_once_and_leaves_nothing_in_memory(spark: Server, connector: SparkConnector) -> None:
    for name, held in tables().items():
        spark.load(name, held)
    before = len(events(spark))

    SqlWarehouse(connector).measure(questions()["every metric, in autumn"])

    happened = events(spark)[before:]
    read = scanned(happened, "autumn_listening")
    assert sorted(("played_ms" in columns, rows) for columns, rows in read) == [(False, 3000), (True, 3000)]
    assert [rows for _, rows in scanned(happened, "autumn_profile")] == [600]
    assert [rows for _, rows in scanned(happened, "autumn_exposures")] == [360]
    assert ever_in_memory(happened)
    assert not in_memory(happened)


def test_a_part_that_names_parts_is_read_from_memory_and_forgotten(connector: SparkConnector) -> None:
    connector.stage("once", "SELECT uuid() AS k, count(*) AS n FROM range(9) GROUP BY id % 3")
    connector.stage("of it", "SELECT k, n + 1 AS n FROM once")

    joined = connector.rows("WITH b AS (SELECT * FROM `of it`) SELECT k, b.n FROM once JOIN b USING (k)")
    assert [row["n"] for row in joined] == [4, 4, 4]
    connector.unstage(["once", "of it"])
    assert not {"once", "of it"} & set(connector.tables())


@pytest.mark.parametrize("ending", ["stopped", "refused", "closed"])
def test_a_look_that_ends_early_leaves_nothing_in_memory(spark: Server, ending: str) -> None:
    connector, before = SparkConnector(spark.url), len(events(spark))
    connector.stage("once", "SELECT id AS k FROM range(9)")
    connector.stage("endless", ENDLESS)
    connector.rows("SELECT * FROM once")
    if ending == "stopped":
        Timer(3, connector.cancel).start()

    with pytest.raises((Unavailable, Refused)):
        connector.rows("SELECT * FROM endless, once" if ending == "stopped" else "SELECT raise_error('no') FROM once")
    if ending != "closed":
        connector.unstage(["once", "endless"])
    connector.close()

    happened = events(spark)[before:]
    assert ever_in_memory(happened)
    assert not in_memory(happened)


def test_what_another_session_left_in_memory_answers_for_nobody_else(spark: Server, tmp_path: Path) -> None:
    pq.write_table(pa.table({"n": [1]}), tmp_path / "one.parquet")
    counted = f"SELECT count(*) AS n FROM parquet.`file://{tmp_path}`"
    with closing(SparkConnector(spark.url)) as left, closing(SparkConnector(spark.url)) as another:
        left.stage("part", counted)
        assert left.rows("SELECT n FROM part") == [{"n": 1}]
        pq.write_table(pa.table({"n": [2]}), tmp_path / "two.parquet")
        another.stage("part", counted)

        assert another.rows("SELECT n FROM part") == [{"n": 2}]
        assert left.rows("SELECT n FROM part") == [{"n": 1}]
