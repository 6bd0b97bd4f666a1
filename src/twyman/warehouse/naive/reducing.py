"""From numbers of units to all that a look holds of a metric: by arm, day, dimension and stratum."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from json import dumps
from typing import Any

import numpy as np

from twyman.app.ports import OTHER_STRATA, SEVERAL_STRATA, Cell, Cohort, Ranked
from twyman.experiments.experiment import Experiment
from twyman.metrics.metric import Cap, Metric, Quantile
from twyman.stats.moments import Moments
from twyman.stats.survival import RiskTable
from twyman.warehouse.naive.clusters import summed
from twyman.warehouse.naive.moments import Numbers, moments, percentile
from twyman.warehouse.naive.ranking import ranked
from twyman.warehouse.naive.waiting import Waited, risk_of

NONE, OTHER, CROSS = "(none)", "(other)", " × "
MOST_VALUES, MOST_STRATA = 50, 1_000


@dataclass(frozen=True, slots=True)
class Grouped:
    """Where each unit belongs, one entry a unit.

    Attributes:
        arms: The arm's place in the experiment's list.
        days: Date of entry, of a cluster's that of its first unit; empty where there are no dates.
        dimensions: Value by dimension.
        strata: Stratum; empty where the experiment has none.
        clusters: What the unit was drawn with; empty where it was drawn alone.
    """

    arms: Sequence[int]
    days: Sequence[date] = ()
    dimensions: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    strata: Sequence[str] = ()
    clusters: Sequence[str | None] = ()

    def cells(self, metric: str, names: Sequence[str]) -> dict[Cell, list[int]]:
        """Return the units of each arm, and of each arm and value of a dimension."""
        found: dict[Cell, list[int]] = {Cell(metric, name): [] for name in names}
        for index, arm in enumerate(self.arms):
            found[Cell(metric, names[arm])].append(index)
            for dimension, values in self.dimensions.items():
                found.setdefault(Cell(metric, names[arm], dimension, values[index]), []).append(index)
        return found


@dataclass(frozen=True, slots=True)
class UnitNumbers:
    """A metric's numbers, one entry a unit.

    Attributes:
        titles: Name of each column.
        flags, capped: Which columns only say that another was missing; which the cap applies to.
        own: How many columns are the metric's own.
        matured: Whether the unit's window is over.
        rows: The unit's numbers; `None` where the metric doesn't take it.
        waited: Of a time to an event: when each unit's watch ended, and whether by the event.
        observed: Where each fact is an observation: those of each unit whose window is over.
    """

    metric: Metric
    titles: tuple[str, ...]
    flags: tuple[bool, ...]
    capped: tuple[bool, ...]
    own: int
    matured: Sequence[bool]
    rows: Sequence[Sequence[float] | None]
    waited: Sequence[Waited] = ()
    observed: Sequence[Sequence[float]] | None = None


@dataclass(slots=True)
class Reduced:
    """What a look holds of one metric."""

    columns: tuple[str, ...]
    cells: dict[Cell, Moments] = field(default_factory=dict[Cell, Moments])
    ranks: dict[Cell, Ranked] = field(default_factory=dict[Cell, Ranked])
    risk: dict[Cell, RiskTable] = field(default_factory=dict[Cell, RiskTable])
    members: dict[Cell, int] = field(default_factory=dict[Cell, int])
    strata: dict[tuple[str, str, str], Moments] = field(default_factory=dict[tuple[str, str, str], Moments])
    days: dict[tuple[str, str, date], Moments] = field(default_factory=dict[tuple[str, str, date], Moments])
    cohorts: dict[tuple[str, str], Cohort] = field(default_factory=dict[tuple[str, str], Cohort])
    cap: float | None = None


def lumped(values: Sequence[str | None], most: int, other: str) -> list[str]:
    """Return values of which only the most frequent stand by themselves.

    Example:
        >>> lumped(["a", "b", "a", None], 1, "(other)")
        ['a', '(other)', 'a', '(other)']
    """
    named = [NONE if value is None else value for value in values]
    ranked = sorted(Counter(named).items(), key=lambda one: (-one[1], one[0]))
    kept = {value for value, _ in ranked[:most]}
    return [value if value in kept else other for value in named]


def strata(values: Sequence[Sequence[str | None]]) -> list[str]:
    """Return the stratum of each unit, as a JSON list of its values, the rarest as one."""
    written = [dumps(list(one), ensure_ascii=False, separators=(",", ":")) for one in zip(*values, strict=True)]
    return lumped(written, MOST_STRATA, OTHER_STRATA)


def together(values: Sequence[str], clusters: Sequence[str | None]) -> list[str]:
    """Return the stratum of each unit's cluster: one of its own where its units are of several.

    Example:
        >>> together(["a", "b", "a"], ["x", "y", "y"])
        ['a', '{}', '{}']
    """
    found: dict[str | None, set[str]] = defaultdict(set)
    for value, cluster in zip(values, clusters, strict=True):
        found[cluster].add(value)
    several = (len(found[cluster]) > 1 for cluster in clusters)
    return [SEVERAL_STRATA if mixed else value for value, mixed in zip(values, several, strict=True)]


def reduced(experiment: Experiment, numbers: UnitNumbers, grouped: Grouped) -> Reduced:
    """Reduce a metric's numbers to moments, by every group of units."""
    metric, names = numbers.metric.name, [arm.name for arm in experiment.arms]
    taken = [index for index, row in enumerate(numbers.rows) if row is not None]
    table = np.array([numbers.rows[index] for index in taken], dtype=np.float64).reshape(
        len(taken), len(numbers.titles)
    )
    cap = _cap(numbers.metric, table)
    table = _capped(numbers, table, cap)
    rows = _Rows(numbers, grouped, dict(zip(taken, table.tolist(), strict=True)))
    kept = rows.telling(len(names))
    found = Reduced(tuple(rows.titles[index] for index in kept), cap=cap)
    cells = grouped.cells(metric, names)
    found.cells = {cell: moments(rows.of(units)[:, kept]) for cell, units in cells.items()}
    if grouped.clusters:
        found.members = {cell: sum(index in rows.taken for index in units) for cell, units in cells.items()}
    for arm, name in enumerate(names):
        found.cohorts[metric, name] = _cohort(numbers, grouped, arm)
    for (arm, value), units in _split(grouped, grouped.strata, taken).items():
        found.strata[metric, names[arm], value] = moments(rows.of(units)[:, kept])
    for (arm, day), units in _split(grouped, grouped.days, taken).items():
        found.days[metric, names[arm], day] = moments(rows.of(units)[:, kept])
    _add_ranks(found, rows, cells)
    _add_risk(found, rows, cells)
    return found


