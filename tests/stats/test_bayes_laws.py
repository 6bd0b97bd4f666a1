"""Laws of the Bayesian view: stable far out, mirrored by direction, exact for counts of any size."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.special import betaln

from twyman.kernel.errors import Invalid
from twyman.stats.bayes import (
    FLAT,
    Beta,
    BetaPosterior,
    NormalPrior,
    Posterior,
    beta_posterior,
    posterior,
    race,
    updated,
)
from twyman.stats.bayes.loss import expected_loss, log_unit_loss
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.pair import Pair
from twyman.stats.tails import two_sided

EFFECTS = st.floats(-1e3, 1e3)
ERRORS = st.floats(1e-3, 1e3)


def _view(estimate: float, se: float, prior: NormalPrior = FLAT, improving: int = 1) -> Posterior:
    answer = updated(estimate, se, prior, improving=improving)
    assert isinstance(answer, Posterior)
    return answer


def _pair(treatment: float, control: float) -> Pair:
    return Pair(
        treatment=treatment,
        control=control,
        treatment_variance=1.0,
        control_variance=1.0,
        treatment_units=100,
        control_units=100,
        method="made up",
    )


# T26: expected losses where odds and densities are no floats any more.


def test_losses_agree_with_high_precision_numbers_up_to_a_thousand_sds() -> None:
    """The expected numbers: 1 - u times Mills' ratio, by a continued fraction in 60 digits."""
    theirs = [-55.5531220361223559, -317.3584857426673791, -322.3744098724640307, -500014.7344520911584469]

    assert log_unit_loss([10, 24.9, 25.1, 1000]) == pytest.approx(theirs, rel=1e-15)


@settings(max_examples=50)
@given(EFFECTS, ERRORS)
def test_keeping_costs_what_shipping_gains_more_than_it_loses(estimate: float, se: float) -> None:
    view = _view(estimate, se)

    assert view.loss_keeping - view.loss_shipping == pytest.approx(estimate, rel=1e-9, abs=1e-12 * se)
    assert min(view.loss_keeping, view.loss_shipping) >= 0
    assert all(map(math.isfinite, view.log10_losses))
    assert not math.isnan(view.chance_to_win)


@settings(max_examples=50)
@given(st.floats(-30, 30))
def test_logarithm_and_loss_are_one_number(u: float) -> None:
    view = _view(u, 1.0)

    assert 10 ** view.log10_losses[0] == pytest.approx(view.loss_shipping, rel=1e-9)
    assert float(expected_loss(u, 1.0)) == pytest.approx(view.loss_shipping, rel=1e-14)


@settings(max_examples=50)
@given(EFFECTS, ERRORS, st.floats(-5, 5), st.floats(0.01, 10))
def test_an_inverse_metric_swaps_chances_and_losses(estimate: float, se: float, mean: float, sd: float) -> None:
    up = _view(estimate, se, NormalPrior(mean, sd, "absolute"))
    down = _view(estimate, se, NormalPrior(mean, sd, "absolute"), improving=-1)

    assert (down.loss_shipping, down.loss_keeping) == (up.loss_keeping, up.loss_shipping)
    assert down.chance_to_win == pytest.approx(1 - up.chance_to_win, abs=1e-15)
    assert down.interval() == up.interval()


@settings(max_examples=50)
@given(EFFECTS, ERRORS, st.sampled_from([1e-6, 0.01, 0.05, 0.5]))
def test_with_nothing_known_the_interval_excludes_zero_just_where_p_is_below_alpha(
    estimate: float, se: float, alpha: float
) -> None:
    view = _view(estimate, se)
    p, _ = two_sided(estimate / se)
    if abs(p / alpha - 1) > 1e-9:
        low, high = view.interval(alpha)
        assert (low > 0 or high < 0) == (p < alpha)
    assert min(view.chance_to_win, 1 - view.chance_to_win) == pytest.approx(p / 2, abs=1e-15)


@settings(max_examples=50)
@given(EFFECTS, ERRORS, st.floats(0.01, 100))
def test_a_wider_prior_says_less(estimate: float, se: float, sd: float) -> None:
    narrow, wide = (_view(estimate, se, NormalPrior(0.0, s, "absolute")) for s in (sd, 2 * sd))

    assert narrow.sd < wide.sd < se or wide.sd == pytest.approx(se)
    assert abs(narrow.mean) <= abs(wide.mean) <= abs(estimate) * (1 + 1e-12)


