"""What must hold of quantiles whatever the data are."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import Cause, Estimate, NotEstimable
from twyman.stats.lift import absolute, relative
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair
from twyman.stats.quantile import (
    Bracket,
    Clustered,
    Lookup,
    from_brackets,
    lookup,
    mid_bracket,
    quantiles,
    sample_quantile,
    share_error,
)
from twyman.stats.quantile.lad import slope

NUMPY = {
    1: "inverted_cdf",
    2: "averaged_inverted_cdf",
    4: "interpolated_inverted_cdf",
    5: "hazen",
    6: "weibull",
    7: "linear",
    8: "median_unbiased",
    9: "normal_unbiased",
}
RNG = np.random.default_rng(7)
SLOW, FAST = RNG.lognormal(5, 0.6, 900), RNG.lognormal(4.9, 0.6, 1100)


def _pair(answer: Pair | NotEstimable) -> Pair:
    assert isinstance(answer, Pair), answer
    return answer


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=40), st.integers(1, 99), st.sampled_from(sorted(NUMPY)))
def test_sample_quantiles_are_numpys_of_the_same_definition(values: list[int], percent: int, kind: int) -> None:
    ours = sample_quantile(values, percent / 100, kind=kind)

    # numpy interpolates with its own rounding, and may call a whole rank a little more
    assert ours == pytest.approx(float(np.quantile(values, percent / 100, method=NUMPY[kind])), abs=1e-9) or (
        kind < 3 and percent * len(values) % 100 == 0
    )


def test_the_nearest_even_rank_is_taken_by_definition_3() -> None:
    assert [sample_quantile([1, 2, 3, 4], q, kind=3) for q in (0.125, 0.375, 0.5, 0.625, 1.0)] == [1, 2, 2, 2, 4]


def test_seven_hundredths_of_a_hundred_are_seven() -> None:
    assert sample_quantile(range(1, 101), 0.07, kind=1) == 7


def test_swapping_the_arms_turns_the_difference_round() -> None:
    there, back = absolute(_pair(quantiles(FAST, SLOW, 0.9))), absolute(_pair(quantiles(SLOW, FAST, 0.9)))

    assert (there.estimate, there.lower, there.se) == (-back.estimate, -(back.upper or 0), back.se)


@pytest.mark.parametrize("spread", ["ranks", "nid", "ker", "iid"])
def test_quantiles_change_their_unit_with_the_values(spread: str) -> None:
    plain = _pair(quantiles(FAST, SLOW, 0.75, spread=spread)).contrast()
    other = _pair(quantiles(FAST * 1000 + 7, SLOW * 1000 + 7, 0.75, spread=spread)).contrast()

    assert (other.estimate, other.se) == pytest.approx((plain.estimate * 1000, plain.se * 1000), rel=1e-6)


@pytest.mark.parametrize("spread", ["nid", "ker", "iid"])
def test_every_way_to_measure_density_gives_about_the_same_error(spread: str) -> None:
    ranks = _pair(quantiles(FAST, SLOW, 0.5)).contrast().se

    assert _pair(quantiles(FAST, SLOW, 0.5, spread=spread)).contrast().se == pytest.approx(ranks, rel=0.25)


def test_six_fetched_ranks_say_all_that_the_values_say() -> None:
    arms = []
    for values in (FAST, SLOW):
        plan = lookup(values.size, 0.9)
        assert isinstance(plan, Lookup)
        arms.append(plan.read({rank: float(np.sort(values)[rank - 1]) for rank in plan.ranks}))

    assert from_brackets(*arms) == quantiles(FAST, SLOW, 0.9)


def test_a_missing_rank_is_named() -> None:
    plan = lookup(1000, 0.5)
    assert isinstance(plan, Lookup)

    with pytest.raises(Invalid, match=r"ranks \[469"):
        plan.read({})


def test_a_billion_values_cost_six_look_ups() -> None:
    plan = lookup(1_000_000_000, 0.999)

    assert isinstance(plan, Lookup)
    assert len(plan.ranks) == 6
    assert plan.ranks[2] == 999_000_000


def test_clusters_of_one_are_independent_values() -> None:
    apart = _pair(quantiles(FAST, SLOW, 0.5))
    ones = _pair(quantiles(Clustered(FAST, np.arange(FAST.size)), Clustered(SLOW, np.arange(SLOW.size)), 0.5))

    assert ones.contrast().se == pytest.approx(apart.contrast().se, rel=0.05)


@pytest.mark.parametrize("ties", ["refuse", "mid"])
def test_values_repeated_within_a_cluster_know_no_more_than_one(ties: str) -> None:
    values, users = RNG.lognormal(5, 0.6, 1000), np.arange(1000)
    tenfold = Clustered(np.repeat(values, 10) + np.tile(np.arange(10) * 1e-6, 1000), np.repeat(users, 10))
    once = _pair(quantiles(values, values + 1, 0.5, ties=ties)).contrast().se

    assert _pair(quantiles(tenfold, values + 1, 0.5, ties=ties)).contrast().se == pytest.approx(once, rel=0.1)


def test_clusters_without_values_belong_to_the_count() -> None:
    busy = Moments.of([[1, 2], [0, 1], [3, 4], [1, 3]])
    idle = busy + Moments.of([[0, 0]] * 4)

    assert share_error(idle) != share_error(busy)


def test_tied_values_are_refused_not_called_certain() -> None:
    rounded = np.round(np.concatenate((FAST, FAST)), -2)

    answer = quantiles(rounded, rounded, 0.5)

    assert isinstance(answer, NotEstimable)
    assert answer.code == Cause.TIED


def test_values_tied_on_one_side_only_are_refused_too() -> None:
    """Half of an interval that has collapsed would halve the error, and nobody would notice."""
    floored = np.maximum(FAST, np.quantile(FAST, 0.505))

    answer = quantiles(floored, floored, 0.5)

    assert isinstance(answer, NotEstimable)
    assert answer.code == Cause.TIED


@pytest.mark.parametrize("spread", ["nid", "ker", "iid"])
def test_a_constant_has_no_density(spread: str) -> None:
    answer = quantiles([250.0] * 400, [250.0] * 300, 0.5, spread=spread)

    assert isinstance(answer, NotEstimable)
    assert answer.code == Cause.TIED


def test_the_mid_distribution_sees_through_rounding() -> None:
    fine, coarse = _pair(quantiles(FAST, SLOW, 0.5)), _pair(quantiles(FAST.round(-1), SLOW.round(-1), 0.5, ties="mid"))

    assert coarse.contrast().estimate == pytest.approx(fine.contrast().estimate, abs=fine.contrast().se)
    assert coarse.contrast().se == pytest.approx(fine.contrast().se, rel=0.25)


@given(st.lists(st.floats(0, 1000), min_size=40, max_size=90, unique=True), st.floats(0.3, 0.7))
def test_without_ties_the_mid_distribution_is_type_5(values: list[float], q: float) -> None:
    bracket = mid_bracket(values, q)

    assert isinstance(bracket, Bracket)
    assert bracket.value == pytest.approx(sample_quantile(values, q, kind=5), abs=1e-8)
    assert bracket.sigma <= np.sqrt(q * (1 - q) / len(values))


def test_counted_values_are_as_good_as_the_values() -> None:
    distinct, counts = np.unique(FAST.round(-1), return_counts=True)

    assert mid_bracket(distinct, 0.9, counts=counts) == mid_bracket(FAST.round(-1), 0.9)


@pytest.mark.parametrize(("count", "q"), [(34, 0.9), (34, 0.1), (3837, 0.999), (2, 0.5)])
def test_too_extreme_a_quantile_is_refused(count: int, q: float) -> None:
    answer = lookup(count, q)

    assert isinstance(answer, NotEstimable)
    assert answer.code == Cause.TOO_EXTREME


def test_one_value_more_than_needed_is_enough() -> None:
    assert isinstance(lookup(35, 0.9), Lookup)
    assert isinstance(lookup(3838, 0.999), Lookup)


@pytest.mark.parametrize("values", [[], [1.0]])
@pytest.mark.parametrize("ties", ["refuse", "mid"])
def test_next_to_no_values_have_no_quantile_to_compare(values: list[float], ties: str) -> None:
    assert isinstance(quantiles(values, FAST, 0.5, ties=ties), NotEstimable)


@pytest.mark.parametrize(
    "wrong",
    [{"spread": "rank"}, {"ties": "drop"}, {"kind": 10}, {"ties": "mid", "spread": "nid"}],
)
def test_what_there_is_not_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        quantiles(FAST, SLOW, 0.5, **wrong)


def test_missing_values_have_no_rank() -> None:
    with pytest.raises(Invalid, match="missing"):
        quantiles([1.0, float("nan")] * 100, FAST, 0.5)
    with pytest.raises(Invalid, match="missing"):
        quantiles([1.0, float("nan")] * 100, FAST, 0.5, ties="mid")
    with pytest.raises(Invalid, match="between 0 and 1"):
        quantiles(FAST, SLOW, 1.0)


@given(st.integers(0, 400))
def test_fieller_of_quantiles_agrees_with_their_difference(shift: int) -> None:
    pair = _pair(quantiles(SLOW - 60 + shift / 4, SLOW, 0.75))
    effect, lift, log = absolute(pair), relative(pair), relative(pair, method="log")

    assert isinstance(lift, Estimate)
    assert isinstance(log, Estimate)
    assert (effect.lower > 0 or effect.upper < 0) == (lift.lower > 0 or lift.upper < 0) == (effect.p_value < 0.05)
    assert (log.lower > 0 or log.upper < 0) == (log.p_value < 0.05)


@given(st.lists(st.integers(0, 60), min_size=3, max_size=12))
def test_no_line_through_two_points_deviates_less(steps: list[int]) -> None:
    x, y = np.arange(len(steps), dtype=np.float64), np.cumsum(steps).astype(np.float64)

    def left_over(b: float) -> float:
        return float(np.abs(y - b * x - np.median(y - b * x)).sum())

    best = min(left_over((y[j] - y[i]) / (x[j] - x[i])) for i, j in combinations(range(len(steps)), 2))

    assert left_over(slope(x, y)) == pytest.approx(best, abs=1e-6)
