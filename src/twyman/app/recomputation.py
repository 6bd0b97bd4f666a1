"""A second path from rows to moments, as the application sees it: what it found, and what it couldn't."""

from dataclasses import dataclass
from typing import Protocol

from twyman.app.ports import Measured, Question


@dataclass(frozen=True, slots=True)
class Unverified:
    """What a second path couldn't recompute.

    Attributes:
        what: As in `metric 'spend'`; what isn't named is verified.
        why: As the end of a sentence: `expression 'hash(id)' calls hash()`.
    """

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Recomputed:
    """What a second path found: numbers of all that it could recompute, and the names of what it couldn't.

    Attributes:
        measured: Without extremes and statements; metrics that couldn't be recomputed aren't in it.
    """

    measured: Measured
    unverified: tuple[Unverified, ...] = ()


class Recomputation(Protocol):
    """A second path from the user's rows to moments, that shares no statement with the first."""

    def recompute(self, question: Question) -> Recomputed:
        """Compute from rows what a warehouse measures.

        Raises:
            Invalid: If the rows can't be read.
            Unavailable: If the engine doesn't answer.
        """
        ...
