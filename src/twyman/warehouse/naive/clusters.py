"""Units that were drawn together: which clusters met one arm, and what a cluster's units come to."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from math import fsum

from twyman.app.ports import Drawn, Question
from twyman.metrics.source import ExposureSource
from twyman.warehouse.naive.entering import Entering, Met
from twyman.warehouse.naive.links import Links
from twyman.warehouse.naive.unverifiable import Unverifiable


def drawn_together(question: Question, source: ExposureSource, entering: Entering, links: Links) -> Drawn:
    """Leave out the units of clusters of which several arms were met, and of none that is known.

    Raises:
        Unverifiable: If nothing says which cluster a unit is of.
    """
    experiment = question.experiment
    entered = {unit: met for unit, met in entering.units.items() if met.arm is not None}
    if experiment.randomised_by not in source.entities:
        link = links.link((experiment.entity,), experiment.randomised_by)
        if link is None:
            raise Unverifiable(f"names no {experiment.randomised_by} of a unit")
        for unit, met in entered.items():
            met.cluster = link.owner(unit)
    clusters: dict[str, list[Met]] = defaultdict(list)
    for met in entered.values():
        if met.cluster is not None:
            clusters[met.cluster].append(met)
    crossed = {name for name, several in clusters.items() if _crossed(several)}
    entering.out = {unit for unit, met in entered.items() if met.cluster is None or met.cluster in crossed}
    names = [arm.name for arm in experiment.arms]
    first = {name: names[_first(several)] for name, several in clusters.items()}
    return Drawn(
        exposed=_counted(names, [first[name] for name in clusters if name not in crossed]),
        crossed=_counted(names, [first[name] for name in crossed]),
        analysed={},
        moved=sum(len(met.clusters) > 1 for met in entered.values()),
        lost=sum(met.cluster is None for met in entered.values()),
    )


def _crossed(several: Sequence[Met]) -> bool:
    return len({met.arm for met in several}) > 1 or any(len(met.arms) > 1 for met in several)


def _first(several: Sequence[Met]) -> int:
    return min((one.first, one.arm) for one in several if one.first is not None and one.arm is not None)[1]


def _counted(names: Sequence[str], found: Sequence[str]) -> dict[str, int]:
    return dict.fromkeys(names, 0) | Counter(found)


def summed(rows: Sequence[Sequence[float]], own: int) -> list[float]:
    """Return what the numbers of a cluster's units come to: sums and a size, or two sums; averages of covariates.

    Args:
        rows: Numbers of each unit that counts; at least one.
        own: How many of the columns are the metric's own.

    Example:
        >>> summed([[1.0, 7.0], [2.0, 8.0]], own=1)
        [3.0, 2.0, 7.5]
    """
    columns = list(zip(*rows, strict=True))
    sums = [fsum(column) for column in columns[:own]]
    return [*sums, *([float(len(rows))] if own == 1 else []), *(fsum(one) / len(rows) for one in columns[own:])]
