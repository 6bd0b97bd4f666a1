"""The Poisson bootstrap: weights by hash, sums that add up, intervals that agree with their p-values."""

from twyman.stats.bootstrap.comparison import bootstrap as bootstrap
from twyman.stats.bootstrap.comparison import bootstrap_quantiles as bootstrap_quantiles
from twyman.stats.bootstrap.comparison import quantile_replicates as quantile_replicates
from twyman.stats.bootstrap.replicates import Replicates as Replicates
from twyman.stats.bootstrap.weights import unit_keys as unit_keys
