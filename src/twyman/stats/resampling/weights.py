"""How often a unit counts in a replicate: a Poisson number, from a hash of the unit and the replicate.

Nothing is drawn. The same unit has the same weights in every shard, on every machine, in any order; so replicates of
shards add up, and rows of one unit go in and out together.
"""

import hashlib
from collections.abc import Iterator
from itertools import accumulate
from math import exp, factorial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twyman.kernel.errors import Invalid

Keys = NDArray[np.uint64]

THRESHOLDS = np.array(
    [round(share * 2**32) for share in accumulate(exp(-1) / factorial(k) for k in range(12))], dtype=np.uint32
)
"""Below the k-th of these, a 32-bit number makes a weight of at most k: a Poisson number of mean 1."""

CHUNK = 1 << 17
"""Weights made at a time: as many as a processor keeps near."""


def unit_keys(units: ArrayLike) -> Keys:
    """Return a 64-bit number for each unit id: of whole numbers fast, of text by BLAKE2b.

    An id is to be given in one form: 7 and "7" are different units.

    Raises:
        Invalid: If ids are neither whole numbers nor text.

    Example:
        >>> unit_keys(["anna", "bert", "anna"]).tolist() == unit_keys(["anna", "bert", "anna"]).tolist()
        True
    """
    ids = np.ravel(np.asarray(units))
    if ids.dtype.kind in "iub":
        return mixed(ids.astype(np.uint64))
    if not all(isinstance(unit, str) for unit in ids.tolist()):
        raise Invalid(f"unit ids of type {ids.dtype} have no stable hash: give whole numbers or text")
    digests = b"".join(hashlib.blake2b(unit.encode(), digest_size=8).digest() for unit in ids.tolist())
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def mixed(numbers: Keys) -> Keys:
    """Return numbers whose every bit depends on every bit of the given ones (SplitMix64's finaliser).

    References:
        Steele, G. L., Lea, D. and Flood, C. H. (2014). Fast splittable pseudorandom number generators. OOPSLA 2014.
    """
    x = numbers + np.uint64(0x9E3779B97F4A7C15)
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return x


def weights(keys: Keys, first: int, last: int, *, seed: int = 0) -> NDArray[np.uint8]:
    """Return the weights of units in replicates `first` to `last` - 1, one row a replicate; both even.

    References:
        Chamandy, N., Muralidharan, O., Najmi, A. and Naidu, S. (2012). Estimating uncertainty for massive data streams.
        Google technical report.
    """
    pairs = np.arange(first // 2, last // 2, dtype=np.uint64)
    streams = mixed(pairs ^ mixed(np.array([seed], dtype=np.uint64)))
    halves = mixed(keys[np.newaxis, :] ^ streams[:, np.newaxis]).astype("<u8", copy=False).view("<u4")
    numbers = halves.reshape(pairs.size, keys.size, 2).transpose(0, 2, 1).reshape(2 * pairs.size, keys.size)
    counts = np.zeros(numbers.shape, dtype=np.uint8)
    for threshold in THRESHOLDS:
        counts += numbers >= threshold
    return counts


def chunks(units: int, replicates: int) -> Iterator[tuple[slice, int, int]]:
    """Return pieces of units and replicates small enough to hold their weights: slices, first and last replicate."""
    width = min(max(units, 1), 1 << 12)
    height = max(2, CHUNK // width // 2 * 2)
    for start in range(0, units, width):
        for first in range(0, replicates, height):
            yield slice(start, start + width), first, min(first + height, replicates)


def checked_replicates(replicates: int) -> int:
    """Return a number of replicates, refused unless even and at least 2.

    Raises:
        Invalid: If it isn't.
    """
    if replicates < 2 or replicates % 2:
        raise Invalid(f"{replicates} replicates won't do: give an even number, 2000 for an interval")
    return replicates
