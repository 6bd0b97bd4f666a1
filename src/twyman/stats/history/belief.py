"""What is believed of an effect before its data: what past experiments say and what somebody expected, put together.

Both are densities, and they are pooled on a logarithmic scale: log p(x) = w log e(x) + (1 - w) log h(x) + a constant,
e being what was expected and h the past. Of two normals that is a normal whose precision is the weighted mean of both
precisions. Neither a distribution of two halves nor fat tails have a closed form, so that everything is integrated by
Gauss and Legendre over panels no wider than the narrowest part that lies there.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import exp, hypot, log, pi, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import NotEstimable
from twyman.stats.history.mixture import mixture_shrinkage
from twyman.stats.history.shrinkage import random_effects, too_few_experiments

ENOUGH = 5
"""Experiments from which a belief may be taken."""

FOR_TAILS = 20
"""Experiments from which the tails of effects may be learnt; with fewer, they are taken for normal."""

_REACH = 40.0
_EDGES = np.arange(-_REACH, _REACH + 1)
"""Edges of the panels around a part, in its standard deviations."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Past:
    """How effects spread in the past: normals around one mean, of one spread or several (fat tails).

    Attributes:
        mean: The usual effect.
        sds: Standard deviations of the parts.
        weights: Their shares, which sum to 1.
    """

    mean: float
    sds: tuple[float, ...]
    weights: tuple[float, ...] = (1.0,)

    def edges(self) -> Vector:
        """Return edges of panels as wide as the narrowest part in the middle, and ever wider further out."""
        narrow, reach = min(self.sds), _REACH * max(self.sds) / min(self.sds)
        wider = np.geomspace(8.0, reach, int(np.ceil(np.log(reach / 8) / np.log(1.25))) + 2)
        steps = np.concatenate([np.arange(8.0), wider])
        return self.mean + narrow * np.concatenate([-steps[:0:-1], steps])

    def log_density(self, x: Vector) -> Vector:
        """Return the logarithm of the density at each effect."""
        parts = [log(w) + _log_normal(x - self.mean, sd) for w, sd in zip(self.weights, self.sds, strict=True)]
        return logsumexp(np.stack(parts), axis=0)


@dataclass(frozen=True, slots=True)
class TwoPieces:
    """Two halves of normals, each with a spread of its own, that meet at the median."""

    likely: float
    below: float
    above: float

    def log_density(self, x: Vector) -> Vector:
        """Return the logarithm of the density at each effect."""
        gap = x - self.likely
        size = np.where(gap < 0, self.below, self.above)
        return -0.5 * (gap / size) ** 2 - np.log(size * sqrt(2 * pi))


@dataclass(frozen=True, slots=True)
class Shrunken:
    """An effect once what was believed before has pulled at it: mean, standard deviation and central interval."""

    mean: float
    sd: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Belief:
    """What past experiments say, pooled with what was expected where something was.

    Attributes:
        past: How effects spread in the past.
        expected: What somebody expected of this one.
        weight: Of what was expected, 0 to 1.

    Example:
        >>> pooled = Belief(Past(0.0, (0.0073,)), TwoPieces(0.02, 0.0117, 0.0078), weight=0.5)
        >>> f"{pooled.mean:+.2%} ± {pooled.sd:.2%}"
        '+0.57% ± 0.88%'

    References:
        Genest, C. and Zidek, J. V. (1986). Combining probability distributions: a critique and an annotated
        bibliography. Statistical Science 1.

    See docs/explanation/expectation.md .
    """

    past: Past
    expected: TwoPieces | None = None
    weight: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.weight <= 1:
            raise Invalid(f"a weight of {self.weight} is none: give a number from 0 to 1, such as 0.5")
        sizes = (*self.past.sds, *((self.expected.below, self.expected.above) if self.expected else ()))
        if not all(size > 0 for size in sizes):
            raise Invalid(f"spreads of {sizes} aren't all above zero, and no belief is certain: give positive ones")

    @property
    def mean(self) -> float:
        """The effect believed in on average."""
        return _moments(self)[0]

    @property
    def sd(self) -> float:
        """How far effects lie from it."""
        return _moments(self)[1]

    def surprise(self, estimate: float, se: float) -> float:
        """Return how far an estimate lies from what was believed, in standard deviations, signed."""
        mean, sd = _moments(self)
        return (estimate - mean) / hypot(sd, se)

    def log_predicted(self, estimate: float, se: float) -> float:
        """Return the logarithm of the density with which this estimate was to be expected."""
        x, mass = self.grid([(estimate, se)])
        believed = self.log_density(x) + mass
        return float(logsumexp(believed + _log_normal(estimate - x, se)) - logsumexp(believed))

    def shrunken(self, estimate: float, se: float, *, level: float = 0.95) -> Shrunken:
        """Return what is to be believed of the effect now, if the estimate is sound."""
        x, mass = self.grid([(estimate, se)])
        share = _shares(self.log_density(x) + mass + _log_normal(estimate - x, se))
        mean = float(share @ x)
        below = np.cumsum(share) - share / 2
        lower, upper = (float(np.interp(at, below, x)) for at in ((1 - level) / 2, (1 + level) / 2))
        return Shrunken(mean, sqrt(float(share @ (x - mean) ** 2)), lower, upper)

    def log_density(self, x: Vector) -> Vector:
        """Return the logarithm of the density at each effect, up to a constant."""
        if self.expected is None or not self.weight:
            return self.past.log_density(x)
        return self.weight * self.expected.log_density(x) + (1 - self.weight) * self.past.log_density(x)

    def grid(self, also: Iterable[tuple[float, float]] = ()) -> tuple[Vector, Vector]:
        """Return effects to sum over, and the logarithm of the width that each stands for.

        Args:
            also: Centre and standard deviation of further normals that it must be fine for.
        """
        parts = list(also)
        if self.expected is not None:
            parts += [(self.expected.likely, self.expected.below), (self.expected.likely, self.expected.above)]
        centres = [self.past.mean, *(centre for centre, _ in parts)]
        narrowest = min([*self.past.sds, *(scale for _, scale in parts)])
        apart = max(centres) - min(centres)
        many = int(min(max(apart / narrowest, 1.0), 400.0)) + 1
        between = np.linspace(min(centres), max(centres), many)  # where two distant parts meet, neither has panels
        edges = np.unique(
            np.concatenate([between, self.past.edges(), *(centre + scale * _EDGES for centre, scale in parts)])
        )
        edges = edges[np.diff(edges, prepend=-np.inf) > 1e-12 * narrowest]
        middle, half = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
        x = (middle[:, None] + half[:, None] * _NODES).ravel()
        return x, np.log(half[:, None] * _WEIGHTS).ravel()


