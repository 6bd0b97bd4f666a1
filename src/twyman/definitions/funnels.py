"""The steps of a funnel, as they are written."""

from datetime import timedelta

from twyman.definitions.metric_documents import MetricDocument, StepDocument
from twyman.definitions.subject import Subject
from twyman.definitions.terms import some_length
from twyman.metrics.metric import ChainValue, Funnel, Step

_ELSEWHERE = {
    "value": "a funnel counts who comes through its steps, and sums nothing: leave value out",
    "where": "each step of a funnel counts facts of its own: write where into the step",
}


def funnel_of(document: MetricDocument, subject: Subject) -> Funnel | None:
    """Return the funnel of a document; `None` where it has no steps to come through."""
    for key, message in _ELSEWHERE.items():
        if getattr(document, key) is not None:
            subject.refuse(key, message)
    written = document.steps or []
    if len(written) < 2:
        subject.refuse(
            "steps" if written else "",
            "a funnel leads through two steps or more, in their order: write "
            "steps: [{name: search, facts: searches}, {name: play, facts: plays, within: 1h}], or use type proportion",
        )
        return None
    names = [step.name for step in written]
    for place, name in enumerate(names):
        if name in names[:place]:
            subject.refuse(f"steps.{place}", f"step '{name}' is there already: give each step a name of its own")
    return Funnel(ChainValue(tuple(_step(place, step, document, subject) for place, step in enumerate(written))))


def _step(place: int, written: StepDocument, document: MetricDocument, subject: Subject) -> Step:
    facts = written.facts or document.facts
    if facts is None:
        subject.refuse(
            f"steps.{place}", f"step '{written.name}' doesn't say whose rows it counts: add facts: with a source"
        )
    within: timedelta | None = None
    if written.within is not None:
        within = subject.attempt(f"steps.{place}.within", some_length, written.within, timedelta(days=1))
    return Step(written.name, facts or "", written.where, within)
