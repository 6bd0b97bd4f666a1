"""Stitched boundaries: curves of the width that the law of the iterated logarithm asks for, in closed form.

Wider than a mixture tuned for the sample at hand, narrower in the long run; for sums, for a whole
distribution function, and for one quantile.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, zeta

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import checked_alpha
from twyman.stats.roots import crossing


@dataclass(frozen=True, slots=True)
class Epochs:
    """How a stitched boundary cuts up time.

    Attributes:
        s: How fast error is used up over epochs; above 1.
        eta: Ratio of the lengths of successive epochs; above 1.

    Raises:
        Invalid: If one isn't above 1.
    """

    s: float = 1.4
    eta: float = 2.0

    def __post_init__(self) -> None:
        """Refuse what isn't above 1."""
        if not (1 < self.s < math.inf and 1 < self.eta < math.inf):
            raise Invalid(f"epochs with s={self.s} and eta={self.eta} can't be: both are numbers above 1")


EPOCHS = Epochs()


def poly_stitching(v: float, *, alpha: float = 0.05, v_min: float, c: float = 0.0, epochs: Epochs = EPOCHS) -> float:
    """Return the boundary of a sub-gamma sum at an intrinsic time.

    Args:
        v: Variance accumulated so far.
        alpha: Chance of ever crossing.
        v_min: Intrinsic time from which the boundary is meant to be low; before it, it is flat.
        c: Scale of the heavy tail; 0 for sub-Gaussian sums.
        epochs: How time is cut up.

    Raises:
        Invalid: If a number lies outside its range.

    Example:
        >>> f"{poly_stitching(100, v_min=10, c=3):.5f}"
        '64.48755'

    References:
        Howard, S. R., Ramdas, A., McAuliffe, J. and Sekhon, J. (2021). Time-uniform, nonparametric,
        nonasymptotic confidence sequences. Annals of Statistics 49.

    See docs/explanation/always-valid.md
    """
    checked_alpha(alpha)
    if not (v >= 0 and v_min > 0 and c >= 0):
        raise Invalid(f"v={v}, v_min={v_min}, c={c}: v and c are from 0, v_min above")
    late, s, eta = max(v, v_min), epochs.s, epochs.eta
    k1, k2 = _constants(eta)
    depth = s * math.log(math.log(eta * late / v_min)) + math.log(float(zeta(s)) / (alpha * math.log(eta) ** s))
    skew = k2 * c * depth
    return math.sqrt(k1 * k1 * late * depth + skew * skew) + skew


def empirical_process_lil(t: float, *, alpha: float = 0.05, t_min: float, a: float = 0.85) -> float:
    """Return how far the empirical distribution function strays from the true one, anywhere and ever.

    Args:
        t: Units seen.
        alpha: Chance of ever straying farther, from `t_min` on.
        t_min: Units before which nothing is said: the answer is infinite.
        a: Leading constant, above 1 / sqrt(2).

    Raises:
        Invalid: If a number lies outside its range.

    Example:
        >>> f"{empirical_process_lil(1_000, t_min=100):.6f}"
        '0.082048'

    References:
        Howard, S. R. and Ramdas, A. (2022). Sequential estimation of quantiles with applications to
        A/B testing and best-arm identification. Bernoulli 28.

    See docs/explanation/always-valid.md
    """
    checked_alpha(alpha)
    if not (t >= 0 and t_min >= 1 and a > math.sqrt(0.5)):
        raise Invalid(f"t={t}, t_min={t_min}, a={a}: t is from 0, t_min from 1, and a above 0.7072")
    if t < t_min:
        return math.inf
    return a * math.sqrt((math.log1p(math.log(t / t_min)) + _depth(alpha, a)) / t)


def double_stitching(
    p: float, t: float, *, alpha: float = 0.05, t_opt: float, delta: float = 0.5, epochs: Epochs = EPOCHS
) -> float:
    """Return how far the count below the p-quantile strays from p t, for all p and t at once.

    Args:
        p: Which quantile, between 0 and 1.
        t: Units seen.
        alpha: Chance of ever straying farther.
        t_opt: Units from which the bound is meant to be low.
        delta: Spacing of the grid over quantiles.
        epochs: How time is cut up.

    Raises:
        Invalid: If a number lies outside its range.

    Example:
        >>> f"{double_stitching(0.9, 1_000, t_opt=100):.5f}"
        '43.72119'

    References:
        Howard, S. R. and Ramdas, A. (2022). Sequential estimation of quantiles with applications to
        A/B testing and best-arm identification. Bernoulli 28.

    See docs/explanation/always-valid.md
    """
    checked_alpha(alpha)
    if not (0 < p < 1 and t >= 0 and t_opt >= 1 and delta > 0):
        raise Invalid(f"p={p}, t={t}, t_opt={t_opt}, delta={delta}: p lies between 0 and 1, t_opt is from 1")
    late, s, eta = max(t, t_opt), epochs.s, epochs.eta
    times, centre, ends = late / t_opt, float(logit(p)), float(zeta(s))
    shifted = centre + 2 * delta * math.sqrt(eta / times)
    r = p if p >= 0.5 else min(0.5, float(expit(shifted)))
    spread = r * (1 - r)
    steps = math.sqrt(times) * abs(centre) / (2 * delta) + 1
    depth = s * (math.log(math.log(eta * times)) + math.log(steps) - math.log(math.log(eta)))
    depth += math.log(2 * ends * (2 * ends + 1) / alpha)
    k1, k2 = _constants(eta)
    skew = k2 * (1 - 2 * p) / 3 * depth
    return delta * math.sqrt(eta * times * spread) + math.sqrt(k1 * k1 * spread * late * depth + skew * skew) + skew


def _constants(eta: float) -> tuple[float, float]:
    return (eta**0.25 + eta**-0.25) / math.sqrt(2), (math.sqrt(eta) + 1) / 2


@lru_cache
def _depth(alpha: float, a: float) -> float:
    """Return the smallest constant inside the root for which the chance of straying is alpha."""

    def excess(c: float) -> float:
        return math.log(alpha) - _log_error(c, a)

    high = 5.0
    while excess(high) < 0:
        high *= 2
    low = high / 2
    while excess(low) > 0:
        low /= 2
    return crossing(excess, low, high)


def _log_error(c: float, a: float) -> float:
    """Return the logarithm of the chance of straying, for the ratio of epochs at which it is least."""

    def margin(eta: float) -> float:
        return math.sqrt(eta / 2) + math.sqrt(2 * (eta - 1) / c) - a

    low, high = 1.0, crossing(margin, 1.0, 2 * a * a)
    for _ in range(5):  # each round narrows it fifty-fold, and the minimum is flat
        grid = np.linspace(low, high, 101)[1:-1]
        best = int(np.argmin(_log_chances(grid, c, a)))
        width = grid[1] - grid[0]
        low, high = max(grid[best] - width, low), min(grid[best] + width, high)
    return float(_log_chances(np.array([(low + high) / 2]), c, a)[0])


def _log_chances(eta: NDArray[np.float64], c: float, a: float) -> NDArray[np.float64]:
    squares = 2 / eta * (a - np.sqrt(2 * (eta - 1) / c)) ** 2
    fine = squares > 1
    over = np.where(fine, squares - 1, 1.0) * np.log(eta)
    return np.where(fine, math.log(4) - squares * c + np.log1p(1 / over), np.inf)
