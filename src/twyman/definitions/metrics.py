"""Documents of metrics into the core's values."""

from datetime import timedelta

from twyman.definitions.adjustments import adjustment
from twyman.definitions.metric_documents import (
    CapDocument,
    MetricDocument,
    ReferenceDocument,
    WindowDocument,
)
from twyman.definitions.quantiles import check_quantile, missing_of
from twyman.definitions.subject import Subject
from twyman.definitions.terms import effect, length, some_length
from twyman.definitions.values import MetricSurroundings, kind_of, values_of
from twyman.definitions.windows import check_waiting, window_of_kind
from twyman.kernel.errors import nearest
from twyman.metrics.metric import (
    Cap,
    Cohort,
    Direction,
    Funnel,
    Kind,
    Metric,
    OutcomeValue,
    Proportion,
    Quantile,
    Reference,
    Retention,
    TimeToEvent,
    Window,
    facts_of,
)
from twyman.metrics.source import FactSource, Source


def metric(document: MetricDocument, subject: Subject, among: MetricSurroundings) -> Metric | None:
    """Make a metric of its document; what is wrong with it is noted with the subject."""
    kind = kind_of(document, subject, among)
    if kind is None:
        return None
    on_facts = not any(isinstance(value, OutcomeValue) for value in values_of(kind))
    _check_entity(document, kind, subject, among)
    check_quantile(document, kind, subject)
    check_waiting(document, kind, subject)
    window = _window(document, subject, on_facts=on_facts)
    return Metric(
        name=document.name,
        kind=kind,
        title=document.title or "",
        entity=document.entity or _entity_of(kind, among),
        window=window_of_kind(kind, window, document, subject),
        cohort=Cohort(document.cohort),
        missing=missing_of(document, kind),
        cap=_cap(document.cap, subject, binary=isinstance(kind, Proportion | Retention | Funnel)),
        direction=Direction(document.direction),
        adjustment=None
        if isinstance(kind, Quantile | TimeToEvent)
        else adjustment(document, subject, among, on_facts=on_facts),
        references=tuple(
            made
            for at, each in enumerate(document.references or [])
            if (made := _reference(each, f"references.{at}", Direction(document.direction), subject)) is not None
        ),
        origin=subject.origin,
    )


def _reference(written: ReferenceDocument, path: str, direction: Direction, subject: Subject) -> Reference | None:
    lift = subject.attempt(f"{path}.lift", effect, written.lift, None)
    if lift is None:
        return None
    if lift * direction.sign <= 0:
        subject.refuse(
            f"{path}.lift",
            f"a lift of {written.lift} doesn't improve a metric that should {direction.value}, and a reference bounds "
            "the improving side: write one that does",
        )
        return None
    return Reference(written.change.strip(), lift, written.because.strip())


def _check_entity(document: MetricDocument, kind: Kind, subject: Subject, among: MetricSurroundings) -> None:
    entity = document.entity
    if entity is None:
        return
    if among.entities and entity not in among.entities:
        subject.refuse(
            "entity", f"entity '{entity}' isn't in the project's entities: {nearest(entity, among.entities)}"
        )
        return
    for name in _facts(kind):
        source = among.sources.get(name)
        if isinstance(source, FactSource) and entity not in source.entities:
            subject.refuse(
                "entity", f"facts '{source.name}' hold no id of entity '{entity}': {nearest(entity, source.entities)}"
            )


def _entity_of(kind: Kind, among: MetricSurroundings) -> str:
    sources = [among.sources.get(name) for name in _facts(kind)]
    entities = {next(iter(source.entities), "") for source in sources if isinstance(source, FactSource)}
    return entities.pop() if len(entities) == 1 and all(_single(source) for source in sources) else ""


def _facts(kind: Kind) -> list[str]:
    return [name for value in values_of(kind) for name in facts_of(value)]


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
        return Window(length=subject.attempt("window", some_length, written, timedelta(days=1)))
    return _long_window(written, subject)


def _open_window(document: MetricDocument, subject: Subject) -> Window:
    if document.type == "retention" and document.curve is None:
        subject.refuse("", "retention is to come back within a time: add one, such as window: {after: 21d, for: 7d}")
    return Window()


def _long_window(written: WindowDocument, subject: Subject) -> Window:
    if written.length is None and written.after is None:
        subject.refuse("window", "'window' says no time: write 7d, or {after: 1d, for: 7d}")
    after = (
        timedelta() if written.after is None else subject.attempt("window.after", length, written.after, timedelta())
    )
    span = None if written.length is None else subject.attempt("window.for", some_length, written.length, None)
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
