"""Who of a split's sides a bucket belongs to, as runs of buckets in order."""

from collections.abc import Sequence
from heapq import heappop, heappush

from twyman.flags.flag import Split

Run = tuple[int, int | None]
"""The bucket from which on (up to the next run) buckets belong to a side, by its place; `None`: to nobody."""


def runs(split: Split) -> Sequence[Run]:
    """Return the runs of a split's buckets, from bucket 0 on: where sides overlap, the first of them has it.

    Example:
        >>> from twyman.flags.flag import Assigned
        >>> from twyman.flags.slices import Slice
        >>> runs(Split((Assigned((Slice(20, 60),)), Assigned((Slice(50, 100),))), buckets=100))
        [(0, None), (20, 0), (60, 1)]
    """
    found: list[Run] = []
    for start, side in _swept(split):
        if not found or found[-1][1] != side:
            found.append((start, side))
    return found


def _swept(split: Split) -> list[Run]:
    """Go over the buckets once, with the sides that reach each on a heap, the first of them on top."""
    parts = sorted(
        (max(0, part.start), part.stop, place)
        for place, side in enumerate(split.assigned)
        for part in side.slices
        if max(0, part.start) < min(part.stop, split.buckets)
    )
    ends = sorted({0, *(start for start, _, _ in parts), *(stop for _, stop, _ in parts if stop < split.buckets)})
    here: list[tuple[int, int]] = []
    swept: list[Run] = []
    waiting = iter([*parts, (split.buckets, 0, 0)])
    coming = next(waiting)
    for end in ends:
        while coming[0] == end:
            heappush(here, (coming[2], coming[1]))
            coming = next(waiting)
        while here and here[0][1] <= end:
            heappop(here)
        swept.append((end, here[0][0] if here else None))
    return swept
