"""Trials of looking many times: what each look brings is simulated, and merged with what was known before."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from calibration.answers import planned_lift
from calibration.populations import Population, cumulated
from twyman.stats.anytime.boundary import Asymptotic, MixtureSprt
from twyman.stats.anytime.mixture import critical_values
from twyman.stats.comparison import compare_all
from twyman.stats.estimates import Estimates
from twyman.stats.sequential.bounds import bounds
from twyman.stats.sequential.spending import Spending
from twyman.stats.sequential.stopping import stopping
from twyman.stats.settings import Settings
from twyman.stats.tails import critical_value, two_sided_of

Vector = NDArray[np.float64]

EVER, ALWAYS, POWER = "false alarm at any look", "every interval covers", "power"

NORMAL_FROM = 10_000
"""Degrees of freedom from which t is taken for normal: scores differ by less than 0.001."""

DRIFT = 2.8015852
"""Mean of the statistic at the end, of an effect that one look would find with power 0.8."""


@dataclass(frozen=True, slots=True)
class Path:
    """Estimates of many experiments (rows) at each look (columns)."""

    estimate: Vector
    se: Vector
    df: Vector

    def scores(self, truth: float = 0.0) -> Vector:
        """Return how far estimates lie from a truth, as normal deviates with t's tails; 0 before any spread."""
        scores = np.where(np.isfinite(self.se), (self.estimate - truth) / self.se, 0.0)
        few = self.df < NORMAL_FROM
        scores[few] = -ndtri(np.maximum(two_sided_of(scores[few], self.df[few])[0], 1e-300) / 2)
        return scores


Limit = Callable[[Path], Vector]
"""Critical values of the scores, broadcast to experiments by looks."""


def never_corrected(path: Path) -> Vector:
    """Peek with the bound of one look: what everybody does, and nobody should."""
    return np.full(path.se.shape[-1], critical_value(0.025))


def spent_by(spending: Spending) -> Limit:
    """Group-sequential bounds at evenly spaced looks, planned by units."""

    def limit(path: Path) -> Vector:
        times = planned_times(path.se.shape[-1])
        return np.array(bounds(times, times, alpha=0.05, spending=spending).z)

    return limit


def spent_by_information(spending: Spending) -> Limit:
    """Group-sequential bounds of each experiment's own information, 1 / se² as it came in."""

    def limit(path: Path) -> Vector:
        times = planned_times(path.se.shape[-1])
        return np.array([bounds(row, times, alpha=0.05, spending=spending).z for row in (1 / path.se**2).tolist()])

    return limit


def confidence_sequence(units: int) -> Limit:
    """Asymptotic confidence sequence, tightest at the planned units of both arms."""

    def limit(path: Path) -> Vector:
        looks = path.se.shape[-1]
        sequence = Asymptotic.tuned_for(units)
        return critical_values([sequence.weight(units * (look + 1) / looks) for look in range(looks)])

    return limit


def mixture_sprt(effect: float) -> Limit:
    """MSPRT whose mixing deviation is the effect planned for, in the metric's unit."""

    def limit(path: Path) -> Vector:
        return critical_values(np.square(MixtureSprt(effect).tau / path.se))

    return limit


def planned_times(looks: int) -> list[float]:
    """Return evenly spaced shares of the planned units."""
    return [(look + 1) / looks for look in range(looks)]


@dataclass(frozen=True)
class Peeking:
    """Two arms of a population, compared at evenly spaced looks.

    The effect is the one that a single look at the end would find with power 0.8.

    Attributes:
        population: Of both arms.
        each: Units that a look brings to each arm.
        looks: How many.
        limits: Critical values, by method.
        settings: Of the comparison.
    """

    population: Population
    each: int
    looks: int
    limits: Mapping[str, Limit]
    settings: Settings

    def __call__(self, rng: np.random.Generator, runs: int) -> Mapping[str, NDArray[np.generic]]:
        """Simulate without an effect, then with it; all methods read the same experiments."""
        null, moved = self.paths(rng, runs, (0.0, self.lift))
        still, found, missed = np.abs(null.scores()), np.abs(moved.scores()), np.abs(moved.scores(self.effect))
        seen: dict[str, NDArray[np.generic]] = {}
        for name, limit in self.limits.items():
            seen[f"{name}: {EVER}"] = (still >= limit(null)).any(axis=-1)
            bound = limit(moved)
            seen[f"{name}: {POWER}"] = (found >= bound).any(axis=-1)
            seen[f"{name}: {ALWAYS}"] = (missed < bound).all(axis=-1)
        return seen

    @cached_property
    def lift(self) -> float:
        """The effect, relative to the baseline."""
        n = self.each * self.looks
        return planned_lift((self.population,) * 2, (n, n), self.settings)

    @cached_property
    def effect(self) -> float:
        """The effect, in the metric's unit."""
        n = self.each * self.looks
        truth = compare_all(self.population.truth(n, self.lift), self.population.truth(n), self.settings)
        return float(truth.absolute.estimate[0])

    def paths(self, rng: np.random.Generator, runs: int, lifts: Sequence[float]) -> list[Path]:
        """Simulate what is known at each look, of the same experiments under each lift."""
        shape = (runs, self.looks)
        treatment = self.population.draw(rng, shape, self.each)
        control = cumulated(self.population.draw(rng, shape, self.each))
        arms = [cumulated(self.population.moved(rng, treatment, lift) if lift else treatment) for lift in lifts]
        return [_path(compare_all(arm, control, self.settings).absolute) for arm in arms]


def _path(found: Estimates) -> Path:
    known = np.isfinite(found.se)
    return Path(np.where(known, found.estimate, 0.0), np.where(known, found.se, np.inf), np.where(known, found.df, 1.0))


@lru_cache
def power_of(spending: Spending, looks: int) -> float:
    """Return the power that group-sequential bounds should have against the effect simulated."""
    times = planned_times(looks)
    z = bounds(times, times, alpha=0.05, spending=spending).z
    return sum(stopping(times, z, drift=DRIFT, symmetric=True))
