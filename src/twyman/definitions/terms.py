"""The small words of a definition: shares, effects, fractions, durations, times, spending."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from twyman.experiments.plan import Spending, SpendingFamily
from twyman.kernel.errors import Invalid
from twyman.kernel.time import duration, instant

Number = str | int | float
"""A number as people write it: `0.05`, `5%`, `1/60`."""

_PLAIN = r"[-+]?(?:\d{1,18}(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,2})?"
NUMBER = re.compile(rf"({_PLAIN})(\s?%)?(?:\s?/\s?(\d{{1,18}}(?:\.\d*)?))?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_POWER = re.compile(r"power-(\d{1,3}(?:\.\d{1,6})?)", re.ASCII)


def number(value: Number, word: str = "number", sample: str = "0.05, 5% or 1/60") -> float:
    """Read a number, a percentage or a fraction.

    Raises:
        Invalid: If it is none of these.

    Example:
        >>> number("5%"), number("1/4"), number(0.05)
        (0.05, 0.25, 0.05)
    """
    if not isinstance(value, str):
        return float(value)
    found = NUMBER.fullmatch(value.strip())
    if not found or (found[3] and not float(found[3])):
        raise Invalid(f"{word} {value!r} isn't a number: write {sample}")
    divisor = float(found[3] or 1)
    return float(found[1]) / divisor / (100 if found[2] else 1)


def effect(value: Number) -> float:
    """Read an effect such as `2%` or `-0.02`.

    Example:
        >>> effect("-1%")
        -0.01
    """
    return number(value, "effect", "2% or 0.02")


def share(value: Number) -> float:
    """Read a share of a whole, from 0 to 1.

    Raises:
        Invalid: If it is no number, or outside.

    Example:
        >>> share("50%")
        0.5
    """
    read = number(value, "share", "5% or 0.05")
    if 0 <= read <= 1:
        return read
    hint = f": write {value}% or {read / 100:g}" if _forgot_percent(value, read) else ": write one such as 5% or 0.05"
    raise Invalid(f"share {value} isn't between 0 and 1{hint}")


def _forgot_percent(value: Number, read: float) -> bool:
    return 1 <= read <= 100 and "%" not in str(value)


def probability(value: Number) -> float:
    """Read an error rate or a power: strictly between 0 and 1.

    Raises:
        Invalid: If it is no number, or not strictly between 0 and 1.
    """
    read = share(value)
    if not 0 < read < 1:
        raise Invalid(
            f"{value} is no error rate and no power, which lie strictly between 0 and 1: write one such as 5%"
        )
    return read


def quantile(value: Number) -> float:
    """Read which quantile: a share strictly between 0 and 1.

    Raises:
        Invalid: If it is no number, or not strictly between 0 and 1.

    Example:
        >>> quantile("95%")
        0.95
    """
    read = number(value, "quantile", "95% or 0.95")
    if 0 < read < 1:
        return read
    hint = f"write {value}% or {read / 100:g}" if 1 < read < 100 and "%" not in str(value) else "write one such as 95%"
    why = "is the smallest or largest value, which says nothing of the others" if read in (0, 1) else "is none"
    raise Invalid(f"quantile {value} {why}, and one lies strictly between 0 and 1: {hint}")


def positive(value: Number) -> float:
    """Read a relative size that must be above 0 and below 1, such as a margin.

    Raises:
        Invalid: If it is no number, or outside.
    """
    read = number(value, "size", "1% or 0.01")
    if 0 < read < 1:
        return read
    hint = f": write {value}% or {read / 100:g}" if _forgot_percent(value, read) else ": write one such as 1%"
    raise Invalid(f"{value} isn't a size between 0 and 100 %, without its sign{hint}")


def length(value: str) -> timedelta:
    """Read a duration, and explain why one can't be negative.

    Raises:
        Invalid: If it is no duration, or a negative one.
    """
    if value.startswith("-"):
        raise Invalid(
            f"{value} would reach to before the exposure, which no treatment can have changed: write {value[1:]}, "
            "or take what happened before as a covariate (cuped)"
        )
    return duration(value)


def some_length(value: str) -> timedelta:
    """Read a duration that is longer than nothing.

    Raises:
        Invalid: If it is no duration, or no time at all.
    """
    read = length(value)
    if not read:
        raise Invalid(f"{value} holds no time, so nothing could happen in it: write a longer one, such as 7d")
    return read


def moment(value: str, zone: str) -> datetime:
    """Read an ISO 8601 time; a date is midnight in the zone.

    Raises:
        Invalid: If it is no such time.

    Example:
        >>> moment("2015-06-01", "UTC").isoformat()
        '2015-06-01T00:00:00+00:00'
    """
    if not _DATE.match(value):  # 20150601 and 2015-W23 are ISO 8601 too, and oftener a slip
        raise Invalid(f"time {value!r} isn't written as a date or time: write 2015-06-01 or 2015-06-01T12:00Z")
    try:
        return instant(value, zone=zone)
    except OverflowError:
        raise Invalid(f"time {value!r} lies outside the calendar: write a year between 2 and 9998") from None


def zone(value: str) -> str:
    """Check the name of a time zone.

    Raises:
        Invalid: If there is none of this name.
    """
    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid(f"time zone {value!r} isn't known: write one such as UTC or Pacific/Auckland") from None


def spending(value: str) -> Spending:
    """Read a spending family: `power-2`, `obrien-fleming`, `pocock`.

    Raises:
        Invalid: If it is none of these.

    Example:
        >>> spending("power-3").exponent
        3.0
    """
    if value in {SpendingFamily.OBRIEN_FLEMING, SpendingFamily.POCOCK}:
        return Spending(SpendingFamily(value))
    if value.replace("_", "-") == "always-valid":
        raise Invalid(f"{value!r} spends no error: write sequential: {{always-valid: {{tuned_for: 160000}}}}")
    found = _POWER.fullmatch(value)
    if not found or not float(found[1]):
        raise Invalid(f"spending {value!r} isn't a family of ours: write power-2, obrien-fleming or pocock")
    return Spending(SpendingFamily.POWER, float(found[1]))
