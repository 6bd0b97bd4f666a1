"""Who goes over to the paid plan: above all those whom advertising annoys.

Where nobody hears any, hardly anybody has a reason: a cost that no experiment on a page would look at.
"""

import numpy as np
from numpy.typing import NDArray

from twyman.demo.phase import DAY, Truth
from twyman.demo.population import NEVER, Users

SHARE = 0.02
"""Of the free plan's users: those who go over within two weeks of exposure."""

WITHOUT_ADS = 0.4
"""Factor on that share where the advertising is off."""

DAYS = 14


def upgrades(users: Users, truth: Truth, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return when each user goes over to the paid plan after exposure, or `NEVER`."""
    size = len(users.number)
    silenced = users.treated & (truth.no_ads > 0)
    share = np.where(users.premium, 0.0, SHARE * np.where(silenced, WITHOUT_ADS, 1.0))
    goes = rng.random(size) < share
    after = (DAYS * DAY * rng.random(size)).astype(np.int64)
    return np.where(goes, users.exposed_at + after, NEVER)
