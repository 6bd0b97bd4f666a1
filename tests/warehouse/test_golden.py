"""The SQL that people read: whole statements, compared with those that a person has read.

`GOLDEN=rewrite pytest tests/warehouse/test_golden.py` writes them anew; then read the diff.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from twyman.app.ports import Asked, Cutoff, Question
from twyman.experiments.delivery import Delivery
from twyman.experiments.experiment import Arm, Entry, Experiment, Role, Tracked
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import (
    Adjustment,
    Aggregate,
    Cap,
    FactValue,
    Mean,
    Metric,
    OutcomeValue,
    Proportion,
    Quantile,
    Ratio,
    Retention,
    Window,
)
from twyman.metrics.source import (
    AggregateSource,
    AttributeSource,
    ExposureSource,
    FactSource,
    Source,
    Table,
    Timestamp,
    UnitSource,
)
from twyman.warehouse.connectors.described import DescribedConnector
from twyman.warehouse.dialects.bigquery import DIALECT as BIGQUERY
from twyman.warehouse.dialects.clickhouse import DIALECT as CLICKHOUSE
from twyman.warehouse.dialects.databricks import DIALECT as DATABRICKS
from twyman.warehouse.dialects.postgres import DIALECT as POSTGRES
from twyman.warehouse.dialects.redshift import DIALECT as REDSHIFT
from twyman.warehouse.dialects.snowflake import DIALECT as SNOWFLAKE
from twyman.warehouse.dialects.spark import DIALECT as SPARK
from twyman.warehouse.dialects.trino import DIALECT as TRINO
from twyman.warehouse.duckdb import DuckDB
from twyman.warehouse.sql_warehouse import SqlWarehouse

GOLDEN = Path(__file__).parent / "golden"
DESCRIBED = {one.name: one for one in (POSTGRES, CLICKHOUSE, SNOWFLAKE, SPARK, BIGQUERY, TRINO, DATABRICKS, REDSHIFT)}
"""Engines for which statements are written without one at hand."""

DAY = timedelta(days=1)
START = datetime(2015, 4, 6, tzinfo=UTC)
USER = {"user": "user_id"}
TABLES = {
    "exposures": "user_id varchar, experiment varchar, arm varchar, exposed_at timestamp, is_bot boolean",
    "listening": "user_id varchar, played_at timestamptz, loaded_at timestamptz, played_ms integer, skipped boolean",
    "users": "user_id varchar, valid_from timestamp, country varchar, signed_up_at timestamp",
    "shop": "id integer, segment varchar, spend double, visit boolean, history double",
    "trial": "day date, arm varchar, clicks integer, paid integer",
}
SOURCES = {
    "exposures": ExposureSource(
        name="exposures",
        relation=Table("exposures.parquet"),
        entities=USER,
        timestamp=Timestamp("exposed_at"),
        experiment="experiment",
        arm="arm",
        where="not is_bot",
    ),
    "listening": FactSource(
        name="listening",
        relation=Table("listening.parquet"),
        entities=USER,
        timestamp=Timestamp("played_at"),
        arrived="loaded_at",
        measures={"seconds": "played_ms / 1000.0", "skipped": "skipped"},
    ),
    "profile": AttributeSource(
        name="profile",
        relation=Table("users.parquet"),
        entities=USER,
        timestamp=Timestamp("valid_from"),
        columns={"country": "country", "is_new": "signed_up_at >= exposed_at - interval 7 day"},
    ),
    "shop": UnitSource(
        name="shop",
        relation=Table("shop.parquet"),
        entities={"user": "id"},
        arm="segment",
        outcomes={"spend": "spend", "visit": "visit"},
        covariates={"history": "history"},
    ),
    "trial": AggregateSource(
        name="trial",
        relations={"": Table("trial.parquet")},
        arm="arm",
        columns={"clicks": "clicks", "paid": "paid"},
        matured="paid is not null",
        unit="clicks",
    ),
}
SECONDS = FactValue("listening", Aggregate.SUM, "seconds", where="seconds >= 30", scale=1 / 60)
PLAYS = FactValue("listening", Aggregate.COUNT)
EACH = FactValue("listening", Aggregate.EACH, "seconds", where="not skipped")
WEEK = Window(length=7 * DAY)
CASES = {
    "mean_capped_with_cuped": (
        "exposures",
        Metric(
            name="minutes", kind=Mean(SECONDS), window=WEEK, cap=Cap(percentile=99.9), adjustment=Adjustment(14 * DAY)
        ),
    ),
    "retention_by_country": (
        "exposures",
        Metric(name="week_4", kind=Retention(PLAYS), window=Window(21 * DAY, 7 * DAY)),
    ),
    "mean_in_strata": ("exposures", Metric(name="plays", kind=Mean(PLAYS), window=WEEK)),
    "ratio": (
        "exposures",
        Metric(
            name="skip_rate",
            kind=Ratio(FactValue("listening", Aggregate.SUM, "skipped"), PLAYS),
            window=WEEK,
            adjustment=Adjustment(attributes=("profile.is_new",)),
        ),
    ),
    "quantile_of_facts_by_country": ("exposures", Metric(name="p95", kind=Quantile(EACH, 0.95), window=WEEK)),
    "quantile_of_units": ("shop", Metric(name="median", kind=Quantile(OutcomeValue("spend"), 0.5))),
    "units": ("shop", Metric(name="spend", kind=Mean(OutcomeValue("spend")), adjustment=Adjustment())),
    "aggregates": ("trial", Metric(name="paid", kind=Proportion(OutcomeValue("paid")))),
}
BESIDE = {
    "extent": Asked.EXTENT,
    "latest": Asked.LATEST,
    "others": Asked.OTHERS,
    "rows": Asked.ROWS,
    "assigned": Asked.ASSIGNED,
    "filtered": Asked.FILTERED,
    "by_variant": Asked.EFFECTS,
}
"""What an analysis asks beside the effects, and the effects by the variants of another experiment."""
FILES = [*CASES, *BESIDE]
ENTRIES = {"exposures": Entry.EXPOSURES, "shop": Entry.UNITS, "trial": Entry.AGGREGATES}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> DuckDB:
    folder = tmp_path_factory.mktemp("golden")
    with duckdb.connect() as connection:
        for name, columns in TABLES.items():
            connection.execute(f"create table {name} ({columns})")
            connection.execute(f"copy {name} to '{folder}/{name}.parquet'")
    return DuckDB(folder)


@pytest.fixture(scope="module")
def described() -> dict[str, SqlWarehouse]:
    tables = {
        name: dict(column.strip().split(" ", 1) for column in columns.split(",")) for name, columns in TABLES.items()
    }
    return {name: SqlWarehouse(DescribedConnector(dialect, tables)) for name, dialect in DESCRIBED.items()}


def question(case: str, sources: Mapping[str, Source]) -> Question:
    source, metric = CASES[case]
    experiment = Experiment(
        name="moment-page",
        arms=(Arm("control", 0.5, control=True), Arm("moments", 0.5)),
        tracked=(Tracked(metric=metric.name, role=Role.SUCCESS),),
        entry=ENTRIES[source],
        source=source,
        entity="user",
        enrol_from=START,
        enrol_until=START + 28 * DAY,
        dimensions=("country",) if "country" in case else (),
        strata=("country", "is_new") if "strata" in case else (),
    )
    cutoff = Cutoff(START + 56 * DAY, START + 58 * DAY) if source == "exposures" else None
    catalogue = Catalogue({"user": "string"}, sources, {metric.name: metric})
    return Question(experiment=experiment, catalogue=catalogue, cutoff=cutoff)


def beside(case: str, sources: Mapping[str, Source]) -> Question:
    """An experiment that says all that is asked for beside effects: its assignments, and the facts of a delivery."""
    asked = question("ratio", {**sources, "assigned": replace(sources["exposures"], name="assigned")})
    delivery = Delivery("listening", "seconds > 0")
    experiment = replace(asked.experiment, assignments="assigned", delivery=delivery)
    return replace(asked, experiment=experiment, beside=("no-ads",) if case == "by_variant" else ())


def in_tables() -> dict[str, Source]:
    """The sources over tables of a database, where the files have their endings."""
    found: dict[str, Source] = {}
    for name, source in SOURCES.items():
        if isinstance(source, AggregateSource):
            found[name] = replace(source, relations={"": Table("trial")})
        else:
            relation = source.relation
            assert isinstance(relation, Table)
            found[name] = replace(source, relation=Table(relation.name.removesuffix(".parquet")))
    return found


def is_golden(case: str, engine: str, sql: str) -> None:
    file = GOLDEN / engine / f"{case}.sql"
    metric = CASES[case if case in CASES else "ratio"][1].name
    header = f"-- test: {Path(__file__).name}  metric: {metric}  engine: {engine}\n"
    if os.environ.get("GOLDEN") == "rewrite":
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"{header}{sql}\n")
    assert file.read_text() == f"{header}{sql}\n"


@pytest.mark.parametrize("case", CASES)
def test_the_statement_is_the_golden_one(warehouse: Any, case: str) -> None:
    (sql,) = warehouse.sql(question(case, SOURCES))

    is_golden(case, "duckdb", sql)


@pytest.mark.parametrize("case", BESIDE)
def test_what_else_is_asked_is_golden(warehouse: Any, case: str) -> None:
    is_golden(case, "duckdb", ";\n".join(warehouse.sql(beside(case, SOURCES), BESIDE[case])))


@pytest.mark.parametrize("engine", DESCRIBED)
@pytest.mark.parametrize("case", BESIDE)
def test_what_else_is_asked_of_another_engine_is_golden(
    described: dict[str, SqlWarehouse], engine: str, case: str
) -> None:
    is_golden(case, engine, ";\n".join(described[engine].sql(beside(case, in_tables()), BESIDE[case])))


@pytest.mark.parametrize("engine", DESCRIBED)
@pytest.mark.parametrize("case", CASES)
def test_the_statement_for_another_engine_is_the_golden_one(
    described: dict[str, SqlWarehouse], engine: str, case: str
) -> None:
    statements = described[engine].sql(question(case, in_tables()))

    assert DESCRIBED[engine].staged or len(statements) == 1
    is_golden(case, engine, ";\n".join(statements))


@pytest.mark.parametrize("engine", DESCRIBED)
@pytest.mark.parametrize("case", FILES)
def test_an_engines_reader_takes_the_statement_for_one_select(engine: str, case: str) -> None:
    sql = (GOLDEN / engine / f"{case}.sql").read_text()

    found = sqlglot.parse(sql, dialect=DESCRIBED[engine].printer)

    several = {"extent", "filtered"}  # exposures, then each source of facts; both sides of a filter
    assert DESCRIBED[engine].staged or len(found) == 1 or case in several
    assert all(isinstance(read, exp.Query) and not list(read.find_all(exp.Command)) for read in found)


@pytest.mark.parametrize("engine", DESCRIBED)
@pytest.mark.parametrize("case", FILES)
def test_no_statement_for_another_engine_holds_what_only_ours_knows(engine: str, case: str) -> None:
    sql = (GOLDEN / engine / f"{case}.sql").read_text().upper()
    foreign = ["BY NAME", "REPLACE (", "FAVG(", "ARG_M", "MAKE_TIMESTAMP", "EPOCH_US(", "APPROX", "HASH("]
    foreign += ["FILTER("] if not DESCRIBED[engine].filters else []

    assert [word for word in foreign if word in sql] == []
