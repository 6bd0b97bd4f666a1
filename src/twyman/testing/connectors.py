"""The suite that a connector must pass: the same data, the same questions, the same numbers as on DuckDB.

    class TestOurConnector(ConnectorContract):
        @pytest.fixture(scope="class")
        @classmethod
        def subject(cls):
            yield Subject(OurConnector("ours://…"), load=put_an_arrow_table_there)

`pytest` collects the rest. What an engine really can't do is said by overriding its test with an xfail and a reason.
"""

# ruff: noqa: S101 - a suite is made of assertions

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from math import isclose, isfinite, isnan, nan
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from sqlglot import exp

from twyman.app.ports import Question
from twyman.app.sweep import Sweep
from twyman.experiments.experiment import Role, Tracked
from twyman.kernel.errors import Conflict, TwymanError
from twyman.kernel.place import Origin
from twyman.metrics.metric import Aggregate, FactValue, Mean, Metric
from twyman.testing import precise, sweeping
from twyman.testing.agreement import CLOSE, refuse_difference
from twyman.testing.called import CALLS, ROWS, values
from twyman.testing.generated import WHOLE, questions, tables
from twyman.warehouse.connector import Connector, Keeping, Refused
from twyman.warehouse.connectors.duckdb import DuckDBConnector
from twyman.warehouse.dialects.translation import printed
from twyman.warehouse.engine import Engine
from twyman.warehouse.language.expression import parsed
from twyman.warehouse.language.syntax import alias, column, number, select, table
from twyman.warehouse.sql_warehouse import SqlWarehouse

DOUBLES = (0.1, 1 / 3, 5e-324, 1.7976931348623157e308, 123456789.123456789, -2.2250738585072014e-308, 1e22, 4.35)
"""Numbers that come back changed where somebody prints fewer than 17 digits."""

BAD: dict[str, tuple[str, str | None]] = {
    "a column that isn't there": ("played_msec", None),
    "a text that is no number": ("cast(track as integer)", None),
    "a filter that is no truth": ("played_ms", "track"),
    "a function that isn't there": ("nosuchfunction(played_ms)", None),
}
"""Values and filters that can't be, each to be traced to its line."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A connector to be tried, and a way to put tables where it finds them.

    Attributes:
        load: Puts an Arrow table there under a name, in place of any that there was.
    """

    connector: Connector
    load: Callable[[str, pa.Table], None]


def reference() -> SqlWarehouse:
    """Return DuckDB over the same tables."""
    return SqlWarehouse(DuckDBConnector(Path()), dict(tables()))


def _with_another_source(question: Question) -> Question:
    """Return a question about a second source of facts, too: some of the rows of the first."""
    catalogue, experiment = question.catalogue, question.experiment
    again = replace(catalogue.sources["listening"], name="again", where="track is distinct from 'track 3'")
    metric = Metric(name="again", kind=Mean(FactValue("again", Aggregate.COUNT)))
    tracked = (*experiment.tracked, Tracked(metric="again", role=Role.INFORMATION))
    known = replace(
        catalogue,
        sources={**catalogue.sources, "again": again},
        metrics={**catalogue.metrics, "again": metric},
    )
    return replace(question, catalogue=known, experiment=replace(experiment, tracked=tracked))


