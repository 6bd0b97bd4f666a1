"""A number for each of a cohort's units, and for each value of an attribute: equal ones have the same."""

from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from twyman.cohorts.cohort import Block, Cohort
from twyman.cohorts.column import Codes


def units_of(cohort: Cohort, by: str) -> Codes:
    """Return a number for each row's unit at a path (empty: the targeting key); -1 where it has none.

    Example:
        >>> cohort = Cohort.of_table(pa.table({"targeting_key": ["u-1", None, "u-1"]}))
        >>> units_of(cohort, "").tolist()
        [0, -1, 0]
    """
    chunks = [_texts(block, by) for block in cohort.blocks]
    if not chunks:
        return np.zeros(0, dtype=np.int64)
    encoded = cast("Any", pa.chunked_array(chunks)).combine_chunks().dictionary_encode()
    return encoded.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)


def _texts(block: Block, by: str) -> "pa.Array[Any]":
    units = block.units(by)
    texts = cast("Any", units.texts).cast(pa.large_string())
    texts = texts if units.codes is None else texts.take(pa.array(units.codes))
    if units.known is None:
        return texts
    return cast("Any", pc).if_else(pa.array(units.known), texts, pa.scalar(None, pa.large_string()))


def values_of(cohort: Cohort, path: str) -> tuple[Codes, list[str]]:
    """Return a number for each row's value of an attribute, -1 where it has none, and the values as text.

    Example:
        >>> values_of(Cohort.of_contexts([{"new": True}, {}, {"new": False}]), "new")
        (array([ 0, -1,  1]), ['true', 'false'])
    """
    places: dict[str, int] = {}
    found: list[Codes] = []
    for block in cohort.blocks:
        codes, values = block.column(path).distinct
        numbers = [-1 if value is None else places.setdefault(_text(value), len(places)) for value in values]
        found.append(np.array([*numbers, -1], dtype=np.int64)[codes])
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64), [*places]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
