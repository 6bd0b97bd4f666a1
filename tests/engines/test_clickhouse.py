"""ClickHouse passes the suite of connectors, keeps its secrets, can be stopped, and takes nothing missing for zero."""

import time
from collections.abc import Generator
from contextlib import closing
from functools import reduce
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from sqlglot import exp
from tests.engines import clickhouse as clickhouses
from tests.engines.server import Server, free_port
from tests.warehouse.test_looks import look

from twyman.kernel.errors import Conflict, Forbidden, Invalid, Unavailable
from twyman.testing.agreement import refuse_difference
from twyman.testing.connectors import ConnectorContract, Subject
from twyman.testing.generated import WHOLE, questions, tables
from twyman.warehouse.connector import Keeping, Refused, Staging
from twyman.warehouse.connectors.clickhouse import ClickHouseConnector
from twyman.warehouse.connectors.duckdb import DuckDBConnector
from twyman.warehouse.dialects.translation import printed
from twyman.warehouse.language.syntax import alias, call, cast, column, select, table
from twyman.warehouse.looks.book import KeptLooks
from twyman.warehouse.sql_warehouse import SqlWarehouse

pytestmark = pytest.mark.engines

SECRET = "tr0ub4dor"  # noqa: S105 - of a server that lives for these tests
ENDLESS = "SELECT count() AS n FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))"


class TestClickHouse(ConnectorContract):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, clickhouse: Server) -> Generator[Subject]:
        connector = ClickHouseConnector(clickhouse.url)
        yield Subject(connector, clickhouse.load)
        connector.close()


def without_nulls() -> dict[str, pa.Table]:
    """The generated tables' rows that hold everything."""
    return {name: held.filter(pc.invert(any_null(held))) for name, held in tables().items()}


def any_null(held: pa.Table) -> Any:
    found = [column.is_null() for column in held.columns]
    return reduce(pc.or_, found)


PLAIN = {"LowCardinality(String)": "String", "DateTime64(6, 'Asia/Tokyo')": "DateTime64(6, 'UTC')"}
"""Types that columns have where nothing is missing, in place of the usual ones: none can hold null."""


def load_plainly(server: Server, name: str, held: pa.Table) -> None:
    usual = {one: plain for plain, one in PLAIN.items()}
    kinds = [(field.name, clickhouses.kind(field.type)) for field in held.schema]
    listed = ", ".join(f"`{title}` {usual.get(kind, kind)}" for title, kind in kinds)
    server.load(f"{name} loaded", held)
    for sql in (
        f"DROP TABLE IF EXISTS lab.`{name}`",
        f"CREATE TABLE lab.`{name}` ({listed}) ENGINE = MergeTree ORDER BY tuple()",
        f"INSERT INTO lab.`{name}` SELECT * FROM `{name} loaded`",
        f"DROP TABLE `{name} loaded`",
    ):
        server.rows(sql)


@pytest.mark.parametrize("name", ["every metric, in spring", "in strata", "a table of units, by dimension"])
def test_what_a_column_cant_hold_is_null_all_the_same_where_it_is_missing(clickhouse: Server, name: str) -> None:
    clickhouse.rows("CREATE DATABASE IF NOT EXISTS lab")
    every, question = without_nulls(), questions()[name]
    for title, held in every.items():
        load_plainly(clickhouse, title, held)

    with closing(ClickHouseConnector(lab(clickhouse))) as connector:
        seen = SqlWarehouse(connector).measure(question)

    refuse_difference(seen, SqlWarehouse(DuckDBConnector(Path()), dict(every)).measure(question), whole=WHOLE)


def test_sums_of_whole_numbers_dont_wrap(clickhouse: Server, connector: ClickHouseConnector) -> None:
    clickhouse.load("large", pa.table({"n": [2**62] * 3}))
    query = select(call("sum", column("n")), exp.Mul(this=call("max", column("n")), expression=column("n")))
    printed_ = printed(query.from_(table("large")).group_by(column("n")), connector.dialect)

    assert list(connector.rows(printed_)[0].values()) == [3 * 2**62, 2**124]


