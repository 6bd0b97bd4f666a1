"""Slices and claims: half-open runs of buckets, under a salt."""

import msgspec
import pytest
from hypothesis import given, strategies as st

from twyman.flags.bucketing import bucket_of
from twyman.flags.slices import Claim, Slice, covers, size

SLICES = st.lists(st.builds(Slice, st.integers(-2, 12), st.integers(-2, 12)), max_size=5)


def test_a_slice_holds_its_start_and_not_its_stop() -> None:
    assert [bucket in Slice(2, 4) for bucket in range(6)] == [False, False, True, True, False, False]


@pytest.mark.parametrize(("part", "length"), [(Slice(2, 4), 2), (Slice(4, 4), 0), (Slice(4, 2), 0)])
def test_a_slice_is_as_long_as_the_buckets_it_holds(part: Slice, length: int) -> None:
    assert len(part) == length == sum(bucket in part for bucket in range(10))


def test_a_slice_is_two_numbers_on_the_wire() -> None:
    assert msgspec.json.encode(Slice(0, 500)) == b"[0,500]"


@given(SLICES)
def test_slices_cover_what_leaves_no_bucket_out(slices: list[Slice]) -> None:
    assert covers(slices, 10) == all(any(bucket in part for part in slices) for bucket in range(10))


def test_nothing_covers_nothing() -> None:
    assert covers([], 0)
    assert not covers([], 1)


def test_the_size_of_disjoint_slices_is_their_sum() -> None:
    assert size([Slice(0, 10), Slice(20, 25), Slice(30, 29)]) == 15
    assert size([]) == 0


def test_a_claim_holds_the_units_whose_bucket_lies_in_a_slice() -> None:
    bucket = bucket_of("u-1", salt="s")
    around = Slice(bucket - 1, bucket), Slice(bucket + 1, bucket + 2)
    assert not Claim("s", around).holds("u-1")
    assert Claim("s", (*around, Slice(bucket, bucket + 1))).holds("u-1")
    assert not Claim("s", ()).holds("u-1")


def test_claims_under_two_salts_draw_anew() -> None:
    units = [f"u-{number}" for number in range(400)]
    half = (Slice(0, 500_000),)
    both = sum(Claim("a", half).holds(unit) and Claim("b", half).holds(unit) for unit in units)
    assert 60 < both < 140


def test_a_claim_of_every_bucket_is_whole() -> None:
    assert Claim("s", (Slice(0, 400_000), Slice(400_000, 1_000_000))).is_whole
    assert not Claim("s", (Slice(0, 999_999),)).is_whole
    assert not Claim("s", (Slice(1, 1_000_000),)).is_whole
    assert not Claim("s", ()).is_whole
