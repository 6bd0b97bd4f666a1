"""Thirty-five mistakes that other engines make or made, one test each: what goes wrong, and that ours doesn't.

What the mistake would give is computed exactly, not simulated.
"""

import math
from dataclasses import fields
from fractions import Fraction
from typing import TypeVar

import numpy as np
import pytest

from twyman.doubt.balance import crossovers
from twyman.doubt.check import Status
from twyman.kernel.errors import Invalid
from twyman.stats import (
    AnyLook,
    Asymptotic,
    BothSides,
    CapRule,
    Cause,
    Cells,
    Clusters,
    Design,
    Moments,
    NormalPrior,
    NotEstimable,
    ObrienFleming,
    Pair,
    SequentialPlan,
    SequentialState,
    Settings,
    absolute,
    adjusted,
    all_of,
    allocated,
    any_of,
    bh,
    bounds,
    capped,
    cluster_means,
    compare,
    compare_all,
    crossings,
    expected_loss,
    intersections,
    known_mean,
    matured,
    means,
    noninferior,
    noninferiority,
    novelty,
    posterior,
    pre_balance,
    proportions,
    quantiles,
    relative,
    repeated_p,
    sequential_split,
    srm,
    stratified_srm,
    superior,
)
from twyman.stats.balance import Period
from twyman.stats.comparison import ENGINE
from twyman.stats.count import Count
from twyman.stats.multiplicity import among_made
from twyman.stats.tails import critical_value, two_sided, upper_tail
from twyman.stats.two_counts import score_interval

Z = critical_value(0.025)
T = TypeVar("T")


def known(answer: T | NotEstimable) -> T:
    assert not isinstance(answer, NotEstimable), answer
    return answer


def two(treatment: float, control: float, v_t: float = 1.0, v_c: float = 1.0) -> Pair:
    """Two means, by their values and variances, of plenty of units."""
    return Pair(
        treatment=treatment,
        control=control,
        treatment_variance=v_t,
        control_variance=v_c,
        treatment_units=500,
        control_units=500,
        method="difference",
    )


def covariate_arms(effect: float = 30.0) -> tuple[Moments, Moments]:
    """An outcome that its covariate tells well, in arms of unequal size."""
    rng = np.random.default_rng(6)
    before = rng.normal(100, 10, size=900)
    after = before + rng.normal(0, 3, size=900) + np.where(np.arange(900) < 600, effect, 0.0)
    rows = np.column_stack([after, before])
    return Moments.of(rows[:600]), Moments.of(rows[600:])


def test_t01_a_lift_is_no_difference_over_a_known_baseline() -> None:
    """Dividing the difference's interval by the control mean takes that mean for known: 88 % at +50 %."""
    lift = 0.5
    naive = 1 - 2 * upper_tail(Z * math.sqrt(2 / (1 + (1 + lift) ** 2)))
    pair = two(30.0, 20.0)
    ours = known(relative(pair))

    assert naive == pytest.approx(0.876, abs=5e-4)
    for end in (ours.lower, ours.upper):  # ours are the lifts that a 5 % test just doesn't reject
        assert abs(pair.contrast(1 + (end or 0)).statistic) == pytest.approx(Z, rel=1e-9)


def test_t02_lift_and_difference_say_the_same() -> None:
    """The delta method's lift can be insignificant where the difference is significant, of one pair of means."""
    pair = two(2.0, 1.0, 0.09, 0.09)
    difference, lift, delta = absolute(pair), known(relative(pair)), known(relative(pair, method="delta"))

    assert difference.p_value < 0.05 < delta.p_value
    assert lift.p_value == difference.p_value
    assert (lift.lower or 0) > 0


def test_t03_a_negative_baseline_keeps_the_sign() -> None:
    """A loss that shrinks from -10 to -9 is an improvement of 10 %, though -9 / -10 - 1 is negative."""
    for method in ("fieller", "delta"):
        lift = known(relative(two(-9.0, -10.0, 0.01, 0.01), method=method))

        assert lift.estimate == pytest.approx(0.1)
        assert 0 < (lift.lower or 0) < lift.estimate < (lift.upper or 0)


