"""How large an effect could have been seen, and how much information would show one.

In the estimate's own terms: a standard error, or information 1 / se². So it serves every metric and
adjustment alike. Power says what a plan can see; it is never computed from the effect that was seen.
"""

import math
from collections.abc import Sequence

from scipy.special import ndtri

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import checked_alpha
from twyman.stats.sequential.bounds import bounds
from twyman.stats.sequential.spending import Spending
from twyman.stats.sequential.stopping import drift_for
from twyman.stats.tails import critical_value


def detectable(se: float, *, alpha: float, power: float, sides: int = 2) -> float:
    """Return the smallest effect that would be found with a power, at a standard error.

    Example:
        >>> f"{detectable(1.0, alpha=0.05, power=0.8):.4f}"
        '2.8016'

    Raises:
        Invalid: If alpha or power is no probability, or the standard error isn't positive.

    See docs/explanation/power.md
    """
    if not 0 < se < math.inf:
        raise Invalid(f"standard error {se} isn't positive: give that of an estimate")
    return _reach(alpha, power, sides) * se


def information_needed(effect: float, alpha: float, power: float, sides: int = 2) -> float:
    """Return 1 / se² at which an effect would be found with a power, by one look.

    Example:
        >>> f"{information_needed(2.8016, 0.05, 0.8):.3f}"
        '1.000'

    Raises:
        Invalid: If alpha or power is no probability, or the effect is zero.

    See docs/explanation/power.md
    """
    if not effect:
        raise Invalid("no information shows an effect of zero: give the smallest effect that matters")
    return (_reach(alpha, power, sides) / effect) ** 2


def share_inflation(times: Sequence[float], *, spending: Spending, alpha: float, power: float, sides: int = 2) -> float:
    """Return by how much more information looking several times needs than looking once.

    Example:
        >>> from twyman.stats.sequential.spending import ObrienFleming
        >>> quarters = [0.25, 0.5, 0.75, 1.0]
        >>> f"{share_inflation(quarters, spending=ObrienFleming(), alpha=0.05, power=0.8):.4f}"
        '1.0196'

    Raises:
        Invalid: As in `sequential.bounds`, and if power is no probability above alpha.

    See docs/explanation/power.md
    """
    return (
        drift_needed(times, spending=spending, alpha=alpha, power=power, sides=sides) / _reach(alpha, power, sides)
    ) ** 2


def drift_needed(times: Sequence[float], *, spending: Spending, alpha: float, power: float, sides: int = 2) -> float:
    """Return the mean of the statistic at full information that gives a power over all looks.

    Raises:
        Invalid: As in `share_inflation`.

    See docs/explanation/power.md
    """
    _reach(alpha, power, sides)
    return drift_for(times, bounds(times, times, alpha=alpha, spending=spending, sides=sides).z, power=power)


def _reach(alpha: float, power: float, sides: int) -> float:
    side = checked_alpha(alpha) / sides
    if not side < power < 1:
        raise Invalid(
            f"power {power} isn't between alpha and 1: give the wanted chance of seeing the effect, such as 0.8"
        )
    return critical_value(side) + float(ndtri(power))
