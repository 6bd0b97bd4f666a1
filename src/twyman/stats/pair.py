"""Two arms' means and how they vary together: where every comparison starts.

Plain means, proportions, ratios and covariate-adjusted means all end here, so that the absolute
difference, the lift and a margin are read off the same five numbers and can't contradict each other.
"""

from dataclasses import dataclass, replace
from math import sqrt

from twyman.stats.estimate import Cause, Contrast, NotEstimable
from twyman.stats.number import N
from twyman.stats.tails import normal_score


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The means of treatment and control, and the covariance matrix of these two means.

    Attributes:
        treatment, control: The two means (adjusted ones, after an adjustment).
        treatment_variance, control_variance: Their squared standard errors.
        covariance: Between the two means; zero unless an adjustment shares covariates.
        df: Degrees of freedom of every contrast; `None` for the normal distribution. One number
            for all weights, so that absolute, relative and margin tests agree.
        treatment_units, control_units: Units behind the means.
        method: How the means came about.

    See docs/explanation/statistics.md
    """

    treatment: float
    control: float
    treatment_variance: float
    control_variance: float
    covariance: float = 0.0
    df: float | None = None
    treatment_units: int
    control_units: int
    method: str

    def contrast(self, weight: float = 1.0) -> Contrast:
        """Return treatment minus `weight` times control."""
        variance = self.treatment_variance + weight * weight * self.control_variance - 2 * weight * self.covariance
        return Contrast(self.treatment - weight * self.control, sqrt(max(variance, 0.0)), self.df)

    def score(self, weight: float = 1.0) -> float:
        """Return the contrast as a normal deviate of the same tail probability, its sign kept."""
        contrast = self.contrast(weight)
        return normal_score(contrast.statistic, contrast.df)

    def swapped(self) -> "Pair":
        """Return the pair with the roles of treatment and control exchanged."""
        return replace(
            self,
            treatment=self.control,
            control=self.treatment,
            treatment_variance=self.control_variance,
            control_variance=self.treatment_variance,
            treatment_units=self.control_units,
            control_units=self.treatment_units,
        )


def welch_df(treatment: tuple[N, N], control: tuple[N, N]) -> N:
    """Return Welch and Satterthwaite's degrees of freedom of a difference.

    Args:
        treatment: Variance of the treatment's mean, and the degrees of freedom of that variance.
        control: The same of control.

    Example:
        >>> welch_df((1.0, 10), (1.0, 10))
        20.0
    """
    (v_t, df_t), (v_c, df_c) = treatment, control
    share = v_t / (v_t + v_c)
    return 1 / (share * share / df_t + (1 - share) * (1 - share) / df_c)


def too_few(treatment: int, control: int, *, needed: int = 2) -> NotEstimable | None:
    """Return why a comparison can't be made of so few units, or `None` where it can."""
    if min(treatment, control) >= needed:
        return None
    return NotEstimable(
        Cause.TOO_FEW_UNITS,
        f"{treatment} treated and {control} control units have no measurable variance: wait for {needed} in each arm",
    )


NO_VARIATION = NotEstimable(
    Cause.NO_VARIATION,
    "no unit differs from any other of its arm, so chance can't be told from effect: check that the metric is recorded",
)
