"""Apache Spark passes the suite of connectors behind Spark Connect, and answers the same on two workers and alone."""

from collections.abc import Generator

import pytest
from tests.engines.server import Server

from twyman.testing.agreement import refuse_difference
from twyman.testing.connectors import ConnectorContract, Subject, reference
from twyman.testing.generated import WHOLE, questions, tables
from twyman.warehouse.connectors.spark import SparkConnector
from twyman.warehouse.sql_warehouse import SqlWarehouse

pytestmark = pytest.mark.engines

ALONE = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.sql.shuffle.partitions": "2"}


class TestSpark(ConnectorContract):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, spark: Server) -> Generator[Subject]:
        connector = SparkConnector(spark.url)
        yield Subject(connector, spark.load)
        connector.close()


def measured_alike(connector: SparkConnector, name: str) -> None:
    question = questions()[name]
    refuse_difference(SqlWarehouse(connector).measure(question), reference().measure(question), whole=WHOLE)


def test_two_workers_answer_the_same(spark_cluster: Server) -> None:
    connector = SparkConnector(spark_cluster.url)
    for name, held in tables().items():
        spark_cluster.load(name, held)

    measured_alike(connector, "by dimensions")
    connector.close()


def test_a_driver_in_this_process_answers_the_same() -> None:
    connector = SparkConnector("local[2]", settings=ALONE)
    for name, held in tables().items():
        connector.register(name, held)

    measured_alike(connector, "a table of units, by dimension")
    connector.close()
