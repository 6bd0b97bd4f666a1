"""Who listens: their habit, their plan, how much they play, and which arm the hash gives them.

One number drives a user's past and future: `loyalty`. Loyal users listen on more days and stay;
so history tells who will stay, which is what makes CUPED worth its name here (it explains about
two fifths of the variance of retention).
"""

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from twyman.demo.phase import DAY, HISTORY_DAYS, Phase

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
        treated: Whether the hash gives the treatment.
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
        seed: Of the demo; the salt of the split is made of it.
        rng: Where all other chance comes from.

    Example:
        >>> from twyman.demo.phase import NEW_ZEALAND
        >>> users = population(NEW_ZEALAND.of_size(4), seed=1, rng=np.random.default_rng(1))
        >>> len(users.loyalty), users.number.tolist()
        (4, [1000000, 1000001, 1000002, 1000003])
    """
    size = phase.users
    number = phase.number * 1_000_000 + np.arange(size, dtype=np.int64)
    loyalty = rng.normal(size=size)
    exposed_at = _exposed_at(phase, rng)
    signed_up_at = phase.epoch - (DAY * (1 + rng.exponential(400, size))).astype(np.int64)
    premium = rng.random(size) < PREMIUM_SHARE
    upgraded = premium & (rng.random(size) < UPGRADED_SHARE)
    upgraded_at = exposed_at - (DAY * HISTORY_DAYS * (1 - rng.random(size))).astype(np.int64)
    return Users(
        number=number,
        country=np.searchsorted(np.cumsum(list(phase.markets.values()))[:-1], rng.random(size), side="right"),
        loyalty=loyalty,
        daily=MOST_DAYS / (1 + np.exp(-HABIT_SLOPE * (loyalty + HABIT_SHIFT))),
        songs=SONGS_A_DAY * np.exp(SONGS_SPREAD * rng.normal(size=size)),
        skips=rng.beta(SKIP_SHARE * SKIP_SUPPORT, (1 - SKIP_SHARE) * SKIP_SUPPORT, size),
        premium=premium,
        signed_up_at=signed_up_at,
        premium_since=np.where(upgraded, upgraded_at, signed_up_at),
        treated=treated(number, salt=f"{phase.experiment}:{seed}"),
        exposed_at=exposed_at,
    )


def _exposed_at(phase: Phase, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return when the app of each user, updated, first shows its arm: most in the first days, then ever fewer."""
    weights = 0.85 ** np.arange(phase.enrol_days)
    day = rng.choice(phase.enrol_days, size=phase.users, p=weights / weights.sum())
    return phase.epoch + DAY * (HISTORY_DAYS + day) + rng.integers(DAY, size=phase.users)


def treated(number: NDArray[np.int64], *, salt: str) -> NDArray[np.bool_]:
    """Return who is given the treatment: half, by a hash of the user under a salt.

    The hash is SplitMix64's finaliser (Steele, Lea and Flood 2014): whole numbers, so the same on every machine.

    Example:
        >>> treated(np.arange(8), salt="moment-page").tolist()
        [False, False, False, False, True, False, True, False]
    """
    start = np.uint64(int.from_bytes(blake2b(salt.encode(), digest_size=8).digest(), "big"))
    mixed = number.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + start
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return (mixed ^ (mixed >> np.uint64(31))) >> np.uint64(63) == 1
