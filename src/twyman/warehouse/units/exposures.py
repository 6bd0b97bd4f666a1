"""Who met which arm, and when: rows of exposures, the units that met an arm, and where their windows begin.

`first_exposure` is what everything else stands on: one row a unit that counts, with its arm, the moment of its
first exposure, and the edges of windows around it. `analysed` says who of those that met an arm counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from sqlglot import exp

from twyman.app.ports import Question
from twyman.kernel.errors import Invalid, nearest
from twyman.kernel.time import DAY, duration_text
from twyman.metrics.source import ExposureSource, Grain
from twyman.warehouse.engine import Engine
from twyman.warehouse.language.syntax import (
    alias,
    both,
    call,
    column,
    later,
    select,
    table,
    text,
)
from twyman.warehouse.model import EXPOSURE_ROWS
from twyman.warehouse.sources.relation import EARLIEST, LATEST, Bounds
from twyman.warehouse.sources.rows import Asked, Rows, as_text, grain_of, opened, refuse_nested
from twyman.warehouse.sources.times import Time, day, days_later, midnight
from twyman.warehouse.units.entering import MET, Entering, arm_number

ROWS, EXPOSED, FIRST = EXPOSURE_ROWS, "exposed_units", "first_exposure"
"""Rows of the experiment; units in one arm only, where not all of them are analysed; the units that count."""
EXPOSED_AT, TRIGGERED_AT = "exposed_at", "triggered_at"
"""A unit's first exposure, which what was known of it comes before; its first trigger, from which windows run."""


@dataclass(frozen=True, slots=True)
class Exposures:
    """An experiment's exposures, opened.

    Attributes:
        id_kind: Type of the unit's id.
        grain: Whether exposures are known to the day only.
        edges: Where windows of facts begin and end, computed once a unit.
    """

    question: Question
    source: ExposureSource
    rows: Rows
    time: Time
    id_kind: str
    grain: Grain
    edges: dict[str, exp.Expr] = field(default_factory=dict[str, exp.Expr])

    def edge(self, base: str, length: timedelta, *, before: bool = False) -> exp.Expr:
        """Return the column that holds the instant so long after a unit's entry, or before its exposure.

        Args:
            base: `exposed_at`, or `exposed_day`, its midnight.
            length: Negative for before.
            before: Whether it ends what lies before exposure; without a trigger that is the same instant.
        """
        anchor = EXPOSED_AT if before or length < timedelta() else self.entry
        if base == "exposed_day" and (self.grain is Grain.INSTANT or anchor == TRIGGERED_AT):
            moment, anchor = anchor, f"{anchor.removesuffix('_at')}_day"
            self.edges[anchor] = midnight(column(moment), self.question.zone)
        if not length:
            return column(anchor, FIRST)
        side = "after" if length > timedelta() else "before"
        whole = not length % timedelta(seconds=1)
        long = duration_text(abs(length)) if whole else f"{abs(length).total_seconds()}s"
        title = f"{long} {side}{' day' if anchor in self.edges else ''}"
        start = self.edges.get(anchor, column(anchor))
        if base == "exposed_day" and self.question.zone != "UTC" and not length % DAY:
            title = f"{title} by date"
            self.edges[title] = days_later(start, length, self.question.zone)
        else:
            self.edges[title] = later(start.copy(), length)
        return column(title, FIRST)

    @property
    def entry(self) -> str:
        """Column of the moment from which a unit is analysed."""
        return TRIGGERED_AT if self.question.experiment.trigger else EXPOSED_AT

    @property
    def clustered(self) -> bool:
        """Whether several units were drawn together."""
        return bool(self.question.experiment.randomised_by)

    @property
    def restricted(self) -> bool:
        """Whether criteria say who of the exposed is analysed."""
        return bool(self.question.experiment.exclude or self.question.experiment.population)

    @property
    def known(self) -> str:
        """The part whose units have their attributes frozen."""
        return EXPOSED if self.restricted else FIRST

    @property
    def key(self) -> str:
        """What the data call the experiment."""
        return self.question.experiment.key or self.question.experiment.name