def _split(grouped: Grouped, keys: Sequence[Any], taken: Sequence[int]) -> dict[tuple[int, Any], list[int]]:
    found: dict[tuple[int, Any], list[int]] = defaultdict(list)
    for index in taken if keys else ():
        found[grouped.arms[index], keys[index]].append(index)
    return found


@dataclass(slots=True)
class _Rows:
    """Rows of numbers, one a unit or one a cluster of units.

    Attributes:
        taken: The numbers of each unit that the metric takes, capped.
    """

    numbers: UnitNumbers
    grouped: Grouped
    taken: Mapping[int, list[float]]

    @property
    def titles(self) -> tuple[str, ...]:
        own = self.numbers.own
        size = ("size",) if self.grouped.clusters and own == 1 else ()
        return (*self.numbers.titles[:own], *size, *self.numbers.titles[own:])

    def of(self, units: Iterable[int]) -> Numbers:
        """Return the rows that stand for some units."""
        given = [index for index in units if index in self.taken]
        if not self.grouped.clusters:
            found = [self.taken[index] for index in given]
        else:
            together: dict[str | None, list[list[float]]] = defaultdict(list)
            for index in given:
                together[self.grouped.clusters[index]].append(self.taken[index])
            found = [summed(several, self.numbers.own) for several in together.values()]
        return np.array(found, dtype=np.float64).reshape(len(found), len(self.titles))

    def telling(self, arms: int) -> list[int]:
        """Return the columns that say something: a flag that is the same for all units is left out."""
        own = self.numbers.own
        size = (False,) if self.grouped.clusters and own == 1 else ()
        flags = (*self.numbers.flags[:own], *size, *self.numbers.flags[own:])
        by_arm = [self.of(index for index, met in enumerate(self.grouped.arms) if met == arm) for arm in range(arms)]
        return [index for index, flag in enumerate(flags) if not flag or _varies([one[:, index] for one in by_arm])]

    def values(self, index: int) -> Sequence[float]:
        """Return the values of a unit that a quantile ranks."""
        if self.numbers.observed is not None:
            return self.numbers.observed[index]
        return self.taken[index][:1] if index in self.taken else ()


def _varies(flags: Sequence[Numbers]) -> bool:
    met = [set(one.tolist()) for one in flags]
    return any(len(values) > 1 for values in met) or len({max(one, default=0.0) for one in met}) > 1


def _add_risk(found: Reduced, rows: _Rows, cells: Mapping[Cell, Sequence[int]]) -> None:
    waited = rows.numbers.waited
    for cell, units in cells.items() if waited else ():
        if several := [waited[index] for index in units if index in rows.taken]:
            found.risk[cell] = risk_of(several)


def _add_ranks(found: Reduced, rows: _Rows, cells: Mapping[Cell, Sequence[int]]) -> None:
    kind, clusters = rows.numbers.metric.kind, rows.grouped.clusters
    if not isinstance(kind, Quantile):
        return
    clustered = rows.numbers.observed is not None or bool(clusters)
    for cell, units in cells.items():
        by_drawn: dict[Hashable, list[float]] = defaultdict(list)
        for index in units:
            if values := rows.values(index):
                by_drawn[clusters[index] if clusters else index] += values
        if by_drawn:
            found.ranks[cell] = ranked(by_drawn, kind.share, clustered=clustered)


def _cohort(numbers: UnitNumbers, grouped: Grouped, arm: int) -> Cohort:
    units = [index for index, other in enumerate(grouped.arms) if other == arm]
    return Cohort(
        entered=len(units),
        matured=sum(numbers.matured[index] for index in units),
        measured=sum(numbers.rows[index] is not None for index in units),
    )


def _cap(metric: Metric, table: Numbers) -> float | None:
    """Return the threshold of a metric's own value: the number given, or a percentile over all arms."""
    cap: Cap | None = None if metric.is_binary else metric.cap
    if cap is None or cap.limit is not None:
        return None if cap is None else cap.limit
    return _threshold(cap, table[:, 0].tolist())


def _threshold(cap: Cap, values: Sequence[float]) -> float | None:
    if not values or cap.percentile is None:
        return cap.limit
    return percentile(values, round(cap.percentile / 100, 12))


def _capped(numbers: UnitNumbers, table: Numbers, own: float | None) -> Numbers:
    if own is None or numbers.metric.cap is None:
        return table
    capped = table.copy()
    for index, applies in enumerate(numbers.capped):
        if applies:
            limit = _threshold(numbers.metric.cap, table[:, index].tolist())
            capped[:, index] = table[:, index] if limit is None else np.minimum(table[:, index], limit)
    return capped
