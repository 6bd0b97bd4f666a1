"""How a running test may end: conditional and predictive power, to be read and never to decide by.

Stopping because these are high or low isn't in the plan, and changes its error: upwards it spends
error that no bound accounts for, downwards it gives power away. A plan that wants to stop for
futility lays `futility` bounds beforehand.
"""

import math
from collections.abc import Sequence

from twyman.kernel.errors import Invalid
from twyman.stats.sequential.looks import check_bounds
from twyman.stats.sequential.stopping import crossings
from twyman.stats.sequential.walk import Walk, walks


def conditional_power(
    score: float,
    information: float,
    *,
    later: Sequence[float],
    z: Sequence[float],
    effect: float | None = None,
    sides: int = 2,
) -> float:
    """Return the chance that a later look crosses its upper bound, given the score now and an effect.

    It decides nothing: it tells what a plan still can show. The current trend, being the noisiest
    guess of the effect, makes it look surer than anybody can be; name the effect of interest.

    Args:
        score: Normal deviate now; turn its sign for the chance of crossing downwards.
        information: 1 / se² now, above 0.
        later: 1 / se² at each look to come.
        z: Critical value at each of them.
        effect: In the estimate's own units, such as the smallest of interest; `None` for the current trend.
        sides: 2 where the same bounds stand below zero, and end the test too.

    Raises:
        Invalid: If information doesn't grow from now on, or a number is missing.

    Example:
        >>> f"{conditional_power(1.0, 0.5, later=[1.0], z=[1.977], effect=2.8):.2f}"
        '0.57'

    References:
        Lan, K. K. G., Simon, R. and Halperin, M. (1982). Stochastically curtailed tests in long-term
        clinical trials. Sequential Analysis 1.

    See docs/explanation/group-sequential.md
    """
    _check(score, information, later, z)
    drift = score / math.sqrt(information) if effect is None else effect
    lower = [-bound if sides == 2 else -math.inf for bound in z]
    check_bounds(later, z, lower)
    path = walks(later, z, lower, Walk.at(information, score, drift=drift))
    return math.fsum(walk.beyond(later[look], z[look]) for look, walk in path)


def predictive_power(
    score: float,
    information: float,
    *,
    later: Sequence[float],
    z: Sequence[float],
    prior: tuple[float, float] | None = None,
    sides: int = 2,
) -> float:
    """Return the chance that a later look crosses its upper bound, averaged over what is believed of the effect.

    It decides nothing, as `conditional_power`. It is exact: what will be believed at each look is a
    martingale, which walks between bounds like the statistic itself.

    Args:
        score: As in `conditional_power`.
        information: As in `conditional_power`.
        later: As in `conditional_power`.
        z: As in `conditional_power`.
        prior: Mean and standard deviation of the effect before the data, normal; `None` for a flat prior.
        sides: As in `conditional_power`.

    Raises:
        Invalid: As in `conditional_power`, and if the prior doesn't vary.

    Example:
        >>> f"{predictive_power(1.0, 0.5, later=[1.0], z=[1.977]):.2f}"
        '0.29'

    References:
        Spiegelhalter, D. J., Freedman, L. S. and Blackburn, P. R. (1986). Monitoring clinical trials:
        conditional or predictive power? Controlled Clinical Trials 7.

    See docs/explanation/group-sequential.md
    """
    _check(score, information, later, z)
    mean, weight = _prior(prior)
    known = weight + information
    believed = (score * math.sqrt(information) + weight * mean) / known
    gained = [(amount - information) / known / (weight + amount) for amount in later]

    def read(bound: float, look: int) -> float:
        """Say a bound in terms of how far belief will have moved, in standard deviations of that move."""
        return ((bound * math.sqrt(later[look]) + weight * mean) / (weight + later[look]) - believed) / math.sqrt(
            gained[look]
        )

    upper = [read(bound, look) for look, bound in enumerate(z)]
    lower = [read(-bound, look) for look, bound in enumerate(z)] if sides == 2 else None
    return crossings(gained, upper, lower=lower).power


def _prior(prior: tuple[float, float] | None) -> tuple[float, float]:
    if prior is None:
        return 0.0, 0.0
    mean, spread = prior
    if not (math.isfinite(mean) and 0 < spread < math.inf):
        raise Invalid(f"prior {prior} isn't a mean and a spread: give a positive standard deviation, or no prior")
    return mean, 1 / (spread * spread)


def _check(score: float, information: float, later: Sequence[float], z: Sequence[float]) -> None:
    if not (math.isfinite(score) and 0 < information < math.inf):
        raise Invalid(f"score {score} at information {information} says nothing: give the normal deviate and 1 / se²")
    if len(later) != len(z) or not later:
        raise Invalid(f"{len(later)} looks to come with {len(z)} bounds don't match: give at least one of each")
    if any(not a < b for a, b in zip((information, *later), later, strict=False)):
        raise Invalid("information must grow from now on at every look to come: give the plan's, above what is known")
