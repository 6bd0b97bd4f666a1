"""The rules of `docs/explanation/time.md`, one scene each: late rows, duplicates, skew, zones, DST, cut-offs."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from twyman.metrics.metric import Adjustment, Aggregate, Window
from twyman.metrics.source import AttributeSource, Grain, Query, Timestamp

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "time.md"
NOON = datetime(2024, 3, 4, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AUCKLAND = "Pacific/Auckland"
ONE = [(1, "treatment", NOON), (2, "control", NOON)]


def wall(text: str) -> datetime:
    """What a clock on the wall shows, as it stands in a zoneless column."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_every_rule_of_the_page_has_its_scene_here() -> None:
    named = {line.split("`")[1] for line in PAGE.read_text().splitlines() if line.startswith("*Tried by* `")}
    here = {name for name in globals() if name.startswith("test_")} - {"test_every_rule_of_the_page_has_its_scene_here"}

    assert named == here


def test_an_exposure_that_stands_twice_changes_nothing_but_its_count(scene: Any, metric: Any) -> None:
    facts = [(1, NOON + HOUR), (2, NOON + HOUR)]
    once, twice = scene(ONE, facts, (metric(),)).measure(), scene(ONE * 2, facts, (metric(),)).measure()

    assert (once.cells, once.units, once.exposed) == (twice.cells, twice.units, twice.exposed)
    assert (once.entrants.repeated, twice.entrants.repeated) == (0, 2)


def test_a_fact_that_stands_twice_counts_twice(scene: Any, metric: Any) -> None:
    assert scene(ONE, [(1, NOON + HOUR)] * 2, (metric(),)).values() == (1, 2)


def test_an_earlier_exposure_that_comes_late_moves_the_windows(scene: Any, metric: Any) -> None:
    day, facts = metric(window=Window(length=DAY)), [(1, NOON - HOUR), (1, NOON + 23 * HOUR)]

    assert scene(ONE, facts, (day,)).values() == (1, 1)
    assert scene([*ONE, (1, "treatment", NOON - 2 * HOUR)], facts, (day,)).values() == (1, 1)
    assert scene([*ONE, (1, "treatment", NOON - 2 * HOUR)], facts[1:], (day,)).values() == (1, 0)


def test_an_earlier_exposure_to_another_arm_takes_the_unit_out(scene: Any, metric: Any) -> None:
    found = scene([*ONE, (1, "control", NOON - HOUR)], [], (metric(),)).measure()

    assert found.units == {"control": 1, "treatment": 0}
    assert found.crossovers == {"control": 1, "treatment": 0}


def test_a_fact_that_another_clock_puts_before_exposure_stays_before_it(scene: Any, metric: Any) -> None:
    counted = metric(window=Window(length=DAY), adjustment=Adjustment(DAY))
    found = scene(ONE, [(1, NOON - timedelta(seconds=1))], (counted,)).moments()

    assert found.means.tolist() == [0, 1]


def test_facts_that_arrive_before_they_happen_are_counted_and_count(scene: Any, metric: Any) -> None:
    second = timedelta(seconds=1)
    facts = [
        (1, NOON + HOUR, 0.0, NOON + HOUR - second),
        (1, NOON + HOUR, 0.0, NOON + HOUR),
        (1, NOON - DAY, 0.0, NOON),
    ]
    facts += [(1, NOON - second, 0.0, NOON - 2 * second)]  # not of the last day
    enrolled = {"experiment": {"enrol_from": NOON}, "cutoff": NOON + DAY}
    found = scene(ONE, facts, (metric(),), facts={"arrived": "loaded"}, **enrolled)
    by_day = scene(
        ONE, facts, (metric(),), facts={"arrived": "loaded", "timestamp": Timestamp("at", Grain.DAY)}, **enrolled
    )

    assert (found.values(), found.measure().scanned[0].ahead) == ((1, 2), 1)
    assert (by_day.measure().scanned[0].ahead, scene(ONE, facts, (metric(),)).measure().scanned[0].ahead) == (
        None,
        None,
    )


def test_a_fact_at_the_moment_of_exposure_comes_after_it(scene: Any, metric: Any) -> None:
    counted = metric(window=Window(length=DAY), adjustment=Adjustment(DAY))

    assert scene(ONE, [(1, NOON)], (counted,)).moments().means.tolist() == [1, 0]


def test_a_window_holds_its_beginning_and_not_its_end(scene: Any, metric: Any) -> None:
    later = metric(window=Window(after=DAY, length=DAY))
    facts = [(1, NOON + DAY), (1, NOON + 2 * DAY - timedelta(microseconds=1)), (1, NOON + 2 * DAY)]

    assert scene(ONE, facts, (later,)).values() == (1, 2)


def test_enrolment_holds_its_beginning_and_not_its_end(scene: Any, metric: Any) -> None:
    rows = [(1, "control", NOON - HOUR), (2, "control", NOON), (3, "treatment", NOON + DAY)]
    enrol = {"enrol_from": NOON, "enrol_until": NOON + DAY}
    found = scene(rows, [], (metric(),), experiment=enrol).measure()

    assert found.units == {"control": 1, "treatment": 0}
    assert found.entrants.outside == 2


