"""What became of an experiment: was it doubted before anybody decided, when, and for the right cause?"""

from dataclasses import dataclass
from typing import Any

from faultlab.fit import cause_of
from faultlab.learned import Learned
from faultlab.posterior import named, posterior
from faultlab.reader import Reading

BLOCKED = 0.001
"""p-value of a sample-ratio mismatch that stops a decision, where that is the only net."""

CAP = 0.5
"""A fixed limit on lifts."""

GENERIC = 0.3
"""Standard deviation of a prior that fits any metric of any company (GrowthBook's default proper prior)."""

FAR = 3.0
"""Surprise in standard deviations."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """An experiment's end.

    Attributes:
        doubted: The reading that was held, or whose verdict says that something may be wrong; `None` where the decision
            came first.
        probability: Of a bug, at the last reading.
        causes: By rank, at the reading that was doubted, else at the last; `final`: at the last in any case.
        by_product: Whether the product itself named probability and causes.
    """

    record: dict[str, Any]
    doubted: dict[str, Any] | None
    probability: float
    causes: list[str]
    final: list[str]
    by_product: bool

    @property
    def named(self) -> bool:
        """Whether the right cause is one of the first two."""
        return cause_of(self.record) in self.causes[:2]

    @property
    def named_at_end(self) -> bool:
        """The same at the last reading, when there is more to go by."""
        return cause_of(self.record) in self.final[:2]

    @property
    def turned(self) -> bool:
        """Whether a plain reader does something else than without the fault."""
        well, ill = (Reading(**self.record[world]) for world in ("healthy", "damaged"))
        return well.action != ill.action

    @property
    def by_srm(self) -> bool:
        """Whether a sample-ratio mismatch alone would have stopped it."""
        return any((reading.get("srm") or 1.0) < BLOCKED for reading in self.record["readings"])

    @property
    def by_cap(self) -> bool:
        """Whether a fixed limit on lifts would have."""
        return abs(self.record["damaged"]["lift"]) > CAP

    @property
    def by_generic(self) -> bool:
        """Whether a prior for everybody would have."""
        seen = self.record["damaged"]
        return abs(seen["lift"]) / (GENERIC**2 + seen["se"] ** 2) ** 0.5 >= FAR


def outcome(record: dict[str, Any], known: Learned) -> Outcome:
    """Judge one experiment.

    Args:
        record: As it was kept.
        known: What was fixed on the training seeds.
    """
    judged = [(reading, *_judged(reading, known)) for reading in record["readings"]]
    last, probability, final = judged[-1]
    for reading, said, causes in judged:
        if reading["action"] == "hold" or _is_doubtful(reading, said, known):
            return Outcome(record, reading, probability, causes, final, _is_own(reading))
    return Outcome(record, None, probability, final, final, _is_own(last))


def _is_doubtful(reading: dict[str, Any], said: float, known: Learned) -> bool:
    """Whether the verdict says that something may be wrong; of an answer without a probability, the lab."""
    return "doubtful" in reading["reasons"] if _is_own(reading) else said >= known.threshold


def _is_own(reading: dict[str, Any]) -> bool:
    return reading.get("probability") is not None


def _judged(reading: dict[str, Any], known: Learned) -> tuple[float, list[str]]:
    """Return the probability of a bug and its causes: the product's, else the lab's own from the signatures."""
    if _is_own(reading):
        return reading["probability"], [cause for cause, _ in reading["causes"]]
    return named(posterior(reading["bins"], known.signatures, known.priors, known.odd, known.sharpness))
