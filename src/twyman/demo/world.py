"""One phase of the story as arrays, from one seed.

Each idea (who, staying, listening, advertising) draws from a stream of its own, so that a change to
one leaves the luck of the others as it was.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twyman.demo.advertising import Ads, advertising
from twyman.demo.listening import Sessions, listening
from twyman.demo.phase import Phase
from twyman.demo.population import Users, population
from twyman.demo.retention import stays


@dataclass(frozen=True, slots=True)
class World:
    """All that happened in a phase.

    Attributes:
        stays: By user, whether they listen in the fourth week after exposure.
    """

    phase: Phase
    users: Users
    stays: NDArray[np.bool_]
    sessions: Sessions
    ads: Ads


def world(phase: Phase, *, seed: int) -> World:
    """Return a phase as it happened, the same for the same seed.

    Example:
        >>> from twyman.demo.phase import LAUNCH
        >>> small = LAUNCH.of_size(100)
        >>> len(world(small, seed=7).sessions.user) == len(world(small, seed=7).sessions.user)
        True
    """
    who, staying, hearing, selling = np.random.default_rng([seed, phase.number]).spawn(4)
    users = population(phase, seed=seed, rng=who)
    stayed = stays(users, phase.truth, staying)
    sessions = listening(phase, users, stayed, hearing)
    return World(phase, users, stayed, sessions, advertising(users, sessions, selling))
