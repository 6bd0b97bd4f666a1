"""An expression computes from its row and reaches nothing else."""

from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot

from twyman.kernel.errors import Invalid
from twyman.kernel.place import Place
from twyman.warehouse.language.expression import parsed
from twyman.warehouse.language.functions import AGGREGATES, FUNCTIONS, Function, documented, is_known, refuse_foreign
from twyman.warehouse.language.syntax import call, column

ENGINES = ("postgres", "clickhouse", "spark", "snowflake", "bigquery", "redshift", "trino", "databricks")
PLACE = Place("plays.yaml", 7)


def read(written: str) -> str:
    names = {"seconds": parsed("ms / 1000", columns=["ms"], table="plays", place=PLACE)}
    columns = ["ms", "group", "Gross Spend", "context"]
    return parsed(written, columns=columns, table="plays", place=PLACE, names=names).sql("duckdb")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("ms", "plays.ms"),
        ("MS > 3", "plays.ms > 3"),
        ("group", 'plays."group"'),
        ("Gross Spend", 'plays."Gross Spend"'),
        ("seconds >= 30", "(plays.ms / 1000) >= 30"),
        ("not (ms > 1 and seconds < 2)", "NOT (plays.ms > 1 AND (plays.ms / 1000) < 2)"),
        ("context.app = 'x'", "plays.context.app = 'x'"),
        ("plays.ms", "plays.ms"),
        ("list_filter(context, x -> x > 1)", "LIST_FILTER(plays.context, LAMBDA x : x > 1)"),
        ("case when ms > 1 then 'a' end", "CASE WHEN plays.ms > 1 THEN 'a' END"),
        ("ms -- a remark", "plays.ms"),
    ],
)
def test_columns_are_tied_to_their_table(written: Any, expected: Any) -> None:
    assert read(written) == expected


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("ms > 1; drop table users", "holds 2 statements"),
        ("ms in (select 1)", "holds a subquery"),
        ("(select max(ms) from plays)", "holds a subquery"),
        ("exists (select 1)", "holds a subquery"),
        ("sum(ms)", "aggregates rows"),
        ("row_number() over ()", "looks at other rows"),
        ("read_csv('/etc/passwd')", "reads a file"),
        ("read_text('/etc/passwd')", r"calls read_text\(\), which reaches beyond its row"),
        ("glob('*')", "reaches beyond its row|reads"),
        ("getenv('HOME')", r"calls getenv\(\)"),
        ("pragma version", "is a command"),
        ("attach 'x.db'", "is a command"),
        ("copy plays to 'x.csv'", "is a command"),
        ("insert into plays values (1)", "is a command"),
        ("set threads = 1", "is a command"),
        ("ms as x", "is no single value"),
        ("*", "is no single value"),
        ("ms > ?", "holds a placeholder"),
        ("random() < 0.5", "changes from one reading|so no look could be read twice"),
        ("now()", "changes from one reading|so no look could be read twice"),
        ("current_date", "changes from one reading"),
        ("ms >", "can't be read"),
        ("secnds > 1", r"column 'secnds' isn't in 'plays': did you mean 'seconds'\?"),
    ],
)
def test_what_reaches_beyond_its_row_is_refused_with_the_reason_and_place(written: Any, reason: Any) -> None:
    with pytest.raises(Invalid, match=rf"^plays.yaml:7: .*({reason})"):
        read(written)


def test_a_value_can_not_break_out_of_its_statement() -> None:
    assert column('a"; drop table x; --').sql("duckdb") == '"a""; drop table x; --"'
    assert call("min", column("x")).sql("duckdb") == "MIN(x)"


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda one: one.name)
def test_each_function_of_the_table_is_read_and_printed_for_every_engine(function: Function) -> None:
    tree = parsed(function.example, columns=["n", "k", "s", "b", "d", "at", "j", "l", "o"], table="t", place=None)
    assert is_known(sqlglot.parse_one(function.example, dialect="duckdb"))
    for engine in () if function.only else ENGINES:
        assert tree.sql(engine, unsupported_level=sqlglot.ErrorLevel.RAISE)


def test_what_only_duckdb_has_is_refused_elsewhere_with_its_reason() -> None:
    tree = parsed("isfinite(n)", columns=["n"], table="t", place=None)
    refuse_foreign(tree, "expression 'isfinite(n)'", "duckdb", PLACE)
    with pytest.raises(Invalid, match=r"^plays.yaml:7: .*isfinite\(\), which only DuckDB has: elsewhere it is"):
        refuse_foreign(tree, "expression 'isfinite(n)'", "postgres", PLACE)


def test_the_page_of_the_box_shows_the_table() -> None:
    page = Path(__file__).parents[2] / "docs" / "explanation" / "the-box.md"
    assert documented() in page.read_text(encoding="utf-8")
    assert documented(AGGREGATES) in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("pg_read_file('/etc/passwd')", "reaches beyond its row"),
        ("lowr('x')", r"did you mean 'lower'\?"),
        ("repeat('x', 1000000)", "makes much of little"),
        ("lpad('x', 100000, 'y')", "at most 1,000 characters"),
        ("cast(ms as regclass)", "holds type regclass"),
        ("main.lower('x')", "holds DOT"),
        ("(" * 30 + "ms" + ")" * 30, "nests more than 20"),
        ("ms.3", "holds COLUMN"),
        (" or ".join(["ms = 1"] * 200), "levels deep"),
        ("ms in (" + ", ".join(["1"] * 2_000) + ")", "more than 1,000 parts"),
        ("'" + "x" * 20_000 + "'", "20,002 characters"),
        ("'a\0b'", "is no text"),
        ("replace(" * 9 + "'a'" + ", 'a', 'aaaaaaaa')" * 9, "could fill memory"),
    ],
)
def test_what_is_on_no_list_or_too_large_is_refused(written: str, reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        read(written)


def test_a_pattern_that_would_never_end_elsewhere_is_answered_here() -> None:
    sql = read("regexp_matches('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', '(a+)+$')")
    assert duckdb.sql(f"select {sql}").fetchall() == [(False,)]
