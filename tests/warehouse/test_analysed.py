"""Who of the exposed is analysed: triggers, segments left out, populations; each counted by arm."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from twyman.app.ports import Cell, Kept
from twyman.experiments.population import Counterfactual, Excluded, Trigger
from twyman.flags.targeting import (
    All,
    Contains,
    EndsWith,
    Exists,
    Expression,
    In,
    Is,
    Not,
    Range,
    Some,
    StartsWith,
    Time,
    Version,
    Where,
)
from twyman.kernel.errors import Invalid, NotFound
from twyman.kernel.place import Origin
from twyman.metrics.metric import Adjustment, Window
from twyman.metrics.source import AttributeSource, Frame, Grain, Timestamp

NOON = datetime(2024, 3, 4, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OPENED = Trigger(facts="plays", where="ms < 0", counterfactual=Counterfactual.LOGGED)
"""A play of negative length stands for an opened page."""


def open_at(user: int, moment: datetime) -> tuple[Any, ...]:
    return user, moment, -1.0


def triggered(scene: Any, rows: list[Any], happened: list[Any], metric: Any, **more: Any) -> Any:
    experiment = {"trigger": OPENED} | more.pop("experiment", {})
    return scene(rows, happened, (metric,), experiment=experiment, **more)


TWO = [(1, "treatment", NOON), (2, "control", NOON)]


def test_windows_run_from_the_first_trigger_at_or_after_exposure(scene: Any, metric: Any, count_of: Any) -> None:
    facts = [open_at(1, NOON - HOUR), open_at(1, NOON + DAY), open_at(1, NOON + 2 * DAY)]
    facts += [(1, NOON + HOUR, 1.0), (1, NOON + DAY, 1.0), (1, NOON + DAY + 7 * HOUR, 1.0), (1, NOON + 2 * DAY, 1.0)]
    counted = metric(count_of(where="ms > 0"), window=Window(length=DAY))

    assert triggered(scene, TWO, facts, counted).values() == (1, 2)


def test_covariates_stay_before_exposure(scene: Any, metric: Any, count_of: Any) -> None:
    facts = [open_at(1, NOON + DAY), (1, NOON - HOUR, 1.0), (1, NOON + HOUR, 1.0), (1, NOON + 25 * HOUR, 1.0)]
    counted = metric(count_of(where="ms > 0"), window=Window(length=DAY), adjustment=Adjustment(7 * DAY))
    found = triggered(scene, TWO, facts, counted).moments()

    assert found.means.tolist() == [1, 1]


def test_closed_cohorts_close_after_the_trigger(scene: Any, metric: Any) -> None:
    week, cutoff = metric(window=Window(length=7 * DAY)), NOON + 8 * DAY
    on_time = triggered(scene, TWO, [open_at(1, NOON + DAY)], week, cutoff=cutoff).measure()
    too_late = triggered(scene, TWO, [open_at(1, NOON + DAY + HOUR)], week, cutoff=cutoff).measure()

    assert on_time.cohorts["m", "treatment"].matured == 1
    assert too_late.cohorts["m", "treatment"].matured == 0


def test_a_trigger_lies_inside_the_enrolment_and_before_the_cut_off(scene: Any, metric: Any) -> None:
    enrol = {"enrol_until": NOON + 2 * DAY}
    facts = [open_at(1, NOON + 2 * DAY - HOUR), open_at(2, NOON + 2 * DAY)]
    found = triggered(scene, TWO, facts, metric(), experiment=enrol).measure()
    early = triggered(scene, TWO, [*facts, open_at(2, NOON)], metric(), cutoff=NOON + DAY).measure()

    assert found.units == {"control": 0, "treatment": 1}
    assert early.units == {"control": 1, "treatment": 0}


def test_units_that_never_trigger_are_counted_by_arm(scene: Any, metric: Any) -> None:
    rows = [*TWO, (3, "treatment", NOON)]
    found = triggered(scene, rows, [open_at(1, NOON), open_at(2, NOON)], metric()).measure()

    of, kept = {"control": 1, "treatment": 2}, {"control": 1, "treatment": 1}
    assert found.kept == (Kept(kind="trigger", name="plays", of=of, kept=kept),)


def test_the_day_of_entry_is_the_triggers(scene: Any, metric: Any) -> None:
    found = triggered(scene, TWO, [open_at(1, NOON + DAY)], metric()).measure()

    assert list(found.exposed) == [("treatment", (NOON + DAY).date())]


def test_a_trigger_known_to_the_day_counts_from_exposure_on_that_day(scene: Any, metric: Any, count_of: Any) -> None:
    by_day = {"timestamp": Timestamp("at", Grain.DAY)}
    facts = [open_at(1, NOON.replace(hour=0)), (1, NOON.replace(hour=0), 1.0)]
    counted = metric(count_of(where="ms > 0"), window=Window(length=DAY))

    assert triggered(scene, TWO, facts, counted, facts=by_day).values() == (1, 1)


TIMES = st.integers(-60, 200).map(lambda hours: NOON + hours * HOUR)


@settings(max_examples=12, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(1, 5), st.sampled_from(["control", "treatment"]), TIMES), min_size=1, max_size=8
    ),
    facts=st.lists(st.tuples(st.integers(1, 5), TIMES, st.sampled_from([-1.0, 1.0])), max_size=30),
)
def test_triggered_units_are_those_that_naive_python_finds(
    scene: Any, metric: Any, count_of: Any, rows: Any, facts: Any
) -> None:
    start, until, cutoff = NOON, NOON + 120 * HOUR, NOON + 150 * HOUR
    counted = metric(count_of(where="ms > 0"), window=Window(length=DAY))
    enrol = {"enrol_from": start, "enrol_until": until}
    asked = triggered(scene, rows, facts, counted, experiment=enrol, cutoff=cutoff)

    expected = dict[str, list[int]](control=[], treatment=[])
    for user in {row[0] for row in rows}:
        met = sorted((at, arm) for who, arm, at in rows if who == user and start <= at < until)
        if not met or len({arm for _, arm in met}) > 1:
            continue
        opens = [at for who, at, ms in facts if who == user and ms < 0 and met[0][0] <= at < until]
        if not opens or min(opens) + DAY > cutoff:
            continue
        entry = min(opens)
        counts = sum(who == user and ms > 0 and entry <= at < entry + DAY for who, at, ms in facts)
        expected[met[0][1]].append(counts)
    try:
        found = asked.measure()
    except Invalid:
        assert expected == {"control": [], "treatment": []}
        return
    for arm, values in expected.items():
        moments = found.cells[Cell("m", arm)]
        assert moments.count == len(values)
        assert round(moments.count * float(moments.means[0]), 6) == sum(values)


PROFILE = pa.schema(
    [("user_id", pa.int64()), ("at", pa.timestamp("us")), ("country", pa.string()), ("age", pa.int64()),
     ("staff", pa.bool_()), ("since", pa.timestamp("us"))]
)  # fmt: skip
KNOWN = [(1, "NZ", 20, True, 1), (2, "nz", 30, False, 5), (3, None, None, None, None), (4, "SE", 40, False, 9)]


def profile(*extra: tuple[Any, ...]) -> AttributeSource:
    rows = [
        (user, NOON - DAY, country, age, staff, NOON - days * DAY if days else None)
        for user, country, age, staff, days in KNOWN
    ]
    plain = [
        [cell.replace(tzinfo=None) if isinstance(cell, datetime) else cell for cell in row] for row in [*rows, *extra]
    ]
    columns = [
        pa.array(list(values), kind.type) for values, kind in zip(zip(*plain, strict=True), PROFILE, strict=True)
    ]
    return AttributeSource(
        name="profile",
        relation=Frame(pa.table(columns, PROFILE)),
        entities={"user": "user_id"},
        timestamp=Timestamp("at"),
        columns={name: name for name in ("country", "age", "staff", "since")},
        origin=Origin("profile.yaml", {"": 1}),
    )


ALL = [(user, "control" if user % 2 else "treatment", NOON) for user in (1, 2, 3, 4)]


def left(scene: Any, metric: Any, when: Expression, *extra: tuple[Any, ...]) -> set[str]:
    """Who is analysed where a population is asked for, by the arm and the day (one of each a user here)."""
    rows = [(user, "control" if user < 3 else "treatment", NOON + user * DAY) for user in (1, 2, 3, 4)]
    asked = scene(rows, [], (metric(),), sources={"profile": profile(*extra)}, experiment={"population": when})
    return {day.day - NOON.day for (_, day), units in asked.measure().exposed.items() if units}


@pytest.mark.parametrize(
    ("when", "users"),
    [
        (Where("country", Is("NZ")), {1}),
        (Where("country", Is("NZ", ignore_case=True)), {1, 2}),
        (Not(Where("country", Is("NZ"))), {2, 3, 4}),
        (Where("country", In(("NZ", "SE"))), {1, 4}),
        (Where("country", Is(None)), {3}),
        (Where("country", Exists(there=False)), {3}),
        (Where("country", Exists()), {1, 2, 4}),
        (Where("country", StartsWith("s", ignore_case=True)), {4}),
        (Where("country", EndsWith("Z")), {1}),
        (Where("country", Contains("E")), {4}),
        (Where("age", Range(20, 40)), {1, 2}),
        (Where("age", Range(20, 40, start_in=False, end_in=True)), {2, 4}),
        (Where("profile.age", Is(30)), {2}),
        (Where("staff", Is(value=True)), {1}),
        (Not(Where("staff", Is(value=True))), {2, 3, 4}),
        (Where("since", Range(start=Time("2024-02-28"))), {1, 2}),
        (All((Where("country", Exists()), Not(Where("age", Is(30))))), {1, 4}),
        (Some((Where("age", Range(end=25)), Where("country", Is("SE")))), {1, 4}),
    ],
)
def test_a_criterion_means_in_columns_what_it_means_in_a_flag(scene: Any, metric: Any, when: Any, users: Any) -> None:
    assert left(scene, metric, when) == users


def test_what_became_of_a_unit_after_its_exposure_does_not_count(scene: Any, metric: Any) -> None:
    moved = (4, NOON + 9 * DAY, "NZ", 40, False, None)

    assert left(scene, metric, Where("country", Is("NZ")), moved) == {1}


def test_segments_are_left_out_one_after_another_and_counted(scene: Any, metric: Any) -> None:
    staff = Excluded("staff", Where("staff", Is(value=True)))
    old = Excluded("old", Where("age", Range(20)))
    experiment = {"exclude": (staff, old), "population": Not(Where("country", Is("SE")))}
    found = scene(ALL, [], (metric(),), sources={"profile": profile()}, experiment=experiment).measure()

    assert [(step.kind, step.name, step.kept) for step in found.kept] == [
        ("population", "", {"control": 2, "treatment": 1}),
        ("exclude", "staff", {"control": 1, "treatment": 1}),
        ("exclude", "old", {"control": 1, "treatment": 0}),
    ]
    assert found.units == {"control": 1, "treatment": 0}


def test_segments_and_triggers_go_together(scene: Any, metric: Any, count_of: Any) -> None:
    experiment = {"exclude": (Excluded("staff", Where("staff", Is(value=True))),), "dimensions": ("country",)}
    facts = [open_at(user, NOON + HOUR) for user in (1, 2, 4)] + [(4, NOON + 2 * HOUR, 1.0)]
    counted = metric(count_of(where="ms > 0"))
    found = triggered(scene, ALL, facts, counted, sources={"profile": profile()}, experiment=experiment).measure()

    assert [(step.kind, step.kept["treatment"]) for step in found.kept] == [("exclude", 2), ("trigger", 2)]
    assert found.cells[Cell("m", "treatment", "country", "SE")].means.tolist() == [1]


@pytest.mark.parametrize(
    ("when", "said"),
    [
        (Where("country", Is(3)), "compares attribute 'country', of type VARCHAR, with int 3: make it a truth among"),
        (Where("age", Is("old")), "compares attribute 'age', of type BIGINT, with text 'old'"),
        (Where("age", Is(value=True)), "compares attribute 'age', of type BIGINT, with bool True"),
        (Where("country", Is(Version("5.2"))), "of type VARCHAR, with Version 5.2"),
    ],
)
def test_a_criterion_that_no_column_can_answer_is_refused(scene: Any, metric: Any, when: Any, said: str) -> None:
    with pytest.raises(Invalid, match="the population compares") as caught:
        left(scene, metric, when)

    assert said in str(caught.value)


def test_a_criterion_on_an_attribute_that_nobody_holds_is_refused(scene: Any, metric: Any) -> None:
    with pytest.raises(NotFound, match="attribute 'contry' isn't defined: did you mean 'country'"):
        left(scene, metric, Where("contry", Exists()))


def test_where_nobody_is_left_the_step_that_left_nobody_is_named(scene: Any, metric: Any) -> None:
    with pytest.raises(Invalid, match="the trigger in 'plays' was reached by none of 2 units exposed"):
        triggered(scene, TWO, [], metric()).measure()
    with pytest.raises(Invalid, match="the population's criteria hold for none of 4 units exposed"):
        left(scene, metric, Where("country", Is("XX")))
