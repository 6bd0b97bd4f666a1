"""Who listens: their habit, their plan, how much they play, and which arm the flag gives them.

One number drives a user's past and future: `loyalty`. Loyal users listen on more days and stay;
so history tells who will stay, which is what makes CUPED worth its name here (it explains about
two fifths of the variance of retention).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twyman.demo.clock import times_of_day
from twyman.demo.live import treated
from twyman.demo.phase import DAY, HISTORY_DAYS, Phase

MILLION = 1_000_000

NEVER = np.iinfo(np.int64).max
"""A time that doesn't come."""

PREMIUM_SHARE = 20 / 75
"""Users who pay, and hear no advertising: Spotify, June 2015 (20 of 75 million). Sparkify's .73 counts everybody
who ever paid in two months of a service where most do; with it there'd be hardly any advertising to switch off."""

UPGRADED_SHARE = 0.03
"""Of those who pay: share who took up the plan in the two weeks before exposure."""

SONGS_A_DAY = 15.84
SONGS_SPREAD = float(np.log(31.1351 / 7.2089)) / 1.349
"""Median songs of a user's active day, and the log-scale spread between users (quartiles 7.2 and 31.1; 1.349 is
the normal's interquartile range). Source: Sparkify (Udacity), user-level aggregates."""

MOST_DAYS = 0.40
HABIT_SLOPE = 3.0
HABIT_SHIFT = 0.4
"""Chance of listening on a day: a logistic curve of loyalty below `MOST_DAYS`. Its quartiles, .12, .31 and .38, lie
near those of Sparkify's sessions a day (5, 9 and 17 sessions in 48 days: .10, .19, .35; user-level aggregates),
and are set a little higher because only users who open the app are exposed."""

SKIP_SHARE = 0.24
SKIP_SUPPORT = 12.0
"""Songs skipped: P. Lamere, The Skip (2014): 24 % within five seconds; the support says how alike users are."""


@dataclass(frozen=True, slots=True)
class Users:
    """A cohort, one element a user in every array; times in microseconds since 1970.

    Attributes:
        number: What the id is made of.
        country: Index into the phase's markets.
        loyalty: Standard normal.
        daily: Chance of listening on a day.
        songs: Expected songs of an active day.
        skips: Share of songs skipped.
        premium: Whether the user pays, at exposure.
        signed_up_at: When the user came.
        premium_since: From when the plan holds; `signed_up_at` unless the user upgraded lately.
        treated: Whether the flag gives the treatment.
        exposed_at: When the user first met the arm.
    """

    number: NDArray[np.int64]
    country: NDArray[np.int64]
    loyalty: NDArray[np.float64]
    daily: NDArray[np.float64]
    songs: NDArray[np.float64]
    skips: NDArray[np.float64]
    premium: NDArray[np.bool_]
    signed_up_at: NDArray[np.int64]
    premium_since: NDArray[np.int64]
    treated: NDArray[np.bool_]
    exposed_at: NDArray[np.int64]


def population(phase: Phase, *, seed: int, rng: np.random.Generator) -> Users:
    """Return the users of a phase, each with an arm and an exposure.

    Args:
        phase: Which cohort.
        seed: Of the demo; who is in the cohort follows from it.
        rng: Where all other chance comes from.

    Example:
        >>> from twyman.demo.phase import NEW_ZEALAND
        >>> users = population(NEW_ZEALAND.of_size(4), seed=1, rng=np.random.default_rng(1))
        >>> len(users.loyalty), users.number.tolist()
        (4, [1331871, 1362181, 1518786, 1611895])
    """
    size = phase.users
    number = _numbers(phase, seed)
    loyalty = rng.normal(size=size)
    exposed_at = _exposed_at(phase, rng)
    signed_up_at = phase.epoch - (DAY * (1 + rng.exponential(400, size))).astype(np.int64)
    premium = rng.random(size) < PREMIUM_SHARE
    upgraded = premium & (rng.random(size) < UPGRADED_SHARE)
    upgraded_at = exposed_at - (DAY * HISTORY_DAYS * (1 - rng.random(size))).astype(np.int64)
    country = np.searchsorted(np.cumsum(list(phase.markets.values()))[:-1], rng.random(size), side="right")
    return Users(
        number=number,
        country=country,
        loyalty=loyalty,
        daily=MOST_DAYS / (1 + np.exp(-HABIT_SLOPE * (loyalty + HABIT_SHIFT))),
        songs=SONGS_A_DAY * np.exp(SONGS_SPREAD * rng.normal(size=size)),
        skips=rng.beta(SKIP_SHARE * SKIP_SUPPORT, (1 - SKIP_SHARE) * SKIP_SUPPORT, size),
        premium=premium,
        signed_up_at=signed_up_at,
        premium_since=np.where(upgraded, upgraded_at, signed_up_at),
        treated=treated(number, np.array([*phase.markets])[country].tolist()),
        exposed_at=exposed_at,
    )


def _exposed_at(phase: Phase, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return when each user first opens the updated app and plays: most in the first days, then ever fewer."""
    weights = 0.85 ** np.arange(phase.enrol_days)
    day = rng.choice(phase.enrol_days, size=phase.users, p=weights / weights.sum())
    return phase.epoch + DAY * (HISTORY_DAYS + day) + times_of_day(phase.users, rng)


def _numbers(phase: Phase, seed: int) -> NDArray[np.int64]:
    """Return a cohort's users among a million: who they are is chance, and so is what the fixed salts deal them."""
    drawn = np.random.default_rng([seed, phase.number, 0]).choice(MILLION, size=phase.users, replace=False)
    return phase.number * MILLION + np.sort(drawn)
