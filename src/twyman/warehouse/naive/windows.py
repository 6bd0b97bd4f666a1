"""Where a window begins and ends for each unit: a length of time from its entry, or whole dates."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from twyman.warehouse.naive.clock import midnight, utc_of_wall, wall_of_utc
from twyman.warehouse.naive.exposures import Unit

DAY, NOTHING = timedelta(days=1), timedelta()


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time relative to exposure, half-open; no end: until the cut-off."""

    start: timedelta = timedelta()
    end: timedelta | None = None


Bounds = tuple[datetime, datetime | None]
"""The instants at which a unit's window begins and ends."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of one source of facts.

    Attributes:
        by_date: Whether facts are known to the day only: then windows begin at midnight, and whole days are dates.
    """

    zone: str
    by_date: bool
    _found: dict[tuple[Any, Span], Bounds] = field(default_factory=dict[tuple[Any, Span], Bounds])

    def edge(self, unit: Unit, length: timedelta, *, before: bool = False) -> datetime:
        """Return the instant so long after a unit's entry; or before its exposure, where it ends what lies there."""
        anchor = unit.exposed_at if before or length < NOTHING else unit.entry
        if not self.by_date:
            return anchor + length
        anchor = midnight(anchor, self.zone)
        if self.zone == "UTC" or not length or length % DAY:
            return anchor + length
        return utc_of_wall(wall_of_utc(anchor, self.zone) + length, self.zone)

    def bounds(self, unit: Unit, span: Span) -> Bounds:
        """Return where a span begins and ends for a unit."""
        key = (unit.id, span)
        if key not in self._found:
            end = None if span.end is None else self.edge(unit, span.end, before=span.end <= NOTHING)
            self._found[key] = (self.edge(unit, span.start), end)
        return self._found[key]

    def holds(self, unit: Unit, span: Span, moment: datetime) -> bool:
        """Whether a moment lies in a span of a unit."""
        start, end = self.bounds(unit, span)
        return moment >= start and (end is None or moment < end)
