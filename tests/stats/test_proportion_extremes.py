"""Counts at their ends (nobody, everybody, one unit, a billion), and intervals that agree with their tests."""

import math

import pytest
from hypothesis import given, settings, strategies as st
from scipy.special import bdtr, bdtrc

from twyman.kernel.errors import Invalid
from twyman.stats import exact, two_counts
from twyman.stats.count import Count, agresti_coull, clopper_pearson, jeffreys, wilson
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.score import COMPARISONS, noninferiority_score, score_interval, score_test
from twyman.stats.tails import critical_value

BILLION = 10**9
ENDS = [(0, 0), (10, 10), (0, 10), (10, 0), (0, 3), (3, 0), (10, 7), (7, 10)]


@st.composite
def counts(draw: st.DrawFn) -> Count:
    units = draw(st.integers(1, 60))
    return Count(draw(st.integers(0, units)), units)


@pytest.mark.parametrize("compare", sorted(COMPARISONS))
@pytest.mark.parametrize(("a", "b"), ENDS)
def test_zero_cells_have_an_interval_around_what_was_seen(a: int, b: int, compare: str) -> None:
    effect = score_test(Count(a, 10), Count(b, 10), compare=compare)

    assert effect.lower < effect.upper
    assert math.isnan(effect.estimate) or effect.lower <= effect.estimate <= effect.upper
    if a == b:
        assert (effect.statistic, effect.p_value) == (0.0, 1.0)


@pytest.mark.parametrize("compare", sorted(COMPARISONS))
@settings(max_examples=40)
@given(first=counts(), second=counts(), alpha=st.sampled_from([0.2, 0.05, 0.001]))
def test_the_score_interval_excludes_the_null_exactly_when_its_test_rejects(
    compare: str, first: Count, second: Count, alpha: float
) -> None:
    for null in (None, 0.4):
        effect = score_test(first, second, compare=compare, null=null, alpha=alpha)

        if abs(abs(effect.statistic) - critical_value(alpha / 2)) > 1e-9:
            assert (effect.lower > effect.null or effect.upper < effect.null) == (effect.p_value < alpha)


@settings(max_examples=40)
@given(first=counts(), second=counts())
def test_swapping_the_arms_turns_the_scores_round(first: Count, second: Count) -> None:
    for compare in COMPARISONS:
        there, back = (score_test(*arms, compare=compare) for arms in ((first, second), (second, first)))

        assert there.statistic == pytest.approx(-back.statistic, abs=1e-9)
        turned = (-back.upper, -back.lower) if compare == "difference" else (_inverse(back.upper), _inverse(back.lower))
        assert (there.lower, there.upper) == pytest.approx(turned, rel=1e-7, abs=1e-9)


def _inverse(ratio: float) -> float:
    return 1 / ratio if ratio else math.inf


@settings(max_examples=40)
@given(first=counts(), second=counts(), margin=st.floats(0, 0.5), improving=st.sampled_from([-1, 1]))
def test_a_margin_is_cleared_exactly_where_the_interval_clears_it(
    first: Count, second: Count, margin: float, improving: int
) -> None:
    z = noninferiority_score(first, second, margin=margin, improving=improving)
    lower, upper = score_interval(first, second, alpha=0.1)

    if abs(z - critical_value(0.05)) > 1e-6:
        cleared = lower > -margin if improving > 0 else upper < margin
        assert (z > critical_value(0.05)) == cleared


def test_no_margin_is_the_test_of_no_effect() -> None:
    arms = Count(30, 100), Count(20, 100)

    for compare in COMPARISONS:
        assert noninferiority_score(*arms, margin=0, compare=compare) == score_test(*arms, compare=compare).statistic


@pytest.mark.parametrize("compare", sorted(COMPARISONS))
def test_five_in_a_billion_against_none(compare: str) -> None:
    """With events this rare the counts are Poisson's: five against none is z = √5, whatever is compared."""
    effect = score_test(Count(5, BILLION), Count(0, BILLION), compare=compare)

    assert effect.statistic == pytest.approx(math.sqrt(5), rel=1e-8)
    assert effect.lower > (0 if compare == "difference" else 1)


@pytest.mark.parametrize("successes", [0, BILLION])
def test_a_billion_alike_have_a_symmetric_interval(successes: int) -> None:
    lower, upper = score_interval(Count(successes, BILLION), Count(successes, BILLION))

    assert upper == pytest.approx(critical_value(0.025) ** 2 / BILLION, rel=1e-6)
    assert lower == -upper


