"""Which numbers units share, counted in arrays: for engines that run in our own process.

A key is a hash of a unit's id, in its upper bits, and the number of an arm that it met, in its lower ones. Sorted, a
unit's numbers stand side by side. Units of equally many are the columns of a table, and any two of its rows are pairs:
counted at the speed of memory, which grouping by millions of ids isn't.

Two units whose ids share a hash count as one. Of n units any two do with a chance of about n² / 2^(65 - bits): of five
million and 400 arms, one sweep in 3,000 has such a pair, and some of its counts are wrong by one.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from twyman.warehouse.connector import Row

Keys = NDArray[np.uint64]
Places = NDArray[np.intp]

MOST_KEYS = 1 << 27
"""Keys that are held at once, a gibibyte of them; where there are more, the engine counts by itself."""
MOST_NUMBERS = 1 << 12
"""Numbers that are told apart: what is counted takes 8 bytes for any two of them."""
MOST_COUNTS = 1 << 27
"""Counts that all processors hold together, each its own: a gibibyte."""
BLOCK = 1 << 19
"""Keys that a processor counts at a time: few enough for its cache, and enough for a table of counts."""


def bits_of(numbers: int) -> int:
    """Return how many bits hold so many numbers.

    Example:
        >>> bits_of(400), bits_of(512), bits_of(513)
        (9, 9, 10)
    """
    return (numbers - 1).bit_length()


def tally(keys: Keys, *, numbers: int) -> Iterator[Row]:
    """Yield how many units have each number, and any two: rows of `one`, `two` and `units`, the lower number first.

    Args:
        keys: Hashes of units in the upper bits, numbers in the lower; they are sorted where they lie.
        numbers: How many numbers there are, from 0.

    Example:
        >>> [tuple(row.values()) for row in tally(np.array([9, 8, 9, 16], dtype=np.uint64), numbers=8)]
        [(0, 0, 2), (0, 1, 1), (1, 1, 1)]
    """
    workers = max(1, min(os.cpu_count() or 1, MOST_COUNTS // numbers**2))
    with ThreadPoolExecutor(workers) as pool:
        runs = np.array_split(keys, workers)
        list(pool.map(Keys.sort, runs))
        blocks = _blocks(runs, bits_of(numbers))
        shares = [blocks[worker::workers] for worker in range(workers)]
        counts = sum(pool.map(partial(_counted, numbers=numbers), shares), np.zeros(numbers**2, dtype=np.intp))
    places: list[int] = np.flatnonzero(counts).tolist()
    for place in places:
        one, two = divmod(place, numbers)
        yield {"one": one, "two": two, "units": int(counts[place])}


def _blocks(runs: Sequence[Keys], bits: int) -> list[list[Keys]]:
    """Return a block's keys of each sorted run, block by block, all keys of a unit in one."""
    numbers, size = np.uint64((1 << bits) - 1), max(BLOCK // len(runs), 1)
    ends = np.unique(runs[0][size::size] | numbers)
    places = [[0, *run.searchsorted(ends, side="right").tolist(), run.size] for run in runs]
    return [
        [run[begin:end] for run, (begin, end) in zip(runs, block, strict=True)]
        for block in zip(*(pairwise(at) for at in places), strict=True)
    ]


def _counted(blocks: Sequence[Sequence[Keys]], *, numbers: int) -> Places:
    """Return how many units have any two numbers; a place is the lower one times `numbers`, plus the other."""
    counts, room = np.zeros(numbers**2, dtype=np.intp), np.empty(0, dtype=np.intp)
    each = counts[:: numbers + 1]
    bits = np.uint64(bits_of(numbers))
    for block in blocks:
        keys = np.concatenate(block)
        keys.sort(kind="stable")  # which merges what is sorted already
        once = keys[_first(keys)]
        begins = np.flatnonzero(_first(once >> bits))
        sizes = np.diff(begins, append=once.size)
        needed = int((sizes * (sizes - 1) // 2).sum())
        room = room if needed <= room.size else np.empty(needed, dtype=np.intp)
        met = (once & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.intp)
        each += np.bincount(met, minlength=numbers)
        counts += np.bincount(_places(met, (begins, sizes), numbers, room[:needed]), minlength=numbers**2)
    return counts


def _first(values: Keys) -> NDArray[np.bool_]:
    """Return which of sorted values aren't those before them."""
    first = np.ones(values.size, dtype=np.bool_)
    first[1:] = values[1:] != values[:-1]
    return first


def _places(met: Places, units: tuple[Places, Places], numbers: int, made: Places) -> Places:
    """Write the places of any two numbers of each unit, and return them.

    Args:
        met: The numbers, a unit's side by side.
        units: Where each unit's begin, and how many it has.
        numbers: How many numbers there are.
        made: Where places are written; pages that are fresh each time would cost as much as the sums.
    """
    begins, sizes = units
    end = 0
    for size in np.flatnonzero(np.bincount(sizes)).tolist():
        table = met[begins[sizes == size] + np.arange(size)[:, np.newaxis]]
        lower = table * numbers
        for row in range(size - 1):
            rest = table[row + 1 :]
            begin, end = end, end + rest.size
            np.add(lower[row], rest, out=made[begin:end].reshape(rest.shape))
    return made
