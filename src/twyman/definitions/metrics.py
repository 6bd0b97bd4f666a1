"""Documents of metrics into the core's values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from twyman.definitions.metric_documents import (
    CapDocument,
    CupedDocument,
    MetricDocument,
    ValueDocument,
    WindowDocument,
)
from twyman.definitions.reading import Subject
from twyman.definitions.terms import length, number, some_length
from twyman.kernel.errors import Invalid, TwymanError, nearest
from twyman.metrics.metric import (
    Adjustment,
    Aggregate,
    Cap,
    Cohort,
    Direction,
    FactValue,
    Kind,
    Mean,
    Metric,
    Missing,
    OutcomeValue,
    Proportion,
    Ratio,
    Retention,
    Theta,
    Value,
    Window,
)
from twyman.metrics.source import AttributeSource, FactSource, Source

_A = TypeVar("_A")
_R = TypeVar("_R")

CUPED_WINDOW = timedelta(days=14)
"""Covariate window of metrics over facts, where neither metric nor project says otherwise."""

_LATER = {"quantile", "funnel", "participation"}
_KEY_OF_VALUE: Mapping[str, Aggregate] = {aggregate.value: aggregate for aggregate in Aggregate}


@dataclass(frozen=True, slots=True)
class MetricSurroundings:
    """What a metric is read among.

    Attributes:
        sources: Those that could be read, by name.
        broken: Names of definitions that stand in the files and couldn't be read; their own errors say why.
        cuped: The project's default: a covariate window, or `None` for no adjustment.
    """

    sources: Mapping[str, Source] = field(default_factory=dict[str, Source])
    broken: frozenset[str] = frozenset()
    cuped: timedelta | None = CUPED_WINDOW
    entities: Mapping[str, str] = field(default_factory=dict[str, str])


def attempt(subject: Subject, path: str, read: Callable[[_A], _R], value: _A, otherwise: _R) -> _R:
    """Read a term; where it can't be read, note why at its place and go on with another value."""
    try:
        return read(value)
    except TwymanError as error:
        subject.adopt(path, error)
        return otherwise


def metric(document: MetricDocument, subject: Subject, among: MetricSurroundings) -> Metric | None:
    """Make a metric of its document; what is wrong with it is noted with the subject."""
    if document.type in _LATER:
        subject.refuse(
            "type", f"type {document.type} isn't available in this version: use mean, proportion, ratio or retention"
        )
        return None
    kind = _Values(document, subject, among).kind()
    if kind is None:
        return None
    on_facts = not any(isinstance(value, OutcomeValue) for value in _values(kind))
    _check_entity(document, kind, subject, among)
    return Metric(
        name=document.name,
        kind=kind,
        title=document.title or "",
        entity=document.entity or _entity_of(kind, among),
        window=_window(document, subject, on_facts=on_facts),
        cohort=Cohort(document.cohort),
        missing=Missing(document.missing),
        cap=_cap(document.cap, subject, binary=isinstance(kind, Proportion | Retention)),
        direction=Direction(document.direction),
        adjustment=_adjustment(document, subject, among, on_facts=on_facts),
        origin=subject.origin,
    )


def check_covariates(
    metric: Metric, metrics: Mapping[str, Metric], sources: Mapping[str, Source], subject: Subject
) -> None:
    """Note covariates and attributes that aren't defined; for metrics over facts, once all metrics are read."""
    adjustment = metric.adjustment
    if adjustment is None or any(isinstance(value, OutcomeValue) for value in metric.values):
        return
    for at, name in enumerate(adjustment.covariates):
        if name not in metrics:
            subject.refuse(f"cuped.covariates.{at}", f"covariate '{name}' is no metric: {nearest(name, metrics)}")
        elif any(isinstance(value, OutcomeValue) for value in metrics[name].values):
            subject.refuse(
                f"cuped.covariates.{at}",
                f"covariate '{name}' is an outcome of a table, which has no time before exposure: use a metric over facts",
            )
    for at, name in enumerate(adjustment.attributes):
        _check_attribute(name, f"cuped.attributes.{at}", sources, subject)


def _check_attribute(name: str, path: str, sources: Mapping[str, Source], subject: Subject) -> None:
    known = attribute_names(sources)
    if name not in known:
        subject.refuse(path, f"attribute '{name}' isn't defined, and is written source.column: {nearest(name, known)}")


def attribute_names(sources: Mapping[str, Source]) -> list[str]:
    """Return every attribute as `source.column`."""
    return [
        f"{name}.{column}"
        for name, source in sources.items()
        if isinstance(source, AttributeSource)
        for column in source.columns
    ]


