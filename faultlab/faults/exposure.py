"""Faults of exposure: whose first meeting is logged, when, and in how many arms."""

import numpy as np

from faultlab.trial import HISTORY
from faultlab.world import NEVER, World


def redirect_loss(made: World, size: float, chance: np.random.Generator) -> None:
    """Send the treatment through a redirect: the impatient leave before their exposure is logged."""
    edge = np.quantile(made.users.patience, min(1.0, 1.5 * size))
    gone = (made.users.patience < edge) & (chance.random(made.trial.users) < 2 / 3)
    made.exposed = np.where(made.treated & gone, NEVER, made.exposed)


def missing_exposures(made: World, size: float, chance: np.random.Generator) -> None:
    """Lose exposures of the treatment at each visit anew: who comes seldom is missed, the others are late."""
    lost = made.treated[:, None] & (chance.random(made.visits.shape) < size)
    logged = (made.visits & ~lost)[:, HISTORY : HISTORY + made.trial.enrols]
    made.exposed = np.where(logged.any(axis=1), HISTORY + logged.argmax(axis=1), NEVER)


def srm_by_segment(made: World, size: float, chance: np.random.Generator) -> None:
    """Crash the treatment at its start on one platform: most of its users there are never logged."""
    platform = int(chance.integers(len(np.unique(made.users.platform))))
    gone = (made.users.platform == platform) & (chance.random(made.trial.users) < size)
    made.exposed = np.where(made.treated & gone, NEVER, made.exposed)


def crossover(made: World, size: float, chance: np.random.Generator) -> None:
    """Forget the id of some at a later visit: they are drawn anew and meet the other arm, too."""
    _again(made, chance.random(made.trial.users) < 2 * size, chance)


def unit_mismatch(made: World, size: float, chance: np.random.Generator) -> None:
    """Draw by device and analyse by user: who has several devices meets both arms, and comes more often."""
    several = (made.users.devices > 1) & (chance.random(made.trial.users) < size)
    _again(made, several, chance)


def _again(made: World, who: np.ndarray, chance: np.random.Generator) -> None:
    """Expose some users a second time, on a later visit and half of them in the other arm."""
    days = np.arange(made.trial.days)
    later = made.visits & (days > made.exposed[:, None]) & (days < HISTORY + made.trial.enrols)
    who = who & (made.exposed >= 0) & later.any(axis=1)
    user = np.flatnonzero(who)
    other = np.where(chance.random(len(user)) < 0.5, ~made.treated[user], made.treated[user])
    made.again = (user, later[user].argmax(axis=1), other)
