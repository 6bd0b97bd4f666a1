"""What a client asks of a store, and how it asks: rarely, later, and never so that the caller notices."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from twyman.flags.evaluation import Kept
from twyman.flags.memory import Memory
from twyman.sdk.tally import Tally

T = TypeVar("T")
Key = tuple[str, str, str | None]
"""Store, unit and rule; without a rule, whether the unit is in the store at all."""


class StickyStore(Memory, Protocol):
    """Keeps what units got: the first write of a store, unit and rule wins, whoever makes it."""

    def keep(self, records: Sequence[Kept]) -> None:
        """Keep each record whose store, unit and rule have nothing kept yet."""
        ...


class Remembered:
    """A store read through a bounded memory, so that a unit's next flag costs no round trip.

    What is kept never changes, so it is remembered until it is pushed out; that nothing is kept, and who is in a
    store, is remembered for a few seconds only. A store that fails is as good as empty: the fault is counted, and
    the unit gets what its rules say.

    Args:
        store: The store itself.
        tally: Counts its faults.
        steady: A clock that never goes back, in seconds.
        limit: Entries remembered, at most.
        seconds: How long an absence is remembered.
    """

    def __init__(
        self,
        store: StickyStore,
        tally: Tally,
        steady: Callable[[], float],
        *,
        limit: int = 100_000,
        seconds: float = 10.0,
    ) -> None:
        self._store = store
        self._tally = tally
        self._steady = steady
        self._limit = limit
        self._seconds = seconds
        self._found: OrderedDict[Key, tuple[object, float]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._found)

    @property
    def name(self) -> str:
        """What to call the store in a log."""
        return type(self._store).__name__

    def variant(self, store: str, unit: str, rule: str) -> str | None:
        """Return the variant kept; `None` where nothing is, or the store fails."""
        return self._read((store, unit, rule), lambda: self._store.variant(store, unit, rule), None)

    def holds(self, store: str, unit: str) -> bool:
        """Say whether anything is kept for a unit; not, where the store fails."""
        return self._read((store, unit, None), lambda: self._store.holds(store, unit), False)  # noqa: FBT003

    def expect(self, record: Kept) -> bool:
        """Remember what is about to be kept, unless something is already; `True` if that is new."""
        key = record.store, record.unit, record.rule
        with self._lock:
            known = self._found.get(key)
            if known is not None and known[0] is not None:
                return False
            self._remember(key, record.variant)
            self._found.pop((record.store, record.unit, None), None)
        return True

    def keep(self, records: Sequence[Kept]) -> None:
        """Keep records; what is kept in truth (another process may have been first) is read when next needed."""
        self._store.keep(records)
        with self._lock:
            for record in records:
                self._found.pop((record.store, record.unit, record.rule), None)

    def after_fork(self) -> None:
        """Make the lock anew."""
        self._lock = threading.Lock()

    def _read(self, key: Key, read: Callable[[], T], failing: T) -> T:
        known = self._found.get(key)
        if known is not None and self._steady() < known[1]:
            return known[0]  # type: ignore[return-value]  # pyright: ignore[reportReturnType]
        try:
            found = read()
        except Exception as error:  # noqa: BLE001 - whatever a store raises, the caller isn't told
            self._tally.fault("sticky_not_read", self.name, error)
            found = failing
        with self._lock:
            self._remember(key, found)
        return found

    def _remember(self, key: Key, found: object) -> None:
        lasts = key[2] is not None and found is not None
        self._found[key] = found, float("inf") if lasts else self._steady() + self._seconds
        while len(self._found) > self._limit:
            self._found.popitem(last=False)
