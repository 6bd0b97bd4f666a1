"""Quantiles: all values sorted, and the share below one of them counted unit by unit."""

from collections.abc import Hashable, Mapping, Sequence
from math import floor, sqrt

import numpy as np

from twyman.app.ports import Ranked
from twyman.stats.moments import Moments
from twyman.stats.quantile.sample import FUZZ
from twyman.stats.tails import critical_value
from twyman.warehouse.naive.moments import moments

NEAR = range(-2, 4)
"""Ranks about the quantile and the ends of its interval: one more on each side than the first path fetches."""


def ranked(by_drawn: Mapping[Hashable, Sequence[float]], share: float, *, clustered: bool) -> Ranked:
    """Return what is about a quantile of values: at its rank, and at the ends of its interval.

    Args:
        by_drawn: The values of each unit, or cluster, that has any.
        share: Of values at or below the quantile.
        clustered: Whether one may have several.

    Example:
        >>> ranked({"a": [3.0], "b": [1.0], "c": [2.0]}, 0.5, clustered=False).values[2]
        2.0
    """
    values = sorted(value for several in by_drawn.values() for value in several)
    middle = values[_rank(share, len(values)) - 1]
    below = [[float(sum(one <= middle for one in several)), float(len(several))] for several in by_drawn.values()]
    pairs = moments(np.array(below, dtype=np.float64)) if clustered else None
    error = sqrt(share * (1 - share) / len(values)) if pairs is None else _error(pairs)
    reach = [] if error is None else [-critical_value(0.05 / 2) * error, critical_value(0.05 / 2) * error]
    places = [_rank(share + off, len(values)) for off in (0.0, *reach)]
    near = sorted({place + off for place in places for off in NEAR} & set(range(1, len(values) + 1)))
    return Ranked(count=len(values), values={rank: values[rank - 1] for rank in near}, clusters=pairs)


def _rank(share: float, count: int) -> int:
    return floor((1 + share * (count - 1)) * (1 + FUZZ))


def _error(pairs: Moments) -> float | None:
    """Return the standard error of a share of values, by the delta method; `None` for one unit alone."""
    if pairs.count < 2:
        return None
    (below, number), spread = pairs.means.tolist(), pairs.products / pairs.count
    share = below / number
    variance = float(spread[0, 0] - 2 * share * spread[0, 1] + share**2 * spread[1, 1])
    return sqrt(max(variance, 0.0) / ((pairs.count - 1) * number**2))
