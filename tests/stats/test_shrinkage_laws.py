"""Laws of learning from past experiments: shrinkage, priors, exaggeration, and the sum of launches."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st

from twyman.kernel.errors import Invalid
from twyman.stats.bayes import NormalPrior
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.history import (
    MixtureShrinkage,
    RandomEffects,
    compounded,
    default_prior,
    exaggeration,
    false_positive_risk,
    james_stein,
    launch_impact,
    mixture_shrinkage,
    random_effects,
    success_rate,
)
from twyman.stats.history.spread import ESTIMATORS, restricted_log_likelihood

HISTORIES = st.lists(st.tuples(st.integers(-200, 200), st.integers(1, 100)), min_size=3, max_size=15).map(
    lambda pairs: ([y / 20 for y, _ in pairs], [s / 20 for _, s in pairs])
)
METHODS = st.sampled_from(sorted(ESTIMATORS))


def _over(history: tuple[list[float], list[float]], method: str = "reml") -> RandomEffects:
    answer = random_effects(*history, method=method)
    assert isinstance(answer, RandomEffects)
    return answer


@settings(max_examples=30)
@given(HISTORIES, METHODS)
def test_shrunken_effects_lie_between_the_estimate_and_the_usual_one(
    history: tuple[list[float], list[float]], method: str
) -> None:
    answer = _over(history, method)

    for estimate, mean in zip(history[0], answer.means, strict=True):
        low, high = sorted((estimate, answer.mu))
        assert low - 1e-9 <= mean <= high + 1e-9
    assert answer.tau2 >= 0
    assert 0 <= answer.i2 <= 1


@settings(max_examples=30)
@given(HISTORIES, METHODS, st.sampled_from([1e-6, 1e-3, 7.0, 1e6]), st.floats(-100, 100))
def test_units_and_origin_do_not_matter(
    history: tuple[list[float], list[float]], method: str, factor: float, shift: float
) -> None:
    moved = ([factor * (y + shift) for y in history[0]], [factor * s for s in history[1]])
    plain, other = _over(history, method), _over(moved, method)

    assert other.tau2 == pytest.approx(plain.tau2 * factor**2, rel=1e-4, abs=1e-6 * factor**2)
    assert other.mu == pytest.approx(factor * (plain.mu + shift), rel=1e-5, abs=1e-5 * factor)


@settings(max_examples=30)
@given(HISTORIES, st.permutations(range(3)))
def test_the_order_of_experiments_does_not_matter(
    history: tuple[list[float], list[float]], order: tuple[int, ...]
) -> None:
    first = ([history[0][i] for i in order], [history[1][i] for i in order])
    plain = _over((history[0][:3], history[1][:3]))

    assert _over(first).means == pytest.approx([plain.means[i] for i in order], rel=1e-6, abs=1e-9)


@settings(max_examples=30)
@given(HISTORIES)
def test_moment_estimators_are_their_formulas(history: tuple[list[float], list[float]]) -> None:
    """DerSimonian and Laird (1986), Hedges (1983), Sidik and Jonkman (2005), written out; negative ones are zero."""
    y, v = np.array(history[0]), np.array(history[1]) ** 2
    w, k = 1 / v, len(y)
    q = np.sum(w * (y - np.sum(w * y) / np.sum(w)) ** 2)
    start = np.sum((y - y.mean()) ** 2) / k
    u = 1 / (v / start + 1) if start else np.ones(k)
    formulas = {
        "dl": (q - (k - 1)) / (np.sum(w) - np.sum(w**2) / np.sum(w)),
        "he": np.var(y, ddof=1) - np.mean(v),
        "sj": np.sum(u * (y - np.sum(u * y) / np.sum(u)) ** 2) / (k - 1),
    }

    for method, expected in formulas.items():
        assert _over(history, method).tau2 == pytest.approx(max(0.0, float(expected)), rel=1e-9, abs=1e-12)


@settings(max_examples=30)
@given(HISTORIES)
def test_no_neighbouring_spread_is_likelier_than_remls(history: tuple[list[float], list[float]]) -> None:
    y, v = np.array(history[0]), np.array(history[1]) ** 2
    found = _over(history).tau2
    best = restricted_log_likelihood(y, v, found)

    for other in (found * 1.01 + 1e-6, max(0.0, found * 0.99 - 1e-6)):
        assert restricted_log_likelihood(y, v, other) <= best + 1e-9


def test_lifts_of_a_percent_are_shrunken_as_cents_are() -> None:
    """An absolute threshold of 1e-5, metafor's, would stop at the start here: variances are that small themselves."""
    y, s = [0.012, -0.004, 0.003, 0.001, -0.011, 0.009], [0.002, 0.001, 0.003, 0.002, 0.002, 0.004]
    lifts = _over((y, s))
    cents = _over(([1e4 * one for one in y], [1e4 * one for one in s]))

    assert lifts.means == pytest.approx([one / 1e4 for one in cents.means], rel=1e-9)


