"""Exposures as they come in: of clients that evaluate in their own process."""

import msgspec
from msgspec import Raw, field
from msgspec.structs import replace

from twyman.api.batch import LONGEST, Batch, Kind, Receipt
from twyman.api.sink import Row, row_of
from twyman.flags.context import LONGEST_UNIT
from twyman.flags.exposure import Exposure

_DECODER = msgspec.json.Decoder(Exposure)


class _Exposures(Batch, frozen=True):
    records: list[Raw] = field(name="exposures")


def _row(raw: Raw, receipt: Receipt) -> Row:
    met = _DECODER.decode(raw)
    at = receipt.time(met.exposed_at)
    if not 0 < len(met.unit) <= LONGEST_UNIT:
        raise ValueError(f"unit has {len(met.unit):,} characters: an id has 1 to {LONGEST_UNIT}")
    if not (met.experiment and met.arm) or max(len(name) for name in met.identity) > LONGEST:
        raise ValueError(f"experiment or arm is empty, or a name has more than {LONGEST:,} characters")
    ours = replace(met, exposed_at=at, client=receipt.sender(met.client))
    return row_of(ours, received_at=receipt.received_at, batch=receipt.batch)


EXPOSURES = Kind("exposures", _Exposures, _row, homeless=503)
"""What `flags.exposure.Exposure` says."""
