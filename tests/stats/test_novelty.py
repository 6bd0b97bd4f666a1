"""Effects over days since exposure: full covariance over days, trends, first days against later ones."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from twyman.kernel.errors import Invalid
from twyman.stats.difference import means
from twyman.stats.estimate import Cause, Contrast, Estimate, NotEstimable
from twyman.stats.lift import absolute
from twyman.stats.moments import Moments
from twyman.stats.over_days import DailyEffects, Novelty, combined, daily_effects, novelty, trend
from twyman.stats.pair import Pair

DAYS = 14


def _rows(seed: int, units: int, lasting: float) -> np.ndarray:
    """Days of units whose luck carries over from day to day: an autoregression of standard spread."""
    rng = np.random.default_rng(seed)
    rows = np.empty((units, DAYS))
    rows[:, 0] = rng.normal(size=units)
    for day in range(1, DAYS):
        rows[:, day] = lasting * rows[:, day - 1] + np.sqrt(1 - lasting**2) * rng.normal(size=units)
    return rows


def _novelty(treatment: Moments, control: Moments, **options: object) -> Novelty:
    answer = novelty(treatment, control, **options)  # pyright: ignore[reportArgumentType]
    assert isinstance(answer, Novelty)
    return answer


def _slope(daily: DailyEffects, covariance: np.ndarray, weights: str = "wls") -> Contrast:
    slope = trend(daily.days, daily.effects, covariance, weights=weights)
    assert isinstance(slope, Contrast)
    return slope


def _daily(treatment: Moments, control: Moments) -> DailyEffects:
    daily = daily_effects(treatment, control)
    assert isinstance(daily, DailyEffects)
    return daily


# T28: days of the same units aren't independent.


def test_days_taken_for_independent_understate_the_error_of_a_trend() -> None:
    """Luck that lasts some days looks like a trend. The true error is that over many repetitions, and it is ours."""
    arms = [[Moments.of(_rows(2 * run + arm, 60, lasting=0.9)) for arm in (0, 1)] for run in range(300)]
    days = [_daily(*couple) for couple in arms]
    truth = float(np.std([_slope(daily, daily.covariance).estimate for daily in days]))

    full = float(np.mean([_slope(daily, daily.covariance).se for daily in days]))
    apart = float(np.mean([_slope(daily, np.diag(daily.covariance)).se for daily in days]))

    assert full == pytest.approx(truth, rel=0.1)
    assert apart < 0.75 * truth


def test_days_taken_for_independent_understate_the_error_of_a_mean_over_days() -> None:
    treatment, control = (Moments.of(_rows(seed, 2000, lasting=0.9)) for seed in (1, 2))
    late = _novelty(treatment, control).late
    daily = _daily(treatment, control)
    assert isinstance(late, Estimate)

    assert np.sqrt(np.sum(daily.ses[7:] ** 2)) / 7 < 0.5 * late.se


def test_where_luck_never_ends_independence_overstates_the_error_of_a_trend() -> None:
    """A unit's constant level is no trend: the full covariance knows, and is the narrower one."""
    rng = np.random.default_rng(5)
    arms = [Moments.of(rng.normal(size=(500, DAYS)) + 5 * rng.normal(size=(500, 1))) for _ in range(2)]
    daily = _daily(*arms)

    assert _slope(daily, daily.covariance).se < 0.3 * _slope(daily, np.diag(daily.covariance)).se


# Trends.


@given(st.integers(0, 1000), st.sampled_from(["wls", "gls"]), st.sampled_from([0.0, 0.5, 0.95]))
@settings(max_examples=25)
def test_a_line_is_found_whatever_the_weights_and_shifting_it_changes_nothing(
    seed: int, weights: str, lasting: float
) -> None:
    treatment, control = (Moments.of(_rows(seed + arm, 80, lasting)) for arm in (0, 1))
    daily = _daily(treatment, control)
    line = 3.0 - 0.25 * daily.days
    plain = _slope(daily, daily.covariance, weights)
    moved = trend(daily.days + 10, daily.effects + line, daily.covariance, weights=weights)
    assert isinstance(moved, Contrast)

    assert moved.estimate == pytest.approx(plain.estimate - 0.25, abs=1e-9)
    assert moved.se == pytest.approx(plain.se, rel=1e-9)


@given(st.integers(0, 1000))
@settings(max_examples=25)
def test_no_line_is_more_precise_than_the_generalised_one(seed: int) -> None:
    treatment, control = (Moments.of(_rows(seed + arm, 80, 0.7)) for arm in (0, 1))
    daily = _daily(treatment, control)

    assert _slope(daily, daily.covariance, "gls").se <= _slope(daily, daily.covariance, "wls").se * (1 + 1e-9)


