"""A column of text as machine words, thousands of rows at a time: what a hash reads.

Arrow keeps all texts of a column in one run of bytes, beside the places where each starts. Where all of a chunk's
texts are of one length, the same eight bytes of each lie at even steps, and are read as they lie; elsewhere a word
is put together from the two aligned ones that it straddles, which numpy gathers far faster than unaligned ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Rows = NDArray[np.int64]
Array: TypeAlias = "pa.Array[Any]"

CHUNK = 1 << 14
"""Rows read together: an array of them takes 128 KB, so that the ten or so of a hash fit a core's cache."""

_PAD = 32
"""Bytes of room before and behind a chunk's own, so that a word may reach beyond them."""

LOW_BYTES: Words = np.array([(1 << 8 * count) - 1 for count in range(9)], dtype=np.uint64)
"""The bits of a word's first bytes, from none of them to all eight."""


@dataclass(frozen=True, slots=True)
class Even:
    """Texts of one length, one upon another.

    Attributes:
        data: The chunk's bytes, with room around them.
        longest: Bytes of each text.
        count: How many there are.
    """

    data: NDArray[np.uint8]
    longest: int
    count: int

    def __len__(self) -> int:
        return self.count

    @property
    def shortest(self) -> int:
        """As long as the longest."""
        return self.longest

    @property
    def lengths(self) -> np.uint64:
        """Bytes of all."""
        return np.uint64(self.longest)

    def words(self, start: int) -> Iterator[Words]:
        """Yield eight bytes of each text from `start` on (which may be before it, by up to 7), then the next eight.

        What is beyond a text's end is its neighbor's, and the reader's to mask. Each array is new.
        """
        for place in range(_PAD + start, len(self.data) - 8 - (self.count - 1) * self.longest, 8):
            yield np.ndarray((self.count,), "<u8", cast("Any", self.data), place, (self.longest,)).astype(np.uint64)

    def own(self, before: int) -> np.uint64:
        """Return the bits of a word that are a text's own, where the word starts `-before` bytes into the text."""
        return LOW_BYTES[min(max(self.longest + before, 0), 8)]


@dataclass(frozen=True, slots=True)
class Uneven:
    """Texts of any lengths, anywhere.

    Attributes:
        data: The chunk's bytes, with room around them.
        starts: Where each text starts in them.
        sizes: Bytes of each text.
        shortest, longest: Bytes of the shortest and the longest.
    """

    data: NDArray[np.uint8]
    starts: Rows
    sizes: Rows
    shortest: int
    longest: int

    @classmethod
    def of(cls, data: NDArray[np.uint8], starts: Rows, sizes: Rows) -> "Uneven":
        """Return texts by where they start and how long they are."""
        return cls(data, starts, sizes, int(sizes.min()), int(sizes.max()))

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def lengths(self) -> Words | np.uint64:
        """Bytes of each text, or of all."""
        return np.uint64(self.longest) if self.shortest == self.longest else self.sizes.view(np.uint64)

    def among(self, rows: Rows) -> "Uneven":
        """Return the texts at some places."""
        return Uneven.of(self.data, self.starts[rows], self.sizes[rows])

    def words(self, start: int) -> Iterator[Words]:
        """Yield words, as `Even.words` does, without an end."""
        aligned = self.data.view("<u8")
        places = self.starts + start
        right = ((places & 7) << 3).view(np.uint64)
        left = np.uint64(64) - right  # a shift by 64 leaves nothing, in numpy
        places >>= 3
        here = aligned.take(places, mode="clip")
        while True:
            places += 1
            there = aligned.take(places, mode="clip")
            here >>= right
            here |= there << left
            yield here
            here = there

    def own(self, before: int) -> Words | np.uint64:
        """Return the bits of a word that are each text's own, as `Even.own` does."""
        if self.shortest == self.longest:
            return LOW_BYTES[min(max(self.longest + before, 0), 8)]
        return LOW_BYTES.take(self.sizes + before, mode="clip")


Keys = Even | Uneven
"""Some texts of a chunk."""


