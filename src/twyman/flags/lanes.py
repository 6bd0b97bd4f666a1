"""Where each side of a split has its buckets: so that raising a share takes no unit from another side.

Each side has a lane, an equal part of all buckets, and fills it from its start; what is more than a lane
holds is laid, from the end, where others have left room. Of two sides no raise that fits moves a unit of
either; of several, none does as long as each raised one keeps within its lane. Sides are taken by name, so
that the order in which they are written doesn't matter.
"""

from collections.abc import Mapping

from twyman.flags.bucketing import BUCKETS
from twyman.flags.slices import Slice, size


def lanes(shares: Mapping[str, int]) -> tuple[dict[str, tuple[Slice, ...]], tuple[Slice, ...]]:
    """Return each side's slices, and those that are left, of shares in buckets that sum to no more than all.

    Example:
        >>> small, rest = lanes({"a": 100_000, "b": 100_000})
        >>> small
        {'a': (Slice(start=0, stop=100000),), 'b': (Slice(start=500000, stop=600000),)}
        >>> lanes({"a": 600_000, "b": 400_000})[0]["a"]
        (Slice(start=0, stop=500000), Slice(start=900000, stop=1000000))
    """
    if not shares:
        return {}, (Slice(0, BUCKETS),)
    names = sorted(shares)
    laid: dict[str, list[Slice]] = {}
    free: list[Slice] = []
    for place, name in enumerate(names):
        start, stop = place * BUCKETS // len(names), (place + 1) * BUCKETS // len(names)
        filled = min(stop, start + shares[name])
        laid[name] = [Slice(start, filled)]
        free.append(Slice(filled, stop))
    for name in names:
        missing = shares[name] - size(laid[name])
        taken, free = from_end(free, missing)
        laid[name] += taken
    return {name: merged(parts) for name, parts in laid.items()}, merged(free)


def from_end(runs: list[Slice], buckets: int) -> tuple[list[Slice], list[Slice]]:
    """Take buckets from the end of some runs; return those taken, and those left.

    Example:
        >>> from_end([Slice(0, 10), Slice(20, 30)], 15)
        ([Slice(start=5, stop=10), Slice(start=20, stop=30)], [Slice(start=0, stop=5), Slice(start=20, stop=20)])
    """
    taken: list[Slice] = []
    left: list[Slice] = []
    for run in reversed(runs):
        cut = run.stop - min(len(run), buckets)
        buckets -= run.stop - cut
        taken.append(Slice(cut, run.stop))
        left.append(Slice(run.start, cut))
    return [part for part in reversed(taken) if len(part)], [*reversed(left)]


def merged(parts: list[Slice]) -> tuple[Slice, ...]:
    """Return disjoint slices in order, neighbors as one, without empty ones.

    Example:
        >>> merged([Slice(5, 9), Slice(0, 5), Slice(7, 7)])
        (Slice(start=0, stop=9),)
    """
    joined: list[Slice] = []
    for part in sorted(parts):
        if not len(part):
            continue
        if joined and joined[-1].stop == part.start:
            joined[-1] = Slice(joined[-1].start, part.stop)
        else:
            joined.append(part)
    return tuple(joined)
