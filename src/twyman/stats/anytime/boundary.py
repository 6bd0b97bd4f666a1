"""What is fixed before the data: how a bound on the statistic moves while they accumulate.

At a look a `Boundary` turns a comparison and its number of units into a bound on the statistic, and a
statistic into an always-valid p-value. The two are inverse to each other: the bound for alpha is crossed
exactly where the p-value is at most alpha.
"""

import math
from dataclasses import dataclass
from typing import Protocol

from scipy.special import log_ndtr

from twyman.kernel.errors import Invalid
from twyman.stats.anytime.mixture import critical_values, log_e_values, rate_for
from twyman.stats.estimate import Contrast, checked_alpha
from twyman.stats.roots import crossing
from twyman.stats.tails import critical_value, log_upper_tail, normal_score, upper_tail

FARTHEST = 36.0
"""Scores beyond this have tails that are hardly floats: `nominal_alpha` is 0 there."""


class Boundary(Protocol):
    """What was fixed before the data: how a bound moves as they accumulate."""

    @property
    def name(self) -> str:
        """How the method is named in results."""
        ...

    def critical(self, contrast: Contrast, units: int, alpha: float, sides: int = 2) -> float:
        """Return the radius in standard errors: the bound on the statistic, by the contrast's own df."""
        ...

    def log_p(self, contrast: Contrast, units: int, sides: int = 2) -> float:
        """Return the natural logarithm of the p-value against zero; with one side, against zero or less."""
        ...


@dataclass(frozen=True, slots=True)
class Asymptotic:
    """The asymptotic confidence sequence of Waudby-Smith and others, tuned at a planned number of units.

    Holds for means of independent units from some hundred an arm (and ten conversions) on: don't look
    before. The variance a unit may change over time, as it does under covariate adjustment.

    Attributes:
        rate: Variance of the mixture, a unit, in squared standard deviations (`rho²`). Fix it before
            the data: `Asymptotic.tuned_for` gives the one that suits a number of units.

    Example:
        >>> plan = Asymptotic.tuned_for(20_000)
        >>> f"{plan.critical(Contrast(1.2, 0.4, None), 5_000, 0.05):.3f}"
        '3.264'

    References:
        Waudby-Smith, I., Arbour, D., Sinha, R., Kennedy, E. H. and Ramdas, A. (2024). Time-uniform central
        limit theory and asymptotic confidence sequences. Annals of Statistics 52.

    See docs/explanation/always-valid.md
    """

    rate: float

    def __post_init__(self) -> None:
        """Refuse a rate that isn't positive."""
        _positive(self.rate, "rate")

    @classmethod
    def tuned_for(cls, units: float, *, alpha: float = 0.05, sides: int = 2) -> "Asymptotic":
        """Return the sequence that is about narrowest at a number of units of all arms together."""
        return cls(rate_for(units, alpha=alpha, sides=sides))

    @property
    def name(self) -> str:
        """How the method is named in results."""
        return "asymptotic confidence sequence"

    def weight(self, units: float) -> float:
        """Return the mixture's variance in squared standard errors, at a number of units."""
        return self.rate * units

    def critical(self, contrast: Contrast, units: int, alpha: float, sides: int = 2) -> float:
        """Return the radius in standard errors."""
        return _statistic(float(critical_values(self.weight(units), alpha=alpha, sides=sides)), contrast.df)

    def log_e(self, contrast: Contrast, units: int, sides: int = 2) -> float:
        """Return the natural logarithm of the e-value against zero."""
        score = normal_score(contrast.statistic, contrast.df)
        return float(log_e_values(score, self.weight(units), sides=sides))

    def log_p(self, contrast: Contrast, units: int, sides: int = 2) -> float:
        """Return the natural logarithm of the p-value against zero."""
        return min(0.0, -self.log_e(contrast, units, sides))