def test_everybody_against_nobody_is_far_but_finite() -> None:
    effect = score_test(Count(BILLION, BILLION), Count(0, BILLION), compare="odds")

    assert (effect.p_value, effect.upper) == (0.0, math.inf)
    assert effect.log10_p is not None
    assert 1e17 < effect.lower < 1e18


@settings(max_examples=40)
@given(first=counts(), second=counts())
def test_newcombe_and_agresti_caffo_always_have_a_width(first: Count, second: Count) -> None:
    lower, upper = two_counts.difference_newcombe(first, second)
    gap = first.share - second.share

    assert -1 - 1e-12 <= lower <= gap + 1e-12
    assert gap - 1e-12 <= upper <= 1 + 1e-12
    assert lower < upper
    assert two_counts.difference_agresti_caffo(first, second).se > 0


@pytest.mark.parametrize(("a", "b"), [(0, 0), (10, 10), (0, 10)])
def test_walds_difference_without_a_width_is_not_called_certain(a: int, b: int) -> None:
    answer = two_counts.difference_wald(Count(a, 10), Count(b, 10))

    assert isinstance(answer, NotEstimable)
    assert answer.code == Cause.NO_VARIATION


@pytest.mark.parametrize(("a", "b"), [(0, 0), (10, 10)])
def test_exact_tests_of_a_table_without_a_column_find_nothing(a: int, b: int) -> None:
    arms = Count(a, 10), Count(b, 10)

    assert [test(*arms) for test in (exact.fisher, exact.barnard, exact.boschloo)] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(("a", "b"), [(0, 10), (10, 0)])
def test_exact_tests_of_all_against_none_are_sure(a: int, b: int) -> None:
    arms = Count(a, 10), Count(b, 10)

    assert max(test(*arms) for test in (exact.fisher, exact.barnard, exact.boschloo)) < 2e-5


@given(count=counts(), null=st.floats(0.01, 0.99), alpha=st.sampled_from([0.2, 0.05]))
def test_wilson_is_the_score_test_turned_round(count: Count, null: float, alpha: float) -> None:
    z = (count.share - null) / math.sqrt(null * (1 - null) / count.units)
    lower, upper = wilson(count, alpha=alpha)

    if abs(abs(z) - critical_value(alpha / 2)) > 1e-9:
        assert (lower > null or upper < null) == (abs(z) > critical_value(alpha / 2))


@given(count=counts(), null=st.floats(0.01, 0.99))
def test_clopper_and_pearson_are_the_two_binomial_tests_turned_round(count: Count, null: float) -> None:
    lower, upper = clopper_pearson(count)
    k, n = int(count.successes), int(count.units)

    at_most, at_least = float(bdtr(k, n, null)), float(bdtrc(k - 1, n, null)) if k else 1.0
    if min(abs(at_most - 0.025), abs(at_least - 0.025)) > 1e-9:
        assert (lower > null) == (at_least < 0.025)
        assert (upper < null) == (at_most < 0.025)


@pytest.mark.parametrize("method", [wilson, agresti_coull, clopper_pearson, jeffreys])
@pytest.mark.parametrize(
    "count", [Count(0, 1), Count(1, 1), Count(0, BILLION), Count(3, BILLION), Count(BILLION, BILLION)]
)
def test_one_proportion_at_its_ends_stays_within_0_and_1(method: object, count: Count) -> None:
    lower, upper = method(count)  # pyright: ignore[reportCallIssue]

    assert 0 <= lower < upper <= 1
    assert upper - lower < 20 / count.units


@pytest.mark.parametrize("wrong", [(0, 0), (3, 2), (-1, 4)])
def test_no_units_and_more_successes_than_units_are_refused(wrong: tuple[int, int]) -> None:
    with pytest.raises(Invalid):
        Count(*wrong)


def test_what_there_is_not_is_refused() -> None:
    arms = Count(3, 10), Count(4, 10)

    with pytest.raises(Invalid, match="comparison"):
        score_test(*arms, compare="log")
    with pytest.raises(Invalid, match="within its range"):
        score_test(*arms, compare="ratio", null=-1)
    with pytest.raises(Invalid, match="margin"):
        noninferiority_score(*arms, margin=1)
    with pytest.raises(Invalid, match="sign"):
        noninferiority_score(*arms, margin=0.1, improving=0)


def test_a_margin_too_small_for_a_float_is_no_margin() -> None:
    """Between arms that all succeed there is nothing to see, and no infinite score for it."""
    assert noninferiority_score(Count(1, 1), Count(2, 2), margin=5e-324, improving=-1) == 0
