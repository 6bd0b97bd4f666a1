"""Rows on which every function that a definition may call is tried."""

from datetime import UTC, date, datetime

import pyarrow as pa

from twyman.warehouse.language.functions import FUNCTIONS

ROWS: list[tuple[object, ...]] = [
    (0, 2.5, 7, "ab-a", True, date(2024, 2, 29), datetime(2024, 12, 30, 23, 59, 58, 500_000, UTC)),
    (1, -2.675, -3, "x  Y ", False, date(2023, 12, 31), datetime(2024, 3, 31, 2, 30, tzinfo=UTC)),
    (2, 0.5, 10, "", None, date(2024, 1, 1), datetime(2023, 1, 1, tzinfo=UTC)),
    (3, 0.125, 4, None, True, None, None),
    (4, None, None, "2024", None, date(1970, 1, 1), datetime(1969, 12, 31, 23, 0, tzinfo=UTC)),
]
_KINDS = {
    "place": pa.int64(),
    "n": pa.float64(),
    "k": pa.int64(),
    "s": pa.string(),
    "b": pa.bool_(),
    "d": pa.date32(),
    "at": pa.timestamp("us"),
}

CALLS = tuple(
    "epoch(to_timestamp(k))" if one.name == "to_timestamp" else one.example
    for one in FUNCTIONS
    if not one.only and not any(f"({held}" in one.example for held in "ljo")
)
"""Examples of functions over numbers, texts, truths and times that no engine lacks."""


def values() -> pa.Table:
    """Return the rows, times without a zone."""
    plain = [[one.replace(tzinfo=None) if isinstance(one, datetime) else one for one in row] for row in ROWS]
    columns = zip(_KINDS, zip(*plain, strict=True), strict=True)
    return pa.table({name: pa.array(list(column), _KINDS[name]) for name, column in columns})
