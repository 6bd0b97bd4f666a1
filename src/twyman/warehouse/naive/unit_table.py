"""Tables with one row a unit, gone through row by row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from twyman.app.ports import Question
from twyman.metrics.metric import Metric, Missing, OutcomeValue, Proportion, Ratio, Value
from twyman.metrics.source import UnitSource
from twyman.warehouse.engine import Engine
from twyman.warehouse.naive.casts import NotConvertible, converter, text_of
from twyman.warehouse.naive.comparing import conjunction
from twyman.warehouse.naive.entering import Entering
from twyman.warehouse.naive.expression import Computed, Row
from twyman.warehouse.naive.known import refuse_unknown
from twyman.warehouse.naive.metrics import meets, values_of
from twyman.warehouse.naive.reducing import UnitNumbers
from twyman.warehouse.naive.table import Table, Wanted, id_column, id_columns, number_of, opened
from twyman.warehouse.naive.unverifiable import Unverifiable

_TRUTH = converter(exp.DataType.build("BOOLEAN"))
Labels = dict[str, list[str | None]]


@dataclass(slots=True)
class RowMetric:
    """What a metric takes of a row.

    Attributes:
        values: Its own numbers and covariates, with their titles.
        counts: Whether the row counts for it.
        rows: What it took, one entry a unit.
        failed: Why it can't be computed.
    """

    metric: Metric
    own: int
    values: Mapping[str, Computed]
    counts: Callable[[Row], bool | None]
    rows: list[list[Any] | None] = field(default_factory=list[Any])
    failed: Unverifiable | None = None

    def take(self, row: Row) -> None:
        """Take the numbers of one unit's row."""
        if self.failed is None:
            try:
                self.rows.append(self._taken(row))
            except Unverifiable as why:
                self.failed = why

    def _taken(self, row: Row) -> list[Any] | None:
        values = [value(row) for value in self.values.values()]
        known = any(value is not None for value in values[: self.own])
        taken = self.counts(row) is True and (known or self.metric.missing is not Missing.DROP)
        return values if taken else None

    def numbers(self) -> UnitNumbers:
        """Return the metric's numbers: missing ones as 0, and beside each covariate whether it was missing.

        Raises:
            Unverifiable: If a row couldn't be computed.
        """
        if self.failed is not None:
            raise self.failed
        titles, flags = list(self.values)[: self.own], [False] * self.own
        for name in list(self.values)[self.own :]:
            titles += [name, f"{name} is missing"]
            flags += [False, True]
        return UnitNumbers(
            self.metric,
            tuple(titles),
            tuple(flags),
            tuple(index < self.own and title != "denominator" for index, title in enumerate(titles)),
            self.own,
            [True] * len(self.rows),
            [None if row is None else self._filled(row) for row in self.rows],
        )

    def _filled(self, row: list[Any]) -> list[float]:
        filled = [float(value or 0) for value in row[: self.own]]
        for value in row[self.own :]:
            filled += [float(value or 0), float(value is None)]
        return filled


@dataclass(slots=True)
class UnitRows:
    """A table of units, gone through.

    Attributes:
        arms: The arm of each unit that stands.
        labels: By dimension or stratum, the value of each unit that stands.
    """

    entering: Entering
    metrics: list[RowMetric]
    arms: list[int] = field(default_factory=list[int])
    labels: Labels = field(default_factory=dict[str, list[str | None]])


