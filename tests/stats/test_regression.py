"""Least squares: its digits, its errors by definition, and what it drops; and the two means read off it."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from twyman.kernel.errors import Invalid
from twyman.stats.adjusted_rows import Regression, regression
from twyman.stats.clusters.sandwich import contrast
from twyman.stats.covariates import Adjusted, adjusted
from twyman.stats.difference import means
from twyman.stats.estimate import Cause, Contrast, NotEstimable
from twyman.stats.lift import absolute, relative
from twyman.stats.linear import ERRORS, Fit, least_squares
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair

RNG = np.random.default_rng(4)
N = 120
T = (np.arange(N) % 3 == 0).astype(float)
X, Z = RNG.normal(size=(2, N))
Y = 5 + T + 2 * X + X * T + RNG.normal(size=N) * (1 + T)


def made(answer: object) -> Contrast:
    assert isinstance(answer, Contrast)
    return answer


def pair(answer: object) -> Pair:
    assert isinstance(answer, Pair)
    return answer


def fitted(*args: object, **options: object) -> Regression:
    answer = regression(*args, **options)  # pyright: ignore[reportArgumentType]
    assert isinstance(answer, Regression)
    return answer


@pytest.mark.parametrize("errors", list(ERRORS))
def test_errors_are_what_their_definitions_say(errors: str) -> None:
    design = np.column_stack([np.ones(N), T, X, Z])
    bread = np.linalg.inv(design.T @ design)
    leverage = np.einsum("ij,jk,ik->i", design, bread, design)
    residuals = Y - design @ bread @ design.T @ Y
    weights = {
        "classical": np.full(N, residuals @ residuals / (N - 4)),
        "HC0": residuals**2,
        "HC1": residuals**2 * N / (N - 4),
        "HC2": residuals**2 / (1 - leverage),
        "HC3": residuals**2 / (1 - leverage) ** 2,
    }[errors]
    fit = least_squares(Y, {"t": T, "x": X, "z": Z})

    ours = fit.covariance([{name: 1.0} for name in fit.names], errors=errors)

    assert not isinstance(ours, NotEstimable)
    assert ours == pytest.approx(bread @ (design.T * weights) @ design @ bread, rel=1e-9, abs=1e-12)
    assert fit.leverages() == pytest.approx(leverage)
    assert fit.coefficients == pytest.approx(np.linalg.lstsq(design, Y)[0])


@settings(max_examples=25)
@given(st.floats(1e-6, 1e6), st.floats(-1e6, 1e6))
def test_a_covariates_unit_of_measurement_does_not_matter(scale: float, shift: float) -> None:
    there = least_squares(Y, {"t": T, "x": X * scale + shift * scale})
    here = least_squares(Y, {"t": T, "x": X})

    assert made(there.contrast("t")).se == pytest.approx(made(here.contrast("t")).se, rel=1e-8)
    assert there.coefficient("x") * scale == pytest.approx(here.coefficient("x"), rel=1e-7)


def test_a_covariate_near_a_trillion_costs_no_digits() -> None:
    whole = np.round(X * 1000)
    far, near = (least_squares(Y, {"t": T, "x": whole + level}) for level in (1e12, 0.0))

    assert far.names == near.names
    assert far.coefficient("t") == pytest.approx(near.coefficient("t"), rel=1e-12)


def test_columns_that_say_nothing_new_are_dropped_in_their_order_and_named() -> None:
    fit = least_squares(
        Y, {"one": np.full(N, 3.0), "x": X, "t": T, "again": 2 * X - T + 5, "z": Z, "too": Z - X, "level": np.zeros(N)}
    )

    assert fit.names == ("intercept", "x", "t", "z")
    assert [(name, reason.code) for name, reason in fit.dropped] == [
        ("one", Cause.CONSTANT),
        ("again", Cause.COLLINEAR),
        ("too", Cause.COLLINEAR),
        ("level", Cause.CONSTANT),
    ]
    assert fit.coefficients == pytest.approx(least_squares(Y, {"x": X, "t": T, "z": Z}).coefficients, rel=1e-10)
    with pytest.raises(Invalid, match="columns before it"):
        fit.coefficient("again")


@pytest.mark.parametrize("distance", [1e-2, 1e-4, 1e-6])
def test_columns_close_together_stay_orthogonal(distance: float) -> None:
    fit = least_squares(Y, {"x": X, "near": X + distance * Z, "t": T})

    assert fit.basis.T @ fit.basis == pytest.approx(np.eye(4), abs=1e-12)
    assert fit.basis @ fit.triangle == pytest.approx(np.column_stack([np.ones(N), X, X + distance * Z, T]), abs=1e-12)
    assert fit.coefficient("near") * distance == pytest.approx(
        least_squares(Y, {"x": X, "t": T, "z": Z}).coefficient("z"), rel=1e-6
    )


def test_more_columns_than_rows_leave_no_error() -> None:
    columns = {f"c{j}": RNG.normal(size=5) for j in range(9)}
    fit = least_squares(Y[:5], columns)

    assert len(fit.names) == 5
    assert isinstance(fit.contrast("c0"), NotEstimable)
    assert isinstance(contrast(fit, "c0", np.arange(5)), NotEstimable)


@pytest.mark.parametrize("errors", ["HC2", "HC3"])
def test_a_row_that_alone_tells_of_the_effect_is_refused(errors: str) -> None:
    alone = np.zeros(N)
    alone[0] = 1.0
    fit = least_squares(Y, {"t": T, "alone": alone})

    assert isinstance(refused := fit.contrast("alone", errors=errors), NotEstimable)
    assert refused.code == Cause.TOO_FEW_UNITS
    without = least_squares(Y[1:], {"t": T[1:]})
    assert made(fit.contrast("t", errors=errors)).se == pytest.approx(made(without.contrast("t", errors=errors)).se)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: least_squares([], {}),
        lambda: least_squares([1.0, 2.0], {"x": [1.0]}),
        lambda: least_squares([1.0, np.nan], {}),
        lambda: least_squares([1.0, 2.0], {"x": [1.0, np.inf]}),
        lambda: least_squares(Y, {"x": X}).contrast("y"),
        lambda: least_squares(Y, {"x": X}).contrast("x", errors="HC9"),
        lambda: regression(Y, T + 1),
        lambda: regression(Y, T, {"x": X[1:]}),
        lambda: fitted(Y, T).pair(df="many"),
        lambda: fitted(Y, T).pair(errors="CR2"),
        lambda: fitted(Y, T).pair(errors="HC1", clusters=np.arange(N)),
    ],
)
def test_wrong_questions_are_refused(wrong: object) -> None:
    with pytest.raises(Invalid):
        wrong()  # pyright: ignore[reportCallIssue]


def test_without_covariates_it_is_welchs_two_means() -> None:
    ours, welch = pair(fitted(Y, T).pair()), pair(means(Moments.of(Y[T == 1]), Moments.of(Y[T == 0])))

    for name in ("treatment", "control", "treatment_variance", "control_variance"):
        assert getattr(ours, name) == pytest.approx(getattr(welch, name), rel=1e-12), name
    assert ours.covariance == pytest.approx(0, abs=1e-15)
    assert (ours.treatment_units, ours.control_units) == (40, 80)


def moments(*covariates: np.ndarray) -> tuple[Moments, Moments]:
    rows = np.column_stack([Y, *covariates])
    return Moments.of(rows[T == 1]), Moments.of(rows[T == 0])


@pytest.mark.parametrize(("interacted", "theta"), [(True, "per_arm"), (False, "pooled_within")])
def test_rows_and_moments_give_the_same_means_and_nearly_the_same_errors(interacted: bool, theta: str) -> None:  # noqa: FBT001
    from_moments = adjusted(*moments(X, Z), theta=theta)
    assert isinstance(from_moments, Adjusted)

    rows = fitted(Y, T, {"x": X, "z": Z}, interacted=interacted)

    ours = pair(rows.pair())
    assert (ours.treatment, ours.control) == pytest.approx((from_moments.pair.treatment, from_moments.pair.control))
    assert rows.slopes()[0] == pytest.approx(from_moments.theta[0])
    assert rows.slopes()[1] == pytest.approx(from_moments.theta[1])
    for name in ("treatment_variance", "control_variance"):
        assert getattr(ours, name) == pytest.approx(getattr(from_moments.pair, name), rel=0.15)


def test_sampled_covariates_add_what_the_rulings_say() -> None:
    """Ruling 9: theta' S theta / n to each mean's variance, and to their covariance."""
    rows = fitted(Y, T, {"x": X, "z": Z})
    spread = np.cov(np.stack([X, Z])) / N
    t, c = rows.slopes()

    given, sampled = pair(rows.pair(sampled=False)), pair(rows.pair())

    assert sampled.treatment_variance - given.treatment_variance == pytest.approx(t @ spread @ t)
    assert sampled.control_variance - given.control_variance == pytest.approx(c @ spread @ c)
    assert sampled.covariance - given.covariance == pytest.approx(t @ spread @ c)


def test_classical_errors_hide_that_arms_spread_differently() -> None:
    """T9: the smaller arm has twice the noise, and one variance for all takes a third of it."""
    rows = fitted(Y, T, {"x": X})

    classical, honest = (pair(rows.pair(errors=errors, sampled=False)).contrast().se for errors in ("classical", "HC2"))

    assert classical < 0.9 * honest


def test_clusters_in_a_regression_are_counted_as_units() -> None:
    labels = np.arange(N) // 6
    shared = RNG.normal(size=N // 6)[labels]
    treated = (labels % 2).astype(float)
    rows = fitted(Y + 3 * shared, treated, {"x": X})

    plain, clustered = pair(rows.pair()), pair(rows.pair(clusters=labels))

    assert clustered.contrast().se > 1.5 * plain.contrast().se
    assert (clustered.df or 99) < 20
    assert pair(rows.pair(clusters=labels, df="clusters")).df == N // 6 - 1
    alone = pair(rows.pair(clusters=np.arange(N)))
    for name in ("treatment_variance", "control_variance", "covariance"):
        assert getattr(alone, name) == pytest.approx(getattr(plain, name), rel=1e-9)


@settings(max_examples=25)
@given(st.floats(1e-4, 0.5))
def test_lift_and_difference_agree_on_no_effect(alpha: float) -> None:
    two = pair(fitted(Y - 0.5 * T, T, {"x": X}).pair())

    for effect in (absolute(two, alpha=alpha), relative(two, alpha=alpha)):
        assert not isinstance(effect, NotEstimable)
        assert effect.lower is not None
        assert effect.upper is not None
        assert (effect.lower > 0 or effect.upper < 0) == (effect.p_value < alpha)


def test_one_unit_in_an_arm_is_refused() -> None:
    assert isinstance(regression(Y, np.eye(N)[0]), NotEstimable)


def test_dropped_covariates_are_named_and_have_no_slope() -> None:
    rows = fitted(Y, T, {"x": X, "twice": 2 * X})

    assert [name for name, _ in rows.dropped] == ["twice", "treated:twice"]
    assert rows.slopes()[0][1] == rows.slopes()[1][1] == 0
    assert isinstance(rows.fit, Fit)
