"""Something that a unit did, reported by the program: a fact for metrics."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct


class Event(Struct, frozen=True):
    """One event.

    Attributes:
        unit: The unit's id; empty where it isn't known.
        at: When it happened, in UTC.
        name: What happened.
        value: How much of it; `None` where it has no amount.
        details: Whatever else is known of it.
    """

    unit: str
    at: datetime
    name: str
    value: float | None = None
    details: Mapping[str, object] = {}
