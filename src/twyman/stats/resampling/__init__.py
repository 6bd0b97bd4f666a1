"""The Poisson bootstrap: weights by hash, sums that add up, intervals that agree with their p-values."""

from twyman.stats.resampling.comparison import (
    bootstrap as bootstrap,
    bootstrap_quantiles as bootstrap_quantiles,
    quantile_replicates as quantile_replicates,
)
from twyman.stats.resampling.replicates import Replicates as Replicates
from twyman.stats.resampling.weights import unit_keys as unit_keys
