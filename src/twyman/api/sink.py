"""Where exposures and events go: a port, and the exposure as it is kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import astuple

from twyman.flags.exposure import Exposure

R_contra = TypeVar("R_contra", bound=Struct, contravariant=True)


class Row(Exposure, frozen=True):
    """An exposure as it is kept.

    Attributes:
        received_at: When it reached us, in UTC.
        batch: What it came in; empty where we met the unit ourselves.
    """

    received_at: datetime | None = None
    batch: str = ""


def row_of(met: Exposure, *, received_at: datetime, batch: str = "") -> Row:
    """Return an exposure as it is kept."""
    return Row(*astuple(met), received_at=received_at, batch=batch)


class Sink(Protocol[R_contra]):
    """Keeps exposures, or events."""

    def offer(self, row: R_contra) -> None:
        """Take one without waiting; where there is no more room it is lost, and counted."""
        ...

    async def commit(self, rows: Sequence[R_contra]) -> None:
        """Return once all are where no crash reaches them.

        Raises:
            Unavailable: If they can't be kept just now; then none of them is acknowledged.
        """
        ...

    @property
    def problem(self) -> str:
        """What is wrong with it; empty where nothing is."""
        ...
