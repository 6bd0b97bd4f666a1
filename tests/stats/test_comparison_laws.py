"""Laws of comparisons: swapping, scaling, coherence of interval and p-value, margins and Fieller."""

import math

import pytest
from hypothesis import assume, given, strategies as st

from twyman.kernel.errors import Invalid
from twyman.stats.difference import means
from twyman.stats.estimate import Cause, Estimate, NotEstimable
from twyman.stats.lift import absolute, relative, score
from twyman.stats.margins import equivalence, noninferiority, one_sided_p
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair
from twyman.stats.proportion import proportions
from twyman.stats.ratio import ratios
from twyman.stats.tails import critical_value, upper_tail

ARMS = st.lists(st.integers(-50, 50).map(lambda x: x / 4), min_size=3, max_size=20).map(Moments.of)
ALPHAS = st.sampled_from([1e-30, 1e-6, 0.001, 0.01, 0.05, 0.2])
TESTS = st.sampled_from(["welch", "student", "wald"])


@st.composite
def pairs(draw: st.DrawFn, *, about: float = 0.0) -> Pair:
    treatment, control = (Moments(arm.count, arm.means + about, arm.products) for arm in (draw(ARMS), draw(ARMS)))
    assume(treatment.varies() and control.varies())
    pair = means(treatment, control, test=draw(TESTS))
    assert isinstance(pair, Pair)
    return pair


@given(pairs(), ALPHAS)
def test_swapping_arms_negates_effect_and_interval(pair: Pair, alpha: float) -> None:
    ours, theirs = absolute(pair, alpha=alpha), absolute(pair.swapped(), alpha=alpha)

    assert (theirs.estimate, theirs.p_value) == (-ours.estimate, ours.p_value)
    assert (theirs.lower, theirs.upper) == pytest.approx((-(ours.upper or 0), -(ours.lower or 0)), rel=1e-12)


@given(ARMS, ARMS, st.floats(0.01, 100), st.floats(-100, 100))
def test_units_of_measurement_do_not_matter(treatment: Moments, control: Moments, factor: float, shift: float) -> None:
    assume(treatment.varies() and control.varies())
    moved = [Moments(arm.count, arm.means * factor + shift, arm.products * factor**2) for arm in (treatment, control)]
    plain, scaled = means(treatment, control), means(*moved)
    assert isinstance(plain, Pair)
    assert isinstance(scaled, Pair)

    assert absolute(scaled).statistic == pytest.approx(absolute(plain).statistic, rel=1e-6, abs=1e-6)


@given(pairs(), ALPHAS)
def test_the_interval_excludes_zero_just_where_p_is_below_alpha(pair: Pair, alpha: float) -> None:
    effect = absolute(pair, alpha=alpha)
    assume(abs(effect.p_value / alpha - 1) > 1e-9)

    assert effect.lower is not None
    assert effect.upper is not None
    assert (effect.lower > 0 or effect.upper < 0) == (effect.p_value < alpha)


@given(pairs(about=30.0), ALPHAS)
def test_fieller_excludes_zero_just_where_the_difference_does(pair: Pair, alpha: float) -> None:
    lift = relative(pair, alpha=alpha)
    assume(isinstance(lift, Estimate) and abs(lift.p_value / alpha - 1) > 1e-6)
    assert isinstance(lift, Estimate)

    assert lift.lower is not None
    assert lift.upper is not None
    assert (lift.lower > 0 or lift.upper < 0) == (absolute(pair, alpha=alpha).p_value < alpha)
    assert lift.p_value == absolute(pair, alpha=alpha).p_value


@given(pairs(about=30.0) | pairs(about=-30.0), st.sampled_from([0.2, 0.05, 0.01]), st.floats(0, 2))
def test_non_inferiority_is_the_fieller_bound_beyond_the_margin(pair: Pair, alpha: float, margin: float) -> None:
    lift = relative(pair, alpha=2 * alpha)
    assume(isinstance(lift, Estimate))
    assert isinstance(lift, Estimate)
    p_up = one_sided_p(noninferiority(pair, margin=margin))
    p_down = one_sided_p(noninferiority(pair, margin=margin, improving=-1))
    assume(min(abs(p_up / alpha - 1), abs(p_down / alpha - 1)) > 1e-6)

    assert (p_up < alpha) == ((lift.lower or 0) > -margin)
    assert (p_down < alpha) == ((lift.upper or 0) < margin)


@given(pairs(about=30.0))
def test_a_negative_baseline_mirrors_the_lift(pair: Pair) -> None:
    mirrored = Pair(
        treatment=-pair.treatment,
        control=-pair.control,
        treatment_variance=pair.treatment_variance,
        control_variance=pair.control_variance,
        df=pair.df,
        treatment_units=pair.treatment_units,
        control_units=pair.control_units,
        method=pair.method,
    )
    ours, theirs = relative(pair), relative(mirrored)
    assume(isinstance(ours, Estimate))
    assert isinstance(ours, Estimate)
    assert isinstance(theirs, Estimate)

    assert theirs.estimate == pytest.approx(-ours.estimate)
    assert (theirs.lower, theirs.upper) == pytest.approx((-(ours.upper or 0), -(ours.lower or 0)))
    assert math.copysign(1, ours.estimate) == math.copysign(1, absolute(pair).estimate)


@given(pairs())
def test_a_score_has_the_tail_of_its_test(pair: Pair) -> None:
    effect = absolute(pair)

    assert 2 * upper_tail(abs(score(pair))) == pytest.approx(effect.p_value, rel=1e-9)
    assert math.copysign(1, score(pair)) == math.copysign(1, effect.statistic)


