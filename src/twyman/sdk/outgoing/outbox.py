"""Records waiting to be sent: bounded, in batches, again until they are taken, and never waited for.

What finds the box full is dropped and counted: it is the newest, whose identity isn't remembered as logged, so
that the next time its unit meets the flag is another chance.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar
from uuid import uuid4

from msgspec.structs import replace

from twyman.kernel.errors import Invalid
from twyman.sdk.outgoing.sink import Batch, Sink
from twyman.sdk.settings import Settings
from twyman.sdk.tally import Tally

T = TypeVar("T")


class Outbox(Generic[T]):
    """Records of one kind on their way to a sink.

    Args:
        kind: What they are, as counts name them: `exposures`.
        sink: Where they go.
        tally: Counts what was sent, refused, failed, and lost by overflow.
        settings: Sizes, times and clocks.
        ring: Called when a batch is full; must not wait.
    """

    def __init__(self, kind: str, sink: Sink[T], tally: Tally, *, settings: Settings, ring: Callable[[], None]) -> None:
        self._kind = kind
        self._sink = sink
        self._tally = tally
        self._shipping = settings.shipping
        self._clock = settings.clock
        self._steady = settings.steady
        self._ring = ring
        self._waiting: deque[T] = deque()
        self._batch: Batch[T] | None = None
        self._failures = 0
        self._rung = False
        self._sending = threading.Lock()

    def __len__(self) -> int:
        """How many have not been taken yet."""
        batch = self._batch
        return len(self._waiting) + (len(batch.records) if batch is not None else 0)

    def put(self, record: T) -> bool:
        """Leave a record to be sent; `False` if there is no room. Never waits."""
        if len(self._waiting) >= self._shipping.limit:
            self._tally.fault(f"{self._kind}_overflowed", self._sink.name, f"{self._shipping.limit:,} are waiting")
            return False
        self._waiting.append(record)
        if len(self._waiting) >= self._shipping.size and not self._rung:
            self._rung = True
            self._ring()
        return True

    def work(self) -> float | None:
        """Send what is waiting; returns seconds until there may be more to do."""
        self.send(self._shipping.timeout)
        if self._failures:
            return self._shipping.backoff.pause(self._failures)
        return 0.0 if len(self._waiting) >= self._shipping.size else self._shipping.every

    def send(self, timeout: float) -> bool:
        """Send what is waiting, batch by batch, up to the first that isn't taken, in so many seconds.

        Returns:
            Whether nothing is left.
        """
        until = self._steady() + timeout
        if not self._sending.acquire(timeout=max(0.0, timeout)):
            return False
        try:
            while (batch := self._next()) is not None:
                left = min(until - self._steady(), self._shipping.timeout)
                if left <= 0 or not self._sent(batch, left):
                    return False
            return True
        finally:
            self._sending.release()

    def after_fork(self) -> None:
        """Leave to the parent what is the parent's: it will send it."""
        self._waiting, self._batch, self._failures, self._rung = deque(), None, 0, False
        self._sending = threading.Lock()

    def _next(self) -> Batch[T] | None:
        if self._batch is None and self._waiting:
            self._rung = False
            number = min(len(self._waiting), self._shipping.size)
            records = tuple(self._waiting.popleft() for _ in range(number))
            self._batch = Batch(uuid4().hex, self._clock(), records)
        return self._batch

    def _sent(self, batch: Batch[T], timeout: float) -> bool:
        try:
            refused = self._sink.send(replace(batch, sent_at=self._clock()), timeout)
        except Invalid as error:
            self._tally.fault(f"{self._kind}_refused", self._sink.name, error, number=len(batch.records))
        except Exception as error:  # noqa: BLE001 - whatever a sink raises, the batch is kept
            self._failures += 1
            self._tally.fault(f"{self._kind}_not_sent", self._sink.name, error)
            return False
        else:
            self._tally.add(f"{self._kind}_sent", len(batch.records) - (refused or 0))
            if refused:
                self._tally.fault(f"{self._kind}_refused", self._sink.name, "some of a batch", number=refused)
            self._tally.mended(f"{self._kind}_not_sent", self._sink.name)
        self._batch, self._failures = None, 0
        return True
