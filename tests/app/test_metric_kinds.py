"""Times to an event and companions in the answer: from what the warehouse brought back to rows."""

from typing import Any

import numpy as np
import pytest

from twyman.app.companions import beside
from twyman.app.ports import Cell, Measured
from twyman.app.results import compared_in
from twyman.experiments.experiment import Arm, Entry, Experiment
from twyman.kernel.time import DAY
from twyman.metrics.metric import Aggregate, FactValue, Metric, Summary, TimeToEvent, Window
from twyman.stats.estimate import NotEstimable
from twyman.stats.moments import Moments
from twyman.stats.survival import RiskTable

EXPERIMENT = Experiment(
    name="e",
    arms=(Arm("control", 0.5, control=True), Arm("treatment", 0.5)),
    tracked=(),
    entry=Entry.EXPOSURES,
    source="exposures",
)
TIMES = {"control": [1, 2, 3, 3, 3, 2], "treatment": [1, 1, 2, 3, 3, 1]}
CAME = {"control": [1, 1, 0, 0, 1, 0], "treatment": [1, 1, 1, 0, 0, 0]}


def wait(summary: Summary, **more: Any) -> Metric:
    kind = TimeToEvent(FactValue("plays", Aggregate.COUNT), DAY, summary)
    return Metric(name="m", kind=kind, window=Window(length=3 * DAY), **more)


def measured(*names: str) -> Measured:
    return Measured(
        columns={name: ("value",) for name in names},
        cells={Cell(name, arm): Moments.of(times) for name in names for arm, times in TIMES.items()},
        risk={Cell(name, arm): RiskTable.of(TIMES[arm], CAME[arm]) for name in names for arm in TIMES},
        units=dict.fromkeys(TIMES, 6),
    )


def test_the_mean_time_is_the_area_under_the_curve_of_those_who_wait() -> None:
    found = compared_in(EXPERIMENT, wait(Summary.MEAN_TIME), measured("m"), "treatment")

    assert not isinstance(found, NotEstimable)
    assert found.method == "restricted-mean"
    assert found.pair.control == pytest.approx(1 + 5 / 6 + 5 / 6 * 4 / 5)
    assert found.pair.treatment == pytest.approx(1 + 4 / 6 + 4 / 6 * 2 / 3)


def test_the_share_by_the_end_is_of_those_who_had_the_event() -> None:
    found = compared_in(EXPERIMENT, wait(Summary.SHARE), measured("m"), "treatment")

    assert not isinstance(found, NotEstimable)
    assert found.pair.control == pytest.approx(1 - 5 / 6 * 4 / 5 * 2 / 3)
    assert found.pair.control_variance > 0


def test_without_anybody_watched_to_the_end_it_cannot_be_estimated() -> None:
    short = measured("m")
    tables = {cell: RiskTable(np.array([1.0]), np.array([6.0]), np.array([1.0])) for cell in short.risk}
    found = compared_in(EXPERIMENT, wait(Summary.MEAN_TIME), Measured(**_with(short, risk=tables)), "treatment")

    assert isinstance(found, NotEstimable)
    assert "nobody was observed up to 3" in found.text


def test_the_other_number_stands_beside_it_and_is_better_the_other_way_round() -> None:
    (row,) = beside(EXPERIMENT, wait(Summary.MEAN_TIME), "treatment", measured("m", "m/share"))

    assert (row.metric, row.role, row.direction, row.decision) == ("m/share", "information", "decrease", None)
    assert row.absolute is not None
    assert row.control.sd is None


def test_a_look_kept_before_companions_were_shows_why_it_has_none() -> None:
    (row,) = beside(EXPERIMENT, wait(Summary.MEAN_TIME), "treatment", measured("m"))

    assert row.reason is not None
    assert row.reason.code == "no_units"


def _with(found: Measured, **changed: Any) -> dict[str, Any]:
    return {"columns": found.columns, "cells": found.cells, "units": found.units} | changed
