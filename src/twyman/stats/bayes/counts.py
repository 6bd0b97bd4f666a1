"""Success rates with beta priors: exact, from one success to a billion units.

Everything is an integral over the log-odds, where a beta's density is smooth with a single peak, and is
scaled to its peak: no log-gamma of a million is ever subtracted from another. What is summed is never
negative, so that a chance of 1e-200 comes out to as many digits as one of 0.5.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincc, betaincinv, expit, log_expit, logit, polygamma, roots_legendre

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import checked_alpha
from twyman.stats.roots import crossing

REACH = 45
"""Standard deviations of the log-odds that are integrated over, to either side."""

Vector = NDArray[np.float64]

_NODES, _WEIGHTS = roots_legendre(12)


@dataclass(frozen=True, slots=True)
class Beta:
    """A beta distribution of a rate.

    Attributes:
        a: Successes, those of the prior included.
        b: Failures, those of the prior included.

    See docs/explanation/bayesian-view.md .
    """

    a: float
    b: float

    def __post_init__(self) -> None:
        """Refuse what is no distribution.

        Raises:
            Invalid: If a parameter isn't positive and finite.
        """
        if not (0 < self.a < math.inf and 0 < self.b < math.inf):
            raise Invalid(f"a beta of {self.a} and {self.b} is no distribution: give positive numbers, such as 1 and 1")

    def after(self, successes: float, n: float) -> "Beta":
        """Return what it becomes by `successes` in `n` trials.

        Raises:
            Invalid: If there are more successes than trials, or fewer than none.

        Example:
            >>> Beta(1, 1).after(3, 10)
            Beta(a=4, b=8)
        """
        if not 0 <= successes <= n:
            raise Invalid(f"{successes} successes among {n} units can't be: count units, not events")
        return Beta(self.a + successes, self.b + n - successes)

    @property
    def mean(self) -> float:
        """The expected rate."""
        return self.a / (self.a + self.b)

    @property
    def sd(self) -> float:
        """The rate's standard deviation."""
        return math.sqrt(self.mean * (1 - self.mean) / (self.a + self.b + 1))

    def interval(self, alpha: float = 0.05) -> tuple[float, float]:
        """Return the credible interval with `alpha` / 2 outside at either end.

        Raises:
            Invalid: If alpha is no probability.
        """
        tail = checked_alpha(alpha) / 2
        return float(betaincinv(self.a, self.b, tail)), 1 - float(betaincinv(self.b, self.a, tail))

    def log_density(self, log_odds: Vector) -> Vector:
        """Return the log density of the log-odds, up to a constant: 0 at its peak."""
        step = log_odds - math.log(self.a / self.b)
        share = self.mean
        small = np.clip(step, -1.0, 1.0)
        near = self.a * small - (self.a + self.b) * np.log1p(share * np.expm1(small))
        far = self.a * log_expit(log_odds) + self.b * log_expit(-log_odds)
        peak = self.a * math.log(share) + self.b * math.log1p(-share)
        return np.where(np.abs(step) <= 1, near, far - peak)

    def below(self, log_odds: Vector) -> Vector:
        """Return the probability of smaller log-odds."""
        low = betainc(self.a, self.b, expit(log_odds))  # near 1 a rate has no digits left: there 1 - rate is asked
        return np.where(log_odds < 0, low, betaincc(self.b, self.a, expit(-log_odds)))

    def above(self, log_odds: Vector) -> Vector:
        """Return the probability of larger log-odds."""
        return Beta(self.b, self.a).below(-log_odds)


@dataclass(frozen=True, slots=True)
class BetaPosterior:
    """Two rates after the data.

    Attributes:
        treatment, control: Their posteriors.
        improving: 1 where higher is better, -1 where lower is.

    See docs/explanation/bayesian-view.md .
    """

    treatment: Beta
    control: Beta
    improving: int = 1

    @property
    def chance_to_win(self) -> float:
        """Probability that the treatment's rate is the better one."""
        better, worse = self._ordered()
        return _chance_above(better, worse)

    @property
    def loss_shipping(self) -> float:
        """Mean of what is lost by shipping, where keeping would have been right."""
        better, worse = self._ordered()
        return _shortfall(better, worse)

    @property
    def loss_keeping(self) -> float:
        """Mean of what is lost by keeping, where shipping would have been right."""
        better, worse = self._ordered()
        return _shortfall(worse, better)

    @property
    def mean(self) -> float:
        """Expected difference, treatment minus control."""
        return self.treatment.mean - self.control.mean

    @property
    def sd(self) -> float:
        """Standard deviation of the difference."""
        return math.hypot(self.treatment.sd, self.control.sd)

    def interval(self, alpha: float = 0.05) -> tuple[float, float]:
        """Return the difference's credible interval with `alpha` / 2 outside at either end.

        Raises:
            Invalid: If alpha is no probability.
        """
        tail = checked_alpha(alpha) / 2
        narrow, wide = sorted((self.treatment, self.control), key=lambda rate: rate.sd)
        side = 1 if wide == self.treatment else -1

        def share(gap: float, *, below: bool) -> float:
            ends = [end for end in (-side * gap, 1 - side * gap) if 0 < end < 1]
            points, weights = _grid(narrow, wide, at=[float(logit(end)) for end in ends])
            inside = np.clip(expit(points) + side * gap, 0.0, 1.0)
            tail_of = betainc if below == (side > 0) else betaincc
            return float(_mass(narrow, points, weights) @ tail_of(wide.a, wide.b, inside))

        return (
            crossing(lambda gap: share(gap, below=True) - tail, -1.0, 1.0, tolerance=1e-12),
            crossing(lambda gap: share(gap, below=False) - tail, -1.0, 1.0, tolerance=1e-12),
        )

    def _ordered(self) -> tuple[Beta, Beta]:
        return (self.treatment, self.control) if self.improving > 0 else (self.control, self.treatment)


