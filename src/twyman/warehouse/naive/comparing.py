"""How two values compare: SQL's three truths, and its order of numbers, texts and times."""

import math
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from twyman.warehouse.naive.unverifiable import Unverifiable

Truth = bool | None
"""True, false, or nobody knows."""


def compared(one: Any, other: Any) -> int | None:  # noqa: ANN401 - values of a row
    """Return -1, 0 or 1 as one value is below, equal to or above the other; `None` where either is missing.

    A number that isn't one (NaN) is equal to itself and above all others.

    Raises:
        Unverifiable: If values of such types aren't compared here.

    Example:
        >>> compared(1, 2.5), compared("b", "a"), compared(None, 1)
        (-1, 1, None)
    """
    if one is None or other is None:
        return None
    first, second = _aligned(one, other)
    if _is_nan(first) or _is_nan(second):
        return int(_is_nan(first)) - int(_is_nan(second))
    return int(first > second) - int(first < second)


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _aligned(one: Any, other: Any) -> tuple[Any, Any]:  # noqa: ANN401 - as above
    if isinstance(one, date) and isinstance(other, date):
        return wall(one), wall(other)
    if isinstance(one, bool | int | float | Decimal) and isinstance(other, bool | int | float | Decimal):
        floating = isinstance(one, float) or isinstance(other, float)
        return (float(one), float(other)) if floating else (one, other)
    if type(one) is type(other) and isinstance(one, str | bytes | time | timedelta | UUID):
        return one, other
    raise Unverifiable(f"compares {type(one).__name__} with {type(other).__name__}")


def is_number(value: object) -> bool:
    """Whether a value is a number; truths count as 0 and 1."""
    return isinstance(value, bool | int | float | Decimal)


def wall(value: date) -> datetime:
    """Return a date or time as a zoneless one, in UTC where it has a zone."""
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - zoneless on purpose
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value


def conjunction(truths: Iterable[Truth]) -> Truth:
    """Return false where any is, else unknown where any is, else true.

    Example:
        >>> conjunction([None, False]), conjunction([None, True])
        (False, None)
    """
    found: Truth = True
    for each in truths:
        if each is False:
            return False
        found = None if each is None else found
    return found


def disjunction(truths: Iterable[Truth]) -> Truth:
    """Return true where any is, else unknown where any is, else false."""
    return opposite(conjunction(opposite(each) for each in truths))


def opposite(truth: Truth) -> Truth:
    """Return the other truth; nobody's remains nobody's."""
    return None if truth is None else not truth