@pytest.mark.parametrize("kind", ["DOUBLE", "BIGINT", "DECIMAL(10, 2)", "TIMESTAMP", "DATE", "BOOLEAN"])
@pytest.mark.parametrize("text", ["nonsense", "2024-02-30"])
def test_a_text_that_is_no_such_thing_is_an_error_and_not_null(
    clickhouse: Server, connector: ClickHouseConnector, text: str, kind: str
) -> None:
    clickhouse.load("texts", pa.table({"s": [text, None]}))
    strict, lenient = (
        printed(select(alias(made, "v")).from_(table("texts")), connector.dialect)
        for made in (cast(column("s"), kind), exp.TryCast(this=column("s"), to=exp.DataType.build(kind)))
    )

    with pytest.raises(Refused):
        connector.rows(strict)
    assert [row["v"] for row in connector.rows(lenient)] == [None, None]


@pytest.fixture
def connector(clickhouse: Server) -> Generator[ClickHouseConnector]:
    with closing(ClickHouseConnector(clickhouse.url)) as made:
        yield made


def with_password(url: str, *, port: int | None = None) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"nobody-here:{SECRET}@127.0.0.1:{port or parts.port}"))


def test_an_address_is_told_to_nobody(clickhouse: Server) -> None:
    port = free_port()
    with pytest.raises(Unavailable, match="nobody listens") as error:
        ClickHouseConnector(with_password(clickhouse.url, port=port))

    said = f"{error.value!r} {error.value} {error.value.__cause__!r} {error.value.__suppress_context__}"
    assert said.endswith("None True")
    assert not any(secret in said for secret in (SECRET, "nobody-here", "127.0.0.1", str(port)))


def test_a_url_stands_in_no_representation_and_no_refusal(clickhouse: Server) -> None:
    with closing(ClickHouseConnector(with_password(clickhouse.url))) as connector:
        with pytest.raises(Refused) as refused:
            connector.rows("SELECT nothing")

        assert repr(connector) == "ClickHouseConnector(…)"
        shown = f"{connector._session!r} {refused.value} {refused.value.__cause__!r}"
        assert not any(secret in shown for secret in (SECRET, "127.0.0.1", "nobody-here", "version", "Code:"))


@pytest.mark.parametrize("url", ["", "warehouse of ours", f"clickhouse://{SECRET}@:8123", "http://host:port"])
def test_what_is_no_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(Invalid, match="url isn't one") as error:
        ClickHouseConnector(url)

    assert SECRET not in str(error.value)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE mine (a Int8) ENGINE = Memory",
        "INSERT INTO readonly VALUES (2)",
        "ALTER TABLE readonly DELETE WHERE 1",
        "SELECT 1 AS a; DROP TABLE readonly",
        "SELECT 1 AS a SETTINGS readonly = 0",
    ],
)
def test_nothing_is_written_by_what_only_asks(clickhouse: Server, connector: ClickHouseConnector, sql: str) -> None:
    clickhouse.load("readonly", pa.table({"a": [1]}))

    with pytest.raises((Refused, Unavailable)):
        connector.rows(sql)

    assert clickhouse.rows("SELECT a FROM readonly") == [{"a": 1}]


@pytest.mark.parametrize("title", ["system.users", "INFORMATION_SCHEMA.TABLES", "information_schema.tables"])
def test_the_servers_own_tables_hold_no_facts(connector: ClickHouseConnector, title: str) -> None:
    with pytest.raises(Forbidden, match="the server's own"):
        connector.item(title)


def test_a_table_is_found_by_database_and_whatever_it_is_called(clickhouse: Server) -> None:
    for sql in (
        "CREATE DATABASE IF NOT EXISTS lab",
        "CREATE TABLE IF NOT EXISTS lab.`Odd name; --` (a Int32) ENGINE = Memory",
    ):
        clickhouse.rows(sql)
    with closing(ClickHouseConnector(clickhouse.url)) as plain, closing(ClickHouseConnector(lab(clickhouse))) as inside:
        assert plain.item("Odd name; --") is None
        for connector, title in ((plain, 'lab."Odd name; --"'), (inside, '"Odd name; --"')):
            item = connector.item(title)
            assert item is not None
            query = select().select("*").from_(item)
            assert connector.types(printed(query, connector.dialect)) == {"a": "INTEGER"}
        assert "lab.Odd name; --" in plain.tables()
        assert inside.tables()[0] == "Odd name; --"


