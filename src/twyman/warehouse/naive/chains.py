"""Units that come through several steps: each fact of a step is tried against each one of the step before."""

from collections.abc import Callable, Sequence
from datetime import datetime

from twyman.metrics.metric import ChainValue, Step
from twyman.metrics.source import Grain
from twyman.warehouse.naive.exposures import Unit
from twyman.warehouse.naive.facts import Facts
from twyman.warehouse.naive.unverifiable import Unverifiable
from twyman.warehouse.naive.windows import NOTHING, Span

Reached = Callable[[Unit], bool]


def came_through(facts: Callable[[str], Facts], value: ChainValue, span: Span) -> Reached:
    """Return whether a unit has a chain of facts: one a step, each later than the one before and near enough to it.

    Raises:
        Unverifiable: If a step's facts know their day only, so that nothing says which came first.
    """
    asked = [facts(step.facts).times(step.where, span) for step in value.steps]
    first = facts(value.steps[0].facts)
    if any(facts(step.facts).time.grain is Grain.DAY for step in value.steps):
        raise Unverifiable("takes steps of facts that know their day only")

    def reached(unit: Unit) -> bool:
        times: Sequence[datetime] = asked[0].of(unit)
        within = value.steps[0].within
        if within is not None and span.start >= NOTHING:
            last = first.windows.edge(unit, span.start + within)
            times = [one for one in times if one < last]
        for step, one in zip(value.steps[1:], asked[1:], strict=True):
            times = _next(times, step, one.of(unit))
        return bool(times)

    return reached


def _next(before: Sequence[datetime], step: Step, facts: Sequence[datetime]) -> list[datetime]:
    """Return when the next step is reached, in every way in which it can be."""
    return [
        one
        for one in facts
        if any(other < one and (step.within is None or one < other + step.within) for other in before)
    ]
