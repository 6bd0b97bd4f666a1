"""When a design stops: the probability of crossing a bound at each look, under any effect."""

import math
from collections.abc import Sequence

from twyman.stats.sequential.looks import check_looks
from twyman.stats.sequential.walk import Walk


def stopping(
    information: Sequence[float], z: Sequence[float], *, drift: float = 0.0, symmetric: bool = False
) -> tuple[float, ...]:
    """Return the probability of crossing an upper bound at each look, and no bound before.

    Args:
        information: 1 / se² at each look, growing where a bound is finite.
        z: Critical value at each look; infinite where there is none.
        drift: True effect: the statistic's mean is drift times the root of information.
        symmetric: Whether the same bounds stand below zero.

    Raises:
        Invalid: If the lengths differ.

    Example:
        >>> by_look = stopping([0.5, 1.0], [2.797, 1.977], drift=2.8)
        >>> f"{sum(by_look):.3f}"
        '0.797'
    """
    check_looks(information, z, 1)
    live = [look for look, bound in enumerate(z) if bound < math.inf]
    crossed = [0.0] * len(z)
    path = Walk.start(drift=drift, symmetric=symmetric)
    for place, look in enumerate(live):
        crossed[look] = path.beyond(information[look], z[look])[0]
        if place + 1 < len(live):
            path = path.carried(information[look], z[look], following=information[live[place + 1]])
    return tuple(crossed)