@dataclass(frozen=True, slots=True)
class UnitTable:
    """A table of units, opened."""

    question: Question
    source: UnitSource
    table: Table

    @property
    def names(self) -> dict[str, Computed]:
        """What a filter may name beside the columns: the arm, and outcomes."""
        return self.table.with_arm(self.source.arm) | {
            name: self.table.expression(written) for name, written in self.source.outcomes.items()
        }

    def metric(self, metric: Metric) -> RowMetric:
        """Return what a metric takes of a row.

        Raises:
            Unverifiable: If its kind, or an expression of it, isn't computed here.
        """
        values = values_of(metric)
        titles = ("numerator", "denominator") if isinstance(metric.kind, Ratio) else ("value",)
        found = {title: self._value(metric, value) for title, value in zip(titles, values, strict=True)}
        wheres = [
            self.table.condition(value.where, self.names)
            for value in values
            if isinstance(value, OutcomeValue) and value.where
        ]
        covariates = {name: self._covariate(name) for name in self._covariates(metric)}
        counts: Callable[[Row], bool | None] = lambda row: conjunction(where(row) for where in wheres)  # noqa: E731
        return RowMetric(metric, len(found), found | covariates, counts)

    def _value(self, metric: Metric, value: Value) -> Computed:
        if not isinstance(value, OutcomeValue) or value.outcome not in self.source.outcomes:
            raise Unverifiable("takes what isn't an outcome of the table")
        outcome = self.table.expression(self.source.outcomes[value.outcome])
        if isinstance(metric.kind, Proportion) and metric.kind.bound is not None:
            bound = metric.kind.bound
            return lambda row: meets(_scaled(number_of(outcome(row)), value.scale), bound)
        if metric.is_binary:
            return lambda row: _as_truth(outcome(row))
        return lambda row: _scaled(number_of(outcome(row)), value.scale)

    def _covariates(self, metric: Metric) -> tuple[str, ...]:
        if metric.adjustment is None:
            return ()
        return metric.adjustment.covariates or tuple(self.source.covariates)

    def _covariate(self, name: str) -> Computed:
        if name not in self.source.covariates:
            raise Unverifiable(f"names covariate '{name}', which isn't in the table")
        written = self.table.expression(self.source.covariates[name])
        return lambda row: number_of(written(row))

    def gone_through(self, metrics: list[RowMetric]) -> UnitRows:
        """Go through the rows twice: to see who stands in one arm only, then to take their numbers.

        Raises:
            Unverifiable: If the arm, the filter, a dimension or a stratum can't be computed.
        """
        found = UnitRows(self._entered(), metrics)
        experiment = self.question.experiment
        labels = {name: self._label(name) for name in (*experiment.dimensions, *experiment.strata)}
        found.labels = {name: [] for name in labels}
        standing, taken = found.entering.standing, set[Any]()
        unit_of, counts = self._unit(), self._counts()
        for number, row in enumerate(self.table):
            unit = unit_of(number, row)
            if unit not in standing or unit in taken or not counts(row):
                continue
            taken.add(unit)
            found.arms.append(next(iter(standing[unit].arms)))
            for name, label in labels.items():
                value = label(row)
                found.labels[name].append(None if value is None else text_of(value))
            for one in metrics:
                one.take(row)
        return found

    def _entered(self) -> Entering:
        entering = Entering(self.question.experiment, filtered=self.source.where is not None)
        arm, kept, unit = self._arm(), self._kept(), self._unit()
        for number, row in enumerate(self.table):
            entering.row(unit(number, row), arm(row), kept=kept(row), inside=True)
        return entering

    def _kept(self) -> Callable[[Row], bool]:
        if self.source.where is None:
            return lambda _: True
        where = self.table.condition(self.source.where, self.names)
        return lambda row: where(row) is True

    def _arm(self) -> Callable[[Row], str | None]:
        arm = self.table.expression(self.source.arm)
        return lambda row: None if (label := arm(row)) is None else text_of(label)

    def _counts(self) -> Callable[[Row], bool]:
        arm, kept = self._arm(), self._kept()
        values = {one.value or one.name for one in self.question.experiment.arms}
        return lambda row: arm(row) in values and kept(row)

    def _unit(self) -> Callable[[int, Row], Any]:
        if self.source.entities is None:
            return lambda number, _: number
        column = id_column(self.question, self.table, self.source.entities)
        return lambda _, row: row[column]

    def _label(self, name: str) -> Computed:
        return self.table.expression(self.source.covariates.get(name, name))


def _as_truth(value: Any) -> int | None:  # noqa: ANN401 - a value of the row
    if isinstance(value, str):
        try:
            return int(_TRUTH(value))
        except NotConvertible:
            return None
    return number_of(value)


def _scaled(value: Any, scale: float) -> Any:  # noqa: ANN401 - a value of the row
    return value if scale == 1 or value is None else float(value) * scale


def opened_units(engine: Engine, question: Question) -> UnitTable:
    """Open a table of units.

    Raises:
        Unverifiable: If its dates aren't read here.
    """
    source = question.catalogue.source(question.experiment.source, UnitSource)
    refuse_unknown(source)
    wanted = Wanted(
        name=source.name,
        relation=source.relation,
        origin=source.origin,
        formats=source.formats,
        ids=id_columns(question, source.entities or {}),
    )
    return UnitTable(question, source, opened(engine, wanted, question.zone))