@dataclass(frozen=True, slots=True)
class MixtureSprt:
    """The mixture sequential probability ratio test: effects are mixed by N(0, `tau`²).

    The asymptotic confidence sequence with the mixture given in the metric's own unit; the same where
    `tau`² is `rate` times units times the squared standard error.

    Attributes:
        tau: Standard deviation of plausible effects, fixed before the data.

    Example:
        >>> test = MixtureSprt(0.5)
        >>> f"{math.exp(-test.log_p(Contrast(1.2, 0.3, None), 0)):.2f}"
        '184.53'

    References:
        Johari, R., Koomen, P., Pekelis, L. and Walsh, D. (2022). Always valid inference: continuous
        monitoring of A/B tests. Operations Research 70.

    See docs/explanation/always-valid.md
    """

    tau: float

    def __post_init__(self) -> None:
        """Refuse a standard deviation that isn't positive."""
        _positive(self.tau, "standard deviation of effects")

    @property
    def name(self) -> str:
        """How the method is named in results."""
        return "mixture sequential probability ratio test"

    def weight(self, se: float) -> float:
        """Return the mixture's variance in squared standard errors."""
        return (self.tau / se) ** 2

    def log_e(self, contrast: Contrast, sides: int = 2) -> float:
        """Return the natural logarithm of the mixture likelihood ratio against zero."""
        score = normal_score(contrast.statistic, contrast.df)
        return float(log_e_values(score, self.weight(contrast.se), sides=sides))

    def critical(self, contrast: Contrast, units: int, alpha: float, sides: int = 2) -> float:  # noqa: ARG002 - by the protocol
        """Return the radius in standard errors."""
        return _statistic(float(critical_values(self.weight(contrast.se), alpha=alpha, sides=sides)), contrast.df)

    def log_p(self, contrast: Contrast, units: int, sides: int = 2) -> float:  # noqa: ARG002 - by the protocol
        """Return the natural logarithm of the p-value against zero."""
        return min(0.0, -self.log_e(contrast, sides))


def nominal_alpha(boundary: Boundary, contrast: Contrast, units: int, *, alpha: float = 0.05, sides: int = 2) -> float:
    """Return the fixed-horizon alpha whose tests and intervals are this look's always-valid ones.

    What takes a pair and an alpha (`lift.absolute`, `lift.relative`, margins) becomes always valid by
    taking this alpha instead; only its p-value stays that of a single look.

    Args:
        boundary: What was fixed before the data.
        contrast: Any comparison of the pair; its `df` counts, and for the mixture test its `se`.
        units: Of both arms together.
        alpha: Error over all looks.
        sides: With 1, only one end of the intervals so made is meant.

    Returns:
        Twice the tail beyond the bound; 0 at looks so early that the bound is beyond all data.

    Raises:
        Invalid: If alpha is no probability.

    Example:
        >>> f"{nominal_alpha(Asymptotic.tuned_for(1_000), Contrast(1.0, 0.5, None), 1_000):.5f}"
        '0.00240'

    See docs/explanation/always-valid.md
    """
    checked_alpha(alpha)
    bound = boundary.critical(contrast, units, alpha, sides)
    tail = 0.0 if math.isinf(bound) else 2 * upper_tail(bound, contrast.df)
    return tail if tail > 2 * upper_tail(FARTHEST) else 0.0


def _statistic(score: float, df: float | None) -> float:
    """Return the statistic with the tail probability of a normal score, however far out."""
    if df is None or not score or math.isinf(score):
        return score
    if score < FARTHEST:
        return critical_value(upper_tail(score), df)
    wanted = float(log_ndtr(-score))

    def excess(log_size: float) -> float:
        return log_upper_tail(math.exp(log_size), df) - wanted

    return math.exp(crossing(excess, 0.0, 690.0)) if excess(690.0) < 0 else math.inf


def _positive(value: float, what: str) -> None:
    if not 0 < value < math.inf:
        raise Invalid(f"{what} {value}: fix a positive number before the data, such as the one `tuned_for` gives")