def test_two_experiments_are_one_after_the_other() -> None:
    once = _view(2.0, 1.0, NormalPrior(0.5, 2.0, "absolute"))
    twice = _view(3.0, 0.5, NormalPrior(once.mean, once.sd, "absolute"))
    pooled = _view((2.0 + 3.0 * 4) / 5, math.sqrt(1 / 5), NormalPrior(0.5, 2.0, "absolute"))

    assert (twice.mean, twice.sd) == pytest.approx((pooled.mean, pooled.sd), rel=1e-12)


# T18: the prior's unit is applied.


@settings(max_examples=50)
@given(st.floats(0.1, 1e6), st.sampled_from([-1, 1]))
def test_the_unit_of_the_metric_does_not_move_a_relative_prior(factor: float, sign: int) -> None:
    plain = posterior(_pair(sign * 50.0, sign * 48.0), NormalPrior(0.0, 0.01), scale="absolute")
    cents = _pair(sign * 50.0, sign * 48.0)
    cents = Pair(
        treatment=cents.treatment * factor,
        control=cents.control * factor,
        treatment_variance=factor**2,
        control_variance=factor**2,
        treatment_units=100,
        control_units=100,
        method="made up",
    )
    scaled = posterior(cents, NormalPrior(0.0, 0.01), scale="absolute")
    assert isinstance(plain, Posterior)
    assert isinstance(scaled, Posterior)

    assert scaled.mean == pytest.approx(plain.mean * factor, rel=1e-9)
    assert abs(plain.mean) < 0.25  # and it does say something: two, shrunken by a prior of half a unit


def test_a_prior_goes_to_the_other_scale_and_back() -> None:
    prior = NormalPrior(-0.02, 0.05)

    there = prior.on("absolute", baseline=-64.0)
    assert there == NormalPrior(-1.28, 3.2, "absolute")
    assert there.on("relative", baseline=-64.0) == prior
    assert FLAT.on("absolute", baseline=0.0).sd == math.inf


def test_what_is_no_belief_is_refused() -> None:
    bad: list[Any] = [(0.0, 0.0), (0.0, -1.0), (math.nan, 1.0), (math.inf, 1.0), (0.0, math.nan)]
    for mean, sd in bad:
        with pytest.raises(Invalid, match="prior"):
            NormalPrior(mean, sd)
    with pytest.raises(Invalid, match="scale"):
        NormalPrior(0.0, 1.0, "relativ")
    with pytest.raises(Invalid, match="control mean is zero"):
        NormalPrior(0.0, 1.0).on("absolute", baseline=0.0)
    with pytest.raises(Invalid, match="direction"):
        updated(1.0, 1.0, improving=0)
    with pytest.raises(Invalid, match="none"):
        updated(math.nan, 1.0)


def test_no_error_and_no_baseline_are_not_estimable() -> None:
    no_error, no_baseline = updated(1.0, 0.0), posterior(_pair(1.0, 0.0))
    assert isinstance(no_error, NotEstimable)
    assert isinstance(no_baseline, NotEstimable)

    assert (no_error.code, no_baseline.code) == (Cause.NO_VARIATION, Cause.BASELINE_ZERO)


# Several arms.


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0.05, 5)), min_size=2, max_size=6), st.sampled_from([1, -1]))
@settings(max_examples=25)
def test_chances_add_up_and_losses_differ_by_the_means(arms: list[tuple[float, float]], improving: int) -> None:
    centre, spread = zip(*arms, strict=True)
    standing = race(centre, spread, improving=improving)

    assert sum(standing.chance_best) == pytest.approx(1)
    best = [loss + improving * mean for loss, mean in zip(standing.expected_loss, centre, strict=True)]
    assert best == pytest.approx([best[0]] * len(best), rel=1e-9, abs=1e-9)


@settings(max_examples=50)
@given(st.floats(-300, 300), st.floats(0.1, 3), st.floats(0.1, 3))
def test_a_race_of_two_is_the_normal_posterior_of_their_difference(gap: float, one: float, other: float) -> None:
    standing, view = race([gap, 0.0], [one, other]), _view(gap, math.hypot(one, other))

    if abs(view.mean / view.sd) < 35:
        assert standing.chance_best[0] == pytest.approx(view.chance_to_win, rel=1e-9)
        assert standing.expected_loss == pytest.approx((view.loss_shipping, view.loss_keeping), rel=1e-9)
    assert not any(map(math.isnan, standing.chance_best + standing.expected_loss))


def test_what_is_no_race_is_refused() -> None:
    for arms in (([1.0], [1.0]), ([1.0, 2.0], [1.0]), ([1.0, 2.0], [1.0, 0.0]), ([1.0, math.nan], [1.0, 1.0])):
        with pytest.raises(Invalid):
            race(*arms)


# Counts.


