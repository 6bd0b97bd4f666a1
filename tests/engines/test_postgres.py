"""PostgreSQL passes the suite of connectors, keeps its secrets, and can be stopped."""

import time
from collections.abc import Generator
from contextlib import closing
from threading import Thread
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pyarrow as pa
import pytest
from tests.engines.server import Server, free_port
from tests.warehouse.test_looks import look

from twyman.kernel.errors import Conflict, Forbidden, Invalid, Unavailable
from twyman.testing.connectors import ConnectorContract, Subject
from twyman.warehouse.connector import Keeping, Refused
from twyman.warehouse.connectors.postgres import PostgresConnector
from twyman.warehouse.dialects.translation import printed
from twyman.warehouse.language.syntax import select, table
from twyman.warehouse.looks.book import KeptLooks

pytestmark = pytest.mark.engines

SECRET = "tr0ub4dor"  # noqa: S105 - of a server that lives for these tests


class TestPostgres(ConnectorContract):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, postgres: Server) -> Generator[Subject]:
        connector = PostgresConnector(postgres.url)
        yield Subject(connector, postgres.load)
        connector.close()


@pytest.fixture
def connector(postgres: Server) -> Generator[PostgresConnector]:
    made = PostgresConnector(postgres.url)
    yield made
    made.close()


def with_password(url: str, *, port: int | None = None, user: str = "postgres") -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{user}:{SECRET}@127.0.0.1:{port or parts.port}"))


@pytest.mark.parametrize("user", ["nobody-here", "postgres"])
def test_an_address_is_told_to_nobody(postgres: Server, user: str) -> None:
    url = with_password(postgres.url, user=user, port=free_port() if user == "postgres" else None)
    with pytest.raises(Unavailable) as error:
        PostgresConnector(url)

    said = f"{error.value!r} {error.value} {error.value.__cause__!r} {error.value.__suppress_context__}"
    assert said.endswith("None True")
    assert not any(secret in said for secret in (SECRET, user, "127.0.0.1", str(urlsplit(url).port)))


def test_a_url_stands_in_no_representation(postgres: Server) -> None:
    connector = PostgresConnector(with_password(postgres.url))

    assert repr(connector) == "PostgresConnector(…)"
    assert SECRET not in repr(connector._session)
    connector.close()


@pytest.mark.parametrize("url", ["", "warehouse of ours", f"host={SECRET} nonsense"])
def test_what_is_no_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(Invalid, match="url isn't one") as error:
        PostgresConnector(url)

    assert SECRET not in str(error.value)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE mine (a integer)",
        "WITH gone AS (DELETE FROM readonly RETURNING *) SELECT * FROM gone",
        "SELECT 1; COMMIT; DROP TABLE readonly",
        "SELECT set_config('transaction_read_only', 'off', false), nextval('numbers')",
    ],
)
def test_nothing_is_written_by_what_only_asks(postgres: Server, connector: PostgresConnector, sql: str) -> None:
    postgres.load("readonly", pa.table({"a": [1]}))
    with psycopg.connect(postgres.url) as session:
        session.execute("CREATE SEQUENCE IF NOT EXISTS numbers")

    with pytest.raises(Refused):
        connector.rows(sql)

    assert postgres.rows("SELECT a FROM readonly") == [{"a": 1}]


@pytest.mark.parametrize("title", ["pg_catalog.pg_authid", "information_schema.tables", "pg_toast.x"])
def test_the_servers_own_tables_hold_no_facts(connector: PostgresConnector, title: str) -> None:
    with pytest.raises(Forbidden, match="the server's own"):
        connector.item(title)


def test_a_table_is_found_by_schema_by_path_and_whatever_it_is_called(postgres: Server) -> None:
    with psycopg.connect(postgres.url) as session:
        session.execute(
            "CREATE SCHEMA IF NOT EXISTS lab; CREATE TABLE IF NOT EXISTS lab.facts (a int); "
            'CREATE TABLE IF NOT EXISTS lab."Odd name; --" (a int)'
        )

    with (
        closing(PostgresConnector(postgres.url)) as plain,
        closing(PostgresConnector(f"{postgres.url}?options=-csearch_path%3Dlab")) as pathed,
    ):
        assert plain.item("facts") is None
        for connector, title in ((plain, "lab.facts"), (plain, 'lab."Odd name; --"'), (pathed, "Facts")):
            item = connector.item(title)
            assert item is not None
            assert connector.types(select().select("*").from_(item).sql(dialect="postgres")) == {"a": "INTEGER"}
        assert "lab.facts" in plain.tables()
        assert pathed.tables()[1] == "facts"


