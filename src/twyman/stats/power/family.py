"""How alpha and power are shared out, where a decision rests on several metrics and arms."""

import math
from dataclasses import dataclass

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import checked_alpha


@dataclass(frozen=True, slots=True)
class Shared:
    """What each test of a decision gets.

    Attributes:
        success_alpha: Error of each success metric's comparison, in the sides that the whole had.
        guardrail_alpha: Error of each guardrail's one-sided test.
        power: Wanted of each test, so that all that must pass do.
    """

    success_alpha: float
    guardrail_alpha: float
    power: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The tests of a decision: ship if one success metric improves and no guardrail is hurt.

    One success suffices, so they share alpha; every guardrail must pass, so none of them shares it, and
    all of them share what power leaves. Arms share alpha, as each is a chance to be wrong.

    Attributes:
        success: Number of success metrics.
        guardrails: Number of guardrails with a margin.
        arms: Number of treatments compared with control.
        deterioration_alpha: Error of the tests that can only block, in all, which costs as much power at most.

    Raises:
        Invalid: If there is nothing to test, or a number is negative.

    Example:
        >>> Family(success=2, guardrails=4).shared(alpha=0.05, power=0.8)
        Shared(success_alpha=0.025, guardrail_alpha=0.05, power=0.96)

    References:
        Schultzberg, M., Ankargren, S. and Frånberg, M. (2024). Risk-aware product decisions in A/B
        tests with multiple metrics. arXiv 2402.11609.

    See docs/explanation/power.md
    """

    success: int = 1
    guardrails: int = 0
    arms: int = 1
    deterioration_alpha: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a family without tests."""
        if min(self.success, self.guardrails) < 0 or self.success + self.guardrails < 1 or self.arms < 1:
            raise Invalid(
                f"{self.success} success metrics, {self.guardrails} guardrails and {self.arms} treatments decide "
                "nothing: give at least one metric and one treatment"
            )

    def shared(self, *, alpha: float, power: float) -> Shared:
        """Return each test's alpha and power.

        Raises:
            Invalid: If they are no probabilities, or tests that can only block leave no power.
        """
        left = 1 - power - self.deterioration_alpha
        if not (0 < power < 1 and left > 0):
            raise Invalid(
                f"power {power} and tests that block with {self.deterioration_alpha} leave nothing: ask for less power"
            )
        each = checked_alpha(alpha) / self.arms
        passes = self.guardrails + (self.success > 0)
        return Shared(each / max(self.success, 1), each, 1 - left / passes)


def best_shares(arms: int) -> tuple[float, ...]:
    """Return the shares of each treatment and, last, control that make comparisons with control most precise.

    Control serves all of them, and gets the root of their number times a treatment's share.

    Raises:
        Invalid: If there is no treatment.

    Example:
        >>> [round(share, 3) for share in best_shares(4)]
        [0.167, 0.167, 0.167, 0.167, 0.333]

    References:
        Dunnett, C. W. (1955). A multiple comparison procedure for comparing several treatments with a
        control. JASA 50.
    """
    if arms < 1:
        raise Invalid(f"{arms} treatments have nothing to compare: give one or more")
    root = math.sqrt(arms)
    return (1 / (arms + root),) * arms + (root / (arms + root),)


def all_found(power: float, metrics: int) -> float:
    """Return the power that each of several independent metrics needs, so that all their effects are found.

    Raises:
        Invalid: If power is no probability, or there is no metric.

    Example:
        >>> f"{all_found(0.8, 3):.4f}"
        '0.9283'
    """
    if not 0 < power < 1 or metrics < 1:
        raise Invalid(f"power {power} over {metrics} metrics can't be: give a probability, and a metric")
    return power ** (1 / metrics)