def test_who_met_the_change_before_enrolment_enters_with_the_first_exposure_inside(scene: Any, metric: Any) -> None:
    rows = [(1, "control", NOON - DAY), (1, "control", NOON + HOUR)]
    found = scene(rows, [(1, NOON), (1, NOON + 2 * HOUR)], (metric(),), experiment={"enrol_from": NOON})

    assert found.values("control") == (1, 1)


def test_a_cut_off_sees_what_happened_before_it(scene: Any, metric: Any) -> None:
    asked = scene(ONE, [(1, NOON + HOUR), (1, NOON + DAY)], (metric(),), cutoff=NOON + DAY)

    assert asked.values() == (1, 1)
    assert asked.measure().scanned[0].after_cutoff == 1


def test_a_row_that_arrived_too_late_waits_for_the_next_look(scene: Any, metric: Any) -> None:
    facts, arrived = [(1, NOON + HOUR, 0.0, NOON + 3 * DAY), (1, NOON + HOUR, 0.0, NOON + DAY)], {"arrived": "loaded"}
    first = scene(ONE, facts, (metric(),), facts=arrived, cutoff=NOON + DAY, arrivals=NOON + 2 * DAY)
    second = scene(ONE, facts, (metric(),), facts=arrived, cutoff=NOON + DAY, arrivals=NOON + 4 * DAY)

    assert (first.values(), second.values()) == ((1, 1), (1, 2))
    assert first.measure().scanned[0].late == 1


def test_one_cut_off_gives_the_same_numbers_whatever_came_after(scene: Any, metric: Any) -> None:
    before = [(1, NOON + HOUR), (2, NOON + 2 * HOUR)]
    after = [(1, NOON + 2 * DAY), (2, NOON + 3 * DAY)]
    early = scene(ONE, before, (metric(),), cutoff=NOON + DAY).measure()
    late = scene([*ONE, (1, "control", NOON + 2 * DAY)], before + after, (metric(),), cutoff=NOON + DAY).measure()

    assert (early.cells, early.units, early.crossovers) == (late.cells, late.units, late.crossovers)


def test_a_time_without_a_zone_is_of_the_projects(scene: Any, metric: Any) -> None:
    found = scene([(1, "control", wall("2024-03-05 00:30"))], [], (metric(),), zone=AUCKLAND).measure()

    assert found.exposed == {("control", date(2024, 3, 5)): 1}
    assert found.zoneless == ("exposures", "plays")


@pytest.mark.parametrize(("exposed", "hours"), [("2024-04-07", 25), ("2024-09-29", 23), ("2024-09-30", 24)])
def test_a_day_of_exposure_is_as_long_as_its_zone_makes_it(scene: Any, metric: Any, exposed: str, hours: int) -> None:
    """Facts of the night that the clocks are set in count from the day's midnight, whose length they change."""
    sql = f"select 1 as user_id, 'treatment' as arm, date '{exposed}' as at"
    start = {25: wall("2024-04-06 11:00"), 23: wall("2024-09-28 12:00"), 24: wall("2024-09-29 11:00")}[hours]
    aware = {"timestamp": Timestamp("at at time zone 'UTC'")}
    facts = [(1, start - timedelta(seconds=1)), (1, start), (1, start + hours * HOUR)]
    asked = {"exposures": {"relation": Query(sql)}, "facts": aware, "zone": AUCKLAND}
    after = scene([], facts, (metric(),), cutoff=start + hours * HOUR, **asked)

    assert after.values() == (1, 1)
    assert after.measure().exposed == {("treatment", date.fromisoformat(exposed)): 1}


def test_a_window_of_a_day_is_24_hours_also_where_the_clocks_are_set(scene: Any, metric: Any) -> None:
    aware = {"timestamp": Timestamp("at at time zone 'UTC'")}
    evening = wall("2024-04-06 08:00")
    facts = [(1, evening + 24 * HOUR - timedelta(seconds=1)), (1, evening + 24 * HOUR)]
    day = metric(window=Window(length=DAY))
    asked = scene([(1, "treatment", evening)], facts, (day,), exposures=aware, facts=aware, zone=AUCKLAND)

    assert asked.values() == (1, 1)


def test_an_hour_that_the_wall_shows_twice_is_the_later_and_one_it_never_shows_the_next(
    scene: Any, metric: Any
) -> None:
    twice, never = wall("2024-04-07 02:30"), wall("2024-09-29 02:30")
    aware = {"timestamp": Timestamp("at at time zone 'UTC'")}

    for shown, meant in ((twice, wall("2024-04-06 14:30")), (never, wall("2024-09-28 14:30"))):
        facts = [(1, meant - timedelta(seconds=1)), (1, meant)]
        asked = {"facts": aware, "zone": AUCKLAND, "cutoff": meant + DAY}
        assert scene([(1, "treatment", shown)], facts, (metric(),), **asked).values() == (1, 1)


