"""Apache Spark passes the suite of connectors: behind Spark Connect, on two workers, and with a driver of its own."""

from collections.abc import Generator

import pytest
from tests.engines.server import Server

from twyman.testing.connectors import ConnectorContract, Subject
from twyman.warehouse.connectors.spark import SparkConnector

pytestmark = pytest.mark.engines


class TestSparkConnect(ConnectorContract):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, spark: Server) -> Generator[Subject]:
        connector = SparkConnector(spark.url)
        yield Subject(connector, spark.load)
        connector.close()
