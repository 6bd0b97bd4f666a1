"""Adjustment: what it leaves alone, what it drops, and how its pieces hang together."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from twyman.kernel.errors import Invalid
from twyman.stats.covariates import THETAS, Adjusted, adjusted
from twyman.stats.difference import means
from twyman.stats.estimate import Cause, Estimate, NotEstimable
from twyman.stats.lift import relative
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair
from twyman.stats.ratio import ratios

RNG = np.random.default_rng(11)


def users(n: int, effect: float = 0.0, slope: float = 1.0) -> np.ndarray:
    """Rows of metric and two covariates."""
    x = RNG.normal(5, 2, size=n)
    z = RNG.normal(0, 1, size=n)
    return np.column_stack([effect + slope * x + 0.5 * z + RNG.normal(size=n), x, z])


TREATED, CONTROL = users(500, effect=0.3), users(700)
T, C = Moments.of(TREATED), Moments.of(CONTROL)


def ask(treatment: Moments, control: Moments, **options: object) -> Adjusted:
    answer = adjusted(treatment, control, **options)  # pyright: ignore[reportArgumentType]
    assert isinstance(answer, Adjusted)
    return answer


@pytest.mark.parametrize("theta", THETAS)
@given(st.floats(-1e3, 1e3))
def test_a_constant_covariate_leaves_the_comparison_as_it_was(theta: str, constant: float) -> None:
    arms = [Moments.of(np.column_stack([rows[:, 0], np.full(len(rows), constant)])) for rows in (TREATED, CONTROL)]

    answer = ask(*arms, theta=theta)

    assert answer.pair == means(T.columns(0), C.columns(0))
    assert [reason.code for _, reason in answer.dropped] == [Cause.CONSTANT]
    assert (answer.variance_reduction, answer.used, answer.correlation) == (0.0, (), None)


@pytest.mark.parametrize("theta", THETAS)
def test_a_covariate_that_says_the_same_is_dropped_and_named(theta: str) -> None:
    twice = [Moments.of(np.column_stack([rows, rows[:, 1] * 3 - rows[:, 2] + 7])) for rows in (TREATED, CONTROL)]

    answer = ask(*twice, theta=theta)

    assert answer.used == (0, 1)
    assert [(index, reason.code) for index, reason in answer.dropped] == [(2, Cause.COLLINEAR)]
    assert answer.theta[0][2] == 0
    assert answer.pair == ask(T, C, theta=theta).pair


def test_scales_of_covariates_do_not_matter() -> None:
    wide = ask(T.scaled([1, 1e9, 1e-9]), C.scaled([1, 1e9, 1e-9]))

    assert wide.pair.contrast().se == pytest.approx(ask(T, C).pair.contrast().se, rel=1e-9)


def test_per_arm_slopes_are_each_arms_regression() -> None:
    answer = ask(T, C)

    for rows, theta in ((TREATED, answer.theta[0]), (CONTROL, answer.theta[1])):
        design = np.column_stack([np.ones(len(rows)), rows[:, 1:]])
        assert theta == pytest.approx(np.linalg.lstsq(design, rows[:, 0])[0][1:])


def test_the_joint_covariance_is_that_of_the_rulings() -> None:
    answer, everyone = ask(T, C), T + C
    spread = everyone.columns(1, 2).covariance() / everyone.count
    t, c = answer.theta

    assert answer.pair.covariance == pytest.approx(t @ spread @ c)
    design = np.column_stack([np.ones(len(TREATED)), TREATED[:, 1:]])
    residual = TREATED[:, 0] - design @ np.linalg.lstsq(design, TREATED[:, 0])[0]
    own = residual @ residual / (len(TREATED) - 3) / len(TREATED)
    assert answer.pair.treatment_variance == pytest.approx(own + t @ spread @ t)


@pytest.mark.parametrize("theta", ["pooled", "pooled_within"])
def test_the_pooled_difference_is_welch_on_adjusted_values(theta: str) -> None:
    answer = ask(T, C, theta=theta)
    weights = np.concatenate([[1.0], -answer.theta[0]])

    plain = means(Moments.of(TREATED @ weights), Moments.of(CONTROL @ weights))

    assert isinstance(plain, Pair)
    ours, theirs = answer.pair.contrast(), plain.contrast()
    assert (ours.estimate, ours.se, ours.df) == pytest.approx((theirs.estimate, theirs.se, theirs.df))


def test_third_arms_sharpen_the_covariates_mean() -> None:
    everyone = T + C + Moments.of(users(5000))

    wide, narrow = ask(T, C, everyone=everyone), ask(T, C)

    assert wide.pair.covariance < narrow.pair.covariance
    assert wide.pair.treatment != narrow.pair.treatment


def test_one_covariates_correlation_has_its_sign() -> None:
    rows = users(400, slope=-1.0)[:, :2]
    arms = Moments.of(rows[:200]), Moments.of(rows[200:])

    answer = ask(*arms)

    assert answer.correlation == pytest.approx(np.corrcoef(rows.T)[0, 1])
    assert answer.correlations == (answer.correlation,)


def test_a_ratio_is_adjusted_through_its_linearisation() -> None:
    def sessions(n: int) -> Moments:
        den = RNG.poisson(5, size=n) + 1.0
        before = RNG.normal(size=n)
        return Moments.of(np.column_stack([den * 0.3 + before + RNG.normal(size=n) * 0.3, den, before]))

    treatment, control = sessions(900), sessions(800)

    answer = ask(treatment, control, own=2)

    raw = ratios(treatment.columns(0, 1), control.columns(0, 1))
    assert isinstance(raw, Pair)
    assert answer.correlation is None
    assert answer.variance_reduction > 0.5
    assert abs(answer.pair.contrast().estimate - raw.contrast().estimate) < 4 * raw.contrast().se


def test_wald_takes_normal_quantiles() -> None:
    assert ask(T, C, test="wald").pair.df is None
    assert ask(T, C).pair.df == pytest.approx(1000, rel=0.2)


def test_too_few_units_drop_covariates_before_they_eat_all_freedom() -> None:
    answer = ask(Moments.of(TREATED[:4]), Moments.of(CONTROL[:4]))

    assert answer.used == (0,)
    assert [(index, reason.code) for index, reason in answer.dropped] == [(1, Cause.TOO_FEW_UNITS)]


def test_a_metric_that_its_covariate_foretells_exactly_is_refused() -> None:
    x = np.arange(20.0)
    rows = np.column_stack([2 * x, x])

    answer = adjusted(Moments.of(rows[::2]), Moments.of(rows[1::2]), theta="pooled")

    assert isinstance(answer, NotEstimable)
    assert answer.code == Cause.NO_VARIATION


def test_without_a_raw_comparison_there_is_no_adjusted_one() -> None:
    assert isinstance(adjusted(Moments.of(TREATED[:1]), C), NotEstimable)


@pytest.mark.parametrize(
    "options",
    [{"theta": "poled"}, {"test": "student"}, {"own": 3}, {"everyone": Moments.empty(2)}],
)
def test_unknown_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        adjusted(T, C, **options)  # pyright: ignore[reportArgumentType]


def test_slopes_found_elsewhere_are_taken_as_they_are() -> None:
    answer = ask(T, C, theta=[0.9, 0.4])
    weights = np.array([1.0, -0.9, -0.4])

    plain = means(Moments.of(TREATED @ weights), Moments.of(CONTROL @ weights))

    assert isinstance(plain, Pair)
    ours, theirs = answer.pair.contrast(), plain.contrast()
    assert (ours.estimate, ours.se, ours.df) == pytest.approx((theirs.estimate, theirs.se, theirs.df))
    assert (answer.used, answer.correlation) == ((0, 1), None)
    assert [slopes.tolist() for slopes in answer.theta] == [[0.9, 0.4], [0.9, 0.4]]
    pooled = ask(T, C, theta="pooled")
    assert ask(T, C, theta=list(pooled.theta[0])).pair == pooled.pair


def test_slopes_of_zero_leave_the_difference_as_it_was() -> None:
    plain = means(T.columns(0), C.columns(0))

    assert isinstance(plain, Pair)
    ours = ask(T, C, theta=[0.0, 0.0]).pair
    assert (ours.contrast().estimate, ours.contrast().se) == pytest.approx(
        (plain.contrast().estimate, plain.contrast().se)
    )


def test_an_effect_bends_the_slope_of_both_arms_thrown_together_but_not_the_one_within() -> None:
    """T7: where arms differ in the covariate by chance, a large effect looks like a slope."""
    moved = Moments.of(TREATED + np.array([50.0, 0.0, 0.0]))

    shift = {theta: ask(moved, C, theta=theta).theta[0][0] - ask(T, C, theta=theta).theta[0][0] for theta in THETAS}

    assert abs(shift["pooled"]) > 0.05
    assert abs(shift["pooled_within"]) < 1e-9
    assert abs(shift["per_arm"]) < 1e-9


def test_adjusted_means_are_not_independent() -> None:
    """T5, T6: they share the covariates' mean; without their covariance the lift's interval would be too wide."""
    pair = ask(T, C).pair

    assert pair.covariance > 0.2 * min(pair.treatment_variance, pair.control_variance)
    apart = math.sqrt(pair.treatment_variance + pair.control_variance)
    assert pair.contrast().se < 0.85 * apart
    lift = relative(pair, method="delta")
    assert isinstance(lift, Estimate)
    ratio = pair.treatment / pair.control
    gradient = np.array([1 / pair.control, -ratio / pair.control])
    joint = np.array([[pair.treatment_variance, pair.covariance], [pair.covariance, pair.control_variance]])
    assert lift.se == pytest.approx(math.sqrt(gradient @ joint @ gradient))


@pytest.mark.parametrize("theta", [[1.0], [1.0, float("nan")], []])
def test_slopes_must_match_covariates(theta: list[float]) -> None:
    with pytest.raises(Invalid):
        adjusted(T, C, theta=theta)
