"""Which side of a split, or whether a claim's share, each bucket lies in."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twyman.cohorts.texts import Words
from twyman.flags.slices import Slice

Sides = NDArray[np.signedinteger[Any]]
"""The place of each row's side; -1 for none."""

_FEW = 12
"""Runs up to which counting the ends that lie below is faster than a search."""


def place_type(count: int) -> type[np.signedinteger[Any]]:
    """Return the type that holds places among so many things in the fewest bytes, and -1.

    Example:
        >>> place_type(2), place_type(100_000)
        (<class 'numpy.int16'>, <class 'numpy.int32'>)
    """
    return np.int16 if count <= np.iinfo(np.int16).max else np.int32


class Shares:
    """The buckets of a draw, as runs that each belong to one side or to none."""

    def __init__(self, sides: Sequence[Sequence[Slice]], buckets: int) -> None:
        """Lay out the sides' slices; where several hold a bucket, the first has it."""
        slices = [(place, part) for place, side in enumerate(sides) for part in side if part.start < part.stop]
        ends = {min(max(end, 0), buckets) for _, part in slices for end in (part.start, part.stop)}
        cuts = sorted(ends | {0})
        at = {cut: place for place, cut in enumerate(cuts)}
        self._owners: Sides = np.full(len(cuts), -1, dtype=place_type(len(sides)))
        for place, part in reversed(slices):
            start, stop = (at[min(max(end, 0), buckets)] for end in (part.start, part.stop))
            self._owners[start:stop] = place
        self._cuts = np.array(cuts, dtype=np.uint64)

    def sides(self, buckets: Words) -> Sides:
        """Return each bucket's side.

        Example:
            >>> halves = Shares([[Slice(0, 5)], [Slice(5, 10)]], 10)
            >>> halves.sides(np.array([4, 5], dtype=np.uint64)).tolist()
            [0, 1]
        """
        if len(self._cuts) > _FEW:
            return self._owners[np.searchsorted(self._cuts, buckets, side="right") - 1]
        runs = np.zeros(len(buckets), dtype=np.uint8)
        for cut in self._cuts[1:]:
            runs += buckets >= cut
        return self._owners.take(runs)
