"""Sticky variants of a server, kept in a file of SQLite: read through a memory, and written behind its back."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from twyman.flags.evaluation import Kept
from twyman.kernel.errors import Unavailable
from twyman.sdk.backoff import Backoff
from twyman.sdk.beat import Beat
from twyman.sdk.outgoing.outbox import Outbox
from twyman.sdk.outgoing.sink import as_sink
from twyman.sdk.settings import Settings, Shipping
from twyman.sdk.sticky.sql_store import SqlStore
from twyman.sdk.sticky.store import Remembered, StickyStore
from twyman.sdk.tally import Tally

BUSY = 0.1
"""Seconds that a request waits for a file that another process has locked."""
_SETTINGS = Settings(shipping=Shipping(every=0.1, limit=100_000, backoff=Backoff(0.1, 5.0)))


class KeptVariants:
    """A store that answers at once and never fails, from one that may do neither.

    What is to be kept is known to the next question at once, and written a moment later, again until it is. A store
    that can't be read is as good as empty. Every fault is counted, and the first of a kind is logged.

    Args:
        store: The store itself.
        let_go: Called at the end, when all is written.

    Example:
        >>> from twyman.sdk.sticky import MemoryStore
        >>> kept = KeptVariants(MemoryStore())
        >>> kept.keep([Kept("page", "u-1", "ab", "new")])
        >>> kept.variant("page", "u-1", "ab")
        'new'
        >>> kept.close()
        >>> kept.counts()
        {'sticky_sent': 1}
    """

    def __init__(self, store: StickyStore, let_go: Callable[[], None] | None = None) -> None:
        self._let_go = let_go
        self._tally = Tally(logging.getLogger("twyman.flags"))
        self._known = Remembered(store, self._tally, _SETTINGS.steady)
        self._beat = Beat("sticky", self._write, rest=None)
        self._box = Outbox("sticky", as_sink(self._known.keep), self._tally, settings=_SETTINGS, ring=self._beat.ring)
        self._beat.start()

    def variant(self, store: str, unit: str, rule: str) -> str | None:
        """Return the variant kept; `None` where nothing is, or the store fails."""
        return self._known.variant(store, unit, rule)

    def holds(self, store: str, unit: str) -> bool:
        """Say whether anything is kept for a unit; not, where the store fails."""
        return self._known.holds(store, unit)

    def keep(self, records: Sequence[Kept]) -> None:
        """Keep each record whose store, unit and rule have nothing kept yet; waits for nothing."""
        for record in records:
            if self._known.expect(record) and self._box.put(record) and len(self._box) == 1:
                self._beat.ring()  # of more than one, the first has rung, or failed and is tried again

    def counts(self) -> dict[str, int]:
        """Return how often what happened, by name: `sticky_sent`, `sticky_not_sent`, `sticky_not_read`."""
        return self._tally.counts()

    def close(self) -> None:
        """Write what waits, in a few seconds."""
        self._beat.stop(_SETTINGS.close_within)
        if not self._box.send(_SETTINGS.close_within):
            left = len(self._box)
            self._tally.fault("left_at_close", "sticky variants", f"{left:,} couldn't be kept", number=left)
        if self._let_go is not None:
            self._let_go()

    def _write(self) -> float | None:
        pause = self._box.work()
        return pause if len(self._box) else None


def kept_in(path: Path) -> KeptVariants:
    """Keep sticky variants in a file of SQLite, which is made where it is missing.

    Raises:
        Unavailable: If it can't be opened, or is something else.
    """
    store = SqlStore.sqlite(path, timeout=BUSY)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        store.holds("", "")
    except Exception as error:  # noqa: BLE001 - whatever it is, the file is no place for them
        raise Unavailable(f"sticky variants can't be kept in '{path}' ({error}): name another file") from None
    return KeptVariants(store, store.close)
