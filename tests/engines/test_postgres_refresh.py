"""What PostgreSQL keeps: piece by piece is as at once, and whoever is killed leaves nothing half done."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest
from tests.engines.server import Server
from tests.warehouse.state.test_refresh import DAY, EXPOSED, FOLDED, HOUR, PLAYED, START, question as of_files, same

from twyman.app.ports import Question
from twyman.metrics.source import Table
from twyman.warehouse.connectors.postgres import PostgresConnector
from twyman.warehouse.sql_warehouse import SqlWarehouse

pytestmark = pytest.mark.engines

LAST, KILLS = 8, 5
CHILD = """
import sys
from tests.engines.test_postgres_refresh import question
from twyman.warehouse.connectors.postgres import PostgresConnector
from twyman.warehouse.sql_warehouse import SqlWarehouse
warehouse = SqlWarehouse(PostgresConnector(sys.argv[1]), incremental=True)
print("ready", flush=True)
for day in range(int(sys.argv[2]), int(sys.argv[3]) + 1):
    warehouse.measure(question(day))
    print(day, flush=True)
"""
KEEPING = """
import sys
from twyman.warehouse.connectors.postgres import PostgresConnector
connector = PostgresConnector(sys.argv[1])
print("ready", flush=True)
connector.keep("half", "SELECT n, md5(n::text) AS text FROM generate_series(1, 30000000) AS numbers(n)")
"""


def question(days: float, metrics: tuple[str, ...] = FOLDED) -> Question:
    """The question of files, over tables."""
    asked = of_files(days, metrics)
    sources = {name: replace(one, relation=Table(f"kept_{name}")) for name, one in asked.catalogue.sources.items()}
    return replace(asked, catalogue=replace(asked.catalogue, sources=sources))


def put(server: Server, name: str, schema: pa.Schema, rows: list[tuple[object, ...]]) -> None:
    columns = zip(schema, zip(*rows, strict=True), strict=True)
    server.load(name, pa.table([pa.array(list(column), kind.type) for kind, column in columns], schema))


@pytest.fixture
def server(postgres: Server) -> Generator[Server]:
    forget(postgres)
    yield postgres
    forget(postgres)


def forget(server: Server) -> None:
    with psycopg.connect(server.url) as session:
        session.execute("DROP SCHEMA IF EXISTS twyman CASCADE")


def arriving(seed: int) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Exposures and plays by the hour, many of one instant, some of which arrive up to three days late."""
    drawn, start = random.Random(seed), START.replace(tzinfo=None)  # noqa: S311 - a fixed draw of test data
    units = [(unit, "control" if unit % 2 else "moments", start + drawn.randrange(150) * HOUR) for unit in range(90)]
    plays: list[tuple[object, ...]] = []
    for _ in range(1_500):
        at = start + drawn.randrange(-90, 200) * HOUR
        late = drawn.randrange(72) * HOUR
        plays.append((drawn.randrange(90), at, drawn.randrange(99), drawn.choice("ab"), at + late))
    return [*units, (0, "control", start), (1, "moments", start)], plays


@pytest.mark.parametrize(("seed", "metrics"), [(1, FOLDED), (2, (*FOLDED, "kinds"))])
def test_piece_by_piece_is_at_once(server: Server, seed: int, metrics: tuple[str, ...]) -> None:
    exposures, plays = arriving(seed)
    put(server, "kept_exposures", EXPOSED, exposures)
    with closing(PostgresConnector(server.url)) as connector:
        for day in (*(half / 2 for half in range(2, 2 * LAST)), LAST):
            end = (START + day * DAY).replace(tzinfo=None)
            put(server, "kept_plays", PLAYED, [row for row in plays if row[4] < end])  # type: ignore[operator]
            asked = question(day, metrics)

            same(SqlWarehouse(connector, incremental=True).measure(asked), SqlWarehouse(connector).measure(asked))
        assert connector.kept()


def run(code: str, *arguments: str, after: float | None = None) -> list[int]:
    """Run a program, killed some seconds after it was ready; return the numbers that it printed."""
    command = [sys.executable, "-c", code, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        if after is not None:
            time.sleep(after)
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGKILL)
        return [int(line) for line in child.stdout]


def test_kills_in_the_middle_of_a_refresh_lose_nothing_and_count_nothing_twice(server: Server) -> None:
    exposures, plays = arriving(3)
    put(server, "kept_exposures", EXPOSED, exposures)
    put(server, "kept_plays", PLAYED, plays)
    drawn, day = random.Random(4), 0  # noqa: S311 - when to kill is no secret
    with closing(PostgresConnector(server.url)) as connector:
        for _ in range(KILLS):
            done = run(CHILD, server.url, str(day + 1), str(LAST), after=drawn.uniform(0.1, 3))
            day = min(max([day, *done]) + 1, LAST)
            asked = question(day)

            same(SqlWarehouse(connector, incremental=True).measure(asked), SqlWarehouse(connector).measure(asked))


def test_whoever_is_killed_while_keeping_a_table_keeps_nothing_of_it(server: Server) -> None:
    with closing(PostgresConnector(server.url)) as connector:
        assert connector.keep("half", "SELECT 1 AS a")
        run(KEEPING, server.url, after=1)
        for one in server.rows("SELECT pid FROM pg_stat_activity WHERE query LIKE 'CREATE TABLE%half%'"):
            server.rows(f"SELECT pg_terminate_backend({one['pid']})")
        item = connector.own("half")

        assert item is not None
        assert connector.rows(f"SELECT * FROM {item.sql('postgres')}") == [{"a": 1}]
        assert [one.name for one in connector.kept()] == ["half"]
