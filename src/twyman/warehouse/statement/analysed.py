"""Who of the exposed is analysed: whoever the population takes, no segment leaves out, and a trigger reached.

What was known before exposure is asked first, the trigger last. Each step is counted by arm, so that whatever
treats arms differently shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from twyman.app.ports import Question
from twyman.experiments.population import Trigger
from twyman.warehouse.engine import Engine
from twyman.warehouse.language.syntax import alias, array, call, column, count_rows, select, table, text, when
from twyman.warehouse.model import PART, STEPS, Step
from twyman.warehouse.units.attributes import Attributes
from twyman.warehouse.units.criteria import Criteria
from twyman.warehouse.units.entering import MET
from twyman.warehouse.units.exposures import (
    EXPOSED,
    EXPOSED_AT,
    TRIGGERED_AT,
    Exposures,
    carried,
    first_part,
    in_one_arm,
)
from twyman.warehouse.units.links import Links
from twyman.warehouse.values.facts import FactTable, opened_facts

JUDGED, TRIGGERED = "judged_units", "first_trigger"
"""Exposed units, with what each step says of them; the units that reached the trigger."""


@dataclass(slots=True)
class Analysed:
    """Tells who of the exposed is analysed.

    Attributes:
        trigger: The source of the trigger's facts; `None` where there is no trigger.
        conditions: Criteria on frozen attributes, by step.
    """

    exposures: Exposures
    attributes: Attributes
    trigger: FactTable | None = None
    conditions: Mapping[Step, exp.Expr] = field(default_factory=dict[Step, exp.Expr])

    @property
    def question(self) -> Question:
        """The question asked."""
        return self.exposures.question

    @property
    def triggers(self) -> tuple[FactTable, ...]:
        """The source of the trigger's facts, where there is one."""
        return () if self.trigger is None else (self.trigger,)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps, in order."""
        made = [*self.conditions]
        if self.trigger is not None:
            made.append(Step("trigger", self.trigger.source.name))
        return tuple(made)

    def parts(self, met: str = MET) -> list[tuple[str, exp.Query, str]]:
        """Return the parts from what each unit met to the units that count."""
        if not self.steps:
            comment = "Units in one arm only, from their first exposure."
            return [first_part(self.exposures, met, in_one_arm(self.exposures), comment)]
        held = [column(name) for name in ("unit", "arm", *carried(self.exposures))]
        parts = [(EXPOSED, select(*held).from_(table(met)).where(in_one_arm(self.exposures)), "Units in one arm only.")]
        parts += self.attributes.parts if self.exposures.restricted else []
        if self.trigger is not None and (trigger := self.question.experiment.trigger) is not None:
            place = self.question.experiment.origin.at("trigger.where")
            query = self.trigger.firsts(trigger.where, EXPOSED, place)
            parts.append((TRIGGERED, query, "The first trigger at or after exposure."))
        parts.append((JUDGED, self._judged(), "What each step says of a unit that every step before it keeps."))
        last = column(_title(self.steps[-1]))
        return [*parts, first_part(self.exposures, JUDGED, last, "Units that every step keeps.")]

    def _judged(self) -> exp.Select:
        query = select(*(column(name, EXPOSED) for name in ("unit", "arm", *carried(self.exposures))))
        so_far: exp.Expr | None = None
        for step, condition in self.conditions.items():
            so_far = condition.copy() if so_far is None else exp.and_(so_far.copy(), condition.copy())
            query = query.select(alias(so_far, _title(step)))
        if self.trigger is not None:
            first, exposed = column("first_at", TRIGGERED), column(EXPOSED_AT, EXPOSED)
            # A trigger known to the day only may begin before the exposure of that day: it counts from there.
            moment = when(exp.LT(this=first, expression=exposed), exposed.copy(), first.copy())
            reached = exp.Not(this=exp.Is(this=first.copy(), expression=exp.null()))
            reached = reached if so_far is None else exp.and_(so_far.copy(), reached)
            query = query.select(alias(moment, TRIGGERED_AT), alias(reached, _title(self.steps[-1])))
        query = query.from_(table(EXPOSED))
        names = [*(one.part for one in self.attributes.tables.values())] if self.exposures.restricted else []
        for part in [*names, *([TRIGGERED] if self.trigger is not None else [])]:
            same = exp.EQ(this=column("unit", EXPOSED), expression=column("unit", part))
            query = query.join(table(part), on=same, join_type="left")
        return query

    def answers(self) -> list[exp.Query]:
        """Return the part of the answer that counts, by arm, whom each step keeps."""
        if not self.steps:
            return []
        passed = array(call("count_if", column(_title(step))) for step in self.steps)
        query = select(alias(text(STEPS), PART), column("arm"), alias(count_rows(), "units"), alias(passed, "passed"))
        return [query.from_(table(JUDGED)).group_by(column("arm"))]


def _title(step: Step) -> str:
    return f"{step.kind} {step.name}".strip()


def analysed(exposures: Exposures, attributes: Attributes, trigger: FactTable | None) -> Analysed:
    """Return who is analysed, with all criteria compiled.

    Raises:
        NotFound: If an attribute isn't there.
        Invalid: If no column can answer a criterion.
    """
    experiment = exposures.question.experiment
    conditions: dict[Step, exp.Expr] = {}
    if experiment.population is not None:
        criteria = Criteria(attributes, "the population", experiment.origin.at("population.where"))
        conditions[Step("population", "")] = criteria.condition(experiment.population)
    for excluded in experiment.exclude:
        criteria = Criteria(attributes, f"segment '{excluded.segment}'", experiment.origin.at("exclude"))
        inside = criteria.condition(excluded.when)
        conditions[Step("exclude", excluded.segment)] = exp.Not(this=exp.paren(inside, copy=False))
    return Analysed(exposures, attributes, trigger, conditions)


def opened_trigger(engine: Engine, exposures: Exposures, trigger: Trigger, links: Links) -> FactTable:
    """Open the source of a trigger's facts.

    Raises:
        NotFound: If it, or its table, isn't there.
        Invalid: If a column isn't, or tells no time.
    """
    question = exposures.question
    place = question.experiment.origin.at("trigger.facts")
    return opened_facts(engine, question, exposures, trigger.facts, place, links)
