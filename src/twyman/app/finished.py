"""Past results that nobody had to write down: the last kept look of every experiment that is over."""

from collections.abc import Iterable, Iterator

from twyman.app.comparison import Comparison
from twyman.app.ports import Look, LookBook
from twyman.app.results import compared_at
from twyman.experiments.expectation import Scale
from twyman.experiments.experiment import Entry, Experiment, Tracked
from twyman.experiments.history import PastResult
from twyman.metrics.catalogue import Catalogue
from twyman.stats.estimate import Estimate
from twyman.stats.lift import relative


def finished(experiments: Iterable[Experiment], catalogue: Catalogue, book: LookBook) -> Iterator[PastResult]:
    """Yield what experiments found that were measured to their end, where their last look was kept.

    Several treatments of one experiment are one result each. What can't be estimated as a lift is left out.

    Args:
        experiments: Of the project; those without an end, or without dates, are passed over.
        catalogue: Their metrics.
        book: Their looks.
    """
    for experiment in experiments:
        end = experiment.measure_until
        if end is None or experiment.entry is not Entry.EXPOSURES:
            continue
        looks = book.looks(experiment.name)
        if looks and looks[-1].cutoff.events >= end:
            yield from _results(experiment, catalogue, looks[-1])


def _results(experiment: Experiment, catalogue: Catalogue, look: Look) -> Iterator[PastResult]:
    for tracked in experiment.tracked:
        metric = catalogue.metrics.get(tracked.metric)
        for arm in experiment.treatments if metric else ():
            found = compared_at(experiment, metric, look.measured, arm.name) if metric else None
            if isinstance(found, Comparison) and (made := _result(experiment, tracked, arm.name, found, look)):
                yield made


def _result(experiment: Experiment, tracked: Tracked, arm: str, found: Comparison, look: Look) -> PastResult | None:
    lift = relative(found.pair)
    if not isinstance(lift, Estimate) or not lift.se:
        return None
    expected = tracked.expectations.get(arm)
    return PastResult(
        experiment=experiment.name,
        metric=tracked.metric,
        change=experiment.change,
        lift=lift.estimate,
        se=lift.se,
        ended=look.cutoff.events.date(),
        owner=experiment.owner,
        expected=expected if expected and expected.scale is Scale.RELATIVE else None,
    )
