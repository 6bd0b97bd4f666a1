"""What a metric wants of each unit: its own value, its covariates, and whether its window is over."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlglot import exp

from twyman.app.ports import Question
from twyman.kernel.errors import Invalid
from twyman.kernel.time import DAY, duration_text
from twyman.metrics.metric import (
    Aggregate,
    Bound,
    ChainValue,
    Cohort,
    Comparator,
    FactValue,
    Metric,
    Missing,
    OutcomeValue,
    Participation,
    Proportion,
    Quantile,
    Ratio,
    TimeToEvent,
    Value,
)
from twyman.warehouse.language.syntax import both, cast, column, number, or_zero, timestamp, truth, when
from twyman.warehouse.model import MetricColumns, MomentColumn, Span
from twyman.warehouse.units.attributes import Attributes
from twyman.warehouse.values.chains import Chains
from twyman.warehouse.values.facts import Tables
from twyman.warehouse.values.waiting import waited

COUNTED = (Aggregate.SUM, Aggregate.COUNT, Aggregate.COUNT_DISTINCT)
"""Aggregates of which no facts make an honest 0."""


@dataclass(frozen=True, slots=True)
class UnitValue:
    """A value of a unit: how it is computed, and whether the unit has one of its own."""

    value: exp.Expr
    known: exp.Expr


@dataclass(frozen=True, slots=True)
class Values:
    """Turns metrics into columns of the table of units.

    Attributes:
        tables: The source of facts of a name, opened once.
        attributes: Attributes frozen before exposure.
        chains: Steps that units are to come through, in their order.
    """

    question: Question
    tables: Tables
    entered: str
    attributes: Attributes
    chains: Chains

    def columns(self, metric: Metric) -> MetricColumns:
        """Return a metric's own columns, then its covariates'."""
        span = _after(metric)
        if isinstance(metric.kind, TimeToEvent):
            return self._waiting(metric, metric.kind, span)
        titles = ("numerator", "denominator") if isinstance(metric.kind, Ratio) else ("value",)
        own = [self._value(metric, value, span, title) for value, title in zip(metric.values, titles, strict=True)]
        known = exp.or_(*(value.known.copy() for value in own)) if len(own) > 1 else own[0].known
        matured = self._matured(metric)
        taken = both(matured, known if metric.missing is Missing.DROP else None)
        columns = [
            MomentColumn(title, value.value, title != "denominator") for title, value in zip(titles, own, strict=True)
        ]
        columns += self._covariates(metric)
        presence = self._presence(metric)
        return MetricColumns(
            metric=metric,
            columns=gated(taken, columns),
            own=len(own),
            matured=matured,
            known=both(matured, known) if presence is not None else None,
            presence=presence,
            observed=self._observed(metric, span, matured),
        )

    def _waiting(self, metric: Metric, kind: TimeToEvent, span: Span) -> MetricColumns:
        facts = self.tables(kind.value.facts, metric.origin.at("facts"))
        time, event = waited(metric, kind, facts, span, cutoff=self.question.cutoff)
        matured = self._matured(metric)
        columns = gated(matured, [MomentColumn("value", time)])
        return MetricColumns(metric=metric, columns=columns, own=1, matured=matured, event=event)

    def _observed(self, metric: Metric, span: Span, matured: exp.Expr | None) -> exp.Select | None:
        """Return the facts themselves, where each is an observation."""
        value = metric.values[0]
        if not isinstance(metric.kind, Quantile) or not metric.kind.of_facts or not isinstance(value, FactValue):
            return None
        facts = self.tables(value.facts, metric.origin.at("facts"))
        return facts.observed(value, span, matured, metric.origin.at("value"))

    def _presence(self, metric: Metric) -> exp.Query | None:
        for value in metric.values:
            if isinstance(value, FactValue):
                counted = self.tables(value.facts, metric.origin.at("facts")).presence(value, metric.origin.at("value"))
                if counted is not None:
                    return counted
        return None

    def _matured(self, metric: Metric) -> exp.Expr | None:
        cutoff, length = self.question.cutoff, metric.window.length
        if cutoff is None or length is None or metric.cohort is Cohort.OPEN:
            return None
        last = timestamp(cutoff.events - metric.window.after - length)
        return exp.LTE(this=column(self.attributes.exposures.entry, self.entered), expression=last)

    def _value(self, metric: Metric, value: Value, span: Span, title: str) -> UnitValue:
        place = metric.origin.at("value")
        if isinstance(value, OutcomeValue):
            raise Invalid(
                f"metric '{metric.name}' takes outcome '{value.outcome}' of a table of units, and this experiment "
                "enters by exposures: give the metric facts, or the experiment units",
                place=place,
            )
        label = f"{metric.name} {title}"
        if isinstance(value, ChainValue):
            reached = self.chains.reached(metric, value, span, label)
            some = self.chains.some(metric, value, span, label)
            return UnitValue(truth(reached), some if metric.missing is Missing.DROP else reached)
        facts = self.tables(value.facts, metric.origin.at("facts"))
        some = facts.some(f"{label} any", span) if metric.missing is Missing.DROP else None
        bound = metric.kind.bound if isinstance(metric.kind, Proportion) else None
        if isinstance(metric.kind, Participation):
            return _participation(facts.days(label, value, span, place), span, some)
        if metric.is_binary and bound is None:
            reached = facts.any(label, value, span, place)
            return UnitValue(truth(reached), reached if some is None else some)
        value = _by_unit(value)
        return self._aggregated(facts.value(label, value, span, place), value, bound)

    def _aggregated(self, raw: exp.Expr, value: FactValue, bound: Bound | None) -> UnitValue:
        if value.aggregate in (Aggregate.COUNT, Aggregate.COUNT_DISTINCT):
            known = exp.GT(this=raw.copy(), expression=number(0))
        else:
            known = exp.Not(this=exp.Is(this=raw.copy(), expression=exp.null()))
        made = scaled(or_zero(raw), value.scale)
        shown = truth(meets(made, bound)) if bound is not None else made
        return UnitValue(shown, exp.Coalesce(this=known, expressions=[exp.false()]))

    def _covariates(self, metric: Metric) -> list[MomentColumn]:
        adjustment = metric.adjustment
        if adjustment is None:
            return []
        if adjustment.covariates and not adjustment.window:
            raise Invalid(
                f"covariates of '{metric.name}' have no window before exposure: write cuped: {{window: 14d, …}}",
                place=metric.origin.at("cuped"),
            )
        columns: list[MomentColumn] = []
        if adjustment.window:
            columns += self._before(metric, metric, adjustment.window, "")
            for name in adjustment.covariates:
                other = self.question.catalogue.metric(name, place=metric.origin.at("cuped.covariates"))
                columns += self._before(metric, other, adjustment.window, f"{name} ")
        for name in adjustment.attributes:
            columns += self.attributes.covariate(metric, name)
        return columns

    def _before(self, metric: Metric, other: Metric, window: timedelta, prefix: str) -> list[MomentColumn]:
        span, columns = Span(-window, timedelta()), list[MomentColumn]()
        titles = ("numerator ", "denominator ") if isinstance(other.kind, Ratio) else ("",)
        for value, title in zip(other.values, titles, strict=True):
            suffix = f"{prefix}{title}pre {duration_text(window)}"
            before = self._value_of(metric, other, value, span, suffix)
            columns.append(MomentColumn(suffix, before.value, capped=title != "denominator " and other == metric))
            if _can_miss(other, value):
                missing = exp.Not(this=before.known.copy())
                columns.append(MomentColumn(f"{suffix} is missing", truth(missing), flag=True))
        return columns

    def _value_of(self, metric: Metric, other: Metric, value: Value, span: Span, suffix: str) -> UnitValue:
        if other is metric:
            return self._value(metric, value, span, suffix)
        if other.cap and other.cap.limit is not None:
            found = self._value(other, value, span, suffix)
            limited = when(
                exp.GT(this=found.value.copy(), expression=number(other.cap.limit)),
                number(other.cap.limit),
                found.value,
            )
            return UnitValue(limited, found.known)
        return self._value(other, value, span, suffix)


def _by_unit(value: FactValue) -> FactValue:
    """Return what a unit holds of a value: where each fact is one by itself, how many there are."""
    return replace(value, aggregate=Aggregate.COUNT, scale=1.0) if value.aggregate is Aggregate.EACH else value


def _participation(days: exp.Expr, span: Span, some: exp.Expr | None) -> UnitValue:
    if span.end is None:
        raise Invalid("participation is a share of a window's days, and this one has no end: give it a length")
    active = exp.GT(this=days.copy(), expression=number(0))
    share = exp.Div(this=cast(days, "DOUBLE"), expression=number((span.end - span.start) / DAY))
    return UnitValue(share, active if some is None else some)


def _can_miss(metric: Metric, value: Value) -> bool:
    if metric.is_binary or not isinstance(value, FactValue):
        return False
    return value.aggregate not in COUNTED or metric.missing is Missing.DROP


def _after(metric: Metric) -> Span:
    window = metric.window
    return Span(window.after, None if window.length is None else window.after + window.length)


def scaled(value: exp.Expr, scale: float) -> exp.Expr:
    """Return a value times a factor."""
    return value if scale == 1 else exp.Mul(this=cast(value, "DOUBLE"), expression=number(scale))


def meets(value: exp.Expr, bound: Bound) -> exp.Expr:
    """Return the condition that a value meets a bound; of numbers that are exact, without a detour over floats."""
    return _COMPARISONS[bound.comparator](this=exp.paren(value.copy(), copy=False), expression=number(bound.limit))


_COMPARISONS: Mapping[Comparator, type[exp.Binary]] = {
    Comparator.ABOVE: exp.GT,
    Comparator.AT_LEAST: exp.GTE,
    Comparator.BELOW: exp.LT,
    Comparator.AT_MOST: exp.LTE,
}


def gated(condition: exp.Expr | None, columns: Iterable[MomentColumn]) -> tuple[MomentColumn, ...]:
    """Return the columns, null for units that the metric doesn't take."""
    return tuple(
        MomentColumn(one.title, when(condition, cast(one.value, "DOUBLE")), one.capped, one.flag) for one in columns
    )
