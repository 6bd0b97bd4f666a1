"""A test whose bounds hold at any look: one formula for bound and p-value, and an error that looking doesn't raise."""

from math import inf

import numpy as np
import pytest
from hypothesis import given, strategies as st

from twyman.decisions.sequence import Reading, judged, p_now
from twyman.stats.anytime.boundary import FARTHEST, Asymptotic
from twyman.stats.anytime.mixture import critical_values

TUNED = 10_000
Path = list[tuple[int, float]]
"""Units and score at each look."""

paths = st.lists(st.tuples(st.integers(0, 200_000), st.floats(-8, 8)), min_size=1, max_size=6)
alphas = st.sampled_from([0.1, 0.05, 0.01, 0.0004])
sides = st.sampled_from([1, 2])


def sequence(alpha: float, sides: int) -> Asymptotic:
    return Asymptotic.tuned_for(TUNED, alpha=alpha, sides=sides)


def readings(path: Path) -> list[Reading]:
    """Information and time are as wild as can be: they play no part."""
    return [Reading(k, 7.0, 1.0, score, units) for k, (units, score) in enumerate(path, start=1)]


@given(path=paths, alpha=alphas, sides=sides)
def test_a_bound_is_crossed_just_where_p_is_at_most_alpha(path: Path, alpha: float, sides: int) -> None:
    family = sequence(alpha, sides)
    seen = judged(readings(path), alpha=alpha, family=family, sides=sides)
    bounds = critical_values([family.weight(units) for units, _ in path], alpha=alpha, sides=sides)
    sizes = [abs(score) if sides == 2 else score for _, score in path]
    over = [k for k, (size, bound) in enumerate(zip(sizes, bounds, strict=True), start=1) if size >= bound]

    assert seen is not None
    assert (seen.crossed_at is not None) == (seen.p_value <= alpha)
    if all(abs(size - bound) > 1e-9 for size, bound in zip(sizes, bounds, strict=True)):
        assert seen.crossed_at == (over[0] if over else None)


@given(path=paths, alpha=alphas, sides=sides)
def test_the_p_value_is_the_smallest_so_far_and_the_bound_this_looks_own(path: Path, alpha: float, sides: int) -> None:
    family = sequence(alpha, sides)
    so_far = [judged(readings(path[: k + 1]), alpha=alpha, family=family, sides=sides) for k in range(len(path))]
    alone = [judged(readings([one]), alpha=alpha, family=family, sides=sides) for one in path]

    lowest = 1.0
    for here, single in zip(so_far, alone, strict=True):
        assert here is not None
        assert single is not None
        lowest = min(lowest, single.p_value)
        assert here.p_value == lowest
        assert here.bound == single.bound
        assert here.spent == alpha


@given(path=paths, alpha=alphas, sides=sides)
def test_the_interval_of_a_bound_excludes_no_effect_just_where_its_p_says_so(
    path: Path, alpha: float, sides: int
) -> None:
    family, score = sequence(alpha, sides), path[-1][1]
    seen = judged(readings(path), alpha=alpha, family=family, sides=sides)

    assert seen is not None
    p_value, level = p_now(readings(path), score, family=family, sides=sides), alpha * (3 - sides)
    assert (abs(score) >= seen.bound) == (p_value <= level) or abs(p_value / level - 1) < 1e-9


@pytest.mark.parametrize("sides", [1, 2])
def test_at_the_bound_itself_p_is_alpha_and_the_intervals_p_what_its_level_leaves(sides: int) -> None:
    family = sequence(0.05, sides)
    bound = float(critical_values(family.weight(4_000), alpha=0.05, sides=sides))
    seen = judged(readings([(4_000, bound)]), alpha=0.05, family=family, sides=sides)

    assert seen is not None
    assert seen.p_value == pytest.approx(0.05, rel=1e-12)
    two_sided = p_now(readings([(4_000, bound)]), -bound, family=family, sides=sides)
    assert two_sided == pytest.approx(0.05 * (3 - sides), rel=1e-12)


def test_a_bound_once_crossed_stays_crossed() -> None:
    seen = judged(readings([(1_000, 0.3), (2_000, 5.0), (9_000, 0.1)]), alpha=0.05, family=sequence(0.05, 2), sides=2)

    assert seen is not None
    assert (seen.crossed_at, seen.positive) == (2, True)


def test_a_look_with_too_few_units_decides_nothing() -> None:
    seen = judged(readings([(0, 30.0)]), alpha=0.05, family=sequence(0.05, 2), sides=2)

    assert seen is not None
    assert (seen.bound, seen.p_value, seen.crossed_at, seen.nominal) == (inf, 1.0, None, 0.0)


@pytest.mark.parametrize("score", [36.0, 60.0, 1e6])
def test_a_bound_beyond_all_data_is_none_and_nothing_crosses_it(score: float) -> None:
    family = sequence(0.05, 2)
    early, late = 5, 50
    assert critical_values(family.weight(early)) > FARTHEST > critical_values(family.weight(late))

    before, after = (judged(readings([(n, score)]), alpha=0.05, family=family, sides=2) for n in (early, late))

    assert before is not None
    assert after is not None
    assert (before.bound, before.crossed_at) == (inf, None)
    assert after.crossed_at == 1
    assert after.p_value > 0


def test_a_one_sided_test_is_crossed_from_one_side_only() -> None:
    seen = judged(readings([(TUNED, -8.0)]), alpha=0.05, family=sequence(0.05, 1), sides=1)

    assert seen is not None
    assert (seen.crossed_at, seen.p_value) == (None, 1.0)


def scores(rng: np.random.Generator, effect: float, *, days: int, a_day: int) -> np.ndarray:
    """Difference of two arms' skewed means over its standard error, at the end of each day."""
    values = rng.exponential(size=(2, days, a_day)) + np.array([effect, 0.0])[:, None, None]
    counts = a_day * np.arange(1, days + 1)
    sums, squares = values.sum(axis=2).cumsum(axis=1), (values**2).sum(axis=2).cumsum(axis=1)
    means = sums / counts
    variances = (squares / counts - means**2) / (counts - 1)
    return (means[0] - means[1]) / np.sqrt(variances.sum(axis=0))


@pytest.mark.parametrize(
    ("sides", "effect", "low", "high"),
    [(2, 0.0, 0.0, 0.05), (1, 0.0, 0.0, 0.05), (2, 0.07, 0.72, 0.92)],
    ids=["two-sided", "one-sided", "an effect is found"],
)
def test_looking_daily_keeps_alpha(sides: int, effect: float, low: float, high: float) -> None:
    """60 looks from 100 units an arm on, tuned for the last: 1.3 % cross without effect; at 1.96 a third would."""
    runs, days, a_day = 400, 60, 100
    rng, family = np.random.default_rng(11), Asymptotic.tuned_for(2 * days * a_day, sides=sides)
    crossed = peeked = 0
    for _ in range(runs):
        path = scores(rng, effect, days=days, a_day=a_day)
        seen = judged(
            readings([(2 * a_day * day, float(z)) for day, z in enumerate(path, start=1)]),
            alpha=0.05,
            family=family,
            sides=sides,
        )
        crossed += seen is not None and seen.crossed_at is not None
        peeked += bool((np.abs(path) > 1.96).any())

    assert low <= crossed / runs <= high
    assert peeked / runs > 0.2
