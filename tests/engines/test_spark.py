"""Apache Spark passes the suite of connectors behind Spark Connect, and answers the same on two workers and alone."""

from collections.abc import Generator
from threading import Timer

import pytest
from tests.engines.server import Server

from twyman.kernel.errors import Unavailable
from twyman.testing.agreement import refuse_difference
from twyman.testing.connectors import ConnectorContract, Subject, reference
from twyman.testing.generated import WHOLE, questions, tables
from twyman.warehouse.connectors.spark import SparkConnector
from twyman.warehouse.sql_warehouse import SqlWarehouse

pytestmark = pytest.mark.engines

ALONE = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.sql.shuffle.partitions": "2"}


FEW = ("every metric, in autumn", "a table of units, by dimension", "counts")
"""Questions that are asked of Spark each time: its words are Sail's, too, which is asked them all."""
ENDLESS = "SELECT /*+ BROADCAST(b) */ sum(a.id * b.id) AS n FROM range(1000000000000) AS a CROSS JOIN range(100) AS b"
"""Its tasks look for an end each thousand rows of `a`, which a hundred of `b` keep short."""
FREE = "SELECT count(*) AS n FROM range(9)"
"""Never answered while something endless has all cores."""
LARGE = "SELECT * FROM VALUES (9223372036854775807L, 1.5BD), (9223372036854775807L, 2.5BD) AS t(n, d)"


class TestSpark(ConnectorContract):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, spark: Server) -> Generator[Subject]:
        connector = SparkConnector(spark.url)
        yield Subject(connector, spark.load)
        connector.close()

    @pytest.mark.parametrize("name", FEW)
    def test_moments_are_those_of_duckdb(self, warehouse: SqlWarehouse, name: str) -> None:
        super().test_moments_are_those_of_duckdb(warehouse, name)

    @pytest.mark.parametrize("name", FEW[:1])
    def test_data_run_from_and_to_the_same_moment(self, warehouse: SqlWarehouse, name: str) -> None:
        super().test_data_run_from_and_to_the_same_moment(warehouse, name)

    def test_closing_twice_does_no_harm(self, subject: Subject) -> None:
        super().test_closing_twice_does_no_harm(subject)  # here again, so that it stays the last


@pytest.fixture
def connector(spark: Server) -> Generator[SparkConnector]:
    made = SparkConnector(spark.url)
    yield made
    made.close()


def test_a_sum_beyond_64_bits_is_summed_again_as_a_decimal_with_all_it_stands_on(connector: SparkConnector) -> None:
    connector.stage("large", LARGE)

    assert connector.rows("SELECT sum(n) AS n, sum(d) AS d FROM large") == [{"n": 2**64 - 2, "d": 4}]
    connector.unstage(["large"])


def test_what_runs_is_ended_on_the_server_from_another_thread(connector: SparkConnector, spark: Server) -> None:
    ending = Timer(3, connector.cancel)
    ending.start()

    with pytest.raises(Unavailable, match="told to stop"):
        connector.rows(ENDLESS)
    assert spark.rows(FREE) == [{"n": 9}]


def test_what_takes_too_long_is_ended_on_the_server(spark: Server) -> None:
    connector = SparkConnector(spark.url, timeout=5)

    with pytest.raises(Unavailable, match="longer than 5 s"):
        connector.rows(ENDLESS)
    assert connector.rows(FREE) == [{"n": 9}]
    connector.close()
    assert spark.rows(FREE) == [{"n": 9}]


def measured_alike(connector: SparkConnector, name: str) -> None:
    question = questions()[name]
    refuse_difference(SqlWarehouse(connector).measure(question), reference().measure(question), whole=WHOLE)


def test_two_workers_answer_the_same(spark_cluster: Server) -> None:
    connector = SparkConnector(spark_cluster.url)
    for name, held in tables().items():
        spark_cluster.load(name, held)

    measured_alike(connector, "facts of devices")
    connector.close()


def test_a_driver_in_this_process_answers_the_same() -> None:
    connector = SparkConnector("local[2]", settings=ALONE)
    for name, held in tables().items():
        connector.register(name, held)

    measured_alike(connector, "a table of units, by dimension")
    connector.close()
