"""Several tests at once: p-values that keep the error of the family, and the intervals that match them.

Each correction takes the p-values of a family and returns adjusted ones in the same order: reject where an
adjusted p-value is below alpha. A missing p-value is refused; `among_made` leaves it out on purpose.
"""

from twyman.stats.multiplicity.discoveries import adaptive_bh, bh, bky, by, storey, two_stage_bh
from twyman.stats.multiplicity.family import Made, among_made
from twyman.stats.multiplicity.familywise import (
    bonferroni,
    hochberg,
    holm,
    holm_sidak,
    hommel,
    sidak,
    weighted_bonferroni,
)
from twyman.stats.multiplicity.matching import CORRECTIONS, Corrected, StepDown, corrected, step_down

__all__ = [
    "CORRECTIONS",
    "Corrected",
    "Made",
    "StepDown",
    "adaptive_bh",
    "among_made",
    "bh",
    "bky",
    "bonferroni",
    "by",
    "corrected",
    "hochberg",
    "holm",
    "holm_sidak",
    "hommel",
    "sidak",
    "step_down",
    "storey",
    "two_stage_bh",
    "weighted_bonferroni",
]
