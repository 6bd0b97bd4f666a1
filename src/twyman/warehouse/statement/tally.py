"""Which numbers units share, counted in arrays: for engines that run in our own process.

A key is a hash of a unit's id, in its upper bits, and the number of an arm that it met, in its lower ones. Sorted, a
unit's numbers stand side by side. Units of equally many are the columns of a table, and any two of its rows are pairs:
counted at the speed of memory, which grouping by millions of ids isn't.

Two units whose ids share a hash count as one. Of n units any two do with a chance of about n² / 2^(65 - bits): of five
million and 400 arms, one sweep in 3,000 has such a pair, and some of its counts are wrong by one.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import NDArray

from twyman.warehouse.connector import Row

Keys = NDArray[np.uint64]
Places = NDArray[np.intp]

MOST_KEYS = 1 << 27
"""Keys that are held at once, a gibibyte of them; where there are more, the engine counts by itself."""
MOST_NUMBERS = 1 << 12
"""Numbers that are told apart: what is counted takes 8 bytes for any two of them."""
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
    keys.sort()
    counts = np.zeros(numbers**2, dtype=np.intp)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(partial(_counted, numbers=numbers), _blocks(keys, bits_of(numbers))):
            counts += found
    places: list[int] = np.flatnonzero(counts).tolist()
    for place in places:
        one, two = divmod(place, numbers)
        yield {"one": one, "two": two, "units": int(counts[place])}


def _blocks(keys: Keys, bits: int) -> Iterator[Keys]:
    """Yield the keys a block at a time, all of a unit's in one."""
    numbers, begin = np.uint64((1 << bits) - 1), 0
    while begin < keys.size:
        last = np.uint64(keys[min(begin + BLOCK, keys.size) - 1] | numbers)
        end = int(keys.searchsorted(last, side="right"))
        yield keys[begin:end]
        begin = end


def _counted(keys: Keys, *, numbers: int) -> Places:
    """Return how many units have any two numbers; a place is the lower one times `numbers`, plus the other."""
    bits = np.uint64(bits_of(numbers))
    once = keys[_first(keys)]
    begins = np.flatnonzero(_first(once >> bits))
    places = _places((once & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.intp), begins, numbers)
    return np.bincount(places, minlength=numbers**2)


def _first(values: Keys) -> NDArray[np.bool_]:
    """Return which of sorted values aren't those before them."""
    first = np.ones(values.size, dtype=np.bool_)
    first[1:] = values[1:] != values[:-1]
    return first


def _places(met: Places, begins: Places, numbers: int) -> Places:
    """Return the places of any two numbers of each unit, and of each with itself."""
    sizes = np.diff(begins, append=met.size)
    made, end = np.empty(int((sizes * (sizes + 1) // 2).sum()), dtype=np.intp), 0
    each: list[int] = np.unique(sizes).tolist()
    for size in each:
        table = met[begins[sizes == size] + np.arange(size)[:, np.newaxis]]
        for row in range(size):
            rest = table[row:]
            begin, end = end, end + rest.size
            np.add(table[row] * numbers, rest, out=made[begin:end].reshape(rest.shape))
    return made
