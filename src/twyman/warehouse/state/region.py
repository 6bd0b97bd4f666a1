"""Which rows of a source have been read: those of a stretch of time that had arrived by some instant."""

from dataclasses import dataclass
from datetime import UTC, datetime

ALWAYS = datetime(1, 1, 1, tzinfo=UTC)
"""Before anything happened: a region that begins here has no beginning."""


@dataclass(frozen=True, slots=True)
class Region:
    """Rows of facts from one instant to another that arrived before a third, all half-open.

    Attributes:
        floor: Facts at or after this.
        events: Facts before this.
        arrivals: That arrived before this; of no meaning where rows don't say when they arrived.
    """

    floor: datetime
    events: datetime
    arrivals: datetime

    def covers(self, other: "Region") -> bool:
        """Whether all rows of the other region are in this one.

        Example:
            >>> noon = datetime(2024, 3, 4, 12, tzinfo=UTC)
            >>> Region(ALWAYS, noon, noon).covers(Region(noon, noon, noon))
            True
        """
        return self.floor <= other.floor and self.events >= other.events and self.arrivals >= other.arrivals

    def grown(self, other: "Region") -> "Region":
        """Return the smallest region that covers both."""
        return Region(min(self.floor, other.floor), max(self.events, other.events), max(self.arrivals, other.arrivals))


@dataclass(frozen=True, slots=True)
class Stretch:
    """One scan of what a region has that another hadn't: facts of a time, that arrived in a time.

    Attributes:
        since, before: Of the facts; `None`: without bound.
        arrived_since, arrived_before: Of their arrival.
    """

    since: datetime | None = None
    before: datetime | None = None
    arrived_since: datetime | None = None
    arrived_before: datetime | None = None


def beyond(kept: Region | None, wanted: Region, *, arrives: bool) -> list[Stretch]:
    """Return disjoint stretches that make up what is wanted beyond what is kept.

    Each is bounded by constants on one column, so that a table kept in order of time or of arrival is
    read only where they lie.

    Args:
        kept: What is there; `None`: nothing.
        wanted: A region that covers it.
        arrives: Whether rows say when they arrived.
    """
    until = wanted.arrivals if arrives else None
    if kept is None:
        return [Stretch(_bound(wanted.floor), wanted.events, None, until)]
    found: list[Stretch] = []
    if wanted.floor < kept.floor:
        found.append(Stretch(_bound(wanted.floor), kept.floor, None, until))
    if wanted.events > kept.events:
        found.append(Stretch(kept.events, wanted.events, None, until))
    if arrives and wanted.arrivals > kept.arrivals:
        found.append(Stretch(_bound(kept.floor), kept.events, kept.arrivals, until))
    return found


def after(kept: Region, *, arrives: bool) -> list[Stretch]:
    """Return disjoint stretches that make up all rows that a region hasn't, but for those before its floor."""
    found = [Stretch(since=kept.events)]
    if arrives:
        found.append(Stretch(_bound(kept.floor), kept.events, arrived_since=kept.arrivals))
    return found


def _bound(moment: datetime) -> datetime | None:
    return None if moment == ALWAYS else moment
