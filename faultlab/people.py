"""Who uses the service. Nobody exists: figures are drawn from distributions whose sources stand beside them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faultlab.trial import Trial

COUNTRIES = ("US", "GB", "DE", "SE", "NZ")
COUNTRY_SHARES = (0.45, 0.2, 0.15, 0.1, 0.1)
PLATFORMS = ("ios", "android", "web", "desktop")
PLATFORM_SHARES = (0.35, 0.35, 0.2, 0.1)
PLATFORM_HABIT = (0.2, 0.0, -0.4, 0.1)

PAYING = 0.7265
"""Share of users who pay. Source: Sparkify (Udacity), user-level aggregates."""

NEW = 0.15
"""Share of users who signed up within the two weeks before the start."""

SONGS = 16.0
"""Median songs on a day with listening. Source: Sparkify (Udacity), user-level aggregates: 15.8."""

SONGS_SPREAD = 0.7
"""Log-scale spread of that between users."""

SKIPS = 0.15
"""Share of songs that are skipped."""


@dataclass(slots=True)
class Users:
    """People, one element each.

    Attributes:
        number: Their id: accounts are numbered as they are opened.
        tenure: Days since they signed up, at the start.
        habit: Log-odds of listening on a day.
        songs: Songs on a day with listening.
        skips: Share of them that is skipped.
        patience: Standard normal; who listens little waits less.
        version: Version of the client: 0 is the old one.
        devices: How many they use.
    """

    number: NDArray[np.int64]
    country: NDArray[np.int64]
    platform: NDArray[np.int64]
    paying: NDArray[np.bool_]
    tenure: NDArray[np.float64]
    habit: NDArray[np.float64]
    songs: NDArray[np.float64]
    skips: NDArray[np.float64]
    patience: NDArray[np.float64]
    version: NDArray[np.int64]
    devices: NDArray[np.int64]

    @property
    def is_new(self) -> NDArray[np.bool_]:
        """Who signed up within two weeks before the start."""
        return self.tenure < 14


def people(trial: Trial, rng: np.random.Generator) -> Users:
    """Draw the users of a trial."""
    size = trial.users
    platform = rng.choice(len(PLATFORMS), size=size, p=PLATFORM_SHARES)
    tenure = np.where(rng.random(size) < NEW, 14 * rng.random(size), 14 + rng.exponential(300, size))
    loyalty = rng.normal(size=size)
    habit = 0.1 + 1.1 * loyalty + np.asarray(PLATFORM_HABIT)[platform] - 0.5 * (tenure < 14)
    order = np.argsort(np.argsort(-tenure))
    return Users(
        number=1_000_000 + 3 * order + rng.integers(3, size=size),
        country=rng.choice(len(COUNTRIES), size=size, p=COUNTRY_SHARES),
        platform=platform,
        paying=rng.random(size) < PAYING,
        tenure=tenure,
        habit=habit,
        songs=SONGS * np.exp(SONGS_SPREAD * (0.4 * loyalty + 0.92 * rng.normal(size=size))),
        skips=rng.beta(SKIPS * 8, (1 - SKIPS) * 8, size),
        patience=0.6 * loyalty + 0.8 * rng.normal(size=size),
        version=(rng.random(size) < 0.75).astype(np.int64),
        devices=1 + (rng.random(size) < 0.35) + (rng.random(size) < 0.08),
    )
