"""What a method answers: an `Estimate` with its interval and p-value, or why there is none.

The two never blur: where a number can't be computed the answer is a typed reason, not a
neutral-looking zero with p = 1.
"""

from dataclasses import dataclass
from enum import StrEnum

from twyman.kernel.errors import Invalid
from twyman.stats.tails import critical_value, two_sided


class Cause(StrEnum):
    """Why there is no number; stable codes for machines."""

    TOO_FEW_UNITS = "too_few_units"
    NO_VARIATION = "no_variation"
    UNBOUNDED_LIFT = "unbounded_lift"
    BASELINE_ZERO = "baseline_zero"
    NOT_POSITIVE = "not_positive"
    NO_DENOMINATOR = "no_denominator"
    NO_ERROR_SPENT = "no_error_spent"
    NO_UNITS = "no_units"
    ONE_ARM = "one_arm"
    CONSTANT = "constant"
    COLLINEAR = "collinear"
    TIED = "tied"
    TOO_EXTREME = "too_extreme"
    NO_ONE_AT_RISK = "no_one_at_risk"
    TOO_FEW_REPLICATES = "too_few_replicates"
    NO_INTERVAL = "no_interval"
    NOT_IDENTIFIABLE = "not_identifiable"
    OUT_OF_REACH = "out_of_reach"
    STILL_RUNNING = "still_running"


@dataclass(frozen=True, slots=True)
class NotEstimable:
    """Why something can't be estimated.

    Attributes:
        code: One of `Cause`.
        text: What, why, what now.
    """

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """An effect, how sure we are of it, and how that was computed.

    The interval excludes no effect exactly when `p_value` < 1 - `level`.

    Attributes:
        estimate: Treatment against control; positive where the treatment is higher.
        se: Standard error of the estimate.
        lower, upper: Ends of the two-sided interval.
        level: Its coverage (prints as 1.0 where 1 - alpha is closer to 1 than a float can say).
        p_value: Two-sided, against no effect.
        log10_p: Its decimal logarithm, where it is below 1e-300.
        statistic: What `p_value` was read off, with `df` degrees of freedom (`None`: normal).
        scale: "absolute" or "relative".
        method: How the two means came about, and the test or kind of interval.

    See docs/explanation/statistics.md
    """

    estimate: float
    se: float
    lower: float | None
    upper: float | None
    level: float
    p_value: float
    log10_p: float | None
    statistic: float
    df: float | None
    scale: str
    method: str


@dataclass(frozen=True, slots=True)
class Contrast:
    """A linear combination of two means, with its standard error.

    Attributes:
        df: Degrees of freedom; `None` for the normal distribution.
    """

    estimate: float
    se: float
    df: float | None

    @property
    def statistic(self) -> float:
        """Estimate over standard error."""
        return self.estimate / self.se

    def interval(self, alpha: float) -> tuple[float, float]:
        """Return the two-sided interval of coverage 1 - `alpha`."""
        reach = critical_value(checked_alpha(alpha) / 2, self.df) * self.se
        return self.estimate - reach, self.estimate + reach

    def as_estimate(self, *, alpha: float, scale: str, method: str) -> Estimate:
        """Return the estimate with interval and p-value against zero."""
        lower, upper = self.interval(alpha)
        p_value, log10_p = two_sided(self.statistic, self.df)
        return Estimate(
            estimate=self.estimate,
            se=self.se,
            lower=lower,
            upper=upper,
            level=1 - alpha,
            p_value=p_value,
            log10_p=log10_p,
            statistic=self.statistic,
            df=self.df,
            scale=scale,
            method=method,
        )


def checked_alpha(alpha: float) -> float:
    """Return an error probability, refused unless strictly between 0 and 1.

    Raises:
        Invalid: If it isn't.
    """
    if not 0 < alpha < 1:
        raise Invalid(f"alpha {alpha} is no error probability: give a number between 0 and 1, such as 0.05")
    return alpha
