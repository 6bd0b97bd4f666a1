"""While units come in: what the plan can still show, and how many more units it needs.

Nothing here uses the effect seen so far to say how likely an effect is to be found (so-called observed
power is the p-value in other words). The planned effect is assumed; what has been seen says how noisy
units are, and, for `conditional_power`, how far the statistic has come.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.moments import Moments
from twyman.stats.power.design import Design, Sizes
from twyman.stats.power.detection import Signal
from twyman.stats.power.looks import ONCE, Looks
from twyman.stats.power.search import smallest
from twyman.stats.power.textbook import DEFAULT, Goal
from twyman.stats.sequential.stopping import crossings


def conditional_power(
    score: float,
    share: float,
    *,
    drift: float,
    times: Sequence[float] = (1.0,),
    z: Sequence[float] = (1.959963984540054,),
) -> float:
    """Return the chance that a later look crosses its bound, given the score now, if the planned effect is true.

    For information only: bounds that hold whatever one does with it are those of `sequential.bounds`.

    Args:
        score: The statistic now, as a normal deviate; positive on the side looked for.
        share: Share of the planned information now, between 0 and 1.
        drift: The statistic's mean at full information under the planned effect: effect / se there.
        times: Shares of information of looks; those up to now are passed over.
        z: Their bounds.

    Raises:
        Invalid: If share isn't between 0 and 1, or no look is left.

    Example:
        >>> f"{conditional_power(1.0, 0.5, drift=2.8016):.3f}"
        '0.583'

    References:
        Lan, K. K. G. and Wittes, J. (1988). The B-value: a tool for monitoring data. Biometrics 44.

    See docs/explanation/power.md
    """
    if not 0 <= share < 1:
        raise Invalid(f"share {share} of the information leaves nothing to come: give one from 0 to below 1")
    left = [(time, bound) for time, bound in zip(times, z, strict=True) if time > share]
    if not left:
        raise Invalid(f"no look is left after {share} of the information: give those to come")
    come = score * math.sqrt(share)
    gains = [time - share for time, _ in left]
    bounds = [(bound * math.sqrt(time) - come) / math.sqrt(time - share) for time, bound in left]
    if len(left) == 1:
        return Signal(drift * math.sqrt(gains[0])).beyond(bounds[0])
    return crossings(gains, bounds, drift=drift).power


@dataclass(frozen=True, slots=True)
class More:
    """How much is missing.

    Attributes:
        power: The chance with the units at hand, under the planned effect.
        units: How many more are needed, in the shares that have come so far; 0 where none.
    """

    power: float
    units: int


def more_units(
    effect: float,
    se: float,
    units: int,
    *,
    goal: Goal = DEFAULT,
    looks: Looks = ONCE,
) -> More | NotEstimable:
    """Return how many more units like those at hand find a planned effect.

    Serves any estimate, adjusted or relative, whose variance falls as 1 / units: give the effect in the
    same unit as the standard error.

    Args:
        effect: The planned one, never the one seen.
        se: Standard error of the estimate now.
        units: Units behind it.
        goal: What is asked; its ratio doesn't matter, as arms grow as they have.
        looks: How often is looked.

    Raises:
        Invalid: If the effect or the standard error isn't positive, or there are no units.

    Example:
        >>> more_units(0.02, 0.01, 5_000)
        More(power=0.515..., units=4812)

    See docs/explanation/power.md
    """
    if not (0 < abs(effect) < math.inf and 0 < se < math.inf and units >= 1):
        raise Invalid(f"effect {effect} by standard error {se} of {units} units is no plan: give positive numbers")

    def chance(total: int) -> float:
        now = se * math.sqrt(units / total)
        return goal.chance(Signal(abs(effect) / now, se=now), looks, total)

    at_hand = chance(units)
    if at_hand >= goal.power:
        return More(at_hand, 0)
    needed = smallest(chance, goal.power, units * (2.8 * se / effect) ** 2)
    if needed is None:
        return NotEstimable(Cause.OUT_OF_REACH, f"no number of units finds {effect:.6g} with power {goal.power}")
    return More(at_hand, needed - units)


@dataclass(frozen=True, slots=True)
class Reestimated:
    """A plan's sizes, as its noise turns out to be.

    Attributes:
        sizes: Units of each arm that keep the power.
        more: Units still to come, of all arms; 0 where enough have come.
    """

    sizes: Sizes
    more: int


def reestimated(plan: Design, pooled: Moments, effect: float | None = None) -> Reestimated | NotEstimable:
    """Return how many units keep a plan's power, from all arms' units thrown together.

    The arms aren't told apart, so the effect stays unseen: the size may follow the noise at every look,
    and the final test keeps its error (a fixed-power design). The variance of all arms together holds
    the effect's own square too, which costs a few units where there is an effect, and never power.
    The baseline stays the plan's, so that a relative effect means what it meant.

    Args:
        plan: As it was made.
        pooled: Moments of the units so far, of all arms, with the plan's columns.
        effect: As in `Design.units`.

    Returns:
        The new sizes; or why no number suffices, or nothing can be learned yet.

    Raises:
        Invalid: As in `Design.units`, or if columns differ.

    References:
        Friede, T. and Kieser, M. (2006). Sample size recalculation in internal pilot study designs: a
        review. Biometrical Journal 48.

    See docs/explanation/power.md
    """
    if pooled.means.size != plan.control.means.size:
        raise Invalid(
            f"moments of {pooled.means.size} columns don't fit a plan of {plan.control.means.size}: reduce both alike"
        )
    if pooled.count < 2:
        return NotEstimable(Cause.TOO_FEW_UNITS, f"{pooled.count} units say nothing of the noise: wait for more")
    sizes = _blinded(plan, pooled).units(_absolute(plan, effect))
    if isinstance(sizes, NotEstimable):
        return sizes
    return Reestimated(sizes, max(sizes.total - pooled.count, 0))


def _blinded(plan: Design, pooled: Moments) -> Design:
    """Return the plan on the absolute scale, with the units' noise as it is."""
    return replace(plan, control=pooled, treatment=None, scale="absolute")


def _absolute(plan: Design, effect: float | None) -> float | None:
    return effect if effect is None or plan.scale == "absolute" else effect * abs(plan.baseline)
