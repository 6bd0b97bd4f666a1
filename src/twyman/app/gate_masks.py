"""Truths about many contexts, a bit each, so that hundreds of them are counted among some contexts at once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twyman.app.sample import Mask

Words = NDArray[np.uint64]
"""64 contexts a word; the last word's room is empty."""

TOGETHER = 1 << 17
"""Words counted together: a megabyte, which a core's cache holds."""


def packed(truths: Mask) -> Words:
    """Return truths as words.

    Example:
        >>> packed(np.array([True] * 3 + [False] * 98)).shape
        (2,)
    """
    bits = np.packbits(truths)
    return np.pad(bits, (0, -len(bits) % 8)).view(np.uint64)


class Masks:
    """Truths, one upon another.

    Example:
        >>> masks = Masks([packed(np.array([True, True, False])), packed(np.array([False, False, True]))])
        >>> masks.counts(packed(np.array([True, False, True]))).tolist()
        [1, 1]
    """

    def __init__(self, several: Sequence[Words]) -> None:
        """Take truths about the same contexts."""
        self._words: Words = np.stack(several) if several else np.zeros((0, 1), dtype=np.uint64)

    def counts(self, among: Words) -> NDArray[np.int64]:
        """Return for how many of some contexts each is true."""
        found = np.empty(len(self._words), dtype=np.int64)
        step = max(1, TOGETHER // max(1, len(among)))
        for start in range(0, len(found), step):
            part = self._words[start : start + step] & among
            found[start : start + step] = np.bitwise_count(part).sum(axis=1, dtype=np.int64)
        return found