def test_t04_a_lift_without_bounds_is_not_given_bounds() -> None:
    """Near a baseline of zero every lift fits: no interval is right, and a bare point hides it."""
    found = known(compare(Moments.of([1.0, 2.0, 3.0, 2.5]), Moments.of([-1.0, 0.2, 1.0, 0.4])))

    assert isinstance(found.relative, NotEstimable)
    assert found.relative.code == Cause.UNBOUNDED_LIFT
    assert "difference" in found.relative.text
    assert found.absolute.lower is not None


def test_t05_an_adjusted_lifts_variance_is_that_of_the_sums_it_is_made_of() -> None:
    """Adjusted means are sums of four raw means; shortcuts for their ratio's variance cover 97 %, not 95 %."""
    arms = covariate_arms()
    made = known(adjusted(*arms, theta="pooled"))
    theta, share, ratio = float(made.theta[0][0]), 600 / 900, 1.3

    weight = theta * ((1 - share) + ratio * share)
    by_hand = sum(
        side @ arm.covariance() @ side / arm.count
        for side, arm in zip((np.array([1, -weight]), np.array([-ratio, weight])), arms, strict=True)
    )

    assert made.pair.contrast(ratio).se ** 2 == pytest.approx(by_hand, rel=1e-10)


def test_t06_adjusted_means_are_not_independent() -> None:
    """Both adjusted means move with the covariate's mean: without their covariance 95 % become 99.9 %."""
    pair = known(adjusted(*covariate_arms())).pair
    ratio = pair.treatment / pair.control
    alone = pair.treatment_variance + ratio**2 * pair.control_variance

    naive = 1 - 2 * upper_tail(Z * math.sqrt(alone) / pair.contrast(ratio).se)

    assert naive > 0.999
    assert pair.covariance > 0.8 * math.sqrt(pair.treatment_variance * pair.control_variance)


def test_t07_slopes_hold_no_effect_and_covariates_are_from_before() -> None:
    """Slopes over both arms thrown together bend with the effect; a covariate the treatment moved eats it."""
    small, large = covariate_arms(0.0), covariate_arms(500.0)
    slopes = {
        theta: [float(known(adjusted(*arms, theta=theta)).theta[0][0]) for arms in (small, large)]
        for theta in ("per_arm", "pooled_within", "pooled")
    }
    after = [arm.columns(1, 0) for arm in large]  # the outcome as its own covariate

    assert Settings().theta == "per_arm"
    assert all(slopes[theta][0] == pytest.approx(slopes[theta][1], rel=1e-9) for theta in ("per_arm", "pooled_within"))
    assert abs(slopes["pooled"][0] - slopes["pooled"][1]) > 0.01
    assert known(pre_balance(*(arm.columns(1) for arm in after))).p_value < 1e-100
    assert known(pre_balance(*(arm.columns(1) for arm in large))).p_value > 0.001


def test_t08_one_variance_in_one_formula() -> None:
    """p (1 - p) for the outcome and n - 1 for its covariance don't fit: residuals can become negative."""
    rows = [[1, 1], [1, 1], [0, 0], [0, 0], [0, 1]]
    arm, other = Moments.of(rows), Moments.of([*rows, [1, 0]])

    for one, test in ((5, "welch"), (5, "wald")):
        pair = known(proportions(arm.columns(0), other.columns(0), test=test))
        freedom = one - (test == "welch")
        assert pair.treatment_variance == pytest.approx(0.4 * 0.6 / freedom)
        assert pair.control_variance == pytest.approx(0.5 * 0.5 / (freedom + 1))
    assert arm.covariance()[0, 1] ** 2 <= arm.variance(0) * arm.variance(1)


