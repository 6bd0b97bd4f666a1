"""What was fixed at launch: error rates, how many units, when to look, which conventions.

A look spends error by this plan, or is bounded by what it was tuned for, so a plan may not change
once somebody has looked.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class SpendingFamily(StrEnum):
    """How error is spent over information."""

    POWER = "power"
    OBRIEN_FLEMING = "obrien-fleming"
    POCOCK = "pocock"


@dataclass(frozen=True, slots=True)
class Spending:
    """A spending family, and its exponent where it has one (`power-2`)."""

    family: SpendingFamily = SpendingFamily.POWER
    exponent: float = 2.0


@dataclass(frozen=True, slots=True)
class AlwaysValid:
    """Bounds that hold at any look: nothing is spent, and no end is needed.

    Attributes:
        tuned_for: Units over all arms at which the bounds are about lowest.
    """

    tuned_for: int


class Test(StrEnum):
    """The convention of a test and its interval."""

    __test__ = False  # not for pytest

    WELCH = "welch"
    WALD = "wald"
    SCORE = "score"


class Lift(StrEnum):
    """The convention of a relative interval."""

    FIELLER = "fieller"
    DELTA = "delta"
    LOG = "log"


class Results(StrEnum):
    """Whether effects are shown at every look, or hidden until the end."""

    CONTINUOUS = "continuous"
    AT_END = "at_end"


@dataclass(frozen=True, slots=True)
class Looks:
    """When to look: every so often from the start of enrolment, or on given dates.

    Attributes:
        every: Time between looks; `None` where dates are given.
        at: The cut-offs, in order.
    """

    every: timedelta | None = timedelta(days=7)
    at: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The analysis as it was fixed at launch.

    Attributes:
        alpha: Two-sided for success metrics, one-sided for guardrails.
        power: Wanted for each success metric's `mde`.
        units: Planned units over all arms: full information. `None`: by `mde` and power, where given.
        spending: How error is spent over looks, or that bounds hold at any; `None`: one look, at the end.
        looks: When.
        test: Convention of tests and intervals.
        lift: Convention of relative intervals.
        alpha_deterioration: Total chance of calling a harmless change harmful, split over metrics.
        results: Whether effects are hidden until the end.
    """

    alpha: float = 0.05
    power: float = 0.8
    units: int | None = None
    spending: Spending | AlwaysValid | None = None
    looks: Looks = Looks()
    test: Test = Test.WELCH
    lift: Lift = Lift.FIELLER
    alpha_deterioration: float = 0.01
    results: Results = Results.CONTINUOUS

    @property
    def always_valid(self) -> bool:
        """Whether its bounds hold at any look, so that it has an end only where one is dated."""
        return isinstance(self.spending, AlwaysValid)
