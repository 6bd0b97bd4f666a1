"""Strata: one is none, all together are a regression, small ones are merged, and what can't be said is refused."""

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st

from twyman.kernel.errors import Invalid
from twyman.stats.adjusted_rows import Regression, regression
from twyman.stats.covariates import Adjusted, adjusted
from twyman.stats.difference import means
from twyman.stats.estimate import Cause, Contrast, NotEstimable
from twyman.stats.lift import absolute, relative
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair
from twyman.stats.ratio import ratios
from twyman.stats.strata import Stratified, post_stratified, stratified_mean

Cells = dict[str, Moments]
RNG = np.random.default_rng(8)
N = 300
SEG = RNG.choice(["a", "b", "c"], size=N, p=[0.6, 0.3, 0.1])
T = RNG.integers(0, 2, size=N)
X = RNG.normal(size=N)
LEVEL = {"a": 0.0, "b": 5.0, "c": 11.0}
Y = np.array([LEVEL[s] for s in SEG]) + 0.4 * T * (SEG != "b") + 2 * X + RNG.normal(size=N) + 8
DEN = RNG.poisson(3, size=N) + 1.0


def cells(*columns: np.ndarray, by: np.ndarray = SEG) -> tuple[Cells, Cells]:
    rows = np.column_stack(columns)
    t, c = ({str(h): Moments.of(rows[(side == T) & (by == h)]) for h in np.unique(by)} for side in (1, 0))
    return t, c


def whole(strata: Cells) -> Moments:
    parts = list(strata.values())
    return sum(parts[1:], parts[0])


def ask(treatment: Cells, control: Cells, **options: object) -> Stratified:
    answer = post_stratified(treatment, control, **options)  # pyright: ignore[reportArgumentType]
    assert isinstance(answer, Stratified)
    return answer


@pytest.mark.parametrize("sizes", ["random", "fixed"])
@pytest.mark.parametrize("test", ["welch", "wald"])
def test_one_stratum_is_the_plain_comparison_to_the_last_digit(sizes: str, test: str) -> None:
    """Means, ratios and adjusted means alike."""
    one = np.full(N, "all")
    t, c = cells(Y, DEN, X, by=one)
    plain, ratio = cells(Y, by=one), cells(Y, DEN, by=one)
    covered = cells(Y, X, by=one)
    by_slopes = adjusted(whole(t), whole(c), own=2, test=test)
    by_slope = adjusted(whole(covered[0]), whole(covered[1]), test=test)
    assert isinstance(by_slopes, Adjusted)
    assert isinstance(by_slope, Adjusted)

    assert ask(*plain, sizes=sizes, test=test).pair == means(whole(plain[0]), whole(plain[1]), test=test)
    assert ask(*ratio, own=2, sizes=sizes, test=test).pair == ratios(whole(ratio[0]), whole(ratio[1]), test=test)
    assert ask(*covered, sizes=sizes, test=test).pair == by_slope.pair
    assert ask(t, c, own=2, sizes=sizes, test=test).pair == by_slopes.pair
    assert ask(*plain, sizes=sizes, test=test).variance_reduction == 0


def dummies() -> dict[str, np.ndarray]:
    return {h: (h == SEG).astype(float) for h in ("b", "c")}


def test_strata_are_the_regression_on_their_dummies() -> None:
    """With fixed sizes it is HC2, to rounding; random ones add what covariates' sampling adds, with n for n - 1."""
    rows = regression(Y, T, dummies())
    assert isinstance(rows, Regression)
    fixed, given = ask(*cells(Y), sizes="fixed").pair, rows.pair(sampled=False)
    random, sampled = ask(*cells(Y)).pair, rows.pair()
    assert isinstance(given, Pair)
    assert isinstance(sampled, Pair)

    assert (fixed.treatment, fixed.control) == pytest.approx((given.treatment, given.control), rel=1e-12)
    for name in ("treatment_variance", "control_variance", "covariance"):
        ours, theirs = getattr(fixed, name), getattr(given, name)
        assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-15), name
        more = getattr(sampled, name) - theirs
        assert getattr(random, name) - ours == pytest.approx(more * (N - 1) / N, rel=1e-9), name


