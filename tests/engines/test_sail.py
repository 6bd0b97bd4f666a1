"""Sail, which speaks Spark's language: the contract of connectors, and what only it does."""

from collections.abc import Generator

import pytest
from tests.engines.server import Server

from twyman.testing.connectors import ConnectorContract, Subject
from twyman.warehouse.connectors.spark import SparkConnector


class TestSail(ConnectorContract):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, sail: Server) -> Generator[Subject]:
        connector = SparkConnector(sail.url)
        yield Subject(connector, sail.load)
        connector.close()
