"""Who is still there in week 4, with and without the page and the advertising.

The two causes are kept apart on purpose: the page drives away a share of those who would have
stayed, and silence between songs keeps a share of those who would have left. So the truth is exact:
.80, times one plus the phase's lift.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from twyman.demo.phase import Truth
from twyman.demo.population import PREMIUM_SHARE, Users

BASELINE = 0.80
"""Share of the users still listening in week 4 (Sparkify's churn, .22, is near; user-level aggregates)."""

LUCK = 0.35
"""What loyalty doesn't decide, in standard deviations of loyalty."""


def chance_of_staying(loyalty: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each user's chance of listening in week 4, were nothing changed; .80 on average.

    Example:
        >>> chance_of_staying(np.array([-2.0, 0.0, 1.0])).round(3).tolist()
        [0.001, 0.995, 1.0]
    """
    return np.asarray(ndtr((loyalty + ndtri(BASELINE) * np.hypot(1, LUCK)) / LUCK), dtype=np.float64)


def stays(users: Users, truth: Truth, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return who listens in the fourth week after exposure.

    Only users of the free plan hear advertising, so only they can be kept by its absence.
    """
    would_stay = rng.random(len(users.loyalty)) < chance_of_staying(users.loyalty)
    luck = rng.random(len(users.loyalty))
    driven_away = would_stay & users.treated & (luck < -truth.page)
    kept = ~would_stay & users.treated & ~users.premium & (luck < rescued_share(truth))
    return (would_stay & ~driven_away) | kept


def rescued_share(truth: Truth) -> float:
    """Return the share of leaving free-plan users whom the absence of advertising keeps.

    Example:
        >>> round(rescued_share(Truth(no_ads=0.07)), 3)
        0.382
    """
    return truth.no_ads * BASELINE / ((1 - BASELINE) * (1 - PREMIUM_SHARE))