class ConnectorContract:
    """What every connector must do; see the head of this file."""

    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls) -> Subject:
        """The connector to be tried."""
        raise NotImplementedError("a contract is tried on a subject: override this fixture, as this file's head shows")

    @pytest.fixture(scope="class")
    @classmethod
    def warehouse(cls, subject: Subject) -> SqlWarehouse:
        """A warehouse over the connector, all tables loaded."""
        for name, held in tables().items():
            subject.load(name, held)
        return SqlWarehouse(subject.connector)

    @pytest.mark.parametrize("name", list(questions()))
    def test_moments_are_those_of_duckdb(self, warehouse: SqlWarehouse, name: str) -> None:
        """Every metric, however units enter: counts and whole sums are equal, floats close."""
        question = questions()[name]

        refuse_difference(warehouse.measure(question), reference().measure(question), whole=WHOLE)

    def test_what_else_units_met_is_that_of_duckdb(self, warehouse: SqlWarehouse) -> None:
        """Other experiments' exposures of the same units are counted alike."""
        question = questions()["every metric, in autumn"]
        seen, expected = warehouse.coexposed(question), reference().coexposed(question)
        assert expected.met
        assert (seen.units, seen.met) == (expected.units, expected.met)

    def test_a_sweep_over_all_pairs_finds_what_it_finds_on_duckdb(self, subject: Subject) -> None:
        """Units that any two arms share are counted alike, and so is what experiments change for each other."""
        for name, held in sweeping.tables().items():
            subject.load(name, held)
        ours, theirs = SqlWarehouse(subject.connector), SqlWarehouse(DuckDBConnector(Path()), dict(sweeping.tables()))
        seen, expected = (one.paired(sweeping.questions()) for one in (ours, theirs))
        found, known = (
            Sweep(one, lambda: sweeping.END)(sweeping.EXPERIMENTS, sweeping.CATALOGUE) for one in (ours, theirs)
        )

        assert (seen.units, seen.met) == (expected.units, expected.met)
        assert [check.code for check in known.checks] == ["aliased", "interaction", "interaction"]
        assert found.tests == known.tests
        assert [(one.code, one.status, one.text) for one in found.checks] == [
            (one.code, one.status, one.text) for one in known.checks
        ]

    @pytest.mark.parametrize("name", ["every metric, in autumn", "a table of units"])
    def test_units_are_dealt_to_the_buckets_of_duckdb(self, warehouse: SqlWarehouse, name: str) -> None:
        """A hash of an id is the same everywhere, and so are the moments of its bucket."""
        question = questions()[name]
        seen, expected = warehouse.dealt(question, by_day=True), reference().dealt(question, by_day=True)
        assert len(expected.labels) > 1
        for one in ("of", "units", "groups", "labels", "days", "columns", "repeats"):
            assert getattr(seen, one) == getattr(expected, one), one
        for metric, days in expected.buckets.items():
            for mine, theirs in zip(seen.buckets[metric], days, strict=True):
                assert (mine.counts == theirs.counts).all(), metric
                np.testing.assert_allclose(mine.means, theirs.means, rtol=1e-9, atol=1e-9)

    def test_an_audit_of_rows_is_that_of_duckdb(self, warehouse: SqlWarehouse) -> None:
        """What units did before exposure and after it is counted alike; and on which days, of two sources."""
        question = _with_another_source(questions()["every metric, in autumn"])
        seen, expected = warehouse.audit(question), reference().audit(question)
        assert any(one.rows for one in expected.activity)
        for one, other in zip(seen.activity, expected.activity, strict=True):
            assert (one.source, one.arm, one.units, one.matured, one.rows, one.active, one.most) == (
                other.source, other.arm, other.units, other.matured, other.rows, other.active, other.most,
            )  # fmt: skip
            assert (one.tested, one.repeated) == (other.tested, other.repeated)
            assert one.whole_minutes == other.whole_minutes
            assert (one.ahead, one.late) == (other.ahead, other.late)
            for left, right in ((one.volume, other.volume), (one.weeks, other.weeks)):
                np.testing.assert_allclose(left.means, right.means, rtol=CLOSE)
                np.testing.assert_allclose(left.products, right.products, rtol=1e-9, atol=1e-9)
            np.testing.assert_allclose(one.log_mean, other.log_mean, rtol=1e-9)
        assert all(units for one in expected.filtered for stretch in (*one.kept, *one.left_out) for units in stretch)
        assert seen.filtered == expected.filtered
        assert seen.together is not None
        assert expected.together is not None
        assert seen.together.sources == expected.together.sources == ("listening", "again")
        for arm, days in expected.together.days.items():
            assert days.means.min() > 0
            assert seen.together.days[arm].count == days.count
            np.testing.assert_allclose(seen.together.days[arm].means, days.means, rtol=CLOSE)
            np.testing.assert_allclose(seen.together.days[arm].products, days.products, rtol=1e-9, atol=1e-9)

    def test_no_digits_are_lost_on_numbers_far_from_zero_and_of_many_sizes(self, subject: Subject) -> None:
        """Beside moments in whole numbers, and not beside another engine's."""
        subject.load("ledger", precise.ledger())
        found = SqlWarehouse(subject.connector).measure(precise.asked(questions()["a table of units"]))

        precise.refuse_inexact(found, close=CLOSE)

    @pytest.mark.parametrize("name", list(questions()))
    def test_data_run_from_and_to_the_same_moment(self, warehouse: SqlWarehouse, name: str) -> None:
        """Extents agree to the microsecond."""
        question = questions()[name]

        assert warehouse.extent(question) == reference().extent(question)

    @pytest.mark.parametrize("case", BAD)
    def test_what_cant_be_read_is_traced_to_its_line(self, warehouse: SqlWarehouse, case: str) -> None:
        """The same definition is refused at the same place, in the same kind of error, in one line."""
        question = _spoilt(*BAD[case])
        with pytest.raises(TwymanError) as expected:
            reference().measure(question)
        with pytest.raises(TwymanError) as seen:
            warehouse.measure(question)

        assert (type(seen.value), seen.value.place) == (type(expected.value), expected.value.place)
        assert "\n" not in seen.value.message

    def test_a_statement_that_makes_no_sense_is_refused_in_one_line(self, subject: Subject) -> None:
        """The engine's own words, and no more than a line of them."""
        with pytest.raises(Refused) as refused:
            subject.connector.rows("SELECT nothing FROM nowhere_at_all")

        assert str(refused.value).strip()
        assert "\n" not in str(refused.value)

    def test_doubles_come_back_to_the_last_bit(self, subject: Subject) -> None:
        """Seventeen digits, or the bits themselves."""
        subject.load("doubles", pa.table({"place": list(range(len(DOUBLES))), "value": list(DOUBLES)}))
        query = select(column("place"), column("value")).from_(table("doubles")).order_by(column("place"))

        rows = subject.connector.rows(printed(query, subject.connector.dialect))

        assert [row["value"] for row in rows] == list(DOUBLES)

    def test_tables_are_known_by_name(self, warehouse: SqlWarehouse, subject: Subject) -> None:
        """Those that were loaded are listed, and a name that nobody has is nothing."""
        del warehouse

        assert set(tables()) <= set(subject.connector.tables())
        assert subject.connector.item("nowhere_at_all") is None

    def test_types_are_told_in_the_words_of_definitions(self, warehouse: SqlWarehouse, subject: Subject) -> None:
        """As DuckDB tells them, but for how wide a whole number is."""
        del warehouse
        for name, held in tables().items():
            expected = _types(Engine(DuckDBConnector(Path()), {name: held}), name)

            assert _types(Engine(subject.connector), name) == expected

    @pytest.mark.parametrize("written", CALLS)
    def test_a_function_means_the_same(self, subject: Subject, called: list[str], written: str) -> None:
        """On each row its value is that of DuckDB; it may be refused where that is no finite number."""
        del called
        ours = DuckDBConnector(Path())
        ours.register("called", values())
        tree = parsed(written, columns=_types(Engine(ours), "called"), table="called", place=None)
        for place in range(len(ROWS)):
            query = select(alias(tree.copy(), "v")).from_(table("called"))
            query = query.where(exp.EQ(this=column("place"), expression=number(place)))
            expected, seen = (_value(one, query) for one in (ours, subject.connector))
            assert _same(seen, expected), f"{written} of row {place}: {seen!r} is not {expected!r}"

    @pytest.fixture(scope="class")
    @classmethod
    def called(cls, subject: Subject) -> list[str]:
        """The table on which functions are tried."""
        subject.load("called", values())
        return ["called"]

    def test_a_table_of_our_own_is_kept_whole_replaced_and_dropped(self, subject: Subject) -> None:
        """Where there is a place for it."""
        connector = _keeping(subject)
        assert connector.keep("contract table", "SELECT 1 AS a")
        assert connector.keep("contract table", "SELECT 2 AS a")
        item = connector.own("contract table")
        assert item is not None

        rows = subject.connector.rows(printed(select(column("a")).from_(item), subject.connector.dialect))

        assert [dict(row) for row in rows] == [{"a": 2}]
        assert "contract table" in {one.name for one in connector.kept()}
        connector.drop("contract table")
        assert connector.own("contract table") is None

    def test_an_entry_of_a_book_is_written_once(self, subject: Subject) -> None:
        """And read back as it was, in order."""
        connector = _keeping(subject)
        for entry, _ in connector.entries("contract"):
            connector.strike("contract", entry)
        assert connector.write("contract", 1, b'{"b": "\xc3\xbc"}')
        assert connector.write("contract", 0, b"{}")
        with pytest.raises(Conflict):
            connector.write("contract", 1, b"{}")

        assert "contract" in connector.books()
        assert connector.entries("contract") == [(0, b"{}"), (1, b'{"b": "\xc3\xbc"}')]
        connector.strike("contract", 0)
        assert [entry for entry, _ in connector.entries("contract")] == [1]

    def test_closing_twice_does_no_harm(self, subject: Subject) -> None:
        """The last test: nothing runs after it."""
        subject.connector.close()
        subject.connector.close()


