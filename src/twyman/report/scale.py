"""Where a value stands on the axis that all rows of a table share."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

WIDTH = 280
"""Width of an in-row picture, in its own units."""

EDGE = 6
"""Room left at either side."""

FAR = 4.0
"""Ends and marks further off than this many times the table's typical reach run off the picture: one wild
interval must not press all others into a line."""

ASIDE = 0.12
"""Room on the side of zero where nothing lies, as a share of the other side's: so that a sign is seen as a side."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A range of values and the picture's width.

    Example:
        >>> scale = Scale(-0.01, 0.03)
        >>> scale.x(0.01), scale.ticks()
        (140.0, (-0.01, 0.0, 0.01, 0.02, 0.03))
    """

    low: float
    high: float

    def x(self, value: float) -> float:
        """Return a value's place in the picture; what lies outside stands at the edge."""
        share = (value - self.low) / (self.high - self.low)
        return round(EDGE + (WIDTH - 2 * EDGE) * min(max(share, 0.0), 1.0), 1)

    def shows(self, value: float | None) -> bool:
        """Say whether a value exists and lies within the picture."""
        return value is not None and self.low <= value <= self.high

    def ticks(self) -> tuple[float, ...]:
        """Return three to six round values, zero among them where it lies within."""
        raw = (self.high - self.low) / 4
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * (1 - 1e-9))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return tuple(round(number * step, 12) + 0.0 for number in range(first, last + 1))


def shared(spans: Iterable[tuple[float, float]], marks: Iterable[float] = ()) -> Scale:
    """Return the scale on which intervals and marks can be compared; zero always lies within.

    Args:
        spans: Intervals that must be seen.
        marks: Margins, ceilings and expectations: seen where they aren't too far off.

    Example:
        >>> scale = shared([(-0.01, 0.02), (-0.02, 0.01), (-5.0, 5.0)], [0.03])
        >>> round(scale.low, 4), round(scale.high, 4)
        (-0.0864, 0.0864)
    """
    reaches = sorted(max(abs(low), abs(high)) for low, high in spans)
    marks = list(marks)
    typical = reaches[len(reaches) // 2] if reaches else max((abs(mark) for mark in marks), default=0.01)
    most = FAR * (typical or 0.01)
    ends = [0.0, *(end for span in spans for end in span), *(mark for mark in marks if abs(mark) <= most)]
    low, high = max(min(ends), -most), min(max(ends), most)
    low, high = min(low, -ASIDE * high), max(high, -ASIDE * low)
    pad = 0.04 * (high - low) or 0.01
    return Scale(low - pad, high + pad)
