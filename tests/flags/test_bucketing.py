"""Buckets, against committed vectors, and against a second implementation of the hash."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from twyman.flags.bucketing import BUCKETS, bucket_of

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "bucketing_vectors.json").read_text())["vectors"]
WORD = (1 << 64) - 1
FIRST, SECOND = 0x87C37B91114253D5, 0x4CF5AD432745937F


def rotated(word: int, by: int) -> int:
    """Return a word of 64 bits, rotated left."""
    return (word << by | word >> (64 - by)) & WORD


def scrambled_first(word: int) -> int:
    """Return what the first half of a block adds."""
    return rotated(word * FIRST & WORD, 31) * SECOND & WORD


def scrambled_second(word: int) -> int:
    """Return what the second half of a block adds."""
    return rotated(word * SECOND & WORD, 33) * FIRST & WORD


def finished(word: int) -> int:
    """Return a word whose every bit depends on every other."""
    word = (word ^ word >> 33) * 0xFF51AFD7ED558CCD & WORD
    word = (word ^ word >> 33) * 0xC4CEB9FE1A85EC53 & WORD
    return word ^ word >> 33


def low_half_of_murmur3(data: bytes) -> int:
    """Return the low 64 bits of MurmurHash3 x64-128, seed 0, as its author describes it."""
    first = second = 0
    whole = len(data) // 16 * 16
    for at in range(0, whole, 16):
        low, high = (int.from_bytes(data[at + half : at + half + 8], "little") for half in (0, 8))
        first = (rotated(first ^ scrambled_first(low), 27) + second) * 5 + 0x52DCE729 & WORD
        second = (rotated(second ^ scrambled_second(high), 31) + first) * 5 + 0x38495AB5 & WORD
    first ^= scrambled_first(int.from_bytes(data[whole : whole + 8], "little"))
    second ^= scrambled_second(int.from_bytes(data[whole + 8 :], "little"))
    first, second = first ^ len(data), second ^ len(data)
    first = first + second & WORD
    second = second + first & WORD
    return finished(first) + finished(second) & WORD


def test_every_vector_is_met() -> None:
    got = [bucket_of(each["unit"], salt=each["salt"], buckets=each["buckets"]) for each in VECTORS]
    assert got == [each["bucket"] for each in VECTORS]
    assert len(VECTORS) > 190


def test_a_second_implementation_agrees_on_every_vector() -> None:
    keys = [f"{each['salt']}|{each['unit']}".encode() for each in VECTORS]
    got = [(low_half_of_murmur3(key) >> 4) % each["buckets"] for key, each in zip(keys, VECTORS, strict=True)]
    assert got == [each["bucket"] for each in VECTORS]


@given(st.text(), st.text(), st.integers(1, 1 << 63))
def test_a_second_implementation_agrees_on_any_text(unit: str, salt: str, buckets: int) -> None:
    assert (
        bucket_of(unit, salt=salt, buckets=buckets) == (low_half_of_murmur3(f"{salt}|{unit}".encode()) >> 4) % buckets
    )


def test_the_published_example_of_the_vendor_whose_states_we_read_is_met() -> None:
    assert bucket_of("roug", salt="MegaSalt-confidence-test") == 567_493


def test_a_population_has_a_million_buckets() -> None:
    assert BUCKETS == 1_000_000
    assert bucket_of("u-1", salt="s") == bucket_of("u-1", salt="s", buckets=1_000_000)


def test_what_cant_be_hashed_is_an_error() -> None:
    with pytest.raises(ZeroDivisionError):
        bucket_of("u-1", salt="s", buckets=0)
    with pytest.raises(UnicodeEncodeError):
        bucket_of("\ud800", salt="s")
