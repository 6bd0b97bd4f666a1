"""What evidence says about causes, by Bayes: the lab's own reading of signatures, where the product gives none."""

from collections.abc import Mapping
from math import exp, log

HEALTHY = "healthy"
Signatures = Mapping[str, Mapping[str, tuple[float, ...]]]


def posterior(
    seen: Mapping[str, int], signatures: Signatures, priors: Mapping[str, float], sharpness: float = 1.0
) -> dict[str, float]:
    """Return the probability of each cause and of health, most probable first.

    Args:
        seen: Place of the bin of each code in the answer.
        signatures: Probability of each bin, by cause and code.
        priors: By cause, health among them.
        sharpness: What the evidence counts for: below 1 where checks say the same thing twice.
    """
    scores = {
        cause: log(prior)
        + sharpness * sum(log(_chance(row, seen.get(code, 0))) for code, row in signatures[cause].items())
        for cause, prior in priors.items()
    }
    most = max(scores.values())
    parts = {cause: exp(score - most) for cause, score in scores.items()}
    total = sum(parts.values())
    return {cause: part / total for cause, part in sorted(parts.items(), key=lambda item: -item[1])}


def _chance(row: tuple[float, ...], place: int) -> float:
    """Return how often a check is that loud; whether a quiet one is in the answer at all says nothing."""
    return row[0] + row[1] if place <= 1 else row[place]


def named(found: Mapping[str, float]) -> tuple[float, list[str]]:
    """Return the probability of any bug, and the causes by rank."""
    return 1 - found[HEALTHY], [cause for cause in found if cause != HEALTHY]
