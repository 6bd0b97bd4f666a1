"""The server that stands in for ClickHouse does what its driver and our connector count on."""

import threading
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.engines.server import Server

pytestmark = pytest.mark.engines
ENDLESS = "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))"


def client(server: Server, **settings: Any) -> Any:
    connect = pytest.importorskip("clickhouse_connect")
    return connect.get_client(host="127.0.0.1", port=urlsplit(server.url).port, settings=settings)


def test_parameters_reach_the_statement_as_they_are(clickhouse: Server) -> None:
    said = "it's \\ a\ttab"

    assert client(clickhouse).query("SELECT {said:String}", parameters={"said": said}).result_rows == [(said,)]


def test_a_session_keeps_its_temporary_tables_to_itself(clickhouse: Server) -> None:
    mine, other = client(clickhouse), client(clickhouse)
    mine.command("CREATE TEMPORARY TABLE mine AS SELECT 1 AS one")

    assert mine.query("SELECT one FROM mine").result_rows == [(1,)]
    with pytest.raises(Exception, match="code: 60"):
        other.query("SELECT one FROM mine")


@pytest.mark.parametrize(
    ("settings", "sql", "code"),
    [
        ({}, "SELECT nowhere", 47),
        ({"readonly": 2}, "CREATE TABLE made (one Int8) ENGINE = Memory", 164),
        ({"max_execution_time": 1}, ENDLESS, 159),
    ],
)
def test_refusals_have_their_codes(clickhouse: Server, settings: dict[str, Any], sql: str, code: int) -> None:
    with pytest.raises(Exception, match=f"code: {code}"):
        client(clickhouse, **settings).query(sql)


def test_settings_end_with_their_request(clickhouse: Server) -> None:
    one = client(clickhouse)
    one.query("SELECT 1", settings={"readonly": 2, "max_threads": 1})
    one.command("CREATE TEMPORARY TABLE writable AS SELECT 1")

    assert one.query("SELECT getSetting('readonly')").result_rows == [(0,)]


def test_a_running_query_is_killed_by_its_name(clickhouse: Server) -> None:
    worker, killer, said = client(clickhouse), client(clickhouse), list[str]()

    def work() -> None:
        try:
            worker.query(ENDLESS, settings={"query_id": "endless"})
        except Exception as error:  # noqa: BLE001 - told by the assertion below
            said.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    count = "SELECT count() FROM system.processes WHERE query LIKE '/* endless */%'"
    while not killer.query(count).result_rows[0][0]:
        assert thread.is_alive()
    killer.command("KILL QUERY WHERE query_id = 'endless' SYNC")
    thread.join(timeout=30)

    assert "code: 394" in said[0]
