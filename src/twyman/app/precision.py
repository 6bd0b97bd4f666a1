"""How precisely the first success metric was measured, and what it is to show: what a follow-up is sized by."""

from twyman.app.ports import Cell, Measured, Question
from twyman.app.results import compared_at
from twyman.app.wording import number, percent
from twyman.decisions.budget import budget
from twyman.doubt.follow_up import Precision
from twyman.experiments.expectation import Scale
from twyman.experiments.experiment import Experiment, Role, Tracked
from twyman.metrics.metric import Metric
from twyman.stats.estimate import NotEstimable
from twyman.stats.pair import Pair

RECENT_DAYS = 7
"""Days of exposure over which the present rate is taken: a week has each weekday once."""


def precision(question: Question, measured: Measured) -> Precision | None:
    """Return the precision of the first success metric, in the treatment in which it is worst; `None` without one.

    Args:
        question: What was measured.
        measured: The answer.
    """
    experiment = question.experiment
    for tracked in experiment.with_role(Role.SUCCESS)[:1]:
        metric = question.catalogue.metric(tracked.metric)
        made = [_of_arm(question, tracked, metric, measured, arm.name) for arm in experiment.treatments]
        return max((one for one in made if one), key=lambda one: one.se / one.effect, default=None)
    return None


def _of_arm(question: Question, tracked: Tracked, metric: Metric, measured: Measured, arm: str) -> Precision | None:
    experiment = question.experiment
    found = compared_at(experiment, metric, measured, arm)
    if isinstance(found, NotEstimable):
        return None
    effect, says = _asked(tracked, arm, found.raw)
    if not effect:
        return None
    cells = [measured.cells.get(Cell(metric.name, one.name)) for one in experiment.arms]
    return Precision(
        metric=metric.title or metric.name,
        effect=effect,
        says=says,
        se=found.pair.contrast().se,
        units=sum(cell.count for cell in cells if cell),
        alpha=budget(experiment).success.alpha,
        power=experiment.plan.power,
        daily=_daily(experiment, measured),
    )


def _asked(tracked: Tracked, arm: str, found: Pair) -> tuple[float, str]:
    """Return the effect that is to be seen, in the metric's unit and for people."""
    expected = tracked.expectations.get(arm)
    if tracked.mde:
        return abs(tracked.mde * found.control), percent(abs(tracked.mde), signed=False)
    if expected is None:
        return 0.0, ""
    if expected.scale is Scale.RELATIVE:
        return abs(expected.likely * found.control), percent(abs(expected.likely), signed=False)
    return abs(expected.likely), number(abs(expected.likely), signed=False)


def _daily(experiment: Experiment, measured: Measured) -> float:
    """Return how many units entered a day of late; where clusters were drawn, nobody counts them by day."""
    days = sorted({day for _, day in measured.exposed})[-RECENT_DAYS:]
    if not days or experiment.randomised_by:
        return 0.0
    entered = sum(count for (_, day), count in measured.exposed.items() if day in days)
    return entered / len(days)