def test_small_counts_agree_with_the_sum_over_successes() -> None:
    """For whole numbers the chance is a sum of ratios of beta functions (and, here, of factorials)."""
    rates = beta_posterior((0, 3), (10, 10))

    assert rates.chance_to_win == pytest.approx(1 / math.comb(15, 4), rel=1e-12)


@given(
    st.tuples(st.integers(0, 50), st.integers(0, 50)),
    st.tuples(st.integers(0, 50), st.integers(0, 50)),
    st.sampled_from([(1, 1), (0.5, 0.5), (0.01, 0.01), (0.02, 30), (10, 90)]),
)
@settings(max_examples=8)
def test_swapping_rates_turns_the_chance_round(one: Any, other: Any, prior: Any) -> None:
    one, other = (one[0], one[0] + one[1]), (other[0], other[0] + other[1])
    here, there = beta_posterior(one, other, prior=Beta(*prior)), beta_posterior(other, one, prior=Beta(*prior))
    inverse = beta_posterior(one, other, prior=Beta(*prior), improving=-1)

    assert here.chance_to_win + there.chance_to_win == pytest.approx(1, abs=1e-12)
    assert here.loss_shipping == there.loss_keeping == inverse.loss_keeping
    assert here.loss_keeping - here.loss_shipping == pytest.approx(here.mean, abs=1e-11)


@pytest.mark.parametrize("n", [10**4, 10**6, 10**9])
def test_large_counts_agree_with_the_normal_posterior(n: int) -> None:
    """Within a few parts in n: about one half a beta is that close to the normal of its mean and spread."""
    k, gap = n // 2, math.isqrt(n) // 2
    rates = beta_posterior((k + gap, n), (k - gap, n))
    view = _view(rates.mean, rates.sd)

    assert rates.chance_to_win == pytest.approx(view.chance_to_win, rel=3 / n)
    assert rates.loss_shipping == pytest.approx(view.loss_shipping, rel=3 / n)
    assert rates.interval() == pytest.approx(view.interval(), rel=3 / n)


@pytest.mark.parametrize("a", [0.5, 10.0, 1e6, 5e8])
def test_a_symmetric_betas_log_odds_fall_as_a_hyperbolic_cosine(a: float) -> None:
    """In closed form, so that no digits are lost where two terms of a billion nearly cancel."""
    odds = np.linspace(-6, 6, 25) / math.sqrt(a)

    expected = -2 * a * np.log1p(2 * np.sinh(odds / 4) ** 2)
    assert Beta(a, a).log_density(odds) == pytest.approx(expected, rel=1e-10, abs=1e-10)


@pytest.mark.parametrize(("a", "b"), [(0.01, 0.01), (0.02, 30), (0.5, 0.5), (3, 8), (1000, 3000)])
def test_two_equal_rates_lose_half_of_ginis_mean_difference(a: float, b: float) -> None:
    """In closed form: 4 / (a + b) times B(a + b, a + b) / (B(a, a) B(b, b)) for two draws of one beta."""
    difference = 4 / (a + b) * math.exp(float(betaln(a + b, a + b) - betaln(a, a) - betaln(b, b)))
    rates = BetaPosterior(Beta(a, b), Beta(a, b))

    assert rates.loss_shipping == pytest.approx(difference / 2, rel=1e-9)
    assert rates.chance_to_win == pytest.approx(0.5, rel=1e-12)


def test_a_hopeless_case_has_its_digits() -> None:
    """The exact chance, for whole numbers: of all orders of 2002 draws in which the first 601 come last."""
    rates = beta_posterior((0, 1000), (600, 1000))
    exact = math.lgamma(1002) + math.lgamma(1402) - math.lgamma(2003) - math.lgamma(401)

    assert math.log(rates.chance_to_win) == pytest.approx(exact, rel=1e-12)
    assert 0 < rates.loss_keeping < 1e-240


def test_a_difference_of_rates_has_an_interval_with_its_share_outside() -> None:
    rng = np.random.default_rng(3)
    rates = beta_posterior((3, 10), (300_000, 10**6))
    low, high = rates.interval(0.1)

    draws = rng.beta(4, 8, 200_000) - rng.beta(300_001, 700_001, 200_000)
    assert np.mean(draws < low) == pytest.approx(0.05, abs=0.003)
    assert np.mean(draws > high) == pytest.approx(0.05, abs=0.003)


def test_counts_that_cannot_be_are_refused() -> None:
    for bad in (lambda: Beta(0, 1), lambda: Beta(1, math.inf), lambda: beta_posterior((3, 2), (1, 2))):
        with pytest.raises(Invalid):
            bad()
    with pytest.raises(Invalid, match="direction"):
        beta_posterior((1, 2), (1, 2), improving=2)
