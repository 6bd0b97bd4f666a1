"""Which other flags depend on our arms: seen within two dozen units, seldom cried wolf, loud by strength."""

from collections.abc import Iterator
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from twyman.doubt.check import Status
from twyman.doubt.coexposure import (
    RATE,
    Beside,
    beside,
    code_of,
    coexposure,
    flagged,
    smallest_seen,
    status_of,
    unasked,
)
from twyman.doubt.follow_up import units_to_flag

Cells = dict[tuple[str, str], int]
ARMS = ("control", "new")
WATCHED = 300


def table(*rows: tuple[int, int, int]) -> tuple[dict[str, int], Cells]:
    """Rows of our arms: who met none, `off` and `on` of the other flag."""
    units = dict(zip(ARMS, (sum(row) for row in rows), strict=True))
    cells = {
        (arm, name): row[k + 1] for arm, row in zip(ARMS, rows, strict=True) for k, name in enumerate(("off", "on"))
    }
    return units, {cell: count for cell, count in cells.items() if count}


def only(*rows: tuple[int, int, int]) -> Beside:
    units, cells = table(*rows)
    return beside(units, {"ads": cells})[0]


counts = st.tuples(*[st.integers(0, 40)] * 3)


@settings(deadline=None)
@given(st.lists(st.tuples(counts, counts), min_size=2, max_size=4))
def test_what_flags_and_variants_are_called_and_how_they_stand_changes_nothing(
    pairs: list[tuple[tuple[int, ...], ...]],
) -> None:
    size = 121
    met: dict[str, Cells] = {}
    for index, rows in enumerate(pairs):
        filled = [(size - row[1] - row[2], row[1], row[2]) for row in rows]
        met[f"flag {index}"] = table(*filled)[1]  # type: ignore[arg-type]
    units = dict.fromkeys(ARMS, size)
    renamed = {f"z{9 - k}": {(a, v[::-1]): n for (a, v), n in met[name].items()} for k, name in enumerate(met)}

    plain, other = (sorted((one.found.log_e, one.rate) for one in beside(units, given)) for given in (met, renamed))

    assert np.allclose(plain, other, rtol=1e-9, atol=1e-9)


@settings(deadline=None)
@given(counts, counts)
def test_exchanging_the_arms_changes_no_evidence(one: tuple[int, ...], two: tuple[int, ...]) -> None:
    units, cells = table(one, two)  # type: ignore[arg-type]
    swap = dict(zip(ARMS, reversed(ARMS), strict=True))

    there = beside(units, {"ads": cells})
    back = beside({a: units[swap[a]] for a in ARMS}, {"ads": {(swap[a], v): n for (a, v), n in cells.items()}})

    assert [x.found.log_e for x in there] == pytest.approx([x.found.log_e for x in back])


def looks(rng: np.random.Generator, leak: float, ends: list[int]) -> Iterator[tuple[dict[str, int], Cells]]:
    """Units come one by one, half of them in either arm; all meet the other flag, more of the treated its `on`."""
    ours = rng.random(ends[-1]) < 0.5
    on = rng.random(ends[-1]) < 0.5 + leak * np.where(ours, 0.5, -0.5)
    for end in ends:
        met = [(int(np.sum(ours[:end] == arm)), int(np.sum(on[:end][ours[:end] == arm]))) for arm in (False, True)]
        yield table(*[(0, units - there, there) for units, there in met])  # type: ignore[arg-type]


def first_flagged(rng: np.random.Generator, leak: float, ends: list[int]) -> float:
    """At how many units a dependence alone among many independent flags is flagged."""
    for units, cells in looks(rng, leak, ends):
        found = beside(units, {"ads": cells})
        if found and found[0].found.log_e >= np.log(WATCHED / RATE):
            return sum(units.values())
    return np.inf


def test_full_aliasing_is_flagged_within_two_dozen_units_among_three_hundred_flags() -> None:
    rng = np.random.default_rng(1)

    assert median(first_flagged(rng, 1.0, list(range(10, 60))) for _ in range(60)) <= 26


def test_a_leak_of_a_tenth_is_flagged_with_a_few_thousand_units() -> None:
    rng = np.random.default_rng(2)

    found = [first_flagged(rng, 0.1, list(range(200, 12_000, 200))) for _ in range(40)]

    assert 1_000 < median(found) < 5_000


def test_independent_flags_watched_at_every_look_are_seldom_flagged() -> None:
    rng, alarms = np.random.default_rng(3), 0
    ends = [20, 50, 100, 200, 400, 800, 1_600, 3_200]
    chances = rng.uniform(0.02, 0.98, WATCHED)

    for _ in range(10):
        ours = rng.random(ends[-1]) < 0.5
        on = rng.random((ends[-1], WATCHED)) < chances
        alarms += any(_alarm(ours[:end], on[:end]) for end in ends)

    # Three of ten have a chance of one in ten thousand where each is wrong in 1 %.
    assert alarms < 3


def _alarm(ours: np.ndarray, on: np.ndarray) -> bool:
    sides = [on[ours == arm] for arm in (False, True)]
    units = {arm: len(side) for arm, side in zip(ARMS, sides, strict=True)}
    met = {
        f"flag {k}": {
            (arm, name): int(count)
            for arm, side in zip(ARMS, sides, strict=True)
            for name, count in (("on", side[:, k].sum()), ("off", len(side) - side[:, k].sum()))
        }
        for k in range(on.shape[1])
    }
    return bool(flagged(beside(units, met)))