def id_columns(question: Question, entities: dict[str, str]) -> tuple[str, ...]:
    """Return the columns whose ids are text by declaration, and must not be read as numbers."""
    declared = question.catalogue.entities
    return tuple(named for entity, named in entities.items() if declared.get(entity) == "string")


def entity_column(question: Question, rows: Rows, entities: Mapping[str, str]) -> exp.Expr:
    """Return the column that holds the id of the experiment's entity.

    Raises:
        Invalid: If the source holds no id of the experiment's entity.
    """
    entity = question.experiment.entity
    if not entity and len(entities) == 1:
        entity = next(iter(entities))
    if entity not in entities:
        raise Invalid(
            f"source '{rows.name}' has no id of entity '{entity}', which the experiment analyses: "
            f"{nearest(entity, entities)} there",
            place=rows.origin.at("entities"),
        )
    return id_column(rows, entities, entity)


def id_column(rows: Rows, entities: Mapping[str, str], entity: str) -> exp.Expr:
    """Return the column that holds an entity's id.

    Raises:
        Invalid: If an id there is more than one value.
    """
    path = f"entities.{entity}"
    unit, place = rows.column(entities[entity], path), rows.origin.at(path)
    refuse_nested(rows.kind(unit, place), f"id '{entities[entity]}' of '{rows.name}'", place)
    return unit


def opened_exposures(engine: Engine, question: Question) -> Exposures:
    """Open the source of an experiment's exposures.

    Raises:
        NotFound: If its table isn't there.
        Invalid: If a column isn't, or tells no time.
    """
    experiment = question.experiment
    source = question.catalogue.source(experiment.source, ExposureSource, place=experiment.origin.at("exposures"))
    asked = Asked(
        name=source.name,
        relation=source.relation,
        origin=source.origin,
        formats=source.formats,
        times={source.timestamp.column: "timestamp"},
        ids=id_columns(question, dict(source.entities)),
    )
    rows = standing(opened(engine, asked, zone=question.zone, bounds=_bounds(question)))
    unit = entity_column(question, rows, dict(source.entities))
    time = rows.time(source.timestamp)
    kind = rows.kind(unit, source.origin.at("entities"))
    return Exposures(question, source, rows, time, kind, grain_of(source.timestamp, time))


def standing(rows: Rows) -> Rows:
    """Return the rows of a copy of a source, where one stands in for it."""
    instead = rows.engine.standing_in.get(rows.name)
    return rows if instead is None else replace(rows, item=instead)


def _bounds(question: Question) -> Bounds:
    experiment, slack = question.experiment, DAY if question.zone != "UTC" else 0 * DAY
    ends = [moment for moment in (experiment.enrol_until, question.cutoff and question.cutoff.events) if moment]
    start = experiment.enrol_from.replace(tzinfo=None) - slack if experiment.enrol_from else EARLIEST
    return Bounds(start, min(ends).replace(tzinfo=None) + slack if ends else LATEST)


def exposure_parts(exposures: Exposures, met: str = MET) -> list[tuple[str, exp.Query, str]]:
    """Return the parts from rows of exposures to what each unit met.

    Args:
        exposures: The exposures.
        met: What the last part is called.
    """
    names = ", ".join(f"{index} {arm.name}" for index, arm in enumerate(exposures.question.experiment.arms))
    return [
        (ROWS, _row_query(exposures), f"Exposures of {exposures.key}. Arms: {names}."),
        (
            met,
            entering(exposures).met(ROWS, *_entry(exposures, entering(exposures))),
            "What each unit met; exposures that count lie in the enrolment and before the cut-off.",
        ),
    ]


def first_part(exposures: Exposures, source: str, condition: exp.Expr, comment: str) -> tuple[str, exp.Query, str]:
    """Return the part that holds the units that count.

    Args:
        exposures: The exposures.
        source: The part that holds them and others.
        condition: What tells them apart.
        comment: Who they are.
    """
    held = [column(name) for name in ("unit", "arm", *carried(exposures))]
    query = select(*held, *([column(TRIGGERED_AT)] if exposures.entry == TRIGGERED_AT else []))
    query = query.select(alias(day(column(exposures.entry), exposures.question.zone), "exposed_on"))
    query = query.select(*(alias(value, title) for title, value in exposures.edges.items()))
    return FIRST, query.from_(table(source)).where(condition), comment


