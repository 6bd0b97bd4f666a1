"""What must hold of comparisons by rank, and what scipy says about the same data."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.ranks import RankTest, Superiority, mann_whitney, superiority

ARM = st.lists(st.integers(0, 30), min_size=3, max_size=25)


def _test(answer: RankTest | NotEstimable) -> RankTest:
    assert isinstance(answer, RankTest), answer
    return answer


@given(ARM, ARM)
def test_superiority_is_brunner_and_munzels(treatment: list[int], control: list[int]) -> None:
    ours = superiority(treatment, control)

    if isinstance(ours, NotEstimable):
        assert ours.code == Cause.NO_VARIATION
        return
    theirs = stats.brunnermunzel(control, treatment)
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-8, abs=1e-15)


@given(ARM, ARM)
def test_superiority_counts_pairs_and_ties_by_half(treatment: list[int], control: list[int]) -> None:
    pairs = [(t > c) + (t == c) / 2 for t in treatment for c in control]

    assert _test(mann_whitney(treatment, [*control, 99])).statistic == sum(pairs)
    answer = superiority(treatment, control)
    if isinstance(answer, Superiority):
        assert answer.share == pytest.approx(np.mean(pairs))


@given(ARM, ARM, st.sampled_from([0.2, 0.05, 0.01]))
def test_the_interval_excludes_one_half_exactly_when_the_test_rejects(
    treatment: list[int], control: list[int], alpha: float
) -> None:
    answer = superiority(treatment, control, alpha=alpha)

    if isinstance(answer, Superiority):
        assert 0 <= answer.lower <= answer.share <= answer.upper <= 1
        assert (answer.lower > 0.5 or answer.upper < 0.5) == (answer.p_value < alpha)


@given(ARM, ARM)
def test_swapping_the_arms_turns_the_share_round(treatment: list[int], control: list[int]) -> None:
    there, back = superiority(treatment, control), superiority(control, treatment)

    if isinstance(there, Superiority) and isinstance(back, Superiority):
        assert there.share == pytest.approx(1 - back.share)
        assert there.p_value == pytest.approx(back.p_value, rel=1e-9)


@given(ARM, ARM)
def test_only_the_order_counts(treatment: list[int], control: list[int]) -> None:
    assert superiority(np.exp(treatment), np.exp(control)) == superiority(treatment, control)


def test_the_exact_distribution_counts_every_order() -> None:
    treatment, control = [2.1, 2.5, 3.5, 7.0], [0.5, 0.7, 1.0, 6.0, 1.8]
    seen = _test(mann_whitney(treatment, control)).statistic
    pooled = [*treatment, *control]

    def statistic(chosen: tuple[int, ...]) -> int:
        return sum(pooled[i] > pooled[j] for i in chosen for j in range(9) if j not in chosen)

    orders = [statistic(chosen) for chosen in combinations(range(9), 4)]
    tail = min(sum(u <= seen for u in orders), sum(u >= seen for u in orders)) / len(orders)
    assert _test(mann_whitney(treatment, control)).p_value == pytest.approx(2 * tail)


@pytest.mark.parametrize(("n", "m"), [(8, 7), (49, 49), (3, 40), (120, 90)])
def test_the_exact_distribution_is_scipys(n: int, m: int) -> None:
    rng = np.random.default_rng(n)
    treatment, control = rng.normal(0.4, 1, n), rng.normal(0, 1, m)

    ours = _test(mann_whitney(treatment, control, exact=True))

    theirs = stats.mannwhitneyu(treatment, control, method="exact")
    assert (ours.statistic, ours.z) == (theirs.statistic, None)
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-10)


@given(ARM, ARM, st.booleans())
def test_the_normal_approximation_is_scipys(treatment: list[int], control: list[int], continuity: bool) -> None:  # noqa: FBT001
    answer = mann_whitney(treatment, control, continuity=continuity, exact=False)

    if isinstance(answer, NotEstimable):
        assert len({*treatment, *control}) == 1
        return
    theirs = stats.mannwhitneyu(treatment, control, method="asymptotic", use_continuity=continuity)
    assert answer.p_value == pytest.approx(theirs.pvalue, rel=1e-9)


def test_ties_have_no_exact_distribution() -> None:
    answer = mann_whitney([1, 2, 3], [3, 4, 5], exact=True)

    assert isinstance(answer, NotEstimable)
    assert answer.code == Cause.TIED


def test_an_arm_wholly_above_the_other_leaves_only_the_test() -> None:
    low, high = list(range(30)), list(range(50, 80))

    assert isinstance(superiority(high, low), NotEstimable)
    assert _test(mann_whitney(high, low)).p_value < 1e-15


def test_far_apart_arms_have_a_logarithm_where_a_float_ends() -> None:
    test = _test(mann_whitney(np.arange(2000) + 5000, np.arange(2000)))

    assert test.share == 1.0
    assert test.log10_p == pytest.approx(-653, abs=3)


@pytest.mark.parametrize("arm", [[], [1.0]])
def test_next_to_no_units_have_no_superiority(arm: list[float]) -> None:
    assert isinstance(superiority(arm, [1.0, 2.0, 3.0]), NotEstimable)


def test_no_units_have_no_ranks() -> None:
    assert isinstance(mann_whitney([], [1.0]), NotEstimable)
    with pytest.raises(Invalid, match="missing"):
        mann_whitney([float("nan"), 1.0], [1.0, 2.0])
