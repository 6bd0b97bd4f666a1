"""One phase of the story as arrays, from one seed.

Each idea (who, staying, listening, advertising, upgrading) draws from a stream of its own, so that a change to
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
from twyman.demo.upgrading import upgrades

ALL = slice(None)
"""All users."""


@dataclass(frozen=True, slots=True)
class World:
    """All that happened in a phase.

    Attributes:
        stays: By user, whether they listen in the fourth week after exposure.
        upgraded_at: By user, when they went over to the paid plan after exposure; `NEVER` for who didn't.
    """

    phase: Phase
    users: Users
    stays: NDArray[np.bool_]
    upgraded_at: NDArray[np.int64]
    sessions: Sessions
    ads: Ads

    def country_and_plan(self, of: NDArray[np.intp] | slice = ALL) -> tuple[list[str], list[str]]:
        """Return the country and the plan, at exposure, of some users."""
        countries = np.array([*self.phase.markets])[self.users.country[of]]
        return countries.tolist(), np.where(self.users.premium[of], "premium", "free").tolist()


def world(phase: Phase, *, seed: int) -> World:
    """Return a phase as it happened, the same for the same seed.

    Example:
        >>> from twyman.demo.phase import LAUNCH
        >>> small = LAUNCH.of_size(100)
        >>> len(world(small, seed=7).sessions.user) == len(world(small, seed=7).sessions.user)
        True
    """
    who, staying, hearing, selling, paying = np.random.default_rng([seed, phase.number]).spawn(5)
    users = population(phase, seed=seed, rng=who)
    stayed = stays(users, phase.truth, staying)
    sessions = listening(phase, users, stayed, hearing)
    upgraded_at = upgrades(users, phase.truth, paying)
    return World(phase, users, stayed, upgraded_at, sessions, advertising(users, sessions, upgraded_at, selling))