def test_t09_arms_that_vary_differently_have_their_own_variances() -> None:
    """One variance for both is wrong by far where the small arm varies more: a 5 % test rejects in 36 %."""
    large, small = Moments(900, [0.0], [[899.0]]), Moments(100, [0.0], [[99 * 9.0]])  # pyright: ignore[reportArgumentType]
    ours, classical = known(means(large, small)), known(means(large, small, test="student"))
    true = math.sqrt(1 / 900 + 9 / 100)

    assert Settings().test == "welch"
    assert ours.contrast().se == pytest.approx(true, rel=1e-12)
    assert 2 * upper_tail(Z * classical.contrast().se / true) == pytest.approx(0.36, abs=0.005)


def test_t10_error_spent_is_no_critical_value() -> None:
    """The spending function's value as each look's own alpha spends 7.2 % by 14 looks."""
    times = [(k + 1) / 14 for k in range(14)]
    halved = BothSides(ObrienFleming())
    naive = [critical_value(halved.spent(t, 0.025)) for t in times]
    ours = bounds(times, times, alpha=0.05, spending=halved).z

    errors = [2 * math.fsum(crossings(times, z, lower=[-b for b in z]).upper) for z in (naive, ours)]

    assert errors == [pytest.approx(0.0721, abs=5e-5), pytest.approx(0.05, abs=1e-12)]


def test_t11_early_and_close_looks_have_exact_bounds() -> None:
    """A grid that ends at 8 gives 8 for every error too small for it; looks too close together blow it up."""
    early = bounds([0.05, 1.0], [0.05, 1.0], alpha=0.05, spending=ObrienFleming())
    close = bounds([0.5, 0.5 + 1e-7, 1.0], [0.5, 0.5 + 1e-7, 1.0], alpha=0.05, spending=ObrienFleming())

    assert early.z[0] == pytest.approx(critical_value(ObrienFleming().spent(0.05, 0.025)), rel=1e-12)
    assert early.z[0] > 9.9
    assert close.z[1] == math.inf
    for plan, information in ((early, [0.05, 1.0]), (close, [0.5, 0.5 + 1e-7, 1.0])):
        found = crossings(information, plan.z, lower=[-z for z in plan.z])
        assert 2 * math.fsum(found.upper) == pytest.approx(0.05, abs=1e-11)


def test_t12_over_running_rescales_no_look_that_was_shown() -> None:
    """Sharing all looks out anew over more information than planned changes bounds that were acted on."""
    state = SequentialState(SequentialPlan(spending=ObrienFleming(), alpha=0.05, planned=100.0))
    state = state.look("first", estimate=0.1, se=60**-0.5)
    shown = state.looks[0].bound
    state = state.look("second", estimate=0.1, se=130**-0.5)

    assert state.looks[0].bound == shown == bounds([60], [0.6], alpha=0.05, spending=ObrienFleming()).z[0]
    assert shown != pytest.approx(bounds([60], [60 / 130], alpha=0.05, spending=ObrienFleming()).z[0], rel=0.01)
    found = crossings([60, 130], [look.bound for look in state.looks], lower=[-look.bound for look in state.looks])
    assert 2 * math.fsum(found.upper) == pytest.approx(0.05, abs=1e-9)


def test_t13_the_mixture_is_fixed_before_the_data() -> None:
    """A mixture that shrinks as 1 / n bounds every look by one number, which any path crosses some day."""
    fixed = Asymptotic.tuned_for(10_000)
    contrast = two(1.0, 0.0).contrast()
    naive = {round(Asymptotic.tuned_for(n).critical(contrast, n, 0.05), 9) for n in (10**3, 10**6, 10**9)}
    ours = [fixed.critical(contrast, n, 0.05) for n in (10**5, 10**7, 10**9, 10**12)]

    assert len(naive) == 1
    assert ours == sorted(ours)
    assert ours[-1] > ours[0] + 1
    assert math.exp(fixed.log_p(contrast, 0)) == 1