def test_facts_known_to_the_day_count_from_the_day_of_exposure(scene: Any, metric: Any) -> None:
    by_day = {"timestamp": Timestamp("at", Grain.DAY)}
    facts = [(1, NOON.replace(hour=0)), (1, NOON.replace(hour=0) - DAY)]
    counted = metric(window=Window(length=DAY), adjustment=Adjustment(7 * DAY))

    assert scene(ONE, facts, (counted,), facts=by_day).moments().means.tolist() == [1, 1]


def test_exposures_known_to_the_day_take_in_facts_of_that_day(scene: Any, metric: Any) -> None:
    by_day = {"timestamp": Timestamp("at", Grain.DAY)}
    counted = metric(window=Window(length=DAY), adjustment=Adjustment(7 * DAY))
    found = scene(ONE, [(1, NOON - HOUR), (1, NOON - DAY)], (counted,), exposures=by_day).moments()

    assert found.means.tolist() == [1, 1]


def test_where_enrolment_begins_at_noon_facts_of_that_morning_count_after_an_exposure_of_that_day(
    scene: Any, metric: Any
) -> None:
    by_day, morning = {"timestamp": Timestamp("at", Grain.DAY)}, [(1, NOON - HOUR)]
    exposed = [(1, "treatment", NOON + HOUR), (2, "control", NOON + HOUR)]

    assert scene(exposed, morning, (metric(),), exposures=by_day, experiment={"enrol_from": NOON}).values() == (1, 1)


@pytest.mark.parametrize("exposures", [Grain.INSTANT, Grain.DAY])
@pytest.mark.parametrize("shown", ["2024-04-06", "2024-09-28", "2024-06-01"])
def test_windows_of_facts_known_to_the_day_hold_dates_also_where_the_clocks_are_set(
    scene: Any, metric: Any, exposures: Grain, shown: str
) -> None:
    dates = ", ".join(f"(1, date '{date.fromisoformat(shown) + i * DAY}')" for i in range(-2, 7))
    dated = Query(f"select * from (values {dates}) as given(user_id, at)")
    by_day = {"relation": dated, "timestamp": Timestamp("at")}
    counted = metric(window=Window(length=3 * DAY), adjustment=Adjustment(2 * DAY))
    asked = {"facts": by_day, "exposures": {"timestamp": Timestamp("at", exposures)}, "zone": AUCKLAND}
    found = scene([(1, "treatment", wall(f"{shown} 15:00"))], [], (counted,), cutoff=wall("2024-12-01"), **asked)

    assert found.moments().means.tolist() == [3, 2]


def test_a_row_of_no_arm_of_the_experiment_is_no_first_exposure(scene: Any, metric: Any) -> None:
    met = [*ONE, (1, "stray", NOON - 2 * DAY)]

    assert scene(met, [(1, NOON - DAY), (1, NOON)], (metric(),)).values() == (1, 1)


@pytest.mark.parametrize("turned", [1, -1])
def test_of_two_arms_met_at_one_instant_the_one_listed_first_came_first(scene: Any, metric: Any, turned: int) -> None:
    met = [*ONE, *[(3, "treatment", NOON), (3, "control", NOON)][::turned]]

    assert scene(met, [], (metric(),)).measure().crossovers == {"control": 1, "treatment": 0}


@pytest.mark.parametrize("turned", [1, -1])
def test_of_facts_at_one_instant_the_lowest_is_first_and_the_highest_last(
    scene: Any, metric: Any, count_of: Any, turned: int
) -> None:
    facts = [(1, NOON, 2.0), (1, NOON, 1.0), (1, NOON, 3.0)][::turned]
    first, last = (metric(count_of(one, "ms")) for one in (Aggregate.FIRST, Aggregate.LAST))

    assert scene(ONE, facts, (first,)).values() == (1, 1)
    assert scene(ONE, facts, (last,)).values() == (1, 3)


@pytest.mark.parametrize("turned", [1, -1])
def test_of_attributes_at_one_instant_the_highest_that_is_known_holds(scene: Any, metric: Any, turned: int) -> None:
    rows = ["(1, timestamp '2024-03-04 09:00', 'NZ')", "(1, timestamp '2024-03-04 09:00', 'SE')",
            "(1, timestamp '2024-03-04 09:00', null)", "(2, timestamp '2024-03-04 08:00', 'SE')",
            "(2, timestamp '2024-03-04 09:00', null)"][::turned]  # fmt: skip
    people = AttributeSource(
        name="people",
        relation=Query(f"select * from (values {', '.join(rows)}) as given(id, since, country)"),
        entities={"user": "id"},
        timestamp=Timestamp("since"),
        columns={"country": "country"},
    )
    found = scene(ONE, [], (metric(),), sources={"people": people}, experiment={"dimensions": ("country",)}).measure()

    assert {(cell.arm, cell.value) for cell in found.cells if cell.dimension} == {
        ("treatment", "SE"),
        ("control", "(none)"),
    }
