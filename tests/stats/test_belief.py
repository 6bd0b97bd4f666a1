"""What is believed of an effect: METHODS Part B 4.3 (1)-(3)."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import NotEstimable
from twyman.stats.history import (
    Belief,
    Past,
    TwoPieces,
    likelihood_ratio,
    past_effects,
    probability_of_a_bug,
    random_effects,
)

SIZES = st.floats(0.05, 5.0)
PLACES = st.floats(-5.0, 5.0)


def bug(belief: Belief, estimate: float, se: float) -> float:
    return probability_of_a_bug(likelihood_ratio(belief, estimate, se, bug_spread=10.0))


@pytest.mark.parametrize(("tau", "se", "p"), [(1, 0.8, 0.997), (1, 1.5, 0.67), (2, 1.5, 0.16)])
def test_the_published_probabilities_of_a_bug(tau: float, se: float, p: float) -> None:
    """METHODS 4.3 (3), [calc]: est = 6, w = 10, pb = .05."""
    assert bug(Belief(Past(0.0, (tau,))), 6.0, se) == pytest.approx(p, abs=0.005 if p < 0.9 else 0.0005)


def test_the_history_of_the_story_fires_where_a_wide_prior_does_not() -> None:
    """METHODS 4.3: +6 % with se .8 to 1.5 points, history .73 %: z = 3.6 to 5.5; a prior of 30 %: .2."""
    history, vendors = Belief(Past(0.0, (0.0073,))), Belief(Past(0.0, (0.3,)))

    assert history.surprise(0.06, 0.015) == pytest.approx(3.6, abs=0.05)
    assert history.surprise(0.06, 0.008) == pytest.approx(5.5, abs=0.06)
    assert vendors.surprise(0.06, 0.008) == pytest.approx(0.2, abs=0.01)


@given(m=PLACES, t=SIZES, mu=PLACES, tau=SIZES, w=st.floats(0.1, 0.9))
def test_two_normals_pool_by_their_weighted_precisions(m: float, t: float, mu: float, tau: float, w: float) -> None:
    pooled = Belief(Past(mu, (tau,)), TwoPieces(m, t, t), weight=w)
    precision = w / t**2 + (1 - w) / tau**2

    assert pooled.sd == pytest.approx(precision**-0.5, rel=1e-6)
    assert pooled.mean == pytest.approx((w * m / t**2 + (1 - w) * mu / tau**2) / precision, abs=1e-6)


@given(m=PLACES, below=SIZES, above=SIZES, mu=PLACES, tau=SIZES)
def test_the_pools_mode_lies_between_its_parts(m: float, below: float, above: float, mu: float, tau: float) -> None:
    pooled = Belief(Past(mu, (tau,)), TwoPieces(m, below, above))
    x = np.linspace(min(m, mu) - 3, max(m, mu) + 3, 4001)

    mode = x[np.argmax(0.5 * pooled.past.log_density(x) + 0.5 * TwoPieces(m, below, above).log_density(x))]

    assert min(m, mu) - 0.01 <= mode <= max(m, mu) + 0.01


@given(m=PLACES, below=SIZES, above=SIZES)
def test_two_halves_have_their_percentiles_where_they_were_said(m: float, below: float, above: float) -> None:
    said = TwoPieces(m, below, above)
    x = np.linspace(m - 12 * below, m + 12 * above, 40_001)
    mass = np.exp(said.log_density(x)) * np.gradient(x)

    shares = [float(mass[x < m + at].sum()) for at in (-1.2815515655446 * below, 0.0, 1.2815515655446 * above)]

    assert shares == pytest.approx([0.1, 0.5, 0.9], abs=0.01)


@given(m=PLACES, below=SIZES, above=SIZES)
def test_an_expectation_by_itself_has_the_mean_of_its_halves(m: float, below: float, above: float) -> None:
    alone = Belief(Past(0.0, (1.0,)), TwoPieces(m, below, above), weight=1.0)

    assert alone.mean == pytest.approx(m + (above - below) / math.sqrt(2 * math.pi), abs=1e-6)


@given(mu=PLACES, tau=SIZES, estimate=st.floats(-15, 15), se=SIZES)
def test_shrinking_by_a_normal_is_the_closed_form(mu: float, tau: float, estimate: float, se: float) -> None:
    got = Belief(Past(mu, (tau,))).shrunken(estimate, se)
    kept = tau**2 / (tau**2 + se**2)
    sd = math.sqrt(kept) * se

    assert got.mean == pytest.approx(kept * estimate + (1 - kept) * mu, abs=1e-6)
    assert got.sd == pytest.approx(sd, rel=1e-5)
    assert (got.lower, got.upper) == pytest.approx((got.mean - 1.96 * sd, got.mean + 1.96 * sd), abs=0.06 * sd)


@given(mu=PLACES, tau=SIZES, estimate=st.floats(-15, 15), se=SIZES)
def test_what_was_predicted_is_the_closed_form(mu: float, tau: float, estimate: float, se: float) -> None:
    spread = math.hypot(tau, se)
    exact = -0.5 * ((estimate - mu) / spread) ** 2 - math.log(spread * math.sqrt(2 * math.pi))

    assert Belief(Past(mu, (tau,))).log_predicted(estimate, se) == pytest.approx(exact, abs=1e-6)


@given(tau=st.floats(0.2, 2.0), se=st.floats(0.1, 2.0), estimate=st.floats(0.0, 20.0), more=st.floats(0.01, 5.0))
def test_the_further_beyond_the_prior_the_likelier_a_bug(tau: float, se: float, estimate: float, more: float) -> None:
    belief = Belief(Past(0.0, (tau, 2 * tau), (0.8, 0.2)))

    assert bug(belief, estimate + more, se) >= bug(belief, estimate, se) - 1e-9


@given(m=PLACES, below=SIZES, above=SIZES, mu=PLACES, tau=SIZES, estimate=st.floats(-15, 15), se=SIZES)
def test_good_and_bad_surprises_cost_the_same(
    m: float, below: float, above: float, mu: float, tau: float, estimate: float, se: float
) -> None:
    good = Belief(Past(mu, (tau,)), TwoPieces(m, below, above))
    bad = Belief(Past(-mu, (tau,)), TwoPieces(-m, above, below))

    assert bug(good, estimate, se) == pytest.approx(bug(bad, -estimate, se), rel=1e-6, abs=1e-12)
    assert good.surprise(estimate, se) == pytest.approx(-bad.surprise(-estimate, se), rel=1e-6, abs=1e-9)


def test_few_experiments_are_a_normal_as_wide_as_random_effects_and_their_ignorance() -> None:
    estimates, ses = [0.04, -0.01, 0.02, 0.0, 0.01, -0.02], [0.01] * 6
    found = random_effects(estimates, ses)
    past = past_effects(estimates, ses)

    assert isinstance(past, Past)
    assert not isinstance(found, NotEstimable)
    assert past.mean == found.mu
    assert past.sds == pytest.approx([math.sqrt((found.tau2 + found.se**2) * 5 / 3)])


def test_many_experiments_keep_the_tails_that_a_normal_would_deny() -> None:
    """39 effects next to nothing, and one breakthrough: the next one is no bug by being large."""
    estimates, ses = [0.001 * (-1) ** i for i in range(39)] + [0.05], [0.002] * 40

    learnt = past_effects(estimates, ses)

    assert isinstance(learnt, Past)
    sd = Belief(learnt).sd
    assert max(learnt.sds) > 3 * sd
    assert bug(Belief(learnt), 0.05, 0.002) < bug(Belief(Past(learnt.mean, (sd,))), 0.05, 0.002)


def test_fewer_than_five_experiments_are_no_history() -> None:
    assert isinstance(past_effects([0.01, 0.02, 0.0, 0.01], [0.01] * 4), NotEstimable)


def test_no_belief_is_certain_and_no_weight_beyond_one() -> None:
    with pytest.raises(Invalid, match="no belief is certain"):
        Belief(Past(0.0, (0.0,)))
    with pytest.raises(Invalid, match="a weight of 2"):
        Belief(Past(0.0, (1.0,)), weight=2)
