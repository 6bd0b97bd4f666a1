"""What units did around exposure: alike before, and is a change after it behaviour or logging?"""

import numpy as np
import pytest

from twyman.doubt.activity import Sides, clock, joined, rows_before, telemetry, wearing_off
from twyman.doubt.check import BLOCK, NOTE, Check, Status
from twyman.stats.moments import Moments

Array = np.ndarray


def units(
    rng: np.random.Generator, *, kept: float = 1.0, early: float = 0.0, keen: float = 1.0, n: int = 2_000
) -> Array:
    """Rows before exposure, in the hour before and after it, of units that differ in how keen they are."""
    level = rng.lognormal(1, 0.8, n) * keen
    before, after = rng.poisson(level * 14), rng.poisson(level * 20 * kept)
    hour = rng.binomial(before, 0.02) + rng.binomial(after, early)
    return np.column_stack([before, np.minimum(hour, before), after])


def sides(treatment: Array, control: Array) -> Sides:
    return ("page", Moments.of(treatment)), ("control", Moments.of(control))


def sure(check: Check | None) -> Check:
    assert check is not None
    return check


@pytest.mark.parametrize("check", [rows_before, clock])
def test_healthy_arms_are_noted_once_in_twenty(check: object) -> None:
    rng, p_values = np.random.default_rng(1), list[float]()
    for _ in range(1_000):
        found = sure(check("plays", sides(units(rng, n=500), units(rng, n=500))))  # type: ignore[operator]
        p_values.append(float(str(found.p_value)))

    assert 0.03 < np.mean(np.array(p_values) < NOTE) < 0.07
    assert np.mean(np.array(p_values) < BLOCK) < 0.005


def test_an_arm_that_was_keener_before_is_named_and_not_taken_for_a_clock() -> None:
    rng = np.random.default_rng(2)
    seen = sides(units(rng, keen=1.3), units(rng))

    before, ahead = sure(rows_before("plays", seen)), sure(clock("plays", seen))

    assert (before.status, before.code, before.arm) == (Status.BLOCK, "pre_period", "page")
    assert ahead.status in {Status.OK, Status.NOTE}


def test_ten_rows_of_which_none_is_in_a_small_arm_say_nothing_of_its_clock() -> None:
    """Ten of 9,332 units have a row in the hour before: by chance all are of the larger arm in one case of three."""
    large, small = np.zeros((8_422, 3)), np.zeros((910, 3))
    large[:, 2] = small[:, 2] = 1
    large[:10, 1] = 1

    assert clock("plays", sides(small, large)) is None
    large[:200, 1] = 1
    assert sure(clock("plays", sides(small, large))).status is not Status.OK


def test_a_clock_that_is_off_in_one_arm_is_found_while_the_two_weeks_look_alike() -> None:
    rng = np.random.default_rng(3)

    found = sure(clock("plays", sides(units(rng, early=0.02), units(rng))))

    assert (found.status, found.arm) == (Status.WARN, "page")
    assert "times of receipt" in found.text


def test_many_checks_make_each_quieter() -> None:
    rng = np.random.default_rng(4)
    seen = sides(units(rng, keen=1.09), units(rng))

    one, many = sure(rows_before("plays", seen)), sure(rows_before("plays", seen, checks=1_000))

    assert one.status in {Status.NOTE, Status.WARN}
    assert many.status is Status.OK


def several(rng: np.random.Generator, *kept: float, n: int = 2_000) -> dict[str, Sides]:
    return {f"s{place}": sides(units(rng, kept=one, n=n), units(rng, n=n)) for place, one in enumerate(kept)}


def test_all_sources_less_in_one_arm_is_logging_and_one_of_them_is_behaviour() -> None:
    rng = np.random.default_rng(5)

    logging, behaviour = sure(telemetry(several(rng, 0.9, 0.9, 0.9))), sure(telemetry(several(rng, 0.9, 1.0, 1.0)))

    assert (logging.status, logging.detail["alike"]) == (Status.WARN, True)
    assert "not behaviour" in logging.text
    assert behaviour.status is Status.OK


def test_one_source_can_only_be_noted() -> None:
    rng = np.random.default_rng(6)

    found = sure(telemetry(several(rng, 0.8)))

    assert found.status is Status.OK
    assert "one source can't tell" in found.text


def test_healthy_logging_is_seldom_doubted_and_a_tenth_less_always() -> None:
    rng, false, true = np.random.default_rng(7), 0, 0
    for _ in range(300):
        false += sure(telemetry(several(rng, 1.0, 1.0, n=500))).status is not Status.OK
        true += sure(telemetry(several(rng, 0.9, 0.9, n=2_000))).status is Status.WARN

    assert false <= 9
    assert true >= 270


def test_what_wears_off_is_told_from_what_stays() -> None:
    rng, n = np.random.default_rng(8), 3_000
    level = rng.lognormal(1, 0.5, (2, n))
    control = rng.poisson(level[1][:, None] * 7, (n, 2))
    fades = rng.poisson(level[0][:, None] * 7 * np.array([1.3, 1.0]), (n, 2))
    stays = rng.poisson(level[0][:, None] * 7 * 1.1, (n, 2))

    fading, staying = (
        sure(wearing_off("plays", sides(fades, control))),
        sure(wearing_off("plays", sides(stays, control))),
    )

    assert (fading.status, "novelty" in fading.text) == (Status.NOTE, True)
    assert staying.status is Status.OK or abs(float(str(staying.detail["second_week"]))) > 0
    assert wearing_off("plays", sides(fades[:50], control)) is None


def test_units_without_facts_are_noted_where_people_may_do_that_and_warned_of_beyond() -> None:
    some = joined("plays", ("page", 4_600, 5_000), ("control", 4_750, 5_000))
    many = joined("plays", ("page", 3_500, 5_000), ("control", 4_750, 5_000))
    fair = joined("plays", ("page", 4_740, 5_000), ("control", 4_750, 5_000))

    assert [sure(one).status for one in (some, many, fair)] == [Status.NOTE, Status.WARN, Status.OK]
    assert joined("plays", ("page", 0, 0), ("control", 2, 2)) is None


def test_what_few_do_is_an_outcome_and_no_loss_of_facts() -> None:
    assert joined("purchases", ("page", 1_139, 24_600), ("control", 955, 24_343)) is None
