"""Whether one unit carries a result: those that stand out most, taken out of what was measured."""

from collections.abc import Iterator
from dataclasses import replace

from twyman.app.comparison import Comparison, own_columns
from twyman.app.ports import Cell, Measured
from twyman.app.results import compared_at
from twyman.doubt.check import Check, Status
from twyman.doubt.influence import (
    ALONE,
    Compared,
    Dominant,
    Standout,
    beyond,
    dominant,
    dominant_unit,
    furthest,
    hangs_on_one_unit,
)
from twyman.experiments.experiment import Experiment, Role
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Metric, Quantile
from twyman.stats.moments import Moments


def influence(experiment: Experiment, catalogue: Catalogue, measured: Measured) -> Iterator[Check | None]:
    """Look for one unit that carries an arm; a metric of zeros and ones can have none.

    Args:
        experiment: The experiment.
        catalogue: The metrics that it refers to.
        measured: What its units did.
    """
    for tracked in experiment.tracked:
        metric = catalogue.metric(tracked.metric)
        if metric.is_binary or _is_of_units(metric):
            continue
        own = own_columns(metric, clustered=bool(experiment.randomised_by))
        loudest = Status.WARN if tracked.role is Role.INFORMATION else Status.BLOCK
        arms = {arm.name: seen for arm in experiment.arms if (seen := _seen(measured, tracked.metric, arm.name, own))}
        for arm, (moments, candidates) in arms.items():
            found = dominant(moments, candidates)
            if found is None:
                continue
            others = [one for name, seen in arms.items() if name != arm and (one := furthest(*seen))]
            check = dominant_unit(_swayed(metric), arm, found, others=others, loudest=loudest)
            yield replace(check, metric=metric.name)
            decides = loudest is Status.BLOCK and not isinstance(metric.kind, Quantile)
            if decides and beyond(found, others) >= ALONE:
                yield from _hanging(experiment, metric, arm, measured, found)


def _seen(measured: Measured, metric: str, arm: str, own: int) -> tuple[Moments, list[Standout]] | None:
    """Return an arm's moments of a metric, and the units that stand out most there."""
    moments = measured.cells.get(Cell(metric, arm))
    candidates = [Standout(extreme.unit, extreme.values) for extreme in measured.extremes.get((metric, arm), ())]
    return (moments.columns(*range(own)), candidates) if moments is not None and candidates else None


def _hanging(
    experiment: Experiment, metric: Metric, arm: str, measured: Measured, found: Dominant
) -> Iterator[Check | None]:
    """Ask of each comparison that an arm is in whether it hangs on the unit that dominates the arm."""
    control, plan = experiment.control.name, experiment.plan
    for treatment in experiment.treatments:
        if arm not in {treatment.name, control}:
            continue
        made = compared_at(experiment, metric, measured, treatment.name)
        if isinstance(made, Comparison):
            sides = Compared(
                raw=made.raw, decides=made.pair, treatment=treatment.name, control=control, alpha=plan.alpha
            )
            yield hangs_on_one_unit(metric.name, arm, found, sides)


def _is_of_units(metric: Metric) -> bool:
    """Whether it is a quantile over units, which no single one can move."""
    return isinstance(metric.kind, Quantile) and not metric.kind.of_facts


def _swayed(metric: Metric) -> str:
    """Say what one unit could sway: the metric; of a quantile over facts, how many there are."""
    return f"{metric.name} (facts a unit)" if isinstance(metric.kind, Quantile) else metric.name