def test_strata_take_out_what_they_explain() -> None:
    assert ask(*cells(Y)).variance_reduction > 0.5
    assert ask(*cells(Y, X)).variance_reduction > ask(*cells(Y)).variance_reduction + 0.1
    noise = RNG.choice(["u", "v", "w"], size=N)
    assert abs(ask(*cells(Y, by=noise)).variance_reduction) < 0.05


def test_the_variance_is_its_textbook_sum() -> None:
    t, c = cells(Y)
    weights = {h: (t[h].count + c[h].count) / N for h in t}
    gaps = {h: float(t[h].means[0] - c[h].means[0]) for h in t}
    effect = sum(weights[h] * gaps[h] for h in t)
    within = sum(weights[h] ** 2 * (t[h].variance() / t[h].count + c[h].variance() / c[h].count) for h in t)
    sizes = (sum(weights[h] * gaps[h] ** 2 for h in t) - effect**2) / N

    contrast = ask(t, c).pair.contrast()

    assert contrast.estimate == pytest.approx(effect)
    assert contrast.se**2 == pytest.approx(within + sizes, rel=1e-12)


@settings(max_examples=30)
@given(st.floats(0.01, 1e3), st.floats(-1e3, 1e3))
def test_scale_and_shift(scale: float, shift: float) -> None:
    moved, plain = ask(*cells(Y * scale + shift)).pair.contrast(), ask(*cells(Y)).pair.contrast()

    assert (moved.estimate, moved.se) == pytest.approx((scale * plain.estimate, scale * plain.se), rel=1e-7)
    assert moved.df == pytest.approx(plain.df, rel=1e-6)


def test_swapping_arms_negates_and_order_of_strata_does_not_matter() -> None:
    t, c = cells(Y, X)
    back = ask(c, t).pair.contrast()
    shuffled = ask(dict(reversed(t.items())), c)

    assert back.estimate == -ask(t, c).pair.contrast().estimate
    assert back.se == pytest.approx(ask(t, c).pair.contrast().se, rel=1e-12)
    assert shuffled.pair == ask(t, c).pair


@settings(max_examples=30)
@given(st.floats(1e-4, 0.5))
def test_the_lift_excludes_zero_exactly_when_the_difference_does(alpha: float) -> None:
    pair = ask(*cells(Y, X)).pair

    lift, difference = relative(pair, alpha=alpha), absolute(pair, alpha=alpha)

    assert not isinstance(lift, NotEstimable)
    assert lift.p_value == difference.p_value
    for effect in (lift, difference):
        assert effect.lower is not None
        assert effect.upper is not None
        assert (effect.lower > 0 or effect.upper < 0) == (effect.p_value < alpha)


counts = st.integers(0, 6)