def test_equal_experiments_have_no_spread_and_far_ones_are_left_alone() -> None:
    equal, far = _over(([1.0, 1.0, 1.0], [1.0, 2.0, 3.0])), _over(([-1e6, 0.0, 1e6], [1.0, 1.0, 1.0]))

    assert (equal.tau2, equal.q, equal.q_p) == (0.0, 0.0, 1.0)
    assert far.means == pytest.approx((-1e6, 0.0, 1e6), rel=1e-9, abs=1e-3)
    assert far.q_log10_p is not None
    assert far.q_log10_p < -1e10


def test_what_is_no_history_is_refused_or_said() -> None:
    too_few = random_effects([1.0], [1.0])
    assert isinstance(too_few, NotEstimable)
    assert too_few.code == Cause.TOO_FEW_UNITS
    for y, s in (([1.0, 2.0], [1.0]), ([1.0, 2.0], [1.0, 0.0]), ([1.0, math.nan], [1.0, 1.0])):
        with pytest.raises(Invalid):
            random_effects(y, s)
    with pytest.raises(Invalid, match="reml"):
        random_effects([1.0, 2.0], [1.0, 1.0], method="rmle")
    with pytest.raises(Invalid, match="spread"):
        random_effects([1.0, 2.0], [1.0, 1.0], tau2=-1.0)


def test_a_prior_takes_six_experiments() -> None:
    y, s = [0.04, -0.01, 0.02, 0.0, 0.01, -0.02], [0.01] * 6
    prior, too_few = default_prior(y, s), default_prior(y[:5], s[:5])
    assert isinstance(prior, NormalPrior)
    assert isinstance(too_few, NotEstimable)
    over = _over((y, s))

    assert (prior.mean, prior.sd, prior.scale) == (over.mu, math.sqrt(over.tau2 + over.se**2), "relative")


@settings(max_examples=30)
@given(HISTORIES)
def test_james_stein_never_goes_beyond_its_target(history: tuple[list[float], list[float]]) -> None:
    shrunken = james_stein(*history, target=1.0)

    for estimate, mean in zip(history[0], shrunken, strict=True):
        assert min(estimate, 1.0) <= mean <= max(estimate, 1.0)


def test_james_stein_is_its_formula() -> None:
    y = [3.0, 0.0, -1.0, 2.0]

    assert james_stein(y, [1.0] * 4) == pytest.approx([one * (1 - 2 / 14) for one in y])
    assert james_stein([0.1, 0.0, 0.0], [1.0] * 3) == (0.0, 0.0, 0.0)
    with pytest.raises(Invalid, match="three or more"):
        james_stein([1.0, 2.0], [1.0, 1.0])


# Fat tails.


def _many(seed: int) -> tuple[list[float], list[float], np.ndarray]:
    """Two hundred experiments: nine in ten do nothing, the tenth does something large."""
    rng = np.random.default_rng(seed)
    truth = np.where(rng.random(200) < 0.9, rng.normal(0, 0.1, 200), rng.normal(0, 6, 200))
    return list(truth + rng.normal(size=200)), [1.0] * 200, truth


def test_with_fat_tails_a_mixture_errs_less_than_one_normal_and_both_less_than_none() -> None:
    y, s, truth = _many(5)
    mixture, normal = mixture_shrinkage(y, s), _over((y, s))
    assert isinstance(mixture, MixtureShrinkage)

    errors = [float(np.sum((np.array(guess) - truth) ** 2)) for guess in (mixture.means, normal.means, y)]
    assert errors == sorted(errors)
    assert errors[0] < 0.6 * errors[1]


