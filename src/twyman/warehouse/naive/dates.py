"""Parts of dates and times, and the beginnings of days, weeks and months."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from twyman.warehouse.naive.comparing import wall
from twyman.warehouse.naive.unverifiable import Unverifiable


def date_part(part: str, moment: Any) -> Any:  # noqa: ANN401 - values of a row
    """Return a part of a date or time.

    Raises:
        Unverifiable: If the part isn't known here.

    Example:
        >>> date_part("dow", date(2024, 3, 3)), date_part("week", date(2024, 3, 3))
        (0, 9)
    """
    named = part.lower().removesuffix("s")
    if named not in _PARTS or not isinstance(moment, date):
        raise Unverifiable(f"takes {part} of {type(moment).__name__}")
    return _PARTS[named](wall(moment))


def _seconds(moment: datetime) -> float:
    return (moment - datetime(1970, 1, 1)) / timedelta(seconds=1)  # noqa: DTZ001 - zoneless, in UTC


_PARTS: Mapping[str, Callable[[datetime], Any]] = {
    "year": lambda one: one.year,
    "quarter": lambda one: (one.month + 2) // 3,
    "month": lambda one: one.month,
    "week": lambda one: one.isocalendar().week,
    "weekofyear": lambda one: one.isocalendar().week,
    "isoyear": lambda one: one.isocalendar().year,
    "day": lambda one: one.day,
    "dayofmonth": lambda one: one.day,
    "dow": lambda one: one.isoweekday() % 7,
    "dayofweek": lambda one: one.isoweekday() % 7,
    "weekday": lambda one: one.isoweekday() % 7,
    "isodow": lambda one: one.isoweekday(),
    "doy": lambda one: one.timetuple().tm_yday,
    "dayofyear": lambda one: one.timetuple().tm_yday,
    "hour": lambda one: one.hour,
    "minute": lambda one: one.minute,
    "second": lambda one: one.second,
    "epoch": _seconds,
}

_STARTS: Mapping[str, Callable[[datetime], datetime]] = {
    "year": lambda one: one.replace(month=1, day=1),
    "quarter": lambda one: one.replace(month=(one.month - 1) // 3 * 3 + 1, day=1),
    "month": lambda one: one.replace(day=1),
    "week": lambda one: one - timedelta(days=one.weekday()),
    "day": lambda one: one,
}


def epoch(moment: Any) -> float:  # noqa: ANN401 - as above
    """Return the seconds since the epoch."""
    return date_part("epoch", moment)


def date_trunc(part: str, moment: Any) -> datetime:  # noqa: ANN401 - as above
    """Return the beginning of the part of time in which a moment lies.

    Example:
        >>> date_trunc("week", date(2024, 3, 3)).day
        26
    """
    plain, named = wall(moment), part.lower().removesuffix("s")
    found = _trunc(plain, named)
    zoned = isinstance(moment, datetime) and moment.tzinfo is not None
    return found.replace(tzinfo=UTC) if zoned else found


_LENGTHS = {"hour": timedelta(hours=1), "minute": timedelta(minutes=1), "second": timedelta(seconds=1)}


def _trunc(plain: datetime, named: str) -> datetime:
    if named in _LENGTHS:
        day = plain.replace(hour=0, minute=0, second=0, microsecond=0)
        return day + (plain - day) // _LENGTHS[named] * _LENGTHS[named]
    if named not in _STARTS:
        raise Unverifiable(f"truncates to {named}")
    return _STARTS[named](plain).replace(hour=0, minute=0, second=0, microsecond=0)


def date_diff(part: str, start: Any, end: Any) -> int:  # noqa: ANN401 - as above
    """Return how many beginnings of a part of time lie between two moments.

    Example:
        >>> date_diff("day", datetime(2024, 3, 1, 23), datetime(2024, 3, 2, 1))
        1
    """
    named = part.lower().removesuffix("s")
    first, last = _trunc(wall(start), named), _trunc(wall(end), named)
    if named in ("year", "quarter", "month"):
        months = (last.year - first.year) * 12 + last.month - first.month
        return months // {"year": 12, "quarter": 3, "month": 1}[named]
    length = {"week": 604800, "day": 86400, "hour": 3600, "minute": 60, "second": 1}[named]
    return (last - first) // timedelta(seconds=length)


def from_epoch(per_second: int, *, zoned: bool) -> Callable[[Any], Any]:
    """Return what makes a time of a count since the epoch, so many of which are a second; and back."""

    def found(count: Any) -> Any:  # noqa: ANN401 - as above
        if isinstance(count, date):
            return int(_seconds(wall(count)) * per_second)
        if isinstance(count, float) and not count.is_integer():
            raise Unverifiable("makes a time of a fraction")
        moment = datetime(1970, 1, 1) + timedelta(microseconds=int(count) * 1_000_000 // per_second)  # noqa: DTZ001
        return moment.replace(tzinfo=UTC) if zoned else moment

    return found
