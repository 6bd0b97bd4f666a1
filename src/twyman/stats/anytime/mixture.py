"""The normal mixture: how far a score must go to mean something, however often one looks.

A bet on every size of effect at once, sizes weighted by a normal distribution, pays

    e = exp(z² w / (2 (1 + w))) / sqrt(1 + w)

for a score z, `w` being the variance of that distribution in squared standard errors of the estimate.
The mixture sequential probability ratio test, the asymptotic confidence sequence and Robbins' normal
mixture are this one formula. It holds at every look only if the distribution was fixed before the
data: with a `w` that stays the same while data accumulate, the bound is a constant, and is crossed.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import checked_alpha

Vector = NDArray[np.float64]


def critical_values(weight: ArrayLike, *, alpha: ArrayLike = 0.05, sides: int = 2) -> Vector:
    """Return the bound on the score: radius of the confidence sequence in standard errors.

    Args:
        weight: Variance of the mixture over the variance of the estimate, at each look; 0 has an
            infinite bound.
        alpha: Error over all looks, of all sides together. Shapes are broadcast.
        sides: 2, or 1 for an upper bound only: of the closed form that is a trifle wider than the
            one-sided mixture itself (`mixtures.NormalMixture`).

    Raises:
        Invalid: If a weight is negative, an alpha no probability, or sides aren't 1 or 2.

    Example:
        >>> critical_values([1.0, 10.0, 100.0]).round(3).tolist()
        [3.656, 3.038, 3.273]

    References:
        Robbins, H. (1970). Statistical methods related to the law of the iterated logarithm. Annals
        of Mathematical Statistics 41.

    See docs/explanation/always-valid.md
    """
    w, errors = _checked(weight, sides), np.asarray(alpha, dtype=np.float64)
    if not ((errors > 0) & (errors < 1)).all():
        raise Invalid(f"alpha {alpha} holds what is no error probability: give numbers between 0 and 1, such as 0.05")
    needed = np.log1p(w) - 2 * np.log(errors) if sides == 2 else 2 * np.log1p(np.sqrt(1 + w) / (2 * errors))
    with np.errstate(divide="ignore"):
        return np.sqrt((1 + 1 / w) * needed)


def log_e_values(score: ArrayLike, weight: ArrayLike, *, sides: int = 2) -> Vector:
    """Return the natural logarithm of the e-value of a score, which exceeds 1 / alpha where the bound is crossed.

    Args:
        score: Estimate less null value, in standard errors. With one side, positive scores count.
        weight: As in `critical_values`.
        sides: 2 or 1.

    Raises:
        Invalid: If a weight is negative or sides aren't 1 or 2.

    Example:
        >>> bound = critical_values(10.0, alpha=0.05)
        >>> f"{np.exp(log_e_values(bound, 10.0)):.6f}"
        '20.000000'

    See docs/explanation/always-valid.md
    """
    w, z = _checked(weight, sides), np.asarray(score, dtype=np.float64)
    shrunk = np.where(w == 0, 0.0, z * z * (w / (1 + w)) / 2)
    if sides == 2:
        return shrunk - np.log1p(w) / 2
    with np.errstate(divide="ignore"):
        sure = np.log(-np.expm1(-shrunk))
    return np.where(z > 0, math.log(2) + shrunk + sure - np.log1p(w) / 2, -np.inf)


def log_p_values(score: ArrayLike, weight: ArrayLike, *, sides: int = 2) -> Vector:
    """Return the natural logarithm of the always-valid p-value: of the smallest alpha whose bound the score crosses.

    Arguments and errors are those of `log_e_values`.

    Example:
        >>> f"{np.exp(log_p_values(3.038, 10.0)):.4f}"
        '0.0500'

    See docs/explanation/always-valid.md
    """
    return np.minimum(0.0, -log_e_values(score, weight, sides=sides))


def rate_for(units: float, *, alpha: float = 0.05, sides: int = 2) -> float:
    """Return the mixture's variance a unit, for which the bound is about lowest at a planned number of units.

    The weight at n units is then n times this. The published approximation is used, which is
    within a thousandth of the lowest bound.

    Raises:
        Invalid: If there are no units, or the error is no probability (of one half, with one side).

    Example:
        >>> rate = rate_for(5_000)
        >>> f"{math.sqrt(rate):.8f}"
        '0.03984007'

    References:
        Waudby-Smith, I., Arbour, D., Sinha, R., Kennedy, E. H. and Ramdas, A. (2024). Time-uniform central
        limit theory and asymptotic confidence sequences. Annals of Statistics 52.

    See docs/explanation/always-valid.md
    """
    if not 0 < units < math.inf:
        raise Invalid(f"a bound can't be tuned for {units} units: give the number planned for the final look")
    if sides not in (1, 2):
        raise Invalid(f"{sides} sides: a test has 1 or 2")
    depth = -2 * math.log(checked_alpha(alpha * (3 - sides)))
    return (depth + math.log1p(depth)) / units


def _checked(weight: ArrayLike, sides: int) -> Vector:
    w = np.asarray(weight, dtype=np.float64)
    if not ((w >= 0) & (w < np.inf)).all():
        raise Invalid(
            f"weights {weight} hold a negative, missing or infinite one: give variances, in squared standard errors"
        )
    if sides not in (1, 2):
        raise Invalid(f"{sides} sides: a test has 1 or 2")
    return w
