"""What PostgreSQL calls its types, in the words of definitions."""

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_WORDS = {
    "boolean": "BOOLEAN",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "double precision": "DOUBLE",
    "numeric": "DECIMAL",
    "text": "VARCHAR",
    "character varying": "VARCHAR",
    # Padded with blanks until they are cast, so no text as others are.
    "character": "CHAR",
    "date": "DATE",
    "timestamp without time zone": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMP WITH TIME ZONE",
    "time without time zone": "TIME",
    "jsonb": "JSON",
}
_SIZED = re.compile(r"^(?P<head>[a-z\" ]+?)\((?P<size>[0-9,-]+)\)(?P<tail>.*)$")


def type_word(called: str) -> str:
    """Return our word for a type; types that we have no word for keep their own.

    Args:
        called: As the server's `format_type` has it.

    Example:
        >>> type_word("numeric(10,2)"), type_word("timestamp(3) with time zone"), type_word("integer[]")
        ('DECIMAL(10,2)', 'TIMESTAMP WITH TIME ZONE', 'INTEGER[]')
        >>> type_word("mood")
        'MOOD'
    """
    if called.endswith("[]"):
        return type_word(called[:-2]) + "[]"
    sized = _SIZED.match(called)
    plain = sized["head"] + sized["tail"] if sized else called
    word = _WORDS.get(plain, called.upper())
    return f"{word}({sized['size']})" if sized and word == "DECIMAL" else word


def plain(value: object) -> object:
    """Return a value as rows of answers hold it: decimals as whole numbers where they are, else as floats.

    Example:
        >>> plain(Decimal("12")), plain(Decimal("1.5")), plain("x")
        (12, 1.5, 'x')
    """
    if isinstance(value, Decimal):
        return int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.replace(tzinfo=None)
    return value


def far_times(driver: ModuleType) -> dict[str, type[Any]]:
    """Return loaders, by type, that take a time before year 1 for the first one, and one after 9999 for the last.

    So does infinity come back, and whoever reads times can refuse it in words of the data.

    Args:
        driver: psycopg.
    """
    kinds = driver.types.datetime
    first, last = (datetime.combine(day, hour) for day, hour in ((date.min, time.min), (date.max, time.max)))
    return {
        "date": _clamped(driver, kinds.DateBinaryLoader, date.min, date.max),
        "timestamp": _clamped(driver, kinds.TimestampBinaryLoader, first, last),
        "timestamptz": _clamped(
            driver, kinds.TimestamptzBinaryLoader, first.replace(tzinfo=UTC), last.replace(tzinfo=UTC)
        ),
    }


def _clamped(driver: ModuleType, loader: Any, first: date, last: date) -> type[Any]:  # noqa: ANN401 - the driver's
    read: Callable[[Any, bytes], date] = loader.load

    def load(self: object, data: bytes) -> date:
        try:
            return read(self, data)
        except driver.DataError:
            return first if bytes(data)[0] & 0x80 else last

    return type(loader.__name__, (loader,), {"load": load})
