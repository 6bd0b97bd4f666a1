"""Laws of looking many times: one look is the fixed test; bounds, p-values and spending agree."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twyman.kernel.errors import Invalid
from twyman.stats.sequential.bounds import bounds
from twyman.stats.sequential.repeated import p_so_far, repeated_p
from twyman.stats.sequential.spending import HwangShihDecani, ObrienFleming, Pocock, PowerSpending, Spending
from twyman.stats.sequential.stopping import stopping
from twyman.stats.tails import critical_value, two_sided

FAMILIES = st.sampled_from([PowerSpending(1), PowerSpending(2), PowerSpending(3), ObrienFleming(), Pocock()])
ALPHAS = st.sampled_from([1e-30, 1e-8, 0.001, 0.0033, 0.05, 0.3])
TIMES = st.lists(st.integers(1, 100), min_size=1, max_size=7, unique=True).map(
    lambda days: [day / max(days) for day in sorted(days)]
)


@given(FAMILIES, ALPHAS, st.sampled_from([1, 2]))
def test_one_look_at_full_time_is_the_fixed_test(family: Spending, alpha: float, sides: int) -> None:
    assert bounds([3.7], [1.0], alpha=alpha, spending=family, sides=sides).z == (critical_value(alpha / sides),)


@given(st.floats(-45, 45), FAMILIES)
def test_one_looks_p_value_is_the_plain_one(z: float, family: Spending) -> None:
    assert repeated_p([z], [3.7], [1.2], spending=family) == (two_sided(z)[0],)


@settings(deadline=None, max_examples=25)
@given(TIMES, FAMILIES, st.sampled_from([1, 2]))
def test_bounds_fall_as_alpha_grows(times: list[float], family: Spending, sides: int) -> None:
    columns = [bounds(times, times, alpha=a, spending=family, sides=sides).z for a in (1e-9, 0.001, 0.05, 0.3)]

    for strict, loose in itertools.pairwise(columns):
        assert all(a > b or a == b == math.inf for a, b in zip(strict, loose, strict=True))


@settings(deadline=None, max_examples=25)
@given(TIMES, FAMILIES, ALPHAS, st.sampled_from([1, 2]))
def test_the_error_of_all_looks_is_what_was_to_be_spent(
    times: list[float], family: Spending, alpha: float, sides: int
) -> None:
    plan = bounds(times, times, alpha=alpha, spending=family, sides=sides)

    crossing = stopping(times, plan.z, symmetric=sides == 2)

    assert sides * math.fsum(crossing) == pytest.approx(plan.spent[-1], rel=1e-8)
    assert plan.spent[-1] == pytest.approx(alpha, rel=1e-9)


@settings(deadline=None, max_examples=25)
@given(TIMES, FAMILIES, st.floats(-0.5, 6), st.data())
def test_a_repeated_p_value_is_the_alpha_that_is_just_crossed(
    times: list[float], family: Spending, drift: float, data: st.DataObject
) -> None:
    scores = [drift * math.sqrt(t) + data.draw(st.floats(-1, 1)) for t in times]

    for look, p in enumerate(repeated_p(scores, times, times, spending=family)):
        if p < 1:
            bound = bounds(times, times, alpha=p, spending=family).z[look]
            assert bound == pytest.approx(abs(scores[look]), abs=1e-7)


@settings(deadline=None, max_examples=25)
@given(TIMES, FAMILIES, st.data())
def test_the_path_p_value_is_the_running_minimum(times: list[float], family: Spending, data: st.DataObject) -> None:
    scores = [data.draw(st.floats(-5, 5)) for _ in times]

    each = repeated_p(scores, times, times, spending=family)
    path = p_so_far(scores, times, times, spending=family)

    assert path == pytest.approx([min(each[: look + 1]) for look in range(len(each))], rel=1e-8)


def test_a_tiny_p_value_keeps_its_digits_and_its_order() -> None:
    p = [repeated_p([1.0, z], [0.5, 1.0], [0.5, 1.0], spending=PowerSpending(2))[1] for z in (6, 8, 12, 25, 36)]

    assert p == sorted(p, reverse=True)
    assert all(1 < value / two_sided(z)[0] < 1.5 for value, z in zip(p, (6, 8, 12, 25, 36), strict=True))
    assert repeated_p([1.0, 99.0], [0.5, 1.0], [0.5, 1.0], spending=PowerSpending(2))[1] == p[-1]


def test_after_full_information_time_stays_at_one() -> None:
    over = bounds([0.5, 1.3], [0.5, 1.3], alpha=0.05, spending=PowerSpending(2))
    exact = bounds([0.5, 1.3], [0.5, 1.0], alpha=0.05, spending=PowerSpending(2))

    assert over == exact
    assert over.spent[-1] == pytest.approx(0.05)


@pytest.mark.parametrize("information", [[0.3, 0.3, 1.0], [0.3, 0.2, 1.0], [0.3, 0.30001, 1.0], [0.3, 0.0, 1.0]])
def test_a_look_without_new_information_spends_nothing(information: list[float]) -> None:
    plan = bounds(information, [0.3, 0.6, 1.0], alpha=0.05, spending=PowerSpending(2))
    without = bounds([0.3, 1.0], [0.3, 1.0], alpha=0.05, spending=PowerSpending(2))

    assert plan.z == (without.z[0], math.inf, without.z[1])
    assert plan.spent == (without.spent[0], without.spent[0], without.spent[1])
    assert repeated_p([1.0, 9.0, 1.0], information, [0.3, 0.6, 1.0], spending=PowerSpending(2))[1] == 1.0


def test_time_that_stands_still_spends_nothing() -> None:
    plan = bounds([0.3, 0.6, 1.0], [0.5, 0.5, 1.0], alpha=0.05, spending=PowerSpending(2))

    assert plan.z[1] == math.inf
    assert plan.spent == pytest.approx((0.0125, 0.0125, 0.05))


def test_a_first_look_at_almost_no_information_is_no_trouble() -> None:
    plan = bounds([1e-6, 1.0], [1e-6, 1.0], alpha=0.05, spending=PowerSpending(2))
    obrien = bounds([1e-6, 1.0], [1e-6, 1.0], alpha=0.05, spending=ObrienFleming())

    assert plan.z[0] == pytest.approx(critical_value(0.025 * 1e-12))
    assert obrien.z == (math.inf, pytest.approx(critical_value(0.025), abs=1e-9))


def test_a_look_a_day_for_a_year() -> None:
    days = [(day + 1) / 365 for day in range(365)]

    plan = bounds(days, days, alpha=0.05, spending=PowerSpending(2))

    assert all(a > b for a, b in itertools.pairwise(plan.z))
    assert 2 * math.fsum(stopping(days, plan.z, symmetric=True)) == pytest.approx(0.05, rel=1e-9)


def test_error_spent_is_no_critical_value() -> None:
    """Taking each look's increment for its nominal alpha ignores what looks share, and is stricter than need be."""
    times = [0.25, 0.5, 0.75, 1.0]

    plan = bounds(times, times, alpha=0.05, spending=PowerSpending(1), sides=1)

    assert all(z < critical_value(0.0125) for z in plan.z[1:])