def _values(kind: Kind) -> tuple[Value, ...]:
    return (kind.numerator, kind.denominator) if isinstance(kind, Ratio) else (kind.value,)


@dataclass(frozen=True, slots=True)
class _Values:
    """Reads what a metric computes."""

    document: MetricDocument
    subject: Subject
    among: MetricSurroundings

    def kind(self) -> Kind | None:
        if self.document.type == "ratio":
            return self._ratio()
        for key in ("numerator", "denominator"):
            if getattr(self.document, key) is not None:
                self.subject.refuse(
                    key, f"'{key}' belongs to type ratio, and this is a {self.document.type}: use value"
                )
        value = self._value_of_one()
        if value is None:
            return None
        if self.document.type == "mean":
            return Mean(value)
        if self.document.type == "proportion":
            return Proportion(value)
        if isinstance(value, FactValue):
            return Retention(value)
        self.subject.refuse(
            "value", "retention needs facts with times, and an outcome has none: use type proportion for this outcome"
        )
        return None

    def _ratio(self) -> Ratio | None:
        if self.document.value is not None:
            self.subject.refuse("value", "a ratio has two values: write numerator and denominator instead")
            return None
        parts = [self._part("numerator", self.document.numerator), self._part("denominator", self.document.denominator)]
        numerator, denominator = parts
        if numerator is None or denominator is None:
            return None
        if isinstance(numerator, OutcomeValue) != isinstance(denominator, OutcomeValue):
            self.subject.refuse(
                "denominator",
                "a ratio is of facts by facts or of outcomes by outcomes, and this mixes them: use one kind",
            )
        return Ratio(numerator, denominator)

    def _part(self, key: str, written: ValueDocument | None) -> Value | None:
        if written is None:
            self.subject.refuse("", f"a ratio needs its {key}: add {key}: {{facts: …, sum: …}}")
            return None
        return self._value(key, written)

    def _value_of_one(self) -> Value | None:
        if self.document.value is not None:
            return self._value("value", self.document.value)
        if self.document.type == "mean":
            self.subject.refuse(
                "", 'a mean needs its value: add one, such as value: {sum: seconds} or value: {count: "*"}'
            )
            return None
        return self._value("value", ValueDocument(count="*"))

    def _value(self, path: str, written: ValueDocument) -> Value | None:
        said = [key for key in (*_KEY_OF_VALUE, "outcome") if getattr(written, key) is not None]
        if len(said) != 1:
            has = " and ".join(said) or "none"
            self.subject.refuse(path, f"'{path}' needs exactly one aggregate or outcome, and has {has}: write one")
            return None
        where = _both(self.document.where, written.where)
        scale = 1.0
        if written.scale is not None:
            scale = attempt(self.subject, f"{path}.scale", _scale, written.scale, 1.0)
        if written.outcome is not None:
            return self._outcome(path, written, where, scale)
        return self._fact(path, written, where, scale)

    def _outcome(self, path: str, written: ValueDocument, where: str | None, scale: float) -> Value | None:
        if written.facts or self.document.facts:
            self.subject.refuse(
                path, "an outcome stands in a table of units, and 'facts' names another source: leave out one of them"
            )
        return OutcomeValue(written.outcome or "", where, scale)

    def _fact(self, path: str, written: ValueDocument, where: str | None, scale: float) -> Value | None:
        facts = written.facts or self.document.facts
        if facts is None:
            self.subject.refuse(
                "", f"'{path}' doesn't say whose rows it counts: add facts: with a source, or use {{outcome: …}}"
            )
            return None
        self._check_facts(facts, f"{path}.facts" if written.facts else "facts")
        (key,) = [key for key in _KEY_OF_VALUE if getattr(written, key) is not None]
        column: str | None = getattr(written, key)
        if column == "*" and key != "count":
            self.subject.refuse(f"{path}.{key}", f"only count takes '*', and this is a {key}: name a measure or column")
        return FactValue(facts, _KEY_OF_VALUE[key], None if column == "*" else column, where, scale)

    def _check_facts(self, name: str, path: str) -> None:
        if isinstance(self.among.sources.get(name), FactSource) or name in self.among.broken:
            return
        known = [other for other, source in self.among.sources.items() if isinstance(source, FactSource)]
        kind = "is no source of facts" if name in self.among.sources else "isn't defined"
        self.subject.refuse(path, f"facts '{name}' {kind}: {nearest(name, known)}")


def _both(first: str | None, second: str | None) -> str | None:
    return f"({first}) and ({second})" if first and second else first or second


def _scale(written: str | float) -> float:
    read = number(written, "scale", "a factor such as 0.001 or 1/60")
    if not read:
        raise Invalid("scale 0 makes every unit the same: write another factor, such as 1/60")
    return read


