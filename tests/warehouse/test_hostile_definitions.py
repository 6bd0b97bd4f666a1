"""Hostile definitions: whatever they hold, they are refused by name or are data; a canary outside is never seen."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings, strategies as st
from tests.warehouse.payloads import CANARY, PAYLOADS, REACHING

from twyman.kernel.errors import Invalid, TwymanError
from twyman.warehouse.connector import Refused
from twyman.warehouse.connectors.duckdb import DuckDBConnector
from twyman.warehouse.language.expression import parsed
from twyman.warehouse.language.files import refuse_outside
from twyman.warehouse.language.query import Reach, read_query
from twyman.wiring.analysis import analyze

COLUMNS = (
    "id",
    "version",
    "kept",
    "spend",
    "country",
    "k'ey",
    'q"uote',
    "semi;colon",
    "dash--dash",
    "back\\slash",
    "ünï",
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: Any) -> Iterator[Path]:
    """A folder with data, and beside it what nobody may read."""
    root = tmp_path_factory.mktemp("house")
    inside = root / "inside"
    inside.mkdir()
    rows: dict[str, Any] = {name: [str(i % 3) for i in range(40)] for name in COLUMNS}
    rows |= {"id": range(40), "version": ["old", "new"] * 20, "kept": [i % 3 == 0 for i in range(40)]}
    rows |= {"spend": [float(i % 7) for i in range(40)]}
    pq.write_table(pa.table(rows), inside / "players.parquet")
    (root / "beside.csv").write_text(f"word\n{CANARY}\n")
    (inside / "link.csv").symlink_to(root / "beside.csv")
    (inside / "out").symlink_to(root)
    for path in (inside / "shop.duckdb", root / "beside.duckdb"):
        with duckdb.connect(str(path)) as connection:
            connection.execute(f"create table secrets as select '{CANARY}' as word")
    os.environ["TWYMAN_CANARY"] = CANARY
    here = Path.cwd()
    os.chdir(inside)
    yield inside
    os.chdir(here)
    del os.environ["TWYMAN_CANARY"]


@pytest.fixture
def untouched(house: Path) -> Iterator[Path]:
    """The house, found afterwards as it was before."""
    before = _contents(house.parent)
    yield house
    assert _contents(house.parent) == before


def _contents(root: Path) -> dict[str, bytes]:
    files = (each for each in root.rglob("*") if each.is_file() and ".tmp" not in each.parts)
    return {str(each.relative_to(root)): each.read_bytes() for each in files}


TRIAL: Mapping[str, Any] = {
    "kind": "experiment", "name": "gate", "units": "players", "arms": {"old": {"control": True}, "new": {}},
    "metrics": {"retention": {"role": "success"}},
}  # fmt: skip
UNITS: Mapping[str, Any] = {
    "kind": "units", "name": "players", "table": "players.parquet", "row_is_unit": True, "arm": "version",
    "outcomes": {"kept": "kept"},
}  # fmt: skip
METRIC: Mapping[str, Any] = {
    "kind": "metric", "name": "retention", "type": "proportion", "value": {"outcome": "kept"},
}  # fmt: skip


def answered(
    units: Mapping[str, Any] | None = None,
    metric: Mapping[str, Any] | None = None,
    experiment: Mapping[str, Any] | None = None,
) -> dict[str, Any] | str:
    """The answer of a small experiment, bent by some fields, or what it is refused with."""
    trial, source, measure = (
        {key: value for key, value in {**whole, **(bent or {})}.items() if value is not None}
        for whole, bent in ((TRIAL, experiment), (UNITS, units), (METRIC, metric))
    )
    try:
        return analyze(trial, definitions=[source, measure]).to_dict()
    except TwymanError as error:
        return str(error)


Bent = Callable[[str], Mapping[str, Any]]
FIELDS: Mapping[str, Bent] = {
    "where": lambda said: {"units": {"where": said}},
    "filter": lambda said: {"metric": {"value": {"outcome": "kept"}, "where": said}},
    "arm": lambda said: {"units": {"arm": said}},
    "outcome": lambda said: {"units": {"outcomes": {"kept": said}}},
    "covariate": lambda said: {
        "units": {"covariates": {"before": said}},
        "metric": {"cuped": {"attributes": ["before"]}},
    },
    "text": lambda said: {"units": {"where": f"country <> '{said}'"}},
    "quoted": lambda said: {"units": {"where": f'country <> "{said}"'}},
    "argument": lambda said: {"units": {"where": f"contains(country, {said})"}},
    "sql": lambda said: {"units": {"table": None, "sql": said}},
    "from": lambda said: {"units": {"table": None, "sql": f"select * from {said}"}},
    "condition": lambda said: {
        "units": {"table": None, "sql": f"select * from 'players.parquet' where country <> '{said}'"}
    },
    "table": lambda said: {"units": {"table": said}},
    "format": lambda said: {"units": {"formats": {"country": said}}},
    "format's column": lambda said: {"units": {"formats": {said: "%Y"}}},
    "entity": lambda said: {"units": {"row_is_unit": None, "entities": {"user": said}}},
    "outcome's name": lambda said: {"units": {"outcomes": {said: "kept"}}, "metric": {"value": {"outcome": said}}},
    "metric's name": lambda said: {"metric": {"name": said}, "experiment": {"metrics": {said: {"role": "success"}}}},
    "title": lambda said: {"metric": {"title": said}},
    "source's name": lambda said: {"units": {"name": said}, "experiment": {"units": said}},
    "experiment's name": lambda said: {"experiment": {"name": said}},
    "arm's name": lambda said: {"experiment": {"arms": {said: {"control": True, "is": "old"}, "new": {}}}},
    "arm's value": lambda said: {"experiment": {"arms": {"old": {"control": True, "is": said}, "new": {}}}},
    "dimension": lambda said: {"experiment": {"dimensions": [said]}},
    "stratum": lambda said: {"experiment": {"strata": [said]}},
}
"""Every textual field that reaches a statement, by its name."""

SEEN = [(field, said) for place, field in enumerate(FIELDS) for said in PAYLOADS[place :: len(FIELDS) * 8]]
"""Each field meets some payloads here, and every one in the slow test."""


@pytest.mark.parametrize("field", FIELDS)
def test_what_a_field_holds_is_refused_or_data_and_nothing_else_is_seen(untouched: Path, field: str) -> None:
    del untouched
    for said in [said for other, said in SEEN if other == field]:
        assert CANARY not in str(answered(**FIELDS[field](said))), said


@pytest.mark.slow
@pytest.mark.parametrize("field", FIELDS)
def test_every_payload_in_every_field_is_refused_or_data(untouched: Path, field: str) -> None:
    del untouched
    for said in PAYLOADS:
        assert CANARY not in str(answered(**FIELDS[field](said))), said


def expression(written: str) -> str:
    return parsed(written, columns=COLUMNS, table="players", place=None).sql("duckdb")


@pytest.mark.parametrize("written", REACHING)
def test_an_expression_that_reaches_grows_or_changes_is_refused(written: str) -> None:
    with pytest.raises(Invalid, match="expression '"):
        expression(written)


@pytest.mark.parametrize("written", [one for one in REACHING if "select" not in one])
def test_so_is_a_source_that_computes_by_it(house: Path, written: str) -> None:
    with pytest.raises(Invalid):
        read_query(f"select * from t where x = {written} and y in (select {written})", Reach(house, list), None)


def test_a_payload_as_text_or_as_a_columns_name_stays_one() -> None:
    for said in PAYLOADS:
        text, column = "'" + said.replace("'", "''") + "'", '"' + said.replace('"', '""') + '"'
        try:
            one = parsed(f"id = {text}", columns=("id",), table="t", place=None)
            other = parsed(column, columns=(said,), table="t", place=None)
        except Invalid:
            continue
        assert one.expression.name == said
        assert other.name == said


@pytest.mark.parametrize(
    "title",
    ["http://x/a.csv", "s3://b/k.parquet", "file:///etc/passwd", "../beside.csv", "link.csv", "out/*.csv", "/etc/a.csv",
     "~/a.csv", "inside/../../beside.csv"],
)  # fmt: skip
def test_a_file_outside_the_folder_is_refused_by_name(house: Path, title: str) -> None:
    for sql in (
        f"select * from '{title}'",
        f"select * from read_csv('{title}')",
        f"select * from read_csv(['{title}'])",
    ):
        with pytest.raises(Invalid, match=r"outside the warehouse|leaves the warehouse|fetched from elsewhere"):
            read_query(sql, Reach(house, list), None)


def test_a_link_that_the_folder_holds_leads_a_table_to_data_and_to_nothing_else(house: Path) -> None:
    (house.parent / "passwords").write_text("word")
    (house / "keys.csv").symlink_to(house.parent / "passwords")
    refuse_outside(house, "link.csv", None, links=True)

    with pytest.raises(Invalid, match="leaves the warehouse"):
        refuse_outside(house, "keys.csv", None, links=True)


ROWS_AND_ROWS = ", ".join(f"(values (1), (2), (3), (4)) v{i}(x)" for i in range(20))
DOUBLED = ", ".join(f"a{i} as (select * from a{i - 1} union all select * from a{i - 1})" for i in range(1, 20))


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("with recursive r as (select 1 union all select * from r) select * from r", "recursive"),
        ("select * from a, b", "to every row"),
        ("select * from a cross join b", "to every row"),
        ("select * from a join b on true", "to every row"),
        ("select * from a join b on a.x = a.x", "to every row"),
        ("select * from a join b on a.x = b.x or true", "to every row"),
        (f"select 1 from {ROWS_AND_ROWS}", "rows of one"),
        (f"with a0 as (select * from t), {DOUBLED} select * from a19", "reads tables more than"),
        ("select unnest(unnest(unnest(unnest(x)))) from t", "rows of one"),
        ("select * from t group by cube (a, b)", "many ways"),
        ("select " + "(" * 30 + "1" + ")" * 30, "nests more than"),
        ("select a" + "::int" * 60 + " from t", "nests more than"),
        ("select a" + " ** 2" * 60 + " from t", "nests more than"),
        ("select a" + "[1]" * 30_000 + " from t", "chains more than"),
        ("select a" + ".f()" * 20_000 + " from t", "chains more than"),
        ("select a from t" + " join t" * 60, "too many ways"),
        ("select " + "date(" * 19 + "1" + ")" * 19, "too many ways"),
        ("select " + "array[" * 19 + "1" + "]" * 19, "too many ways"),
        ("select " + "+".join(["1"] * 500), "levels deep"),
        ("select " + ", ".join(["1"] * 6_000), "parts"),
        ("select '" + "x" * 200_000 + "'", "200,009 characters"),
    ],
)
def test_what_makes_much_of_little_is_refused_before_it_runs(house: Path, sql: str, reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        read_query(sql, Reach(house, list), None)


@pytest.mark.parametrize(
    "title", ["duckdb_tables", "sqlite_master", "pg_class", "information_schema.tables", "system.x"]
)
def test_what_tells_of_the_engine_is_no_source(house: Path, title: str) -> None:
    with pytest.raises(Invalid, match="tells of the engine"):
        read_query(f"select * from {title}", Reach(house, list), None)


def test_plain_selects_are_sources(house: Path) -> None:
    for sql in (
        "select p.*, u.x from 'players.parquet' p, unnest(p.items) as u(x)",
        "with m as (select max(id) top from a) select * from a, m qualify row_number() over (partition by x) = 1",
        "select a.x, sum(b.y) filter (where b.z) from a join b using (x) left join c on a.k = c.k group by 1",
        "select a from t; -- one statement, whatever is said of it",
        "select * from a, b where a.x = b.x union all select * exclude (z) from read_csv('x.csv', header = true)",
    ):
        assert read_query(sql, Reach(house, list), None)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('{out}/beside.csv')", "SELECT * FROM read_csv('../beside.csv')",
        "SELECT * FROM read_csv('link.csv')", "SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM '{out}/beside.csv'", "ATTACH '{out}/beside.duckdb'", "COPY (SELECT 1) TO '{out}/written.csv'",
        "INSTALL httpfs", "LOAD httpfs", "SET threads = 1", "SET enable_external_access = true", "RESET ALL",
        "SET lock_configuration = false", "SET allowed_directories = ['/']", "SELECT * FROM hidden",
        "SELECT getenv('TWYMAN_CANARY')", "DROP TABLE secrets", "INSERT INTO secrets VALUES ('x')",
        "SELECT * FROM read_csv('http://x/a.csv')", "CREATE TABLE made AS SELECT 1",
    ],
)  # fmt: skip
def test_the_engine_refuses_what_slips_past_the_parser(untouched: Path, statement: str) -> None:
    hidden = pa.table({"word": [CANARY]})
    connector = DuckDBConnector(untouched / "shop.duckdb")
    with pytest.raises(Refused):
        connector.rows(statement.format(out=untouched.parent))
    assert hidden.num_rows == 1
    connector.close()


def test_the_engine_reads_its_own_folder_by_any_kind_of_path(house: Path) -> None:
    connector = DuckDBConnector(house)
    for title in ("players.parquet", "*.parquet", str(house / "players.parquet")):
        assert connector.rows(f"SELECT count(*) AS n FROM READ_PARQUET('{title}')") == [{"n": 40}]
    connector.close()


@given(st.text(max_size=80))
@settings(max_examples=150, deadline=None)
def test_any_text_is_an_expression_of_its_row_or_refused(said: str) -> None:
    for written in (said, f"country = '{said}'", f"lower({said}) = 'x'"):
        try:
            found = expression(written)
        except Invalid:
            continue
        assert expression(found) == found
