"""Which parts of a statement an engine keeps, that computes what is named twice twice."""

import pytest
from sqlglot import exp, parse_one

from twyman.warehouse.dialects.translation import staged_parts

COUNTED = "a AS (SELECT k, count(*) AS n FROM t GROUP BY k)"
SEEN = "b AS (SELECT k, n + 1 AS m FROM a WHERE n > 1)"


def kept(sql: str) -> tuple[list[str], list[str]]:
    """Names of the parts that are kept, and for each answer the tables that it names."""
    parts, answers = staged_parts(parse_one(sql), shared=True)
    return [name for name, _ in parts], [" ".join(str(t.name) for t in one.find_all(exp.Table)) for one in answers]


@pytest.mark.parametrize(
    ("sql", "parts", "answers"),
    [
        (f"WITH {COUNTED} SELECT * FROM a", [], ["t"]),
        (f"WITH {COUNTED} SELECT * FROM a UNION ALL SELECT * FROM a", ["a"], ["a", "a"]),
        (f"WITH {COUNTED}, {SEEN} SELECT * FROM b UNION ALL SELECT * FROM b", ["a"], ["a", "a"]),
        (f"WITH {COUNTED}, {SEEN}, c AS (SELECT m FROM b) SELECT * FROM c, c AS d", ["a"], ["a a"]),
        (
            f"WITH {COUNTED}, d AS (SELECT max(n) AS n FROM a) SELECT * FROM d UNION ALL SELECT * FROM d",
            ["d"],
            ["d", "d"],
        ),
        ("WITH a AS (SELECT k FROM t) SELECT * FROM a UNION ALL SELECT * FROM a", ["a"], ["a", "a"]),
    ],
    ids=["named once", "named twice", "read through", "through two", "an aggregate", "of a source"],
)
def test_kept_is_what_is_named_twice_and_costs_something(sql: str, parts: list[str], answers: list[str]) -> None:
    assert kept(sql) == (parts, answers)