def test_equivalence_is_both_margins() -> None:
    arm = Moments.of([99.0, 100.0, 101.0] * 10)
    pair = means(arm, arm)
    assert isinstance(pair, Pair)

    low, high = equivalence(pair, within=0.01)

    assert low == pytest.approx(high, rel=0.05)
    assert one_sided_p(min(low, high)) < 0.001


def test_a_mean_far_from_zero_keeps_its_test() -> None:
    near = means(Moments.of([2.0, 3.0, 4.0]), Moments.of([1.0, 2.0, 3.0]))
    far = means(Moments.of([1e12 + 2, 1e12 + 3, 1e12 + 4]), Moments.of([1e12 + 1, 1e12 + 2, 1e12 + 3]))
    assert isinstance(near, Pair)
    assert isinstance(far, Pair)

    assert absolute(far).p_value == pytest.approx(absolute(near).p_value, rel=1e-9)


def test_a_billion_units_an_arm_give_a_log_p_value() -> None:
    treatment, control = (Moments(10**9, [mean], [[1e9]]) for mean in (1.01, 1.0))
    pair = means(treatment, control)
    assert isinstance(pair, Pair)

    effect = absolute(pair, alpha=1e-30)

    assert effect.statistic == pytest.approx(223.6, rel=1e-3)
    assert effect.log10_p == pytest.approx(-10859.6, rel=1e-3)
    assert effect.lower is not None
    assert effect.lower > 0
    assert score(pair) == pytest.approx(223.6, rel=1e-3)


FEW = Moments.of([1.0])
SOME = Moments.of([1.0, 2.0, 3.0])
SAME = Moments.of([2.0, 2.0, 2.0])
NOUGHT = Moments.of([-1.0, 0.0, 1.0])


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (means(FEW, SOME), Cause.TOO_FEW_UNITS),
        (means(SOME, Moments.empty()), Cause.TOO_FEW_UNITS),
        (means(SAME, SAME), Cause.NO_VARIATION),
        (proportions(Moments.binary(0, 9), Moments.binary(0, 9)), Cause.NO_VARIATION),
        (proportions(Moments.binary(9, 9), Moments.binary(9, 9), test="score"), Cause.NO_VARIATION),
        (ratios(Moments.of([[1, 0], [2, 0]]), Moments.of([[1, 1], [2, 1]])), Cause.NO_DENOMINATOR),
        (ratios(*[Moments.of([[3, 1], [6, 2], [9, 3]])] * 2), Cause.NO_VARIATION),
        (relative(means(SOME, NOUGHT)), Cause.BASELINE_ZERO),  # pyright: ignore[reportArgumentType]
        (relative(means(SOME, NOUGHT.scaled([1]) + Moments.of([0.1]))), Cause.UNBOUNDED_LIFT),  # pyright: ignore[reportArgumentType]
        (relative(means(NOUGHT + FEW, SOME).swapped(), method="log"), None),  # pyright: ignore
        (relative(means(Moments.of([-2.0, -1.0]), SOME), method="log"), Cause.NOT_POSITIVE),  # pyright: ignore[reportArgumentType]
    ],
)
def test_what_cannot_be_estimated_says_why(answer: Pair | Estimate | NotEstimable, code: str | None) -> None:
    if code is None:
        assert isinstance(answer, Estimate)
    else:
        assert isinstance(answer, NotEstimable)
        assert answer.code == code
        assert len(answer.text) > 20


def test_score_gives_each_arm_the_common_proportion_over_its_own_units() -> None:
    pair = proportions(Moments.binary(30, 100), Moments.binary(170, 900), test="score")

    assert isinstance(pair, Pair)
    assert (pair.treatment_variance, pair.control_variance) == pytest.approx((0.2 * 0.8 / 100, 0.2 * 0.8 / 900))


def test_one_constant_arm_is_no_obstacle() -> None:
    pair = means(SOME, SAME)

    assert isinstance(pair, Pair)
    assert pair.df == pytest.approx(2)


def test_all_of_one_arm_and_none_of_the_other_is_a_score_test() -> None:
    pair = proportions(Moments.binary(9, 9), Moments.binary(0, 9), test="score")

    assert isinstance(pair, Pair)
    assert absolute(pair).statistic == pytest.approx(math.sqrt(18))


@pytest.mark.parametrize(
    "ask",
    [
        lambda: means(SOME, SOME, test="welhc"),
        lambda: proportions(SOME, SOME),
        lambda: relative(means(SOME, SOME), method="felier"),  # pyright: ignore[reportArgumentType]
        lambda: absolute(means(SOME, SOME), alpha=0),  # pyright: ignore[reportArgumentType]
        lambda: noninferiority(means(SOME, SOME), margin=-0.1),  # pyright: ignore[reportArgumentType]
        lambda: noninferiority(means(SOME, SOME), margin=0.1, improving=0),  # pyright: ignore[reportArgumentType]
    ],
)
def test_what_makes_no_sense_is_refused(ask) -> None:  # noqa: ANN001
    with pytest.raises(Invalid):
        ask()


@given(st.floats(1, 1e9), st.floats(-290, -0.5).map(lambda e: 10**e))
def test_critical_values_and_tails_are_inverse(df: float, tail: float) -> None:
    q = critical_value(tail, df)
    assume(q < 1e150)  # beyond, the tail itself is lost to overflow in the square

    assert upper_tail(q, df) == pytest.approx(tail, rel=1e-9)