def test_t14_both_conventions_of_two_sides_have_a_name() -> None:
    """Half of what alpha spends isn't what half of alpha spends: .00279 against .00153 at half the information."""
    each, together = ObrienFleming(), BothSides(ObrienFleming())

    assert each.spent(0.5, 0.025) == pytest.approx(0.00153, abs=5e-6)
    assert together.spent(0.5, 0.025) == pytest.approx(0.00279, abs=5e-6)
    assert [one.spent(1.0, 0.025) for one in (each, together)] == [0.025, pytest.approx(0.025)]
    spent = bounds([0.5], [0.5], alpha=0.05, spending=each).spent[0]
    assert spent == pytest.approx(2 * each.spent(0.5, 0.025))


def test_t15_small_p_values_stay_small_and_different() -> None:
    """1 - cdf is 0 from eight standard errors on, and a clamp makes all strong results alike."""
    for z in (9.0, 12.0, 30.0):
        p = two_sided(z)[0]
        [repeated] = repeated_p([z], [1.0], [1.0], spending=ObrienFleming())
        [at_half] = repeated_p([z], [0.5], [0.5], spending=ObrienFleming())
        assert 0 < p < 1e-18
        assert repeated == pytest.approx(p, rel=1e-9)
        assert p < at_half < p**0.4
    sequence = Asymptotic.tuned_for(1000)
    w = sequence.weight(1000)
    log_e = 60**2 / 2 * w / (1 + w) - math.log1p(w) / 2
    assert AnyLook(sequence).p_value(60.0, two(60.0, 0.0)) == (0.0, pytest.approx(-log_e / math.log(10), rel=1e-9))


def test_t16_what_failed_is_no_neutral_result() -> None:
    """An effect of 0, an interval (0, 0) and p = 1 read like "no effect" where nothing was computed."""
    still = Moments.of([2.0, 2.0, 2.0])

    for answer in (compare(still, still), compare(Moments.empty(), still), compare(Moments.of([1.0]), still)):
        assert isinstance(answer, NotEstimable)
        assert {part.name for part in fields(answer)} == {"code", "text"}
    many = compare_all(Cells.stacked([still, Moments.empty()]), Cells.stacked([still]))
    assert many.absolute.causes.tolist() == ["no_variation", "too_few_units"]
    assert all(np.isnan(getattr(many.absolute, name)).all() for name in ("estimate", "lower", "upper", "p_value"))


def test_t17_an_arm_without_a_share_is_no_degree_of_freedom() -> None:
    """Counting it makes the test blind; and a unit in it is no small deviation but a broken split."""
    two_arms, three = known(srm([5200, 4800], [1, 1])), known(srm([5200, 4800, 0], [1, 1, 0]))

    assert (three.df, three.p_value, three.statistic) == (1, two_arms.p_value, two_arms.statistic)
    assert known(srm([5000, 5000, 1], [1, 1, 0])).p_value == 0.0
    [look] = known(sequential_split([[Period((5000, 5000, 1), (1, 1, 0))]]))
    assert look.p_value == 0.0


def test_t18_a_prior_has_a_unit() -> None:
    """A spread of 1 % taken for a spread of 0.01 says next to everything about a metric of size 2,000."""
    pair, prior = two(2040.0, 2000.0, 100.0, 100.0), NormalPrior(0.0, 0.01)
    lift, difference = (known(posterior(pair, prior, scale=scale)) for scale in ("relative", "absolute"))
    wrong = known(posterior(pair, NormalPrior(0.0, 0.01, "absolute"), scale="absolute"))

    assert difference.prior.sd == pytest.approx(20.0)
    assert difference.mean == pytest.approx(2000 * lift.mean, rel=0.02)  # the lift's error knows of the baseline's
    assert wrong.mean < 1e-3 * difference.mean


def test_t19_guardrails_each_keep_alpha_and_share_beta() -> None:
    """All guardrails must pass, so each keeps alpha whole; dividing it by the success metrics only costs power."""
    success, guards = [superior(name) for name in "abc"], [noninferior(name, margin=0.01) for name in "uvwx"]
    plan = allocated(all_of(any_of(*success), *guards))
    alphas = {share.hypothesis.name: share.alpha for share in plan.shares}

    assert [alphas[name] for name in "uvwx"] == [0.05] * 4
    assert [alphas[name] for name in "abc"] == [pytest.approx(0.05 / 3)] * 3
    assert {round(share.power, 9) for share in plan.shares} == {0.96}


