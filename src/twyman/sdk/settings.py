"""What of a client can be set, beside where its state comes from and its exposures go."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from twyman.kernel.time import Clock, system_clock
from twyman.sdk.backoff import Backoff


@dataclass(frozen=True, slots=True)
class Shipping:
    """How records travel.

    Attributes:
        size: Records of a batch, at most; so many waiting are sent at once.
        every: Seconds that a record waits for others, at most.
        limit: Records waiting, at most (and one more for each thread that puts at that moment).
        timeout: Seconds that sending a batch may take.
        backoff: Pauses after a batch that wasn't taken.
    """

    size: int = 500
    every: float = 5.0
    limit: int = 10_000
    timeout: float = 10.0
    backoff: Backoff = field(default_factory=Backoff)


@dataclass(frozen=True, slots=True)
class Settings:
    """Times, sizes and clocks.

    Attributes:
        shipping: How exposures and events travel.
        once_for: Seconds for which an exposure isn't logged again.
        remembered: Exposures remembered as logged, at most: some 250 bytes each.
        stale_after: Seconds without word from the source after which the state is called stale.
        close_within: Seconds that closing, or the end of the program, may take to send what is waiting.
        clock: Dates exposures and events.
        steady: Measures durations: a clock that never goes back.
    """

    shipping: Shipping = field(default_factory=Shipping)
    once_for: float = 86_400.0
    remembered: int = 100_000
    stale_after: float = 300.0
    close_within: float = 5.0
    clock: Clock = system_clock
    steady: Callable[[], float] = time.monotonic


SETTINGS = Settings()
