"""Whole households drawn, users analysed: who is out with whom, and moments of household sums."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from twyman.app.ports import Cell, Drawn, Measured, Shared
from twyman.kernel.errors import Invalid
from twyman.kernel.place import Origin
from twyman.metrics.metric import Adjustment, Aggregate, Cap, Missing, Ratio, Window
from twyman.metrics.source import AttributeSource, Query, Timestamp

NOON = datetime(2024, 3, 4, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ARMS = ("control", "treatment")

Met = list[tuple[int, str | None, str, datetime]]
"""User, household, arm, when."""


def values_of(columns: str, rows: list[tuple[Any, ...]]) -> Query:
    """A SELECT that holds these rows."""
    cells = ", ".join(f"({', '.join(map(_literal, row))})" for row in rows)
    return Query(f"select * from (values {cells}) as given({columns})")


def _literal(cell: object) -> str:
    if cell is None:
        return "null"
    return f"timestamp '{cell:%Y-%m-%d %H:%M}'" if isinstance(cell, datetime) else repr(cell)


def drawn(scene: Any, met: Met, facts: list[Any], metrics: tuple[Any, ...], **experiment: Any) -> Any:
    exposures = {
        "relation": values_of("user_id, home, arm, at", met),
        "entities": {"user": "user_id", "household": "home"},
    }
    more = {name: experiment.pop(name) for name in ("sources", "cutoff") if name in experiment}
    return scene(
        [], facts, metrics, exposures=exposures, experiment={"randomised_by": "household"} | experiment, **more
    )


HOMES: Met = [
    (1, "a", "control", NOON),
    (2, "a", "control", NOON + 30 * HOUR),
    (3, "b", "control", NOON),
    (4, "c", "treatment", NOON),
    (5, "c", "treatment", NOON),
    (6, "d", "treatment", NOON + HOUR),
]
PLAYS = [(1, NOON + HOUR, 1.0), (2, NOON + 40 * HOUR, 2.0), (4, NOON + HOUR, 3.0), (4, NOON + DAY, 5.0)]


def test_moments_are_of_household_sums_and_sizes(scene: Any, metric: Any, count_of: Any) -> None:
    found = drawn(scene, HOMES, PLAYS, (metric(count_of(Aggregate.SUM, "ms")),)).measure()
    control = found.cells[Cell("m", "control")]

    assert (control.count, control.means.tolist()) == (2, [1.5, 1.5])
    assert found.columns["m"] == ("value", "size")
    assert found.units == {"control": 3, "treatment": 3}
    assert found.members[Cell("m", "treatment")] == 3
    assert found.drawn == Drawn(
        exposed={"control": 2, "treatment": 2},
        crossed={"control": 0, "treatment": 0},
        analysed={"control": 2, "treatment": 2},
    )


def test_a_household_enters_on_the_day_of_its_first_user(scene: Any, metric: Any) -> None:
    found = drawn(scene, HOMES, PLAYS, (metric(),)).measure()

    assert found.exposed == {("control", NOON.date()): 3, ("treatment", NOON.date()): 3}


def test_a_household_in_two_arms_is_out_with_all_its_users(scene: Any, metric: Any) -> None:
    rows = [*HOMES, (7, "a", "treatment", NOON + 2 * DAY)]
    found = drawn(scene, rows, PLAYS, (metric(),)).measure()

    assert found.units == {"control": 1, "treatment": 3}
    assert found.crossovers == {"control": 2, "treatment": 1}
    assert found.drawn is not None
    assert found.drawn.crossed == {"control": 1, "treatment": 0}


def test_who_is_out_with_others_has_met_one_arm_and_repeats_nothing(scene: Any, metric: Any) -> None:
    met: Met = [(1, "a", "control", NOON), (2, "a", "treatment", NOON), (2, "a", "treatment", NOON)]
    found = drawn(scene, [*met, (3, "b", "control", NOON), (4, "c", "treatment", NOON)], [], (metric(),)).measure()

    assert (found.entrants.in_two_arms, found.entrants.repeated) == (0, 1)


def test_where_one_user_met_two_arms_the_whole_household_is_out(scene: Any, metric: Any) -> None:
    found = drawn(scene, [*HOMES, (1, "a", "treatment", NOON + DAY)], PLAYS, (metric(),)).measure()

    assert found.units == {"control": 1, "treatment": 3}
    assert found.crossovers == {"control": 2, "treatment": 0}


def test_a_user_in_two_households_counts_in_the_first_and_is_counted(scene: Any, metric: Any) -> None:
    rows = [*HOMES, (3, "a", "control", NOON + DAY), (8, None, "control", NOON)]
    found = drawn(scene, rows, PLAYS, (metric(),)).measure()

    assert found.drawn is not None
    assert (found.drawn.moved, found.drawn.lost) == (1, 1)
    assert found.units == {"control": 3, "treatment": 3}


@pytest.mark.parametrize("turned", [1, -1])
def test_of_two_households_met_at_one_instant_the_first_by_name_counts(scene: Any, metric: Any, turned: int) -> None:
    met: Met = [(1, "b", "control", NOON), (1, "a", "control", NOON), (2, "a", "treatment", NOON)][::turned]
    found = drawn(scene, [*met, (3, "c", "treatment", NOON)], [], (metric(),)).measure()

    assert found.drawn.crossed == {"control": 1, "treatment": 0}


def test_a_household_counts_in_each_of_its_users_countries(scene: Any, metric: Any) -> None:
    profile = AttributeSource(
        name="profile",
        relation=values_of("user_id, country", [(1, "NZ"), (2, "SE"), (3, "NZ"), (4, "NZ"), (5, "NZ"), (6, "SE")]),
        entities={"user": "user_id"},
        columns={"country": "country"},
    )
    asked = drawn(scene, HOMES, PLAYS, (metric(),), sources={"profile": profile}, dimensions=("country",))
    found = asked.measure()

    assert found.cells[Cell("m", "control", "country", "NZ")].means.tolist() == [0.5, 1]
    assert found.cells[Cell("m", "control", "country", "SE")].means.tolist() == [1, 1]
    assert found.cells[Cell("m", "treatment", "country", "NZ")].means.tolist() == [2, 2]
    assert found.members[Cell("m", "treatment", "country", "NZ")] == 2


def test_a_household_is_of_one_stratum_its_own_where_its_users_differ(scene: Any, metric: Any) -> None:
    profile = AttributeSource(
        name="profile",
        relation=values_of("user_id, country", [(1, "NZ"), (2, "SE"), (3, "NZ"), (4, "NZ"), (5, "NZ")]),
        entities={"user": "user_id"},
        columns={"country": "country"},
    )
    asked = drawn(scene, HOMES, PLAYS, (metric(),), sources={"profile": profile}, strata=("country",))
    found = asked.measure()

    assert {key[1:]: (one.count, one.means.tolist()) for key, one in found.strata.items()} == {
        ("control", "{}"): (1, [2, 2]),
        ("control", '["NZ"]'): (1, [0, 1]),
        ("treatment", '["NZ"]'): (1, [2, 2]),
        ("treatment", "[null]"): (1, [0, 1]),
    }
    assert found.cells[Cell("m", "control")].means.tolist() == [1, 1.5]
    assert not [cell for cell in found.cells if cell.dimension]


def test_attributes_may_say_of_which_household_a_user_is(scene: Any, metric: Any) -> None:
    homes = AttributeSource(
        name="homes",
        relation=values_of("user_id, home", [(1, "a"), (2, "a"), (3, "b"), (3, "c"), (4, "c"), (4, "c")]),
        entities={"user": "user_id", "household": "home"},
        origin=Origin("homes.yaml", {"": 1}),
    )
    rows = [(user, ARMS[user > 3], NOON) for user in (1, 2, 3, 4, 5)]
    asked = scene(rows, [], (metric(),), sources={"homes": homes}, experiment={"randomised_by": "household"})
    found = asked.measure()

    assert found.units == {"control": 2, "treatment": 1}
    assert found.drawn is not None
    assert (found.drawn.analysed, found.drawn.lost) == ({"control": 1, "treatment": 1}, 2)
    assert found.shared == (Shared("user", 4, 1),)


def test_without_any_link_to_a_household_nothing_is_analysed(scene: Any, metric: Any) -> None:
    rows = [(1, "control", NOON), (2, "treatment", NOON)]

    with pytest.raises(Invalid, match="nothing says which household each user is of"):
        scene(rows, [], (metric(),), experiment={"randomised_by": "household"}).measure()


def test_facts_of_devices_find_their_user(scene: Any, metric: Any) -> None:
    devices = AttributeSource(
        name="devices",
        relation=values_of(
            "device_id, user_id, since",
            [
                (11, 1, NOON - DAY),
                (12, 1, NOON - DAY),
                (13, 2, NOON - DAY),
                (14, 2, NOON + DAY),
                (15, 1, NOON),
                (15, 2, NOON),
            ],
        ),
        entities={"user": "user_id", "device": "device_id"},
        timestamp=Timestamp("since"),
    )
    facts = [(device, NOON + 2 * DAY) for device in (11, 11, 12, 13, 14, 15)]
    rows = [(1, "treatment", NOON), (2, "control", NOON)]
    asked = scene(rows, facts, (metric(),), sources={"devices": devices}, facts={"entities": {"device": "user_id"}})

    assert asked.values() == (1, 3)
    assert asked.values("control") == (1, 1)
    assert asked.measure().shared == (Shared("device", 5, 1),)


TIMES = st.integers(0, 100).map(lambda hours: NOON + hours * HOUR)


def home_of(user: int) -> str:
    return "abcde"[user % 5]


def naive(met: Met, facts: list[Any], cutoff: datetime) -> Mapping[str, list[tuple[float, float, float]]]:
    """Sum, size and average covariate of each household, by arm; users in play for a day, capped at 3 a user."""
    by_home = defaultdict[str, list[tuple[datetime, int, str]]](list)
    for user, home, arm, at in met:
        by_home[str(home)].append((at, user, arm))
    found: dict[str, list[tuple[float, float, float]]] = {arm: [] for arm in ARMS}
    for seen in by_home.values():
        if len({arm for _, _, arm in seen}) > 1:
            continue
        values = list[tuple[float, float]]()
        for user in {user for _, user, _ in seen}:
            entry = min(at for at, who, _ in seen if who == user)
            if entry + DAY > cutoff:
                continue
            after = sum(ms for who, at, ms in facts if who == user and entry <= at < entry + DAY)
            before = sum(ms for who, at, ms in facts if who == user and entry - 7 * DAY <= at < entry)
            values.append((min(after, 3.0), min(before, 3.0)))
        if values:
            total, past = np.sum(values, axis=0)
            found[seen[0][2]].append((total, len(values), past / len(values)))
    return found


@settings(max_examples=12, deadline=None)
@given(
    met=st.lists(
        st.tuples(st.integers(1, 12), st.sampled_from(["control"] * 3 + ["treatment"]), TIMES), min_size=1, max_size=14
    ),
    facts=st.lists(st.tuples(st.integers(1, 12), TIMES, st.sampled_from([0.5, 1.0, 4.0])), max_size=40),
)
def test_moments_of_clusters_are_those_that_naive_python_finds(
    scene: Any, metric: Any, count_of: Any, met: Any, facts: Any
) -> None:
    rows, cutoff = [(user, home_of(user), arm, at) for user, arm, at in met], NOON + 110 * HOUR
    summed = metric(
        count_of(Aggregate.SUM, "ms"), window=Window(length=DAY), cap=Cap(limit=3), adjustment=Adjustment(7 * DAY)
    )
    expected = naive(rows, facts, cutoff)
    try:
        found: Measured = drawn(scene, rows, facts, (summed,), cutoff=cutoff).measure()
    except Invalid:
        assert expected == {"control": [], "treatment": []} or not any(expected.values())
        return
    for arm, households in expected.items():
        moments = found.cells[Cell("m", arm)]
        assert moments.count == len(households)
        if households:
            assert moments.means == pytest.approx(np.mean(households, axis=0))
            assert moments.products == pytest.approx(
                np.cov(np.transpose(households), ddof=0) * len(households), abs=1e-9
            )


def test_a_ratio_keeps_its_two_sums(scene: Any, metric: Any, count_of: Any) -> None:
    kind = Ratio(count_of(Aggregate.SUM, "ms"), count_of())
    found = drawn(scene, HOMES, PLAYS, (replace(metric(), kind=kind),)).measure()

    assert found.columns["m"] == ("numerator", "denominator")
    assert found.cells[Cell("m", "treatment")].means.tolist() == [4, 1]


def test_a_household_none_of_whose_users_has_a_value_is_in_no_mean(scene: Any, metric: Any, count_of: Any) -> None:
    longest = metric(count_of(Aggregate.MAX, "ms"), missing=Missing.DROP)
    found = drawn(scene, HOMES, PLAYS, (longest,)).measure()

    assert found.cells[Cell("m", "treatment")].count == 1
    assert found.cells[Cell("m", "treatment")].means.tolist() == [5, 1]
    assert found.cohorts["m", "treatment"].measured == 1
    assert found.cohorts["m", "treatment"].entered == 3
