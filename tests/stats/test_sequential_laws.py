"""Laws of looking many times: one look is the fixed test; bounds, p-values and spending agree."""

import itertools
import math

import pytest
from hypothesis import example, given, settings, strategies as st

from twyman.kernel.errors import Invalid
from twyman.stats.sequential import walk
from twyman.stats.sequential.bounds import bounds, next_bound
from twyman.stats.sequential.classical import haybittle_peto, wang_tsiatis
from twyman.stats.sequential.repeated import AtLook, p_so_far, repeated_p, smallest_p
from twyman.stats.sequential.spending import (
    BothSides,
    Custom,
    HwangShihDecani,
    ObrienFleming,
    Pocock,
    PowerSpending,
    Spending,
    Tabulated,
)
from twyman.stats.sequential.stopping import crossings, stopping
from twyman.stats.tails import critical_value, two_sided, upper_tail

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


def test_two_sided_conventions_differ_for_obrien_fleming_only() -> None:
    """A side's own half of alpha, or half of what all alpha would spend: .00153 and .00279 at half time."""
    halves = [0.5, 1.0]
    ours, other = (
        bounds(halves, halves, alpha=0.05, spending=f) for f in (ObrienFleming(), BothSides(ObrienFleming()))
    )

    assert [upper_tail(plan.z[0]) for plan in (ours, other)] == pytest.approx([0.0015253, 0.0027873], abs=1e-7)
    assert ours.spent[-1] == other.spent[-1] == pytest.approx(0.05)
    for linear in (Pocock(), PowerSpending(2), HwangShihDecani(-4)):
        assert BothSides(linear).spent(0.3, 0.025) == pytest.approx(linear.spent(0.3, 0.025))


def test_a_table_and_a_function_spend_like_the_family_that_they_copy() -> None:
    times = [0.25, 0.5, 1.0]
    table = Tabulated((0.25, 0.5), (0.25**2, 0.25))
    function = Custom(lambda t, alpha: alpha * t * t)

    plans = [bounds(times, times, alpha=0.05, spending=f).z for f in (PowerSpending(2), table, function)]

    assert plans[1] == pytest.approx(plans[0], abs=1e-12)
    assert plans[2] == pytest.approx(plans[0], abs=1e-12)


@pytest.mark.parametrize("gamma", [-2000.0, -800.0, -1e-9, 1e-9, 800.0, 2000.0])
def test_a_family_by_one_number_overflows_nowhere(gamma: float) -> None:
    family = HwangShihDecani(gamma)

    assert HwangShihDecani(-4).spent(0.5, 1.0) == pytest.approx((1 - math.e**2) / (1 - math.e**4))
    assert 0 <= family.spent(0.3, 0.05) <= family.spent(0.7, 0.05) <= family.spent(1, 0.05) == pytest.approx(0.05)


CROWDS = st.lists(st.floats(0.05, 1), min_size=1, max_size=7).map(
    lambda steps: [sum(s**3 for s in steps[: k + 1]) / sum(s**3 for s in steps) for k in range(len(steps))]
)


@pytest.mark.slow
@settings(deadline=None, max_examples=12)
@given(CROWDS, FAMILIES, st.sampled_from([1e-8, 0.01, 0.3]), st.sampled_from([1, 2]))
def test_twice_the_nodes_change_nothing(times: list[float], family: Spending, alpha: float, sides: int) -> None:
    """Also where looks crowd unevenly: a short step leaves an edge that the look after must resolve."""
    plan = bounds(times, times, alpha=alpha, spending=family, sides=sides)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walk, "LEAST", 2 * walk.LEAST)
        patch.setattr(walk, "NODES_PER_WIDTH", 2 * walk.NODES_PER_WIDTH)
        patch.setattr(walk, "MOST", 2 * walk.MOST)
        crossing = stopping(times, plan.z, symmetric=sides == 2)

    achieved = [sides * math.fsum(crossing[: look + 1]) for look in range(len(times))]
    assert achieved == pytest.approx(plan.spent, rel=1e-8, abs=1e-10)


def test_a_short_step_before_a_long_one_is_resolved() -> None:
    times = [0.4999, 0.5, 1.0]
    plan = bounds(times, times, alpha=0.3, spending=Pocock(), sides=1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walk, "LEAST", 2000)
        crossing = stopping(times, plan.z)

    assert math.fsum(crossing) == pytest.approx(0.3, abs=1e-10)


@pytest.mark.parametrize(("days", "sides"), [(60, 1), (365, 2)])
def test_twice_the_nodes_change_nothing_at_many_looks(days: int, sides: int) -> None:
    times = [(day + 1) / days for day in range(days)]
    plan = bounds(times, times, alpha=0.05, spending=ObrienFleming(), sides=sides)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walk, "NODES_PER_WIDTH", 2 * walk.NODES_PER_WIDTH)
        crossing = stopping(times, plan.z, symmetric=sides == 2)

    achieved = [sides * math.fsum(crossing[: look + 1]) for look in range(days)]
    assert achieved == pytest.approx(plan.spent, abs=1e-10)


