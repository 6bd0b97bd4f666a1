"""How plausible a result is beside all that was known before: surprise, probability of a bug, what is left of it.

Levels go by the surprise in standard deviations, either side alike (METHODS, Part B 4.3): from 2 a note, from 3 a
warning, from 4 a hold. What an owner expected holds by its own rule (`surprise`), and the pool then only warns.
Without an expectation a history of twenty results or more may hold, and a shorter one warn: it doesn't know this
metric's tails. Other people's experiments by themselves are worth a note: they may be of another kind altogether.
"""

from dataclasses import dataclass

from twyman.doubt.check import Status
from twyman.doubt.prior import Prior, Scope
from twyman.stats.history import Shrunken, likelihood_ratio, probability_of_a_bug

NOTED, WARNED, HELD = 2.0, 3.0, 4.0
"""Surprise, in standard deviations, from which a result is noted, warned of, held."""

ENOUGH_TO_HOLD = 20
"""Past results from which history alone may hold a decision."""

BUG_RATE = 0.05
"""How often something is broken, before anybody has looked."""

BUG_SPREAD = 0.10
"""What a bug does to a metric, relative to control: a standard deviation around nothing."""

BUG_REACH = 5.0
"""A bug goes further than sound effects: by so many of their standard deviations at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plausibility:
    """How plausible a result is.

    Attributes:
        z: Its surprise, in standard deviations, signed.
        level: How loud that is.
        ratio: How many times likelier it is where something is broken than where all is sound.
        probability: That something is broken.
        rate, spread: How often bugs were taken to occur, and how far to move a metric.
        shrunken: What is to be believed of the effect, if nothing is broken.
    """

    z: float
    level: Status
    ratio: float
    probability: float
    rate: float
    spread: float
    shrunken: Shrunken


def plausibility(prior: Prior, estimate: float, se: float) -> Plausibility:
    """Judge an estimate, relative to control, by what was to be expected.

    Example:
        >>> from twyman.doubt.prior import Asked, prior
        >>> seen = plausibility(prior([], Asked(metric="retention")), 0.06, 0.008)
        >>> f"{seen.z:.1f} {seen.level} {seen.probability:.3f} {seen.shrunken.mean:+.1%}"
        '5.5 note 0.212 +6.0%'
    """
    belief = prior.belief
    spread = max(BUG_SPREAD, BUG_REACH * belief.sd)
    z = belief.surprise(estimate, se)
    ratio = likelihood_ratio(prior.hedged, estimate, se, bug_spread=spread)
    ratio = max(ratio, 1.0) if abs(z) >= NOTED else ratio  # however far away, a surprise never speaks for health
    return Plausibility(
        z=z,
        level=_level(abs(z), _loudest(prior)),
        ratio=ratio,
        probability=probability_of_a_bug(ratio, rate=BUG_RATE),
        rate=BUG_RATE,
        spread=spread,
        shrunken=prior.hedged.shrunken(estimate, se),
    )


def _loudest(prior: Prior) -> Status:
    if prior.elicited:
        return Status.WARN
    if prior.scope is Scope.PUBLIC:
        return Status.NOTE
    return Status.BLOCK if len(prior.past) >= ENOUGH_TO_HOLD else Status.WARN


def _level(size: float, loudest: Status) -> Status:
    reached = sum(size >= bound for bound in (NOTED, WARNED, HELD))
    return list(Status)[min(reached, list(Status).index(loudest))]
