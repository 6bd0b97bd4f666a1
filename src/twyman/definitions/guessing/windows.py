"""How long after exposure facts count, where no definition says it: as long as for most units is over."""

from collections.abc import Mapping
from datetime import timedelta

from twyman.kernel.time import duration_text

LENGTHS = tuple(timedelta(hours=hours) for hours in (7 * 24, 3 * 24, 24, 6, 1))
"""Windows that are tried, best first: a week has every weekday in it."""
MATURED = 0.8
"""Share of units whose window must be over."""


def window(units: int, matured: Mapping[timedelta, int], *, by_day: bool) -> tuple[str | None, str]:
    """Return the first window that is over for most units, as a definition writes it, and what is said of it.

    Args:
        units: That met the experiment.
        matured: How many of them were there for each length.
        by_day: Whether rows know their day only, so that shorter windows tell nothing.

    Example:
        >>> window(100, {timedelta(days=7): 40, timedelta(days=3): 85}, by_day=False)
        ('3d', 'metrics count 3d from exposure on: over for 85 of 100 units')
    """
    for length in LENGTHS:
        if by_day and length < timedelta(days=1):
            continue
        if units and matured.get(length, 0) >= MATURED * units:
            text = duration_text(length)
            return text, f"metrics count {text} from exposure on: over for {matured[length]:,} of {units:,} units"
    return None, (
        f"metrics count from exposure to the end of the data, as no window is over for {MATURED:.0%} of the "
        f"{units:,} units: units in early have longer, so effects are described and not tested"
    )
