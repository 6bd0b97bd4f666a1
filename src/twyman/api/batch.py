"""A batch of records from a client, exposures or events: each is read by itself, and its clock set right.

    {"batch": "0b5e…", "sent_at": "2026-11-03T10:00:00Z", "exposures": [{"unit": "u-1", …}, …]}

Times bear a zone. What can't be read is refused by its place in the batch, with the reason, and the rest is
kept: `{"accepted": 49, "refused": [{"at": 7, "why": …}]}`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import msgspec
from msgspec import Raw, Struct

from twyman.api.reply import Refused
from twyman.kernel.time import YEARS

R = TypeVar("R", bound=Struct)

MOST = 10_000
"""Records in a batch."""
LONGEST = 1_000
"""Characters of a name in a record, and of a batch's id."""
TOLERATED = timedelta(seconds=10)
"""Between sending and receipt: less is the way through the network, more is a clock that is wrong."""


class Refusal(Struct, frozen=True):
    """A record that isn't kept: its place in the batch, from 0, and why."""

    at: int
    why: str


class Batch(Struct, frozen=True):
    """Records as a client sends them.

    Attributes:
        batch: The batch's id, the same when it is sent again.
        sent_at: When, by the client's clock.
        records: Not yet read; in a batch they are called what they are: `exposures`, `events`.
    """

    batch: str
    sent_at: datetime
    records: list[Raw]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is known of records by how they came.

    Attributes:
        batch: What they came in.
        received_at: When, by our clock.
        skew: How far the client's clock is ahead of ours.
        client: Who sent them, which goes before what they say of themselves; `None` where that isn't known.
    """

    batch: str
    received_at: datetime
    skew: timedelta
    client: str | None

    def time(self, said: datetime) -> datetime:
        """Return a client's time by our clock: nothing happened after it was received.

        Raises:
            ValueError: If it bears no zone, or lies in no sensible year.
        """
        if said.tzinfo is None or said.year not in YEARS:
            raise ValueError("its time bears no zone, or lies in no sensible year")
        return min(said - self.skew, self.received_at)

    def sender(self, said: str) -> str:
        """Return who sent a record that says so of itself."""
        return said if self.client is None else self.client


@dataclass(frozen=True, slots=True)
class Kind(Generic[R]):
    """What the records of a batch are.

    Attributes:
        name: What they are called: in a batch, in a path, and as the server's option.
        batch: A batch of them.
        row: Reads one, and returns it as it is kept; raises a `ValueError` that says what is wrong with it.
        homeless: Status of the answer where there is no file for them.
    """

    name: str
    batch: type[Batch]
    row: Callable[[Raw, Receipt], R]
    homeless: int


def batch_of(body: bytes, kind: Kind[R]) -> Batch:
    """Read a batch, not yet its records.

    Raises:
        Refused: 400 if it is no batch, 413 if it holds too many.
    """
    try:
        batch = msgspec.json.decode(body, type=kind.batch)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(
            400, f"batch can't be read ({error}): send batch, sent_at and {kind.name}", code="PARSE_ERROR"
        ) from None
    if not 0 < len(batch.batch) <= LONGEST:
        raise Refused(400, f"batch's id has {len(batch.batch):,} characters: give it 1 to {LONGEST:,}")
    if batch.sent_at.tzinfo is None or batch.sent_at.year not in YEARS:
        raise Refused(400, "sent_at bears no zone, or lies in no sensible year: write 2026-11-03T10:00:00Z")
    if len(batch.records) > MOST:
        raise Refused(413, f"batch holds {len(batch.records):,} {kind.name}: send at most {MOST:,} at once")
    return batch


def rows_of(batch: Batch, kind: Kind[R], *, client: str | None, received_at: datetime) -> tuple[list[R], list[Refusal]]:
    """Return what is to be kept of a batch, and what is refused.

    Args:
        batch: The batch.
        kind: What it holds.
        client: Who sent it, which goes before what it says of itself; `None` where that isn't known.
        received_at: When, by our clock.
    """
    ahead = batch.sent_at - received_at
    receipt = Receipt(batch.batch, received_at, ahead if abs(ahead) > TOLERATED else timedelta(0), client)
    rows, refused = list[R](), list[Refusal]()
    for place, raw in enumerate(batch.records):
        try:
            rows.append(kind.row(raw, receipt))
        except (ValueError, RecursionError) as error:  # what msgspec raises is a ValueError
            refused.append(Refusal(place, str(error)))
    return rows, refused
