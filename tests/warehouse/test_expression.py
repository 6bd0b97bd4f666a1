"""An expression computes from its row and reaches nothing else."""

from typing import Any

import pytest

from twyman.kernel.errors import Invalid
from twyman.kernel.place import Place
from twyman.warehouse.expression import parsed
from twyman.warehouse.syntax import call, column

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
