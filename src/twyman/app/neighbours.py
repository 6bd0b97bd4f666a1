"""Does an experiment on the same surface change what ours does? Asked of those dealt independently of it."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from twyman.app.ports import Coexposed, Question, Warehouse
from twyman.app.sweep import crossed_question, crossings, key_of
from twyman.doubt.check import Check
from twyman.doubt.interactions import LEAST, interaction_checks, ranked
from twyman.experiments.experiment import Entry, Experiment


def interacting(
    warehouse: Warehouse,
    question: Question,
    neighbours: Sequence[Experiment],
    met: Coexposed,
    dependent: Collection[str],
) -> tuple[list[Check], tuple[str, ...]]:
    """Cross our success metrics and guardrails with the variants of every experiment that shares our surface.

    Args:
        warehouse: Where the data are.
        question: The reading's, with its cut-off.
        neighbours: All experiments of the project.
        met: What else our units met.
        dependent: Those, as the data call them, whose variants depend on our arms.

    Returns:
        What was found, or one quiet line; nothing where no experiment shares surface and units enough.

    Raises:
        Invalid: If the data don't fit the definitions.
        Unavailable: If the engine gave out.
    """
    given = on_surface(question, neighbours)
    others = [one for one in given if key_of(one) not in dependent and _enough(question, one, met)]
    asked = crossed(question, others)
    if asked is None:
        return [], ()
    seen = warehouse.measure(asked)
    made = [one for other in others for one in crossings(asked, other, seen)]
    return interaction_checks(ranked(made)), seen.sql


def on_surface(question: Question, neighbours: Sequence[Experiment]) -> list[Question]:
    """Return the question for each experiment that shares a surface with ours and may change what ours does."""
    experiment = question.experiment
    if not experiment.surface or experiment.randomised_by:
        return []
    return [replace(question, experiment=one) for one in neighbours if _beside(one, experiment)]


def crossed(question: Question, others: Sequence[Question]) -> Question | None:
    """Return the question for our own metrics by the variants of others; `None` where there is nothing to ask."""
    asked = crossed_question(question, others)
    own = {tracked.metric for tracked in crossed_question(question, []).experiment.tracked}
    tracked = tuple(one for one in asked.experiment.tracked if one.metric in own)
    if not others or not tracked:
        return None
    return replace(asked, experiment=replace(asked.experiment, tracked=tracked))


def _beside(one: Experiment, ours: Experiment) -> bool:
    same = one.surface == ours.surface and one.entity == ours.entity
    return same and one.name != ours.name and one.entry is Entry.EXPOSURES and not one.randomised_by


def _enough(ours: Question, other: Question, met: Coexposed) -> bool:
    cells = met.met.get(key_of(other), {})
    variants = [arm.value or arm.name for arm in other.experiment.arms]
    return min(cells.get((arm.name, variant), 0) for arm in ours.experiment.arms for variant in variants) >= LEAST
