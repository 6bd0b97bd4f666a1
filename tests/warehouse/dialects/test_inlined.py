"""What a WITH names stands where it is named, and the answer stays the same."""

import duckdb
import pytest
from sqlglot import exp, parse_one

from twyman.warehouse.dialects.inlined import inlined

WRITTEN = {
    "one of another": "WITH a AS (SELECT 1 AS n), b AS (SELECT n + 1 AS n FROM a) SELECT a.n, b.n FROM a, b",
    "by another name": "WITH a AS (SELECT 1 AS n) SELECT x.n + y.n FROM a AS x JOIN A AS y ON x.n = y.n",
    "with columns": "WITH a(n, m) AS (SELECT 1, 2) SELECT n, m FROM a",
    "of a table of its name": "WITH t AS (SELECT n + 1 AS n FROM t), u AS (SELECT n FROM t) SELECT * FROM t, u",
    "the nearest is meant": "WITH a AS (SELECT 1 AS n) SELECT (WITH a AS (SELECT n + 1 AS n FROM a) FROM a) FROM a",
    "another schema's": "WITH t AS (SELECT 9 AS n) SELECT n FROM main.t",
    "in a condition": "WITH a AS (SELECT 7 AS n) SELECT n FROM t WHERE EXISTS (SELECT 1 FROM a WHERE a.n = t.n)",
    "in a part": "WITH a AS (WITH b AS (SELECT 3 AS n) SELECT n FROM b) SELECT n FROM a",
}


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
def test_the_answer_is_the_same_without_a_with(written: str) -> None:
    tree = inlined(parse_one(written, dialect="duckdb"))

    with duckdb.connect() as engine:
        engine.execute("CREATE TABLE t AS SELECT 7 AS n")
        assert engine.execute(tree.sql("duckdb")).fetchall() == engine.execute(written).fetchall()
    assert tree.find(exp.With) is None


def test_what_names_itself_stays() -> None:
    written = "WITH RECURSIVE a AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM a WHERE n < 3) SELECT n FROM a"

    assert inlined(parse_one(written, dialect="duckdb")).sql("duckdb") == written
