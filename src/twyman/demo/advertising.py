"""The advertising between the songs of those who don't pay, and the test that took it away.

One row for each day on which a user heard any. Only the service's own announcements stay on where
advertising is off, so that the metric nears zero without being a constant.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twyman.demo.listening import Sessions
from twyman.demo.population import Users

ADS_PER_SONG = 0.0909
"""On the free plan. Source: Sparkify (Udacity), user-level aggregates. (The .014 of its paying users stem from
the days before they paid; here the paying hear none.)"""

ANNOUNCEMENTS = 1 / 60
"""Share of the advertising that is the service's own."""


@dataclass(frozen=True, slots=True)
class Ads:
    """Advertising heard, one element a user and day with any.

    Attributes:
        user: Index into the users.
        shown_at: When the listening began, in microseconds since 1970.
        ads: How many were heard.
    """

    user: NDArray[np.int64]
    shown_at: NDArray[np.int64]
    ads: NDArray[np.int64]


def advertising(users: Users, sessions: Sessions, upgraded_at: NDArray[np.int64], rng: np.random.Generator) -> Ads:
    """Return the advertising heard: by plan, until the advertising test takes it away."""
    pays = users.premium[sessions.user] & (sessions.played_at >= users.premium_since[sessions.user])
    pays |= sessions.played_at >= upgraded_at[sessions.user]
    rate = ADS_PER_SONG * sessions.songs * ~pays * np.where(sessions.without_ads, ANNOUNCEMENTS, 1.0)
    ads = rng.poisson(rate)
    heard = np.flatnonzero(ads)
    return Ads(user=sessions.user[heard], shown_at=sessions.played_at[heard], ads=ads[heard])
