"""The ids of many units: which rows have one, which have what is none, and their buckets."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from twyman.cohorts.column import ArrowColumn, Codes, Column
from twyman.cohorts.hashing import buckets_of
from twyman.cohorts.texts import Rows, Texts, Words
from twyman.cohorts.truth import Mask
from twyman.flags.context import LONGEST_UNIT, TARGETING_KEY, NoUnit, unit_of

DENSE = 0.85
"""Share of rows from which on it is faster to hash all of them than to pick those that matter."""


@dataclass(frozen=True)
class Units:
    """Ids as text.

    Attributes:
        texts: One for each row, or for each code; null where there is none.
        codes: For each row, the place of its text; `None` where texts are by row.
        known: Which rows have an id; `None` for all.
        errors: Which rows have what is no id; `None` for none.
    """

    texts: "pa.Array[Any]"
    codes: Codes | None = None
    known: Mask | None = None
    errors: Mask | None = None

    @cached_property
    def read(self) -> Texts:
        """The texts as a hash reads them."""
        return Texts(self.texts)

    def text(self, row: int) -> str | None:
        """Return the id of a row; `None` where it has none."""
        if self.known is not None and not self.known[row]:
            return None
        return self.texts[row if self.codes is None else int(self.codes[row])].as_py()

    def known_among(self, among: Mask) -> Mask:
        """Return which of some rows have an id."""
        return among if self.known is None else among & self.known

    def buckets(self, rows: Rows | None, *, salt: str, buckets: int) -> Words:
        """Return the buckets of some rows, each of which has an id; of all where `rows` is `None`."""
        if self.codes is not None:
            return buckets_of(self.read, salt=salt, buckets=buckets)[self.codes if rows is None else self.codes[rows]]
        if rows is None or len(rows) < DENSE * len(self.texts):
            return buckets_of(self.read, salt=salt, buckets=buckets, rows=rows)
        return buckets_of(self.read, salt=salt, buckets=buckets)[rows]


def units_in(column: Column) -> Units:
    """Read a column as ids, as `flags.context.unit_of` reads each value.

    Example:
        >>> units = units_in(ArrowColumn(pa.array([7, None])))
        >>> units.text(0), units.text(1)
        ('7', None)
    """
    if not isinstance(column, ArrowColumn):
        return _one_by_one(*column.distinct)
    array, kind = cast("Any", column.array), column.array.type
    if pa.types.is_dictionary(kind) and _is_plain(kind.value_type):
        codes, values = array.indices, array.dictionary
        filled = codes.cast(pa.int64()).fill_null(0).to_numpy()
        return _spread(_plain(ArrowColumn(values)), filled, column.present) if len(values) else _none(len(array))
    return _plain(column) if _is_plain(kind) else _one_by_one(*column.distinct)


def _is_plain(kind: "pa.DataType") -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind)


def _none(rows: int) -> Units:
    return Units(cast("Any", pa.nulls(rows, pa.string())), None, np.zeros(rows, dtype=np.bool_))


def _plain(column: ArrowColumn) -> Units:
    """Read a column of text or whole numbers."""
    array, known, compute = cast("Any", column.array), column.present, cast("Any", pc)
    if pa.types.is_integer(array.type):
        return Units(array.cast(pa.string()), None, known)
    units = Units(array, None, known)
    if units.read.sizes[1] <= LONGEST_UNIT:  # bytes, of which a character takes one or more
        return units
    longer = compute.greater(compute.utf8_length(array), LONGEST_UNIT)
    long: Mask = compute.fill_null(longer, fill_value=False).to_numpy(zero_copy_only=False)
    return Units(array, None, ~long if known is None else known & ~long, long)


def _one_by_one(codes: Codes, values: Sequence[object]) -> Units:
    texts: list[str | None] = []
    errors = np.zeros(len(values), dtype=np.bool_)
    for place, value in enumerate(values):
        try:
            texts.append(unit_of({TARGETING_KEY: value}, ""))
        except NoUnit:
            texts.append(None)
            errors[place] = True
    known = np.array([text is not None for text in texts], dtype=np.bool_)
    return _spread(Units(pa.array(texts, pa.large_string()), None, known, errors), codes, None)


def _spread(units: Units, codes: Codes, present: Mask | None) -> Units:
    """Return units by row from those by code."""
    known = present if units.known is None else units.known[codes]
    errors = None if units.errors is None else units.errors[codes]
    if present is not None:
        known = present if known is None else known & present
        errors = None if errors is None else errors & present
    return Units(units.texts, codes, known, errors if errors is not None and errors.any() else None)
