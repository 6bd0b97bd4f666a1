"""What a group-sequential plan does, look by look: units, bounds, the effects they catch, and how soon it ends."""

from collections.abc import Sequence
from dataclasses import dataclass

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import NotEstimable
from twyman.stats.power.design import Design
from twyman.stats.power.looks import GroupSequential
from twyman.stats.power.question import Superiority
from twyman.stats.sequential.bounds import bounds
from twyman.stats.sequential.stopping import crossings
from twyman.stats.tails import critical_value, upper_tail


@dataclass(frozen=True, slots=True)
class Schedule:
    """Looks of a plan.

    Attributes:
        units: Of all arms, at each look.
        bounds: Critical normal deviate of each look.
        critical_effects: Smallest estimate that each look calls an effect, in the metric's unit; `None`
            where too few units have come.
        found: Chance of finding the assumed effect at each look, and at none before.
        expected_units: Units at which it ends on average, if the effect is as assumed.
        expected_units_half: The same if it is half as large.
        expected_units_none: The same if there is none.
    """

    units: tuple[int, ...]
    bounds: tuple[float, ...]
    critical_effects: tuple[float | None, ...]
    found: tuple[float, ...]
    expected_units: float
    expected_units_half: float
    expected_units_none: float


def schedule(plan: Design, arms: Sequence[int], effect: float) -> Schedule | NotEstimable:
    """Return the looks of a plan that ends with so many units.

    Args:
        plan: A superiority design with `GroupSequential` looks.
        arms: Units of each arm at the last look, as `Design.units` gives them.
        effect: The assumed one, on the plan's scale.

    Raises:
        Invalid: If the plan looks once, or asks for no effect.

    Example:
        >>> from twyman.stats.power.history import known_mean
        >>> from twyman.stats.power.looks import looks_at
        >>> plan = Design(known_mean(10.0, 4.0), looks=looks_at(4))
        >>> looks = schedule(plan, plan.units(0.02).arms, 0.02)
        >>> looks.units, round(looks.expected_units)
        ((3202, 6404, 9606, 12808), 10535)

    See docs/explanation/power.md
    """
    rule, question = plan.looks, plan.question
    if not (isinstance(rule, GroupSequential) and isinstance(question, Superiority)):
        raise Invalid("only a superiority plan with several looks has a schedule: give it `looks=looks_at(4)`, say")
    final = plan.expected(arms, effect)
    if isinstance(final, NotEstimable):
        return final
    sides, signal = question.sides, question.signal(final)
    if isinstance(signal, NotEstimable):
        return signal
    z = bounds(rule.times, rule.times, alpha=plan.alpha, spending=rule.spending, sides=sides).z
    drift = signal.normal_drift(plan.alpha / sides)
    total = sum(arms)
    units = tuple(round(time * total) for time in rule.times)

    def path(share: float) -> tuple[tuple[float, ...], float]:
        below = [-bound for bound in z] if sides == 2 else None
        ends = crossings(rule.times, z, lower=below, drift=share * drift)
        return ends.upper, ends.expected_information * total

    found, real = path(1.0)
    return Schedule(
        units,
        z,
        tuple(_critical(plan, count, bound) for count, bound in zip(units, z, strict=True)),
        found,
        real,
        path(0.5)[1],
        path(0.0)[1],
    )


def _critical(plan: Design, units: int, bound: float) -> float | None:
    expected = plan.expected(units, 0.0)
    if isinstance(expected, NotEstimable):
        return None
    contrast = expected.read.contrast()
    return float(critical_value(upper_tail(bound), contrast.df)) * contrast.se
