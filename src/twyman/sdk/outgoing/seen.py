"""What has been logged lately, so that it isn't logged again: bounded, and without a lock.

Identities live in two generations. When the younger is full it becomes the older, and the oldest are forgotten;
one met again moves to the younger. So at most `limit` are remembered, and at least the last half of them met.
"""

import threading
from collections.abc import Callable

Identity = tuple[str, ...]
Generations = tuple[dict[Identity, float], dict[Identity, float]]


class Seen:
    """Remembers identities for a time.

    Of several threads that claim one identity at a moment, one gets it (`dict.setdefault` is atomic). Just as a
    generation turns or an identity's time runs out, two may: twice logged is counted once, never logged is lost.

    Args:
        seconds: For how long.
        limit: How many at most: some 250 bytes each.
        steady: A clock that never goes back, in seconds.

    Example:
        >>> import time
        >>> seen = Seen(3600, 1000, time.monotonic)
        >>> seen.claim(("u-1", "page")), seen.claim(("u-1", "page"))
        (True, False)
    """

    def __init__(self, seconds: float, limit: int, steady: Callable[[], float]) -> None:
        self._seconds = seconds
        self._half = max(1, limit // 2)
        self._steady = steady
        self._generations: Generations = ({}, {})
        self._turning = threading.Lock()

    def __len__(self) -> int:
        return sum(map(len, self._generations))

    def claim(self, identity: Identity) -> bool:
        """Return whether the identity is new, and remember it."""
        young, old = self._generations
        now = self._steady()
        until = young.get(identity)
        if until is None:
            until = old.get(identity)
            if until is not None and now < until:
                self._remember(identity, until)
        if until is not None and now < until:
            return False
        mine = now + self._seconds
        if until is None:
            return self._remember(identity, mine)
        young[identity] = mine
        return True

    def forget(self, identity: Identity) -> None:
        """Let an identity be new again: it was claimed, and then nothing came of it."""
        for generation in self._generations:
            generation.pop(identity, None)

    def after_fork(self) -> None:
        """Keep what is remembered: what the parent logged is logged."""
        self._turning = threading.Lock()

    def _remember(self, identity: Identity, until: float) -> bool:
        young = self._generations[0]
        first = young.setdefault(identity, until) is until
        if len(young) >= self._half and self._turning.acquire(blocking=False):
            try:
                if len(self._generations[0]) >= self._half:
                    self._generations = ({}, self._generations[0])
            finally:
                self._turning.release()
        return first
