"""Events as they come in and are kept: what units did, as programs report it by `track`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Raw, Struct, field
from msgspec.structs import replace

from twyman.api.batch import LONGEST, Batch, Kind, Receipt
from twyman.flags.context import LONGEST_UNIT


class EventRow(Struct, frozen=True):
    """An event as it is kept.

    Attributes:
        unit: The unit's id; empty where it isn't known.
        at: When it happened, in UTC.
        name: What happened.
        value: How much of it; `None` where it has no amount.
        details: Whatever else is known of it.
        client: Who reported it; empty where nobody said.
        received_at: When it reached us, in UTC.
        batch: What it came in.
    """

    unit: str
    at: datetime
    name: str
    value: float | None = None
    details: Mapping[str, Any] = {}
    client: str = ""
    received_at: datetime | None = None
    batch: str = ""


_DECODER = msgspec.json.Decoder(EventRow)


class _Events(Batch, frozen=True):
    records: list[Raw] = field(name="events")


def _row(raw: Raw, receipt: Receipt) -> EventRow:
    event = _DECODER.decode(raw)
    at = receipt.time(event.at)
    if len(event.unit) > LONGEST_UNIT:
        raise ValueError(f"unit has {len(event.unit):,} characters: an id has at most {LONGEST_UNIT}")
    if not 0 < len(event.name) <= LONGEST or len(event.client) > LONGEST:
        raise ValueError(f"name is empty, or a name has more than {LONGEST:,} characters")
    who = receipt.sender(event.client)
    return replace(event, at=at, client=who, received_at=receipt.received_at, batch=receipt.batch)


EVENTS = Kind("events", _Events, _row, homeless=404)
"""What `EventRow` says, up to its client."""
