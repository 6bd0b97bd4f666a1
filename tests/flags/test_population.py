"""Materialised segments: lists of ids, and Guava's Bloom filters."""

import json
from base64 import b64decode

import msgspec
import pytest
from tests.flags.confidence_cases import ABSENT, FOLDER

from twyman.flags.population import BloomFilter, IdList, Population

MEMBERS = [f"user-{number}" for number in range(2000)]


def test_a_list_holds_its_ids() -> None:
    ids = IdList(frozenset({"u-1", ""}))
    assert [unit in ids for unit in ("u-1", "", "u-2")] == [True, True, False]


@pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)
def test_a_filter_of_guavas_holds_whom_guava_put_in() -> None:
    [given] = json.loads((FOLDER / "state.json").read_text())["bloomFilters"].values()
    found = BloomFilter(b64decode(given["data"]), given["hashFunctionCount"], given["bitCount"])
    assert [unit in found for unit in ("user1", "user3", "user999", "")] == [True, False, False, False]


def test_a_filter_never_forgets_a_member_and_takes_few_strangers_for_one() -> None:
    found = BloomFilter.of(MEMBERS, false_positives=0.01)
    assert all(member in found for member in MEMBERS)
    strangers = sum(f"stranger-{number}" in found for number in range(10_000))
    assert strangers < 150


def test_a_filter_has_guavas_sizes() -> None:
    found = BloomFilter.of(MEMBERS, false_positives=0.01)
    assert (found.hashes, found.bits, len(found.data)) == (7, 19_200, 2400)


def test_bits_are_read_from_the_end_of_each_word() -> None:
    full, empty = b"\xff" * 16, bytes(16)
    assert "anybody" in BloomFilter(full, 255, 128)
    assert "anybody" not in BloomFilter(empty, 1, 128)
    first = BloomFilter.of(["u-1"], false_positives=0.5)
    assert first.hashes == 1
    assert sum(bin(byte).count("1") for byte in first.data) == 1


@pytest.mark.parametrize(
    ("data", "hashes", "bits"),
    [(8, 0, 64), (8, -1, 64), (8, 256, 64), (8, 3, 0), (8, 3, -64), (7, 3, 1), (8, 3, 65), (0, 3, 0)],
)
def test_sizes_that_dont_go_together_are_refused(data: int, hashes: int, bits: int) -> None:
    with pytest.raises(ValueError, match=f"{hashes} hashes and {bits} bits"):
        BloomFilter(bytes(data), hashes, bits)
    raw = msgspec.json.encode({"as": "bloom", "data": bytes(data), "hashes": hashes, "bits": bits})
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(raw, type=Population)
