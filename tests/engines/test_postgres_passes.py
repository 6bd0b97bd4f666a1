"""How often PostgreSQL reads a table of facts for one look, by what the server counts."""

import time
from contextlib import closing

import psycopg
import pytest
from tests.engines.server import Server
from tests.engines.test_postgres_limits import READ, asked

from twyman.app.ports import Question
from twyman.metrics.metric import Aggregate, FactValue, Mean, Metric, Quantile
from twyman.metrics.source import Table
from twyman.testing.generated import WEEK, questions, tables
from twyman.testing.kinds import TAPS, TOTAL
from twyman.warehouse.connectors.postgres import PostgresConnector
from twyman.warehouse.sql_warehouse import SqlWarehouse

pytestmark = pytest.mark.engines

MEAN = Metric(name="amount", kind=Mean(TOTAL), window=WEEK)
TALL = Metric(name="tall", kind=Mean(FactValue("taps", Aggregate.MAX, "score")))
EACH = Metric(name="each", kind=Quantile(FactValue("taps", Aggregate.EACH, "score"), 0.9), window=WEEK)


PARTITIONED = (
    "CREATE TABLE by_year (LIKE taps) PARTITION BY RANGE (at);"
    "CREATE TABLE of_old PARTITION OF by_year FOR VALUES FROM (MINVALUE) TO ('2024-01-01');"
    "CREATE TABLE of_late PARTITION OF by_year FOR VALUES FROM ('2024-01-01') TO (MAXVALUE);"
    "INSERT INTO by_year SELECT * FROM taps;"
    "INSERT INTO by_year SELECT user_id, device_id, at - interval '2 years', day, kind, amount, score FROM taps"
)


@pytest.fixture
def loaded(postgres: Server) -> Server:
    for name in READ:
        postgres.load(name, tables()[name])
    return postgres


def passes(server: Server, question: Question, table: str = "taps") -> float:
    """How often all facts of a table were read for a question; a session tells what it read when it ends."""
    with closing(PostgresConnector(server.url)) as connector:
        pid = connector.rows("SELECT pg_backend_pid() AS pid")[0]["pid"]
        SqlWarehouse(connector).measure(question)
    while server.rows(f"SELECT 1 AS one FROM pg_stat_activity WHERE pid = {pid}"):
        time.sleep(0.01)
    (found,) = server.rows(f"SELECT seq_tup_read AS rows FROM pg_stat_user_tables WHERE relname = '{table}'")
    return found["rows"] / TAPS


EVERY, TRIGGERED = (questions()[one] for one in ("every other kind", "triggered, a population, segments left out"))


@pytest.mark.parametrize("question", [EVERY, TRIGGERED, asked(EACH)], ids=["every kind", "triggered", "each"])
def test_facts_that_several_parts_ask_for_are_read_once(loaded: Server, question: Question) -> None:
    assert passes(loaded, question) == 1


@pytest.mark.parametrize("metrics", [[MEAN], [MEAN, TALL]])
def test_facts_are_read_for_all_sums_and_again_to_say_when_they_ran(loaded: Server, metrics: list[Metric]) -> None:
    assert passes(loaded, asked(*metrics)) == 2


def test_partitions_of_years_ago_are_not_read(loaded: Server) -> None:
    with psycopg.connect(loaded.url) as session:
        session.execute("DROP TABLE IF EXISTS by_year")
        session.execute(PARTITIONED)
    question = asked(MEAN, taps={"relation": Table("by_year")})

    assert passes(loaded, question, "of_old") == 0
    assert passes(loaded, question, "of_late") == 4  # of both questions
