"""Which units are in a materialised segment."""

from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from twyman.cohorts.hashing import halves
from twyman.cohorts.truth import Mask
from twyman.flags.population import BloomFilter, IdList, Population

_SIGN = np.uint64((1 << 63) - 1)


def members(population: Population, units: "pa.Array[Any]") -> Mask:
    """Say of each unit whether it is in a population; a null's answer means nothing.

    Example:
        >>> members(IdList(frozenset(["u-1"])), pa.array(["u-1", "u-2"])).tolist()
        [True, False]
    """
    match population:
        case IdList():
            return _among(population, units)
        case BloomFilter():
            return _in_filter(population, units)


def _among(population: IdList, units: "pa.Array[Any]") -> Mask:
    ids = pa.array([found for found in map(_written, population.ids) if found is not None], pa.large_binary())
    return cast("Any", pc).is_in(units, value_set=ids.cast(units.type)).to_numpy(zero_copy_only=False)


def _written(text: str) -> bytes | None:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return None  # half a character is in no id


def _in_filter(population: BloomFilter, units: "pa.Array[Any]") -> Mask:
    """Probe a Bloom filter: its words are big-endian, its bits counted from each word's lowest."""
    words = np.frombuffer(population.data[: len(population.data) // 8 * 8], dtype=">u8").astype(np.uint64)
    found = np.ones(len(units), dtype=np.bool_)
    for part, first, step in halves(units):
        combined = first
        for _ in range(population.hashes):
            bits = (combined & _SIGN) % np.uint64(population.bits)
            found[part] &= (words[bits >> np.uint64(6)] >> (bits & np.uint64(63)) & np.uint64(1)).astype(np.bool_)
            combined = combined + step
    return found
