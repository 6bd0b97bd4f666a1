"""The Bayesian view: what to believe of an effect, and what a wrong choice is expected to cost."""

from twyman.stats.bayes.best import Race, race
from twyman.stats.bayes.counts import Beta, BetaPosterior, beta_posterior
from twyman.stats.bayes.posterior import Posterior, posterior, updated
from twyman.stats.bayes.prior import FLAT, NormalPrior

__all__ = [
    "FLAT",
    "Beta",
    "BetaPosterior",
    "NormalPrior",
    "Posterior",
    "Race",
    "beta_posterior",
    "posterior",
    "race",
    "updated",
]