def beta_posterior(
    treatment: tuple[int, int], control: tuple[int, int], *, prior: Beta | None = None, improving: int = 1
) -> BetaPosterior:
    """Compare two success rates under one beta prior for each.

    Exact at any size; nothing is normal here. Units must be counted, each once: events of one unit
    aren't independent, and a rate of them is a ratio metric.

    Args:
        treatment: Successes and units.
        control: The same of control.
        prior: Of each rate; uniform where left out.
        improving: 1 where higher is better, -1 where lower is.

    Raises:
        Invalid: If counts can't be, or there is no such direction.

    Example:
        >>> rates = beta_posterior((12, 510), (3, 500))
        >>> f"{rates.chance_to_win:.6f} {rates.loss_shipping:.3e} {rates.loss_keeping:.5f}"
        '0.988743 3.204e-05 0.01745'

    References:
        Stucchio, C. (2015). Bayesian A/B testing at VWO. Technical report.

    See docs/explanation/bayesian-view.md .
    """
    if improving not in (1, -1):
        raise Invalid(f"a direction of {improving} isn't one: give 1 where higher is better, -1 where lower is")
    before = prior or Beta(1, 1)
    return BetaPosterior(before.after(*treatment), before.after(*control), improving)


def _chance_above(one: Beta, other: Beta) -> float:
    """Return the probability that `one` is above `other`, from whichever side is the smaller."""
    if one.mean > other.mean:
        return 1 - _tail_chance(other, one)
    return _tail_chance(one, other)


def _tail_chance(one: Beta, other: Beta) -> float:
    points, weights = _grid(one, other)
    narrow, tail = (one, other.below) if one.sd <= other.sd else (other, one.above)
    mass = _mass(narrow, points, weights)
    there = mass > 0
    return float(mass[there] @ tail(points[there]))


def _shortfall(one: Beta, other: Beta) -> float:
    """Return the mean of what `one` falls short of `other`: the integral of P(one < x < other)."""
    if one.mean < other.mean:
        return other.mean - one.mean + _shortfall(other, one)
    points, weights = _grid(one, other)
    return float((weights * expit(points) * expit(-points)) @ (one.below(points) * other.above(points)))


def _mass(rate: Beta, points: Vector, weights: Vector) -> Vector:
    mass = weights * np.exp(rate.log_density(points))
    return mass / mass.sum()


def _grid(*rates: Beta, at: Sequence[float] = ()) -> tuple[Vector, Vector]:
    """Return Gauss-Legendre points and weights over the log-odds, panels as narrow as what bends there.

    Each rate bends by its own spread, the step from log-odds to rates around zero, and an interval's
    integrand wherever it is cut off (`at`).
    """
    edges = np.unique(np.concatenate([*(_edges(rate) for rate in rates), np.arange(-20.0, 20.5, 0.5), at]))
    half = np.diff(edges) / 2
    points = edges[:-1, None] + half[:, None] * (1 + _NODES)
    return points.ravel(), (half[:, None] * _WEIGHTS).ravel()


def _edges(rate: Beta) -> Vector:
    """Return steps of one standard deviation either way, and finer ones where a steep side begins."""
    spread = float(np.sqrt(polygamma(1, rate.a) + polygamma(1, rate.b)))
    steep = min(spread, 0.5)
    wide = math.log(rate.a / rate.b) + spread * np.arange(-REACH, REACH + 1.0)
    return np.concatenate((wide, math.log((rate.a + 1) / (rate.b + 1)) + steep * np.arange(-20.0, 21.0)))
