"""Why the split is off, in the words of the user's own tables and dates."""

from collections.abc import Sequence

from twyman.app.changes import Changes, changed_around, unchanged
from twyman.app.next_query import names
from twyman.app.ports import Question
from twyman.doubt.check import Check
from twyman.doubt.srm_cause import Event, root_cause
from twyman.experiments.experiment import Experiment


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
    cause = root_cause(found, events, names(question))
    return tuple(found) if cause is None else (*found, cause)


def _events(experiment: Experiment) -> list[Event]:
    """Return the changes that the definition tells."""
    told = [(experiment.enrol_from, "enrolment starts"), (experiment.enrol_until, "enrolment ends")]
    return [Event(at, text) for at, text in told if at is not None]
