"""How many units met the change, value by value of what was fixed before exposure, and what moved there."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

from twyman.app.auditing import loud_or_least
from twyman.app.comparison import Comparison
from twyman.app.localised import DAY_OF_EXPOSURE
from twyman.app.ports import Measured, Question, Warehouse
from twyman.app.results import compared, compared_in
from twyman.doubt.check import Check
from twyman.doubt.dose import Dosed, dose_incoherent
from twyman.experiments.experiment import Role, Tracked
from twyman.metrics.metric import Aggregate, FactValue, Metric, Proportion, Quantile, TimeToEvent
from twyman.stats.estimate import NotEstimable

MET = "_delivered"
"""Name of the metric that is asked for: the share of units that met the change. No definition's starts so."""

Place = tuple[str, str]
"""A dimension and its value; two empty words are everybody."""
Counts = Mapping[tuple[str, Place], tuple[int, int]]
"""Units that met the change, and all units, by arm and place."""
Test = tuple[str, str, str, list[Dosed]]
"""A metric, a treatment, what cells are by, and the cells."""


def dosed(warehouse: Warehouse, question: Question, measured: Measured) -> tuple[list[Check], tuple[str, ...]]:
    """Test whether metrics move where hardly anybody met the change.

    Args:
        warehouse: Where the data are.
        question: The reading's, with its cut-off.
        measured: What the reading measured.

    Returns:
        The checks: none where no delivery is declared, where clusters were drawn, whose units come together, or
        where the change was met everywhere. And the statements that ran.
    """
    delivery, asked = question.experiment.delivery, delivery_question(question)
    if delivery is None or asked is None:
        return [], ()
    seen, what = warehouse.measure(asked), delivery.facts
    told = [test for test in _tests(question, measured, _counts(seen)) if dose_incoherent(*test, what=what)]
    return loud_or_least(dose_incoherent(*test, what=what, checks=len(told)) for test in told), seen.sql


def delivery_question(question: Question) -> Question | None:
    """Return the question for the share of units that met the change; `None` where it isn't asked."""
    delivery = question.experiment.delivery
    if delivery is None or question.experiment.randomised_by:
        return None
    kind = Proportion(FactValue(delivery.facts, Aggregate.COUNT, where=delivery.where))
    met = Metric(name=MET, kind=kind, origin=question.experiment.origin)
    tracked = (Tracked(metric=MET, role=Role.INFORMATION),)
    bare = replace(question.experiment, tracked=tracked, strata=(), decide=None)
    catalogue = replace(question.catalogue, metrics={**question.catalogue.metrics, MET: met})
    return replace(question, experiment=bare, catalogue=catalogue)


def _counts(seen: Measured) -> dict[tuple[str, Place], tuple[int, int]]:
    """Return who met the change: of everybody, by dimension and value, by day of exposure."""
    groups = {(cell.arm, (cell.dimension, cell.value)): moments for cell, moments in seen.cells.items()}
    groups |= {(arm, (DAY_OF_EXPOSURE, day.isoformat())): moments for (_, arm, day), moments in seen.days.items()}
    return {
        key: (round(moments.count * float(moments.means[0])), moments.count)
        for key, moments in groups.items()
        if moments.count
    }


def _tests(question: Question, measured: Measured, met: Counts) -> Iterator[Test]:
    """Return each test that could be made: of everybody, and by what was fixed before exposure."""
    experiment = question.experiment
    dimensions = dict.fromkeys(dimension for _, (dimension, _) in met)
    for tracked in experiment.tracked:
        metric = question.catalogue.metric(tracked.metric)
        if isinstance(metric.kind, Quantile | TimeToEvent):
            continue
        for arm in experiment.treatments:
            for dimension in dimensions:
                places = dict.fromkeys(place for _, place in met if place[0] == dimension)
                cells = [_cell(question, measured, (metric, arm.name, place), met) for place in places]
                yield metric.name, arm.name, dimension, [cell for cell in cells if cell is not None]


def _cell(question: Question, measured: Measured, at: tuple[Metric, str, Place], met: Counts) -> Dosed | None:
    """Return a place's effect and delivery; `None` where either is missing."""
    _, arm, place = at
    treatment, control = met.get((arm, place)), met.get((question.experiment.control.name, place))
    found = _compared(question, measured, at)
    if treatment is None or control is None or isinstance(found, NotEstimable):
        return None
    effect = found.pair.contrast()
    return Dosed(value=place[1], effect=effect, treatment=treatment, control=control) if effect.se else None


def _compared(question: Question, measured: Measured, at: tuple[Metric, str, Place]) -> Comparison | NotEstimable:
    metric, arm, (dimension, value) = at
    experiment = question.experiment
    if dimension != DAY_OF_EXPOSURE:
        return compared_in(experiment, metric, measured, arm, dimension=dimension, value=value)
    day = date.fromisoformat(value)
    arms = {one.name: measured.days.get((metric.name, one.name, day)) for one in experiment.arms}
    return compared(experiment, metric, arms, arm)
