"""What must hold of the bootstrap, and how it compares with the formulas where these are right."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from twyman.kernel.errors import Invalid
from twyman.stats.difference import means
from twyman.stats.estimate import Cause, Estimate, NotEstimable
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair
from twyman.stats.quantile import quantiles
from twyman.stats.ratio import ratios
from twyman.stats.resampling import Replicates, bootstrap, bootstrap_quantiles, quantile_replicates, unit_keys
from twyman.stats.resampling.interval import KINDS, Distribution, answer
from twyman.stats.resampling.shares import at_share, share_at_most
from twyman.stats.resampling.weights import weights

RNG = np.random.default_rng(11)
IDS = np.arange(3000)
TREATMENT, CONTROL = RNG.lognormal(0.1, 0.8, 600), RNG.lognormal(0, 0.8, 900)


def _arms(treatment: Any = TREATMENT, control: Any = CONTROL, **more: Any) -> tuple[Replicates, Replicates]:
    n = len(treatment)
    more = {"replicates": 1000} | more
    return Replicates.of(treatment, IDS[:n], **more), Replicates.of(control, IDS[n : n + len(control)], **more)


def _estimate(answer: Estimate | NotEstimable) -> Estimate:
    assert isinstance(answer, Estimate), answer
    return answer


def test_weights_are_poisson_numbers_of_mean_one() -> None:
    counts = weights(unit_keys(np.arange(20_000)), 0, 20)

    seen = np.bincount(counts.ravel(), minlength=6)[:6] / counts.size
    expected = np.array([math.exp(-1) / math.factorial(k) for k in range(6)])
    assert seen == pytest.approx(expected, abs=5 * math.sqrt(0.25 / counts.size))
    assert np.abs(np.corrcoef(counts) - np.eye(20)).max() < 5 / math.sqrt(20_000)


def test_weights_are_known_for_ever() -> None:
    """Another hash would change every stored answer: these were written down when it was chosen."""
    assert weights(unit_keys([0, 1, 2, 3, 4]), 0, 4, seed=0).tolist() == PINNED
    assert unit_keys(["anna"]).tolist() == [PINNED_KEY]


PINNED = [[1, 1, 2, 1, 1], [1, 3, 0, 1, 2], [3, 0, 0, 1, 1], [4, 1, 0, 0, 1]]
PINNED_KEY = 10109037774674085072


def test_a_weight_depends_on_the_unit_not_on_its_neighbours() -> None:
    ids = [f"user-{k}" for k in range(50)]

    alone, together = weights(unit_keys(ids[7:8]), 0, 40), weights(unit_keys(ids), 0, 40)

    assert alone[:, 0].tolist() == together[:, 7].tolist()
    assert weights(unit_keys(ids), 10, 20).tolist() == together[10:20].tolist()
    assert weights(unit_keys(ids), 0, 40, seed=1).tolist() != together.tolist()


@settings(max_examples=20)
@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=30), st.integers(1, 29), st.randoms())
def test_shards_add_up_in_any_order(numbers: list[int], cut: int, random: Any) -> None:
    whole = Replicates.of(numbers, IDS[: len(numbers)], replicates=20)
    order = list(range(len(numbers)))
    random.shuffle(order)
    parts = [
        Replicates.of([numbers[i] for i in part], part, replicates=20) for part in (order[:cut], order[cut:]) if part
    ]

    added = parts[0] + parts[1] if len(parts) == 2 else parts[0]

    assert added.sums.tolist() == whole.sums.tolist()
    assert added.squares.tolist() == whole.squares.tolist()
    assert added.count == whole.count


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_of_a_mean_it_is_near_welch(kind: str) -> None:
    welch = means(Moments.of(TREATMENT), Moments.of(CONTROL))
    assert isinstance(welch, Pair)
    lower, upper = welch.contrast().interval(0.05)

    ours = _estimate(bootstrap(*_arms(), kind=kind))

    assert ours.estimate == pytest.approx(welch.contrast().estimate, rel=1e-12)
    assert ours.se == pytest.approx(welch.contrast().se, rel=0.1)
    assert (ours.lower, ours.upper) == pytest.approx((lower, upper), abs=0.3 * welch.contrast().se)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_of_a_ratio_it_is_near_the_delta_method(kind: str) -> None:
    views = RNG.poisson(6, 1500) + 1
    rows = np.column_stack((RNG.binomial(views, 0.3), views))
    delta = ratios(Moments.of(rows[:600]), Moments.of(rows[600:]))
    assert isinstance(delta, Pair)

    ours = _estimate(bootstrap(*_arms(rows[:600], rows[600:]), statistic="ratio", kind=kind))

    assert ours.estimate == pytest.approx(delta.contrast().estimate, rel=1e-10)
    assert ours.se == pytest.approx(delta.contrast().se, rel=0.1)


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("scale", ["absolute", "relative"])
@pytest.mark.parametrize("alpha", [0.3, 0.05, 0.01])
@pytest.mark.parametrize("shift", np.linspace(-0.25, 0.1, 15))
def test_the_interval_excludes_zero_exactly_when_the_test_rejects(
    kind: str, scale: str, alpha: float, shift: float
) -> None:
    arms = SHIFTED.setdefault(float(shift), _arms(TREATMENT + shift, replicates=500))

    ours = _estimate(bootstrap(*arms, scale=scale, kind=kind, alpha=alpha))

    assert (ours.lower > 0 or ours.upper < 0) == (ours.p_value < alpha)


SHIFTED: dict[float, tuple[Replicates, Replicates]] = {}


@pytest.mark.parametrize("kind", ["studentised", "bca"])
def test_skewed_means_get_intervals_that_lean_towards_the_tail(kind: str) -> None:
    heavy = RNG.lognormal(0, 1.5, 300)

    ours = _estimate(bootstrap(*_arms(heavy, np.full(300, 1.0) + 1e-3 * RNG.normal(size=300)), kind=kind))

    assert ours.upper - ours.estimate > 1.1 * (ours.estimate - ours.lower)


def test_large_numbers_keep_their_small_differences_when_centred() -> None:
    plain = _estimate(bootstrap(*_arms(replicates=200), kind="studentised"))
    far = _arms(TREATMENT + 1e12, CONTROL + 1e12, replicates=200, centre=1e12)

    ours = _estimate(bootstrap(*far, kind="studentised"))

    assert (ours.estimate, ours.se) == pytest.approx((plain.estimate, plain.se), rel=1e-3)


def test_any_function_of_means_can_be_compared() -> None:
    geometric = np.column_stack((np.log(TREATMENT),)), np.column_stack((np.log(CONTROL),))

    ours = _estimate(bootstrap(*_arms(*geometric), statistic=lambda m: np.exp(m[..., 0]), scale="relative", kind="bca"))

    assert ours.estimate == pytest.approx(math.exp(np.log(TREATMENT).mean() - np.log(CONTROL).mean()) - 1)


def test_of_a_quantile_it_is_near_the_interval_by_ranks() -> None:
    n = TREATMENT.size
    ranks = quantiles(TREATMENT, CONTROL, 0.5)
    assert isinstance(ranks, Pair)

    ours = _estimate(
        bootstrap_quantiles((TREATMENT, IDS[:n]), (CONTROL, IDS[n : n + CONTROL.size]), 0.5, replicates=1000)
    )

    assert ours.se == pytest.approx(ranks.contrast().se, rel=0.25)


def test_quantiles_of_units_with_many_values_vary_as_units_do() -> None:
    values, units = np.repeat(TREATMENT, 5), np.repeat(IDS[: TREATMENT.size], 5)

    value, many = quantile_replicates(values, units, 0.5, replicates=400)

    once = quantile_replicates(TREATMENT, IDS[: TREATMENT.size], 0.5, replicates=400)
    assert value == once[0]
    assert many.tolist() == once[1].tolist()


@given(st.lists(st.floats(-10, 10), min_size=3, max_size=30, unique=True), st.floats(0.1, 0.9))
def test_shares_and_numbers_are_each_others_inverse(numbers: list[float], share: float) -> None:
    ordered = np.sort(np.round(numbers, 3))
    inside = min(max(share, 1 / (ordered.size + 1)), ordered.size / (ordered.size + 1))

    assert share_at_most(ordered, at_share(ordered, inside)) >= inside - 1e-6


@pytest.mark.parametrize("centre", [0.0, 2.5])
def test_the_third_moment_is_that_of_the_values(centre: float) -> None:
    rows = np.column_stack((TREATMENT, TREATMENT**2))
    arm = Replicates.of(rows, IDS[: len(rows)], replicates=2, centre=[centre, centre])

    direct = (rows - rows.mean(axis=0)) @ np.array([1.0, -0.3])

    assert arm.skew(np.array([1.0, -0.3])) == pytest.approx(float((direct**3).mean()), rel=1e-9)
    assert arm.covariance() == pytest.approx(np.cov(rows.T, ddof=0), rel=1e-9)


def test_too_few_replicates_for_an_alpha_are_refused() -> None:
    reasons = [bootstrap(*_arms(replicates=100), kind=kind, alpha=0.01) for kind in sorted(KINDS)]

    assert [reason.code for reason in reasons if isinstance(reason, NotEstimable)] == [Cause.TOO_FEW_REPLICATES] * 3


def test_an_effect_without_error_of_its_own_has_percentiles_only() -> None:
    known = Distribution(estimate=1.0, replicates=np.linspace(0, 2, 99))

    assert isinstance(answer(known, alpha=0.1, kind="percentile"), Estimate)
    assert isinstance(answer(known, alpha=0.1, kind="studentised"), NotEstimable)
    assert isinstance(answer(known, alpha=0.1, kind="bca"), NotEstimable)


@pytest.mark.parametrize(
    ("treatment", "control", "more", "code"),
    [
        ([1.0], [1.0, 2.0], {}, Cause.TOO_FEW_UNITS),
        ([1.0, 1.0] * 20, [1.0, 1.0] * 20, {}, Cause.NO_VARIATION),
        ([0.0, 1.0] * 20, [0.0, 0.0] * 20, {"scale": "relative"}, Cause.BASELINE_ZERO),
        ([[1.0, 0.0]] * 20, [[1.0, 2.0]] * 20, {"statistic": "ratio"}, Cause.NO_DENOMINATOR),
        ([1.0, 2.0], [1.0, 3.0], {}, Cause.TOO_FEW_UNITS),
    ],
)
def test_what_cannot_be_compared_has_a_reason(treatment: Any, control: Any, more: dict[str, Any], code: Cause) -> None:
    ours = bootstrap(*_arms(treatment, control), **more)

    assert isinstance(ours, NotEstimable)
    assert ours.code == code


def test_what_does_not_fit_together_is_refused() -> None:
    one, other = _arms(replicates=20)

    for wrong in ({"kind": "bcaa"}, {"scale": "log"}, {"statistic": "median"}):
        with pytest.raises(Invalid):
            bootstrap(one, other, **wrong)
    with pytest.raises(Invalid, match="alike"):
        bootstrap(one, Replicates.of(CONTROL, IDS[:900], replicates=20, seed=2))
    with pytest.raises(Invalid, match="alike"):
        _ = one + Replicates.of(CONTROL, IDS[:900], replicates=20, centre=3.0)
    with pytest.raises(Invalid, match="even"):
        Replicates.of([1.0], [1], replicates=5)
    with pytest.raises(Invalid, match="two rows"):
        Replicates.of([1.0, 2.0], ["a", "a"])
    with pytest.raises(Invalid, match="missing"):
        Replicates.of([1.0, math.nan], ["a", "b"])
    with pytest.raises(Invalid, match="stable hash"):
        unit_keys([1.5])
