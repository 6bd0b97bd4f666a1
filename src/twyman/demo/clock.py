"""At what hour people listen."""

import numpy as np
from numpy.typing import NDArray

from twyman.demo.phase import DAY

HOURS = (
    0.023, 0.025, 0.0195, 0.0161, 0.0197, 0.0256, 0.0286, 0.0272, 0.0305, 0.0386, 0.0442, 0.0485,
    0.0457, 0.0515, 0.0626, 0.0716, 0.0777, 0.071, 0.0719, 0.0535, 0.0493, 0.0405, 0.0307, 0.0277,
)  # fmt: skip
"""Share of the plays by hour of the day. Source: Sparkify (Udacity), user-level aggregates."""


def times_of_day(size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return times at which somebody listens, in microseconds since midnight.

    Example:
        >>> bool(times_of_day(1000, np.random.default_rng(1)).max() < DAY)
        True
    """
    hours = np.concatenate(([0.0], np.cumsum(HOURS)))
    clock = np.interp(rng.random(size), hours / hours[-1], np.arange(25) / 24)
    return np.minimum(DAY * clock, DAY - 1).astype(np.int64)
