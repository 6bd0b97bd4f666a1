"""A batch of exposures from a client: each is read by itself, and its clock set right.

    {"batch": "0b5e…", "sent_at": "2026-11-03T10:00:00Z", "exposures": [{"unit": "u-1", …}, …]}

An exposure holds what `flags.exposure.Exposure` says; times bear a zone. What can't be read is refused by
its place in the batch, with the reason, and the rest is kept: `{"accepted": 49, "refused": [{"at": 7, "why": …}]}`.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from twyman.api.reply import Refused
from twyman.api.sink import Row, row_of
from twyman.flags.context import LONGEST_UNIT
from twyman.flags.exposure import Exposure
from twyman.kernel.time import YEARS

MOST = 10_000
"""Exposures in a batch."""
LONGEST = 1_000
"""Characters of a name in an exposure, and of a batch's id."""
TOLERATED = timedelta(seconds=10)
"""Between sending and receipt: less is the way through the network, more is a clock that is wrong."""


class Refusal(Struct, frozen=True):
    """An exposure that isn't kept: its place in the batch, from 0, and why."""

    at: int
    why: str


class Batch(Struct, frozen=True):
    """Exposures as a client sends them.

    Attributes:
        batch: The batch's id, the same when it is sent again.
        sent_at: When, by the client's clock.
        exposures: Not yet read.
    """

    batch: str
    sent_at: datetime
    exposures: list[Raw]


_BATCH = msgspec.json.Decoder(Batch)
_EXPOSURE = msgspec.json.Decoder(Exposure)


def batch_of(body: bytes) -> Batch:
    """Read a batch, not yet its exposures.

    Raises:
        Refused: 400 if it is no batch, 413 if it holds too many.
    """
    try:
        batch = _BATCH.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(
            400, f"batch can't be read ({error}): send batch, sent_at and exposures", code="PARSE_ERROR"
        ) from None
    if not 0 < len(batch.batch) <= LONGEST:
        raise Refused(400, f"batch's id has {len(batch.batch):,} characters: give it 1 to {LONGEST:,}")
    if batch.sent_at.tzinfo is None or batch.sent_at.year not in YEARS:
        raise Refused(400, "sent_at bears no zone, or lies in no sensible year: write 2026-11-03T10:00:00Z")
    if len(batch.exposures) > MOST:
        raise Refused(413, f"batch holds {len(batch.exposures):,} exposures: send at most {MOST:,} at once")
    return batch


def rows_of(batch: Batch, *, client: str | None, received_at: datetime) -> tuple[list[Row], list[Refusal]]:
    """Return what is to be kept of a batch, and what is refused.

    Args:
        batch: The batch.
        client: Who sent it, which goes before what it says of itself; `None` where that isn't known.
        received_at: When, by our clock.
    """
    ahead = batch.sent_at - received_at
    skew = ahead if abs(ahead) > TOLERATED else timedelta(0)
    rows, refused = list[Row](), list[Refusal]()
    for place, raw in enumerate(batch.exposures):
        try:
            met = _exposure(raw)
        except ValueError as error:
            refused.append(Refusal(place, str(error)))
            continue
        at = min(met.exposed_at - skew, received_at)
        asker = met.client if client is None else client
        rows.append(row_of(replace(met, exposed_at=at, client=asker), received_at=received_at, batch=batch.batch))
    return rows, refused


def _exposure(raw: Raw) -> Exposure:
    met = _EXPOSURE.decode(raw)  # what it raises is a ValueError
    if met.exposed_at.tzinfo is None or met.exposed_at.year not in YEARS:
        raise ValueError("exposed_at bears no zone, or lies in no sensible year")
    if not 0 < len(met.unit) <= LONGEST_UNIT:
        raise ValueError(f"unit has {len(met.unit):,} characters: an id has 1 to {LONGEST_UNIT}")
    if not (met.experiment and met.arm) or _longest(met.identity) > LONGEST:
        raise ValueError(f"experiment or arm is empty, or a name has more than {LONGEST:,} characters")
    return met


def _longest(names: Iterable[str]) -> int:
    return max(len(name) for name in names)
