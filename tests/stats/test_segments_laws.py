"""Laws of segments, rates, strata, and of what an effect amounts to."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st

from twyman.kernel.errors import Invalid
from twyman.stats.chisquare import chi_square_tail
from twyman.stats.covariates import adjusted
from twyman.stats.difference import means
from twyman.stats.estimate import Cause, Contrast, Estimate, NotEstimable
from twyman.stats.lift import absolute, relative
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair
from twyman.stats.rates import RateRatio, rate_ratio
from twyman.stats.ratio import ratios
from twyman.stats.scaled import Reach, coverage, effect_per_day, global_pair, total_effect
from twyman.stats.segments import Breakdown, Heterogeneity, breakdown, heterogeneity, mantel_haenszel
from twyman.stats.segments.odds import StratifiedOdds
from twyman.stats.tails import log_upper_tail, two_sided

ARM = st.lists(st.integers(-40, 40).map(lambda x: x / 4), min_size=3, max_size=12).map(Moments.of)
SEGMENTS = st.lists(st.tuples(ARM, ARM), min_size=3, max_size=6)


def _estimable(answer: Any) -> Estimate:
    assert isinstance(answer, Estimate)
    return answer


# Segments.


@given(SEGMENTS)
@settings(max_examples=50)
def test_each_segment_against_the_rest_is_that_contrast(arms: list[tuple[Moments, Moments]]) -> None:
    answer = breakdown(arms)
    rest = arms[1]
    for couple in arms[2:]:
        rest = (rest[0] + couple[0], rest[1] + couple[1])
    own, others = means(*arms[0]), means(*rest)
    assume(isinstance(own, Pair) and isinstance(others, Pair))
    assert isinstance(own, Pair)
    assert isinstance(others, Pair)

    gap = _estimable(answer.against_rest[0])
    assert gap.estimate == pytest.approx(own.contrast().estimate - others.contrast().estimate, abs=1e-9)
    assert gap.se == pytest.approx(math.hypot(own.contrast().se, others.contrast().se))
    assert answer.effects[0] == absolute(own).__class__(**{**_fields(absolute(own)), "method": "segment"})


def _fields(estimate: Estimate) -> dict[str, Any]:
    return {name: getattr(estimate, name) for name in Estimate.__slots__}


@given(SEGMENTS, st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_the_order_of_segments_does_not_matter(arms: list[tuple[Moments, Moments]], chance: Any) -> None:
    order = list(range(len(arms)))
    chance.shuffle(order)
    plain, shuffled = breakdown(arms), breakdown([arms[i] for i in order])

    for place, i in enumerate(order):
        ours, theirs = shuffled.against_rest[place], plain.against_rest[i]
        if isinstance(theirs, Estimate):
            assert _estimable(ours).p_value == pytest.approx(theirs.p_value, rel=1e-6, abs=1e-12)
            assert shuffled.against_rest_p[place] == pytest.approx(plain.against_rest_p[i], rel=1e-6, abs=1e-12)
    if isinstance(plain.heterogeneity, Heterogeneity):
        assert isinstance(shuffled.heterogeneity, Heterogeneity)
        assert shuffled.heterogeneity.q == pytest.approx(plain.heterogeneity.q, rel=1e-9, abs=1e-12)


@given(SEGMENTS)
@settings(max_examples=50)
def test_shrunken_effects_lie_between_their_own_and_the_common_one(arms: list[tuple[Moments, Moments]]) -> None:
    answer = breakdown(arms, spread="dl")
    own = [effect.estimate for effect in answer.effects if isinstance(effect, Estimate)]

    for effect, shrunken in zip(answer.effects, answer.shrunken, strict=True):
        if isinstance(effect, Estimate) and isinstance(shrunken, Contrast):
            assert min(own) - 1e-9 <= shrunken.estimate <= max(own) + 1e-9


def _two(seed: int, gain: float, units: int = 400) -> tuple[Moments, Moments]:
    rng = np.random.default_rng(seed)
    x = rng.normal(10, 2, size=(2, units))
    return Moments.of(np.column_stack([x[0] + gain, x[0]])), Moments.of(np.column_stack([x[1], x[1] - 0.1 * x[1]]))


def test_any_comparison_and_either_scale_can_be_broken_down() -> None:
    arms = [_two(i, gain=0.5) for i in range(4)]
    plain = breakdown([(t.columns(0), c.columns(0)) for t, c in arms], scale="relative")
    narrow, ratio = breakdown(arms, compare=adjusted), breakdown(arms, compare=ratios)

    assert _estimable(plain.effects[0]).scale == "relative"
    assert _estimable(plain.effects[0]).estimate == pytest.approx(0.05, abs=0.03)
    assert _estimable(narrow.effects[0]).se < _estimable(plain.effects[0]).se * 10
    assert _estimable(ratio.effects[0]).estimate < 0.1
    with pytest.raises(Invalid, match="relative"):
        breakdown(arms, scale="relativ")


def test_a_segment_apart_is_found_and_the_others_are_not() -> None:
    arms = [_two(i, gain=0.5) for i in range(9)] + [_two(20, gain=3.0)]
    answer = breakdown([(t.columns(0), c.columns(0)) for t, c in arms])
    assert isinstance(answer.heterogeneity, Heterogeneity)

    assert answer.heterogeneity.p_value < 1e-10
    assert answer.heterogeneity.i2 > 0.8
    assert (answer.against_rest_p[9] or 1) < 1e-10
    assert 2.0 < answer.shrunken[9].estimate < 3.2  # pyright: ignore


def test_a_segment_without_units_says_so_and_the_rest_go_on() -> None:
    arm = Moments.of([1.0, 2.0, 4.0])
    answer = breakdown([(arm, arm), (arm, Moments.empty()), (arm, Moments.of([1.0, 3.0]))])

    assert isinstance(answer.effects[1], NotEstimable)
    assert answer.effects[1].code == Cause.TOO_FEW_UNITS
    assert answer.against_rest_p[1] is None
    assert isinstance(answer.against_rest[0], Estimate)
    alone = breakdown([(arm, arm)])
    assert isinstance(alone.against_rest[0], NotEstimable)
    assert isinstance(alone.heterogeneity, NotEstimable)
    assert isinstance(alone.shrunken[0], NotEstimable)
    assert breakdown([]) == Breakdown(
        effects=(), against_rest=(), against_rest_p=(), heterogeneity=heterogeneity([]), shrunken=()
    )


def test_heterogeneity_of_two_is_their_difference() -> None:
    one, other = Contrast(2.0, 0.3, None), Contrast(1.0, 0.4, None)
    test = heterogeneity([one, other])
    assert isinstance(test, Heterogeneity)

    assert test.q == pytest.approx(4.0)
    assert test.p_value == pytest.approx(two_sided(2.0)[0], rel=1e-12)
    assert test.common.estimate == pytest.approx((2 / 0.09 + 1 / 0.16) / (1 / 0.09 + 1 / 0.16))
    assert isinstance(heterogeneity([one, Contrast(1.0, 0.0, None)]), NotEstimable)


@settings(max_examples=40)
@given(st.floats(0.1, 600), st.integers(1, 40))
def test_chi_squares_tail_is_the_normals_and_falls(statistic: float, df: int) -> None:
    p, log10_p = chi_square_tail(statistic, df)

    assert (log10_p is None) == (p >= 1e-300)
    assert chi_square_tail(statistic * 1.01, df)[0] <= p
    far = 50.0 + statistic
    log = chi_square_tail(far * far, 1)[1]
    assert log == pytest.approx((math.log(2) + log_upper_tail(far)) / math.log(10), rel=1e-12)


# Rates and strata.


@settings(max_examples=40)
@given(st.integers(0, 300), st.integers(0, 300), st.floats(0.1, 50), st.floats(0.1, 50))
def test_a_rates_interval_excludes_one_just_where_p_is_below_alpha(a: int, b: int, t: float, u: float) -> None:
    rates = rate_ratio((a, t), (b, u), alpha=0.1)
    assume(isinstance(rates, RateRatio))
    assert isinstance(rates, RateRatio)
    swapped = rate_ratio((b, u), (a, t), alpha=0.1)
    assert isinstance(swapped, RateRatio)

    assert rates.lower <= rates.ratio <= rates.upper
    assert swapped.p_value == pytest.approx(rates.p_value, rel=1e-6)
    if abs(rates.p_value / 0.1 - 1) > 1e-6:
        assert (rates.lower > 1 or rates.upper < 1) == (rates.p_value < 0.1)


def test_no_events_are_not_estimable_and_nonsense_is_refused() -> None:
    assert isinstance(rate_ratio((0, 1.0), (0, 1.0)), NotEstimable)
    for bad in (((-1, 1.0), (1, 1.0)), ((1, 0.0), (1, 1.0))):
        with pytest.raises(Invalid):
            rate_ratio(*bad)


STRATA = st.lists(
    st.tuples(*[st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda x: (x[0], x[0] + x[1]))] * 2),
    min_size=1,
    max_size=5,
)


@settings(max_examples=40)
@given(STRATA)
def test_stratified_odds_turn_round_with_the_arms_and_agree_with_their_p(strata: Any) -> None:
    odds = mantel_haenszel(strata)
    assume(isinstance(odds, StratifiedOdds))
    assert isinstance(odds, StratifiedOdds)
    turned = mantel_haenszel([(c, t) for t, c in strata] + [((0, 0), (3, 5))])
    assert isinstance(turned, StratifiedOdds)

    assert turned.odds_ratio == pytest.approx(1 / odds.odds_ratio)
    assert (turned.lower, turned.upper) == pytest.approx((1 / odds.upper, 1 / odds.lower))
    if abs(odds.p_value / 0.05 - 1) > 1e-9:
        assert (odds.lower > 1 or odds.upper < 1) == (odds.p_value < 0.05)


def test_strata_that_say_nothing() -> None:
    for strata in ([], [((0, 5), (0, 5))], [((0, 0), (2, 5))]):
        assert isinstance(mantel_haenszel(strata), NotEstimable)
    with pytest.raises(Invalid, match="count units"):
        mantel_haenszel([((6, 5), (1, 5))])


# What it amounts to.


def _pair() -> Pair:
    rng = np.random.default_rng(3)
    pair = means(Moments.of(rng.normal(10.4, 3, 500)), Moments.of(rng.normal(10, 3, 500)))
    assert isinstance(pair, Pair)
    return pair


@settings(max_examples=40)
@given(st.integers(1, 10**9), st.floats(0.1, 100), st.floats(0.01, 1), st.floats(-1e6, 1e9))
def test_totals_and_global_lift_exclude_zero_where_the_effect_does(
    units: int, days: float, allocation: float, outside: float
) -> None:
    pair, reach = _pair(), Reach(units=units, days=days, allocation=allocation)
    effect, total, daily = absolute(pair), total_effect(pair, reach), effect_per_day(pair, reach)
    world = global_pair(pair, reach, outside=outside)

    assert total.estimate == pytest.approx(effect.estimate * units / allocation)
    assert daily.estimate * days == pytest.approx(total.estimate)
    assert total.p_value == daily.p_value == effect.p_value
    assert world.contrast().estimate == pytest.approx(total.estimate, rel=1e-6)
    assert world.contrast().se == pytest.approx(total.se, rel=1e-6)
    lift = relative(world)
    if isinstance(lift, Estimate):
        assert lift.p_value == pytest.approx(effect.p_value, rel=1e-4)


def test_a_global_lift_is_coverage_times_the_lift() -> None:
    pair, reach = _pair(), Reach(units=1000, days=14, allocation=0.25)
    world, local = relative(global_pair(pair, reach, outside=90_000.0)), relative(pair)
    assert isinstance(world, Estimate)
    assert isinstance(local, Estimate)

    share = coverage(pair, reach, outside=90_000.0)
    assert share == pytest.approx(4000 * pair.control / (90_000 + 1000 * pair.control))
    assert world.estimate == pytest.approx(share * local.estimate, rel=1e-12)
    everybody = relative(global_pair(pair, Reach(units=1000, days=14), outside=0.0))
    assert isinstance(everybody, Estimate)
    assert (everybody.lower, everybody.upper) == pytest.approx((local.lower, local.upper), rel=1e-12)


def test_what_reaches_nobody_is_refused() -> None:
    for options in ({"units": 0, "days": 1.0}, {"units": 1, "days": 0.0}, {"units": 1, "days": 1.0, "allocation": 1.1}):
        with pytest.raises(Invalid):
            Reach(**options)  # pyright: ignore[reportArgumentType]
    with pytest.raises(Invalid):
        global_pair(_pair(), Reach(units=1, days=1.0), outside=math.nan)
