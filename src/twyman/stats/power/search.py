"""Where a power is reached: the smallest whole number, or the point on a line; never by a fixed bracket."""

import math
from collections.abc import Callable

from twyman.stats.power.detection import deviate
from twyman.stats.roots import crossing

MOST = 10**15
"""No plan needs more units: beyond this an effect counts as out of reach."""


def smallest(chance: Callable[[int], float], target: float, start: float, *, least: int = 1) -> int | None:
    """Return the smallest whole number at which a growing chance reaches a target; `None` if that is beyond `MOST`.

    Chances are compared as normal deviates, which grow almost evenly with the root of the number, so
    that a few steps from a good start end at the number itself.

    Example:
        >>> smallest(lambda n: 1 - 0.9**n, 0.5, start=100)
        7
    """
    wanted = deviate(target)

    def short(number: int) -> float:
        found = chance(number)
        return deviate(found) - wanted if found < target else max(deviate(found) - wanted, 0.0)

    bracket = _around(short, min(max(int(start), least), MOST), least)
    if bracket is None:
        return None
    (low, below), (high, above) = bracket
    step = 0
    while high - low > 1:
        number = _between(low, below, high, above) if step % 4 < 3 else (low + high) // 2
        value = short(number)
        if value < 0:
            low, below = number, value
        else:
            high, above = number, value
        step += 1
    return high


Bracket = tuple[tuple[int, float], tuple[int, float]]


def _around(short: Callable[[int], float], start: int, least: int) -> Bracket | None:
    """Return a number that falls short and one that doesn't; the former is `least` - 1 where none does."""
    width, value = max(1, start // 1000), short(start)
    low = high = (start, value)
    while low[1] >= 0:
        if low[0] == least:
            return (least - 1, -math.inf), low
        high = low
        number = max(low[0] - width, least)
        low, width = (number, short(number)), width * 4
    while high[1] < 0:
        if high[0] == MOST:
            return None
        low = high
        number = min(high[0] + width, MOST)
        high, width = (number, short(number)), width * 4
    return low, high


def _between(low: int, below: float, high: int, above: float) -> int:
    """Return a number strictly between, where a line in the root of the number would cross."""
    if not math.isfinite(below):
        return (low + high) // 2
    a, b = math.sqrt(low), math.sqrt(high)
    root = a + (b - a) * below / (below - above)
    aim = root * root
    number = math.floor(aim) if aim - low > high - aim else math.ceil(aim)
    return min(max(number, low + 1), high - 1)


def reached(
    chance: Callable[[float], float], target: float, *, low: float, step: float, most: float = math.inf
) -> float | None:
    """Return where, above `low`, a growing chance reaches a target; `None` where it never does.

    Args:
        chance: What grows.
        target: What is to be reached.
        low: Where it isn't reached.
        step: A first guess of the distance from there; any positive number will do.
        most: The end of the line.
    """
    wanted = deviate(target)

    def short(place: float) -> float:
        return deviate(chance(place)) - wanted

    end = min(low + step, most)
    while short(end) < 0:
        if end >= most or end - low > 1e15 * step:
            return None
        low, end = end, min(end + 2 * (end - low), most)
    return crossing(short, low, end, tolerance=1e-13)
