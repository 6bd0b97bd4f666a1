"""What decides: one look, looks planned ahead, or any look at any time.

A `Certainty` says how far this look's intervals reach and what p-value a statistic has, coherently: the
interval excludes no effect exactly where the p-value is below alpha. `comparison.effect` and
`comparison.compare` read difference and lift off it.
"""

from dataclasses import dataclass
from typing import Protocol

from twyman.kernel.errors import Invalid
from twyman.stats.anytime.boundary import Boundary, nominal_alpha
from twyman.stats.anytime.evalues import p_of_log_e
from twyman.stats.estimate import Contrast, checked_alpha
from twyman.stats.pair import Pair
from twyman.stats.sequential.repeated import AtLook
from twyman.stats.tails import normal_score, two_sided, upper_tail

FARTHEST = 36.0
"""A bound beyond this many standard deviations excludes nothing that a float can say."""


class Certainty(Protocol):
    """How sure a result is."""

    @property
    def alpha(self) -> float:
        """Two-sided error that is promised, over all looks."""
        ...

    @property
    def name(self) -> str:
        """What decides, in a word or two."""
        ...

    def nominal(self, pair: Pair) -> float:
        """Return the error of the single two-sided interval that keeps the promise here; 0 where none does."""
        ...

    def p_value(self, statistic: float, pair: Pair) -> tuple[float, float | None]:
        """Return the p-value of a statistic, by the pair's df, and its decimal logarithm below 1e-300."""
        ...


@dataclass(frozen=True, slots=True)
class OneLook:
    """The data are read once.

    Attributes:
        alpha: Two-sided error of the interval.

    See docs/explanation/group-sequential.md
    """

    alpha: float = 0.05

    @property
    def name(self) -> str:
        """What decides."""
        return "one look"

    def nominal(self, pair: Pair) -> float:  # noqa: ARG002 - by the protocol
        """Return alpha."""
        return self.alpha

    def p_value(self, statistic: float, pair: Pair) -> tuple[float, float | None]:
        """Return the ordinary p-value."""
        return two_sided(statistic, pair.df)


@dataclass(frozen=True, slots=True)
class PlannedLooks:
    """The latest of several looks, at which error is spent by a plan: repeated intervals and p-values.

    Attributes:
        look: Information, times and spending up to the latest look; two sides.

    Raises:
        Invalid: If its bounds have one side.

    Example:
        >>> from twyman.stats.sequential.spending import PowerSpending
        >>> half = PlannedLooks(AtLook((0.5,), (0.5,), alpha=0.05, spending=PowerSpending(2)))
        >>> pair = Pair(treatment=3.0, control=0.0, treatment_variance=0.5, control_variance=0.5,
        ...             treatment_units=10, control_units=10, method="difference")
        >>> f"{half.nominal(pair):.4f} {half.p_value(3.0, pair)[0]:.4f}"
        '0.0125 0.0108'

    See docs/explanation/group-sequential.md
    """

    look: AtLook

    def __post_init__(self) -> None:
        """Refuse one side: an interval has two ends."""
        if self.look.sides != 2:
            raise Invalid("an interval has two ends: give a look whose bounds have 2 sides")

    @property
    def alpha(self) -> float:
        """Error over all looks."""
        return self.look.alpha

    @property
    def name(self) -> str:
        """What decides."""
        return "group sequential"

    def nominal(self, pair: Pair) -> float:  # noqa: ARG002 - by the protocol
        """Return twice the tail beyond the look's critical value."""
        critical = self.look.critical
        return 2 * upper_tail(critical) if critical < FARTHEST else 0.0

    def p_value(self, statistic: float, pair: Pair) -> tuple[float, float | None]:
        """Return the repeated p-value."""
        return self.look.p_value(normal_score(statistic, pair.df)), None


@dataclass(frozen=True, slots=True)
class AnyLook:
    """The data may be read at any time, as often as one likes, and stopped on what is seen.

    Attributes:
        boundary: What was fixed before the data, such as `Asymptotic.tuned_for(planned units)`.
        alpha: Error over all looks there may ever be.

    Example:
        >>> from twyman.stats.anytime.boundary import Asymptotic
        >>> pair = Pair(treatment=3.0, control=0.0, treatment_variance=0.5, control_variance=0.5,
        ...             treatment_units=500, control_units=500, method="difference")
        >>> always = AnyLook(Asymptotic.tuned_for(1000))
        >>> f"{always.nominal(pair):.4f} {always.p_value(3.0, pair)[0]:.3f}"
        '0.0024 0.055'

    See docs/explanation/always-valid.md
    """

    boundary: Boundary
    alpha: float = 0.05

    def __post_init__(self) -> None:
        """Refuse what is no probability."""
        checked_alpha(self.alpha)

    @property
    def name(self) -> str:
        """What decides."""
        return self.boundary.name

    def nominal(self, pair: Pair) -> float:
        """Return twice the tail beyond the boundary here."""
        return nominal_alpha(self.boundary, pair.contrast(), _units(pair), alpha=self.alpha)

    def p_value(self, statistic: float, pair: Pair) -> tuple[float, float | None]:
        """Return the always-valid p-value."""
        se = pair.contrast().se
        return p_of_log_e(-self.boundary.log_p(Contrast(statistic * se, se, pair.df), _units(pair)))


def _units(pair: Pair) -> int:
    return pair.treatment_units + pair.control_units
