"""A plain reader: what someone would say of a world with every net off.

Each unit's first exposure counts, with its facts of the week that follows; the past is a covariate with one slope;
the treatment is better or worse where z lies beyond 1.96. The difference to the healthy twin, drawn with the same
chance, is the fault's bias.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faultlab.trial import HISTORY, WINDOW
from faultlab.world import DAY, NEVER, World

BEYOND = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Reading:
    """Lift of the success metric, its standard error, and what is done about it: ship, abort or end."""

    lift: float
    se: float

    @property
    def action(self) -> str:
        """What a plain reader does at the end."""
        z = self.lift / self.se
        return "ship" if z > BEYOND else "abort" if z < -BEYOND else "end"


def read(made: World) -> Reading:
    """Read a world as if nothing could be wrong.

    Raises:
        ValueError: If an arm has no unit.
    """
    counted = made.exposed != NEVER
    if made.filter is not None:
        counted &= made.filter
    value, past = _values(made)
    treated = made.treated
    value, past, treated = value[counted], past[counted], treated[counted]
    centred = past - np.where(treated, past[treated].mean(), past[~treated].mean())
    slope = float(centred @ value) / float(centred @ centred)
    adjusted = value - slope * (past - past.mean())
    t, c = adjusted[treated], adjusted[~treated]
    lift = t.mean() / c.mean() - 1
    se = np.sqrt(t.var(ddof=1) / len(t) + (1 + lift) ** 2 * c.var(ddof=1) / len(c)) / c.mean()
    return Reading(float(lift), float(se))


def matters(healthy: Reading, damaged: Reading) -> bool:
    """Whether a fault is large enough to change the verdict.

    That is so where it moves the estimate by more than its standard error in health, or where the plain reader does
    something else and it isn't a hair that did it: the estimate moved by more than half of one.

    Example:
        >>> matters(Reading(0.0, 0.01), Reading(0.012, 0.01)), matters(Reading(0.019, 0.01), Reading(0.021, 0.01))
        (True, False)
    """
    moved = abs(damaged.lift - healthy.lift) / healthy.se
    return moved > 1 or (moved > 0.5 and damaged.action != healthy.action)


def _values(made: World) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return by user the success metric in the week after exposure, and in the time before it."""
    facts = made.facts["listening"]
    weights = facts.measures["songs"] if made.trial.metric == "songs" else np.ones(len(facts.user))
    day = np.maximum(made.exposed, 0)
    start = made.exposed_at(np.arange(made.trial.users), day)
    since = facts.at - start[facts.user]
    inside = (since >= 0) & (since < WINDOW * DAY)
    before = (since < 0) & (since >= -HISTORY * DAY)
    size = made.trial.users
    return tuple(np.bincount(facts.user[some], weights[some], size) for some in (inside, before))  # type: ignore[return-value]