def test_a_statement_that_takes_too_long_is_stopped(postgres: Server) -> None:
    with closing(PostgresConnector(postgres.url, timeout=0.5)) as connector:
        with pytest.raises(Unavailable, match=r"longer than 0\.5 s"):
            connector.rows("SELECT pg_sleep(30)")

        assert connector.rows("SELECT 1 AS a") == [{"a": 1}]


def test_cancelling_ends_the_query_on_the_server(postgres: Server, connector: PostgresConnector) -> None:
    said: list[Exception] = []

    def ask() -> None:
        try:
            connector.rows("SELECT pg_sleep(60)")
        except Unavailable as error:
            said.append(error)

    thread = Thread(target=ask)
    thread.start()
    running = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(60)%' AND state = 'active'"
    while not postgres.rows(running):
        time.sleep(0.01)
    connector.cancel()
    thread.join(timeout=30)

    assert "told to stop" in str(said[0])
    assert postgres.rows(running) == []


def test_a_lost_connection_is_said_and_then_made_again(postgres: Server, connector: PostgresConnector) -> None:
    (row,) = connector.rows("SELECT pg_backend_pid() AS pid")
    postgres.rows(f"SELECT pg_terminate_backend({row['pid']})")

    with pytest.raises(Unavailable, match="gave up"):
        connector.rows("SELECT 1 AS a")

    assert connector.rows("SELECT 1 AS a") == [{"a": 1}]


def test_a_cost_is_that_of_the_pages_of_the_tables_read(postgres: Server, connector: PostgresConnector) -> None:
    postgres.load("costly", pa.table({"a": list(range(10_000))}))
    pages = postgres.rows("SELECT pg_relation_size('costly') AS size")[0]["size"]

    assert connector.cost("SELECT count(*) FROM costly") == pages
    assert connector.cost("SELECT 1") == 0


def test_who_may_not_write_keeps_nothing_and_goes_on(postgres: Server) -> None:
    with psycopg.connect(postgres.url) as session:
        session.execute("DROP SCHEMA IF EXISTS twyman CASCADE")
        if not session.execute("SELECT 1 FROM pg_roles WHERE rolname = 'reader'").fetchall():
            session.execute("CREATE ROLE reader LOGIN")

    with closing(PostgresConnector(postgres.url.replace("postgres@", "reader@"))) as connector:
        assert not connector.keep("a", "SELECT 1 AS a")
        assert not connector.write("looks", 0, b"{}")
        assert connector.entries("looks") == []
        assert connector.kept() == []
        assert connector.rows("SELECT 1 AS a") == [{"a": 1}]


def test_tables_of_our_own_are_kept_here(connector: PostgresConnector) -> None:
    assert isinstance(connector, Keeping)


def test_a_frame_in_memory_is_refused_with_the_cure(connector: PostgresConnector) -> None:
    with pytest.raises(Refused, match="engine: duckdb"):
        connector.register("plays", [1, 2])


def test_a_name_that_means_something_is_quoted(postgres: Server, connector: PostgresConnector) -> None:
    postgres.load("words", pa.table({"user": ["mine"]}))
    query = select().select("user").from_(table("words"))

    assert connector.rows(printed(query, connector.dialect)) == [{"user": "mine"}]


def test_looks_are_kept_in_the_database(postgres: Server, connector: PostgresConnector) -> None:
    with psycopg.connect(postgres.url) as session:
        session.execute("DROP SCHEMA IF EXISTS twyman CASCADE")
    assert KeptLooks(connector).looks("e") == ()
    assert KeptLooks(connector).keep(look())

    with closing(PostgresConnector(postgres.url)) as another, pytest.raises(Conflict):
        KeptLooks(another).keep(look())

    assert KeptLooks(connector).looks("e") == (look(),)
