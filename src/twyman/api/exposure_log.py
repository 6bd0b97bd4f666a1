"""Exposures that we meet ourselves, each noted once: a server is asked for the same flag again and again."""

from datetime import datetime, timedelta

from twyman.api.sink import Row, Sink, row_of
from twyman.flags.context import Context
from twyman.flags.evaluation import Evaluation
from twyman.flags.exposure import exposures_of
from twyman.kernel.time import Clock

REMEMBERED = timedelta(hours=1)
"""For at least this long, and at most twice as long, an exposure isn't noted again."""
MOST_REMEMBERED = 250_000
"""Exposures remembered in one such time; where there are more, they are remembered for less long."""


class ExposureLog:
    """Notes exposures in a sink.

    What is remembered are 64 bits of an exposure's identity, in two generations: two identities that
    share them, once in some 10¹³ exposures, count as one.
    """

    def __init__(self, sink: Sink[Row] | None, clock: Clock) -> None:
        """Note in a sink; without one, nothing is noted."""
        self._sink = sink
        self._clock = clock
        self._young: set[int] = set()
        self._old: set[int] = set()
        self._since = clock()

    def note(self, evaluation: Evaluation, context: Context, *, client: str, state: str) -> None:
        """Note what meeting an answer exposes the unit to, unless it is remembered."""
        if self._sink is None:
            return
        now = self._clock()
        if len(self._young) >= MOST_REMEMBERED or now - self._since > REMEMBERED:
            self._forget(now)
        for met in exposures_of(evaluation, context, at=now, client=client, state=state):
            identity = hash(met.identity)
            if identity not in self._young and identity not in self._old:
                self._young.add(identity)
                self._sink.offer(row_of(met, received_at=now))

    def _forget(self, now: datetime) -> None:
        """Let the old generation go, and the young one grow old; or both, after a long silence."""
        self._old = self._young if now - self._since <= 2 * REMEMBERED else set()
        self._young, self._since = set(), now
