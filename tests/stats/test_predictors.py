"""Covariates from before: none drops a unit, a ratio's past is one column, and arms that differ in them are found."""

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats

from twyman.kernel.errors import Invalid
from twyman.stats.covariates import Adjusted, adjusted
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.moments import Moments
from twyman.stats.pre_period import PreBalance, pre_balance
from twyman.stats.predictors import filled, pre_ratio, with_missing

RNG = np.random.default_rng(30)
N = 200
T = np.arange(N) % 2
X = RNG.normal(4, 1, size=N)
Y = X + RNG.normal(size=N)
NEW = RNG.random(N) < 0.3
PAST = np.where(NEW, np.nan, X)


def arms(*columns: np.ndarray) -> tuple[Moments, Moments]:
    rows = np.column_stack(columns)
    return Moments.of(rows[T == 1]), Moments.of(rows[T == 0])


def ask(*pair: Moments, **options: object) -> Adjusted:
    answer = adjusted(*pair, **options)  # pyright: ignore[reportArgumentType]
    assert isinstance(answer, Adjusted)
    return answer


@settings(max_examples=30)
@given(st.floats(-1e4, 1e4))
def test_the_constant_put_for_missing_values_does_not_matter(fill: float) -> None:
    """With the mark as a second covariate, any constant gives the same adjustment."""
    ours, theirs = ask(*arms(Y, filled(PAST, fill=fill))), ask(*arms(Y, filled(PAST)))

    assert ours.used == theirs.used == (0, 1)
    assert ours.pair.contrast().estimate == pytest.approx(theirs.pair.contrast().estimate, rel=1e-6)
    assert ours.pair.contrast().se == pytest.approx(theirs.pair.contrast().se, rel=1e-6)
    assert ours.pair.treatment_units + ours.pair.control_units == N


def test_moments_of_units_with_and_without_a_past_are_those_of_filled_rows() -> None:
    with_past, without = Moments.of(np.column_stack([Y, X])[~NEW]), Moments.of(Y[NEW])

    pooled = with_missing(with_past, without, fill=[2.0])

    rows = Moments.of(np.column_stack([Y, filled(PAST, fill=2.0)]))
    assert pooled.count == rows.count
    assert pooled.means == pytest.approx(rows.means, rel=1e-13)
    assert pooled.products == pytest.approx(rows.products, rel=1e-11)


def test_a_full_or_an_empty_past_leaves_one_column_to_drop() -> None:
    everyone, nobody = ask(*arms(Y, filled(X))), ask(*arms(Y, filled(np.full(N, np.nan))))

    assert everyone.pair == ask(*arms(Y, X)).pair
    assert [reason.code for _, reason in everyone.dropped] == [Cause.CONSTANT]
    assert nobody.used == ()
    assert with_missing(Moments.of([[1.0, 2.0]]), Moments.empty(1)).means.tolist() == [1.0, 2.0, 0.0]


NUM, DEN = RNG.poisson(4, size=N) + 0.0, RNG.poisson(8, size=N) + 1.0


@pytest.mark.parametrize("at", ["arm", "together"])
def test_a_pre_ratio_is_each_units_contribution_to_it(at: str) -> None:
    made = pre_ratio(*arms(Y, NUM, X, DEN), numerator=1, denominator=3, at=at)

    assert not isinstance(made, NotEstimable)
    for arm, side in zip(made, (1, 0), strict=True):
        mine = side == T
        base = np.ones(N, dtype=bool) if at == "together" else mine
        ratio, size = NUM[base].sum() / DEN[base].sum(), DEN[base].mean()
        column = ratio + (NUM - ratio * DEN) / size
        rows = Moments.of(np.column_stack([Y, X, column])[mine])
        assert arm.means == pytest.approx(rows.means, rel=1e-12)
        assert arm.products == pytest.approx(rows.products, rel=1e-10, abs=1e-10)


def test_two_columns_explain_at_least_as_much_as_their_ratio() -> None:
    after = RNG.poisson(NUM * 0.8 + 1) + 0.0
    both = arms(after, DEN, NUM, DEN + RNG.poisson(1, size=N))
    one = pre_ratio(*both, numerator=2, denominator=3)
    assert not isinstance(one, NotEstimable)

    gained = ask(*both, own=2, theta="pooled_within").variance_reduction

    assert gained >= ask(*one, own=2, theta="pooled_within").variance_reduction - 0.01


