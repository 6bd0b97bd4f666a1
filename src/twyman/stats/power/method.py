"""What an analysis is expected to find: its own code, run on moments as n units would have them.

A plan never has a variance formula of its own. It takes the moments that control had, scales them to
the units planned, puts the assumed effect into the treated, and hands both to the code that will
analyse the experiment. So a plan and its analysis can't disagree on what an adjustment is worth.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from twyman.kernel.errors import Invalid, nearest
from twyman.stats.covariates import adjusted
from twyman.stats.difference import means
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair
from twyman.stats.proportion import proportions
from twyman.stats.ratio import ratios

OWN: Mapping[str, int] = {"mean": 1, "proportion": 1, "ratio": 2}
"""How many columns are a metric's own, by kind; covariates follow."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the analysis would read, if every arm turned out as expected.

    Attributes:
        read: The pair as the test computes it.
        real: The same means with the variances that they really have; another pair only where the
            test uses the null's variance.
    """

    read: Pair
    real: Pair


class Method(Protocol):
    """A way to compare two arms, as a plan asks for it."""

    def baseline(self, control: Moments) -> float:
        """Return the mean (or ratio) of control that an effect is added to."""
        ...

    def reach(self, control: Moments) -> tuple[float, float]:
        """Return how far an effect can go down and up."""
        ...

    def expected(
        self, control: Moments, treatment: Moments, units: tuple[int, int], effect: float
    ) -> Expected | NotEstimable:
        """Return what is expected of treated and control units, in that order, under an absolute effect."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Means, proportions or ratios, adjusted for whatever covariates the moments hold.

    An effect moves each treated unit's mean by as much (of a ratio: its numerator by the effect times
    its denominator), and leaves its variance; a proportion's variance follows the proportion, its
    correlation with covariates staying as it was.

    Attributes:
        kind: `mean`, `proportion` or `ratio`.
        test: As in `difference.means` and `proportion.proportions`.
        theta: As in `covariates.adjusted`.

    Raises:
        Invalid: If there is no such kind.

    See docs/explanation/power.md
    """

    kind: str = "mean"
    test: str = "welch"
    theta: str = "per_arm"

    def __post_init__(self) -> None:
        """Refuse a kind that doesn't exist; tests and thetas are refused by the analysis itself."""
        if self.kind not in OWN:
            raise Invalid(f"there is no kind of metric '{self.kind}': {nearest(self.kind, OWN)}")

    def baseline(self, control: Moments) -> float:
        """Return the mean or ratio of control.

        Raises:
            Invalid: If columns are missing, or a ratio's denominator is zero.
        """
        own = OWN[self.kind]
        if control.means.size < own:
            raise Invalid(f"moments of {control.means.size} columns are no {self.kind}: give its {own} own columns")
        if own == 1:
            return float(control.means[0])
        if control.means[1] == 0:
            raise Invalid("the historical denominator is zero: plan a ratio on units that have one")
        return float(control.means[0] / control.means[1])

    def reach(self, control: Moments) -> tuple[float, float]:
        """Return how far an effect can go: a proportion stays between 0 and 1."""
        if self.kind != "proportion":
            return -math.inf, math.inf
        return -self.baseline(control), 1 - self.baseline(control)

    def expected(
        self, control: Moments, treatment: Moments, units: tuple[int, int], effect: float
    ) -> Expected | NotEstimable:
        """Return what is expected of treated and control units under an absolute effect.

        Raises:
            Invalid: As the analysis would.
        """
        arms = self.arms(control, treatment, units, effect)
        return arms if isinstance(arms, NotEstimable) else self._read(*arms)

    def arms(
        self, control: Moments, treatment: Moments, units: tuple[int, int], effect: float
    ) -> tuple[Moments, Moments] | NotEstimable:
        """Return the moments that treated and control units are expected to have."""
        level = self.baseline(control) + effect
        if self.kind != "proportion":
            treated = moved(treatment, level, own=OWN[self.kind])
            return at_units(treated, units[0]), at_units(control, units[1])
        if 0 <= level <= 1:
            return _binary(treatment, level, units[0]), _binary(control, float(control.means[0]), units[1])
        return NotEstimable(
            Cause.OUT_OF_REACH, f"an effect of {effect:.6g} makes a proportion of {level:.6g}: it ends at 0 and 1"
        )

    def _read(self, treatment: Moments, control: Moments) -> Expected | NotEstimable:
        read = self._pair(treatment, control, self.test)
        if isinstance(read, NotEstimable):
            return read
        if self.kind != "proportion" or self.test != "score" or treatment.means.size > 1:
            return Expected(read, read)
        real = self._pair(treatment, control, "wald")
        return real if isinstance(real, NotEstimable) else Expected(read, real)

    def _pair(self, treatment: Moments, control: Moments, test: str) -> Pair | NotEstimable:
        own = OWN[self.kind]
        if control.means.size > own:
            answer = adjusted(treatment, control, own=own, theta=self.theta, test=test)
            return answer if isinstance(answer, NotEstimable) else answer.pair
        plain = {"mean": means, "proportion": proportions, "ratio": ratios}[self.kind]
        return plain(treatment, control, test=test)


def at_units(moments: Moments, units: int) -> Moments:
    """Return moments as `units` units would have them: the same means, variances and covariances.

    Example:
        >>> at_units(Moments.of([1, 2, 3]), 1000).variance()
        1.0
    """
    factor = max(units - 1, 0) / max(moments.count - 1, 1)
    return Moments(units, moments.means, moments.products * factor)


def moved(arm: Moments, level: float, *, own: int) -> Moments:
    """Return the arm with its mean, or ratio, at a level: each unit moves by as much."""
    means = arm.means.copy()
    if own == 1:
        means[0] = level
        return Moments(arm.count, means, arm.products)
    means[0] = level * means[1]
    step = np.eye(means.size)
    step[0, 1] = level - float(arm.means[0] / arm.means[1])
    return Moments(arm.count, means, step @ arm.products @ step.T)


def _binary(arm: Moments, level: float, units: int) -> Moments:
    """Return the arm with a proportion, and the variance and covariances that go with it."""
    before = float(arm.means[0] * (1 - arm.means[0]))
    means = arm.means.copy()
    means[0] = level
    products = arm.products * (units / max(arm.count, 1))
    factor = math.sqrt(level * (1 - level) / before) if before > 0 else 0.0
    products[0, :] *= factor
    products[:, 0] *= factor
    products[0, 0] = units * level * (1 - level)
    return Moments(units, means, products)
