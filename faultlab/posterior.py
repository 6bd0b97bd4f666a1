"""What evidence says about causes, by Bayes: the lab's own reading of signatures, where the product gives none."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log

import numpy as np

from faultlab.evidence import said_again, was_made

HEALTHY = "healthy"
Row = tuple[float, ...]
Signatures = Mapping[str, Mapping[str, Row]]


@dataclass(frozen=True, slots=True)
class Odd:
    """Faults that look like none of the lab's: how many, which code speaks for which kind, and how loud it then is."""

    share: float
    means: Mapping[str, str]
    loud: Row


def posterior(
    seen: Mapping[str, int],
    signatures: Signatures,
    priors: Mapping[str, float],
    odd: Odd,
    sharpness: float = 1.0,
) -> dict[str, float]:
    """Return the probability of each cause and of health, most probable first.

    Args:
        seen: Place of the bin of each code in the answer.
        signatures: Probability of each bin, by cause and code.
        priors: By cause, health among them.
        odd: Faults that show only in what speaks for their kind; else they look as health does.
        sharpness: What the evidence counts for: below 1 where checks say the same thing twice.
    """
    normal, again = signatures[HEALTHY], said_again(seen)
    made = [code for code, row in normal.items() if code not in again and was_made(code, seen, row)]

    def score(rows: Mapping[str, Row]) -> float:
        return sharpness * sum(log(_chance(rows[code], seen.get(code, 0))) for code in made)

    scores = {HEALTHY: log(priors[HEALTHY]) + score(normal)}
    for cause in priors:
        if cause != HEALTHY:
            strange = {code: odd.loud if odd.means.get(code) == cause else row for code, row in normal.items()}
            usual = log(1 - odd.share) + score(signatures[cause])
            scores[cause] = log(priors[cause]) + float(np.logaddexp(usual, log(odd.share) + score(strange)))
    most = max(scores.values())
    parts = {cause: exp(value - most) for cause, value in scores.items()}
    total = sum(parts.values())
    return {cause: part / total for cause, part in sorted(parts.items(), key=lambda item: -item[1])}


def _chance(row: Row, place: int) -> float:
    """Return how often a check is that loud; whether a quiet one is in the answer at all says nothing."""
    return row[0] + row[1] if place <= 1 else row[place]


def named(found: Mapping[str, float]) -> tuple[float, list[str]]:
    """Return the probability of any bug, and the causes by rank."""
    return 1 - found[HEALTHY], [cause for cause in found if cause != HEALTHY]
