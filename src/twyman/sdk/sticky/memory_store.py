"""Keeps in this process what units got: for tests, and for one process that never ends."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

from twyman.flags.evaluation import Kept
from twyman.sdk.fork import put_right_after_fork


class MemoryStore:
    """A bounded store in memory: the unit kept longest ago is forgotten first.

    Args:
        limit: Units of a store kept, at most.

    Example:
        >>> store = MemoryStore()
        >>> store.keep([Kept("page", "u-1", "ab", "new"), Kept("page", "u-1", "ab", "old")])
        >>> store.variant("page", "u-1", "ab")
        'new'
    """

    def __init__(self, limit: int = 1_000_000) -> None:
        self._limit = limit
        self._kept: OrderedDict[tuple[str, str], dict[str, str]] = OrderedDict()
        self._lock = threading.Lock()
        put_right_after_fork(self)

    def variant(self, store: str, unit: str, rule: str) -> str | None:
        """Return the variant kept."""
        return self._kept.get((store, unit), {}).get(rule)

    def holds(self, store: str, unit: str) -> bool:
        """Say whether anything is kept for a unit."""
        return (store, unit) in self._kept

    def keep(self, records: Sequence[Kept]) -> None:
        """Keep what isn't kept yet."""
        with self._lock:
            for record in records:
                self._kept.setdefault((record.store, record.unit), {}).setdefault(record.rule, record.variant)
            while len(self._kept) > self._limit:
                self._kept.popitem(last=False)

    def after_fork(self) -> None:
        """Make the lock anew."""
        self._lock = threading.Lock()