@given(st.lists(st.tuples(counts, counts), min_size=1, max_size=6), st.integers(0, 10_000))
def test_small_strata_are_merged_into_the_largest_and_named(sizes: list[tuple[int, int]], seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = [f"s{j}" for j in range(len(sizes))]
    t = {name: Moments.of(rng.normal(size=n)) for name, (n, _) in zip(names, sizes, strict=True) if n}
    c = {name: Moments.of(rng.normal(size=n)) for name, (_, n) in zip(names, sizes, strict=True) if n}
    assume(sum(n for n, _ in sizes) >= 2 and sum(n for _, n in sizes) >= 2)

    answer = ask(t, c)

    large = [name for name, pair in zip(names, sizes, strict=True) if min(pair) >= 2]
    small = {name for name, pair in zip(names, sizes, strict=True) if sum(pair) and min(pair) < 2}
    assert {name for name, _ in answer.merged} == (small if large else small - {answer.strata[0].names[0]})
    assert {into for _, into in answer.merged} <= {answer.strata[0].names[0]}
    assert len(answer.strata) == max(1, len(large))
    assert sum(stratum.share for stratum in answer.strata) == pytest.approx(1)
    assert sum(stratum.pair.treatment_units for stratum in answer.strata) == sum(n for n, _ in sizes)


def test_a_stratum_missing_in_an_arm_is_merged() -> None:
    t, c = cells(Y)
    del t["c"]

    answer = ask(t, c)

    assert answer.merged == (("c", "a"),)
    assert answer.strata[0].names == ("a", "c")


def test_a_stratum_without_variation_is_known_exactly() -> None:
    t = {"still": Moments.of([1.0] * 5), "moving": Moments.of([1.0, 2.0, 4.0])}
    c = {"still": Moments.of([1.0] * 5), "moving": Moments.of([2.0, 2.5, 3.0])}

    answer = ask(t, c, sizes="fixed")

    moving = means(t["moving"], c["moving"])
    assert isinstance(moving, Pair)
    assert answer.pair.contrast().se == pytest.approx(6 / 16 * moving.contrast().se)
    assert answer.pair.df == pytest.approx(moving.df)


def test_a_ratio_is_that_of_stratified_sums() -> None:
    t, c = cells(Y, DEN)

    pair = ask(t, c, own=2).pair

    share = {h: (t[h].count + c[h].count) / N for h in t}
    top, bottom = (sum(share[h] * float(t[h].means[j]) for h in t) for j in (0, 1))
    assert pair.treatment == pytest.approx(top / bottom, rel=1e-12)
    assert pair.method == "post-stratified ratio"


def test_huge_levels_cost_no_digits() -> None:
    far, near = ask(*cells(Y + 1e12)).pair.contrast(), ask(*cells(Y)).pair.contrast()

    assert far.se == pytest.approx(near.se, rel=1e-4)


@pytest.mark.parametrize(
    ("t", "c", "code"),
    [
        ({"a": Moments.of([1.0])}, {"a": Moments.of([1.0, 2.0])}, Cause.TOO_FEW_UNITS),
        ({}, {"a": Moments.of([1.0, 2.0])}, Cause.TOO_FEW_UNITS),
        ({"a": Moments.of([1.0, 1.0])}, {"a": Moments.of([2.0, 2.0])}, Cause.NO_VARIATION),
        (
            {"a": Moments.of([1.0, 1.0]), "b": Moments.of([2.0, 2.0])},
            {"a": Moments.of([0.0, 0.0]), "b": Moments.of([1.0, 1.0])},
            Cause.NO_VARIATION,
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(t: Cells, c: Cells, code: str) -> None:
    answer = post_stratified(t, c)

    assert isinstance(answer, NotEstimable)
    assert answer.code == code


def test_a_ratio_without_denominator_is_refused() -> None:
    t, c = cells(Y, DEN * 0)

    assert isinstance(answer := post_stratified(t, c, own=2), NotEstimable)
    assert answer.code == Cause.NO_DENOMINATOR


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: post_stratified(*cells(Y), sizes="given"),
        lambda: post_stratified(*cells(Y), test="score"),
        lambda: post_stratified(*cells(Y), own=2),
        lambda: post_stratified(*cells(Y, X), theta="poled"),
        lambda: post_stratified(cells(Y)[0], cells(Y, X)[1]),
        lambda: post_stratified({}, {}),
        lambda: stratified_mean(cells(Y)[0], {"a": 1.0}),
        lambda: stratified_mean(cells(Y)[0], {"a": 1.0, "b": -1.0, "c": 1.0}),
        lambda: stratified_mean(cells(Y)[0], {"a": 1.0, "b": 1.0, "c": 1.0}, residuals="all"),
    ],
)
def test_wrong_questions_are_refused(wrong: object) -> None:
    with pytest.raises(Invalid):
        wrong()  # pyright: ignore[reportCallIssue]


def test_a_population_of_one_stratum_is_the_sample() -> None:
    sample = Moments.of(Y)

    ours = stratified_mean({"all": sample}, {"all": 1_000})

    assert isinstance(ours, Contrast)
    assert (ours.estimate, ours.se**2, ours.df) == pytest.approx((Y.mean(), sample.variance() / N, N - 1))
    assert isinstance(same := stratified_mean({"all": sample}, {"all": 1.0}, residuals="sample"), Contrast)
    assert same.se == pytest.approx(ours.se)


def test_a_stratum_of_the_population_that_nobody_comes_from_is_refused() -> None:
    answer = stratified_mean(cells(Y)[0], {"a": 1.0, "b": 1.0, "c": 1.0, "d": 1.0})

    assert isinstance(answer, NotEstimable)
    assert "'d'" in answer.text
