"""A plan: how many units show an effect, which effect so many units show, and with what chance.

All directions read one function, the power at some units under some effect, which runs the analysis'
own code on the moments that are expected (`method`). So they invert each other, and agree with what
the experiment will be analysed by.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from twyman.kernel.errors import Invalid, nearest
from twyman.stats.estimate import Cause, NotEstimable, checked_alpha
from twyman.stats.moments import Moments
from twyman.stats.power.layout import Crossed
from twyman.stats.power.looks import ONCE, Looks
from twyman.stats.power.method import OWN, Compared, Expected, Method
from twyman.stats.power.question import Equivalence, NonInferiority, Question, Superiority
from twyman.stats.power.search import reached, smallest

Units = int | Sequence[int] | np.integer[Any] | NDArray[np.integer[Any]]
"""Units of all arms together, or of each treatment and, last, of control."""

ENOUGH = 1_000_000
"""Units at which a search starts measuring how loud an effect is."""

TWO_SIDED = Superiority()

METHODS: Mapping[str, Method] = {kind: Compared(kind=kind) for kind in OWN} | {"interaction": Crossed()}
"""Methods by name, with the conventions of the analysis."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many units each arm needs.

    Attributes:
        arms: Units of each treatment, then of control: whole, rounded up, in the shares planned.
        power: The chance reached with these, of the smallest treatment against control.
        effect: What is assumed, in the metric's own unit.
    """

    arms: tuple[int, ...]
    power: float
    effect: float

    @property
    def total(self) -> int:
        """Units of all arms together."""
        return sum(self.arms)


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """How an experiment will be judged, and what its units are like.

    Attributes:
        control: Moments of historical units: the metric's own columns, then covariates. Only their
            means and covariances matter, measured over as long a window as the experiment's.
        method: `mean`, `proportion`, `ratio` (each adjusted for the covariates there are),
            `interaction`, or any `Method`, such as `Compared(kind="mean", theta="pooled")` or `Stratified`.
        shares: Of each treatment and, last, of control; any positive numbers.
        alpha: Error of this comparison: of both sides together where there are two.
        power: Wanted chance of finding what is there.
        question: `Superiority` (two-sided unless said), `NonInferiority` or `Equivalence`.
        looks: `OneLook`, `GroupSequential` or `AlwaysValid`.
        scale: `relative`: effects are shares of the baseline's size, which is itself estimated;
            `absolute`: effects are in the metric's unit.
        treatment: Moments of the treated where they vary otherwise than control; their mean is moved.

    Raises:
        Invalid: If there is no such method or scale, a share isn't positive, or alpha or power is no
            probability.

    Example:
        >>> from twyman.stats.power.history import known_mean
        >>> plan = Design(known_mean(10.0, 4.0), power=0.9)
        >>> plan.units(0.02)
        Sizes(arms=(8407, 8407), power=0.9000..., effect=0.2)
        >>> f"{plan.mde(2 * 8407):.4f}"
        '0.0200'
        >>> f"{plan.power_at(10_000, effect=0.02):.3f}"
        '0.705'

    See docs/explanation/power.md
    """

    control: Moments
    method: str | Method = "mean"
    shares: Sequence[float] = (0.5, 0.5)
    alpha: float = 0.05
    power: float = 0.8
    question: Question = TWO_SIDED
    looks: Looks = ONCE
    scale: str = "relative"
    treatment: Moments | None = None

    def __post_init__(self) -> None:
        """Refuse what is no plan."""
        checked_alpha(self.alpha)
        if not self.alpha < self.power < 1:
            raise Invalid(f"power {self.power} isn't between alpha and 1: give the wanted chance, such as 0.8")
        if len(self.shares) < 2 or not all(0 < share < math.inf for share in self.shares):
            raise Invalid(f"shares {list(self.shares)} are no split: give each treatment's, then control's")
        if self.scale not in ("relative", "absolute"):
            raise Invalid(f"there is no scale '{self.scale}': {nearest(self.scale, ('relative', 'absolute'))}")
        self.way.baseline(self.control)

    @property
    def way(self) -> Method:
        """The method, where it was given by name.

        Raises:
            Invalid: If there is none of that name.
        """
        if not isinstance(self.method, str):
            return self.method
        if self.method not in METHODS:
            raise Invalid(f"there is no method '{self.method}': {nearest(self.method, METHODS)}")
        return METHODS[self.method]

    @property
    def baseline(self) -> float:
        """What control is expected to be."""
        return self.way.baseline(self.control)

    def units(self, effect: float | None = None) -> Sizes | NotEstimable:
        """Return how many units find an effect with the power wanted.

        Args:
            effect: The smallest one that matters, on the plan's scale. Of non-inferiority and
                equivalence, what is taken to be true: none, where left out.

        Returns:
            Units by arm; or why no number of them suffices.

        Raises:
            Invalid: If superiority is to be shown of no effect.
        """
        shift = self._assumed(effect)
        if isinstance(shift, NotEstimable):
            return shift
        pace = self._pace(shift)
        if isinstance(pace, NotEstimable):
            return pace
        total = smallest(lambda n: self._found(self.split(n), shift), self.power, pace, least=len(self.shares))
        if total is None:
            return NotEstimable(
                Cause.OUT_OF_REACH,
                f"no number of units finds {effect or 0:.6g} with power {self.power}: plan for a larger effect",
            )
        arms = self.split(total)
        return Sizes(arms, self._found(arms, shift), shift)

    def mde(self, units: Units) -> float | NotEstimable:
        """Return the smallest effect that so many units find with the power wanted.

        On the plan's scale, and on the improving side. Of non-inferiority: the smallest true effect
        (or largest true loss) with which the margin is still shown.

        Args:
            units: Of all arms together, or of each.

        Returns:
            The effect; or why no effect is large enough.

        Raises:
            Invalid: If equivalence is to be shown, which looks for no effect.
        """
        if isinstance(self.question, Equivalence):
            raise Invalid("equivalence has no detectable effect: ask `smallest_margin`")
        scale = self._unit()
        if isinstance(scale, NotEstimable):
            return scale
        arms, sign = self.arms_of(units), self.question.improving
        away = max(sign * end for end in self.way.reach(self.control))
        low = self.question.floor(abs(self.baseline))
        found = reached(
            lambda size: self._found(arms, sign * size), self.power, low=low, step=self._step(arms), most=away
        )
        if found is None:
            return self._out_of_reach(arms)
        return sign * found / scale

    def power_at(self, units: Units, effect: float | None = None) -> float | NotEstimable:
        """Return the chance that so many units find an effect.

        Raises:
            Invalid: As in `units`.
        """
        shift = self._assumed(effect, some=False)
        return shift if isinstance(shift, NotEstimable) else self._chance(self.arms_of(units), shift)

    def smallest_margin(self, units: Units, effect: float = 0.0) -> float | NotEstimable:
        """Return the smallest margin that so many units show non-inferiority (or equivalence) within.

        Raises:
            Invalid: If the question has no margin.
        """
        question = self.question
        if not isinstance(question, NonInferiority | Equivalence):
            raise Invalid("superiority has no margin: ask `mde`")
        arms = self.arms_of(units)

        def chance(margin: float) -> float:
            found = replace(self, question=replace(question, margin=margin)).power_at(arms, effect)
            return 0.0 if isinstance(found, NotEstimable) else found

        step = self._step(arms) / (1.0 if question.absolute else abs(self.baseline) or 1.0)
        found = reached(chance, self.power, low=0.0, step=step)
        return self._out_of_reach(arms) if found is None else found

    def expected(self, units: Units, effect: float | None = None) -> Expected | NotEstimable:
        """Return the pair of means, with their variances, that the analysis of so many units is expected to read."""
        shift = self._assumed(effect, some=False)
        return shift if isinstance(shift, NotEstimable) else self._expected(self.arms_of(units), shift)

    def split(self, total: int) -> tuple[int, ...]:
        """Return each arm's units, rounded up, where all arms together have about so many."""
        whole = math.fsum(self.shares)
        return tuple(math.ceil(total * share / whole - 1e-9) for share in self.shares)

    def arms_of(self, units: Units) -> tuple[int, ...]:
        """Return each arm's units, from all of them (split by the shares, none added) or as given.

        Raises:
            Invalid: If there are not as many arms as shares.
        """
        if np.ndim(units):
            arms = tuple(int(count) for count in np.asarray(units))
            if len(arms) != len(self.shares):
                raise Invalid(f"units of {len(arms)} arms don't fit {len(self.shares)} shares: give one number each")
            return arms
        total, whole, ends = int(np.asarray(units)), math.fsum(self.shares), [0]
        for k in range(len(self.shares)):
            ends.append(round(total * math.fsum(self.shares[: k + 1]) / whole))
        return tuple(b - a for a, b in itertools.pairwise(ends))

    def _assumed(self, effect: float | None, *, some: bool = True) -> float | NotEstimable:
        """Return the effect in the metric's own unit."""
        if effect is not None and not math.isfinite(effect):
            raise Invalid(f"effect {effect} is no size: give a finite one")
        if not (effect or isinstance(self.question, NonInferiority | Equivalence)) and some:
            raise Invalid("no number of units shows an effect of zero: give the smallest effect that matters")
        scale = self._unit()
        return scale if isinstance(scale, NotEstimable) else (effect or 0.0) * scale

    def _unit(self) -> float | NotEstimable:
        if self.scale == "absolute":
            return 1.0
        size = abs(self.baseline)
        if size:
            return size
        return NotEstimable(
            Cause.BASELINE_ZERO, "the baseline is zero, and nothing can be a share of it: plan an absolute effect"
        )

    def _step(self, arms: tuple[int, ...]) -> float:
        """Return a size of effect some standard errors large, to start searching from."""
        expected = self._expected(arms, 0.0)
        if isinstance(expected, NotEstimable):
            return abs(self.baseline) * 1e-3 or 1e-3
        return 3 * expected.real.contrast().se

    def _pace(self, shift: float) -> float | NotEstimable:
        """Return about how many units are needed, by the precision of very many."""
        gap = self.question.gap(shift, abs(self.baseline))
        if gap <= 0:
            return NotEstimable(
                Cause.OUT_OF_REACH,
                "what is taken to be true lies beyond the margin: no number of units shows otherwise",
            )
        expected = self._expected(self.split(ENOUGH), shift)
        if isinstance(expected, NotEstimable):
            return expected
        reach = -float(ndtri(self.alpha / 2)) + float(ndtri(self.power))
        return ENOUGH * (reach * expected.real.contrast().se / gap) ** 2

    def _expected(self, arms: tuple[int, ...], shift: float) -> Expected | NotEstimable:
        pair = min(arms[:-1]), arms[-1]
        return self.way.expected(self.control, self.treatment or self.control, pair, shift)

    def _chance(self, arms: tuple[int, ...], shift: float) -> float | NotEstimable:
        expected = self._expected(arms, shift)
        if isinstance(expected, NotEstimable):
            return expected
        return self.question.chance(expected, looks=self.looks, alpha=self.alpha)

    def _found(self, arms: tuple[int, ...], shift: float) -> float:
        """Return the chance of finding the effect, none where the comparison can't be made."""
        chance = self._chance(arms, shift)
        return 0.0 if isinstance(chance, NotEstimable) else chance

    def _out_of_reach(self, arms: tuple[int, ...]) -> NotEstimable:
        return NotEstimable(
            Cause.OUT_OF_REACH,
            f"nothing is found by {sum(arms)} units with power {self.power}, however large: plan for more units",
        )
