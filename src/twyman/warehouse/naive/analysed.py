"""Who of the exposed is analysed, asked of one unit after the other: the population, and segments left out.

A criterion that asks about something else than plain values isn't verified, and neither is a trigger.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from twyman.app.ports import Kept, Question
from twyman.flags.targeting import All, Exists, Expression, In, Is, Not, Some, Test, Where
from twyman.warehouse.naive.attributes import Attributes
from twyman.warehouse.naive.comparing import compared
from twyman.warehouse.naive.exposures import Exposed, Unit
from twyman.warehouse.naive.unverifiable import Unverifiable

Meets = Callable[[Unit], bool]


def analysed(question: Question, found: Exposed, attributes: Attributes) -> tuple[Exposed, tuple[Kept, ...]]:
    """Return the exposed who are analysed, and by step whom it kept.

    Raises:
        Unverifiable: If a criterion asks what isn't asked here.
    """
    experiment = question.experiment
    steps: list[tuple[str, str, Meets]] = []
    if experiment.population is not None:
        steps.append(("population", "", _meets(experiment.population, attributes)))
    for excluded in experiment.exclude:
        inside = _meets(excluded.when, attributes)
        steps.append(("exclude", excluded.segment, _opposite(inside)))
    units, kept = found.units, list[Kept]()
    for kind, name, meets in steps:
        left = {key: unit for key, unit in units.items() if meets(unit)}
        kept.append(Kept(kind=kind, name=name, of=_by_arm(question, units), kept=_by_arm(question, left)))
        units = left
    return replace(found, units=units), tuple(kept)


def _by_arm(question: Question, units: Mapping[Any, Unit]) -> dict[str, int]:
    met = Counter(unit.arm for unit in units.values())
    return {arm.name: met[index] for index, arm in enumerate(question.experiment.arms)}


def _opposite(meets: Meets) -> Meets:
    return lambda unit: not meets(unit)


def _meets(when: Expression, attributes: Attributes) -> Meets:
    match when:
        case All(parts):
            every = [_meets(part, attributes) for part in parts]
            return lambda unit: all(one(unit) for one in every)
        case Some(parts):
            some = [_meets(part, attributes) for part in parts]
            return lambda unit: any(one(unit) for one in some)
        case Not(part):
            return _opposite(_meets(part, attributes))
        case Where(name, test):
            attribute, holds = attributes.attribute(name), _holds(test)
            return lambda unit: holds(attribute.of(unit))
        case _:
            raise Unverifiable(f"asks for {type(when).__name__.lower()} in a population")


def _holds(test: Test) -> Callable[[Any], bool]:
    match test:
        case Exists(there):
            return lambda value: (value is not None) == there
        case Is(wanted, False):
            return lambda value: _same(value, wanted)
        case In(several, False):
            return lambda value: any(_same(value, wanted) for wanted in several)
        case _:
            raise Unverifiable(f"tests for {type(test).__name__.lower()} in a population")


def _same(value: Any, wanted: Any) -> bool:  # noqa: ANN401 - values
    return value is None if wanted is None else compared(value, wanted) == 0
