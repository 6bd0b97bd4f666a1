"""What past experiments say about the next: how effects spread, and how much of a win is luck."""

from twyman.stats.history.belief import (
    Belief,
    Past,
    Shrunken,
    TwoPieces,
    likelihood_ratio,
    past_effects,
    probability_of_a_bug,
)
from twyman.stats.history.exaggeration import Exaggeration, exaggeration, false_positive_risk, success_rate
from twyman.stats.history.launches import LaunchImpact, compounded, launch_impact
from twyman.stats.history.mixture import MixtureShrinkage, mixture_shrinkage
from twyman.stats.history.shrinkage import RandomEffects, default_prior, james_stein, random_effects

__all__ = [
    "Belief",
    "Exaggeration",
    "LaunchImpact",
    "MixtureShrinkage",
    "Past",
    "RandomEffects",
    "Shrunken",
    "TwoPieces",
    "compounded",
    "default_prior",
    "exaggeration",
    "false_positive_risk",
    "james_stein",
    "launch_impact",
    "likelihood_ratio",
    "mixture_shrinkage",
    "past_effects",
    "probability_of_a_bug",
    "random_effects",
    "success_rate",
]
