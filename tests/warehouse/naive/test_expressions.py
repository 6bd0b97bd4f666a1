"""What an expression means: the engine's answer, row by row, and Python's."""

from datetime import date, datetime
from decimal import Decimal
from math import isclose
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from twyman.warehouse.naive.expression import Scope, computed
from twyman.warehouse.naive.unverifiable import Unverifiable

NAMES = ("i", "x", "d", "s", "b", "t", "born")
ROWS: list[dict[str, Any]] = [
    dict(zip(NAMES, row, strict=True))
    for row in (
        (7, 2.5, Decimal("1.50"), "Hello", True, datetime.fromisoformat("2024-03-03 04:05:06"), date(2024, 2, 29)),
        (
            -5,
            -0.5,
            Decimal("-2.25"),
            "u-12",
            False,
            datetime.fromisoformat("2023-12-31 23:59:59.5"),
            date(2023, 12, 31),
        ),
        (0, 1e-7, Decimal("0.00"), "", True, datetime.fromisoformat("1999-01-04"), date(1999, 1, 4)),
        (None,) * 7,
    )
]
EXPRESSIONS = """
i + 1 | i / 2 | i // 2 | i % 3 | -i | i * x | i * d | d + 1 | d * d | d / 2 | d - x | i * 0.1 | x * 1e3
mod(i, 4) | i > 2 | i <> 7 | i between -5 and 0 | i in (7, 0) | i in (1, null) | i not in (1, null)
not (i > 2) | i is null | i is not null | i > 2 or x is null | b and i > 2 | b or null | b is true
b is not true | i is distinct from 7 | x = 2.5 | d = 1.5 | d > x | i = '7'
case when i > 0 then 'up' when i < 0 then 'down' end | case i when 7 then 1 else 0 end | if(b, 1, 2)
coalesce(i, 3) | ifnull(i, 4) | nullif(i, 7) | greatest(i, 2) | least(i, 2, null) | abs(i) | abs(d) | sign(x)
round(x) | round(d, 1) | round(x, 1) | round(i, -1) | floor(x) | ceil(d) | floor(d) | sqrt(abs(x)) | exp(x)
pow(i, 2) | i ** 2 | ln(abs(x) + 1) | log(abs(i) + 1) | log2(abs(i) + 1) | lower(s) | upper(s) | length(s)
s || '!' | s || i | concat(s, null, i) | substr(s, 2) | substring(s, 2, 3) | substr(s, -2) | left(s, 2)
right(s, 2) | left(s, -1) | right(s, -1) | split_part(s, '-', 2) | replace(s, 'l', 'L') | trim('  ' || s || ' ')
reverse(s) | s like 'u-%' | s not like '_ello' | s ilike 'HE%' | starts_with(s, 'u') | contains(s, 'l')
strpos(s, 'l') | s = 'Hello' | s < 'a' | regexp_matches(s, '^u-[0-9]+$') | regexp_extract(s, '([0-9]+)', 1)
regexp_replace(s, 'l', 'x', 'g') | regexp_full_match(s, '[a-z]-..') | cast(x as int) | cast(d as int)
cast(i as double) | cast(i as varchar) | cast(x as varchar) | cast(d as varchar) | cast(b as int)
cast(b as varchar) | cast(t as date) | cast(born as timestamp) | cast(t as varchar) | cast(born as varchar)
try_cast(s as int) | cast(i as boolean) | cast(x as decimal(8,2)) | cast(i as decimal(8,2)) | t > '2024-01-01'
born >= '2024-02-29' | t >= born | t + interval 1 day | t - interval '36' hour | born + 1 | born - 1
born + interval 1 month | t - born >= interval 4 hour | born - date '2024-01-01' | date_trunc('month', t)
date_trunc('week', born) | date_trunc('hour', t) | date_trunc('quarter', t) | year(t) | month(born) | day(born)
hour(t) | minute(t) | second(t) | dayofweek(t) | isodow(t) | week(born) | quarter(born) | extract(dow from t)
extract(doy from t) | extract(epoch from t) | date_part('hour', t) | date_diff('day', born, t)
date_diff('month', born, t) | date_diff('week', born, t) | date_diff('hour', born, t) | epoch_ms(i * 1000)
make_timestamp(i * 1000000) | epoch(t)
"""
WRITTEN = [one for line in EXPRESSIONS.strip().splitlines() for one in line.split(" | ")]


@pytest.fixture(scope="module")
def answered() -> dict[str, list[Any]]:
    connection = duckdb.connect()
    connection.register("rows", pa.Table.from_pylist(ROWS))
    found = {one: f'({one}) AS "{index}"' for index, one in enumerate(WRITTEN)}
    rows = connection.execute(f"SELECT {', '.join(found.values())} FROM rows").fetchall()
    return {one: [row[index] for row in rows] for index, one in enumerate(WRITTEN)}


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float | Decimal) or isinstance(other, float | Decimal):
        return one is not None and other is not None and isclose(float(one), float(other), rel_tol=1e-15)
    return one == other and isinstance(one, bool) == isinstance(other, bool)


@pytest.mark.parametrize("written", WRITTEN)
def test_an_expression_means_what_the_engine_says(written: str, answered: dict[str, list[Any]]) -> None:
    found = computed(written, Scope(tuple(ROWS[0])))

    for row, expected in zip(ROWS, answered[written], strict=True):
        assert same(found(row), expected), (row, found(row), expected)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("hash(i) % 2", "calls hash()"),
        ("last_day(born)", "calls last_day()"),
        ("s similar to 'u.*'", "holds SimilarTo"),
        ("list_contains([1, 2], i)", "calls array_contains()"),
        ("cast(s as uuid)", "casts to UUID"),
        ("regexp_matches(s, '(?i)u')", "matches"),
        ("t at time zone 'UTC' > '2024-01-01'", "holds AtTimeZone"),
    ],
)
def test_what_is_not_computed_is_named(written: str, why: str) -> None:
    with pytest.raises(Unverifiable, match=r".*") as refused:
        computed(written, Scope(tuple(ROWS[0])))(ROWS[0])

    assert why in str(refused.value)


def test_dividing_by_zero_is_left_to_the_engine() -> None:
    with pytest.raises(Unverifiable, match="divides by zero"):
        computed("x / i", Scope(("x", "i")))({"x": 1.0, "i": 0})
