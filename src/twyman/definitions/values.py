"""What a metric computes: its value, or its numerator and denominator."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from twyman.definitions.funnels import funnel_of
from twyman.definitions.metric_documents import MetricDocument, ValueDocument
from twyman.definitions.quantiles import quantile_of
from twyman.definitions.subject import Subject
from twyman.definitions.terms import number
from twyman.definitions.windows import curve_of, summary_of, unit_of
from twyman.kernel.errors import Invalid, nearest
from twyman.metrics.metric import (
    Aggregate,
    Bound,
    Comparator,
    FactValue,
    Funnel,
    Kind,
    Mean,
    OutcomeValue,
    Participation,
    Proportion,
    Ratio,
    Retention,
    TimeToEvent,
    Value,
)
from twyman.metrics.source import FactSource, Source

CUPED_WINDOW = timedelta(days=14)
"""Covariate window of metrics over facts, where neither metric nor project says otherwise."""

_OWNERS: Mapping[str, tuple[str, str]] = {
    "numerator": ("ratio", "use value"),
    "denominator": ("ratio", "use value"),
    "steps": ("funnel", "use type funnel, or leave it out"),
    "curve": ("retention", "use type retention, or leave it out"),
    "unit": ("time_to_event", "use scale to convert a value, or leave it out"),
    "summary": ("time_to_event", "leave it out"),
    **{str(one): ("proportion", "use cap for a limit, or leave it out") for one in Comparator},
}
"""The one type that a key belongs to, and what to do in another."""

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


def kind_of(document: MetricDocument, subject: Subject, among: MetricSurroundings) -> Kind | None:
    """Return what a metric computes; `None` where that can't be said."""
    return _Values(document, subject, among).kind()


def bounds_of(document: MetricDocument) -> list[str]:
    """Return the comparisons with a bound that a metric's document makes."""
    return [str(one) for one in Comparator if getattr(document, one) is not None]


def values_of(kind: Kind) -> tuple[Value, ...]:
    """Return the values that a kind of metric reduces: two for a ratio, else one."""
    return (kind.numerator, kind.denominator) if isinstance(kind, Ratio) else (kind.value,)


@dataclass(frozen=True, slots=True)
class _Values:
    """Reads what a metric computes."""

    document: MetricDocument
    subject: Subject
    among: MetricSurroundings

    def kind(self) -> Kind | None:
        for key, (owner, cure) in _OWNERS.items():
            if getattr(self.document, key) is not None and self.document.type != owner:
                self.subject.refuse(key, f"'{key}' belongs to type {owner}, and this is a {self.document.type}: {cure}")
        if self.document.type == "ratio":
            return self._ratio()
        if self.document.type == "funnel":
            return self._funnel()
        value = self._value_of_one()
        if value is None:
            return None
        return self._kind_of_one(value)

    def _kind_of_one(self, value: Value) -> Kind | None:
        if self.document.type == "mean":
            return Mean(value)
        if self.document.type == "quantile":
            return quantile_of(self.document, value, self.subject)
        if self.document.type == "proportion":
            return Proportion(value, self._bound(value))
        if isinstance(value, FactValue):
            return self._of_times(value)
        self.subject.refuse(
            "value",
            f"{self.document.type} needs facts with times, and an outcome has none: "
            "use type proportion for this outcome",
        )
        return None

    def _of_times(self, value: FactValue) -> Kind:
        match self.document.type:
            case "participation":
                return Participation(value)
            case "time_to_event":
                return TimeToEvent(value, unit_of(self.document, self.subject), summary_of(self.document))
            case _:
                return Retention(value, curve_of(self.document, self.subject))

    def _bound(self, value: Value) -> Bound | None:
        said = bounds_of(self.document)
        if len(said) > 1:
            self.subject.refuse(
                said[1], f"'{self.document.name}' has {' and '.join(said)}, and a share is of one bound: write one"
            )
        if not said:
            return None
        if isinstance(value, FactValue) and self.document.value is None:
            self.subject.refuse("", f"'{said[0]}' needs a value to compare: add one, such as value: {{sum: seconds}}")
        limit = self.subject.attempt(said[0], number, getattr(self.document, said[0]), 0.0)
        return Bound(Comparator(said[0]), limit)

    def _funnel(self) -> Funnel | None:
        made = funnel_of(self.document, self.subject)
        for place, step in enumerate(made.value.steps if made else ()):
            if step.facts:
                written = (self.document.steps or [])[place].facts
                self._check_facts(step.facts, f"steps.{place}.facts" if written else "facts")
        return made

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
        if self.document.type == "quantile":
            self.subject.refuse(
                "",
                "a quantile needs its value: add one, such as value: {each: load_ms} over facts, "
                "or value: {sum: seconds} over units",
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
            scale = self.subject.attempt(f"{path}.scale", _scale, written.scale, 1.0)
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
        if key == "each" and self.document.type != "quantile":
            self.subject.refuse(
                f"{path}.each",
                f"each takes facts one by one, as only type quantile does, and this is a {self.document.type}: "
                "sum or count them",
            )
        column: str | None = getattr(written, key)
        if column == "*" and key != "count":
            what = "an each" if key == "each" else f"a {key}"
            self.subject.refuse(f"{path}.{key}", f"only count takes '*', and this is {what}: name a measure or column")
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
