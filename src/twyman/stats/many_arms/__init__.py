"""Several arms at once: against one control, combined, and the chance that the largest of them is large."""

from twyman.stats.many_arms.against_control import ManyToOne, against_control, combined, loading, pooled_means
from twyman.stats.many_arms.largest import any_beyond, critical_of_largest

__all__ = [
    "ManyToOne",
    "against_control",
    "any_beyond",
    "combined",
    "critical_of_largest",
    "loading",
    "pooled_means",
]
