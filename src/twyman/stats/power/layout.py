"""Plans whose units fall into cells: strata compared within, or the cells of two crossed experiments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import NotEstimable
from twyman.stats.interactions.grid import grid
from twyman.stats.interactions.modification import interaction
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair
from twyman.stats.power.method import OWN, Compared, Expected, at_units, moved
from twyman.stats.strata import post_stratified

MEANS = Compared()


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossed:
    """How much the effect differs between those who have another experiment's treatment and those who don't.

    Four times the units of a main effect of the same size, as `interaction.interaction` will tell. It has
    no baseline of its own: margins must be absolute.

    Attributes:
        share: Share of units that have the other treatment.
        of: What is compared; its `test` is `welch`, or `wald` for normal quantiles.

    Raises:
        Invalid: If share isn't strictly between 0 and 1.
    """

    share: float = 0.5
    of: Compared = MEANS

    def __post_init__(self) -> None:
        """Refuse a share that leaves cells empty."""
        if not 0 < self.share < 1:
            raise Invalid(f"share {self.share} leaves no one to compare with: give one between 0 and 1")

    def baseline(self, control: Moments) -> float:
        """Return the mean of control, which relative effects are shares of."""
        return self.of.baseline(control)

    def reach(self, control: Moments) -> tuple[float, float]:
        """Return how far an interaction can go."""
        return self.of.reach(control)

    def expected(
        self, control: Moments, treatment: Moments, units: tuple[int, int], effect: float
    ) -> Expected | NotEstimable:
        """Return the interaction as a pair: itself, against nothing."""
        both = round(units[0] * self.share), round(units[1] * self.share)
        alone = units[0] - both[0], units[1] - both[1]
        inner = self.of.arms(control, treatment, both, effect)
        outer = self.of.arms(control, treatment, alone, 0.0)
        if isinstance(inner, NotEstimable):
            return inner
        if isinstance(outer, NotEstimable):
            return outer
        own = OWN[self.of.kind]
        cells = grid([[outer[1], inner[1]], [outer[0], inner[0]]], own=own, covariates=control.means.size > own)
        answer = interaction(cells, df="normal" if self.of.test == "wald" else "satterthwaite")
        if isinstance(answer, NotEstimable):
            return answer
        contrast = answer.contrasts[0][0]
        pair = Pair(
            treatment=contrast.estimate,
            control=0.0,
            treatment_variance=contrast.se**2,
            control_variance=0.0,
            df=contrast.df,
            treatment_units=units[0],
            control_units=units[1],
            method="interaction",
        )
        return Expected(pair, pair)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stratified:
    """Means or ratios compared within strata, as `strata.post_stratified` will.

    Every stratum's effect is the same, in the metric's unit. A proportion is planned as a mean.

    Attributes:
        strata: Moments of historical units by stratum, which add up to those of the plan.
        ratio: Whether the metric's own columns are numerator and denominator.
        theta: Slopes of covariates, as in `covariates.adjusted`.
        test: `welch` or `wald`.

    Raises:
        Invalid: If there is no stratum.
    """

    strata: Mapping[str, Moments]
    ratio: bool = False
    theta: str = "per_arm"
    test: str = "welch"

    def __post_init__(self) -> None:
        """Refuse no strata."""
        if not any(cell.count for cell in self.strata.values()):
            raise Invalid("there are no units in any stratum: give moments by stratum")

    def baseline(self, control: Moments) -> float:
        """Return the mean or ratio of control."""
        return Compared(kind="ratio" if self.ratio else "mean").baseline(control)

    def reach(self, control: Moments) -> tuple[float, float]:
        """Return how far an effect can go."""
        return MEANS.reach(control)

    def expected(
        self,
        control: Moments,  # noqa: ARG002 - strata have moments of their own
        treatment: Moments,  # noqa: ARG002
        units: tuple[int, int],
        effect: float,
    ) -> Expected | NotEstimable:
        """Return the stratified pair that is expected."""
        own = 2 if self.ratio else 1
        names, cells = list(self.strata), list(self.strata.values())
        by_arm = [_apportioned(count, [cell.count for cell in cells]) for count in units]
        arms = [
            {name: at_units(cell, n) for name, cell, n in zip(names, cells, counts, strict=True)} for counts in by_arm
        ]
        treated = {name: _raised(cell, effect, own) for name, cell in arms[0].items()}
        answer = post_stratified(treated, arms[1], own=own, theta=self.theta, test=self.test)
        return answer if isinstance(answer, NotEstimable) else Expected(answer.pair, answer.pair)


def _raised(cell: Moments, effect: float, own: int) -> Moments:
    level = float(cell.means[0] / cell.means[1]) if own == 2 and cell.means[1] else float(cell.means[0])
    return moved(cell, level + effect, own=own)


def _apportioned(units: int, sizes: Sequence[int]) -> list[int]:
    """Return whole numbers of units by stratum, in proportion to their sizes, none added or lost."""
    whole, before, ends = sum(sizes), 0, [0]
    for size in sizes:
        before += size
        ends.append(round(units * before / whole))
    return [b - a for a, b in pairwise(ends)]
