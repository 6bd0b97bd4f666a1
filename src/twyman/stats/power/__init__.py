"""How large an effect a plan could see, how many units would show one, and how long that takes.

design      Design: units, MDE and power by the analysis' own code        duration    days from an intake curve
question    superiority, non-inferiority, equivalence                    schedule    a group-sequential plan's looks
looks       one look, group sequential, always valid                     midway      more units, re-estimation
method      means, proportions, ratios, covariates, interactions         sharing     shares of arms, power over metrics
history     moments from summaries, correlations, clusters               textbook    sizes from a handful of numbers
"""

from twyman.stats.power.precision import (
    detectable as detectable,
    drift_needed as drift_needed,
    information_needed as information_needed,
    share_inflation as share_inflation,
)
