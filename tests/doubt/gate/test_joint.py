"""Arms against another flag's values: what chance explains, what it doesn't, and what can't be separated."""

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.stats import chi2_contingency
from scipy.stats.contingency import association

from twyman.doubt.gate.joint import counted, joint, log_ratio, needed, shows_at
from twyman.stats.anytime.dependence import dependence
from twyman.stats.estimate import NotEstimable

TABLES = st.integers(2, 4).flatmap(
    lambda columns: st.lists(
        st.lists(st.integers(0, 60), min_size=columns, max_size=columns), min_size=2, max_size=3
    ).map(np.array)
)


def ratio(table: np.ndarray) -> float:
    seen = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0].astype(float)
    return log_ratio(seen, np.outer(seen.sum(axis=1), seen.sum(axis=0)) / seen.sum())


def test_the_sample_sizes_of_the_methods() -> None:
    """METHODS, Part B, 4.1 (1): V = 1 shows at 21 units, .5 at 84, .2 at 523, .1 at 2,090, .05 at 8,362."""
    assert [shows_at(v) for v in (1, 0.5, 0.2, 0.1, 0.05)] == [21, 84, 523, 2091, 8362]
    assert shows_at(0) == 0


@pytest.mark.parametrize("table", [[[30, 30], [10, 50]], [[5, 5, 90], [40, 40, 20]], [[20, 1], [3, 40], [9, 9]]])
def test_the_association_is_cramers(table: list[list[int]]) -> None:
    assert joint(np.array(table), alpha=0.001).v == pytest.approx(association(np.array(table), correction=False))


@given(TABLES.filter(lambda table: min((table.sum(0) > 0).sum(), (table.sum(1) > 0).sum()) > 1))
def test_the_screen_lets_nothing_through_that_the_test_would_stop(table: np.ndarray) -> None:
    found = dependence(table)
    assert not isinstance(found, NotEstimable)

    assert ratio(table) >= found.log_e - 1e-9


@given(TABLES.filter(lambda table: min((table.sum(0) > 0).sum(), (table.sum(1) > 0).sum()) > 1))
def test_the_ratio_is_half_of_g(table: np.ndarray) -> None:
    seen = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    g = chi2_contingency(seen, correction=False, lambda_="log-likelihood").statistic

    assert ratio(table) == pytest.approx(g / 2, abs=1e-9)


@settings(max_examples=30)
@given(st.integers(200, 3000), st.floats(0.01, 0.99), st.integers(0, 2**32 - 1))
def test_independent_draws_are_left_alone(units: int, share: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    arms, values = rng.integers(0, 2, units), (rng.random(units) < share).astype(int)

    found = joint(counted(arms, values, of_arms=2, of_values=2), alpha=0.01 / 300)

    assert not found.is_dependent


def test_false_alarms_over_three_hundred_flags_stay_within_one_in_a_hundred_experiments() -> None:
    rng = np.random.default_rng(7)
    warned = 0
    for _ in range(300):
        treated = rng.random(1000) < 0.5
        on = rng.random((40, 1000)) < rng.choice([0.02, 0.2, 0.5, 0.9], size=(40, 1))
        tables = [counted(treated.astype(int), each.astype(int), of_arms=2, of_values=2) for each in on]
        warned += any(joint(table, alpha=0.01 / 40).is_dependent for table in tables)

    assert warned <= 8  # of 300 at 1 %: Poisson's 99.6th percentile


@pytest.mark.parametrize(
    ("table", "aliased"),
    [
        ([[40, 0], [0, 40]], True),
        ([[40, 0, 0], [0, 20, 20]], True),
        ([[40, 0], [0, 40], [0, 40]], True),
        ([[4000, 0], [3000, 1000]], True),
        ([[4000, 200], [3000, 1000]], False),
        ([[4000, 0], [3950, 50]], False),
        ([[3, 0], [0, 3]], False),
        ([[60, 0], [59, 1]], False),
    ],
)
def test_what_cant_be_separated(table: list[list[int]], aliased: bool) -> None:  # noqa: FBT001
    assert joint(np.array(table), alpha=0.001).aliased is aliased


def test_cells_that_nobody_is_in_are_named_but_not_columns_that_nobody_is_in() -> None:
    assert joint(np.array([[40, 0, 0], [10, 0, 30]]), alpha=0.001).empty == ((0, 2),)


def test_one_column_is_no_dependence() -> None:
    assert joint(np.array([[40, 0], [10, 0]]), alpha=0.001).v == 0


def test_the_leak_is_the_largest_difference_of_shares() -> None:
    assert joint(np.array([[90, 10], [60, 40], [80, 20]]), alpha=0.001).leak == pytest.approx(0.3)


def test_a_full_alias_shows_within_about_two_dozen_units() -> None:
    assert needed(np.array([0.5, 0.5]), alpha=0.01 / 300) <= 24
    assert needed(np.array([0.99, 0.01]), alpha=0.01 / 300) > 100


@given(st.floats(1e-6, 0.5))
def test_more_flags_need_more_units(alpha: float) -> None:
    even = np.array([0.5, 0.5])

    assert needed(even, alpha=alpha / 10) >= needed(even, alpha=alpha)
    assert math.isfinite(needed(even, alpha=alpha))
