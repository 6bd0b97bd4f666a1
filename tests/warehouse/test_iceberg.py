"""Tables of an Iceberg catalogue give what the same rows give from anywhere else, whatever was done to them."""

import sys
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from twyman.kernel.errors import Invalid, NotFound, Unavailable
from twyman.metrics.source import Table
from twyman.testing.agreement import refuse_difference
from twyman.testing.generated import WHOLE, questions, tables
from twyman.warehouse.connector import Refused, Scan
from twyman.warehouse.connectors.duckdb import DuckDBConnector
from twyman.warehouse.connectors.iceberg import Lakehouse
from twyman.warehouse.language.syntax import column, count_rows, select
from twyman.warehouse.sources.relation import EARLIEST, LATEST
from twyman.warehouse.sql_warehouse import SqlWarehouse

sql_catalogs = pytest.importorskip("pyiceberg.catalog.sql")

ALWAYS = Scan("", EARLIEST, LATEST)
DAY = date(2024, 1, 1)
START = datetime.combine(DAY, datetime.min.time())


def rows(*given: tuple[str | None, float, int | None]) -> pa.Table:
    """A table of plays: who, how many days after the first of January, how often."""
    users, days, counts = zip(*given, strict=True)
    days_at = [timedelta(days=one) for one in days]
    columns = {"user": users, "at": [START + one for one in days_at], "day": [DAY + one for one in days_at]}
    return pa.table({**columns, "n": pa.array(counts, pa.int64())})


FIRST = rows(("a", 0.3, 1), ("b", 1.4, 2))
SECOND = rows(("a", 1.9, 4), (None, 4.0, None))
LATER = rows(("b", 8.0, 8)).rename_columns(["user", "at", "day", "times"])
BY_USER = [{"user": "a", "n": 5}, {"user": "b", "n": 2}, {"user": None, "n": None}]


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    settings = {"uri": f"sqlite:///{tmp_path}/lake.db", "warehouse": f"file://{tmp_path}/lake"}
    lines = "".join(f"    {key}: {value}\n" for key, value in {"type": "sql", **settings}.items())
    (tmp_path / ".pyiceberg.yaml").write_text(f"catalog:\n  lake:\n{lines}")
    monkeypatch.setenv("PYICEBERG_HOME", str(tmp_path))
    catalog = sql_catalogs.SqlCatalog("lake", **settings)
    catalog.create_namespace("shop")
    yield catalog
    catalog.close()


def plays(lake: Any, *, by_day: bool = True) -> Any:
    made = lake.create_table("shop.plays", schema=FIRST.schema)
    if by_day:
        with made.update_spec() as spec:
            spec.add_identity("day")
    made.append(FIRST)
    made.append(SECOND)
    return made


def opened(folder: Path, *titles: str) -> DuckDBConnector:
    lake = Lakehouse("lake")
    (folder / "data").mkdir(exist_ok=True)
    return DuckDBConnector(folder / "data", also=lake.folders(titles), lake=lake)


def by_user(connector: DuckDBConnector, name: str = "n", scan: Scan = ALWAYS) -> list[dict[str, Any]]:
    item = connector.iceberg("shop.plays", scan)
    sums = f'SELECT "user", sum({name})::BIGINT AS n FROM {item.sql("duckdb")} GROUP BY 1 ORDER BY 1 NULLS LAST'
    return [dict(row) for row in connector.rows(sums)]


def test_a_table_is_read_as_its_files_and_the_statement_tells_its_snapshot(lake: Any, tmp_path: Path) -> None:
    table = plays(lake)
    connector = opened(tmp_path, "shop.plays")

    item = connector.iceberg("shop.plays", ALWAYS).sql("duckdb").lower()

    assert f"iceberg shop.plays, snapshot {table.current_snapshot().snapshot_id}" in item
    assert item.count(".parquet") == 4
    assert by_user(connector) == BY_USER


def test_folders_of_partitions_add_no_columns(lake: Any, tmp_path: Path) -> None:
    plays(lake)
    connector = opened(tmp_path, "shop.plays")
    item = connector.iceberg("shop.plays", ALWAYS).sql("duckdb")

    assert list(connector.types(f"SELECT * FROM {item}")) == ["user", "at", "day", "n"]


def test_what_was_deleted_is_gone(lake: Any, tmp_path: Path) -> None:
    plays(lake, by_day=False).delete("n = 4")

    assert by_user(opened(tmp_path, "shop.plays"))[0] == {"user": "a", "n": 1}


def test_one_connection_reads_one_snapshot(lake: Any, tmp_path: Path) -> None:
    table = plays(lake)
    connector = opened(tmp_path, "shop.plays")
    table.append(FIRST)

    assert by_user(connector) == BY_USER
    assert by_user(opened(tmp_path, "shop.plays"))[0] == {"user": "a", "n": 6}


