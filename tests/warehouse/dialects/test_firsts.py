"""First and last values by windows are those of aggregates by order: tried on DuckDB, which has both."""

from pathlib import Path

import pytest
from sqlglot import exp

from twyman.testing.agreement import refuse_difference
from twyman.testing.connectors import reference
from twyman.testing.generated import WHOLE, questions, tables
from twyman.warehouse.connectors.duckdb import DuckDBConnector
from twyman.warehouse.dialects.dialect import Dialect
from twyman.warehouse.dialects.duckdb import DIALECT as DUCKDB
from twyman.warehouse.dialects.redshift import DIALECT as REDSHIFT
from twyman.warehouse.sql_warehouse import SqlWarehouse

BY_WINDOWS = Dialect(
    name="duckdb",
    printer=DUCKDB.printer,
    words={word: made for word, made in DUCKDB.words.items() if word not in ("first_by", "last_by", "last_known")}
    | {"covar_pop": REDSHIFT.words["covar_pop"]},
    nodes={exp.Select: REDSHIFT.nodes[exp.Select], exp.NullSafeNEQ: REDSHIFT.nodes[exp.NullSafeNEQ]},
    filters=False,
)


class ByWindows(DuckDBConnector):
    """DuckDB, told what an engine without aggregates by order is told."""

    @property
    def dialect(self) -> Dialect:
        return BY_WINDOWS


@pytest.mark.parametrize(
    "name",
    [
        "in strata",
        "a table of units",
        *(
            pytest.param(one, marks=pytest.mark.slow)
            for one in ("every metric, in spring", "every other kind", "households drawn", "facts of devices")
        ),
    ],
)
def test_windows_find_what_aggregates_by_order_find(name: str) -> None:
    warehouse = SqlWarehouse(ByWindows(Path()), dict(tables()))

    refuse_difference(warehouse.measure(questions()[name]), reference().measure(questions()[name]), whole=WHOLE)


def test_the_windows_are_there() -> None:
    (sql,) = SqlWarehouse(ByWindows(Path()), dict(tables())).sql(questions()["in strata"])

    assert "FIRST_VALUE(" in sql
    assert "ARG_M" not in sql.upper()
