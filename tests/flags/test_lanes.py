"""A split's sides have lanes, so that a ramp moves no unit to another variant."""

from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st

from twyman.flags.bucketing import BUCKETS
from twyman.flags.lanes import lanes
from twyman.flags.slices import Slice, covers, size


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, BUCKETS), min_size=1, max_size=6))
def test_every_side_has_its_share_and_no_bucket_is_dealt_twice(parts: list[int]) -> None:
    whole = max(BUCKETS, sum(parts))
    shares = {f"v{place}": part * BUCKETS // whole for place, part in enumerate(parts)}

    laid, rest = lanes(shares)

    assert {name: size(slices) for name, slices in laid.items()} == shares
    everything = [*rest, *(part for slices in laid.values() for part in slices)]
    assert covers(everything, BUCKETS)
    assert size(everything) == BUCKETS


@settings(max_examples=100, deadline=None)
@given(st.integers(0, BUCKETS), st.integers(0, BUCKETS), st.integers(0, BUCKETS))
def test_of_two_sides_none_loses_a_unit_while_its_share_grows(first: int, second: int, more: int) -> None:
    first, second = sorted((first, second))
    more = min(more, BUCKETS - second)

    before, _ = lanes({"a": first, "b": more})
    after, _ = lanes({"a": second, "b": min(more, BUCKETS - second)})

    assert within(before["a"], after["a"])
    assert within(after["b"], before["b"])


@pytest.mark.parametrize("steps", [(100_000, 200_000, 333_333)])
def test_of_three_sides_those_that_are_ramped_up_keep_their_units(steps: tuple[int, ...]) -> None:
    ramp = [lanes({"control": BUCKETS - 2 * step, "b": step, "c": step})[0] for step in steps]

    for before, after in pairwise(ramp):
        assert within(before["b"], after["b"])
        assert within(before["c"], after["c"])
        assert within(after["control"], before["control"])


def test_the_order_in_which_sides_are_written_doesnt_matter() -> None:
    assert lanes({"a": 1, "b": 2}) == lanes({"b": 2, "a": 1})
    assert lanes({}) == ({}, (Slice(0, BUCKETS),))
    assert lanes({"a": BUCKETS})[0] == {"a": (Slice(0, BUCKETS),)}


def within(inner: tuple[Slice, ...], outer: tuple[Slice, ...]) -> bool:
    return all(any(large.start <= part.start and part.stop <= large.stop for large in outer) for part in inner)
