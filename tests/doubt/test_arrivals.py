"""Clocks that run ahead and rows that come late, by arm."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.stats import binomtest, chi2_contingency

from twyman.doubt.arrivals import FEW, clock_by_arm, late_by_arm, unlikely
from twyman.doubt.check import Check, Status

BOTH = (clock_by_arm, late_by_arm)


def sure(check: Check | None) -> Check:
    assert check is not None
    return check


@pytest.mark.parametrize("made", BOTH)
def test_one_arms_units_block_and_both_arms_alike_are_nothing(made: Callable[..., Check | None]) -> None:
    uneven = sure(made("plays", ("page", 500, 5_000), ("control", 5, 5_000)))
    even = sure(made("plays", ("page", 500, 5_000), ("control", 510, 5_000)))
    turned = sure(made("plays", ("page", 5, 5_000), ("control", 500, 5_000)))

    assert [one.status for one in (uneven, even, turned)] == [Status.BLOCK, Status.OK, Status.BLOCK]
    assert uneven.p_value == turned.p_value
    assert uneven.detail == {"source": "plays", "treatment": 0.1, "control": 0.001}
    assert "10 % of page's units" in uneven.text
    assert "receipt" in uneven.text
    assert "receipt" not in even.text
    assert made("plays", ("page", 0, 5_000), ("control", 0, 5_000)) is None
    assert made("plays", ("page", 0, 0), ("control", 7, 5_000)) is None


@pytest.mark.parametrize("made", BOTH)
def test_a_difference_of_under_a_percentage_point_is_a_warning_at_most(made: Callable[..., Check | None]) -> None:
    assert sure(made("plays", ("page", 49, 5_000), ("control", 0, 5_000))).status is Status.WARN
    assert sure(made("plays", ("page", 51, 5_000), ("control", 0, 5_000))).status is Status.BLOCK


def test_many_such_checks_make_each_quieter() -> None:
    alone = sure(clock_by_arm("plays", ("page", 140, 1_000), ("control", 100, 1_000)))
    among = sure(clock_by_arm("plays", ("page", 140, 1_000), ("control", 100, 1_000), checks=10))

    assert (alone.status, among.status) == (Status.WARN, Status.OK)
    assert among.p_value == pytest.approx(10 * (alone.p_value or 0))


@given(st.integers(0, 30), st.integers(0, 19), st.integers(100, 9_000), st.integers(100, 9_000))
@settings(deadline=None)
def test_few_units_are_tested_exactly(found: int, others: int, units: int, of: int) -> None:
    p_value = unlikely((found, units), (others, of))

    assert found + others < FEW
    if found + others:
        assert p_value == pytest.approx(binomtest(found, found + others, units / (units + of)).pvalue)


@given(st.integers(FEW, 90), st.integers(0, 90), st.integers(100, 9_000), st.integers(100, 9_000))
@settings(deadline=None)
def test_more_units_are_tested_by_their_common_share(found: int, others: int, units: int, of: int) -> None:
    table = [[found, units - found], [others, of - others]]

    assert unlikely((found, units), (others, of)) == pytest.approx(chi2_contingency(table, correction=False).pvalue)


def test_healthy_arms_raise_no_more_than_chance_allows() -> None:
    rng = np.random.default_rng(1)
    p_values = []
    for _ in range(4_000):
        share = rng.choice((0.001, 0.01, 0.2))
        found = [("page", int(rng.binomial(3_000, share)), 3_000), ("control", int(rng.binomial(2_000, share)), 2_000)]
        check = late_by_arm("plays", *found)
        p_values.append(1.0 if check is None or check.p_value is None else check.p_value)

    for level in (0.05, 0.01, 0.001):
        assert np.mean(np.array(p_values) < level) <= level + 3 * (level / 4_000) ** 0.5
