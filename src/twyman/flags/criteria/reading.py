"""How an attribute is read as text, number, truth, time or version, as the value it is compared with wants it.

What can't be read so is `None`, which equals nothing: it never becomes the text "null", nor a zero.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal

from twyman.flags.targeting import Time, Version

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_VERSION = re.compile(
    r"(\d{1,18})(?:\.(\d{1,18}))?(?:\.(\d{1,18}))?(?:\.(\d{1,18}))?(?:-([0-9A-Za-z.-]{1,256}))?(?:\+[0-9A-Za-z.-]*)?",
    re.ASCII,
)
_MILLISECONDS_FROM = 1_000_000_000_000
"""Numbers from here on are milliseconds since 1970 (September 2001), smaller ones seconds, as Confidence has it."""
_LONGEST = 64
"""Characters of a number or time: longer texts are none."""

Precedence = tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]
"""A version's place: numbers, whether it is a release, and the parts of what comes before one."""


def as_text(value: object) -> str | None:
    """Read text; a number as it is written out, without an exponent.

    Example:
        >>> as_text(42), as_text(42.0), as_text(1e-7), as_text(True)
        ('42', '42', '0.0000001', None)
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else _written_out(repr(value))
    return str(value) if value.bit_length() < 1024 else None


def _written_out(number: str) -> str:
    return f"{Decimal(number):f}" if "e" in number else number


def as_truth(value: object) -> bool | None:
    """Read a truth; the texts true, false and TRUE are ones.

    Example:
        >>> as_truth("true"), as_truth(1)
        (True, None)
    """
    if isinstance(value, bool):
        return value
    return {"true": True, "TRUE": True, "false": False, "FALSE": False}.get(value) if isinstance(value, str) else None


def as_number(value: object) -> float | int | None:
    """Read a number, or the text of one.

    Example:
        >>> as_number("-2.50"), as_number(True), as_number("1_000")
        (-2.5, None, None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value if value == value else None  # noqa: PLR0124 - not a number equals nothing
    if isinstance(value, str) and len(value) <= _LONGEST and _NUMBER.fullmatch(value):
        return float(value)
    return None


def as_time(value: object) -> int | None:
    """Read an instant, in microseconds since 1970: ISO 8601 (without a zone: UTC), seconds, milliseconds, a datetime.

    Of numbers, what is less than a whole second, or millisecond, is cut off.

    Example:
        >>> as_time("1970-01-02"), as_time(86_400)
        (86400000000, 86400000000)
    """
    if isinstance(value, datetime):
        return _microseconds(value)
    if isinstance(value, str):
        return _of_text(value) if 10 <= len(value) <= _LONGEST else None
    number = as_number(value)
    if number is None or abs(number) > 1e16:
        return None
    return int(number) * (1_000 if abs(number) >= _MILLISECONDS_FROM else 1_000_000)


def _of_text(text: str) -> int | None:
    if text[4] != "-" or text[7] != "-" or text[10:11] not in ("", "T", "t", " "):
        return None
    try:
        return _microseconds(datetime.fromisoformat(text))
    except ValueError:
        return None


def _microseconds(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    delta = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def as_version(value: object) -> Precedence | None:
    """Read a version for comparing, by the precedence of Semantic Versioning 2.0.0; one to four numbers.

    Example:
        >>> as_version("10.0.0") > as_version("9.1") > as_version("9.1.0-rc.1")
        True
    """
    found = _VERSION.fullmatch(value) if isinstance(value, str) and len(value) <= 512 else None
    if found is None:
        return None
    *numbers, before = found.groups()[:5]
    parts = tuple(_part(part) for part in before.split(".")) if before else ()
    return tuple(int(number or 0) for number in numbers), not before, parts


def _part(text: str) -> tuple[bool, int, str]:
    """Numbers come before words, and are compared as numbers."""
    return (False, int(text), "") if text.isdigit() else (True, 0, text)


def read_as(value: object, like: object) -> object:
    """Read a value as the one it is compared with; `None` where it can't be.

    Example:
        >>> read_as("18", 21)
        18.0
    """
    match like:
        case bool():
            return as_truth(value)
        case str():
            return as_text(value)
        case int() | float():
            return as_number(value)
        case Version():
            return as_version(value)
        case Time():
            return as_time(value)
        case _:
            return None


def comparable(operand: object) -> object:
    """Return what an operand is compared by: itself, or the place of a version or time.

    Example:
        >>> comparable(Time("1970-01-01T00:00:01Z"))
        1000000
    """
    match operand:
        case Version():
            return as_version(operand.text)
        case Time():
            return as_time(operand.text)
        case _:
            return operand
