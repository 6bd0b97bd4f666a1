"""Rows come in batches where a connector gives them so: what is kept is a unit's, and no row."""

from datetime import UTC, datetime
from typing import Any

from twyman.app.agreement import agreement
from twyman.warehouse.connector import Streaming
from twyman.warehouse.connectors.duckdb import BATCH, DuckDBConnector
from twyman.warehouse.naive.recompute import NaiveRecomputation
from twyman.warehouse.sql_warehouse import SqlWarehouse

NUMBERS = f"SELECT range AS i FROM range({2 * BATCH + 1})"


def test_duckdb_gives_rows_in_batches() -> None:
    connector = DuckDBConnector()
    sizes = [len(batch) for batch in connector.batches(NUMBERS)]

    assert isinstance(connector, Streaming)
    assert sizes == [BATCH, BATCH, 1]


def test_another_statement_ends_batches_that_nobody_took() -> None:
    connector = DuckDBConnector()
    next(iter(connector.batches(NUMBERS)))

    assert connector.rows("SELECT 1 AS one") == [{"one": 1}]


class OneByOne(DuckDBConnector):
    """Gives rows one by one, and counts them."""

    given = 0

    def batches(self, sql: str) -> Any:
        for row in self.rows(sql):
            self.given += 1
            yield [row]


def test_the_second_path_reads_batches(scene: Any, metric: Any) -> None:
    at = datetime(2024, 3, 4, 12, tzinfo=UTC)
    question = scene([(1, "treatment", at), (2, "control", at)], [(1, at, 3.0)], (metric(),)).question()
    connector = OneByOne()
    found = agreement(SqlWarehouse(connector).measure(question), NaiveRecomputation(connector).recompute(question))

    assert found
    assert connector.given >= 3
