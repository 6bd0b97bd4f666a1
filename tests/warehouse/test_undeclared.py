"""The watch over undeclared metrics goes on beside those that can't be read, and says which those are."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.warehouse.conftest import DAY, NOON, PLAYED, Scene, arrow, mean, plays

from twyman.app.doubting import doubted
from twyman.doubt.check import Check, Status
from twyman.doubt.dossier import dossier
from twyman.experiments.experiment import Role, Tracked
from twyman.metrics.metric import Aggregate, FactValue, Mean, Metric
from twyman.metrics.source import FactSource, Frame, Table, Timestamp
from twyman.warehouse.duckdb import DuckDB

UNITS = 600


def over(facts: str, name: str, column: str | None = None, where: str | None = None) -> Metric:
    value = FactValue(facts, Aggregate.SUM if column else Aggregate.COUNT, column, where=where)
    return replace(mean(), name=name, title=name.title(), kind=Mean(value))


def source(name: str, **changes: Any) -> FactSource:
    """Advertisements: four or five a unit of control, one or two a unit of the treatment."""
    times = [unit // 2 % 2 + (1 if unit % 2 else 4) for unit in range(UNITS)]
    rows = [(unit, NOON + DAY, 1.0) for unit in range(UNITS) for _ in range(times[unit])]
    known = {"relation": Frame(arrow(PLAYED, rows)), "measures": {"sure": "ms"}} | changes
    return FactSource(name=name, entities={"user": "user_id"}, timestamp=Timestamp("at"), **known)


def watched(*metrics: Metric, **sources: FactSource) -> list[Check]:
    """What is said of the undeclared metrics of an experiment that declares `m` over plays and does nothing to it."""
    seconds = np.random.default_rng(1).normal(20, 2, UNITS)
    asked = Scene(
        exposed=[(unit, "treatment" if unit % 2 else "control", NOON, False) for unit in range(UNITS)],
        played=[(unit, NOON + DAY, 1000.0 * seconds[unit]) for unit in range(UNITS)],
        metrics=(mean(plays(Aggregate.SUM, "seconds")), *metrics),
        sources=sources,
        experiment={"tracked": (Tracked(metric="m", role=Role.SUCCESS),)},
    ).question()
    warehouse = DuckDB()
    found = doubted(warehouse, asked, warehouse.measure(asked))
    return [check for check in found.checks if "undeclared" in check.code or check.code == "neighbours_moved"]


ADS = over("ads", "ads")
BROKEN = source("skips", measures={"skipped": "no_such_column"})


def test_one_metric_that_cannot_be_read_does_not_switch_the_watch_off() -> None:
    moved, unread = watched(ADS, over("skips", "skips", "skipped"), ads=source("ads"), skips=BROKEN)

    assert (moved.code, moved.metric, moved.status) == ("undeclared_moved", "ads", Status.WARN)
    assert (unread.code, unread.status) == ("undeclared", Status.NOTE)
    assert unread.text.startswith(
        "1 of 2 metrics that nobody declared can't be read, so nobody would see it move: Skips"
    )
    assert "no_such_column" in unread.text
    assert unread.detail["unread"] == ["skips"]


def test_of_one_source_only_the_metrics_that_cannot_be_read_are_left_out() -> None:
    skips = over("ads", "skips", where="no_such_column > 1")

    moved, unread = watched(ADS, skips, over("ads", "sure", "sure"), ads=source("ads"))

    assert unread.detail["unread"] == ["skips"]
    assert {one["metric"] for one in moved.detail["moved"]} == {"ads", "sure"}  # type: ignore[attr-defined]


def test_a_source_that_is_not_there_takes_all_of_its_metrics_and_no_other() -> None:
    gone = source("gone", relation=Table("no_such_table"))
    lost = [over("gone", f"lost-{place}") for place in range(7)]

    moved, unread = watched(ADS, *lost, ads=source("ads"), gone=gone)

    assert moved.metric == "ads"
    assert unread.detail["unread"] == [one.name for one in lost]
    assert "7 of 8 metrics" in unread.text
    assert "Lost-4 and 2 more: " in unread.text
    assert unread.text.count("'no_such_table' isn't in the warehouse") == 1


def test_where_all_can_be_read_nothing_is_said_of_reading() -> None:
    assert [check.code for check in watched(ADS, ads=source("ads"))] == ["undeclared_moved"]


@pytest.mark.parametrize("whole", ["whole", ""])
def test_what_cannot_be_read_makes_no_fault_likelier(whole: str) -> None:
    quiet, unread = watched(over("plays", "heard", "seconds"), over("skips", "skips", "skipped"), skips=BROKEN)
    assert (quiet.status, unread.status) == (Status.OK, Status.NOTE)

    both, alone, without, nothing = (
        dossier(checks, whole=bool(whole)) for checks in ([quiet, unread], [unread], [quiet], [])
    )

    assert both.probability == pytest.approx(without.probability, abs=1e-12)
    assert alone.probability <= nothing.probability + 1e-12
    assert both.doubts[0].ratio == pytest.approx(1.0)
