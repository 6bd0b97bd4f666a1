"""Times, read and placed in a zone in Python: what is written in a file, and what a clock on the wall showed."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

from twyman.warehouse.naive.comparing import wall
from twyman.warehouse.naive.unverifiable import Unverifiable

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?)?")
_OFFSET = re.compile(r" ?(Z|z|[+-]\d{2}(:?\d{2})?)$")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_DAYS = ("%m/%d/%Y", "%d/%m/%Y", "%Y/%m/%d", "%d.%m.%Y", "%m-%d-%Y", "%d-%m-%Y")
_HOURS = ("", " %H:%M", " %H:%M:%S")
_TELLING_HOURS = ("%H", "%I", "%X", "%c", "%s")
_UNKNOWN = re.compile(r"%[-]?[^aAbBdmyYHIpMSfzjcxX%]")

Reader = Callable[[str], Any]


def utc_of_wall(moment: datetime, zone: str) -> datetime:
    """Return the instant, as zoneless UTC, at which a clock on the wall shows a time.

    In the night in which clocks go back an hour is there twice, and its second time is meant; in the night
    in which they go forward an hour isn't there, and the clock that wasn't changed is meant: the later of
    the two readings, both times.

    Example:
        >>> utc_of_wall(datetime(2024, 11, 3, 1, 30), "America/New_York").hour
        6
    """
    if zone == "UTC":
        return moment
    named = ZoneInfo(zone)
    readings = (moment.replace(tzinfo=named, fold=fold).astimezone(UTC) for fold in (0, 1))
    return max(reading.replace(tzinfo=None) for reading in readings)


def wall_of_utc(moment: datetime, zone: str) -> datetime:
    """Return what a clock on the wall of a zone shows at a zoneless UTC time."""
    if zone == "UTC":
        return moment
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def midnight(moment: datetime, zone: str) -> datetime:
    """Return the midnight, in a zone, at which the day of a zoneless UTC time began."""
    return utc_of_wall(wall_of_utc(moment, zone).replace(hour=0, minute=0, second=0, microsecond=0), zone)


def day_of(moment: datetime, zone: str) -> date:
    """Return the date, in a zone, of a zoneless UTC time."""
    return wall_of_utc(moment, zone).date()


def utc_of(value: Any, zone: str) -> datetime | None:  # noqa: ANN401 - a value of the row
    """Return a date, time or instant as zoneless UTC; zoneless ones are read in the zone.

    Raises:
        Unverifiable: If the value tells no time.
    """
    if value is None:
        return None
    if not isinstance(value, date):
        raise Unverifiable(f"takes {type(value).__name__} for a time")
    if isinstance(value, datetime) and value.tzinfo is not None:
        return wall(value)
    return utc_of_wall(wall(value), zone)


def reader_of(texts: Iterable[str | None], pattern: str | None) -> Reader:
    """Return what reads a column of text as dates or times.

    Args:
        texts: The whole column.
        pattern: Its `strptime` format; `None`: ISO 8601, or the one common format that reads every value.

    Raises:
        Unverifiable: If no format is found, or the one given isn't read here.

    Example:
        >>> reader_of(["31/12/2024", "01/02/2024"], None)("01/02/2024")
        datetime.date(2024, 2, 1)
    """
    if pattern is not None:
        return _by_format(pattern)
    given = [text for text in texts if text is not None]
    if not given:
        return datetime.fromisoformat
    if all(_is_iso(text) for text in given):
        dates = all(_DAY.fullmatch(text) for text in given)
        return date.fromisoformat if dates else _iso
    for common in (day + hours for day, hours in product(_DAYS, _HOURS)):
        if all(_fits(text, common) for text in given):
            return _by_format(common)
    raise Unverifiable("is written in no common format of dates")


def _is_iso(text: str) -> bool:
    return _ISO.fullmatch(_OFFSET.sub("", text)) is not None or _ISO.fullmatch(text) is not None


def _iso(text: str) -> datetime:
    plain = text.replace(",", ".").replace("z", "Z").replace(" Z", "Z")
    fraction = re.search(r"\.(\d+)", plain)
    if fraction:
        plain = plain.replace(fraction.group(0), f".{fraction.group(1)[:6]:0<6}")
    return datetime.fromisoformat(re.sub(r" ([+-])", r"\1", plain))


def _fits(text: str, pattern: str) -> bool:
    try:
        datetime.strptime(text.strip(), pattern)  # noqa: DTZ007 - whether it can be read
    except ValueError:
        return False
    return True


def _by_format(pattern: str) -> Reader:
    if _UNKNOWN.search(pattern):
        raise Unverifiable(f"has the format '{pattern}'")
    plain = pattern.replace("%-", "%")

    def read(text: str) -> date:
        found = datetime.strptime(text.strip(), plain)  # noqa: DTZ007 - zoneless texts stay so
        return found if any(code in pattern for code in _TELLING_HOURS) else found.date()

    return read


def from_microseconds(count: int) -> datetime:
    """Return the instant so many microseconds after the epoch."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=count)
