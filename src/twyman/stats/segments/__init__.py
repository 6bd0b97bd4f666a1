"""Whether effects differ between groups of units that were apart before the experiment."""

from twyman.stats.segments.breakdown import Breakdown, breakdown
from twyman.stats.segments.heterogeneity import Heterogeneity, heterogeneity
from twyman.stats.segments.odds import StratifiedOdds, mantel_haenszel

__all__ = ["Breakdown", "Heterogeneity", "StratifiedOdds", "breakdown", "heterogeneity", "mantel_haenszel"]
