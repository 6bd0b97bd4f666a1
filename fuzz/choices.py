"""Choices read from bytes: `Random`'s face over fuzzed data, so that drawers of whole states can be steered.

Whatever draws from a `random.Random` can be driven by coverage this way, and replayed without any fuzzer.
"""

from collections.abc import Sequence
from random import Random
from typing import Any


class Choices(Random):
    """Draws its chance from bytes; zeros follow where they end.

    Example:
        >>> Choices(bytes(8)).choice("abc")
        'a'
    """

    def __new__(cls, _: bytes) -> "Choices":
        """Make one; the generator below is never drawn from."""
        return super().__new__(cls, 0)

    def __init__(self, data: bytes) -> None:
        """Read choices from bytes."""
        super().__init__(0)
        self._data = data
        self._at = 0

    def getrandbits(self, k: int, /) -> int:
        """Return so many bits: of as many bytes as they need."""
        size = -(-k // 8)
        taken = self._data[self._at : self._at + size].ljust(size, b"\0")
        self._at += size
        return int.from_bytes(taken, "big") >> (8 * size - k)

    def random(self) -> float:
        """Return a number from 0 up to 1, in steps of 1/65,536: fine enough for what is drawn."""
        return self.getrandbits(16) / 65_536

    def sample(self, population: Sequence[Any], k: int, *, counts: None = None) -> list[Any]:
        """Return so many different elements; a zero that follows the end is never asked for another number."""
        del counts
        left = list(population)
        return [left.pop(self.randrange(len(left))) for _ in range(k)]
