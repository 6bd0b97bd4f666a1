"""Mixture boundaries of Howard, Ramdas and others: curves that a sum crosses with a known probability.

A sum `s` of centred observations has an intrinsic time `v`: the variance that its tails are bounded by.
Each mixture here is an e-value of s at v (`log_mixture`), valid at all v at once for sums with that kind
of tail: `NormalMixture` sub-Gaussian, `GammaExponential` sub-exponential (heavier upper tail),
`GammaPoisson` sub-Poisson (bounded above), `BetaBinomial` sub-Bernoulli (bounded on both sides). They hold
for any sample size.
"""

import math
from dataclasses import dataclass
from typing import Protocol, SupportsFloat

from scipy.special import betainc, gammainc, gammaincc, log_ndtr

from twyman.kernel.errors import Invalid
from twyman.stats.anytime.gammas import multinomial_log_bf, shortfall, stirling, surplus
from twyman.stats.anytime.mixture import rate_for
from twyman.stats.estimate import checked_alpha
from twyman.stats.roots import crossing


class Mixture(Protocol):
    """A bet on all sizes of drift of a sum at once."""

    def log_mixture(self, s: float, v: float) -> float:
        """Return the natural logarithm of the e-value of a sum at an intrinsic time."""
        ...

    def ceiling(self, v: float) -> float:
        """Return the largest sum there can be; infinite if there is none."""
        ...


def best_rho(v_opt: float, *, alpha: float = 0.05, sides: int = 2) -> float:
    """Return the precision of a normal mixture whose boundary is about lowest at an intrinsic time.

    Raises:
        Invalid: If the time isn't positive, or alpha no probability (of one half, with one side).

    Example:
        >>> f"{best_rho(100):.5f}"
        '12.60056'

    See docs/explanation/always-valid.md
    """
    return 1 / rate_for(v_opt, alpha=alpha, sides=sides)


def mixture_bound(mixture: Mixture, v: float, *, alpha: float = 0.05) -> float:
    """Return the boundary at an intrinsic time: the sum ever crosses it with probability alpha at most.

    Returns:
        The sum at which the e-value is 1 / alpha; the largest possible sum where that is not reached.

    Raises:
        Invalid: If alpha is no probability, or the time is negative.

    Example:
        >>> f"{mixture_bound(NormalMixture(best_rho(100)), 100):.5f}"
        '30.35209'

    References:
        Howard, S. R., Ramdas, A., McAuliffe, J. and Sekhon, J. (2021). Time-uniform, nonparametric,
        nonasymptotic confidence sequences. Annals of Statistics 49.

    See docs/explanation/always-valid.md
    """
    wanted = -math.log(checked_alpha(alpha))
    if not 0 <= v < math.inf:
        raise Invalid(f"intrinsic time {v} can't be: give the variance accumulated so far, from 0")

    def missing(s: float) -> float:
        return mixture.log_mixture(s, v) - wanted

    top = mixture.ceiling(v)
    high = min(max(math.sqrt(v), 1.0), top)
    while high < top and missing(high) < 0:
        high = min(2 * high, top)
    return crossing(missing, 0.0, high) if missing(high) >= 0 else high


@dataclass(frozen=True, slots=True)
class NormalMixture:
    """For sub-Gaussian sums: normal effects on both sides, or on the positive one.

    Attributes:
        rho: Precision of the mixture (`best_rho`).
        sides: 2, or 1.
    """

    rho: float
    sides: int = 2

    def log_mixture(self, s: float, v: float) -> float:
        """Return the natural logarithm of the e-value."""
        whole = v + self.rho
        both = s * s / (2 * whole) - math.log1p(v / self.rho) / 2
        return both if self.sides == 2 else both + math.log(2) + float(log_ndtr(s / math.sqrt(whole)))

    def ceiling(self, v: float) -> float:  # noqa: ARG002 - by the protocol
        """No sum is too large."""
        return math.inf


@dataclass(frozen=True, slots=True)
class GammaExponential:
    """For sub-exponential sums, such as of variables bounded below by their mean less `c`.

    Attributes:
        rho: Precision (`best_rho` with one side).
        c: Scale of the heavy tail.
    """

    rho: float
    c: float

    def log_mixture(self, s: float, v: float) -> float:
        """Return the natural logarithm of the e-value."""
        a, b, drift = self.rho / self.c**2, (v + self.rho) / self.c**2, s / self.c
        if b + drift <= 0:
            return -math.inf
        tails = _log(gammainc(b, b + drift)) - _log(gammainc(a, a))
        return math.log(a / b) / 2 + shortfall(drift, b) + stirling(b) - stirling(a) + tails

    def ceiling(self, v: float) -> float:  # noqa: ARG002 - by the protocol
        """No sum is too large."""
        return math.inf


@dataclass(frozen=True, slots=True)
class GammaPoisson:
    """For sub-Poisson sums, such as of variables bounded above by their mean plus `c`.

    Attributes:
        rho: Precision (`best_rho` with one side).
        c: Scale of the bound.
    """

    rho: float
    c: float

    def log_mixture(self, s: float, v: float) -> float:
        """Return the natural logarithm of the e-value."""
        a, b, drift = self.rho / self.c**2, (v + self.rho) / self.c**2, s / self.c
        w = b + drift
        if w <= 0:
            return -math.inf
        tails = _log(gammaincc(w, b)) - _log(gammaincc(a, a))
        return math.log(a / w) / 2 + surplus(drift, b) + stirling(w) - stirling(a) + tails

    def ceiling(self, v: float) -> float:  # noqa: ARG002 - by the protocol
        """No sum is too large."""
        return math.inf


@dataclass(frozen=True, slots=True)
class BetaBinomial:
    """For sums of observations between -g and h about their mean.

    Attributes:
        rho: Precision (`best_rho` with as many sides).
        g, h: How far an observation can lie below and above its mean.
        sides: 2, or 1 for an upper boundary only.
    """

    rho: float
    g: float
    h: float
    sides: int = 1

    def log_mixture(self, s: float, v: float) -> float:
        """Return the natural logarithm of the e-value; minus infinity for sums that can't be."""
        g, h, width = self.g, self.h, self.g + self.h
        p, prior = g / width, max(self.rho / (g * h) - 1, 1e-3)
        up, down = v / (h * width) + s / width, v / (g * width) - s / width  # as of coins with odds p
        if min(prior * p + up, prior * (1 - p) + down) <= 0:
            return -math.inf
        both = multinomial_log_bf([up, down], [p, 1 - p], prior)
        if self.sides == 2:
            return both
        above = betainc(prior * (1 - p) + down, prior * p + up, 1 - p)
        return both + _log(above) - _log(betainc(prior * (1 - p), prior * p, 1 - p))

    def ceiling(self, v: float) -> float:
        """Return the largest possible sum: all observations at their upper end."""
        return v / self.g


def _log(value: SupportsFloat) -> float:
    return math.log(float(value)) if float(value) > 0 else -math.inf
