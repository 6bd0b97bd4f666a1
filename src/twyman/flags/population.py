"""Materialised segments: lists of ids, and the Bloom filters that ship them small."""

import mmh3
from msgspec import Struct

_SIGN = (1 << 63) - 1
_WORD = (1 << 64) - 1


class IdList(Struct, frozen=True, tag="ids", tag_field="as"):
    """The ids themselves."""

    ids: frozenset[str]

    def __contains__(self, unit: str) -> bool:
        return unit in self.ids


class BloomFilter(Struct, frozen=True, tag="bloom", tag_field="as"):
    """A set that never forgets a member, and takes a stranger for one at a rate chosen beforehand.

    Laid out as Guava's `MURMUR128_MITZ_64`, big-endian words of 64 bits, as Confidence ships it.

    Attributes:
        data: The bits.
        hashes: How many bits each member sets.
        bits: How many bits there are.
    """

    data: bytes
    hashes: int
    bits: int

    def __contains__(self, unit: str) -> bool:
        first, second = mmh3.hash64(unit, seed=0, x64arch=True, signed=False)
        combined = first
        for _ in range(self.hashes):
            bit = (combined & _SIGN) % self.bits
            byte = (bit >> 6) * 8 + 7 - ((bit & 63) >> 3)
            if not self.data[byte] >> (bit & 7) & 1:
                return False
            combined = (combined + second) & _WORD
        return True


Population = IdList | BloomFilter
