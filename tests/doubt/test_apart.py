"""Two sources that go together, until one arm loses rows of them."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from twyman.doubt.apart import sources_apart
from twyman.doubt.check import Check, Status
from twyman.stats.moments import Moments

NAMES = ("plays", "pages")


def days(
    rng: np.random.Generator,
    *,
    units: int = 4_000,
    lost: tuple[float, float] = (0.0, 0.0),
    apart: float = 0.0,
    rate: float = 0.4,
) -> Moments:
    """Days of units with each source and with both, some of them lost, and some that have the first source alone.

    Units differ in how often they come, and in how often they lose rows: days of one unit come together.
    """
    keen, flaky = rng.beta(2, 2 / rate - 2, units), rng.gamma(0.5, 2, units)[:, None]
    used = rng.random((units, 14)) < keen[:, None]
    own = rng.random((2, units, 14))
    first = used & (own[0] >= lost[0] * flaky)
    second = used & (own[1] >= lost[1] * flaky) & (rng.random((units, 14)) >= apart * flaky)
    rows = np.column_stack([first.sum(axis=1), second.sum(axis=1), (first & second).sum(axis=1)])
    return Moments.of(rows[rows.any(axis=1)])


def compared(treatment: Moments, control: Moments, checks: int = 1) -> Check | None:
    return sources_apart(NAMES, (("page", treatment), ("control", control)), checks=checks)


def sure(check: Check | None) -> Check:
    assert check is not None
    return check


def test_rows_that_one_arm_loses_of_each_source_block() -> None:
    rng = np.random.default_rng(1)
    treated = sure(compared(days(rng, lost=(0.03, 0.03)), days(rng)))
    controls = sure(compared(days(rng), days(rng, lost=(0.03, 0.03))))
    little = sure(compared(days(rng, lost=(0.005, 0.005)), days(rng)))

    assert [one.status for one in (treated, controls, little)] == [Status.BLOCK, Status.BLOCK, Status.WARN]
    assert {one.code for one in (treated, controls, little)} == {"sources_apart"}
    assert treated.detail["mutual"] is True
    assert treated.detail["missing"] == {
        name: {"treatment": pytest.approx(0.03, abs=0.005), "control": 0.0} for name in NAMES
    }
    assert "rows are lost" in treated.text


def test_a_source_that_alone_is_missing_warns_for_it_may_be_behaviour() -> None:
    rng = np.random.default_rng(2)
    found = sure(compared(days(rng, apart=0.03), days(rng)))
    little = sure(compared(days(rng, apart=0.005), days(rng)))

    assert (found.code, found.status) == ("source_missing", Status.WARN)
    assert found.detail["mutual"] is False
    assert "without the other" in found.text
    assert (little.code, little.status) == ("source_missing", Status.NOTE)


def test_each_missing_the_other_in_another_arm_is_no_loss_of_one() -> None:
    rng = np.random.default_rng(3)
    found = sure(compared(days(rng, lost=(0.03, 0.0)), days(rng, lost=(0.0, 0.03))))

    assert (found.code, found.status) == ("source_missing", Status.WARN)


def test_keener_units_are_not_taken_for_lost_rows() -> None:
    """Of what people do at random on a day, a tenth less makes each kind be missing a little more often."""
    rng, found = np.random.default_rng(4), list[Check]()
    for _ in range(20):
        arms = [np.minimum(rng.poisson(times, (2, 6_000, 14)), 1) for times in (2.25, 2.5)]
        sides = [
            Moments.of(np.column_stack([one.sum(axis=1), other.sum(axis=1), (one & other).sum(axis=1)]))
            for one, other in arms
        ]
        found.append(sure(compared(*sides)))

    assert {one.status for one in found} == {Status.NOTE}


def test_a_unit_that_is_active_on_more_days_misses_no_more() -> None:
    rng = np.random.default_rng(5)
    loud = [
        sure(compared(days(rng, apart=0.05, rate=0.5), days(rng, apart=0.05, rate=0.3))).status is not Status.OK
        for _ in range(100)
    ]

    assert sum(loud) <= 12


def test_sources_that_seldom_go_together_arent_compared() -> None:
    rng = np.random.default_rng(6)
    seldom, within = Moments.of([[5, 5, 2], [6, 4, 2]] * 500), Moments.of([[9, 3, 3], [8, 2, 2]] * 500)

    assert compared(seldom, seldom) is None
    assert sure(compared(within, within)).detail["missing"].keys() == {"plays"}  # type: ignore[union-attr]
    assert sure(compared(days(rng, lost=(0.3, 0.3)), days(rng))).status is Status.BLOCK
    assert compared(Moments.empty(3), days(rng)) is None
    assert compared(Moments.of([[0, 0, 0], [0, 0, 0]]), days(rng)) is None


def test_sources_that_are_never_apart_are_quiet() -> None:
    rng = np.random.default_rng(7)
    found = sure(compared(days(rng), days(rng)))

    assert (found.code, found.status, found.p_value) == ("sources_apart", Status.OK, 1.0)


def test_few_days_are_tested_exactly() -> None:
    whole = Moments.of([[10, 10, 10]] * 1_000)
    four = Moments.of([[10, 9, 9]] * 4 + [[10, 10, 10]] * 996)

    found = sure(compared(four, whole))

    assert found.status is Status.OK
    assert found.p_value == pytest.approx(2 * 2 / 2**4)  # four of one arm, two ways, of two directions


@pytest.mark.parametrize("lost", [0.0002, 0.003, 0.05])
def test_healthy_arms_raise_no_more_than_chance_allows(lost: float) -> None:
    rng, p_values = np.random.default_rng(8), list[float]()
    for _ in range(500):
        sides = [days(rng, units=500, lost=(lost, lost)) for _ in range(2)]
        p_values.append(sure(compared(*sides)).p_value or 0.0)

    for level in (0.05, 0.01):
        assert np.mean(np.array(p_values) < level) <= level + 3 * (level / 500) ** 0.5


@given(st.integers(1, 12), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_the_order_of_sources_and_the_number_of_checks_change_nothing_else(checks: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    sides = [days(rng, units=200, lost=(0.05 * rng.random(), 0.05 * rng.random())) for _ in range(2)]

    found, among = sure(compared(*sides)), sure(compared(*sides, checks=checks))
    turned = sources_apart(NAMES[::-1], (("page", sides[0].columns(1, 0, 2)), ("control", sides[1].columns(1, 0, 2))))

    assert sure(turned).status is found.status
    assert sure(turned).p_value == pytest.approx(found.p_value)
    assert among.p_value == pytest.approx(min(1.0, checks * (found.p_value or 0)))
