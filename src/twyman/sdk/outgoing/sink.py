"""Where records go: the port, and the sinks that need neither disk nor server."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from twyman.flags.exposure import Exposure

T = TypeVar("T")


class Batch(Struct, Generic[T], frozen=True):
    """Records sent together.

    Attributes:
        id: Its name: a batch that is sent again has the same one, so that whoever receives it can tell.
        sent_at: When it is sent, this time, by the clock that dated its records: tells how wrong that clock is.
    """

    id: str
    sent_at: datetime
    records: tuple[T, ...]


class Sink(Protocol[T]):
    """Takes batches. One thread at a time sends."""

    @property
    def name(self) -> str:
        """What to call it in a log."""
        ...

    def send(self, batch: Batch[T], timeout: float) -> int | None:
        """Take a batch, in so many seconds; returning says that it will not be lost.

        Returns:
            How many of its records were refused for good, where the sink can tell.

        Raises:
            Invalid: If it will never be taken: sending it again is of no use.
            Exception: If it wasn't taken this time.
        """
        ...


class RecordList(Generic[T]):
    """Keeps records in memory, for tests and notebooks.

    Attributes:
        records: What has been sent, in order.
    """

    name = "list"

    def __init__(self) -> None:
        self.records: list[T] = []

    def send(self, batch: Batch[T], timeout: float) -> None:  # noqa: ARG002 - it takes none
        """Keep the records."""
        self.records += batch.records


class ExposureList(RecordList[Exposure]):
    """Exposures in memory."""


class Called(Generic[T]):
    """Hands records to a function; an exception says that they weren't taken."""

    def __init__(self, take: Callable[[Sequence[T]], object]) -> None:
        self.name = getattr(take, "__name__", "callable")
        self._take = take

    def send(self, batch: Batch[T], timeout: float) -> None:  # noqa: ARG002 - a function can't be told
        """Call the function with the records."""
        self._take(batch.records)


def as_sink(sink: Sink[T] | Callable[[Sequence[T]], object]) -> Sink[T]:
    """Return a sink, from one or from a function of records.

    Example:
        >>> from datetime import UTC, datetime
        >>> as_sink(print).send(Batch("b-1", datetime(2026, 1, 1, tzinfo=UTC), ("a", "b")), 1.0)
        ('a', 'b')
    """
    return Called(sink) if callable(sink) else sink
