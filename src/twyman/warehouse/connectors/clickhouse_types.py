"""What ClickHouse calls its types, in the words of definitions; and what its driver gives, as answers hold it."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

_WORDS = {
    "Bool": "BOOLEAN",
    "Int8": "TINYINT",
    "Int16": "SMALLINT",
    "Int32": "INTEGER",
    "Int64": "BIGINT",
    "Int128": "HUGEINT",
    "Int256": "BIGNUM",
    "UInt8": "UTINYINT",
    "UInt16": "USMALLINT",
    "UInt32": "UINTEGER",
    "UInt64": "UBIGINT",
    "UInt128": "UHUGEINT",
    "UInt256": "BIGNUM",
    "Float32": "FLOAT",
    "Float64": "DOUBLE",
    "String": "VARCHAR",
    "Date": "DATE",
    "Date32": "DATE",
}
_WRAPPED = re.compile(r"^(?:Nullable|LowCardinality)\((?P<inner>.*)\)$")
_MOMENT = re.compile(r"^DateTime(?:64\(\d+(?P<finer>, '.*')?\)|(?P<zone>\('.*'\))?)$")
_ARRAY = re.compile(r"^Array\((?P<inner>.*)\)$")


def type_word(called: str, *, zone: str = "UTC") -> str:
    """Return our word for a type; types that we have no word for keep their own, in capital letters.

    Args:
        called: As the server's DESCRIBE has it.
        zone: The server's own. In UTC, a time without a zone is a clock on the wall, as users write them there; in any
            other, it can only be the instant that the server made of it.

    Example:
        >>> type_word("Nullable(Decimal(10, 2))"), type_word("LowCardinality(String)"), type_word("DateTime64(6)")
        ('DECIMAL(10,2)', 'VARCHAR', 'TIMESTAMP')
        >>> type_word("DateTime('Asia/Tokyo')"), type_word("DateTime", zone="Asia/Tokyo"), type_word("Array(Int64)")
        ('TIMESTAMP WITH TIME ZONE', 'TIMESTAMP WITH TIME ZONE', 'BIGINT[]')
        >>> type_word("UUID")
        'UUID'
    """
    if wrapped := _WRAPPED.match(called):
        return type_word(wrapped["inner"], zone=zone)
    if held := _ARRAY.match(called):
        return type_word(held["inner"], zone=zone) + "[]"
    if moment := _MOMENT.match(called):
        return "TIMESTAMP WITH TIME ZONE" if moment["finer"] or moment["zone"] or zone != "UTC" else "TIMESTAMP"
    return _WORDS.get(called, called.upper().replace(" ", "") if called.startswith("Decimal") else called.upper())


def plain(value: object) -> object:
    """Return a value as rows of answers hold it: records by name, and decimals as whole numbers or floats.

    Example:
        >>> plain(("unit", "u-1", "values", [Decimal("1.5"), Decimal("2")]))
        {'unit': 'u-1', 'values': [1.5, 2]}
    """
    match value:
        case Decimal():
            return int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
        case datetime() if value.tzinfo is not None:
            return value.astimezone(UTC).replace(tzinfo=None)
        case tuple():
            held = cast("tuple[Any, ...]", value)
            return {str(key): plain(one) for key, one in zip(held[::2], held[1::2], strict=True)}
        case list():
            return [plain(one) for one in cast("list[Any]", value)]
        case _:
            return value