def test_a_mixture_knows_how_far_off_it_is() -> None:
    said, found = np.zeros(2), np.zeros(2)
    for seed in range(8):
        y, s, truth = _many(seed)
        answer = mixture_shrinkage(y, s)
        assert isinstance(answer, MixtureShrinkage)
        means = np.array(answer.means)
        sure = np.array(answer.wrong_sign) < 0.3
        said += sum(sd**2 for sd in answer.sds), float(np.array(answer.wrong_sign)[sure].sum())
        found += float(np.sum((means - truth) ** 2)), float(np.sum((means * truth <= 0)[sure]))

    assert said[0] == pytest.approx(found[0], rel=0.25)
    assert said[1] == pytest.approx(found[1], rel=0.5)


@given(HISTORIES)
@settings(max_examples=20)
def test_a_mixture_pulls_towards_zero_and_weighs_to_one(history: tuple[list[float], list[float]]) -> None:
    answer = mixture_shrinkage(*history)
    assert isinstance(answer, MixtureShrinkage)

    assert sum(answer.weights) == pytest.approx(1)
    for estimate, mean, sd, wrong in zip(history[0], answer.means, answer.sds, answer.wrong_sign, strict=True):
        assert abs(mean) <= abs(estimate) + 1e-9
        assert mean * estimate >= 0
        assert sd >= 0
        assert -1e-9 <= wrong <= 1 + 1e-9


# Exaggeration.


@pytest.mark.parametrize(("power", "type_m"), [(0.08, 4.8), (0.17, 2.5), (0.32, 1.7), (0.52, 1.4), (0.80, 1.13)])
def test_exaggeration_is_as_published(power: float, type_m: float) -> None:
    """Gelman and Carlin's curve, at the five powers usually printed (rounded there)."""
    sizes = np.linspace(0.2, 4, 1000)
    curve = [exaggeration(size, 1.0) for size in sizes]
    nearest = min(curve, key=lambda answer: abs(answer.power - power))

    assert nearest.type_m == pytest.approx(type_m, rel=0.05)


def test_exaggeration_is_what_happens() -> None:
    draws = 0.7 + np.random.default_rng(1).normal(size=400_000)
    found = draws[np.abs(draws) > 1.959964]
    answer = exaggeration(0.7, 1.0)

    assert found.size / draws.size == pytest.approx(answer.power, rel=0.02)
    assert np.abs(found).mean() / 0.7 == pytest.approx(answer.type_m, rel=0.01)
    assert np.mean(found < 0) == pytest.approx(answer.type_s, rel=0.08)


@settings(max_examples=30)
@given(st.floats(1e-9, 1e9), st.sampled_from([1e-9, 0.001, 0.05, 0.5]))
def test_exaggeration_knows_no_unit_and_no_sign_and_ends_at_one(size: float, alpha: float) -> None:
    assume(size > 1e-6)
    plain, mirrored = exaggeration(size, 1.0, alpha=alpha), exaggeration(-size * 3, 3.0, alpha=alpha)

    assert (plain.power, plain.type_m, plain.type_s) == pytest.approx(
        (mirrored.power, mirrored.type_m, mirrored.type_s)
    )
    assert plain.type_m >= 1 - 1e-9
    assert 0 <= plain.type_s <= 0.5
    assert plain.power >= alpha * (1 - 1e-9)
    if size > 50:
        assert (plain.power, plain.type_m, plain.type_s) == pytest.approx((1, 1, 0), abs=1e-12)


@pytest.mark.parametrize(("rate", "risk"), [(1 / 3, 0.06), (0.15, 0.15), (0.10, 0.22), (0.08, 0.26)])
def test_false_positive_risk_is_as_published(rate: float, risk: float) -> None:
    """Kohavi, Deng and Vermeer (2022), table 2, at power 80 % and a two-sided alpha of 5 %."""
    assert false_positive_risk(rate, power=0.8) == pytest.approx(risk, abs=0.005)


def test_a_published_figure_takes_the_whole_of_alpha() -> None:
    """37.8 % at a success rate of 9.3 % is with alpha, not alpha / 2, of false wins."""
    assert false_positive_risk(0.093, power=0.8, sides=2) == pytest.approx(0.378, abs=0.001)
    assert success_rate(0.12, power=0.8) == pytest.approx(0.123, abs=0.0005)


