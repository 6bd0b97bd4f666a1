"""How small a follow-up separates two flags that went together: the units it takes, and the days.

In it the other flag is dealt independently within our experiment. Then our effect is compared within its variants, and
where they are dealt alike in every arm that costs no precision: the standard error that was measured stands, and goes
with one over the root of the units.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twyman.doubt.check import share_text
from twyman.stats.anytime.dependence import dependence
from twyman.stats.estimate import NotEstimable
from twyman.stats.tails import critical_value

Table = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """How precisely a metric was measured, and what it is to show.

    Attributes:
        metric: What people call it.
        effect: The effect to be seen, in the metric's own unit: the smallest that matters, else the likely one.
        says: The same for people: `2 %`.
        se: Standard error of the effect as measured.
        units: Units of all arms behind it.
        alpha: Two-sided error of its test.
        power: Chance of seeing the effect.
        daily: Units that enter a day at present; 0 where that isn't known.
    """

    metric: str
    effect: float
    says: str
    se: float
    units: int
    alpha: float
    power: float
    daily: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """What the smallest follow-up takes.

    Attributes:
        units: Units of all arms that show the effect; `None` where none is asked for or none was measured.
        days: Days at the present rate; `None` where that isn't known.
        apart: Units after which flags that still go together as they do now would have been flagged.
        precision: What `units` rests on.
    """

    apart: int
    units: int | None = None
    days: int | None = None
    precision: Precision | None = None

    @property
    def text(self) -> str:
        """What it takes, in a sentence.

        Example:
            >>> FollowUp(apart=26).text
            'Whether they still go together shows after 26 units.'
        """
        shows = f"shows after {self.apart:,} units."
        if self.units is None or self.precision is None:
            return f"Whether they still go together {shows}"
        days = f", about {self.days:,} days at the present rate," if self.days is not None else ""
        power = share_text(self.precision.power)
        seen = f"{self.precision.says} in {self.precision.metric} with a power of {power}"
        return f"Of both dealt apart, {self.units:,} units{days} show {seen}; whether they still go together {shows}"


def follow_up(
    shares: Sequence[float],
    *,
    flags: int,
    rate: float,
    precision: Precision | None = None,
    together: Table | None = None,
) -> FollowUp:
    """Return the smallest follow-up that separates another flag from ours, both dealt independently.

    Args:
        shares: Of our arms, in which units come.
        flags: How many flags are watched.
        rate: The false discovery rate at which they are.
        precision: Of the metric that is to show something; `None` where none was measured, or nothing is asked of it.
        together: As of `units_to_flag`.

    Example:
        >>> measured = Precision(metric="retention", effect=0.02, says="2 %", se=0.02, units=10_000, alpha=0.05,
        ...     power=0.8, daily=2_000)
        >>> found = follow_up([0.5, 0.5], flags=300, rate=0.01, precision=measured)
        >>> found.units, found.days, found.apart
        (78489, 40, 21)

    References:
        Miratrix, L. W., Sekhon, J. S. and Yu, B. (2013). Adjusting treatment effect estimates by post-stratification in
        randomized experiments. JRSS B 75.
    """
    apart = units_to_flag(shares, flags=flags, rate=rate, together=together)
    if precision is None or not precision.effect or not precision.se > 0:
        return FollowUp(apart=apart)
    reach = critical_value(precision.alpha / 2) - critical_value(precision.power)
    units = max(math.ceil(precision.units * (reach * precision.se / precision.effect) ** 2), apart)
    days = math.ceil(units / precision.daily) if precision.daily > 0 else None
    return FollowUp(apart=apart, units=units, days=days, precision=precision)


def units_to_flag(shares: Sequence[float], *, flags: int, rate: float, together: Table | None = None) -> int:
    """Return after how many units a flag that goes with our arms is flagged.

    Units come in the arms' shares; among so many flags, one alone is flagged where its evidence is `flags` / `rate`.

    Args:
        shares: Of our arms, in which units come.
        flags: How many flags are watched.
        rate: The false discovery rate at which they are.
        together: Units by arm and variant, as the two go together; left out, each arm has a variant of its own.

    Example:
        >>> units_to_flag([0.5, 0.5], flags=300, rate=0.01), units_to_flag([0.9, 0.1], flags=300, rate=0.01)
        (21, 45)
        >>> units_to_flag([0.5, 0.5], flags=300, rate=0.01, together=np.array([[100.0, 0.0], [80.0, 20.0]]))
        217
    """

    def evidence(units: int) -> float:
        return _evidence(shares, units) if together is None else _log_e(together * (units / together.sum()))

    needed, enough = math.log(flags / rate), 2 * len(shares)
    while evidence(enough) < needed:
        enough *= 2
    return bisect_left(range(enough), needed, lo=enough // 2, key=evidence)


def _evidence(shares: Sequence[float], units: int) -> float:
    """Return the logarithm of the e-value of so many units, each arm's with a variant of its own; none met none."""
    ends = np.round(units * np.cumsum([0.0, *shares]) / math.fsum(shares))
    met = np.diag(np.diff(ends))
    return _log_e(np.hstack((np.zeros((len(shares), 1)), met)))


def _log_e(table: Table) -> float:
    found = dependence(table, none=0)
    return -math.inf if isinstance(found, NotEstimable) else found.log_e
