"""How long to leave alone what has just failed: twice as long each time, and never all at one moment.

Exponential back-off with full jitter (Brooker, 2015, "Exponential backoff and jitter"): the pause is drawn
evenly between nothing and a ceiling that doubles, so that a fleet doesn't come back as one.
"""

import random
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses by the number of failures in a row.

    Attributes:
        first: Seconds of the first ceiling.
        most: Seconds that no ceiling exceeds.
        rng: Where chance comes from; the system's own source also differs between forked children.

    Example:
        >>> Backoff(1.0, 60.0, random.Random(0)).pause(3) < 4
        True
    """

    first: float = 1.0
    most: float = 60.0
    rng: random.Random = field(default_factory=random.SystemRandom)

    def pause(self, failures: int) -> float:
        """Return seconds to wait after so many failures in a row, from one on."""
        return self.rng.uniform(0, min(self.most, self.first * 2.0 ** min(failures - 1, 60)))
