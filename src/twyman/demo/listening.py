"""What they play: one row for each day on which a user listens.

Loyal users listen on more days. A user who leaves does so in the second or third week after
exposure, when the novelty is gone, and isn't heard of again; so the first week shows nothing yet.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twyman.demo.clock import times_of_day
from twyman.demo.phase import DAY, Phase
from twyman.demo.population import Users

SONG_SECONDS = 248.725
SONG_SPREAD = 0.36
"""Mean length of a song, and its standard deviation relative to that (about 90 s).
Source: Sparkify (Udacity), user-level aggregates."""

DAY_SPREAD = 0.5
"""Log-scale spread of a user's songs from one day to the next."""

MOST_SONGS = 330
"""A day has room for no more."""

EXTRA_WITHOUT_ADS = 1.05
"""Factor on the songs of free-plan users from whom advertising was taken."""

SEARCHES, SAVED, SHARED = 0.9, 0.5, 0.04
"""Searches, songs put on a playlist, and songs shared, on a day of listening."""

LEAVES = (8, 21)
"""Days after exposure between which those who leave do so."""

FOURTH_WEEK = np.arange(22, 28)
"""Whole days that lie in the fourth week, at whatever hour the exposure was."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """Listening, one element a user and day.

    Attributes:
        user: Index into the users.
        played_at: When it began, in microseconds since 1970.
        played_ms: How long it lasted, in milliseconds.
        songs: Songs played.
        skipped: Those of them that were skipped.
        searches: How often something was searched for.
        saved: Songs put on a playlist.
        shared: Songs shared.
        without_ads: Whether advertising had been switched off for this user by then.
    """

    user: NDArray[np.int64]
    played_at: NDArray[np.int64]
    played_ms: NDArray[np.int64]
    songs: NDArray[np.int64]
    skipped: NDArray[np.int64]
    searches: NDArray[np.int64]
    saved: NDArray[np.int64]
    shared: NDArray[np.int64]
    without_ads: NDArray[np.bool_]


def listening(phase: Phase, users: Users, stays: NDArray[np.bool_], rng: np.random.Generator) -> Sessions:
    """Return all listening of a phase, from two weeks before enrolment to four weeks after it."""
    user, day = np.nonzero(_active(phase, users, stays, rng))
    played_at = phase.epoch + DAY * day + times_of_day(len(user), rng)
    first = day == (users.exposed_at[user] - phase.epoch) // DAY
    played_at = np.where(first, users.exposed_at[user], played_at)
    silenced = users.treated & (phase.truth.no_ads > 0)
    without_ads = silenced[user] & (played_at >= users.exposed_at[user])
    extra = np.where(without_ads & ~users.premium[user], EXTRA_WITHOUT_ADS, 1.0)
    noise = np.exp(DAY_SPREAD * rng.normal(size=len(user)) - DAY_SPREAD**2 / 2)
    songs = np.clip(np.rint(users.songs[user] * extra * noise), 1, MOST_SONGS).astype(np.int64)
    length = np.clip(1 + SONG_SPREAD * rng.normal(size=len(user)) / np.sqrt(songs), 0.2, 1.8)
    return Sessions(
        user=user,
        played_at=played_at,
        played_ms=np.rint(songs * length * SONG_SECONDS * 1000).astype(np.int64),
        songs=songs,
        skipped=rng.binomial(songs, users.skips[user]),
        searches=rng.poisson(SEARCHES, len(user)),
        saved=rng.poisson(SAVED, len(user)),
        shared=rng.poisson(SHARED, len(user)),
        without_ads=without_ads,
    )


def _active(phase: Phase, users: Users, stays: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return on which days each user listens: a row a user, a column a day of the phase."""
    size = len(users.daily)
    active = rng.random((size, phase.days), dtype=np.float32) < users.daily[:, None].astype(np.float32)
    exposed = (users.exposed_at - phase.epoch) // DAY
    gone = np.where(stays, phase.days, exposed + rng.integers(*LEAVES, size=size))
    active &= np.arange(phase.days) < gone[:, None]
    active[np.arange(size), exposed] = True
    fourth = np.take_along_axis(active, exposed[:, None] + FOURTH_WEEK, axis=1)
    one = exposed + rng.choice(FOURTH_WEEK, size=size)
    silent = np.flatnonzero(stays & ~fourth.any(axis=1))
    active[silent, one[silent]] = True
    return active
