"""Several arms: where Dunnett's comparison must equal something simpler, and what it must never contradict."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st

from twyman.kernel.errors import Invalid
from twyman.stats.difference import means
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.lift import absolute, relative
from twyman.stats.many_arms import (
    against_control,
    any_beyond,
    combined,
    critical_of_largest,
    loading,
    pooled_means,
)
from twyman.stats.margins import noninferiority
from twyman.stats.moments import Moments
from twyman.stats.multiplicity import bonferroni, holm, sidak
from twyman.stats.pair import Pair
from twyman.stats.tails import critical_value, two_sided, upper_tail

EQUAL = math.sqrt(0.5)
degrees = st.sampled_from([None, 1.0, 7.0, 200.0])
loads = st.lists(st.sampled_from([0.0, 0.3, 0.7, 0.99, 1.0]), min_size=1, max_size=5)


@pytest.mark.parametrize("df", [None, 0.5, 3.0, 60.0, 1e6, 1e9])
@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize("bound", [0.05, 2.0, 8.0, 1e3])
def test_copies_of_one_statistic_are_one_statistic(df: float | None, sides: int, bound: float) -> None:
    tail = sides * upper_tail(bound, df)

    assert any_beyond(bound, [1.0, 1.0, 1.0], df=df, sides=sides) == pytest.approx(tail, rel=1e-11)


@given(st.floats(0.1, 30), st.integers(1, 6), st.sampled_from([1, 2]))
def test_statistics_that_share_nothing_are_sidaks(bound: float, tests: int, sides: int) -> None:
    ours = any_beyond(bound, [0.0] * tests, sides=sides)

    assert ours == pytest.approx(sidak([sides * upper_tail(bound)], tests)[0], rel=1e-11)


@pytest.mark.parametrize("bound", [0.0, 0.7, 2.5, 6.0])
def test_two_statistics_are_owens_and_sheppards(bound: float) -> None:
    """Two normal deviates correlated by sin(v): P(neither above 0) = 1/4 + v / 2π; else by a plain double sum."""
    first, second = 0.6, 0.9
    if not bound:
        expected = 1 - (0.25 + math.asin(first * second) / (2 * math.pi))
    else:
        rho = first * second
        x = np.linspace(bound, bound + 9, 20_001)  # P(X1 > b) + P(X1 < b, X2 > b) by Simpson's rule over X2
        conditional = np.array([upper_tail((rho * each - bound) / math.sqrt(1 - rho * rho)) for each in x])
        density = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
        weights = np.ones(x.size) * 2
        weights[1::2], weights[0], weights[-1] = 4, 1, 1
        expected = upper_tail(bound) + float((weights * density * conditional).sum()) * (x[1] - x[0]) / 3

    assert any_beyond(bound, [first, second], sides=1) == pytest.approx(expected, rel=1e-10)


@given(st.floats(0.1, 12), loads, degrees, st.sampled_from([1, 2]))
@settings(max_examples=25)
def test_the_largest_lies_between_one_test_and_bonferroni(
    bound: float, loadings: list[float], df: float | None, sides: int
) -> None:
    one = sides * upper_tail(bound, df)

    chance = any_beyond(bound, loadings, df=df, sides=sides)

    assert min(1.0, one) * (1 - 1e-10) <= chance <= min(1.0, len(loadings) * one)


@given(loads, degrees, st.sampled_from([1e-9, 0.001, 0.05, 0.3]), st.sampled_from([1, 2]))
@settings(max_examples=10)
def test_the_critical_value_is_exceeded_with_probability_alpha(
    loadings: list[float], df: float | None, alpha: float, sides: int
) -> None:
    bound = critical_of_largest(loadings, alpha=alpha, df=df, sides=sides)

    assert any_beyond(bound, loadings, df=df, sides=sides) == pytest.approx(alpha, rel=1e-8)


def test_three_equal_arms_are_the_textbooks() -> None:
    assert critical_of_largest([EQUAL] * 3, alpha=0.05) == pytest.approx(2.349, abs=5e-4)
    assert critical_value(0.05 / 6) == pytest.approx(2.394, abs=5e-4)


def test_a_hundred_arms_are_no_trouble() -> None:
    bound = critical_of_largest([EQUAL] * 100, alpha=0.05)

    assert critical_value(0.025) < bound < critical_value(0.025 / 100)
    assert any_beyond(bound, np.linspace(0.4, 0.9, 100).tolist()) == pytest.approx(0.05, abs=0.01)


def test_tiny_p_values_keep_their_digits() -> None:
    for df in (None, 12.0):
        tail = 2 * upper_tail(30.0, df)
        assert 2.9 * tail <= any_beyond(30.0, [EQUAL] * 3, df=df) <= 3 * tail or df == 12.0
        assert any_beyond(30.0, [EQUAL] * 3, df=df) >= tail


arms = st.lists(st.lists(st.floats(-50, 50), min_size=3, max_size=6), min_size=2, max_size=4)


def _pairs(groups: list[list[float]], *, pooled: bool) -> list[Pair]:
    control, *treated = (Moments.of(group) for group in groups)
    assume(all(arm.variance() > 1e-3 for arm in (control, *treated)))
    if pooled:
        return pooled_means(treated, control)
    pairs = [means(arm, control) for arm in treated]
    return [pair for pair in pairs if isinstance(pair, Pair)]


@given(arms, st.booleans(), st.sampled_from([0.05, 0.3]))
@settings(max_examples=15)
def test_every_interval_agrees_with_its_p_value(groups: list[list[float]], pooled: bool, alpha: float) -> None:  # noqa: FBT001
    pairs = _pairs(groups, pooled=pooled)

    answer = against_control(pairs, alpha=alpha)

    assert isinstance(answer.interval_alpha, float)
    for pair, adjusted, statistic in zip(pairs, answer.adjusted, answer.statistics, strict=True):
        if abs(adjusted - alpha) < 1e-7:
            continue
        for estimate in (absolute(pair, alpha=answer.interval_alpha), relative(pair, alpha=answer.interval_alpha)):
            if not isinstance(estimate, NotEstimable):
                assert estimate.lower is not None
                assert estimate.upper is not None
                assert (estimate.lower > 0 or estimate.upper < 0) == (adjusted < alpha)
        assert (abs(statistic) > answer.critical) == (adjusted < alpha)


@given(arms)
@settings(max_examples=8)
def test_step_down_lies_between_one_test_and_one_step_and_below_holm(groups: list[list[float]]) -> None:
    pairs = _pairs(groups, pooled=True)
    single, stepped = against_control(pairs), against_control(pairs, step_down=True)
    alone = [two_sided(float(each), single.df)[0] for each in single.statistics]

    assert (stepped.adjusted <= single.adjusted * (1 + 1e-9)).all()
    assert (np.array(alone) <= stepped.adjusted * (1 + 1e-9)).all()
    assert (stepped.adjusted <= holm(alone) * (1 + 1e-9)).all()
    assert (single.adjusted <= bonferroni(alone) * (1 + 1e-9)).all()
    assert isinstance(stepped.interval_alpha, NotEstimable)
    assert stepped.interval_alpha.code == Cause.NO_INTERVAL


def test_one_arm_is_the_plain_test() -> None:
    pair = means(Moments.of([3, 4, 5, 9]), Moments.of([1, 2, 3, 4]))
    assert isinstance(pair, Pair)

    answer = against_control([pair])

    assert answer.adjusted[0] == pytest.approx(absolute(pair).p_value, rel=1e-10)
    assert answer.interval_alpha == pytest.approx(0.05, rel=1e-10)


def test_correlations_are_those_of_the_arms_sizes() -> None:
    control, few, many = (Moments(n, [0.0], [[float(n - 1)]]) for n in (200, 50, 400))
    pairs = pooled_means([few, many], control)

    product = loading(pairs[0]) * loading(pairs[1])

    assert product == pytest.approx(1 / math.sqrt((1 + 200 / 50) * (1 + 200 / 400)), rel=1e-12)


def test_margins_are_held_by_several_arms_at_once() -> None:
    control = Moments.of(list(range(90, 111)))
    arms = [Moments.of(list(range(first, 111))) for first in (90, 88)]
    pairs = [pair for pair in (means(arm, control) for arm in arms) if isinstance(pair, Pair)]

    answer = against_control(pairs, sides=1, against=0.95)

    assert answer.statistics == pytest.approx([noninferiority(pair, margin=0.05) for pair in pairs], rel=1e-9)
    assert isinstance(answer.interval_alpha, float)
    for pair, adjusted in zip(pairs, answer.adjusted, strict=True):
        lift = relative(pair, alpha=answer.interval_alpha)
        assert not isinstance(lift, NotEstimable)
        assert lift.lower is not None
        assert (lift.lower > -0.05) == (adjusted < 0.05)


def test_the_error_of_all_comparisons_is_kept_with_unequal_arms() -> None:
    rng = np.random.default_rng(11)
    sizes = np.array([30, 10, 20])
    control = rng.normal(size=(20_000, 1)) / math.sqrt(20)
    treated = rng.normal(size=(20_000, 3)) / np.sqrt(sizes)
    z = (treated - control) / np.sqrt(1 / sizes + 1 / 20)

    bound = critical_of_largest(np.sqrt((1 / 20) / (1 / sizes + 1 / 20)).tolist(), alpha=0.05)

    wrong = (np.abs(z) > bound).any(axis=1).sum()
    assert abs(wrong - 1_000) < 3.3 * math.sqrt(20_000 * 0.05 * 0.95)


def test_arms_taken_together_are_weighted_means() -> None:
    first, second, control = Moments.of([3, 4, 5]), Moments.of([5, 6, 9, 8]), Moments.of([1, 2, 3])

    alone = combined([first, second], control, weights=[1, 0])
    both = combined([first, second], control, weights=[1, 3])

    plain = means(first, control)
    assert isinstance(alone, Pair)
    assert isinstance(plain, Pair)
    assert isinstance(both, Pair)
    assert absolute(alone).p_value == pytest.approx(absolute(plain).p_value, rel=1e-12)
    assert both.treatment == pytest.approx(0.25 * 4 + 0.75 * 7)
    assert both.treatment_variance == pytest.approx(1 / 48 + 9 / 16 * second.variance() / 4)


def test_arms_that_can_not_be_combined_are_said() -> None:
    thin = combined([Moments.of([1]), Moments.of([1, 2])], Moments.of([1, 2]))
    still = combined([Moments.of([1, 1]), Moments.of([2, 2])], Moments.of([1, 1]))

    assert isinstance(thin, NotEstimable)
    assert thin.code == Cause.TOO_FEW_UNITS
    assert isinstance(still, NotEstimable)
    assert still.code == Cause.NO_VARIATION


@pytest.mark.parametrize(
    "ask",
    [
        lambda: any_beyond(2.0, []),
        lambda: any_beyond(2.0, [1.5]),
        lambda: any_beyond(2.0, [0.5], df=0.0),
        lambda: any_beyond(2.0, [0.5], sides=3),
        lambda: critical_of_largest([0.5], alpha=0.0),
        lambda: against_control([]),
        lambda: pooled_means([], Moments.of([1, 2])),
        lambda: pooled_means([Moments.of([1, 1])], Moments.of([2, 2])),
        lambda: combined([Moments.of([1, 2])], Moments.of([1, 2]), weights=[1, 2]),
        lambda: combined([Moments.of([1, 2])], Moments.of([1, 2]), weights=[-1]),
    ],
)
def test_what_makes_no_sense_is_refused(ask) -> None:  # noqa: ANN001
    with pytest.raises(Invalid):
        ask()