def evolved(lake: Any) -> None:
    table = plays(lake)
    with table.update_schema() as change:
        change.rename_column("n", "times")
    table.append(LATER)


def test_renamed_columns_hold_what_was_written_under_either_name(lake: Any, tmp_path: Path) -> None:
    evolved(lake)
    connector = opened(tmp_path, "shop.plays")

    assert by_user(connector, "times") == [BY_USER[0], {"user": "b", "n": 10}, BY_USER[2]]
    with pytest.raises(Refused):
        by_user(connector)


def test_where_pyiceberg_reads_rows_outside_the_time_that_matters_stay_where_they_are(
    lake: Any, tmp_path: Path
) -> None:
    evolved(lake)
    connector = opened(tmp_path, "shop.plays")
    scan = Scan("at", START + timedelta(1), START + timedelta(4))

    assert by_user(connector, "times", scan) == [{"user": "a", "n": 4}, {"user": "b", "n": 2}, BY_USER[2]]


def test_columns_that_are_asked_for_later_are_read_then(lake: Any, tmp_path: Path) -> None:
    evolved(lake)
    connector = opened(tmp_path, "shop.plays")
    item = connector.iceberg("shop.plays", ALWAYS)

    assert connector.rows(select(count_rows()).from_(item).sql("duckdb")) == [{"count_star()": 5}]
    assert connector.types(select(column("at")).from_(item).sql("duckdb")) == {"at": "TIMESTAMP"}
    assert by_user(connector, "times")[1] == {"user": "b", "n": 10}
    (everything,) = connector.rows(f"SELECT * FROM {item.sql('duckdb')} WHERE times = 8")
    assert everything == {"user": "b", "at": START + timedelta(8), "day": DAY + timedelta(8), "times": 8}


def test_an_analysis_is_that_of_tables_in_memory(lake: Any, tmp_path: Path) -> None:
    question = questions()["in UTC"]
    given = {one.name: one for one in question.catalogue.sources.values() if hasattr(one, "relation")}
    names = {name: one.relation.name for name, one in given.items()}
    for title in names.values():
        lake.create_table(f"shop.{title}", schema=tables()[title].schema).append(tables()[title])
    sources = {name: replace(given[name], relation=Table(f"iceberg:shop.{title}")) for name, title in names.items()}
    ours = replace(question, catalogue=replace(question.catalogue, sources=sources))
    connector = opened(tmp_path, *(f"shop.{title}" for title in names.values()))

    found = SqlWarehouse(connector).measure(ours)

    expected = SqlWarehouse(DuckDBConnector(tmp_path), dict(tables())).measure(question)
    refuse_difference(found, expected, whole=WHOLE)


def test_nothing_beside_the_folder_of_a_table_can_be_read(lake: Any, tmp_path: Path) -> None:
    plays(lake)
    connector = opened(tmp_path, "shop.plays")
    metadata = next((tmp_path / "lake").rglob("*.metadata.json"))
    (metadata.parent.parent / "beside.csv").write_text("a\n1\n")

    for file in (metadata, metadata.parent.parent / "beside.csv", tmp_path / "lake.db"):
        with pytest.raises(Refused, match=r"(?i)permission|disabled|not allowed"):
            connector.rows(f"SELECT * FROM read_csv('{file}')")


def test_a_table_that_isnt_there_is_named_with_one_that_is(lake: Any, tmp_path: Path) -> None:
    plays(lake)

    with pytest.raises(NotFound, match=r"catalogue 'lake' has no table 'shop.play'.*shop\.plays"):
        opened(tmp_path).iceberg("shop.play", ALWAYS)


@pytest.mark.usefixtures("lake")
def test_a_catalogue_that_isnt_configured_is_named() -> None:
    with pytest.raises(NotFound, match=r"'sea' isn't in pyiceberg's configuration.*PYICEBERG_CATALOG__SEA__URI"):
        Lakehouse("sea").snapshot("shop.plays")


@pytest.mark.usefixtures("lake")
def test_a_catalogue_that_doesnt_answer_tells_nobody_its_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYICEBERG_CATALOG__LAKE__URI", f"sqlite:///{tmp_path}/nowhere/tr0ub4dor.db")

    with pytest.raises(Unavailable, match="'lake' doesn't answer") as error:
        Lakehouse("lake").snapshot("shop.plays")

    assert "tr0ub4dor" not in f"{error.value} {error.value.__cause__!r}"


def test_what_to_install_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyiceberg.catalog", None)

    with pytest.raises(Invalid, match=r"pip install 'twyman\[iceberg\]'"):
        Lakehouse().snapshot("shop.plays")
