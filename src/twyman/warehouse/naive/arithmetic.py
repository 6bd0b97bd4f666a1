"""Sums, products and lengths of time, as the dialect of definitions means them.

`/` divides as floating point, whatever it divides; whole numbers and decimals are exact otherwise; and
whatever meets a floating-point number becomes one.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Context, Decimal
from typing import Any

from twyman.warehouse.naive.comparing import wall
from twyman.warehouse.naive.unverifiable import Unverifiable

_EXACT = Context(prec=100)
_MONTHS = {"YEAR": 12, "QUARTER": 3, "MONTH": 1}
_LENGTHS = {
    "WEEK": timedelta(weeks=1),
    "DAY": timedelta(days=1),
    "HOUR": timedelta(hours=1),
    "MINUTE": timedelta(minutes=1),
    "SECOND": timedelta(seconds=1),
    "MILLISECOND": timedelta(milliseconds=1),
    "MICROSECOND": timedelta(microseconds=1),
}


@dataclass(frozen=True, slots=True)
class Months:
    """A length of time in months, whose days depend on where it begins."""

    count: int


def length_of(count: Any, unit: str) -> timedelta | Months:  # noqa: ANN401 - a number of the row
    """Return an interval of so many units.

    Raises:
        Unverifiable: If the unit isn't known here.

    Example:
        >>> length_of(36, "hour")
        datetime.timedelta(days=1, seconds=43200)
    """
    named = unit.upper().removesuffix("S")
    if named in _MONTHS:
        return Months(int(count) * _MONTHS[named])
    if named in _LENGTHS:
        return int(count) * _LENGTHS[named]
    raise Unverifiable(f"counts time in {unit}")


def added(one: Any, other: Any) -> Any:  # noqa: ANN401 - values of a row
    """Return a sum of numbers, or a time so much later."""
    if isinstance(other, date) and not isinstance(one, date):
        one, other = other, one
    if isinstance(one, date):
        return _later(one, other, 1)
    if isinstance(one, timedelta) and isinstance(other, timedelta):
        return one + other
    return _calculated(one, other, lambda a, b: a + b, _EXACT.add)


def subtracted(one: Any, other: Any) -> Any:  # noqa: ANN401 - as above
    """Return a difference of numbers or of times, or a time so much earlier."""
    if isinstance(one, date) and isinstance(other, date):
        days = not isinstance(one, datetime) and not isinstance(other, datetime)
        gap = wall(one) - wall(other)
        return gap.days if days else gap
    if isinstance(one, date):
        return _later(one, other, -1)
    if isinstance(one, timedelta) and isinstance(other, timedelta):
        return one - other
    return _calculated(one, other, lambda a, b: a - b, _EXACT.subtract)


def multiplied(one: Any, other: Any) -> Any:  # noqa: ANN401 - as above
    """Return a product of numbers."""
    return _calculated(one, other, lambda a, b: a * b, _EXACT.multiply)


def divided(one: Any, other: Any) -> float:  # noqa: ANN401 - as above
    """Return a quotient as floating point.

    Raises:
        Unverifiable: If it divides by zero, which engines answer in different ways.

    Example:
        >>> divided(1, 2)
        0.5
    """
    _refuse_no_numbers(one, other)
    if not other:
        raise Unverifiable("divides by zero, which engines answer in different ways")
    return float(one) / float(other)


def whole_quotient(one: Any, other: Any) -> int:  # noqa: ANN401 - as above
    """Return a quotient of whole numbers without its fraction.

    Example:
        >>> whole_quotient(-5, 2)
        -2
    """
    if not (isinstance(one, int) and isinstance(other, int) and other):
        raise Unverifiable("divides with // what is no whole number, or by zero")
    sign = 1 if (one >= 0) == (other >= 0) else -1
    return sign * (abs(one) // abs(other))


def remainder(one: Any, other: Any) -> Any:  # noqa: ANN401 - as above
    """Return what is left of a division, with the sign of what was divided.

    Example:
        >>> remainder(-5, 3)
        -2
    """
    if not other:
        raise Unverifiable("divides by zero, which engines answer in different ways")
    return _calculated(one, other, lambda a, b: int(math.fmod(a, b)) if _small(a, b) else _rest(a, b), _EXACT.remainder)


def _small(one: Any, other: Any) -> bool:  # noqa: ANN401 - as above
    return isinstance(one, int) and isinstance(other, int) and abs(one) < 2**53 and abs(other) < 2**53


def _rest(one: Any, other: Any) -> Any:  # noqa: ANN401 - as above
    if isinstance(one, int):
        return one - other * whole_quotient(one, other)
    return math.fmod(one, other)


def _calculated(
    one: Any,  # noqa: ANN401 - as above
    other: Any,  # noqa: ANN401 - as above
    plain: Callable[[Any, Any], Any],
    exact: Callable[[Decimal, Decimal], Decimal],
) -> Any:  # noqa: ANN401 - as above
    _refuse_no_numbers(one, other)
    if isinstance(one, float) or isinstance(other, float):
        return plain(float(one), float(other))
    if isinstance(one, Decimal) or isinstance(other, Decimal):
        return exact(Decimal(one), Decimal(other))
    return plain(one, other)


def _refuse_no_numbers(*values: object) -> None:
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise Unverifiable(f"calculates with {type(value).__name__}")


def _later(moment: date, length: Any, sign: int) -> date:  # noqa: ANN401 - as above
    match length:
        case int() if not isinstance(moment, datetime):
            return moment + timedelta(days=sign * length)
        case timedelta():
            start = moment if isinstance(moment, datetime) else datetime.combine(moment, time())
            return start + sign * length
        case Months(count):
            start = moment if isinstance(moment, datetime) else datetime.combine(moment, time())
            return _months_later(start, sign * count)
        case _:
            raise Unverifiable(f"adds {type(length).__name__} to a time")


def _months_later(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    following = datetime(year + (month == 11), (month + 1) % 12 + 1, 1)  # noqa: DTZ001 - only its day is read
    last = (following - timedelta(days=1)).day
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))