def test_a_past_without_denominator_has_no_ratio() -> None:
    answer = pre_ratio(*arms(Y, NUM, DEN * 0), numerator=1, denominator=2)

    assert isinstance(answer, NotEstimable)
    assert answer.code == Cause.NO_DENOMINATOR


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: filled([1.0, np.inf]),
        lambda: filled([[1.0]]),
        lambda: with_missing(Moments.of([1.0]), Moments.of([1.0])),
        lambda: with_missing(Moments.of([[1.0, 2.0]]), Moments.of([1.0]), fill=[1.0, 2.0]),
        lambda: pre_ratio(*arms(Y, NUM), numerator=1, denominator=1),
        lambda: pre_ratio(*arms(Y, NUM), numerator=1, denominator=2),
        lambda: pre_ratio(*arms(Y, NUM), numerator=0, denominator=1, at="unit"),
        lambda: pre_balance(*arms(X, NUM), test="t"),
        lambda: pre_balance(arms(X)[0], arms(X, NUM)[1]),
    ],
)
def test_wrong_questions_are_refused(wrong: object) -> None:
    with pytest.raises(Invalid):
        wrong()  # pyright: ignore[reportCallIssue]


def balance(*columns: np.ndarray, test: str = "wald") -> PreBalance:
    answer = pre_balance(*arms(*columns), test=test)
    assert isinstance(answer, PreBalance)
    return answer


def test_hotelling_of_one_covariate_is_students_test() -> None:
    student = stats.ttest_ind(X[T == 1], X[T == 0])

    ours = balance(X, test="hotelling")

    assert ours.statistic == pytest.approx(student.statistic**2)
    assert ours.p_value == pytest.approx(student.pvalue, rel=1e-10)


def test_each_is_welchs_test_and_the_joint_one_the_textbooks() -> None:
    rows = np.column_stack([X, NUM, DEN])
    gap = rows[T == 1].mean(axis=0) - rows[T == 0].mean(axis=0)
    spread = sum(np.cov(rows[side == T].T) / (N // 2) for side in (0, 1))

    ours = balance(X, NUM, DEN)

    assert ours.statistic == pytest.approx(gap @ np.linalg.solve(spread, gap))
    assert ours.p_value == pytest.approx(stats.chi2.sf(ours.statistic, 3))
    each = [stats.ttest_ind(c[T == 1], c[T == 0], equal_var=False).pvalue for c in rows.T]
    assert ours.each == pytest.approx(each, rel=1e-10)
    assert ours.standardised[0] == pytest.approx(
        gap[0] / math.sqrt((X[T == 1].var(ddof=1) + X[T == 0].var(ddof=1)) / 2)
    )


def test_hotellings_distance_is_read_off_f() -> None:
    ours = balance(X, NUM, DEN, test="hotelling")

    freedom = N - 3 - 1
    assert ours.p_value == pytest.approx(stats.f.sf(ours.statistic * freedom / (3 * (N - 2)), 3, freedom))


def test_an_invariant_of_units_and_a_broken_split_are_told_apart() -> None:
    assert balance(X * 1e6 + 1, NUM).p_value == pytest.approx(balance(X, NUM).p_value, rel=1e-6)
    assert balance(X + 2 * T, NUM).p_value < 1e-20
    assert balance(X, NUM).p_value > 0.001


def test_collinear_and_constant_covariates_count_once() -> None:
    ours = balance(np.ones(N), X, 2 * X + 1, NUM)

    assert (ours.used, ours.df) == ((1, 3), 2)
    assert ours.p_value == pytest.approx(balance(X, NUM).p_value)
    assert ours.each[0] is None
    assert ours.standardised[0] is None


def test_nothing_to_compare_is_refused() -> None:
    assert isinstance(pre_balance(Moments.of([1.0]), Moments.of([1.0, 2.0])), NotEstimable)
    assert isinstance(pre_balance(Moments.of([1.0, 1.0]), Moments.of([1.0, 1.0])), NotEstimable)
    few = pre_balance(Moments.of(np.eye(3)[:2]), Moments.of(np.eye(3)[1:]), test="hotelling")
    assert isinstance(few, NotEstimable | PreBalance)
