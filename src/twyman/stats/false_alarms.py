"""How often a test rejects where nothing happened, and whether that is as often as it promises."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twyman.stats.count import Count, clopper_pearson
from twyman.stats.rates import central_p

DOUBT = 0.01
"""Below this chance a rate isn't taken for luck; a band leaves out as much."""


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """A test's rate of false alarms, as seen in A/A tests.

    Attributes:
        runs: How many A/A tests.
        rate: Share of them that rejected.
        lower, upper: Interval of coverage 99 % for the true rate.
        verdict: `trusted`; `inflated`: it rejects too often; `conservative`: too seldom.

    Example:
        >>> false_alarms(np.arange(1000) < 80, alpha=0.05).verdict
        'inflated'

    References:
        Clopper, C. J. and Pearson, E. S. (1934). The use of confidence or fiducial limits. Biometrika 26.
    """

    runs: int
    rate: float
    lower: float
    upper: float
    verdict: str


def false_alarms(rejected: NDArray[np.bool_], *, alpha: float, at_most: bool = False) -> FalseAlarms:
    """Judge a rate of false alarms by what a test promises.

    Args:
        rejected: One an A/A test.
        alpha: The promise.
        at_most: Whether no more is promised than not to exceed it, so that a lower rate keeps the promise, too.
    """
    count = Count(int(rejected.sum()), rejected.size)
    lower, upper = clopper_pearson(count, alpha=DOUBT)
    verdict = "trusted"
    if central_p(count, alpha) < DOUBT:
        below = "trusted" if at_most else "conservative"
        verdict = "inflated" if count.share > alpha else below
    return FalseAlarms(rejected.size, count.share, lower, upper, verdict)
