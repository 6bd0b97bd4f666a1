"""Who enters, in which arm, when; and that nobody is left out without being counted."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from twyman.kernel.errors import Invalid, NotFound
from twyman.metrics.source import Grain, Query, Timestamp
from twyman.warehouse.duckdb import DuckDB

NOON = datetime(2024, 3, 4, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EXPOSURES = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(1, 6)),
        st.sampled_from(["control", "treatment", "other", None]),
        st.integers(0, 99).map(lambda hours: NOON + hours * HOUR),
        st.booleans(),
    ),
    min_size=1,
    max_size=25,
    unique_by=lambda row: row[2],
)


def test_the_first_exposure_counts(scene: Any, metric: Any) -> None:
    rows = [(1, "treatment", NOON + DAY), (1, "treatment", NOON), (2, "control", NOON)]
    found = scene(rows, [(1, NOON + HOUR)], (metric(),)).measure()

    assert found.exposed == {("treatment", date(2024, 3, 4)): 1, ("control", date(2024, 3, 4)): 1}
    assert found.entrants.repeated == 1


def test_a_unit_in_two_arms_is_in_neither_and_counted_where_it_began(scene: Any, metric: Any) -> None:
    rows = [(1, "treatment", NOON), (1, "control", NOON + HOUR), (2, "control", NOON), (3, "treatment", NOON)]
    found = scene(rows, [], (metric(),)).measure()

    assert found.units == {"control": 1, "treatment": 1}
    assert found.crossovers == {"control": 0, "treatment": 1}
    assert found.entrants.in_two_arms == 1


def test_a_filter_says_how_many_rows_it_leaves_out_by_arm(scene: Any, metric: Any) -> None:
    rows = [
        (1, "treatment", NOON, True),
        (2, "treatment", NOON, False),
        (3, "control", NOON, None),
        (4, "control", NOON, False),
    ]
    found = scene(rows, [], (metric(),), exposures={"where": "not bot"}).measure()

    assert found.units == {"control": 1, "treatment": 1}
    assert found.entrants.left_out == {"control": 1, "treatment": 1}
    assert found.entrants.kept == {"control": 1, "treatment": 1}


def test_enrolment_is_half_open_and_what_lies_outside_is_counted(scene: Any, metric: Any) -> None:
    rows = [(1, "control", NOON - HOUR), (2, "control", NOON), (3, "treatment", NOON), (4, "treatment", NOON + DAY)]
    enrol = {"enrol_from": NOON, "enrol_until": NOON + DAY}
    found = scene(rows, [], (metric(),), experiment=enrol).measure()

    assert found.units == {"control": 1, "treatment": 1}
    assert found.entrants.outside == 2


def test_an_exposure_at_the_cut_off_does_not_exist_yet(scene: Any, metric: Any) -> None:
    rows = [(1, "control", NOON), (2, "treatment", NOON), (1, "treatment", NOON + DAY), (3, "treatment", NOON + DAY)]
    found = scene(rows, [], (metric(),), cutoff=NOON + DAY).measure()

    assert found.units == {"control": 1, "treatment": 1}
    assert found.crossovers == {"control": 0, "treatment": 0}


def test_other_experiments_in_the_table_play_no_part(scene: Any, metric: Any) -> None:
    one = "select {} as user_id, 'control' as arm, timestamp '2024-03-04' as at, '{}' as key"
    sql = f"{one.format(1, 'e')} union all {one.format(2, 'f')}"
    found = scene(metrics=(metric(),), exposures={"relation": Query(sql), "experiment": "key"}).measure()

    assert found.entrants.rows == found.units["control"] == 1


def test_a_day_of_exposure_begins_at_midnight_of_the_projects_zone(scene: Any, metric: Any) -> None:
    late = datetime(2024, 3, 4, 23, tzinfo=UTC)
    exposures = {"timestamp": Timestamp("at at time zone 'UTC'")}
    found = scene([(1, "control", late)], [], (metric(),), exposures=exposures, zone="Pacific/Auckland").measure()

    assert found.exposed == {("control", date(2024, 3, 5)): 1}


def test_exposures_known_to_the_day_take_in_facts_of_that_day(scene: Any, metric: Any) -> None:
    facts = [(1, NOON - HOUR), (1, NOON - 13 * HOUR)]
    by_day = {"timestamp": Timestamp("at", Grain.DAY)}

    assert scene([(1, "treatment", NOON)], facts, (metric(),), exposures=by_day).values() == (1, 1)
    assert scene([(1, "treatment", NOON)], facts, (metric(),)).values() == (1, 0)


@settings(max_examples=40, deadline=None)
@given(rows=EXPOSURES)
def test_every_row_is_counted_once_as_naive_python_counts_it(scene: Any, metric: Any, rows: Any) -> None:
    until = NOON + 80 * HOUR
    try:
        found = scene(
            rows, [], (metric(),), exposures={"where": "not bot"}, experiment={"enrol_until": until}
        ).measure()
    except Invalid:
        found = None
    arms = {"control", "treatment"}
    met = defaultdict(list)
    for user, arm, at, bot in rows:
        if user is not None and arm in arms and not bot and at < until:
            met[user].append((at, arm))
    first = {user: min(seen)[1] for user, seen in met.items()}
    crossed = {user for user, seen in met.items() if len({arm for _, arm in seen}) == 2}

    units = {arm: sum(first[user] == arm for user in met.keys() - crossed) for arm in arms}
    if not sum(units.values()):
        assert found is None
        return
    before = defaultdict(set)
    for user, arm, at, _ in rows:
        if at < until:
            before[user].add(arm if arm in arms else None)
    assert found.units == units
    assert found.crossovers == {arm: sum(first[user] == arm for user in crossed) for arm in arms}
    assert found.entrants.rows == len(rows)
    assert found.entrants.units == len({user for user, *_ in rows if user is not None})
    assert found.entrants.in_two_arms == sum(arms <= seen for user, seen in before.items() if user is not None)
    assert found.entrants.without_unit == sum(row[0] is None for row in rows)
    assert sum(found.entrants.unknown_arms.values()) == sum(row[1] not in arms for row in rows)
    assert found.entrants.repeated == sum(len(seen) - len({arm for _, arm in seen}) for seen in met.values())


def test_no_exposure_of_this_experiment_names_those_that_are_there(scene: Any, metric: Any) -> None:
    sql = "select 1 as user_id, 'control' as arm, timestamp '2024-03-04' as at, 'spring' as key"
    with pytest.raises(
        Invalid, match=r"^e.yaml:8: no row of 'exposures' is of experiment 'e': keys there are 'spring'$"
    ):
        scene(metrics=(metric(),), exposures={"relation": Query(sql), "experiment": "key"}).measure()


def test_where_nobody_is_left_the_message_says_what_left_them_out(scene: Any, metric: Any) -> None:
    with pytest.raises(Invalid, match="arms in the data are 'A', and the experiment's are 'control', 'treatment'"):
        scene([(1, "A", NOON)], [], (metric(),)).measure()
    with pytest.raises(Invalid, match="its where leaves out 1"):
        scene([(1, "control", NOON, True)], [], (metric(),), exposures={"where": "not bot"}).measure()


def test_a_missing_column_is_named_with_its_place_and_the_nearest(scene: Any, metric: Any) -> None:
    with pytest.raises(Invalid, match=r"^exposures.yaml:6: column 'arn' isn't in 'exposures': did you mean 'arm'\?$"):
        scene([(1, "control", NOON)], [], (metric(),), exposures={"arm": "arn"}).measure()


def test_an_undefined_source_is_not_found(scene: Any, metric: Any) -> None:
    with pytest.raises(NotFound, match=r"^e.yaml:8: source 'exposers'"):
        scene([], [], (metric(),), experiment={"source": "exposers"}).measure()


def test_the_extent_runs_from_the_first_exposure_to_the_midnight_after_the_last_row(scene: Any, metric: Any) -> None:
    stage = scene([(1, "control", NOON), (2, "treatment", NOON + DAY)], [(1, NOON + 3 * DAY)], (metric(),), cutoff=NOON)
    found = DuckDB().extent(stage.question())

    assert (found.first_exposure, found.last_exposure) == (NOON, NOON + DAY)
    assert found.last_fact == {"plays": NOON + 3 * DAY}
    assert found.end == datetime(2024, 3, 8, tzinfo=UTC)
