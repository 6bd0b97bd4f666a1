"""Each server takes a table and gives it back through its own driver, and is the one that it says it is."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from tests.engines.server import Server

DAY, NOON = date(2024, 3, 4), datetime(2024, 3, 4, 12, 0, 0, 123456)  # noqa: DTZ001 - a clock on the wall
EVERY_TYPE = pa.schema(
    {
        "yes": pa.bool_(),
        "count": pa.int64(),
        "share": pa.float64(),
        "price": pa.decimal128(18, 4),
        "name": pa.string(),
        "day": pa.date32(),
        "wall": pa.timestamp("us"),
        "instant": pa.timestamp("us", "UTC"),
    }
)
ROWS = [
    (True, 2**62, 0.1, Decimal("12345678901234.5678"), "it's \\ ü 😀\t", DAY, NOON, NOON.replace(tzinfo=UTC)),
    (False, -1, 1e-300, Decimal("-0.0001"), "", DAY, NOON, NOON.replace(tzinfo=UTC)),
    (None,) * len(EVERY_TYPE),
]


def every_type() -> pa.Table:
    return pa.table(dict(zip(EVERY_TYPE.names, zip(*ROWS, strict=True), strict=True)), schema=EVERY_TYPE)


def in_utc(value: Any) -> Any:
    """A time as its driver gives it, with UTC where the driver leaves that out."""
    return value.replace(tzinfo=value.tzinfo or UTC) if isinstance(value, datetime) else value


def loaded_and_read(server: Server) -> list[tuple[Any, ...]]:
    server.load("every_type", every_type())
    rows = server.rows("SELECT * FROM every_type")
    assert [list(row) for row in rows] == [EVERY_TYPE.names] * len(ROWS)
    return sorted((tuple(map(in_utc, row.values())) for row in rows), key=lambda row: (row[1] is None, row[1]))


def expected() -> list[tuple[Any, ...]]:
    one, two, none = (tuple(map(in_utc, row)) for row in ROWS)
    return [two, one, none]


def test_a_table_of_every_type_comes_back_as_it_was(live: Server) -> None:
    assert loaded_and_read(live) == expected()


def test_a_table_loaded_again_replaces_the_one_before(live: Server) -> None:
    for value in (1, 2):
        live.load("twice", pa.table({"value": [value]}))

    assert live.rows("SELECT * FROM twice") == [{"value": 2}]


@pytest.mark.engines
@pytest.mark.parametrize(
    ("name", "starts"), [("postgres", "PostgreSQL 1"), ("clickhouse", "26."), ("spark", "4."), ("spark_cluster", "4.")]
)
def test_the_server_that_answers_is_the_real_one(request: pytest.FixtureRequest, name: str, starts: str) -> None:
    server: Server = request.getfixturevalue(name)

    assert server.rows("SELECT version() AS version")[0]["version"].startswith(starts)


def test_sail_answers_as_itself(sail: Server) -> None:
    assert sail.rows("SELECT version() AS version")[0]["version"].startswith("0.")


@pytest.mark.engines
def test_the_cluster_reads_and_writes_with_two_workers(spark_cluster: Server) -> None:
    assert loaded_and_read(spark_cluster) == expected()

    log = spark_cluster.log
    assert log is not None
    said = log.read_text()
    assert "Executor added: " in said
    assert said.count("Registered executor") == 2
