from dataclasses import replace

import numpy as np
import pytest

from twyman.doubt.check import Check, Status
from twyman.doubt.influence import (
    Compared,
    Dominant,
    Standout,
    dominant,
    dominant_unit,
    furthest,
    hangs_on_one_unit,
)
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair


def seen_in(
    metric: str, arm: str, moments: Moments, standouts: list[Standout], *, loudest: Status = Status.BLOCK
) -> Check | None:
    found = dominant(moments, standouts)
    return found and dominant_unit(metric, arm, found, loudest=loudest)


def test_one_player_who_holds_an_arm_is_named_with_what_is_left_without_him() -> None:
    """Cookie Cats' player of 49,854 rounds in 44,700 takes the mean from 51.34 to 52.46."""
    rounds = np.random.default_rng(1).exponential(51, size=44_700).tolist()
    arm = Moments.of([*rounds, 49_854.0])

    seen = seen_in("rounds", "gate_30", arm, [Standout("6390605", (49_854.0,))])

    assert seen is not None
    assert "6390605" in seen.text
    assert (
        seen.detail["mean_without"] == Moments.of(rounds).means[0].item()
        or abs(float(str(seen.detail["mean_without"])) - float(np.mean(rounds))) < 1e-9
    )


def test_the_largest_of_a_healthy_arm_is_not_worth_a_word() -> None:
    values = np.random.default_rng(2).lognormal(0, 1, size=5_000)

    assert seen_in("m", "a", Moments.of(values), [Standout("u", (float(values.max()),))]) is None


def test_a_bot_without_a_song_breaks_a_ratio() -> None:
    rng = np.random.default_rng(3)
    sessions = rng.poisson(13, size=10_000) + 1
    rows = np.column_stack([sessions * 70.0, sessions])
    arm = Moments.of(np.vstack([rows + rng.normal(0, 5, rows.shape), [0.0, 158_115.0]]))

    seen = seen_in("songs_per_session", "b", arm, [Standout("1261737", (0.0, 158_115.0))])

    assert seen is not None
    assert seen.detail["unit"] == "1261737"


@pytest.mark.parametrize(
    ("beside", "status", "says"),
    [
        (None, Status.BLOCK, "A bot or a broken counter?"),
        (
            0.002,
            Status.BLOCK,
            "A bot or a broken counter?",
        ),  # 9 in 3,000 of spread 1: a light tail, and this is 1,000 times it
        (9_411.0 / 20, Status.WARN, "A bot or a broken counter?"),
        (9_411.0 / 5, Status.NOTE, "Another arm has one like it"),
        (250_000.0, Status.NOTE, "Another arm has one like it"),
    ],
)
def test_a_unit_is_as_loud_as_it_lies_beyond_the_furthest_of_the_other_arm(
    beside: float | None, status: Status, says: str
) -> None:
    """Who honestly spends most holds an arm's variance as a broken counter does; but the other arm has one, too."""
    arm = np.tile([-1.0, 1.0], 1_500)
    found, other = (furthest(Moments.of([*arm, odd]), [Standout("u", (odd,))]) for odd in (9_411.0, beside or 0.0))

    assert found
    assert other
    check = dominant_unit("revenue", "a", found, others=() if beside is None else [other])

    assert check.status is status
    assert says in check.text


@pytest.mark.parametrize(("size", "status"), [(90.0, Status.NOTE), (150.0, Status.BLOCK)])
def test_beside_a_light_tail_ten_times_as_far_is_foreign(size: float, status: Status) -> None:
    """Of 1,000 units of spread 1 the furthest, 10 off, holds 9 % of the variance; of 10,000 it holds 1 %."""
    light = Moments.of([*np.tile([-1.0, 1.0], 5_000), 10.0])
    found = furthest(Moments.of([*np.tile([-1.0, 1.0], 500), size]), [Standout("u", (size,))])
    beside = furthest(light, [Standout("v", (10.0,))])
    heavier = furthest(Moments.of([*np.tile([-1.0, 1.0], 500), 10.0]), [Standout("v", (10.0,))])

    assert found
    assert beside
    assert heavier
    assert dominant_unit("songs", "a", found, others=[beside]).status is status
    assert dominant_unit("songs", "a", found, others=[heavier]).status is min(status, Status.WARN, key=[*Status].index)