def _check_entity(document: MetricDocument, kind: Kind, subject: Subject, among: MetricSurroundings) -> None:
    entity = document.entity
    if entity is None:
        return
    if among.entities and entity not in among.entities:
        subject.refuse(
            "entity", f"entity '{entity}' isn't in the project's entities: {nearest(entity, among.entities)}"
        )
        return
    for value in _values(kind):
        source = among.sources.get(value.facts) if isinstance(value, FactValue) else None
        if isinstance(source, FactSource) and entity not in source.entities:
            subject.refuse(
                "entity", f"facts '{source.name}' hold no id of entity '{entity}': {nearest(entity, source.entities)}"
            )


def _entity_of(kind: Kind, among: MetricSurroundings) -> str:
    sources = [among.sources.get(value.facts) for value in _values(kind) if isinstance(value, FactValue)]
    entities = {next(iter(source.entities), "") for source in sources if isinstance(source, FactSource)}
    return entities.pop() if len(entities) == 1 and all(_single(source) for source in sources) else ""


def _single(source: Source | None) -> bool:
    return isinstance(source, FactSource) and len(source.entities) == 1


def _window(document: MetricDocument, subject: Subject, *, on_facts: bool) -> Window:
    written = document.window
    if written is None:
        return _open_window(document, subject)
    if not on_facts:
        subject.refuse(
            "window", "an outcome of a table of units has no time, so no window could hold it: leave the key out"
        )
        return Window()
    if isinstance(written, str):
        return Window(length=attempt(subject, "window", some_length, written, timedelta(days=1)))
    return _long_window(written, subject)


def _open_window(document: MetricDocument, subject: Subject) -> Window:
    if document.type == "retention":
        subject.refuse("", "retention is to come back within a time: add one, such as window: {after: 21d, for: 7d}")
    return Window()


def _long_window(written: WindowDocument, subject: Subject) -> Window:
    if written.length is None and written.after is None:
        subject.refuse("window", "'window' says no time: write 7d, or {after: 1d, for: 7d}")
    after = (
        timedelta() if written.after is None else attempt(subject, "window.after", length, written.after, timedelta())
    )
    span = None if written.length is None else attempt(subject, "window.for", some_length, written.length, None)
    return Window(after, span)


def _cap(written: CapDocument | None, subject: Subject, *, binary: bool) -> Cap | None:
    if written is None:
        return None
    if binary:
        subject.refuse("cap", "each unit counts as 0 or 1, so that nothing can be capped: leave cap out")
    if (written.percentile is None) == (written.max is None):
        subject.refuse("cap", "a cap is a percentile or a number, exactly one: write {percentile: 99.9} or {max: 600}")
    elif written.percentile is not None and not 0 < written.percentile < 100:
        subject.refuse(
            "cap.percentile", f"percentile {written.percentile:g} isn't between 0 and 100: write one such as 99.9"
        )
    return Cap(written.percentile, written.max)


def _adjustment(
    document: MetricDocument, subject: Subject, among: MetricSurroundings, *, on_facts: bool
) -> Adjustment | None:
    written = document.cuped
    if written is None:
        if not on_facts:
            return None if among.cuped is None else Adjustment()
        return None if among.cuped is None else Adjustment(window=among.cuped)
    if written == "none":
        return None
    if isinstance(written, str):
        window = attempt(subject, "cuped", _cuped_window, written, CUPED_WINDOW)
        _refuse_window("cuped", subject, on_facts=on_facts)
        return Adjustment(window=window)
    return _long_adjustment(written, subject, among, on_facts=on_facts)


def _long_adjustment(
    written: CupedDocument, subject: Subject, among: MetricSurroundings, *, on_facts: bool
) -> Adjustment:
    window = (among.cuped or CUPED_WINDOW) if on_facts else None
    if written.window is not None:
        window = attempt(subject, "cuped.window", _cuped_window, written.window, CUPED_WINDOW)
        _refuse_window("cuped.window", subject, on_facts=on_facts)
    return Adjustment(
        window=window,
        covariates=tuple(written.covariates or ()),
        attributes=tuple(written.attributes or ()),
        theta=Theta(written.theta),
    )


def _refuse_window(path: str, subject: Subject, *, on_facts: bool) -> None:
    if not on_facts:
        subject.refuse(
            path,
            "a table of units has no time before exposure: write cuped: none, or {covariates: […]} from the table's own",
        )


def _cuped_window(written: str) -> timedelta:
    if written.startswith("-"):
        raise Invalid(f"{written} has a sign, and a covariate window always lies before exposure: write {written[1:]}")
    return some_length(written)
