"""Counts per arm and day: a share needs the unit of randomisation below the line."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from twyman.app.ports import Cell, Cohort, DaySigns
from twyman.experiments.experiment import Entry
from twyman.kernel.errors import Invalid
from twyman.kernel.place import Origin
from twyman.metrics.metric import Mean, Metric, OutcomeValue, Proportion, Ratio
from twyman.metrics.source import AggregateSource, DayColumn, Query
from twyman.warehouse.duckdb import DuckDB

ROWS = """select * from (values
  ('2014-10-11', 'control', 100, 20), ('2014-10-11', 'treatment', 100, 30),
  ('2014-10-12', 'control', 200, 50), ('2014-10-12', 'treatment', 100, 10),
  ('2014-10-13', 'control', 50, null), ('2014-10-13', 'treatment', 60, null)) t(day, arm, clicks, paid)"""
SHARE = Metric(name="m", kind=Proportion(OutcomeValue("paid")))


@pytest.fixture
def counts(scene: Any) -> Any:
    def ask(metric: Metric = SHARE, **source: object) -> Any:
        table = {
            "name": "trial",
            "relations": {"": Query(ROWS)},
            "arm": "arm",
            "day": DayColumn("day"),
            "columns": {"clicks": "clicks", "paid": "paid"},
            "matured": "paid is not null",
            "unit": "clicks",
            "origin": Origin("trial.yaml", {"": 1, "columns.paid": 7}),
        }
        entry = {"entry": Entry.AGGREGATES, "source": "trial"}
        return scene(
            metrics=(metric,), sources={"trial": AggregateSource(**(table | source))}, experiment=entry, cutoff=None
        )

    return ask


def test_days_without_their_outcome_are_left_out_and_counted(counts: Any) -> None:
    found = counts().measure()

    assert found.cells[Cell("m", "control")].count == 300
    assert found.cells[Cell("m", "control")].means.tolist() == [70 / 300]
    assert (found.days_matured, found.days_left_out) == (2, 1)
    assert found.cohorts["m", "control"] == Cohort(entered=350, matured=300, measured=300)


def test_the_balance_takes_every_day(counts: Any) -> None:
    found = counts().measure()

    assert found.units == {"control": 350, "treatment": 260}
    assert found.exposed["treatment", date(2014, 10, 13)] == 60


def test_days_are_counted_on_which_the_treatment_was_higher(counts: Any) -> None:
    assert counts().measure().signs == {("m", "treatment"): DaySigns(days=2, higher=1)}


def test_a_day_on_which_both_are_equal_is_not_a_day_up(counts: Any) -> None:
    day = "select '2014-10-11' as day, '{}' as arm, {} as clicks, {} as paid"
    sql = f"{day.format('control', 10, 2)} union all {day.format('treatment', 5, 1)}"
    found = counts(relations={"": Query(sql)}).measure()

    assert found.signs == {("m", "treatment"): DaySigns(days=1, higher=0)}


def test_days_add_up_to_their_arm(counts: Any) -> None:
    found = counts().measure()
    first, second = (found.days["m", "control", date(2014, 10, day)] for day in (11, 12))

    assert (first + second).products == pytest.approx(found.cells[Cell("m", "control")].products)


def test_a_ratio_over_the_unit_is_a_share_and_any_other_rate_has_no_variance(counts: Any) -> None:
    paid, clicks = OutcomeValue("paid"), OutcomeValue("clicks")
    found = counts(Metric(name="m", kind=Ratio(paid, clicks))).measure().cells[Cell("m", "control")]

    assert found.means.tolist() == [70 / 300, 1]
    assert counts(Metric(name="m", kind=Ratio(clicks, paid))).measure().cells == {}
    assert counts(Metric(name="m", kind=Mean(paid))).measure().cells == {}
    assert counts(unit=None).measure().cells == {}


def test_one_table_an_arm_and_a_day_without_a_year(counts: Any) -> None:
    day = "select 'Sat, Oct 11' as d, {} as clicks, {} as paid"
    relations = {"control": Query(day.format(10, 4)), "treatment": Query(day.format(9, 3))}
    found = counts(relations=relations, arm=None, day=DayColumn("d", "%a, %b %d", 2014)).measure()

    assert found.exposed == {("control", date(2014, 10, 11)): 10, ("treatment", date(2014, 10, 11)): 9}


def test_the_extent_is_in_days(counts: Any) -> None:
    found = DuckDB().extent(counts().question())

    assert found.first_exposure == datetime(2014, 10, 11, tzinfo=UTC)
    assert found.end == datetime(2014, 10, 14, tzinfo=UTC)


def test_more_successes_than_units_are_refused_with_the_day(counts: Any) -> None:
    sql = "select '2014-10-11' as day, 'control' as arm, 5 as clicks, 7 as paid"
    with pytest.raises(Invalid, match=r"^trial.yaml:7: 'paid' counts 7 of 5 'clicks' on 2014-10-11 in arm 'control'"):
        counts(relations={"": Query(sql)}).measure()


def test_no_row_of_an_arm_is_refused(counts: Any) -> None:
    sql = "select '2014-10-11' as day, 'A' as arm, 5 as clicks, 3 as paid"
    with pytest.raises(Invalid, match=r"^e.yaml:5: no row of 'trial' is of an arm"):
        counts(relations={"": Query(sql)}).measure()