@given(FAMILIES | st.sampled_from([HwangShihDecani(-4), HwangShihDecani(0), HwangShihDecani(1)]), ALPHAS)
def test_spending_starts_at_nothing_and_ends_at_alpha(family: Spending, alpha: float) -> None:
    spent = [family.spent(t, alpha) for t in (-1, 0, 0.3, 0.7, 1, 1.5)]

    assert spent == sorted(spent)
    assert (spent[1], spent[-1]) == (0, pytest.approx(alpha))


@pytest.mark.parametrize(
    "ask",
    [
        lambda: bounds([0.5], [0.5, 1.0], alpha=0.05, spending=Pocock()),
        lambda: bounds([-1.0], [1.0], alpha=0.05, spending=Pocock()),
        lambda: bounds([1.0], [math.nan], alpha=0.05, spending=Pocock()),
        lambda: bounds([1.0], [1.0], alpha=0.05, spending=Pocock(), sides=3),
        lambda: bounds([1.0], [1.0], alpha=2.0, spending=Pocock()),
        lambda: repeated_p([1.0, 2.0], [1.0], [1.0], spending=Pocock()),
        lambda: PowerSpending(0),
    ],
)
def test_plans_that_cannot_be_are_refused(ask) -> None:  # noqa: ANN001
    with pytest.raises(Invalid):
        ask()