@given(st.integers(0, 1000), st.sampled_from(["wls", "gls"]))
@settings(max_examples=25)
def test_a_trend_is_the_welch_test_of_each_units_own_slope(seed: int, weights: str) -> None:
    rows = [_rows(seed + arm, 50, 0.5) for arm in (0, 1)]
    arms = [Moments.of(one) for one in rows]
    answer, daily = _novelty(*arms, weights=weights), _daily(*arms)
    slope = _slope(daily, daily.covariance, weights)
    assert isinstance(answer.trend, Estimate)

    assert (answer.trend.estimate, answer.trend.se) == pytest.approx((slope.estimate, slope.se), rel=1e-9)
    assert (answer.trend.lower or 0) < answer.trend.estimate < (answer.trend.upper or 0)


def test_first_days_less_later_ones_are_paired_by_unit() -> None:
    rows = [_rows(seed, 200, 0.8) for seed in (3, 4)]
    by_hand = means(*(Moments.of(one[:, :7].mean(axis=1) - one[:, 7:].mean(axis=1)) for one in rows))
    answer = _novelty(*(Moments.of(one) for one in rows))
    assert isinstance(by_hand, Pair)
    assert isinstance(answer.early_less_late, Estimate)
    assert isinstance(answer.early, Estimate)
    assert isinstance(answer.late, Estimate)

    ours, theirs = answer.early_less_late, absolute(by_hand)
    assert (ours.estimate, ours.se, ours.df) == pytest.approx((theirs.estimate, theirs.se, theirs.df), rel=1e-9)
    assert ours.estimate == pytest.approx(answer.early.estimate - answer.late.estimate)


def test_an_effect_that_wears_off_is_seen_and_a_lasting_one_is_not() -> None:
    control = Moments.of(_rows(1, 4000, 0.6))
    fading = _novelty(Moments.of(_rows(2, 4000, 0.6) + 0.5 * 0.8 ** np.arange(DAYS)), control)
    lasting = _novelty(Moments.of(_rows(2, 4000, 0.6) + 0.5), control)
    assert isinstance(fading.trend, Estimate)
    assert isinstance(fading.early_less_late, Estimate)
    assert isinstance(lasting.trend, Estimate)

    assert fading.trend.p_value < 1e-6
    assert fading.early_less_late.estimate > 0.2
    assert lasting.trend.p_value > 0.01


@given(st.integers(0, 100))
@settings(max_examples=20)
def test_days_cells_add_up(seed: int) -> None:
    """Cohorts' moments merge: two halves reduced apart are the whole."""
    treated, others = _rows(seed, 60, 0.5), _rows(seed + 1, 60, 0.5)
    whole = _novelty(Moments.of(treated), Moments.of(others))
    merged = _novelty(Moments.of(treated[:20]) + Moments.of(treated[20:]), Moments.of(others))
    assert isinstance(whole.trend, Estimate)
    assert isinstance(merged.trend, Estimate)

    assert merged.trend.p_value == pytest.approx(whole.trend.p_value, rel=1e-9)


# What can't be.


def test_days_without_variation_and_days_told_by_others() -> None:
    rows = _rows(1, 30, 0.5)
    constant, twice = rows.copy(), rows.copy()
    constant[:, 3] = 1.0
    twice[:, 3] = twice[:, 2]
    dead = _novelty(Moments.of(constant), Moments.of(constant))
    doubled = _novelty(Moments.of(twice), Moments.of(twice), weights="gls")

    assert isinstance(dead.trend, NotEstimable)
    assert dead.trend.code == Cause.NO_VARIATION
    assert isinstance(doubled.trend, NotEstimable)
    assert doubled.trend.code == Cause.COLLINEAR
    assert isinstance(_novelty(Moments.of(twice), Moments.of(twice)).trend, Estimate)
    assert isinstance(novelty(Moments.of(rows[:1]), Moments.of(rows)), NotEstimable)
    assert isinstance(trend([1, 2], [1, 1], [[1.0, 1.0], [1.0, 1.0]], weights="wls"), NotEstimable)


def test_what_makes_no_curve_is_refused() -> None:
    arm = Moments.of(_rows(1, 30, 0.5))
    for options in ({"early": 0}, {"early": DAYS}, {"days": [1.0] * DAYS}, {"days": [1.0, 2.0]}, {"weights": "ols"}):
        with pytest.raises(Invalid):
            novelty(arm, arm, **options)  # pyright: ignore[reportArgumentType]
    with pytest.raises(Invalid, match="make no line"):
        trend([1, 2, 3], [1, 2], [1, 1])
    with pytest.raises(Invalid, match="make no curve"):
        daily_effects(arm, arm.columns(0, 1))


def test_a_combination_of_columns_never_has_a_negative_spread() -> None:
    assert combined(Moments.of([[1e8, 1e8], [2e8, 2e8]]), np.array([1.0, -1.0])).products[0, 0] >= 0
