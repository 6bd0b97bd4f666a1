"""What must hold of confidence sequences: bound and p-value are one, the same bound under four names, fair bets."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st
from scipy.special import gammaln

from twyman.kernel.errors import Invalid
from twyman.stats.anytime.arrays import log_p_of_fixed, nominal_alphas
from twyman.stats.anytime.boundary import Asymptotic, Boundary, MixtureSprt, nominal_alpha
from twyman.stats.anytime.mixture import critical_values, log_e_values, log_p_values, rate_for
from twyman.stats.anytime.mixtures import NormalMixture, best_rho, mixture_bound
from twyman.stats.anytime.regression import Regression, f_log_e, t_log_e, z_radius
from twyman.stats.anytime.running import intersections, smallest
from twyman.stats.anytime.sequence import difference, lift, margin_p
from twyman.stats.difference import means
from twyman.stats.estimate import Cause, Contrast, Estimate, NotEstimable
from twyman.stats.lift import absolute, relative
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair

few = settings(max_examples=25)

alphas = st.floats(1e-6, 0.4)
weights = st.floats(1e-3, 1e6)
scores = st.floats(-12, 12)
sides = st.sampled_from([1, 2])
dfs = st.one_of(st.none(), st.floats(5, 1e6))
units = st.integers(200, 10**7)
boundaries = st.one_of(
    st.builds(Asymptotic.tuned_for, st.floats(1_000, 1e6)),
    st.builds(MixtureSprt, st.floats(0.05, 5)),
    st.builds(Regression, st.floats(5, 1e5)),
)
pairs = st.builds(
    Pair,
    treatment=st.floats(5, 15),
    control=st.floats(5, 15),
    treatment_variance=st.floats(0.01, 0.5),
    control_variance=st.floats(0.01, 0.5),
    covariance=st.floats(-0.009, 0.009),
    df=dfs,
    treatment_units=st.integers(100, 100_000),
    control_units=st.integers(100, 100_000),
    method=st.just("made"),
)


@few
@given(score=scores, weight=weights, alpha=alphas, sides=sides)
def test_the_bound_is_crossed_exactly_where_the_p_value_is_at_most_alpha(
    score: float, weight: float, alpha: float, sides: int
) -> None:
    bound = float(critical_values(weight, alpha=alpha, sides=sides))
    reached = abs(score) if sides == 2 else score
    assume(abs(reached - bound) > 1e-9 * bound)

    log_p = float(log_p_values(score, weight, sides=sides))

    assert (reached > bound) == (log_p < math.log(alpha))


@few
@given(boundary=boundaries, score=scores, df=dfs, n=units, alpha=alphas, sides=sides)
def test_so_do_all_boundaries_at_any_degrees_of_freedom(
    boundary: Boundary, score: float, df: float | None, n: int, alpha: float, sides: int
) -> None:
    contrast = Contrast(score * 0.3, 0.3, df)
    bound = boundary.critical(contrast, n, alpha, sides)
    reached = abs(contrast.statistic) if sides == 2 else contrast.statistic
    assume(abs(reached - bound) > 1e-7 * abs(reached))

    assert (reached > bound) == (boundary.log_p(contrast, n, sides) < math.log(alpha))


@few
@given(rate=st.floats(1e-6, 1.0), n=st.integers(2, 10**8), alpha=alphas, se=st.floats(0.01, 10))
def test_one_bound_goes_by_four_names(rate: float, n: int, alpha: float, se: float) -> None:
    contrast = Contrast(1.0, se, None)
    bound = Asymptotic(rate).critical(contrast, n, alpha)

    mixture_test = MixtureSprt(se * math.sqrt(rate * n)).critical(contrast, n, alpha)
    howard_ramdas = mixture_bound(NormalMixture(1 / rate), n, alpha=alpha) / math.sqrt(n)
    regression = z_radius(n=n, g=1 / rate, alpha=alpha)

    assert [mixture_test, howard_ramdas, regression] == pytest.approx([bound] * 3, rel=1e-9)


@few
@given(t=st.floats(0, 8), df=st.floats(1e9, 1e10), n=st.floats(10, 1e6), g=st.floats(1, 1e4))
def test_many_degrees_of_freedom_are_a_known_variance(t: float, df: float, n: float, g: float) -> None:
    assert float(t_log_e(t, df=df, n=n, g=g)) == pytest.approx(float(log_e_values(t, n / g)), abs=1e-5)


@few
@given(f=st.floats(0, 50), df=st.floats(3, 1e5), n=st.floats(10, 1e6))
def test_f_of_one_term_is_t_squared(f: float, df: float, n: float) -> None:
    t = float(t_log_e(math.sqrt(f), df=df, n=n, g=3.0))
    assert float(f_log_e(f, terms=1, df=df, n=n, g=3.0)) == pytest.approx(t, rel=1e-12, abs=1e-12)


@few
@given(pair=pairs, boundary=boundaries, alpha=alphas, sides=sides, improving=st.sampled_from([1, -1]))
def test_the_interval_excludes_zero_exactly_where_the_p_value_is_below_alpha(
    pair: Pair, boundary: Boundary, alpha: float, sides: int, improving: int
) -> None:
    look = difference(pair, boundary, alpha=alpha, sides=sides, improving=improving)

    assert isinstance(look, Estimate)
    excluded = (look.lower is not None and look.lower > 0) or (look.upper is not None and look.upper < 0)
    assert excluded == (look.p_value < alpha)


@few
@given(pair=pairs, boundary=boundaries, alpha=alphas, sides=sides)
def test_the_lift_excludes_zero_exactly_where_the_difference_does(
    pair: Pair, boundary: Boundary, alpha: float, sides: int
) -> None:
    plain = difference(pair, boundary, alpha=alpha, sides=sides)
    ours = lift(pair, boundary, alpha=alpha, sides=sides)
    assume(isinstance(ours, Estimate))
    assert isinstance(plain, Estimate)
    assert isinstance(ours, Estimate)
    assert ours.p_value == pytest.approx(plain.p_value, rel=1e-9)
    assume(abs(ours.p_value - alpha) > 1e-7 * alpha)

    assert ((ours.lower or 0) > 0 or (ours.upper or 0) < 0) == (ours.p_value < alpha)


@few
@given(pair=pairs, boundary=boundaries, margin=st.floats(0, 0.3), alpha=alphas, improving=st.sampled_from([1, -1]))
def test_a_margin_holds_exactly_where_the_one_sided_lift_clears_it(
    pair: Pair, boundary: Boundary, margin: float, alpha: float, improving: int
) -> None:
    assume(not isinstance(boundary, MixtureSprt))  # whose weight is that of each contrast
    ours = lift(pair, boundary, alpha=alpha, sides=1, improving=improving)
    verdict = margin_p(pair, boundary, margin=margin, improving=improving)
    assume(isinstance(ours, Estimate))
    assert isinstance(ours, Estimate)
    assert isinstance(verdict, tuple)
    end = ours.lower if improving == 1 else ours.upper
    assert end is not None
    assume(abs(end + improving * margin) > 1e-7)

    assert (improving * end > -margin) == (verdict[0] < alpha)


@few
@given(pair=pairs, boundary=boundaries, alpha=alphas)
def test_nominal_alpha_hands_the_look_to_the_fixed_horizon_methods(
    pair: Pair, boundary: Boundary, alpha: float
) -> None:
    n = pair.treatment_units + pair.control_units
    nominal = nominal_alpha(boundary, pair.contrast(), n, alpha=alpha)
    assume(nominal > 0)
    ours = difference(pair, boundary, alpha=alpha)

    fixed = absolute(pair, alpha=nominal)

    assert isinstance(ours, Estimate)
    assert nominal < alpha
    assert [fixed.lower, fixed.upper] == pytest.approx([ours.lower, ours.upper], rel=1e-7, abs=1e-7)


@few
@given(pair=pairs, n=st.floats(1_000, 1e6), alpha=alphas)
def test_tables_of_comparisons_are_read_as_single_ones_are(pair: Pair, n: float, alpha: float) -> None:
    plan, units = Asymptotic.tuned_for(n), pair.treatment_units + pair.control_units
    fixed, ours = absolute(pair), difference(pair, plan, alpha=alpha)
    assert isinstance(ours, Estimate)
    assume(fixed.log10_p is None)

    log_p = log_p_of_fixed([math.log(fixed.p_value)], plan.weight(units))
    nominal = nominal_alphas([plan.weight(units)], alpha=alpha)

    assert math.exp(log_p[0]) == pytest.approx(ours.p_value, rel=1e-6, abs=1e-300)
    assert nominal[0] == pytest.approx(nominal_alpha(plan, pair.contrast(), units, alpha=alpha), rel=1e-6)


@few
@given(pair=pairs, boundary=boundaries)
def test_swapping_arms_turns_the_interval_around(pair: Pair, boundary: Boundary) -> None:
    one, other = difference(pair, boundary), difference(pair.swapped(), boundary)

    assert isinstance(one, Estimate)
    assert isinstance(other, Estimate)
    assert one.lower == pytest.approx(-(other.upper or 0), abs=1e-12)
    assert one.p_value == other.p_value


@few
@given(n=st.floats(100, 1e9), alpha=st.floats(1e-4, 0.2))
def test_tuning_is_within_a_thousandth_of_the_best(n: float, alpha: float) -> None:
    tuned = float(critical_values(rate_for(n, alpha=alpha) * n, alpha=alpha))
    best = float(critical_values(np.geomspace(0.5, 200, 4_000), alpha=alpha).min())
    assert best <= tuned * (1 + 1e-12) <= best * 1.001


def test_a_mixture_that_shrinks_with_the_data_collapses_to_a_constant() -> None:
    """Trap 13: tuned anew at every look, the bound stays put, and a random walk crosses any constant."""
    looks = np.geomspace(100, 1e12, 20)
    anew = [float(critical_values(rate_for(n) * n)) for n in looks]
    kept = critical_values(rate_for(100) * looks)

    assert anew == pytest.approx([anew[0]] * len(looks), rel=1e-12)
    assert (np.diff(kept) > 0).all()
    assert kept[-1] > 5
    assert anew[-1] < 3.1


def test_an_exact_p_value_goes_to_where_floats_end_and_on() -> None:
    pair = Pair(
        treatment=2.0, control=1.0, treatment_variance=1e-5, control_variance=1e-5,
        treatment_units=50_000, control_units=50_000, method="made",
    )  # fmt: skip
    look = difference(pair, Asymptotic.tuned_for(10_000))
    assert isinstance(look, Estimate)
    assert look.p_value == 0.0
    assert look.log10_p == pytest.approx(-10_721.3, abs=0.1)


@few
@given(weight=st.floats(1e-3, 30))
def test_the_normal_bet_is_fair(weight: float) -> None:
    """Under the null hypothesis it pays one for one, and the closed one-sided form a little less."""
    z = np.linspace(-60, 60, 2_001)
    log_mass = -z * z / 2 + math.log((z[1] - z[0]) / math.sqrt(2 * math.pi))
    exact = NormalMixture(1.0, 1)

    both, closed = (np.exp(log_mass + log_e_values(z, weight, sides=sides)).sum() for sides in (2, 1))
    upward = [exact.log_mixture(float(score) * math.sqrt(weight), weight) for score in z]

    assert both == pytest.approx(1, abs=1e-9)
    assert np.exp(log_mass + upward).sum() == pytest.approx(1, abs=1e-9)
    assert closed < 1


@pytest.mark.parametrize("df", [3.0, 30.0])
@pytest.mark.parametrize("g", [0.5, 40.0])
def test_the_bet_on_a_t_statistic_is_fair_from_the_first_degrees_of_freedom_on(df: float, g: float) -> None:
    t = np.sinh(np.linspace(-25, 25, 20_001))
    log_density = -(df + 1) / 2 * np.log1p(t * t / df) + gammaln((df + 1) / 2) - gammaln(df / 2)
    step = np.cosh(np.linspace(-25, 25, 20_001)) * 50 / 20_000
    mass = np.exp(log_density - math.log(df * math.pi) / 2) * step

    assert float(mass @ np.exp(t_log_e(t, df=df, n=50, g=g))) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("t", [-1.0, 3.0])
@pytest.mark.parametrize(("df", "n", "g"), [(3.0, 5, 1.0), (10.0, 12, 4.0), (60.0, 62, 0.5)])
def test_the_bets_on_a_t_statistic_are_the_mixtures_of_its_likelihoods(t: float, df: float, n: int, g: float) -> None:
    """Effects in standard deviations are N(0, 1 / g), or its positive half twice; the variance is integrated out."""
    u = np.linspace(1e-6, 3.5, 401)[:, None]  # observed over true standard deviation
    shift = np.linspace(0, 8 * math.sqrt(n / g), 6_001)[None, :]
    spread = u**df * np.exp(-df * u**2 / 2)
    null = (np.exp(-((t * u) ** 2) / 2) * spread).sum()
    step = float(shift[0, 1] - shift[0, 0])
    prior = np.exp(-(shift**2) * g / n / 2) * math.sqrt(g / n / 2 / math.pi) * step
    prior[0, 0] /= 2
    up, down = ((np.exp(-((t * u - side * shift) ** 2) / 2) * spread * prior).sum() / null for side in (1, -1))

    assert math.exp(float(t_log_e(t, df=df, n=n, g=g))) == pytest.approx(up + down, rel=5e-4)
    assert math.exp(Regression(g)._one_sided(t, df, n)) == pytest.approx(2 * up, rel=5e-4)


@few
@given(pair=pairs, boundary=boundaries, alpha=alphas)
def test_looking_whenever_one_likes_costs_width(pair: Pair, boundary: Boundary, alpha: float) -> None:
    anytime, once = difference(pair, boundary, alpha=alpha), absolute(pair, alpha=alpha)
    assert isinstance(anytime, Estimate)
    assert (anytime.lower or 0) < (once.lower or 0) < (once.upper or 0) < (anytime.upper or 0)
    assert anytime.p_value >= once.p_value


def test_what_cannot_be_estimated_says_why() -> None:
    plan = Asymptotic.tuned_for(10**9)
    constant = Pair(
        treatment=1.0, control=1.0, treatment_variance=0.0, control_variance=0.0,
        treatment_units=9, control_units=9, method="made",
    )  # fmt: skip
    early = replace(constant, treatment_variance=1.0, control_variance=1.0, treatment=9.0)

    reasons = [
        difference(constant, plan),
        lift(constant, plan),
        margin_p(constant, plan, margin=0.1),
        lift(early, plan),
    ]

    codes = [answer.code for answer in reasons if isinstance(answer, NotEstimable)]
    assert codes == [Cause.NO_VARIATION] * 3 + [Cause.NO_ERROR_SPENT]
    wide = difference(early, plan)
    assert isinstance(wide, Estimate)
    assert wide.p_value > 0.99999
    assert (wide.upper or 0) > 9_000


def test_the_bound_is_infinite_without_units_and_too_far_for_two_degrees_of_freedom() -> None:
    assert critical_values(0.0) == math.inf
    assert float(log_e_values(5.0, 0.0)) == 0.0
    assert Regression(1.0).critical(Contrast(1.0, 1.0, 2.0), 4, 1e-6) == math.inf
    assert Regression(1.0).log_p(Contrast(1e9, 1.0, 2.0), 4) > math.log(1e-6)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: critical_values(-1.0),
        lambda: critical_values(1.0, alpha=1.0),
        lambda: critical_values(1.0, sides=3),
        lambda: log_e_values(1.0, math.inf),
        lambda: rate_for(0),
        lambda: rate_for(100, alpha=0.6, sides=1),
        lambda: rate_for(100, sides=0),
        lambda: Asymptotic(0.0),
        lambda: MixtureSprt(math.nan),
        lambda: Regression(-1.0),
        lambda: best_rho(-1),
        lambda: t_log_e(1.0, df=0, n=10, g=1),
        lambda: mixture_bound(NormalMixture(1.0), -1.0),
        lambda: intersections([0.0], [1.0, 2.0]),
        lambda: log_p_of_fixed([0.1], 1.0),
        lambda: nominal_alphas([-1.0]),
    ],
)
def test_what_can_not_be_is_refused(ask: object) -> None:
    with pytest.raises(Invalid):
        ask()  # pyright: ignore[reportCallIssue]


def test_the_running_intersection_says_that_it_is_empty() -> None:
    seen = intersections([-math.inf, 0.2, 0.6, 0.1], [1.0, 0.5, 0.9, 2.0])

    assert seen.empty.tolist() == [False, False, True, True]
    assert seen.upper[:2].tolist() == [1.0, 0.5]
    assert np.isnan(seen.lower[2:]).all()
    assert np.isnan(seen.upper[2:]).all()
    assert smallest([0.0, -2.0, -1.0]).tolist() == [0.0, -2.0, -2.0]


def test_it_reads_moments_end_to_end() -> None:
    rng = np.random.default_rng(3)
    control, treatment = rng.normal(10, 2, 3_000), rng.normal(10.4, 2, 3_000)
    pair = means(Moments.of(treatment), Moments.of(control))
    assert isinstance(pair, Pair)
    plan = Asymptotic.tuned_for(6_000)

    look, share = difference(pair, plan), lift(pair, plan)

    assert isinstance(look, Estimate)
    assert isinstance(share, Estimate)
    assert look.p_value < 0.05 < absolute(pair).p_value * 1e9
    fixed = relative(pair)
    assert isinstance(fixed, Estimate)
    assert (share.lower or 0) < (fixed.lower or 0)
    assert share.method == "difference, fieller, asymptotic confidence sequence"
