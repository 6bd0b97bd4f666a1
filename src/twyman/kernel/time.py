"""Instants and durations: aware datetimes in UTC, and lengths as people write them.

The one place where a clock is read; everything else is handed its time.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from twyman.kernel.errors import Invalid

Clock = Callable[[], datetime]
"""Something that tells the time: an aware datetime."""

DAY = timedelta(days=1)
LONGEST = 36_525 * DAY
"""A century: no window, and no delay, is longer."""
YEARS = range(1900, 2200)
"""Years in which things are measured: what lies outside stands for "never" or "unknown", or is a slip."""

_UNITS = {
    "w": timedelta(weeks=1),
    "d": DAY,
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([wdhms])")


def system_clock() -> datetime:
    """Return the present instant, in UTC."""
    return datetime.now(UTC)


def duration(text: str) -> timedelta:
    """Read a duration such as `7d`, `36h`, `30m` or `1d12h`.

    Raises:
        Invalid: If the text is no such duration.

    Example:
        >>> duration("1d12h")
        datetime.timedelta(days=1, seconds=43200)
    """
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise Invalid(f"duration {text!r} isn't a length of time: write a number and w, d, h, m or s, as in 7d or 36h")
    try:
        length = sum((float(number) * _UNITS[unit] for number, unit in parts), timedelta())
    except OverflowError:
        length = timedelta.max
    if length > LONGEST:
        raise Invalid(f"duration {text!r} is longer than a century: write a shorter one, or leave it out")
    return length


def duration_text(length: timedelta) -> str:
    """Write a duration as a person would: the inverse of `duration`, whole units only.

    Example:
        >>> duration_text(timedelta(days=7)), duration_text(timedelta(hours=36))
        ('7d', '1d12h')
    """
    rest, parts = length, list[str]()
    for unit in "dhms":
        number, rest = divmod(rest, _UNITS[unit])
        parts += [f"{number}{unit}"] if number else []
    return "".join(parts) or "0d"


def instant(value: str | date | datetime, *, zone: str = "UTC") -> datetime:
    """Read an ISO 8601 instant; a date is midnight, and a zoneless time is read, in the zone given.

    Raises:
        Invalid: If the text is no ISO 8601 date or time, or lies outside the years in which things are measured.

    Example:
        >>> instant("2015-06-01").isoformat()
        '2015-06-01T00:00:00+00:00'
        >>> instant("2015-06-01", zone="Pacific/Auckland").isoformat()
        '2015-05-31T12:00:00+00:00'
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise Invalid(
                f"time {value!r} isn't an ISO 8601 date or time: write 2015-06-01 or 2015-06-01T12:00Z"
            ) from None
    if value.year not in YEARS:
        raise Invalid(
            f"time '{value.isoformat()}' lies outside the years {YEARS[0]} to {YEARS[-1]}: "
            "write a day on which something was measured, or leave it out"
        )
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - the zone is given just below
    if value.tzinfo is None:
        value = value.replace(tzinfo=ZoneInfo(zone))
    return value.astimezone(UTC)


def instant_text(value: datetime) -> str:
    """Write an instant in UTC, without the digits that say nothing.

    Example:
        >>> instant_text(instant("2015-06-01"))
        '2015-06-01T00:00:00Z'
    """
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def day_after(value: datetime, *, zone: str = "UTC") -> datetime:
    """Return the first midnight in the zone that is not before the instant.

    Example:
        >>> day_after(instant("2015-06-01T00:00:01Z")).isoformat()
        '2015-06-02T00:00:00+00:00'
    """
    local = value.astimezone(ZoneInfo(zone))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    ceiling = midnight if midnight == local else midnight + DAY
    return ceiling.astimezone(UTC)
