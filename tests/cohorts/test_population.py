"""Materialised segments, unit by unit and column by column."""

import pyarrow as pa
import pytest

from twyman.cohorts.population import members
from twyman.flags.population import BloomFilter, IdList, Population

UNITS = [f"user-{number}" for number in range(3_000)] + ["", "🦘", "x" * 100]
IDS = frozenset([*UNITS[::7], "🦘"])


@pytest.mark.parametrize(
    "population",
    [
        IdList(IDS),
        IdList(IDS | {"\ud800"}),
        IdList(frozenset()),
        BloomFilter.of(IDS),
        BloomFilter.of(IDS, false_positives=0.3),
    ],
    ids=["ids", "half a character", "nobody", "filter", "loose filter"],
)
def test_the_same_units_are_in(population: Population) -> None:
    expected = [unit in population for unit in UNITS]
    for kind in (pa.string(), pa.large_string()):
        assert members(population, pa.array(UNITS, kind)).tolist() == expected