class Texts:
    """A column of text, read chunk by chunk."""

    def __init__(self, column: Array) -> None:
        """Read the layout of a column of `string`, `large_string`, `binary` or `large_binary`."""
        wide = pa.types.is_large_string(column.type) or pa.types.is_large_binary(column.type)
        _, offsets, data = cast("list[Any]", column.buffers())
        starts: NDArray[Any] = np.frombuffer(offsets or bytes(8), dtype=np.int64 if wide else np.int32)
        self._offsets = starts[column.offset : column.offset + len(column) + 1]
        self._data: NDArray[np.uint8] = np.frombuffer(data or b"", dtype=np.uint8)
        self._room: NDArray[np.uint8] = np.zeros(0, dtype=np.uint8)

    def __len__(self) -> int:
        return max(0, len(self._offsets) - 1)

    @cached_property
    def sizes(self) -> tuple[int, int]:
        """Bytes of the shortest text and of the longest; 0 where there are none."""
        starts = range(0, len(self), CHUNK)
        found = [_sizes(self._offsets[start : start + CHUNK + 1]) for start in starts]
        return min((short for short, _ in found), default=0), max((long for _, long in found), default=0)

    def chunks(self, rows: Rows | None = None) -> Iterator[tuple[slice, Keys]]:
        """Yield the texts, or those at some places (ascending), with where they come in what is asked for."""
        if rows is None:
            for start in range(0, len(self), CHUNK):
                keys = self._chunk(start)
                yield slice(start, start + len(keys)), keys
            return
        step = CHUNK * min(16, max(1, len(self) // max(1, len(rows))))
        done = 0
        for start in range(0, len(self), step):
            stop = int(np.searchsorted(rows, start + step))
            if stop > done:
                yield slice(done, stop), self._among(start, step, rows[done:stop] - start)
            done = stop

    def _chunk(self, start: int) -> Keys:
        offsets = self._offsets[start : start + CHUNK + 1]
        data, first = self._copied(offsets), int(offsets[0])
        shortest, longest = self._sizes_of(offsets)
        if shortest == longest:
            return Even(data, longest, len(offsets) - 1)
        starts = offsets[:-1].astype(np.int64) + (_PAD - first)
        return Uneven(data, starts, np.diff(offsets).astype(np.int64), shortest, longest)

    def _among(self, start: int, step: int, rows: Rows) -> Keys:
        offsets = self._offsets[start : start + step + 1]
        shortest, longest = self._sizes_of(offsets)
        if shortest == longest:
            return self._picked(int(offsets[0]), longest, len(offsets) - 1, rows)
        data, starts = self._copied(offsets), offsets[rows].astype(np.int64)
        return Uneven.of(data, starts + (_PAD - int(offsets[0])), offsets[1:][rows] - starts)

    def _sizes_of(self, offsets: NDArray[Any]) -> tuple[int, int]:
        """Return the sizes of a chunk's shortest and longest text, which the column's own may tell."""
        shortest, longest = self.sizes
        return self.sizes if shortest == longest else _sizes(offsets)

    def _picked(self, first: int, size: int, count: int, rows: Rows) -> Even:
        """Copy some texts out of many of one length, so that they lie one upon another."""
        room = self._roomy(len(rows) * size)
        texts = self._data[first : first + count * size].reshape(count, size)
        picked = room[_PAD : _PAD + len(rows) * size].reshape(len(rows), size)
        texts.take(rows, axis=0, out=picked, mode="clip")
        return Even(room, size, len(rows))

    def _copied(self, offsets: NDArray[Any]) -> NDArray[np.uint8]:
        """Copy texts that lie one upon another to where there is room around them."""
        first, last = int(offsets[0]), int(offsets[-1])
        room = self._roomy(last - first)
        room[_PAD : _PAD + last - first] = self._data[first:last]
        return room

    def _roomy(self, size: int) -> NDArray[np.uint8]:
        if len(self._room) < size + 2 * _PAD:
            self._room = np.zeros((size // 4 + _PAD) * 8, dtype=np.uint8)
        return self._room


def _sizes(offsets: NDArray[Any]) -> tuple[int, int]:
    sizes = np.diff(offsets)
    return int(sizes.min()), int(sizes.max())


def numbers(keys: Keys) -> Words:
    """Return each text of up to 7 bytes as a whole number of its own: its bytes, and above them how many.

    A longer text has a number that is no such text's.
    """
    words = next(keys.words(0))
    words &= keys.own(0)
    words |= np.minimum(keys.lengths, np.uint64(8)) << np.uint64(56)
    return words