def test_a_little_error_right_after_a_low_bound_has_its_bound() -> None:
    """The tail above a bound that was close by falls faster than floats do: only its logarithm can be searched."""
    times = [0.5, 0.5001, 1.0]
    table = Tabulated((0.5, 0.5001), (0.9, 0.9 + 1e-12))

    plan = bounds(times, times, alpha=0.05, spending=table)

    assert plan.z[0] < plan.z[1] < plan.z[0] + 0.2
    assert 2 * math.fsum(stopping(times, plan.z, symmetric=True)) == pytest.approx(0.05, rel=1e-9)


def test_error_that_no_float_can_bound_is_carried_on() -> None:
    days = [(day + 1) / 181 for day in range(181)]

    plan = bounds(days, days, alpha=1e-8, spending=ObrienFleming())

    assert plan.z[0] == math.inf
    assert all(math.isfinite(z) for z in plan.z[20:])
    assert plan.spent[-1] == pytest.approx(1e-8)


def test_an_increment_too_faint_for_a_float_waits_for_the_next_look() -> None:
    faint = bounds([0.5, 1.0], [0.5, 1.0], alpha=0.05, spending=Tabulated((0.5,), (1e-295,)))

    assert faint.z == (math.inf, pytest.approx(critical_value(0.025)))


def test_expected_information_is_in_informations_own_units() -> None:
    one, many = (crossings([scale / 2, scale], [2.5, 2.0], drift=2 / math.sqrt(scale)) for scale in (1.0, 400.0))

    assert many.power == pytest.approx(one.power)
    assert many.expected_information == pytest.approx(400 * one.expected_information)
    assert one.expected_information == pytest.approx(1 - one.upper[0] / 2)


def test_what_is_compared_with_at_a_look_is_its_bound_and_its_p_value() -> None:
    now = AtLook((0.5, 1.0), (0.5, 1.0), alpha=0.05, spending=PowerSpending(2))

    assert now.critical == bounds([0.5, 1.0], [0.5, 1.0], alpha=0.05, spending=PowerSpending(2)).z[-1]
    assert now.p_value(now.critical) == pytest.approx(0.05, rel=1e-9)
    assert now.p_value(now.critical - 1e-6) > 0.05 > now.p_value(now.critical + 1e-6)


@settings(deadline=None, max_examples=20)
@given(st.sampled_from([0.1, 0.05, 1e-6]), st.sampled_from([1, 2]), st.floats(-0.5, 0.7), TIMES)
def test_classical_bounds_have_their_shape_and_spend_alpha(
    alpha: float, sides: int, delta: float, times: list[float]
) -> None:
    plan = wang_tsiatis(times, alpha=alpha, delta=delta, sides=sides)

    assert plan.spent[-1] == pytest.approx(alpha, rel=1e-8)
    assert [z / plan.z[-1] for z in plan.z] == pytest.approx([t ** (delta - 0.5) for t in times], rel=1e-9)


def test_haybittle_and_peto_leave_nearly_all_for_the_end() -> None:
    plan = haybittle_peto([1, 2, 3, 4], alpha=0.05)

    assert plan.z[:3] == (3.0, 3.0, 3.0)
    assert 1.96 < plan.z[3] < 2.0
    assert plan.spent[-1] == pytest.approx(0.05)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: wang_tsiatis([1, 1], alpha=0.05, delta=0.5),
        lambda: wang_tsiatis([], alpha=0.05, delta=0.5),
        lambda: wang_tsiatis([1, 2], alpha=0.05, delta=math.nan),
        lambda: haybittle_peto([1, 2], alpha=0.001, interim=2.0),
        lambda: crossings([1, 2], [2.0]),
        lambda: crossings([1], [math.nan]),
        lambda: crossings([2, 1], [2.0, 2.0]),
        lambda: Tabulated((), ()),
        lambda: Tabulated((0.5, 0.4), (0.1, 0.2)),
        lambda: Tabulated((0.5, 0.6), (0.3, 0.2)),
        lambda: Tabulated((0.5, 1.2), (0.3, 0.4)),
        lambda: Tabulated((0.5,), (1.2,)),
        lambda: HwangShihDecani(math.inf),
        lambda: bounds([1.0], [1.0], alpha=0.05, spending=Custom(lambda t, alpha: 2 * alpha * t)),
        lambda: bounds([1.0], [1.0], alpha=0.05, spending=BothSides(Pocock()), sides=1),
        lambda: repeated_p([1.0], [1.0], [1.0], spending=BothSides(Pocock()), sides=1),
        lambda: next_bound([1.0], [2.0], information=0.5, increment=0.01),
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


@settings(max_examples=25)
@given(
    scores=st.lists(st.floats(-5, 7), min_size=1, max_size=6),
    steps=st.lists(st.floats(0.05, 1), min_size=6, max_size=6),
    sides=st.sampled_from([1, 2]),
)
@example(scores=[-5.0], steps=[1.0] * 6, sides=1)
@example(scores=[-5.0, -5.0], steps=[1.0] * 6, sides=1)
def test_the_smallest_p_is_the_last_of_the_path(scores: list[float], steps: list[float], sides: int) -> None:
    information = list(itertools.accumulate(steps[: len(scores)]))
    times = [amount / information[-1] for amount in information]

    path = p_so_far(scores, information, times, spending=PowerSpending(2), sides=sides)

    assert smallest_p(scores, information, times, spending=PowerSpending(2), sides=sides) == pytest.approx(
        path[-1], rel=1e-9
    )
