"""Which experiments run on a day, and which of them a sweep leaves out, and why."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from twyman.app.running import left_out, runs, swept
from twyman.experiments.experiment import Arm, Entry, Experiment

NOON, DAY = datetime(2024, 3, 4, 12, tzinfo=UTC), timedelta(days=1)
PAGE = Experiment(
    name="page",
    arms=(Arm("old", 0.5, control=True), Arm("new", 0.5)),
    tracked=(),
    entry=Entry.EXPOSURES,
    source="exposures",
    enrol_from=NOON,
    enrol_until=NOON + 7 * DAY,
    measure_until=NOON + 9 * DAY,
)


@pytest.mark.parametrize(("days", "expected"), [(-0.1, False), (0, True), (8, True), (9, True), (9.1, False)])
def test_an_experiment_runs_from_its_first_exposure_to_its_last_fact(days: float, *, expected: bool) -> None:
    assert runs(PAGE, NOON + days * DAY) is expected


def test_without_an_end_of_measurement_it_runs_while_it_enrols_and_without_dates_always() -> None:
    enrols, dateless = replace(PAGE, measure_until=None), replace(PAGE, enrol_from=None)

    assert [runs(enrols, NOON + days * DAY) for days in (7, 7.1)] == [True, False]
    assert runs(replace(dateless, enrol_until=None, measure_until=None), NOON - 900 * DAY)


def test_what_is_left_out_is_said_by_its_reason_and_sealed_ones_are_not_named() -> None:
    homes = replace(PAGE, randomised_by="home")
    live = [
        PAGE,
        replace(homes, name="shelf"),
        replace(homes, name="secret", sealed=True),
        replace(homes, name="search", randomised_by="device"),
        replace(PAGE, name="counts", entry=Entry.AGGREGATES),
        replace(PAGE, name="units", entry=Entry.UNITS),
    ]

    found = left_out(live)

    assert [one.name for one in live if swept(one)] == ["page"]
    assert [check.text.partition(". ")[0] for check in found] == [
        "Left out, as dealt by device: 'search'",
        "Left out, as dealt by home: 'shelf', 1 sealed",
        "Left out, as no exposures say who met it: 'counts', 'units'.",
    ]
    assert [check.detail["experiments"] for check in found] == [["search"], ["shelf"], ["counts", "units"]]
    assert left_out([PAGE]) == []
