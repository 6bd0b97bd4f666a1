"""Bets that hold for any sample size: each is fair under its null hypothesis, and says what it is meant to."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.special import gammaln, xlogy

from twyman.kernel.errors import Invalid
from twyman.stats.anytime.bernoulli import (
    concentration_for,
    rate_interval,
    rate_log_e,
    rate_ratio,
    rate_ratio_p,
)
from twyman.stats.anytime.bounded import betting, empirical_bernstein, hoeffding
from twyman.stats.anytime.evalues import average, e_bh, flagged, p_of_log_e, product
from twyman.stats.anytime.gammas import multinomial_log_bf
from twyman.stats.anytime.mixtures import (
    BetaBinomial,
    GammaExponential,
    GammaPoisson,
    Mixture,
    NormalMixture,
    mixture_bound,
)
from twyman.stats.anytime.quantile import counts_below, quantile_difference_p, quantile_interval
from twyman.stats.anytime.stitching import Epochs, double_stitching, empirical_process_lil, poly_stitching
from twyman.stats.estimate import NotEstimable

few = settings(max_examples=25)
shares = st.floats(0.02, 0.98)


def _binomial(n: int, p: float) -> np.ndarray:
    k = np.arange(n + 1)
    return np.exp(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + xlogy(k, p) + xlogy(n - k, 1 - p))


@few
@given(n=st.integers(1, 60), p=shares, concentration=st.floats(0.1, 1e5))
def test_the_bet_on_a_rate_is_fair(n: int, p: float, concentration: float) -> None:
    paid = [math.exp(rate_log_e(k, n, rate=p, concentration=concentration)) for k in range(n + 1)]
    assert float(_binomial(n, p) @ paid) == pytest.approx(1, abs=1e-9)


@few
@given(n=st.integers(1, 60), p=shares, rho=st.floats(0.3, 50), sides=st.sampled_from([1, 2]))
def test_the_beta_binomial_mixture_is_fair_and_the_bet_on_a_rate(n: int, p: float, rho: float, sides: int) -> None:
    mixture, v = BetaBinomial(rho * p * (1 - p), p, 1 - p, sides), n * p * (1 - p)
    paid = [mixture.log_mixture(k - n * p, v) for k in range(n + 1)]

    assert float(_binomial(n, p) @ np.exp(paid)) == pytest.approx(1, abs=1e-8)
    if sides == 2:
        same = [rate_log_e(k, n, rate=p, concentration=max(rho - 1, 1e-3)) for k in range(n + 1)]
        assert paid == pytest.approx(same, abs=1e-8)


def test_a_billion_coins_keep_their_digits() -> None:
    n, p = 10**9, 0.3
    coins = BetaBinomial(500.0 * p * (1 - p), p, 1 - p, 2)
    wide = BetaBinomial(500.0 * p * (1 - p) * 16, 4 * p, 4 * (1 - p), 2)  # the same in quarters
    same = rate_log_e(300_050_000, n, rate=p, concentration=499.0)
    assert coins.log_mixture(50_000.0, n * p * (1 - p)) == pytest.approx(same, rel=1e-9)
    assert wide.log_mixture(200_000.0, 16 * n * p * (1 - p)) == pytest.approx(same, rel=1e-9)


@few
@given(rate=st.floats(0.5, 30), rho=st.floats(5, 50))
def test_the_gamma_poisson_mixture_is_fair_on_poisson_counts(rate: float, rho: float) -> None:
    k = range(300)
    mixture = GammaPoisson(rho, 1.0)
    logs = [n * math.log(rate) - rate - math.lgamma(n + 1) + mixture.log_mixture(n - rate, rate) for n in k]
    assert math.fsum(map(math.exp, logs)) == pytest.approx(1, abs=1e-6)


@settings(max_examples=10)
@given(n=st.floats(1, 40), rho=st.floats(2, 50))
def test_the_gamma_exponential_mixture_is_fair_on_waiting_times(n: float, rho: float) -> None:
    log_x = np.linspace(-15, 15, 1_500).tolist()
    mixture, step = GammaExponential(rho, 1.0), log_x[1] - log_x[0]
    logs = [n * u - math.exp(u) - math.lgamma(n) + mixture.log_mixture(math.exp(u) - n, n) for u in log_x]
    assert math.fsum(map(math.exp, logs)) * step == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("kind", [GammaExponential, GammaPoisson])
@pytest.mark.parametrize("v", [1.0, 1e4, 1e12])
def test_without_a_heavy_tail_gammas_are_the_normal_mixture(kind: type[GammaPoisson], v: float) -> None:
    rho = v / 8
    thin, normal = kind(rho, 1e-6 * math.sqrt(v)), NormalMixture(rho, 1)
    for s in (-1.0, 0.0, 2.0, 5.0):
        ours = thin.log_mixture(s * math.sqrt(v), v)
        assert ours == pytest.approx(normal.log_mixture(s * math.sqrt(v), v), abs=1e-4)


@few
@given(v=st.floats(0.5, 1e7), alpha=st.floats(1e-6, 0.3), rho=st.floats(1, 1e4))
def test_the_boundary_is_where_the_bet_pays_one_over_alpha(v: float, alpha: float, rho: float) -> None:
    mixtures: list[Mixture] = [
        NormalMixture(rho), NormalMixture(rho, 1), GammaExponential(rho, 1.5), GammaPoisson(rho, 1.5),
    ]  # fmt: skip
    for mixture in mixtures:
        bound = mixture_bound(mixture, v, alpha=alpha)
        assert mixture.log_mixture(bound, v) == pytest.approx(-math.log(alpha), rel=1e-6)


def test_a_sum_that_cannot_be_has_no_evidence_and_a_short_record_no_bound_below_its_end() -> None:
    coin = BetaBinomial(10.0, 0.2, 0.8)
    assert mixture_bound(coin, 1.0, alpha=1e-9) == coin.ceiling(1.0) == 5.0
    assert coin.log_mixture(1e9, 1.0) == -math.inf
    assert GammaExponential(1.0, 1.0).log_mixture(-5.0, 1.0) == -math.inf
    assert GammaPoisson(1.0, 1.0).log_mixture(-5.0, 1.0) == -math.inf


@few
@given(n=st.integers(1, 10**9), share=shares, alpha=st.floats(1e-6, 0.3), tuned=st.floats(1, 1e6))
def test_a_rates_interval_holds_the_observed_rate_and_excludes_what_the_bet_refutes(
    n: int, share: float, alpha: float, tuned: float
) -> None:
    successes = round(n * share)
    low, high = rate_interval(successes, n, alpha=alpha, tuned_for=tuned)
    concentration = concentration_for(tuned)

    assert 0 <= low <= successes / n <= high <= 1
    for end in {low, high} - {0.0, 1.0}:
        outside = end - math.copysign(1e-6, successes / n - end) * end * (1 - end)
        log_e = [rate_log_e(successes, n, rate=rate, concentration=concentration) for rate in (end, outside)]
        assert log_e[0] == pytest.approx(-math.log(alpha), rel=1e-3)
        assert log_e[0] < log_e[1]


def test_a_rate_is_anything_before_the_first_unit_and_never_impossible() -> None:
    assert rate_interval(0, 0, tuned_for=100) == (0.0, 1.0)
    assert rate_interval(0, 10, tuned_for=100)[0] == 0.0
    assert rate_interval(10, 10, tuned_for=100)[1] == 1.0
    assert rate_log_e(1, 2, rate=0.0, concentration=5) == math.inf
    assert rate_log_e(0, 2, rate=0.0, concentration=5) == 0.0


@few
@given(a=st.integers(0, 3_000), b=st.integers(1, 3_000), share=shares, alpha=st.floats(1e-4, 0.3))
def test_a_canarys_ratio_excludes_one_exactly_where_its_p_value_is_below_alpha(
    a: int, b: int, share: float, alpha: float
) -> None:
    answer = rate_ratio(a, b, share=share, alpha=alpha, tuned_for=100)
    other = rate_ratio(b, a, share=1 - share, alpha=alpha, tuned_for=100)
    assert not isinstance(answer, NotEstimable)
    assert not isinstance(other, NotEstimable)
    ratio, low, high = answer

    assert low <= ratio <= high
    assert (low > 1 or high < 1) == (rate_ratio_p(a, b, share=share, tuned_for=100)[0] < alpha)
    assert other[2] == (math.inf if low == 0 else pytest.approx(1 / low, rel=1e-6))


def test_a_canary_without_events_says_so() -> None:
    assert isinstance(rate_ratio(0, 0, tuned_for=10), NotEstimable)
    assert rate_ratio(3, 0, tuned_for=10)[0] == math.inf  # pyright: ignore[reportIndexIssue]


@pytest.mark.parametrize(
    "make", [hoeffding, empirical_bernstein, lambda x, alpha: betting(x, at=range(1, len(x) + 1), alpha=alpha)]
)
def test_bounded_means_hold_mirror_and_narrow(make: object) -> None:
    x = np.random.default_rng(5).beta(2, 3, 300)
    low, high = make(x, alpha=0.05)  # pyright: ignore[reportCallIssue]
    low_mirrored, high_mirrored = make(1 - x, alpha=0.05)  # pyright: ignore[reportCallIssue]

    assert ((low <= 0.4) & (high >= 0.4)).all()
    assert low == pytest.approx(1 - high_mirrored, abs=1e-9)
    assert high == pytest.approx(1 - low_mirrored, abs=1e-9)
    assert high[-1] - low[-1] < 0.3


def test_betting_is_narrower_than_hoeffding_where_values_vary_little() -> None:
    x = np.random.default_rng(6).uniform(0.45, 0.55, 400)
    simple, bernstein, bets = hoeffding(x), empirical_bernstein(x), betting(x, at=[400])
    assert bets[1][0] - bets[0][0] < bernstein[1][-1] - bernstein[0][-1] < 0.4 * (simple[1][-1] - simple[0][-1])


def test_bounded_means_see_zeros_and_ones() -> None:
    low, high = betting([0.0] * 50, at=[1, 50])
    assert low.tolist() == [0.0, 0.0]
    assert high[1] < 0.2
    low, high = betting([1.0] * 50, at=[50])
    assert high.tolist() == [1.0]
    assert low[0] > 0.8


@few
@given(n=st.integers(0, 5_000), p=shares, alpha=st.floats(1e-4, 0.3), tuned=st.floats(10, 1e5))
def test_counts_below_a_quantile_mirror(n: int, p: float, alpha: float, tuned: float) -> None:
    low, high = counts_below(p, n, alpha=alpha, tuned_for=tuned)
    low_mirrored, high_mirrored = counts_below(1 - p, n, alpha=alpha, tuned_for=tuned)

    assert 0 <= low <= n * p + 1 <= high + 2 <= n + 2
    assert [n - high_mirrored, n - low_mirrored] == pytest.approx([low, high], rel=1e-6, abs=1e-5)


def test_quantiles_are_values_and_open_where_there_are_too_few() -> None:
    values = np.random.default_rng(7).exponential(size=2_000)
    low, high = quantile_interval(values, 0.9, tuned_for=2_000)
    assert low < math.log(10) < high
    assert {low, high} <= set(values)
    assert quantile_interval([1.0, 2.0], 0.5, tuned_for=100) == (-math.inf, math.inf)
    assert quantile_interval([], 0.5, tuned_for=100) == (-math.inf, math.inf)
    assert quantile_interval([3.0] * 500, 0.5, tuned_for=100) == (3.0, 3.0)


@few
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.1, 0.5, 0.9]))
def test_comparing_quantiles_sees_ranks_only(seed: int, p: float) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=rng.integers(1, 60)), rng.normal(0.5, 1, size=60).round(1)
    answer = quantile_difference_p(a, b, p, tuned_for=50)

    assert quantile_difference_p(b, a, p, tuned_for=50) == pytest.approx(answer)
    assert quantile_difference_p(np.exp(a), np.exp(b), p, tuned_for=50) == pytest.approx(answer)
    assert quantile_difference_p(a, a, p, tuned_for=50)[0] == 1.0


def test_quantiles_far_apart_differ() -> None:
    p_value, _ = quantile_difference_p(np.arange(1_000) + 2_000, np.arange(1_000), 0.5, tuned_for=1_000)
    assert p_value < 1e-100


def test_stitched_bounds_have_a_beginning_and_grow() -> None:
    assert empirical_process_lil(99, t_min=100) == math.inf
    assert empirical_process_lil(100, t_min=100, alpha=0.01) > empirical_process_lil(100, t_min=100, alpha=0.1)
    flat = [poly_stitching(v, v_min=10) for v in (0, 5, 10)]
    assert flat == [flat[0]] * 3
    assert poly_stitching(20, v_min=10) > flat[0]
    assert double_stitching(0.5, 10, t_opt=100) == double_stitching(0.5, 100, t_opt=100)
    assert double_stitching(0.2, 500, t_opt=100) > double_stitching(0.8, 500, t_opt=100)


@given(st.lists(st.floats(0, 6), min_size=1, max_size=30), st.floats(0.01, 0.5))
def test_e_bh_flags_the_most_that_its_definition_allows(log_e: list[float], rate: float) -> None:
    ranked = sorted(log_e, reverse=True)
    passing = [k for k in range(1, len(log_e) + 1) if ranked[k - 1] >= math.log(len(log_e) / (k * rate)) + 1e-9]
    close = [k for k in range(1, len(log_e) + 1) if abs(ranked[k - 1] - math.log(len(log_e) / (k * rate))) <= 1e-9]
    wanted = max(passing, default=0)

    found = flagged(log_e, rate=rate)

    assert close or sum(found) == sum(value >= ranked[wanted - 1] for value in log_e) * (wanted > 0)
    assert [x for _, x in sorted(zip(log_e, e_bh(log_e), strict=True))] == sorted(e_bh(log_e), reverse=True)


def test_e_values_combine_without_overflow() -> None:
    assert average([5_000.0, 5_000.0]) == pytest.approx(5_000.0)
    assert average([math.inf, 0.0]) == product([math.inf, -5.0]) == math.inf
    assert average([-math.inf, -math.inf]) == -math.inf
    assert p_of_log_e(5_000.0) == (0.0, pytest.approx(-2171.47, abs=0.01))
    assert p_of_log_e(-3.0) == (1.0, None)
    assert e_bh([]) == []


@pytest.mark.parametrize(("units", "gap"), [(10**6, 3_000), (10**9, 10**5), (10**12, 5 * 10**6)])
def test_evidence_of_very_many_units_keeps_its_digits(units: int, gap: int) -> None:
    """For large samples the Bayes factor is that of a normal mixture: no digit is lost to large logarithms."""
    k = 1_000.0
    log_bf = multinomial_log_bf([units // 2 + gap, units // 2 - gap], [0.5, 0.5], k)
    z2, weight = 4 * gap**2 / units, units / (k + 1)
    assert log_bf == pytest.approx(z2 / 2 * weight / (1 + weight) - math.log1p(weight) / 2, rel=2e-3, abs=2e-3)


@pytest.mark.parametrize("counts", list(itertools.product([0, 1, 7], repeat=3)))
def test_the_bayes_factor_is_the_ratio_of_its_two_chances(counts: tuple[int, ...]) -> None:
    share, k = np.array([0.2, 0.3, 0.5]), 4.0
    n, prior = np.array(counts), k * share
    plain = gammaln(k) - gammaln(k + n.sum()) + (gammaln(prior + n) - gammaln(prior)).sum() - n @ np.log(share)
    assert multinomial_log_bf(counts, share, k) == pytest.approx(plain, abs=1e-12)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: rate_log_e(3, 2, rate=0.5, concentration=1),
        lambda: rate_interval(3, 2, tuned_for=10),
        lambda: rate_ratio(1, 1, share=1.0, tuned_for=10),
        lambda: hoeffding([0.5, 1.5]),
        lambda: empirical_bernstein([0.5], truncation=1.0),
        lambda: betting([], at=[1]),
        lambda: betting([0.5], at=[2]),
        lambda: counts_below(1.0, 5, tuned_for=10),
        lambda: counts_below(0.5, -5, tuned_for=10),
        lambda: quantile_interval([math.nan], 0.5, tuned_for=10),
        lambda: quantile_difference_p([], [1.0], 0.5, tuned_for=10),
        lambda: Epochs(s=1.0),
        lambda: poly_stitching(1.0, v_min=0),
        lambda: empirical_process_lil(10, t_min=1, a=0.5),
        lambda: double_stitching(0.0, 10, t_opt=10),
        lambda: average([]),
        lambda: e_bh([math.nan]),
        lambda: flagged([1.0], rate=0),
    ],
)
def test_what_can_not_be_is_refused(ask: object) -> None:
    with pytest.raises(Invalid):
        ask()  # pyright: ignore[reportCallIssue]
