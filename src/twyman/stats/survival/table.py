"""Who was still there, and who left, by time: what retention curves are made of.

Units whose window isn't over are *censored*: they count as present until they were last looked at, and say nothing of
later. Tables of disjoint groups add up, so a warehouse may deliver them by day and shard.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twyman.kernel.errors import Invalid

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class RiskTable:
    """Units at risk just before each time, and how many of them left at it.

    Attributes:
        times: Increasing, in any unit of time since exposure.
        at_risk: Units present and observed just before each time; never rising.
        events: Units that left (churned, converted, …) at each time.

    Example:
        >>> table = RiskTable.of([1, 2, 2, 3], [True, True, False, True])
        >>> table.at_risk.tolist(), table.events.tolist()
        ([4.0, 3.0, 1.0], [1.0, 1.0, 1.0])

    See docs/explanation/retention-curves.md
    """

    times: Vector
    at_risk: Vector
    events: Vector

    def __post_init__(self) -> None:
        """Refuse what can't be such a table.

        Raises:
            Invalid: If lengths differ, times don't increase, or more units leave than are at risk.
        """
        columns = [np.array(column, dtype=np.float64).ravel() for column in (self.times, self.at_risk, self.events)]
        times, at_risk, events = columns
        if not times.size == at_risk.size == events.size or not all(np.isfinite(column).all() for column in columns):
            raise Invalid("times, units at risk and events differ in number, or one is missing: give all three by time")
        if (np.diff(times) <= 0).any():
            raise Invalid("times don't increase: give one line a time, in order")
        if (events < 0).any() or (events > at_risk).any() or (at_risk[1:] > (at_risk - events)[:-1]).any():
            raise Invalid("more units leave than are at risk, or units come back: count each unit until it leaves")
        for name, column in zip(("times", "at_risk", "events"), columns, strict=True):
            column.setflags(write=False)
            object.__setattr__(self, name, column)

    @classmethod
    def of(cls, times: ArrayLike, events: ArrayLike) -> "RiskTable":
        """Reduce one time a unit: when it left, or until when it was observed.

        A unit observed until the moment at which another leaves was still at risk then.

        Args:
            times: Since exposure.
            events: Whether the unit left then; false where it was only last observed.

        Raises:
            Invalid: If there isn't one of each a unit, or a time is missing.
        """
        when, left = np.ravel(np.asarray(times, dtype=np.float64)), np.ravel(np.asarray(events)).astype(bool)
        if when.size != left.size or not np.isfinite(when).all():
            raise Invalid(f"{when.size} times of {left.size} units, or one is missing: give each unit its time")
        distinct, place = np.unique(when, return_inverse=True)
        here = np.bincount(place, minlength=distinct.size).astype(np.float64)
        at_risk = here[::-1].cumsum()[::-1]
        return cls(distinct, at_risk, np.bincount(place, left, minlength=distinct.size).astype(np.float64))

    @property
    def units(self) -> int:
        """Units at the start."""
        return int(self.at_risk[0]) if self.at_risk.size else 0

    @property
    def until(self) -> float:
        """The last time at which anybody was at risk; minus infinity where nobody was."""
        seen = self.times[self.at_risk > 0]
        return float(seen[-1]) if seen.size else -np.inf

    def at_risk_at(self, times: Vector) -> Vector:
        """Return how many units are at risk just before other times."""
        place = np.searchsorted(self.times, times, side="left")
        return np.append(self.at_risk, 0.0)[place]

    def events_at(self, times: Vector) -> Vector:
        """Return how many units leave at other times."""
        place = np.minimum(np.searchsorted(self.times, times, side="left"), self.times.size - 1)
        return (
            np.where(self.times[place] == times, self.events[place], 0.0) if self.times.size else np.zeros(times.size)
        )

    def __add__(self, other: "RiskTable") -> "RiskTable":
        """Pool two disjoint groups.

        Where both were reduced from units this is the table of all of them. Tables by day must have the same days.
        """
        times = np.union1d(self.times, other.times)
        at_risk = self.at_risk_at(times) + other.at_risk_at(times)
        return RiskTable(times, at_risk, self.events_at(times) + other.events_at(times))
