"""The likeliest cause of a mismatch, from what the checks saw of simulated losses."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from twyman.doubt.balance import crossovers, sample_ratio
from twyman.doubt.check import Check, Status
from twyman.doubt.delivered import stage
from twyman.doubt.places import split_by_segment
from twyman.doubt.srm_cause import Dealt, Event, Names, root_cause, suspicions
from twyman.doubt.srm_kinds import KINDS, LIKELIHOODS, Leaf
from twyman.doubt.timing import split_by_day

HALF = {"control": 0.5, "page": 0.5}
FIRST = date(2024, 3, 1)
Array = np.ndarray
Losing = Callable[[np.random.Generator, Array], Array]


def seen(rng: np.random.Generator, losing: Losing, *, assigned: bool = True) -> list[Check]:
    """Units by day, segment and arm, of which some are lost between assignment and exposure."""
    given = rng.multinomial(30_000, np.full(14 * 4 * 2, 1 / 112)).reshape(14, 4, 2)
    kept = losing(rng, given.copy())
    by_arm = {arm: int(kept[:, :, place].sum()) for place, arm in enumerate(HALF)}
    by_day = {
        (arm, FIRST + timedelta(days=day)): int(kept[day, :, place].sum())
        for day in range(14)
        for place, arm in enumerate(HALF)
    }
    segments = {
        f"v{value}": {arm: int(kept[:, value, place].sum()) for place, arm in enumerate(HALF)} for value in range(4)
    }
    whole = {arm: int(given[:, :, place].sum()) for place, arm in enumerate(HALF)}
    found = [
        sample_ratio(by_arm, HALF, control="control"),
        split_by_day(by_day, HALF),
        split_by_segment({"version": segments}, HALF),
        stage({"assigned": whole, "exposed": by_arm} if assigned else {"exposed": by_arm}, HALF),
    ]
    return [check for check in found if check is not None]


def late(rng: np.random.Generator, units: Array) -> Array:
    units[: int(rng.integers(1, 4)), :, 1] = 0
    return units


def redirected(rng: np.random.Generator, units: Array) -> Array:
    units[:, :, 1] = rng.binomial(units[:, :, 1], 0.93)
    return units


def crashing(rng: np.random.Generator, units: Array) -> Array:
    units[:, 2, 1] = rng.binomial(units[:, 2, 1], 0.7)
    return units


def paused(rng: np.random.Generator, units: Array) -> Array:
    day = int(rng.integers(4, 10))
    units[day : day + 2, :, 1] = 0
    return units


def ramped(rng: np.random.Generator, units: Array) -> Array:
    units[:7, :, 1] = rng.binomial(units[:7, :, 1], 0.5)
    return units


@pytest.mark.parametrize(
    ("losing", "leaf", "assigned"),
    [
        (late, Leaf.START, False),
        (redirected, Leaf.REDIRECT, True),
        (crashing, Leaf.PERFORMANCE, True),
        (paused, Leaf.PAUSE, False),
        (ramped, Leaf.RAMPING, False),
    ],
)
def test_the_right_cause_is_among_the_first_two(losing: Losing, leaf: Leaf, assigned: bool) -> None:  # noqa: FBT001
    rng = np.random.default_rng(1)

    found = [suspicions(seen(rng, losing, assigned=assigned))[:2] for _ in range(40)]

    assert sum(leaf in {one.leaf for one in first} for first in found) >= 38


def test_a_healthy_split_has_no_cause() -> None:
    rng = np.random.default_rng(2)

    found = [root_cause(seen(rng, lambda _, units: units)) for _ in range(100)]

    assert sum(one is not None for one in found) <= 5


def test_an_arm_that_came_late_is_said_with_the_change_of_that_day() -> None:
    days = [
        Event(datetime(2024, 2, 1, tzinfo=UTC), "flag made"),
        Event(datetime(2024, 3, 1, 9, tzinfo=UTC), "enrolment"),
    ]

    told = root_cause(seen(np.random.default_rng(3), late, assigned=False), days, Names(Dealt("lake.exposures")))

    assert told is not None
    assert told.text.startswith("Most likely cause of the mismatch: variants started at different times (0.")
    assert "On 2024-03-01: enrolment." in told.text
    assert "from lake.exposures group by 1" in told.text
    assert (told.code, told.status, told.detail["layer"]) == ("srm_cause", Status.NOTE, "execution")


def test_the_next_query_names_the_segment_with_its_quotes_doubled() -> None:
    odd = Check(
        code="srm_by_segment",
        status=Status.BLOCK,
        text="",
        detail={"dimension": "country", "values": ["Côte d'Ivoire"], "alone": True},
    )

    first = suspicions([odd])[0]

    assert first.leaf is Leaf.PERFORMANCE
    assert "where country in ('Côte d''Ivoire')" in first.run
    assert set(first.traces) == {"segment", "segment_alone"}


def test_units_in_two_arms_speak_of_ids_and_of_people_who_choose() -> None:
    split = sample_ratio({"control": 5_000, "page": 4_500}, HALF, control="control")
    crossed = crossovers({"control": 500, "page": 20}, {"control": 5_000, "page": 4_500}, HALF)

    found = suspicions([split, crossed])

    assert {one.leaf for one in found[:2]} == {Leaf.IDS, Leaf.SELF_ASSIGNMENT}
    assert sum(one.probability for one in found) == pytest.approx(1)


def test_every_kind_leaves_a_trace_and_says_what_to_run() -> None:
    traced = {leaf for likely in LIKELIHOODS.values() for leaf in likely}

    assert traced == set(Leaf) == set(KINDS)
    assert all(0 < chance < 1 for likely in LIKELIHOODS.values() for chance in likely.values())
    assert all(kind.run and kind.explains for kind in KINDS.values())
