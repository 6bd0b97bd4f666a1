"""Bounds of a given shape, for looks that were planned: Pocock, O'Brien-Fleming, Wang-Tsiatis, Haybittle-Peto.

A shape says how bounds compare with each other, and one constant is found so that together they
spend alpha. All looks must be known beforehand; where they aren't, use `bounds` and a spending
function, which needs to know only the looks so far.
"""

import math
from collections.abc import Sequence

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import checked_alpha
from twyman.stats.roots import crossing
from twyman.stats.sequential.bounds import Bounds, next_bound
from twyman.stats.sequential.looks import check_bounds, check_looks
from twyman.stats.sequential.stopping import stopping
from twyman.stats.tails import critical_value


def wang_tsiatis(information: Sequence[float], *, alpha: float, delta: float, sides: int = 2) -> Bounds:
    """Return bounds that fall as the power `delta` - 1/2 of information: 0 is O'Brien and Fleming, 1/2 Pocock.

    Args:
        information: 1 / se² at each planned look, growing; equal steps are the textbook's case.
        alpha: Error of all looks and sides together.
        delta: Shape, at most 1/2 in use; smaller keeps more error for the end.
        sides: 2 for symmetric bounds, 1 for an upper bound only.

    Returns:
        Bounds, the last of which is the constant of the tables where `delta` is at most 1/2.

    Raises:
        Invalid: If information doesn't grow, or alpha is no probability.

    Example:
        >>> [round(z, 3) for z in wang_tsiatis([1, 2, 3], alpha=0.05, delta=0.25).z]
        [2.741, 2.305, 2.083]

    References:
        Wang, S. K. and Tsiatis, A. A. (1987). Approximately optimal one-parameter boundaries for
        group sequential trials. Biometrics 43.

    See docs/explanation/group-sequential.md
    """
    side = _checked(information, alpha, sides)
    if not math.isfinite(delta):
        raise Invalid(f"shape {delta} is no number: give 0 for O'Brien and Fleming, 0.5 for Pocock, or between")
    heights = [(amount / information[-1]) ** (delta - 0.5) for amount in information]

    def excess(constant: float) -> float:
        z = [constant * height for height in heights]
        return math.log(max(math.fsum(stopping(information, z, symmetric=sides == 2)), 1e-300) / side)

    low, high = (
        critical_value(side),
        critical_value(side / len(heights)) / min(heights),
    )
    constant = crossing(excess, max(low * (1 - 1e-9), 1e-9), high * (1 + 1e-9) + 1e-9, tolerance=1e-13)
    return _spent(information, [constant * height for height in heights], sides)


def pocock(information: Sequence[float], *, alpha: float, sides: int = 2) -> Bounds:
    """Return one and the same critical value for all planned looks.

    Raises:
        Invalid: As in `wang_tsiatis`.

    Example:
        >>> [round(z, 3) for z in pocock([1, 2, 3], alpha=0.05).z]
        [2.289, 2.289, 2.289]

    References:
        Pocock, S. J. (1977). Group sequential methods in the design and analysis of clinical trials.
        Biometrika 64.

    See docs/explanation/group-sequential.md
    """
    return wang_tsiatis(information, alpha=alpha, delta=0.5, sides=sides)


def obrien_fleming(information: Sequence[float], *, alpha: float, sides: int = 2) -> Bounds:
    """Return bounds that are very high early, and at the last planned look little above a single test's.

    Raises:
        Invalid: As in `wang_tsiatis`.

    Example:
        >>> [round(z, 3) for z in obrien_fleming([1, 2, 3], alpha=0.05).z]
        [3.471, 2.454, 2.004]

    References:
        O'Brien, P. C. and Fleming, T. R. (1979). A multiple testing procedure for clinical trials.
        Biometrics 35.

    See docs/explanation/group-sequential.md
    """
    return wang_tsiatis(information, alpha=alpha, delta=0.0, sides=sides)


def haybittle_peto(information: Sequence[float], *, alpha: float, interim: float = 3.0, sides: int = 2) -> Bounds:
    """Return one high critical value for all looks but the last, which spends what they leave.

    Args:
        information: As in `wang_tsiatis`.
        alpha: As in `wang_tsiatis`.
        interim: Critical value before the last look.
        sides: As in `wang_tsiatis`.

    Raises:
        Invalid: As in `wang_tsiatis`, and if the interim looks alone spend alpha.

    Example:
        >>> [round(z, 3) for z in haybittle_peto([1, 2, 3], alpha=0.05).z]
        [3.0, 3.0, 1.975]

    References:
        Haybittle, J. L. (1971). Repeated assessment of results in clinical trials of cancer
        treatment. British Journal of Radiology 44. Peto, R. et al. (1976). British Journal of
        Cancer 34.

    See docs/explanation/group-sequential.md
    """
    side = _checked(information, alpha, sides)
    z = [float(interim)] * (len(information) - 1)
    used = math.fsum(stopping(information[:-1], z, symmetric=sides == 2)) if z else 0.0
    if not used < side:
        raise Invalid(f"interim bounds of {interim} spend {sides * used:.2g} of alpha {alpha}: give a higher one")
    last = next_bound(information[:-1], z, information=information[-1], increment=side - used, sides=sides)
    return _spent(information, [*z, last], sides)


def _checked(information: Sequence[float], alpha: float, sides: int) -> float:
    check_looks(information, information, sides)
    check_bounds(information, [0.0] * len(information), [0.0] * len(information))
    return checked_alpha(alpha) / sides


def _spent(information: Sequence[float], z: Sequence[float], sides: int) -> Bounds:
    by_look = stopping(information, z, symmetric=sides == 2)
    return Bounds(tuple(z), tuple(sides * math.fsum(by_look[: look + 1]) for look in range(len(z))))
