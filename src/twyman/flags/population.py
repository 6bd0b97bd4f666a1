"""Materialised segments: lists of ids, and the Bloom filters that ship them small."""

from collections.abc import Iterable, Iterator
from math import floor, log

import mmh3
from msgspec import Struct

_SIGN = (1 << 63) - 1
_WORD = (1 << 64) - 1


class IdList(Struct, frozen=True, tag="ids", tag_field="as"):
    """The ids themselves."""

    ids: frozenset[str]

    def __contains__(self, unit: str) -> bool:
        return unit in self.ids


MOST_HASHES = 255
"""Bits that a member of a Bloom filter may set: Guava counts them in one byte."""


class BloomFilter(Struct, frozen=True, tag="bloom", tag_field="as"):
    """A set that never forgets a member, and takes a stranger for one at a rate chosen beforehand.

    Laid out as Guava's `MURMUR128_MITZ_64`, big-endian words of 64 bits, as Confidence ships it.

    Attributes:
        data: The bits.
        hashes: How many bits each member sets.
        bits: How many bits there are.

    Raises:
        ValueError: If the numbers don't go with the data, so that no question could be answered.
    """

    data: bytes
    hashes: int
    bits: int

    def __post_init__(self) -> None:
        words = (self.bits + 63) // 64
        if not (0 < words * 8 <= len(self.data) and 0 < self.hashes <= MOST_HASHES):
            raise ValueError(f"{self.hashes} hashes and {self.bits} bits make no filter of {len(self.data)} bytes")

    @classmethod
    def of(cls, ids: Iterable[str], *, false_positives: float = 0.001) -> "BloomFilter":
        """Build the smallest filter of some ids that takes at most this share of strangers for members.

        Its sizes are Guava's: -n ln p / (ln 2)² bits in whole words, and (bits / n) ln 2 hashes, rounded. The same
        ids in any order make the same bytes.

        Raises:
            ValueError: If the share of strangers isn't between 0 and 1, or too small for any filter.

        Example:
            >>> "u-1" in BloomFilter.of(["u-1", "u-2"])
            True
        """
        if not 0 < false_positives < 1:
            raise ValueError(f"false_positives {false_positives} isn't between 0 and 1")
        members = frozenset(ids)
        count = max(1, len(members))
        optimal = max(1, int(-count * log(false_positives) / log(2) ** 2))
        hashes = max(1, floor(optimal / count * log(2) + 0.5))
        bits = -(-optimal // 64) * 64
        data = bytearray(bits // 8)
        for member in members:
            for bit in _bits_of(member, hashes, bits):
                data[_byte(bit)] |= 1 << (bit & 7)
        return cls(bytes(data), hashes, bits)

    def __contains__(self, unit: str) -> bool:
        return all(self.data[_byte(bit)] >> (bit & 7) & 1 for bit in _bits_of(unit, self.hashes, self.bits))


def _bits_of(unit: str, hashes: int, bits: int) -> Iterator[int]:
    first, second = mmh3.hash64(unit.encode(), seed=0, x64arch=True, signed=False)
    combined = first
    for _ in range(hashes):
        yield (combined & _SIGN) % bits
        combined = (combined + second) & _WORD


def _byte(bit: int) -> int:
    return (bit >> 6) * 8 + 7 - ((bit & 63) >> 3)


Population = IdList | BloomFilter
