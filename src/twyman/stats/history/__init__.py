"""What past experiments say about the next: how effects spread, and how much of a win is luck."""

from twyman.stats.history.exaggeration import Exaggeration, exaggeration, false_positive_risk, success_rate
from twyman.stats.history.launches import LaunchImpact, compounded, launch_impact
from twyman.stats.history.mixture import MixtureShrinkage, mixture_shrinkage
from twyman.stats.history.shrinkage import RandomEffects, default_prior, james_stein, random_effects

__all__ = [
    "Exaggeration",
    "LaunchImpact",
    "MixtureShrinkage",
    "RandomEffects",
    "compounded",
    "default_prior",
    "exaggeration",
    "false_positive_risk",
    "james_stein",
    "launch_impact",
    "mixture_shrinkage",
    "random_effects",
    "success_rate",
]