def lab(clickhouse: Server) -> str:
    return clickhouse.url.removesuffix("default") + "lab"


def test_a_statement_that_takes_too_long_is_stopped(clickhouse: Server) -> None:
    with closing(ClickHouseConnector(clickhouse.url, timeout=0.5)) as connector:
        with pytest.raises(Unavailable, match=r"longer than 0\.5 s"):
            connector.rows(ENDLESS)

        assert connector.rows("SELECT 1 AS a") == [{"a": 1}]


def test_cancelling_ends_the_query_on_the_server(clickhouse: Server, connector: ClickHouseConnector) -> None:
    said: list[Exception] = []

    def ask() -> None:
        try:
            connector.stage("endless", ENDLESS)
        except Unavailable as error:
            said.append(error)

    thread = Thread(target=ask)
    thread.start()
    running = "SELECT 1 AS one FROM system.processes WHERE query LIKE '%endless%' AND query NOT LIKE '%processes%'"
    while not clickhouse.rows(running):
        time.sleep(0.01)
    connector.cancel()
    thread.join(timeout=30)

    assert "told to stop" in str(said[0])
    assert clickhouse.rows(running) == []
    connector.unstage(["endless"])
    with pytest.raises(Refused):
        connector.rows("SELECT * FROM endless")


def test_what_is_staged_is_the_sessions_own(clickhouse: Server, connector: ClickHouseConnector) -> None:
    assert isinstance(connector, Staging)
    connector.stage("of mine", "SELECT 1 AS a")

    assert connector.rows("SELECT a FROM `of mine`") == [{"a": 1}]
    with closing(ClickHouseConnector(clickhouse.url)) as another, pytest.raises(Refused):
        another.rows("SELECT a FROM `of mine`")


def test_a_cost_is_that_of_the_tables_read(clickhouse: Server, connector: ClickHouseConnector) -> None:
    clickhouse.load("costly", pa.table({"a": list(range(10_000))}))
    size = clickhouse.rows("SELECT total_bytes AS size FROM system.tables WHERE name = 'costly'")[0]["size"]

    assert connector.cost("SELECT sum(a) FROM costly") == size
    assert connector.cost("SELECT 1") is None


def test_a_draft_that_was_left_behind_is_listed_and_can_be_dropped(connector: ClickHouseConnector) -> None:
    assert isinstance(connector, Keeping)
    with pytest.raises(Refused):
        connector.keep("whole", "SELECT number, throwIf(number = 70000) AS a FROM numbers(100000)")

    assert "whole" not in {one.name for one in connector.kept()}
    for one in connector.kept():
        connector.drop(one.name)
    assert connector.kept() == []


def test_a_frame_in_memory_is_refused_with_the_cure(connector: ClickHouseConnector) -> None:
    with pytest.raises(Refused, match="engine: duckdb"):
        connector.register("plays", [1, 2])


def test_looks_are_kept_in_the_database(clickhouse: Server, connector: ClickHouseConnector) -> None:
    clickhouse.rows("DROP DATABASE IF EXISTS twyman SYNC")
    assert KeptLooks(connector).looks("e") == ()
    assert KeptLooks(connector).keep(look())

    with closing(ClickHouseConnector(clickhouse.url)) as another, pytest.raises(Conflict):
        KeptLooks(another).keep(look())

    assert KeptLooks(connector).looks("e") == (look(),)


def test_words_are_names_where_they_are_quoted(clickhouse: Server, connector: ClickHouseConnector) -> None:
    clickhouse.load("words", pa.table({"user": ["mine"], "select": [1]}))
    query = select().select("user").from_(table("words"))

    assert connector.rows(printed(query, connector.dialect)) == [{"user": "mine"}]
