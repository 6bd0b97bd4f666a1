"""Why the split is off, in the words of the user's own tables and dates."""

from collections.abc import Sequence

from twyman.app.changes import Changes, changed_around, unchanged
from twyman.app.ports import Question
from twyman.doubt.check import Check
from twyman.doubt.srm_cause import Event, Names, root_cause
from twyman.experiments.experiment import Experiment
from twyman.metrics.source import ExposureSource, Table


def with_cause(
    question: Question,
    found: Sequence[Check],
    changes: Changes = unchanged,
    neighbours: Sequence[Experiment] = (),
) -> tuple[Check, ...]:
    """Return the checks, with the likeliest cause of a mismatch where the split is off.

    Args:
        question: What was asked.
        found: All checks that were made.
        changes: Tells what was changed when.
        neighbours: All experiments of the project.
    """
    events = [*_events(question.experiment), *changed_around(question, found, changes, neighbours)]
    cause = root_cause(found, events, _names(question))
    return tuple(found) if cause is None else (*found, cause)


def _events(experiment: Experiment) -> list[Event]:
    """Return the changes that the definition tells."""
    told = [(experiment.enrol_from, "enrolment starts"), (experiment.enrol_until, "enrolment ends")]
    return [Event(at, text) for at, text in told if at is not None]


def _names(question: Question) -> Names:
    """Return what the source of exposures calls its table, its ids and its time."""
    source, entity = question.catalogue.sources.get(question.experiment.source), question.experiment.entity
    if not isinstance(source, ExposureSource):
        return Names()
    unit = source.entities.get(entity) or next(iter(source.entities.values()))
    table = source.relation.name if isinstance(source.relation, Table) else source.name
    return Names(exposures=table, unit=unit, time=source.timestamp.column, arm=source.arm)