def test_t20_a_relative_margin_carries_the_baselines_noise() -> None:
    """The margin times the observed baseline, taken for known: a 5 % test of "not 50 % higher" errs in 9.8 %."""
    at_margin = two(15.0, 10.0)
    naive = upper_tail(critical_value(0.05) * math.sqrt(2 / (1 + 1.5**2)))

    assert naive == pytest.approx(0.0985, abs=5e-5)
    assert noninferiority(at_margin, margin=0.5, improving=-1) == pytest.approx(0.0, abs=1e-12)
    ahead = noninferiority(two(14.0, 10.0), margin=0.5, improving=-1)
    assert ahead == pytest.approx(1 / math.sqrt(1 + 1.5**2), rel=1e-9)


def test_t21_one_cap_for_all_arms_that_the_treated_do_not_set() -> None:
    """Caps per arm, or of the treated, move with the treatment; a percentile over mostly zeros caps other values."""
    treated, control = np.arange(1.0, 201.0) * 3, np.arange(1.0, 201.0)

    for source in ("per_arm", "treatment"):
        with pytest.raises(Invalid, match="refused"):
            CapRule(upper=0.99, source=source)
    arms = known(capped(treated, control, rule=CapRule(upper=0.9, source="control")))
    assert arms.cap == known(capped(treated * 10, control, rule=CapRule(upper=0.9, source="control"))).cap
    many_zeros = np.concatenate((np.zeros(1800), control))
    with_zeros, without = (
        known(CapRule(upper=0.99, zeros=zeros).threshold(treatment=[], control=many_zeros)).upper
        for zeros in (True, False)
    )
    assert with_zeros < 185 < without


def test_t22_rows_are_not_units() -> None:
    """Ten alike rows of a user taken for ten users make the error a third of what it is."""
    rng = np.random.default_rng(3)
    users = rng.normal(size=(2, 200))
    rows = users.repeat(10, axis=1)
    labels = np.arange(200).repeat(10)

    naive = known(means(Moments.of(rows[0]), Moments.of(rows[1]))).contrast().se
    ours = known(cluster_means(Clusters.of(rows[0], labels), Clusters.of(rows[1], labels))).contrast().se

    assert ours == pytest.approx(known(means(Moments.of(users[0]), Moments.of(users[1]))).contrast().se, rel=1e-9)
    assert naive == pytest.approx(ours / math.sqrt(10), rel=0.01)


def test_t23_tied_values_are_no_certainty() -> None:
    """Latencies rounded to 100 ms collapse the quantile's interval to a point, which passes for certain."""
    rounded = np.round(np.random.default_rng(1).normal(400, 60, size=(2, 1000)), -2)

    refused = quantiles(rounded[0], rounded[1], 0.5)
    mid = known(quantiles(rounded[0], rounded[1], 0.5, ties="mid"))

    assert isinstance(refused, NotEstimable)
    assert refused.code == Cause.TIED
    assert mid.contrast().se > 1


@pytest.mark.filterwarnings("error")
def test_t24_sizes_are_found_whatever_their_size_and_split() -> None:
    """A search between fixed brackets fails for tiny effects, and one that forgets the split sizes a wrong arm."""
    for effect in (0.5, 0.02, 1e-5):
        for share in (0.5, 0.9, 0.01):
            plan = Design(known_mean(10.0, 4.0), shares=(share, 1 - share), scale="absolute")
            found = known(plan.units(effect))
            control = (Z + critical_value(0.2)) ** 2 * 16 * (1 + (1 - share) / share) / effect**2
            assert found.arms[1] == pytest.approx(control, rel=0.02, abs=5)
            assert found.power >= 0.8
            assert known(plan.power_at(found.total - 10 * len(found.arms) - 10, effect)) < found.power


