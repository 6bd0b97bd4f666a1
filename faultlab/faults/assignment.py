"""Faults of assignment: who is given which arm, of this experiment and of others."""

import numpy as np

from faultlab.trial import HISTORY
from faultlab.world import OFF, ON, World


def aliased_twin(made: World, size: float, chance: np.random.Generator) -> None:
    """Release another test to the very units of our treatment: its effect is read as ours."""
    leak(made, size, chance, share=1.0)


def leak(made: World, size: float, chance: np.random.Generator, *, share: float, follow: bool = True) -> None:
    """Let a share of the units of another test follow our arm; half of such tests touch the advertising.

    Where nobody is to follow, the other test is there all the same, and has its effect.
    """
    flag = int(chance.integers(made.trial.flags))
    follows = (chance.random(made.trial.users) < share) & follow
    joined = made.luck.joins[:, flag] < max(0.8, share)
    on = np.where(follows, made.treated, made.luck.other[:, flag] < 0.5)
    made.others[:, flag] = np.where(joined, np.where(on, ON, OFF), -1)
    made.twin = (flag, size * chance.choice((-1, 1)), float(chance.choice((0.0, 0.9))))


def wrong_bucketing(made: World, size: float, chance: np.random.Generator) -> None:
    """Split by a broken hash: its share is off, or it follows how ids are given to new accounts."""
    if chance.random() < 0.5:
        made.treated = made.luck.arm < 0.5 + size / 4
    else:
        young = made.users.tenure < np.quantile(made.users.tenure, 0.4)
        followed = young & (chance.random(made.trial.users) < size)
        made.treated = np.where(followed, made.users.number > 0, made.luck.arm < 0.5)


def pre_period_bias(made: World, size: float, chance: np.random.Generator) -> None:
    """Use the salt of an earlier test again: its treatment, ours now, came away with another habit."""
    made.before = np.where(made.treated, 1 + size * chance.choice((-1, 1)), 1.0)


def ramp_mix(made: World, size: float, chance: np.random.Generator) -> None:
    """Ramp the treatment up while who comes changes: the first days bring those who come daily.

    The file says the share that came out over all days, so that the total split looks as planned.
    """
    days = np.arange(made.trial.enrols)
    share = np.where(days < max(2, made.trial.enrols // 4), 0.5 - size / 2, 0.5)
    day = np.clip(made.exposed - HISTORY, 0, made.trial.enrols - 1)
    made.treated = made.luck.arm < share[day]
    met = made.exposed >= 0
    made.share = round(float(made.treated[met].mean()), 3)
    del chance


def late_arm_start(made: World, size: float, chance: np.random.Generator) -> None:
    """Deliver the treatment's configuration some days after the control's: until then its users log nothing."""
    starts = HISTORY + size
    late = made.visits & (np.arange(made.trial.days) >= starts)
    late &= np.arange(made.trial.days) < HISTORY + made.trial.enrols
    first = np.where(late.any(axis=1), late.argmax(axis=1), -1)
    made.exposed = np.where(made.treated & (made.exposed >= 0), first, made.exposed)
    del chance