@lru_cache(maxsize=512)
def _moments(belief: Belief) -> tuple[float, float]:
    x, mass = belief.grid()
    share = _shares(belief.log_density(x) + mass)
    mean = float(share @ x)
    return mean, sqrt(float(share @ (x - mean) ** 2))


def past_effects(estimates: list[float], ses: list[float], *, at_least: int = ENOUGH) -> Past | NotEstimable:
    """Return how effects spread, from past estimates with their errors: empirical Bayes.

    The mean is that of random effects (REML), and the variance tau² plus what isn't known of the mean, times
    (k - 1) / (k - 3): k experiments know their own spread no better than Student's t says. From `FOR_TAILS`
    experiments on, the spread is a mixture of normals instead, learnt with its tails.

    Args:
        estimates: One an experiment, in one unit; all that were run, flat and lost ones too.
        ses: Their standard errors.
        at_least: Experiments that it needs, four or more.

    Returns:
        Their spread; or why not, where there are too few.

    Raises:
        Invalid: If they don't match, or an error isn't positive.

    Example:
        >>> past = past_effects([0.04, -0.01, 0.02, 0.0, 0.01, -0.02], [0.01] * 6)
        >>> f"{past.mean:+.2%} ± {past.sds[0]:.2%}"
        '+0.67% ± 2.72%'

    See docs/explanation/expectation.md .
    """
    found, k = random_effects(estimates, ses), len(estimates)
    if isinstance(found, NotEstimable) or k < at_least:
        return too_few_experiments(k, at_least)
    if k >= FOR_TAILS:
        return _with_tails([one - found.mu for one in estimates], ses, found.mu, found.se)
    return Past(found.mu, (sqrt((found.tau2 + found.se**2) * (k - 1) / (k - 3)),))


def _with_tails(gaps: list[float], ses: list[float], mean: float, se: float) -> Past | NotEstimable:
    learnt = mixture_shrinkage(gaps, ses)
    if isinstance(learnt, NotEstimable):
        return learnt
    kept = [(w, hypot(s, se)) for w, s in zip(learnt.weights, learnt.spreads, strict=True) if w > 1e-4]
    total = sum(w for w, _ in kept)
    return Past(mean, tuple(sd for _, sd in kept), tuple(w / total for w, _ in kept))


def likelihood_ratio(belief: Belief, estimate: float, se: float, *, bug_spread: float) -> float:
    """Return how much likelier an estimate is if something is broken than if it is sound.

    What is broken moves a metric anywhere: normal around no effect, with a spread of its own.

    Args:
        belief: Of sound effects.
        estimate: The effect seen.
        se: Its standard error.
        bug_spread: Standard deviation of what bugs do to this metric.

    Example:
        >>> f"{likelihood_ratio(Belief(Past(0.0, (1.0,))), 6.0, 1.5, bug_spread=10.0):.0f}"
        '38'
    """
    broken = float(_log_normal(np.array([estimate]), hypot(bug_spread, se))[0])
    return exp(min(broken - belief.log_predicted(estimate, se), 700.0))


def probability_of_a_bug(ratio: float, *, rate: float = 0.05) -> float:
    """Return the probability that something is broken, from a likelihood ratio and how often it is.

    Example:
        >>> f"{probability_of_a_bug(38, rate=0.05):.2f}"
        '0.67'
    """
    return rate * ratio / (rate * ratio + 1 - rate)


def _log_normal(gap: Vector, sd: float) -> Vector:
    return -0.5 * (gap / sd) ** 2 - log(sd * sqrt(2 * pi))


def _shares(log_mass: Vector) -> Vector:
    return np.exp(log_mass - logsumexp(log_mass))