@settings(max_examples=30)
@given(st.floats(0, 1), st.floats(0.06, 1), st.sampled_from([1, 2]))
def test_the_success_rate_undoes_the_win_rate(rate: float, power: float, sides: int) -> None:
    false = 0.05 * sides / 2
    wins = power * rate + false * (1 - rate)

    assert success_rate(wins, power=power, sides=sides) == pytest.approx(rate, abs=1e-9)
    assert wins * false_positive_risk(rate, power=power, sides=sides) == pytest.approx(false * (1 - rate))


def test_shares_that_are_none_are_refused() -> None:
    for bad in (
        lambda: exaggeration(0.0, 1.0),
        lambda: exaggeration(1.0, 0.0),
        lambda: false_positive_risk(1.1, power=0.8),
        lambda: false_positive_risk(0.1, power=0.0),
        lambda: false_positive_risk(0.1, power=0.8, sides=3),
        lambda: success_rate(0.1, power=0.02),
    ):
        with pytest.raises(Invalid):
            bad()
    assert success_rate(0.01, power=0.8) == 0.0
    assert success_rate(0.99, power=0.8) == 1.0


# The winner's curse.


def test_the_sum_of_launches_is_corrected_by_all_experiments() -> None:
    """Lee and Shen's formula, written out."""
    y, s = np.array([2.1, 0.4, 3.5, -0.2]), np.array([1.0, 0.5, 1.5, 1.0])
    u = 1.959963984540054 - y / s
    bias = float(np.sum(s * np.exp(-u * u / 2) / math.sqrt(2 * math.pi)))
    impact = launch_impact(list(y), list(s))

    assert impact.launched == (True, False, True, False)
    assert impact.bias == pytest.approx(bias, rel=1e-12)
    assert impact.corrected.estimate == pytest.approx(5.6 - bias, rel=1e-12)


def _repeated(sd: float, *, shrink: bool) -> tuple[float, float, float]:
    """Return the mean errors of the naive and of the corrected sum, and how often its interval held."""
    rng = np.random.default_rng(11)
    truth, s = rng.normal(0, sd, 100), rng.uniform(0.5, 1.5, 100)
    naive, corrected, held = list[float](), list[float](), 0
    for _ in range(120):
        y = truth + s * rng.normal(size=100)
        impact = launch_impact(list(y), list(s), shrink=shrink)
        target = float(truth[np.array(impact.launched)].sum())
        naive.append(impact.naive - target)
        corrected.append(impact.corrected.estimate - target)
        held += (impact.corrected.lower or 0) <= target <= (impact.corrected.upper or 0)
    return float(np.mean(naive)), float(np.mean(corrected)), held / 120


@pytest.mark.parametrize("sd", [0.1, 0.8, 3.0])
def test_averaged_over_what_effects_may_be_the_correction_is_right_for_small_and_large_ones(sd: float) -> None:
    naive, corrected, held = _repeated(sd, shrink=True)

    assert naive > 4
    assert abs(corrected) < 0.15 * naive
    assert held > 0.88


def test_estimates_put_for_true_effects_correct_too_much_where_effects_are_small() -> None:
    """Lee and Shen's plug-in: within 15 % for large effects, and twice the curse where there is next to none."""
    assert abs(_repeated(3.0, shrink=False)[1]) < 0.15 * _repeated(3.0, shrink=False)[0]
    naive, corrected, _ = _repeated(0.1, shrink=False)
    assert -1.2 * naive < corrected < -0.5 * naive


def test_the_error_of_the_corrected_sum_is_that_of_its_draws() -> None:
    """The variance in closed form, against draws of 1(Z > h) Z - φ(h - Z)."""
    z = np.random.default_rng(2).normal(size=400_000)
    for h in (-1.5, 0.0, 0.8, 2.5):
        draws = np.where(z > h, z, 0.0) - np.exp(-0.5 * (h - z) ** 2) / math.sqrt(2 * math.pi)
        impact = launch_impact([1.959963984540054 - h], [1.0])

        assert impact.corrected.se == pytest.approx(float(draws.std()), rel=0.01)


def test_lifts_compound() -> None:
    assert compounded([0.1, -0.1]) == pytest.approx(-0.01)
    assert compounded([]) == 0.0
    with pytest.raises(Invalid, match="-100"):
        compounded([-1.5])
    with pytest.raises(Invalid, match="no experiments"):
        launch_impact([], [])
    with pytest.raises(Invalid, match="don't shrink"):
        launch_impact([1.0], [1.0], shrink=True)