def test_t25_zero_cells_have_score_intervals() -> None:
    """No success in an arm makes formulas of the score interval fail, just where it is needed."""
    nothing, some, full = Count(0, 50), Count(3, 40), Count(40, 40)

    for first, second in ((nothing, nothing), (nothing, some), (some, nothing), (full, nothing), (full, full)):
        low, high = score_interval(first, second)
        assert -1 <= low <= first.share - second.share <= high <= 1
        assert low < high
        assert score_interval(first, second, compare="ratio")[0] >= 0


def test_t26_evidence_is_kept_as_a_logarithm() -> None:
    """Odds multiplied look by look under- and overflow, and losses far out become 0 / 0."""
    [look] = known(sequential_split([[Period((10**9, 10**9 - 10**7), (1, 1))]]))
    [fine] = known(sequential_split([[Period((10**9, 10**9), (1, 1))]]))
    losses = expected_loss([-1e6, -40.0, 30.0, 1e6], 1.0)

    assert look.p_value == 0
    chi_square = known(srm([10**9, 10**9 - 10**7], [1, 1])).statistic
    assert chi_square / 2 - 12 < look.log_bayes_factor < chi_square / 2
    assert look.log10_p == pytest.approx(-look.log_bayes_factor / math.log(10), rel=1e-12)
    assert fine.p_value == 1
    assert fine.log_bayes_factor < 0
    assert losses.tolist() == [pytest.approx(1e6), pytest.approx(40.0), pytest.approx(1.632e-199, rel=1e-3), 0.0]


def test_t27_an_empty_intersection_says_that_it_is_empty() -> None:
    """Ends that crossed make an interval upside down, or one of no width that looks certain."""
    seen = intersections([0.0, 0.2, 0.6, 0.1], [1.0, 0.5, 0.9, 0.8])

    assert seen.empty.tolist() == [False, False, True, True]
    assert np.isnan(seen.lower[2:]).all()
    assert np.isnan(seen.upper[2:]).all()
    assert (seen.lower[:2] <= seen.upper[:2]).all()


def test_t28_days_of_the_same_units_share_their_luck() -> None:
    """Daily effects taken for independent make an average over days several times too sure."""
    rng = np.random.default_rng(2)
    arms = [Moments.of(rng.normal(size=(500, 14)) + 2 * rng.normal(size=(500, 1))) for _ in range(2)]
    made = known(novelty(*arms))
    late = known(made.late)
    naive = math.sqrt(float((made.daily.ses[7:] ** 2).sum())) / 7

    assert late.se > 2 * naive
    weights = np.where(np.arange(14) >= 7, 1 / 7, 0.0)
    assert late.se**2 == pytest.approx(weights @ made.daily.covariance @ weights, rel=1e-9)


def test_t29_a_test_that_was_not_made_is_not_counted() -> None:
    """A missing p-value in the family's count makes all others weaker, or turns all of them missing."""
    with pytest.raises(Invalid, match="aren't probabilities"):
        bh([0.01, math.nan, 0.04])

    answer = among_made(bh, [0.01, math.nan, 0.04])

    assert (answer.made, answer.missing) == (2, 1)
    assert answer.adjusted[[0, 2]].tolist() == bh([0.01, 0.04]).tolist()
    assert np.isnan(answer.adjusted[1])


def test_t30_a_result_says_which_engine_and_method_made_it() -> None:
    """Two releases of one version number gave two answers, and no result told which was which."""
    arms = covariate_arms()
    found = known(compare(*arms))
    many = compare_all(Cells.stacked([arms[0]]), Cells.stacked([arms[1]]))

    assert found.engine == many.engine == ENGINE != ""
    assert found.unadjusted is not None
    methods = [one.method for one in (found.absolute, found.unadjusted.absolute, known(found.relative))]
    assert methods == ["cuped-per-arm", "difference", "cuped-per-arm, fieller"]
    assert (found.settings, found.certainty) == (Settings(), "one look")


