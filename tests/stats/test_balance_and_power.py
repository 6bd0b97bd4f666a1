"""Balance, power and multiplicity: small functions, their edges and their orders."""

import math

import pytest
from hypothesis import given, strategies as st

from twyman.kernel.errors import Invalid
from twyman.stats.balance import Balance, exact_binomial, sign_test, srm
from twyman.stats.count import Count, clopper_pearson, wilson
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.multiplicity import bh, bonferroni, holm
from twyman.stats.power import detectable, information_needed, share_inflation
from twyman.stats.roots import crossing
from twyman.stats.sequential.spending import ObrienFleming, Pocock
from twyman.stats.tails import upper_tail
from twyman.stats.two_counts import Count as Two, score_interval


def test_a_unit_in_an_arm_without_a_share_is_a_hard_failure() -> None:
    answer = srm([5000, 5000, 1], [0.5, 0.5, 0.0])

    assert answer == Balance(math.inf, 1, 0.0, (5000.5, 5000.5, 0.0))


def test_an_empty_arm_without_a_share_costs_no_degree_of_freedom() -> None:
    assert srm([5100, 4900, 0], [1, 1, 0]) == Balance(4.0, 1, pytest.approx(0.0455, abs=1e-4), (5000, 5000, 0))


def test_without_units_or_arms_there_is_no_split() -> None:
    nobody, alone = srm([0, 0], [1, 1]), srm([9, 0], [1, 0])

    assert isinstance(nobody, NotEstimable)
    assert nobody.code == Cause.NO_UNITS
    assert isinstance(alone, NotEstimable)
    assert alone.code == Cause.ONE_ARM


@given(st.integers(0, 60), st.integers(1, 60), st.floats(0.01, 0.99))
def test_the_exact_test_sums_what_is_as_unlikely(k: int, n: int, share: float) -> None:
    k = min(k, n)
    chances = [math.comb(n, i) * share**i * (1 - share) ** (n - i) for i in range(n + 1)]

    expected = sum(chance for chance in chances if chance <= chances[k] * (1 + 1e-7))

    assert exact_binomial(k, n, share) == pytest.approx(min(expected, 1.0), rel=1e-6)


def test_ten_million_units_are_tested_exactly() -> None:
    assert exact_binomial(5_003_000, 10_000_000, 0.5) == pytest.approx(
        2 * upper_tail(2999.5 / math.sqrt(2.5e6)), rel=1e-3
    )


@given(st.integers(0, 40), st.integers(0, 40))
def test_signs_have_no_direction(higher: int, lower: int) -> None:
    n = higher + lower

    assert sign_test(higher, n) == pytest.approx(sign_test(lower, n))


@pytest.mark.parametrize(("k", "share", "p"), [(0, 0.0, 1.0), (1, 0.0, 0.0), (9, 1.0, 1.0)])
def test_certain_shares_are_certain(k: int, share: float, p: float) -> None:
    assert exact_binomial(k, 9, share) == p


@given(st.floats(1e-3, 1e3), st.sampled_from([0.001, 0.05]), st.sampled_from([0.8, 0.95]))
def test_the_detectable_effect_needs_just_the_information_at_hand(se: float, alpha: float, power: float) -> None:
    effect = detectable(se, alpha=alpha, power=power)

    assert information_needed(effect, alpha, power) == pytest.approx(1 / se**2)


def test_looking_often_needs_more_information() -> None:
    times = [0.2, 0.4, 0.6, 0.8, 1.0]
    late, early = (share_inflation(times, spending=s, alpha=0.05, power=0.8) for s in (ObrienFleming(), Pocock()))

    assert 1 < late < 1.04 < early < 1.3


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_corrections_are_ordered(p_values: list[float]) -> None:
    for plain, false_share, step, union in zip(
        p_values, bh(p_values), holm(p_values), bonferroni(p_values), strict=True
    ):
        assert plain <= false_share * (1 + 1e-12)
        assert false_share <= step * (1 + 1e-12)
        assert step <= union * (1 + 1e-12)


def test_a_family_may_be_larger_than_what_is_at_hand() -> None:
    assert bonferroni([0.01], m=5) == [0.05]


@given(st.integers(0, 50), st.integers(1, 50))
def test_intervals_of_a_count_contain_its_share(k: int, n: int) -> None:
    count = Count(min(k, n), n)

    for low, high in (wilson(count), clopper_pearson(count)):
        assert 0 <= low <= count.share <= high <= 1


def test_zero_cells_have_score_intervals() -> None:
    nothing, something = Two(0, 40), Two(3, 42)

    assert score_interval(nothing, something, compare="ratio")[0] == 0.0
    assert score_interval(something, nothing, compare="ratio")[1] == math.inf
    assert score_interval(Two(0, 9), Two(0, 9))[0] < 0 < score_interval(Two(0, 9), Two(0, 9))[1]


@pytest.mark.parametrize(
    "ask",
    [
        lambda: srm([1, 2], [1]),
        lambda: srm([1, -2], [1, 1]),
        lambda: exact_binomial(3, 2, 0.5),
        lambda: detectable(0.0, alpha=0.05, power=0.8),
        lambda: detectable(1.0, alpha=0.05, power=0.01),
        lambda: information_needed(0.0, 0.05, 0.8),
        lambda: bonferroni([0.1, math.nan]),
        lambda: bonferroni([0.1, 0.2], m=1),
        lambda: Count(3, 2),
        lambda: score_interval(Two(1, 2), Two(1, 2), compare="odd"),
        lambda: crossing(lambda x: x * x + 1, -1, 1),
    ],
)
def test_what_makes_no_sense_is_refused(ask) -> None:  # noqa: ANN001
    with pytest.raises(Invalid):
        ask()
