"""The one place where simulated arms meet the statistics: from moments to effects, by the public call."""

import numpy as np
from numpy.typing import NDArray

from calibration.populations import Population
from twyman.stats.comparison import compare_all
from twyman.stats.power.precision import detectable
from twyman.stats.settings import Settings

Vector = NDArray[np.float64]


def planned_lift(
    populations: tuple[Population, Population], units: tuple[int, int], settings: Settings, *, reach: float = 1.0
) -> float:
    """Return the lift that is found with power 0.8, by the standard error that the populations' truth gives.

    Args:
        populations: Of treatment and control.
        units: In treatment and control.
        settings: Of the comparison.
        reach: How many times further the effect must be, for looking several times.
    """
    lift = 0.1
    for _ in range(60):
        truth = compare_all(populations[0].truth(units[0], lift), populations[1].truth(units[1]), settings).absolute
        baseline = float(truth.estimate[0]) / lift
        before, lift = lift, reach * detectable(float(truth.se[0]), alpha=settings.alpha, power=0.8) / baseline
        if lift == before:
            break
    return lift


def share(happened: NDArray[np.bool_], answered: NDArray[np.bool_]) -> Vector:
    """Return 1 where something happened, 0 where not, NaN where the method gave no answer."""
    return np.where(answered, happened.astype(float), np.nan)


def covers(lower: Vector, upper: Vector, truth: float) -> Vector:
    """Return whether each interval holds the truth; NaN where there is none."""
    return share((lower <= truth) & (truth <= upper), ~(np.isnan(lower) | np.isnan(upper)))
