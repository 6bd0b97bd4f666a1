"""Faults of delivery: what those who were exposed really get."""

import numpy as np

from faultlab.world import World


def non_delivery(made: World, size: float, chance: np.random.Generator) -> None:
    """Serve the control's experience to a share of the treatment, whose exposure is logged all the same."""
    made.served[chance.random(made.trial.users) < size] = 0


def cache(made: World, size: float, chance: np.random.Generator) -> None:
    """Show a part of the treatment the page of before from a cache, in their first three days."""
    stale = chance.random(made.trial.users) < size
    early = np.arange(made.trial.days) < made.exposed[:, None] + 3
    made.served[stale[:, None] & early] = 0
