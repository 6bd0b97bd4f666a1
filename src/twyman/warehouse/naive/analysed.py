"""Who of the exposed is analysed, asked of one unit after the other: the population, segments left out, a trigger."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from twyman.app.ports import Kept, Question
from twyman.experiments.population import Trigger
from twyman.metrics.source import Grain
from twyman.warehouse.naive.attributes import Attributes
from twyman.warehouse.naive.clock import day_of, midnight
from twyman.warehouse.naive.criteria import Meets, meets, opposite
from twyman.warehouse.naive.exposures import Exposed, Unit, plain
from twyman.warehouse.naive.facts import Facts
from twyman.warehouse.naive.known import refuse_unknown


def analysed(
    question: Question, found: Exposed, attributes: Attributes, triggers: Facts | None
) -> tuple[Exposed, tuple[Kept, ...]]:
    """Return the exposed who are analysed, and by step whom it kept.

    Args:
        question: What is asked.
        found: The exposed.
        attributes: What was known of them.
        triggers: The source of the trigger's facts, where there is a trigger.

    Raises:
        Unverifiable: If a criterion asks what isn't asked here.
    """
    experiment = question.experiment
    steps: list[tuple[str, str, Meets]] = []
    if experiment.population is not None:
        steps.append(("population", "", meets(experiment.population, attributes)))
    for excluded in experiment.exclude:
        steps.append(("exclude", excluded.segment, opposite(meets(excluded.when, attributes))))
    units, kept = found.units, list[Kept]()
    for kind, name, holds in steps:
        left = {key: unit for key, unit in units.items() if holds(unit)}
        kept.append(Kept(kind=kind, name=name, of=_by_arm(question, units), kept=_by_arm(question, left)))
        units = left
    if experiment.trigger is not None and triggers is not None:
        left = _triggered(question, experiment.trigger, units, triggers)
        name = triggers.source.name
        kept.append(Kept(kind="trigger", name=name, of=_by_arm(question, units), kept=_by_arm(question, left)))
        units = left
    return replace(found, units=units), tuple(kept)


def _by_arm(question: Question, units: Mapping[Any, Unit]) -> dict[str, int]:
    met = Counter(unit.arm for unit in units.values())
    return {arm.name: met[index] for index, arm in enumerate(question.experiment.arms)}


def _triggered(question: Question, trigger: Trigger, units: Mapping[Any, Unit], facts: Facts) -> dict[Any, Unit]:
    """Return the units with a trigger at or after their exposure, analysed from the first of them."""
    refuse_unknown(trigger)
    firsts = dict[Any, Any]()
    ends = [question.experiment.enrol_until, question.cutoff.events if question.cutoff else None]
    last = [end for each in ends if (end := plain(each)) is not None]
    own, fires, seen, unit_of = facts.counts(), facts.condition(trigger.where), facts.seen(), facts.unit_of()
    by_day = facts.time.grain is Grain.DAY
    for row in facts.table:
        unit, moment = unit_of(row), facts.time(row)
        if unit is None or moment is None or unit.id not in units or any(moment >= end for end in last):
            continue
        begin = midnight(unit.exposed_at, question.zone) if by_day else unit.exposed_at
        if moment < begin or not seen(row) or any(one is not None and one(row) is not True for one in (own, fires)):
            continue
        firsts[unit.id] = min(moment, firsts.get(unit.id, moment))
    entered = {key: max(first, units[key].exposed_at) for key, first in firsts.items()}
    return {
        key: replace(units[key], entry=entry, exposed_on=day_of(entry, question.zone)) for key, entry in entered.items()
    }
