"""Rows written twice, and units that are no people."""

import numpy as np
import pytest

from twyman.doubt.busy import Busiest, Repeating, bot, repeats
from twyman.doubt.check import Check, Status


def side(arm: str, repeated: int, units: int = 0, *, tested: int = 50_000, whole: int = 0) -> Repeating:
    repeating = units or repeated // 2
    return Repeating(arm=arm, tested=tested, repeated=repeated, units=repeating, active=5_000, whole_minutes=whole)


def sure(check: Check | None) -> Check:
    assert check is not None
    return check


def test_repeats_of_one_arm_block_and_even_ones_are_said_by_how_many() -> None:
    uneven = sure(repeats("plays", side("page", 5_000), side("control", 0)))
    even = sure(repeats("plays", side("page", 1_000), side("control", 1_010)))
    many = sure(repeats("plays", side("page", 5_000), side("control", 5_010)))
    few = sure(repeats("plays", side("page", 20), side("control", 15)))

    assert [one.status for one in (uneven, even, many, few)] == [Status.BLOCK, Status.NOTE, Status.WARN, Status.OK]
    assert (uneven.arm, uneven.detail["uneven"]) == ("page", True)
    assert repeats("plays", side("page", 0), side("control", 0)) is None


def test_repeats_uneven_by_less_than_one_row_in_a_hundred_are_a_note_at_most() -> None:
    assert sure(repeats("plays", side("page", 400), side("control", 0))).status is Status.NOTE


@pytest.mark.parametrize(("whole", "status"), [(49_000, Status.NOTE), (20_000, Status.BLOCK)])
def test_where_times_tell_no_seconds_more_repeats_of_who_does_more_are_no_doubt(whole: int, status: Status) -> None:
    more, fewer = side("page", 9_000, whole=whole), side("control", 7_500, whole=whole)

    found, even = sure(repeats("plays", more, fewer)), sure(repeats("plays", more, more))

    assert found.status is status
    assert even.status is (Status.NOTE if status is Status.NOTE else Status.WARN)
    assert ("seconds" in found.text, found.detail["coarse"]) == (status is Status.NOTE,) * 2


def test_one_unit_whose_rows_all_repeat_is_no_difference_of_arms() -> None:
    found = sure(repeats("plays", side("page", 2_000, units=1), side("control", 0)))

    assert found.detail["uneven"] is False


def test_healthy_repeats_raise_nothing() -> None:
    rng, loud = np.random.default_rng(1), 0
    for _ in range(1_000):
        pair = [side(arm, int(rng.binomial(20_000, 0.005))) for arm in ("page", "control")]
        loud += sure(repeats("plays", *pair)).status is not Status.OK

    assert loud <= 70


def busiest(rows: np.ndarray) -> Busiest:
    logs = np.log(rows)
    return Busiest(
        arm="page",
        unit=str(rows.argmax()),
        rows=int(rows.max()),
        units=rows.size,
        mean=float(rows.mean()),
        log_mean=float(logs.mean()),
        log_spread=float(logs.std()),
    )


@pytest.mark.parametrize("spread", [0.3, 1.0, 1.8])
def test_people_are_no_bots_however_much_they_differ(spread: float) -> None:
    rng = np.random.default_rng(2)

    found = [bot("plays", busiest(1 + rng.poisson(rng.lognormal(2, spread, 20_000)))) for _ in range(50)]

    assert [one for one in found if sure(one).status is not Status.OK] == []


def test_a_heavy_tail_is_no_bot_where_the_other_arm_has_it_too() -> None:
    """Of a Pareto with index 2 one arm alone would be called a bot in one of ten cases."""
    rng, alone, beside = np.random.default_rng(4), 0, 0
    for _ in range(200):
        one, other = (busiest(1 + np.floor(5 * rng.pareto(2, 5_000))) for _ in range(2))
        alone += sure(bot("plays", one)).status is not Status.OK
        beside += sure(bot("plays", one, others=[other])).status is not Status.OK

    assert alone > 10
    assert beside <= 4


def test_one_bot_among_thousands_is_named() -> None:
    rng = np.random.default_rng(3)
    rows = 1 + rng.poisson(rng.lognormal(2, 1.0, 5_000))
    rows[17] = 60_000

    found = sure(bot("plays", busiest(rows)))

    assert (found.status, found.arm, found.detail["unit"]) == (Status.WARN, "page", "17")
    assert "60,000 rows" in found.text


@pytest.mark.parametrize(("rows", "status"), [(290, Status.OK), (310, Status.WARN)])
def test_a_bot_does_ten_times_what_the_busiest_of_the_other_arm_does(rows: int, status: Status) -> None:
    """Where people log a row a day for a month, 310 are no hundred times the mean, and yet nobody's."""
    rng = np.random.default_rng(5)
    one, other = (rng.binomial(31, 0.3, 4_000) + 1 for _ in range(2))
    other[3], one[7] = 31, rows

    found = sure(bot("plays", busiest(one), others=[busiest(other)]))

    assert found.status is status
    assert sure(bot("plays", busiest(one))).status is Status.OK


def test_heavy_tails_are_seldom_a_bot() -> None:
    """Lognormal counts of a spread of 1.8: the busiest of one arm has seldom ten times the rows of the other's."""
    rng, loud = np.random.default_rng(6), 0
    for _ in range(300):
        one, other = (busiest(1 + rng.poisson(rng.lognormal(2, 1.8, 3_000))) for _ in range(2))
        loud += sure(bot("plays", one, others=[other])).status is not Status.OK

    assert loud <= 3


def test_who_does_absurdly_much_in_each_arm_is_named_and_no_doubt() -> None:
    rng = np.random.default_rng(3)
    one, other = (1 + rng.poisson(rng.lognormal(2, 1.0, 5_000)) for _ in range(2))
    one[17], other[18] = 60_000, 40_000

    found = sure(bot("plays", busiest(one), others=[busiest(other)]))

    assert found.status is Status.OK
    assert "unit 17 of page has 60,000 rows" in found.text
    assert "another arm has one like it" in found.text


def test_few_units_or_none_that_differ_tell_nothing() -> None:
    assert bot("plays", busiest(np.array([1, 2, 3] * 20))) is None
    assert bot("plays", busiest(np.array([5] * 500))) is None