def _value(connector: Connector, query: exp.Expr) -> object:
    try:
        return connector.rows(printed(query, connector.dialect))[0]["v"]
    except Refused:
        return nan


def _same(seen: object, expected: object) -> bool:
    if isinstance(expected, Decimal):
        expected = float(expected)
    if isinstance(seen, int | float) and isinstance(expected, int | float):
        return isclose(seen, expected, rel_tol=1e-12, abs_tol=1e-15) or (isnan(seen) and not isfinite(expected))
    return str(seen) == str(expected)


def _keeping(subject: Subject) -> Keeping:
    if not isinstance(subject.connector, Keeping):
        pytest.skip("this connector keeps no tables of our own")
    return subject.connector


def _types(engine: Engine, name: str) -> dict[str, str]:
    for title, held in engine.frames.items():
        engine.register(title, held)
    return {title: _broad(kind) for title, kind in engine.types(select(exp.Star()).from_(table(name))).items()}


def _broad(kind: str) -> str:
    return "INTEGER" if kind in ("SMALLINT", "INTEGER", "BIGINT") else kind


def _spoilt(written: str, where: str | None) -> Question:
    question = questions()["in UTC"]
    origin = Origin("metrics.yaml", {"value": 7, "facts": 6, "where": 8, "": 5})
    metric = Metric(name="plays", kind=Mean(FactValue("listening", Aggregate.SUM, written, where)), origin=origin)
    tracked = tuple(one for one in question.experiment.tracked if one.metric == "plays")
    catalogue = replace(question.catalogue, metrics={"plays": metric})
    return replace(question, experiment=replace(question.experiment, tracked=tracked), catalogue=catalogue)
