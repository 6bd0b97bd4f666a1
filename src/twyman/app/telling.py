"""How far an analysis has come, for whoever waits for it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """What is being done now.

    Attributes:
        what: The experiment that is read, or what is read for all of them.
        number: Which of the experiments, from 1; 0 for what comes before the first.
        count: How many experiments there are.
        look: Which of its looks, from 1; 0 before the first.
        looks: How many looks there are up to this reading.

    Example:
        >>> Step("moment-page", look=3, looks=8)
        Step(what='moment-page', number=1, count=1, look=3, looks=8)
    """

    what: str
    number: int = 1
    count: int = 1
    look: int = 0
    looks: int = 0


Telling = Callable[[Step], None]
"""Is told what is being done now. What it raises ends the analysis."""


def untold(step: Step) -> None:
    """Tell nobody."""
    del step
