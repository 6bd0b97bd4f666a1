"""The rows of a source of facts, opened: their columns, when each happened and, where they say it, arrived."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlglot import exp

from twyman.app.ports import Question
from twyman.kernel.place import Place
from twyman.kernel.time import DAY
from twyman.metrics.source import FactSource, Grain
from twyman.warehouse.engine import Engine
from twyman.warehouse.sources.relation import EARLIEST, LATEST, Bounds
from twyman.warehouse.sources.rows import Asked, Rows, grain_of, opened
from twyman.warehouse.sources.times import Time, time_of
from twyman.warehouse.units.exposures import id_columns


@dataclass(frozen=True, slots=True)
class FactRows:
    """A source of facts, opened.

    Attributes:
        arrived: When a row reached the warehouse; `None` where the source doesn't say it.
    """

    source: FactSource
    rows: Rows
    time: Time
    arrived: Time | None

    @property
    def grain(self) -> Grain:
        """Whether facts are known to the day only."""
        return grain_of(self.source.timestamp, self.time)

    @property
    def names(self) -> dict[str, exp.Expr]:
        """The source's measures, by name."""
        measures = self.source.measures.items()
        return {name: self.rows.expression(written, f"measures.{name}") for name, written in measures}

    @property
    def filter(self) -> exp.Expr | None:
        """The condition that a row counts at all."""
        return self.rows.condition(self.source.where, "where", self.names) if self.source.where else None


def opened_rows(
    engine: Engine, question: Question, name: str, place: Place | None, *, bounds: Bounds | None = None
) -> FactRows:
    """Open the rows of a source of facts; where a history stands in for it, those.

    Args:
        engine: Where it is.
        question: What is asked.
        name: The source.
        place: Where it is named.
        bounds: Of a query's scan; left out, those of the question.

    Raises:
        NotFound: If it, or its table, isn't there.
        Invalid: If a column isn't, or tells no time.
    """
    source = question.catalogue.source(name, FactSource, place=place)
    times = {source.timestamp.column: "timestamp"} | ({source.arrived: "arrived"} if source.arrived else {})
    asked = Asked(
        name=source.name,
        relation=source.relation,
        origin=source.origin,
        formats=source.formats,
        times=times,
        ids=id_columns(question, dict(source.entities)),
    )
    rows = opened(
        engine, asked, zone=question.zone, bounds=replace(bounds or _bounds(question), time=source.timestamp.column)
    )
    if (instead := engine.standing_in.get(name)) is not None:
        rows = replace(rows, item=instead)
    return FactRows(source, rows, rows.time(source.timestamp), _arrived(rows, source))


def floor_of(question: Question) -> datetime | None:
    """Return the earliest fact that could count: some days more than the longest covariate window before enrolment.

    Returns:
        `None` where enrolment has no beginning.
    """
    start = question.experiment.enrol_from
    if start is None:
        return None
    metrics = question.catalogue.metrics.values()
    before = [metric.adjustment.window for metric in metrics if metric.adjustment and metric.adjustment.window]
    return start - max(before, default=timedelta()) - 2 * DAY


def _arrived(rows: Rows, source: FactSource) -> Time | None:
    if source.arrived is None:
        return None
    written, place = rows.expression(source.arrived, "arrived"), source.origin.at("arrived")
    what = f"column '{source.arrived}' of '{source.name}'"
    return time_of(written, rows.kind(written, place), zone=rows.zone, what=what, place=place)


def _bounds(question: Question) -> Bounds:
    """Bound the scan of a query by the longest covariate window before enrolment, and by the cut-off."""
    metrics = [
        question.catalogue.metrics[tracked.metric]
        for tracked in question.experiment.tracked
        if tracked.metric in question.catalogue.metrics
    ]
    before = [metric.adjustment.window for metric in metrics if metric.adjustment and metric.adjustment.window]
    slack = 2 * DAY
    start, cutoff = question.experiment.enrol_from, question.cutoff
    return Bounds(
        (start - max(before, default=timedelta()) - slack).replace(tzinfo=None) if start else EARLIEST,
        cutoff.events.replace(tzinfo=None) + slack if cutoff else LATEST,
    )
