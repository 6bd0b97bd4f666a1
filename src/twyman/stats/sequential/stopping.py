"""Where a design stops, under any effect: its error, its power, and the information it is expected to use."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import ndtri

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import checked_alpha
from twyman.stats.roots import crossing
from twyman.stats.sequential.looks import check_bounds
from twyman.stats.sequential.walk import Walk, walks
from twyman.stats.tails import critical_value


@dataclass(frozen=True, slots=True)
class Crossings:
    """How likely a path crosses a bound at each look, having crossed none before.

    Attributes:
        information: 1 / se² at each look.
        upper: Probability of crossing the upper bound.
        lower: The same of the lower bound; zeros where there is none.

    See docs/explanation/group-sequential.md
    """

    information: tuple[float, ...]
    upper: tuple[float, ...]
    lower: tuple[float, ...]

    @property
    def power(self) -> float:
        """Probability of crossing the upper bound at some look."""
        return math.fsum(self.upper)

    @property
    def expected_information(self) -> float:
        """Information at which the design stops, on average; the last look ends it in any case."""
        stops = [up + down for up, down in zip(self.upper, self.lower, strict=True)]
        through = 1 - math.fsum(stops)
        return math.fsum(map(math.prod, zip(stops, self.information, strict=True))) + through * self.information[-1]


def crossings(
    information: Sequence[float], upper: Sequence[float], *, lower: Sequence[float] | None = None, drift: float = 0.0
) -> Crossings:
    """Return the probability of crossing each bound at each look, and none before.

    Holds where increments of information are independent, as in `bounds`.

    Args:
        information: 1 / se² at each look, growing where a bound is finite.
        upper: Critical value at each look, as a normal deviate; infinite where there is none.
        lower: The same below; `None` where there is none.
        drift: True effect: the statistic's mean is drift times the root of information.

    Raises:
        Invalid: If the lengths differ, or information doesn't grow from bound to bound.

    Example:
        >>> pocock = crossings([0.5, 1.0], [2.1783, 2.1783], lower=[-2.1783, -2.1783], drift=2.9)
        >>> f"power {pocock.power:.2f}, at {pocock.expected_information:.2f} of all information"
        'power 0.79, at 0.78 of all information'

    References:
        Armitage, P., McPherson, C. K. and Rowe, B. C. (1969). Repeated significance tests on
        accumulating data. JRSS A 132.

    See docs/explanation/group-sequential.md
    """
    below = [-math.inf] * len(upper) if lower is None else list(lower)
    check_bounds(information, upper, below)
    up, down = [0.0] * len(upper), [0.0] * len(upper)
    for look, walk in walks(information, upper, below, Walk.start(drift=drift)):
        up[look] = walk.beyond(information[look], upper[look])
        down[look] = walk.below(information[look], below[look])
    return Crossings(tuple(map(float, information)), tuple(up), tuple(down))


def stopping(
    information: Sequence[float], z: Sequence[float], *, drift: float = 0.0, symmetric: bool = False
) -> tuple[float, ...]:
    """Return the probability of crossing an upper bound at each look, and no bound before.

    Args:
        information: As in `crossings`.
        z: As `upper` in `crossings`.
        drift: As in `crossings`.
        symmetric: Whether the same bounds stand below zero.

    Raises:
        Invalid: As in `crossings`.

    Example:
        >>> by_look = stopping([0.5, 1.0], [2.797, 1.977], drift=2.8)
        >>> f"{sum(by_look):.3f}"
        '0.797'

    See docs/explanation/group-sequential.md
    """
    return crossings(information, z, lower=[-bound for bound in z] if symmetric else None, drift=drift).upper


def drift_for(information: Sequence[float], z: Sequence[float], *, power: float, symmetric: bool = False) -> float:
    """Return the effect that bounds find with a power: the probability of crossing upwards at some look.

    Args:
        information: As in `crossings`.
        z: As `upper` in `crossings`.
        power: Wanted probability, above the error that the bounds leave.
        symmetric: As in `stopping`.

    Raises:
        Invalid: As in `crossings`, and if power isn't between that error and 1.

    Example:
        >>> f"{drift_for([0.5, 1.0], [2.1783, 2.1783], power=0.8, symmetric=True):.3f}"
        '2.952'

    See docs/explanation/group-sequential.md
    """
    if not math.fsum(stopping(information, z, symmetric=symmetric)) < power < 1:
        raise Invalid(f"power {power} isn't between the bounds' error and 1: give the wanted chance, such as 0.8")
    wanted = float(ndtri(power))
    unit = math.sqrt(information[-1])

    def short(drift: float) -> float:
        reached = math.fsum(stopping(information, z, drift=drift / unit, symmetric=symmetric))
        return float(ndtri(min(reached, 1.0))) - wanted

    highest = min(z[k] * unit / math.sqrt(information[k]) for k in range(len(z)) if z[k] < math.inf) + wanted
    return crossing(short, 0.0, max(highest, 0.0) + 0.1, tolerance=1e-12) / unit


def inflation(information: Sequence[float], z: Sequence[float], *, alpha: float, power: float, sides: int = 2) -> float:
    """Return how much more information bounds need at their last look than looking once would.

    Args:
        information: As in `crossings`.
        z: As `upper` in `crossings`.
        alpha: Error of looking once, both sides together.
        power: Of both.
        sides: 2 for symmetric bounds.

    Raises:
        Invalid: As in `drift_for`, and if alpha is no probability.

    Example:
        >>> pocock = [2.1783, 2.1783]
        >>> f"{inflation([0.5, 1.0], pocock, alpha=0.05, power=0.8):.3f}"
        '1.110'

    References:
        Jennison, C. and Turnbull, B. W. (2000). Group sequential methods with applications to
        clinical trials, tables 2.2 and 2.4.

    See docs/explanation/group-sequential.md
    """
    once = critical_value(checked_alpha(alpha) / sides) + float(ndtri(power))
    drift = drift_for(information, z, power=power, symmetric=sides == 2)
    return drift * drift * information[-1] / (once * once)


def peeking_error(information: Sequence[float], *, alpha: float, sides: int = 2) -> float:
    """Return the true error of testing at one and the same level at every look.

    Args:
        information: 1 / se² at each look; equal steps for looks that are evenly spaced.
        alpha: Level of each look, taken alone.
        sides: 1 or 2.

    Raises:
        Invalid: As in `crossings`, and if alpha is no probability.

    Example:
        >>> f"{peeking_error([1, 2, 3, 4, 5], alpha=0.05):.3f}"
        '0.142'

    References:
        Armitage, McPherson and Rowe (1969), as above.

    See docs/explanation/group-sequential.md
    """
    z = [critical_value(checked_alpha(alpha) / sides)] * len(information)
    return sides * math.fsum(stopping(information, z, symmetric=sides == 2))
