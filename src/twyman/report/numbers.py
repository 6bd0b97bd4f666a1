"""How a number is written for a person: digits that its uncertainty earns, a real minus sign, no false zero.

A lift is shown to two digits of its interval's half-width, so that the digits say how well it is known.
"""

import math
from datetime import UTC, datetime

MINUS = "\u2212"
DASH = "\u2013"
SIGN = "\u00a0%"
"""Percent, never parted from its number."""


def decimals(half_width: float | None, *, most: int = 6) -> int:
    """Return how many decimals show two digits of a half-width; 2 where there is none.

    Example:
        >>> decimals(0.45), decimals(1.2), decimals(15.0), decimals(None)
        (2, 1, 0, 2)
    """
    if half_width is None or half_width <= 0 or not math.isfinite(half_width):
        return 2
    return max(0, min(most, 1 - math.floor(math.log10(half_width))))


def plain(value: float | None, digits: int) -> str:
    """Write a number with thousands separators and a real minus sign.

    Example:
        >>> plain(12345.678, 1), plain(-0.001, 2), plain(None, 2)
        ('12,345.7', '0.00', '–')
    """
    if value is None:
        return DASH
    text = f"{abs(value):,.{digits}f}"
    return MINUS + text if value < 0 and float(text.replace(",", "")) else text


def signed(value: float | None, digits: int) -> str:
    """Write a number with its sign; what rounds to zero has none.

    Example:
        >>> signed(1.25, 1), signed(-1.25, 2), signed(0.0001, 2)
        ('+1.2', '−1.25', '0.00')
    """
    if value is None:
        return DASH
    text = plain(value, digits)
    return "+" + text if value > 0 and float(text.replace(",", "")) else text


def percent(value: float | None, digits: int) -> str:
    r"""Write a share or an effect on the relative scale as a signed percentage.

    Example:
        >>> percent(0.061, 1), percent(-0.0104, 2)
        ('+6.1\xa0%', '−1.04\xa0%')
    """
    return DASH if value is None else signed(100 * value, digits) + SIGN


def brief(value: float | None) -> str:
    r"""Write a share as an unsigned percentage, as a definition does: no digit more than it needs, three at most.

    Example:
        >>> brief(0.5), brief(0.005), brief(0.33333)
        ('50\xa0%', '0.5\xa0%', '33.3\xa0%')
    """
    if value is None:
        return DASH
    scaled = 100 * value
    digits = decimals(abs(scaled), most=4) + 1 if abs(scaled) < 100 else 0
    text = plain(scaled, digits)
    return (text.rstrip("0").rstrip(".") if "." in text else text) + SIGN


def signed_share(value: float) -> str:
    r"""Write a margin or ceiling as a definition does, with its sign.

    Example:
        >>> signed_share(-0.01), signed_share(0.04)
        ('−1\xa0%', '+4\xa0%')
    """
    return ("+" if value > 0 else "") + brief(value)


def unparted(text: str) -> str:
    r"""Keep each per cent sign of a sentence on the line of its number.

    Example:
        >>> unparted("fell by 1.1 %")
        'fell by 1.1\xa0%'
    """
    return text.replace(" %", SIGN)


def span(lower: float | None, upper: float | None, digits: int, *, relative: bool = True) -> str:
    r"""Write an interval in brackets; one that is open on a side in words.

    Example:
        >>> span(0.054, 0.068, 1), span(-0.004, None, 1), span(None, None, 1)
        ('[+5.4\xa0%, +6.8\xa0%]', 'above −0.4\xa0%', 'no interval')
    """
    write = percent if relative else signed
    if lower is None and upper is None:
        return "no interval"
    if upper is None:
        return f"above {write(lower, digits)}"
    if lower is None:
        return f"below {write(upper, digits)}"
    return f"[{write(lower, digits)}, {write(upper, digits)}]"


def p_value(value: float | None) -> str:
    """Write a p-value: four decimals where they matter, and never a zero.

    Example:
        >>> p_value(1e-9), p_value(0.0499), p_value(0.7512), p_value(None)
        ('< 0.0001', '0.0499', '0.75', '–')
    """
    if value is None:
        return DASH
    if value < 1e-4:
        return "< 0.0001"
    return f"{value:.4f}" if value < 0.1 else f"{value:.2f}"


def count(value: int | None) -> str:
    """Write a count with thousands separators.

    Example:
        >>> count(160100)
        '160,100'
    """
    return DASH if value is None else plain(value, 0)


def counted(value: int, noun: str) -> str:
    """Write a count and its noun.

    Example:
        >>> counted(1, "warning"), counted(1200, "unit")
        ('1 warning', '1,200 units')
    """
    return f"{count(value)} {noun}" + ("" if value == 1 else "s")


def instant(text: str | None) -> str:
    """Write an ISO instant as a date, with its time of day (UTC) unless that is midnight.

    Example:
        >>> instant("2015-06-01T00:00:00Z"), instant("2015-06-01T13:30:00+02:00"), instant("2015-06-01")
        ('1 June 2015', '1 June 2015, 11:30 UTC', '1 June 2015')
        >>> instant("some day")
        'some day'
    """
    if text is None:
        return DASH
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return text
    read = read.astimezone(UTC) if read.tzinfo else read
    day = f"{read.day} {read:%B %Y}"
    return day if read.hour == read.minute == 0 else f"{day}, {read:%H:%M} UTC"
