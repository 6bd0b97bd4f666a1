"""Where PostgreSQL ends: long names, many metrics, times beyond the calendar, and sources that leave their box."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from tests.engines.server import Server

from twyman.app.ports import Question
from twyman.experiments.experiment import Role, Tracked
from twyman.kernel.errors import Invalid
from twyman.metrics.metric import Adjustment, Aggregate, Cap, FactValue, Mean, Metric, Quantile
from twyman.metrics.source import FactSource, Query, Table
from twyman.testing.agreement import refuse_difference
from twyman.testing.connectors import reference
from twyman.testing.generated import WEEK, questions, tables
from twyman.testing.kinds import DAY, TOTAL
from twyman.warehouse.connectors.postgres import PostgresConnector
from twyman.warehouse.dialects.translation import printed
from twyman.warehouse.language.syntax import alias, call, column, select, table
from twyman.warehouse.sql_warehouse import SqlWarehouse

pytestmark = pytest.mark.engines

BASE = "every other kind"
READ = ("spring_exposures", "spring_profile", "taps", "devices", "households")


@pytest.fixture(scope="module")
def loaded(postgres: Server) -> Server:
    for name in READ:
        postgres.load(name, tables()[name])
    return postgres


@pytest.fixture
def warehouse(loaded: Server) -> Generator[SqlWarehouse]:
    with closing(PostgresConnector(loaded.url)) as connector:
        yield SqlWarehouse(connector)


def asked(*metrics: Metric, taps: dict[str, Any] | None = None, **experiment: Any) -> Question:
    base = questions()[BASE]
    source = replace(base.catalogue.source("taps", FactSource), **(taps or {}))
    catalogue = replace(
        base.catalogue,
        metrics={one.name: one for one in metrics},
        sources={**base.catalogue.sources, "taps": source},
    )
    tracked = tuple(Tracked(metric=one.name, role=Role.INFORMATION) for one in metrics)
    return replace(base, catalogue=catalogue, experiment=replace(base.experiment, tracked=tracked, **experiment))


def test_names_longer_than_63_bytes_come_back_whole(warehouse: SqlWarehouse) -> None:
    long = "how much a listener of ours listens to in the week after they were first told about it"
    names = (f"{long}, in minutes", f"{long}, in pieces", f"{long} × Ünï")
    kinds = (Mean(TOTAL), Quantile(TOTAL, 0.5), Mean(replace(TOTAL, scale=0.5)))
    metrics = [
        Metric(name=name, kind=kind, window=WEEK, cap=Cap(percentile=90) if isinstance(kind, Mean) else None)
        for name, kind in zip(names, kinds, strict=True)
    ]
    question = asked(*metrics, dimensions=("country",))
    found = warehouse.measure(question)

    assert {cell.metric for cell in (*found.cells, *found.ranks)} == set(names)
    refuse_difference(found, reference().measure(question))


def test_more_metrics_than_one_call_holds_come_back_each(warehouse: SqlWarehouse) -> None:
    metrics = [
        Metric(
            name=f"m{number}", kind=Mean(FactValue("taps", Aggregate.SUM, "amount", f"score > {number}")), window=WEEK
        )
        for number in range(60)
    ]
    question = asked(*metrics)

    refuse_difference(warehouse.measure(question), reference().measure(question), whole=[one.name for one in metrics])


def test_metrics_with_many_covariates_come_back_each(warehouse: SqlWarehouse) -> None:
    others = [Metric(name=f"m{number}", kind=Mean(replace(TOTAL, where=f"score > {number}"))) for number in range(14)]
    sharp = Adjustment(7 * DAY, covariates=tuple(one.name for one in others))
    question = asked(Metric(name="sharp", kind=Mean(TOTAL), window=WEEK, adjustment=sharp), *others)

    refuse_difference(warehouse.measure(question), reference().measure(question))


@pytest.mark.parametrize("at", ["infinity", "-infinity", "0044-03-15 12:00:00 BC", "9999-12-31 23:59:59"])
def test_a_time_beyond_the_calendar_counts_for_nothing_and_is_named(
    loaded: Server, warehouse: SqlWarehouse, at: str
) -> None:
    with psycopg.connect(loaded.url) as session:
        session.execute("DROP TABLE IF EXISTS odd; CREATE TABLE odd AS SELECT * FROM taps")
        session.execute("INSERT INTO odd (user_id, at, kind, amount) VALUES ('u-001', %s, 'view', 7)", (at,))
    metric = Metric(name="amount", kind=Mean(TOTAL), window=WEEK)
    plain = warehouse.measure(asked(metric))
    question = asked(metric, taps={"relation": Table("odd")})

    seen = warehouse.measure(question)
    assert {cell: (one.count, list(one.means)) for cell, one in seen.cells.items()} == {
        cell: (one.count, list(one.means)) for cell, one in plain.cells.items()
    }
    with pytest.raises(Invalid, match="'taps' holds times outside the years 1900 to 2199"):
        warehouse.extent(question)


def test_times_written_in_another_form_are_read_by_it(loaded: Server, warehouse: SqlWarehouse) -> None:
    with psycopg.connect(loaded.url) as session:
        session.execute(
            "DROP TABLE IF EXISTS written; "
            "CREATE TABLE written AS SELECT user_id, to_char(at, 'DD/MM/YYYY HH24:MI') AS at, amount FROM taps"
        )
    metric = Metric(name="amount", kind=Mean(TOTAL), window=WEEK)
    told = {"relation": Table("written"), "formats": {"at": "%d/%m/%Y %H:%M"}}

    seen, plain = (warehouse.measure(asked(metric, taps=taps)).cells for taps in (told, {}))
    assert {cell: list(one.means) for cell, one in seen.items()} == {
        cell: list(one.means) for cell, one in plain.items()
    }


@pytest.mark.parametrize(
    "sql",
    [
        "select rolname as user_id, now() as at from pg_catalog.pg_authid",
        "select usename as user_id, valuntil as at from pg_shadow",
        "select table_name as user_id, current_timestamp as at from information_schema.tables",
        "select user_id, at, pg_read_file('/etc/passwd') as kind from taps",
        "select user_id, at, lo_import('/etc/passwd') as kind from taps",
        "select user_id, at, pg_sleep(60) as kind from taps",
        "select user_id, at, set_config('role', 'postgres', false) as kind from taps",
        "select user_id, at, query_to_xml('select 1', true, true, '') as kind from taps",
        "select user_id, at, dblink('host=elsewhere', 'select 1') as kind from taps",
        "select * from pg_ls_dir('/')",
        "select * from taps; drop table taps",
        "with gone as (delete from taps returning *) select * from gone",
    ],
)
def test_a_source_that_would_leave_its_box_never_reaches_the_server(loaded: Server, sql: str) -> None:
    class Heard(PostgresConnector):
        """Hears what is sent."""

        heard: list[str] = []  # noqa: RUF012 - of this test's class alone

        def rows(self, sql: str) -> Any:
            self.heard.append(sql)
            return super().rows(sql)

        def types(self, sql: str) -> Any:
            self.heard.append(sql)
            return super().types(sql)

    question = asked(Metric(name="amount", kind=Mean(TOTAL), window=WEEK), taps={"relation": Query(sql)})
    with closing(Heard(loaded.url)) as connector, pytest.raises(Invalid):
        SqlWarehouse(connector).measure(question)

    held = ("pg_", "lo_", "information_schema", "set_config", "query_to", "dblink", "drop", "delete")
    assert not [one for one in Heard.heard if any(word in one.lower() for word in held)]


def test_a_mean_of_a_million_prices_loses_no_digit(loaded: Server, warehouse: SqlWarehouse) -> None:
    prices = "SELECT 0.1::float8 AS one, CASE WHEN n % 10 = 0 THEN 9.99 ELSE 0 END::float8 AS other"
    with psycopg.connect(loaded.url) as session:
        session.execute(
            f"DROP TABLE IF EXISTS prices; CREATE TABLE prices AS {prices} FROM generate_series(1, 1000000) n"
        )
    connector = warehouse._engine.connector
    query = select(*(alias(call("favg", column(name)), name) for name in ("one", "other"))).from_(table("prices"))

    (row,) = connector.rows(printed(query, connector.dialect))

    assert row == {"one": pytest.approx(0.1, rel=1e-15), "other": pytest.approx(0.999, rel=1e-15)}


def test_who_may_only_read_analyses_and_keeps_nothing(loaded: Server) -> None:
    with psycopg.connect(loaded.url) as session:
        session.execute("DROP SCHEMA IF EXISTS twyman CASCADE")
        if not session.execute("SELECT 1 FROM pg_roles WHERE rolname = 'reader'").fetchall():
            session.execute("CREATE ROLE reader LOGIN")
        session.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    question = asked(Metric(name="amount", kind=Mean(TOTAL), window=WEEK))

    with closing(PostgresConnector(loaded.url.replace("postgres@", "reader@"))) as connector:
        found = SqlWarehouse(connector, incremental=True).measure(question)
        assert connector.kept() == []

    refuse_difference(found, reference().measure(question), whole=["amount"])


def test_a_join_that_the_server_takes_for_small_is_no_loop_within_a_loop(loaded: Server) -> None:
    # Of `(a = 1) = (b = 1)` it believes that one row in 200 stays, of each such filter again, and it is wrong.
    kept = "(b.id % 2 = 0) = (b.at % 2 = 0) AND (b.id % 3 = 0) = (b.at % 3 = 0)"
    table = "CREATE TABLE visits AS SELECT n AS id, n AS at FROM generate_series(1, 30000) n"
    with psycopg.connect(loaded.url) as session:
        session.execute(f"DROP TABLE IF EXISTS visits; {table}")
        session.execute("ANALYZE visits")
    seen = f"SELECT id, max(at) AS last FROM visits b WHERE {kept} GROUP BY id HAVING max(at) > 0"
    joined = f"SELECT count(*) AS n FROM ({seen}) AS a JOIN visits AS b ON a.id = b.id WHERE {kept}"

    with closing(PostgresConnector(loaded.url)) as connector:
        plan = " ".join(str(row["QUERY PLAN"]) for row in connector.rows(f"EXPLAIN {joined}"))
        assert "Nested Loop" not in plan
        assert connector.rows(joined) == [{"n": 30_000}]
