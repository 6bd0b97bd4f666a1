"""Who entered, when, and in which arm, found by going through the rows once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from twyman.app.ports import Drawn, Question
from twyman.metrics.source import ExposureSource, Grain
from twyman.warehouse.engine import Engine
from twyman.warehouse.naive.casts import text_of
from twyman.warehouse.naive.clock import day_of, midnight
from twyman.warehouse.naive.clusters import drawn_together
from twyman.warehouse.naive.comparing import wall
from twyman.warehouse.naive.entering import Entering
from twyman.warehouse.naive.expression import Row
from twyman.warehouse.naive.known import refuse_unknown
from twyman.warehouse.naive.links import Links
from twyman.warehouse.naive.table import RowTime, Table, Wanted, entity_column, id_column, id_columns, opened


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit in one arm, from its first exposure.

    Attributes:
        exposed_at: Zoneless UTC.
        entry: From when it is analysed: its exposure, or its first trigger after that.
        exposed_on: The date of its entry in the question's zone.
        cluster: What it was drawn with, as text.
    """

    id: Any
    arm: int
    exposed_at: datetime
    entry: datetime
    exposed_on: date
    cluster: str | None = None


@dataclass(frozen=True, slots=True)
class Exposed:
    """An experiment's exposures, gone through.

    Attributes:
        kind: Type of the unit's id, in the engine's words.
        grain: How finely exposures are known.
        drawn: What was drawn, where several units were drawn together.
    """

    units: dict[Any, Unit]
    entering: Entering
    source: ExposureSource
    kind: str
    grain: Grain
    zoneless: bool
    drawn: Drawn | None = None


def exposed(engine: Engine, question: Question, links: Links) -> Exposed:
    """Go through an experiment's exposures, and leave out clusters of which several arms were met.

    Raises:
        Unverifiable: If an expression does what isn't computed here.
    """
    experiment, zone = question.experiment, question.zone
    source = question.catalogue.source(experiment.source, ExposureSource)
    refuse_unknown(source)
    wanted = Wanted(
        name=source.name,
        relation=source.relation,
        origin=source.origin,
        formats=source.formats,
        times=(source.timestamp.column,),
        ids=id_columns(question, source.entities),
    )
    table = opened(engine, wanted, zone)
    time, column = table.time(source.timestamp), id_column(question, table, source.entities)
    entering = Entering(experiment, filtered=source.where is not None)
    _enter(table, source, question, time, entering, column)
    drawn = drawn_together(question, source, entering, links) if experiment.randomised_by else None
    units = {
        unit: Unit(unit, met.arm, met.first, met.first, day_of(met.first, zone), met.cluster)
        for unit, met in entering.standing.items()
        if met.arm is not None and met.first is not None
    }
    return Exposed(units, entering, source, table.kinds[column], time.grain, time.zoneless, drawn)


def _enter(
    table: Table, source: ExposureSource, question: Question, time: RowTime, entering: Entering, column: str
) -> None:
    arm = table.expression(source.arm)
    kept = table.condition(source.where, table.with_arm(source.arm)) if source.where else None
    inside, cluster_of = _inside(question), _cluster_of(table, source, question)
    for row in table:
        if not _is_of(row, table, source, question):
            continue
        moment, label = time(row), arm(row)
        entering.row(
            row[column],
            None if label is None else text_of(label),
            kept=kept is None or kept(row) is True,
            inside=inside(moment),
            moment=_entry(moment, time, question.zone),
            cluster=cluster_of(row),
        )


def _cluster_of(table: Table, source: ExposureSource, question: Question) -> Callable[[Row], str | None]:
    by = question.experiment.randomised_by
    if by not in source.entities:
        return lambda _: None
    column = entity_column(table, source.entities, by)
    return lambda row: None if row[column] is None else text_of(row[column])


def _is_of(row: Row, table: Table, source: ExposureSource, question: Question) -> bool:
    if source.experiment is None:
        return True
    spelled = {name.lower(): name for name in table.kinds}
    key = row[spelled[source.experiment.lower()]]
    return key is not None and text_of(key) == (question.experiment.key or question.experiment.name)


def _entry(moment: datetime | None, time: RowTime, zone: str) -> datetime | None:
    by_day = time.grain is Grain.DAY and not time.dates
    return midnight(moment, zone) if by_day and moment is not None else moment


def _inside(question: Question) -> Callable[[datetime | None], bool]:
    experiment, cutoff = question.experiment, question.cutoff
    start = plain(experiment.enrol_from)
    ends = [plain(end) for end in (experiment.enrol_until, cutoff.events if cutoff else None) if end is not None]

    def inside(moment: datetime | None) -> bool:
        if start is None and not ends:
            return True
        if moment is None:
            return False
        return (start is None or moment >= start) and all(end is None or moment < end for end in ends)

    return inside


def plain(moment: datetime | None) -> datetime | None:
    """Return an instant as zoneless UTC."""
    return None if moment is None else wall(moment)
