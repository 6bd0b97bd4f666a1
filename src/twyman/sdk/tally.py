"""What went wrong, counted always and logged once: a client never raises into the code that asks it.

Counting waits for nobody: an increment is put on a queue, which one thread at a time folds into the counts.
"""

import logging
import threading
from collections import Counter, deque
from contextlib import suppress

LOGGER = logging.getLogger("twyman.sdk")
REMEMBERED = 10_000
"""Faults logged before logging stops: names may come from users, and memory is bounded."""
_UNFOLDED = 1_000


class Tally:
    """Counts by kind, and which faults were logged already.

    Example:
        >>> tally = Tally()
        >>> tally.add("exposures_sent", 3)
        >>> tally.counts()
        {'exposures_sent': 3}
    """

    def __init__(self, logger: logging.Logger = LOGGER) -> None:
        self._logger = logger
        self._late: deque[tuple[str, int]] = deque()
        self._counts: Counter[str] = Counter()
        self._logged: set[tuple[str, str]] = set()
        self._folding = threading.Lock()

    def add(self, kind: str, number: int = 1) -> None:
        """Count something."""
        self._late.append((kind, number))
        if len(self._late) > _UNFOLDED:
            self._fold(waiting=False)

    def fault(self, kind: str, name: str, why: object, *, number: int = 1) -> None:
        """Count a fault, and log it if it is the first of its kind and name.

        Args:
            kind: What went wrong, as `counts` names it.
            name: What it went wrong with: a flag, a file, an address.
            why: The reason.
            number: How many times at once.
        """
        self.add(kind, number)
        if (kind, name) in self._logged or len(self._logged) >= REMEMBERED:
            return
        self._logged.add((kind, name))
        with suppress(Exception):  # a broken log handler is not the caller's problem
            self._logger.warning("%s: %s: %s (the next ones are counted, not logged)", kind, name, why)

    def mended(self, kind: str, name: str) -> None:
        """Note that a fault is over: when it comes back, it is logged again."""
        if (kind, name) in self._logged:
            self._logged.discard((kind, name))
            with suppress(Exception):
                self._logger.info("%s: %s: over", kind, name)

    def counts(self) -> dict[str, int]:
        """Return the counts so far, in the order of their names."""
        self._fold(waiting=True)
        return dict(sorted(self._counts.items()))

    def after_fork(self) -> None:
        """Start from nothing in a child, which counts what is its own; what was logged isn't logged again."""
        self._folding = threading.Lock()
        self._late, self._counts = deque(), Counter()

    def _fold(self, *, waiting: bool) -> None:
        if not self._folding.acquire(blocking=waiting):
            return
        try:
            while self._late:
                kind, number = self._late.popleft()
                self._counts[kind] += number
        finally:
            self._folding.release()