def carried(exposures: Exposures) -> tuple[str, ...]:
    """Return what is known of each unit beside its id and arm, from its exposures on."""
    return (EXPOSED_AT, "cluster") if exposures.question.experiment.randomised_by else (EXPOSED_AT,)


def in_one_arm(exposures: Exposures) -> exp.Expr:
    """Return the condition that a unit met one arm only, and whoever was drawn with it the same."""
    # A unit none of whose rows count has no arm, and so hasn't crossed: the conditions are null-safe.
    one = exp.Not(this=column("crossed"))
    if not exposures.question.experiment.randomised_by:
        return one
    return exp.and_(one, exp.Not(this=exp.Is(this=column("cluster"), expression=exp.null())))


def _exposed_at(exposures: Exposures) -> exp.Expr:
    if exposures.grain is Grain.DAY and exposures.time.clock != "day":
        return midnight(exposures.time.utc, exposures.question.zone)
    return exposures.time.utc.copy()


def _row_query(exposures: Exposures) -> exp.Select:
    source, rows, experiment = exposures.source, exposures.rows, exposures.question.experiment
    arm_text = rows.label(source.arm, "arm")
    unit = entity_column(exposures.question, rows, dict(source.entities))
    projections = [
        alias(unit, "unit"),
        alias(arm_text, "arm_value"),
        alias(arm_number(arm_text, experiment), "arm"),
        alias(_exposed_at(exposures), EXPOSED_AT),
    ]
    if experiment.randomised_by in source.entities:
        cluster = id_column(rows, source.entities, experiment.randomised_by)
        kind = rows.kind(cluster, source.origin.at("entities"))
        projections.append(alias(as_text(cluster, kind), "cluster"))
    if source.where:
        kept = exp.Coalesce(
            this=rows.condition(source.where, "where", rows.arm_at_hand(source.arm)), expressions=[exp.false()]
        )
        projections.append(alias(exp.Not(this=kept) if exposures.question.left_out else kept, "kept"))
    if (inside := _inside(exposures)) is not None:
        projections.append(alias(exp.Coalesce(this=inside, expressions=[exp.false()]), "inside"))
    query = rows.from_(select(*projections))
    if source.experiment:
        key = rows.column(source.experiment, "experiment")
        key = as_text(key, rows.kind(key, source.origin.at("experiment")))
        query = query.where(exp.EQ(this=key, expression=text(exposures.key)))
    return query


def _inside(exposures: Exposures) -> exp.Expr | None:
    experiment, cutoff, time = exposures.question.experiment, exposures.question.cutoff, exposures.time
    return both(
        time.since(experiment.enrol_from) if experiment.enrol_from else None,
        time.before(experiment.enrol_until) if experiment.enrol_until else None,
        time.before(cutoff.events) if cutoff else None,
    )


def entering(exposures: Exposures) -> Entering:
    """Return how rows of these exposures become units."""
    experiment = exposures.question.experiment
    return Entering(
        arms=len(experiment.arms),
        kept=exposures.source.where is not None,
        inside=_inside(exposures) is not None,
        together=bool(experiment.randomised_by),
    )


def _entry(exposures: Exposures, entry: Entering) -> list[exp.Expr]:
    moment = column(EXPOSED_AT)
    found = [alias(entry.entered(call("min", moment)), EXPOSED_AT), alias(entry.first_arm(moment), "arm")]
    if exposures.question.experiment.randomised_by in exposures.source.entities:
        named = call("by_bytes", column("cluster"))
        found.append(alias(entry.entered(call("first_by", named, moment.copy())), "cluster"))
        found.append(alias(entry.entered(call("min", column("cluster"))), "lowest_cluster"))
        found.append(alias(entry.entered(call("max", column("cluster"))), "highest_cluster"))
    return found


def exposure_rows(exposures: Exposures) -> tuple[exp.Select, exp.Expr | None]:
    """Return the experiment's rows of exposures, and the condition that a row counts."""
    present = [exp.Not(this=exp.Is(this=column(name), expression=exp.null())) for name in ("arm", "unit")]
    return _row_query(exposures), both(*present, entering(exposures).counts)
