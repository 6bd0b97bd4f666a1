"""How long a plan takes: units as they come in, day by day, and what they can show by then.

Units come slower than calendars suggest: those who come back are no new ones. And a metric that
accumulates varies more, the longer its window. So history is asked twice: how many distinct units had
come by a day, and what their moments were by then.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.moments import Moments
from twyman.stats.power.design import Design


@dataclass(frozen=True, slots=True, eq=False)
class Intake:
    """Distinct units that will have come by the end of each day, all arms together.

    Attributes:
        units: By day, counted from the first; never falling.
        moments: Of control over windows of that many days; those of the plan throughout, where `None`.

    Raises:
        Invalid: If there is no day, units fall, or moments are of other days.

    Example:
        >>> Intake.daily([100, 50, 50]).units
        (100, 150, 200)
    """

    units: tuple[float, ...]
    moments: tuple[Moments, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse a curve that isn't one."""
        falls = any(later < before for before, later in zip((0.0, *self.units), self.units, strict=False))
        if not self.units or falls:
            raise Invalid("an intake falls or has no day: give distinct units by the end of each day, all days so far")
        if self.moments is not None and len(self.moments) != len(self.units):
            raise Invalid(
                f"moments of {len(self.moments)} days don't fit {len(self.units)} days of units: give both by day"
            )

    @classmethod
    def daily(cls, new: Sequence[float], moments: Sequence[Moments] | None = None) -> "Intake":
        """Return the intake of so many new units each day."""
        return cls(tuple(accumulate(new)), None if moments is None else tuple(moments))

    @classmethod
    def steady(cls, a_day: float, days: int) -> "Intake":
        """Return the intake of as many new units each day."""
        return cls.daily([a_day] * days)

    @property
    def days(self) -> int:
        """How far the curve goes."""
        return len(self.units)


@dataclass(frozen=True, slots=True)
class Horizon:
    """What a plan can see by the end of a day.

    Attributes:
        day: Counted from 1.
        units: By then, of all arms.
        mde: Smallest effect found with the power wanted, on the plan's scale; or why there is none.
    """

    day: int
    units: int
    mde: float | NotEstimable


@dataclass(frozen=True, slots=True)
class Duration:
    """How long it takes to find an effect.

    Attributes:
        days: The first day by whose end the power is reached.
        arms: Units of each arm by then.
        power: The chance by then.
    """

    days: int
    arms: tuple[int, ...]
    power: float


def duration(plan: Design, intake: Intake, effect: float | None = None) -> Duration | NotEstimable:
    """Return how many days find an effect with the power wanted.

    Args:
        plan: The design.
        intake: Units by day.
        effect: As in `Design.units`.

    Returns:
        The first such day; or why not: no number of units would do, or the curve ends before.

    Raises:
        Invalid: As in `Design.units`.

    Example:
        >>> from twyman.stats.power.history import known_proportion
        >>> plan = Design(known_proportion(0.2), method="proportion")
        >>> duration(plan, Intake.steady(2_000, days=60), effect=0.05)
        Duration(days=26, arms=(26000, 26000), power=0.806...)

    See docs/explanation/power.md
    """
    needed = plan.units(effect)
    if isinstance(needed, NotEstimable) and intake.moments is None:
        return needed
    for day in range(intake.days):
        by_then, arms = plan_by(plan, intake, day), plan.arms_of(int(intake.units[day]))
        chance = by_then.power_at(arms, effect)
        if not isinstance(chance, NotEstimable) and chance >= plan.power:
            return Duration(day + 1, arms, chance)
    wanted = "" if isinstance(needed, NotEstimable) else f" of some {needed.total}"
    return NotEstimable(
        Cause.OUT_OF_REACH,
        f"by the end of day {intake.days}, {int(intake.units[-1])} units{wanted} needed have come: "
        "plan longer, for more traffic, or for a larger effect",
    )


def horizons(plan: Design, intake: Intake, *, every: int = 7) -> tuple[Horizon, ...]:
    """Return the smallest effect that can be found by the end of each week (or other number of days).

    Example:
        >>> from twyman.stats.power.history import known_mean
        >>> table = horizons(Design(known_mean(10.0, 4.0)), Intake.steady(1_000, days=21))
        >>> [(row.day, f"{row.mde:.2%}") for row in table]
        [(7, '2.68%'), (14, '1.89%'), (21, '1.55%')]

    Raises:
        Invalid: If `every` isn't positive.

    See docs/explanation/power.md
    """
    if every < 1:
        raise Invalid(f"every {every} days is never: give a whole number of days, such as 7")
    return tuple(
        Horizon(day + 1, int(intake.units[day]), plan_by(plan, intake, day).mde(int(intake.units[day])))
        for day in range(every - 1, intake.days, every)
    )


def plan_by(plan: Design, intake: Intake, day: int) -> Design:
    """Return the plan with the moments that a day's window has, days counted from 0.

    See docs/explanation/power.md
    """
    return plan if intake.moments is None else replace(plan, control=intake.moments[day])