@pytest.mark.parametrize(
    ("rows", "code", "status"),
    [
        (((50_000, 250, 250), (49_600, 450, 450)), "uneven_overlap", Status.NOTE),
        (((0, 50_800, 49_200), (0, 49_100, 50_900)), "leak", Status.NOTE),
        (((0, 52_000, 48_000), (0, 48_000, 52_000)), "leak", Status.WARN),
        (((0, 700, 300), (0, 300, 700)), "leak", Status.BLOCK),
        (((900, 50, 50), (200, 400, 400)), "uneven_overlap", Status.WARN),
        (((30, 0, 0), (0, 30, 0)), "aliased", Status.BLOCK),
        (((0, 15, 0), (0, 0, 15)), "aliased", Status.BLOCK),
    ],
)
def test_how_loud_a_dependence_is_goes_by_the_least_it_can_be(
    rows: tuple[tuple[int, int, int], ...], code: str, status: Status
) -> None:
    found = only(*rows)

    assert found.rate <= RATE
    assert (code_of(found), status_of(found)) == (code, status)
    (check,) = coexposure([found])
    assert (check.code, check.status) == (code, status)


def test_none_found_is_worth_what_would_have_been_seen() -> None:
    quiet = coexposure([only((0, 500, 500), (0, 505, 495))])[0]

    assert quiet.status is Status.OK
    assert quiet.detail["smallest_v"] == pytest.approx(smallest_seen(2_000, 1))
    assert "would have shown, nine times out of ten" in quiet.text


def test_nine_in_ten_dependences_of_the_size_named_are_seen() -> None:
    rng, units = np.random.default_rng(4), 4_000
    v = smallest_seen(units, WATCHED)

    seen = [first_flagged(rng, v, [units]) <= units for _ in range(200)]

    assert 0.82 <= np.mean(seen) <= 0.97  # four standard errors either side of .9


def test_the_loudest_comes_first_and_silence_is_one_line() -> None:
    units, twin = table((0, 15, 0), (0, 0, 15))
    even = {(arm, name): 7 for arm in ARMS for name in ("off", "on")}

    checks = coexposure(beside(units, {"a": even, "b": twin, "c": even}))

    assert [check.detail["flag"] for check in checks] == ["b"]
    assert coexposure([])[0].text == "No other flag reached these units."
    assert units_to_flag((1, 1), flags=3, rate=RATE) <= 15 + 15


def everywhere(variant: str, size: int = 30) -> Cells:
    return {(arm, variant): size for arm in ARMS}


def test_a_flag_that_reached_all_units_alike_is_named_and_no_difference_comes_from_it() -> None:
    units, met = dict.fromkeys(ARMS, 30), {"no-ads": everywhere("off")}

    (check,) = coexposure(beside(units, met), unasked=unasked(units, met))

    assert check.text == "'no-ads' reached all of these units alike, so no difference between arms comes of it."
    assert (check.code, check.status, check.detail["alike"]) == ("coexposure", Status.OK, ["no-ads"])


def test_of_many_flags_that_reached_all_alike_a_few_are_named_beside_what_was_tested() -> None:
    units = dict.fromkeys(ARMS, 30)
    even = {(arm, name): 15 for arm in ARMS for name in ("off", "on")}
    met = {f"flag {k}": everywhere("on") for k in range(8)} | {"dealt": even}

    (check,) = coexposure(beside(units, met), unasked=unasked(units, met))

    assert "none depends on the arm" in check.text
    assert "'flag 4' and 3 more reached all of these units alike, so no difference" in check.text
    assert check.detail["flags"] == 1


def test_what_only_one_arm_that_has_units_met_cannot_be_asked_yet() -> None:
    units: dict[str, int] = {"control": 30, "new": 0}
    met: dict[str, Cells] = {"dealt": {("control", "off"): 15, ("control", "on"): 15}, "none": {("control", "on"): 0}}

    (check,) = coexposure(beside(units, met), unasked=unasked(units, met))

    assert check.text == "Only one arm has units so far: whether 'dealt' depends on the arm can't be asked yet."
    assert check.status is Status.OK


def test_what_not_every_unit_met_is_not_said_to_have_reached_all() -> None:
    units, met = {"control": 30, "new": 31}, {"most": everywhere("on")}

    assert unasked(units, met).alike == ()
    assert beside(units, met)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (((1_000, 0, 0), (3, 997, 0)), "would make the variance 167 times as large: too little is left to compare"),
        (((0, 990, 10), (0, 10, 990)), "would make the variance 25 times as large: too little is left to compare"),
        (((1_000, 0, 0), (800, 0, 200)), "No unit of control met on, where chance alone would bring 100: in practice"),
        (
            ((500, 0, 500), (0, 0, 1_000)),
            "Every unit of new met it, where chance alone would leave 250 without: in practice",
        ),
    ],
)
def test_what_cannot_be_separated_in_practice_is_said_to_be_so_with_the_smallest_follow_up(
    rows: tuple[tuple[int, int, int], ...], why: str
) -> None:
    (check,) = coexposure([only(*rows)])

    assert (check.code, check.status) == ("aliased", Status.BLOCK)
    assert why in check.text
    assert "can't be separated" in check.text
    assert "or compare within its variants" not in check.text
    assert "Whether they still go together shows after" in check.text
    assert check.detail["follow_up"]


@pytest.mark.parametrize(
    "rows",
    [
        ((0, 700, 300), (0, 300, 700)),
        ((60, 0, 0), (45, 0, 15)),  # an empty cell, of an association that may be weak
        ((100_000, 0, 0), (99_000, 0, 1_000)),  # too weak for the other's part to matter
    ],
)
def test_what_can_be_compared_within_is_not_said_to_be_inseparable(rows: tuple[tuple[int, int, int], ...]) -> None:
    (check,) = coexposure([only(*rows)])

    assert check.code == "leak"
    assert check.text.endswith("or compare within its variants.")
    assert "follow_up" not in check.detail