def test_honest_revenue_is_seldom_a_warning() -> None:
    """A lognormal of spread 2, a third of whose units buy: one unit holds half of an arm's variance in every other."""
    rng, loud, dominated = np.random.default_rng(8), 0, 0
    for _ in range(200):
        spent = rng.lognormal(0, 2, (2, 3_000)) * (rng.random((2, 3_000)) < 0.3)
        arms = [(Moments.of(one), [Standout("u", (float(one.max()),))]) for one in spent]
        ends = [furthest(*arm) for arm in arms]
        seen = [(dominant(*arm), ends[1 - at]) for at, arm in enumerate(arms)]
        checks = [dominant_unit("m", "a", one, others=[other]) for one, other in seen if one and other]
        dominated += bool(checks)
        loud += any(check.status is not Status.NOTE for check in checks)

    assert dominated > 80
    assert loud < 16


def test_a_small_arm_may_well_have_a_largest_unit() -> None:
    assert seen_in("m", "a", Moments.of([0.0] * 50 + [9.0]), [Standout("u", (9.0,))]) is None


def test_an_arm_of_equal_units_has_none_that_stands_out() -> None:
    assert seen_in("loads", "new", Moments.of(np.full((200, 1), 3.0)), [Standout("u", (3.0,))]) is None


@pytest.mark.parametrize(
    ("errors", "loudest", "status"),
    [
        (0.9, Status.BLOCK, None),
        (1.1, Status.BLOCK, Status.WARN),
        (1.4, Status.BLOCK, Status.WARN),
        (1.5, Status.BLOCK, Status.BLOCK),
        (2.8, Status.WARN, Status.WARN),
    ],
)
def test_a_unit_that_moves_an_estimate_by_a_standard_error_decides(
    errors: float, loudest: Status, status: Status | None
) -> None:
    """A mean's error is s / √n, and a unit moves it by its distance / n: one error of a difference is 1.41 of it."""
    rest = np.tile([-1.0, 1.0], 5_000)
    odd = errors * rest.size**0.5

    seen = seen_in("songs", "a", Moments.of([*rest, odd]), [Standout("u", (odd,))], loudest=loudest)

    assert (seen and seen.status) is status


@pytest.mark.parametrize(("size", "status"), [(1_780, None), (5_800, Status.WARN)])
def test_of_a_ratio_whoever_does_most_may_hold_more(size: float, status: Status | None) -> None:
    """Of 1,350 listeners with some 100 songs, a sixth of them skipped: one of 1,780 holds 68 %, one of 5,800 92 %."""
    rng = np.random.default_rng(6)
    songs = rng.lognormal(4.2, 0.9, 1_350)
    rows = np.column_stack([songs * rng.beta(3, 15, 1_350), songs])
    odd = (0.55 * size, size) if status is None else (0.45 * size, size)

    seen = seen_in("skips", "a", Moments.of([*rows.tolist(), list(odd)]), [Standout("u", odd)], loudest=Status.WARN)

    assert (seen and seen.status) is status


def compared(*, z: float, n: int = 10_000) -> Compared:
    """Two arms of spread 1, so many errors apart."""
    gap = z * (2 / n) ** 0.5
    pair = Pair(
        treatment=1 + gap,
        control=1.0,
        treatment_variance=1 / n,
        control_variance=1 / n,
        treatment_units=n,
        control_units=n,
        method="difference",
    )
    return Compared(raw=pair, decides=pair, treatment="new", control="old", alpha=0.05)


@pytest.mark.parametrize(
    ("z", "moved", "arm", "status"),
    [
        (2.3, 1.0, "new", Status.BLOCK),  # a win, which is that unit's
        (4.5, 1.0, "new", None),  # a win anyhow
        (0.5, 1.0, "new", None),  # none with it, none without
        (1.5, -1.0, "new", Status.BLOCK),  # no win, for that unit
        (2.3, 1.0, "old", None),  # it made the difference smaller, and significant without it all the more
        (2.3, -1.0, "old", Status.BLOCK),
        (-2.3, 1.0, "old", Status.BLOCK),  # a harm that isn't
    ],
)
def test_a_result_hangs_on_the_unit_without_which_it_is_another(
    z: float, moved: float, arm: str, status: Status | None
) -> None:
    """A unit that holds 60 % of one arm's variance: without it the error is .84 of what it was."""
    shift = moved * (2 / 10_000) ** 0.5
    found = Dominant(Standout("u", (9.0,)), share=0.6, mean=1 + shift, without=1.0)

    check = hangs_on_one_unit("songs", arm, found, compared(z=z))

    assert (check and check.status) is status


def test_nothing_hangs_on_a_unit_that_its_past_explains() -> None:
    raw = compared(z=2.3)
    sharper = replace(raw.decides, treatment_variance=raw.raw.treatment_variance / 2)
    found = Dominant(Standout("u", (9.0,)), share=0.6, mean=1.02, without=1.0)

    assert hangs_on_one_unit("songs", "new", found, replace(raw, decides=sharper)) is None