def test_t31_units_whose_window_is_open_are_not_counted() -> None:
    """Everybody converts on day 5 of 7, yet counting open windows says 60 %, and another share at every look."""
    exposed = np.arange(20.0)

    for cut_off, shares in ((10.0, 0.6), (20.0, 0.8)):
        here = exposed < cut_off
        naive = float((exposed[here] + 5 <= cut_off).mean())
        cohort = matured(exposed[here], window=7, cut_off=cut_off)
        assert naive == pytest.approx(shares)
        assert (exposed[here][cohort.units] + 5 <= cut_off).all()
    first, then = (matured(exposed, window=7, cut_off=day).units for day in (10.0, 20.0))
    assert (then >= first).all()
    assert then.sum() == 14


def test_t32_interval_and_p_value_are_one_statement() -> None:
    """An interval by one df or on one scale and a p-value by another can contradict each other."""
    arms = Moments.of([5.0, 7.0, 6.0, 9.0, 8.0]), Moments.of([4.0, 5.0, 4.5, 6.5])
    for lift in ("fieller", "delta", "log"):
        first = known(compare(*arms, Settings(lift=lift)))
        for scale in ("absolute", "relative"):
            number = getattr(first, scale)
            again = getattr(known(compare(*arms, Settings(lift=lift, alpha=number.p_value))), scale)
            assert min(abs(again.lower), abs(again.upper)) < 1e-9
            assert number.df == first.absolute.df


def test_t33_conventions_are_pinned_and_recorded() -> None:
    """A default that flips between releases, such as the continuity correction, changes results silently."""
    pinned = {"kind": "mean", "test": "welch", "lift": "fieller", "theta": "per_arm", "alpha": 0.05}
    rule = {"upper": 1.0, "lower": 0.0, "source": "pooled", "zeros": True, "counted": False, "kind": 7}

    for settings, names in ((Settings(), pinned), (CapRule(), rule)):
        assert {part.name: getattr(settings, part.name) for part in fields(settings)} == names
    found = known(compare(Moments.binary(3, 9), Moments.binary(5, 9), Settings(kind="proportion", test="score")))
    assert found.settings.test == "score"
    assert found.absolute.p_value == pytest.approx(0.3427817, abs=1e-7)  # without continuity correction
    assert proportions.__kwdefaults__ == {"test": "welch"}


def test_t34_units_in_two_arms_and_changed_shares_are_seen() -> None:
    """Units that switch arms, silently kept or dropped, and a ramp pooled over its shares hide a broken split."""
    half = {"a": 0.5, "b": 0.5}
    few = crossovers({"a": 3, "b": 2}, {"a": 50_000, "b": 50_000}, half)
    many = crossovers({"a": 900, "b": 910}, {"a": 50_000, "b": 50_000}, half)
    ramp = [Period((9500, 500), (9, 1)), Period((5000, 5000), (1, 1))]

    assert (few.status, many.status) == (Status.OK, Status.BLOCK)  # a few are counted, and no doubt
    assert (few.detail["units"], many.detail["units"]) == (5, 1810)
    assert known(stratified_srm(ramp)).p_value < 1e-50
    assert known(stratified_srm([Period((9000, 1000), (9, 1)), ramp[1]])).p_value == 1.0
    assert known(srm([14_000, 6_000], [1, 1])).p_value < 1e-300


def test_t35_a_drift_in_the_ninth_digit_is_seen() -> None:
    """Rounded to five decimals, a standard error may drift by one part in a thousand, and no test would tell."""
    rows = [[Fraction(k * k % 17, 1000) for k in range(n)] for n in (40, 50)]
    square = Fraction(0)
    for arm in rows:
        mean = sum(arm, Fraction(0)) / len(arm)
        square += sum(((x - mean) ** 2 for x in arm), Fraction(0)) / (len(arm) - 1) / len(arm)
    exact, ours = math.sqrt(square), known(means(*(Moments.of([float(x) for x in arm]) for arm in rows))).contrast().se

    drifted = ours * (1 + 1e-3)
    assert round(drifted, 5) == round(exact, 5)
    assert ours * (1 + 1e-9) != pytest.approx(exact, rel=5e-10)
    assert ours == pytest.approx(exact, rel=1e-14)
