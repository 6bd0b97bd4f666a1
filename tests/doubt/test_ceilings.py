"""Ceilings that nobody had to guess: METHODS, Rulings 4."""

import pytest
from hypothesis import given, strategies as st

from twyman.doubt.ceilings import Bound, Limit, is_beyond, mechanical_ceiling, reference_ceilings
from twyman.metrics.metric import Reference

SHARES = st.floats(0.01, 0.99)


@given(g=SHARES, base=SHARES, rest=SHARES)
def test_a_proportion_at_its_mechanical_ceiling_is_that_of_everybody_reached_counting(
    g: float, base: float, rest: float
) -> None:
    overall = g * base + (1 - g) * rest

    up, down = (mechanical_ceiling(g, base, overall, improving=sign) for sign in (1, -1))

    assert overall * (1 + up) == pytest.approx(g + (1 - g) * rest)
    assert overall * (1 + down) == pytest.approx((1 - g) * rest, abs=1e-12)


def test_a_change_is_bounded_by_what_changes_of_other_classes_did() -> None:
    ads = Reference("Advertising", 0.07, "advertising was removed")

    assert [one.at for one in reference_ceilings([ads], "layout")] == [0.07]
    assert [one.at for one in reference_ceilings([ads], "")] == [0.07]
    assert reference_ceilings([ads], "advertising") == []


def test_only_a_whole_interval_beyond_a_ceiling_is_beyond_it() -> None:
    limit, below = Limit(Bound.REFERENCE, 0.04, "x"), Limit(Bound.REFERENCE, -0.04, "x")

    assert is_beyond(limit, 0.041, improving=1)
    assert not is_beyond(limit, 0.039, improving=1)
    assert is_beyond(below, -0.041, improving=-1)
    assert not is_beyond(limit, None, improving=1)
