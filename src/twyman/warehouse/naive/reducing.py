"""From numbers of units to all that a look holds of a metric: by arm, day, dimension and stratum."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from json import dumps
from typing import Any

import numpy as np

from twyman.app.ports import OTHER_STRATA, Cell, Cohort
from twyman.experiments.experiment import Experiment
from twyman.metrics.metric import Cap, Metric
from twyman.stats.moments import Moments
from twyman.warehouse.naive.moments import Numbers, moments, percentile

NONE, OTHER = "(none)", "(other)"
MOST_VALUES, MOST_STRATA = 50, 1_000


@dataclass(frozen=True, slots=True)
class Grouped:
    """Where each unit belongs, one entry a unit.

    Attributes:
        arms: The arm's place in the experiment's list.
        days: Date of exposure; empty where there are no dates.
        dimensions: Value by dimension.
        strata: Stratum; empty where the experiment has none.
    """

    arms: Sequence[int]
    days: Sequence[date] = ()
    dimensions: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    strata: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class UnitNumbers:
    """A metric's numbers, one entry a unit.

    Attributes:
        titles: Name of each column.
        flags, capped: Which columns only say that another was missing; which the cap applies to.
        matured: Whether the unit's window is over.
        rows: The unit's numbers; `None` where the metric doesn't take it.
    """

    metric: Metric
    titles: tuple[str, ...]
    flags: tuple[bool, ...]
    capped: tuple[bool, ...]
    matured: Sequence[bool]
    rows: Sequence[Sequence[float] | None]


@dataclass(slots=True)
class Reduced:
    """What a look holds of one metric."""

    columns: tuple[str, ...]
    cells: dict[Cell, Moments] = field(default_factory=dict[Cell, Moments])
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


def reduced(experiment: Experiment, numbers: UnitNumbers, grouped: Grouped) -> Reduced:
    """Reduce a metric's numbers to moments, by every group of units."""
    metric, names = numbers.metric.name, [arm.name for arm in experiment.arms]
    taken = np.array([index for index, row in enumerate(numbers.rows) if row is not None], dtype=np.intp)
    table = np.array([numbers.rows[index] for index in taken], dtype=np.float64).reshape(
        len(taken), len(numbers.titles)
    )
    cap = _cap(numbers.metric, table)
    table = _capped(numbers, table, cap)
    kept = _telling(numbers, table, [grouped.arms[int(index)] for index in taken.tolist()], len(names))
    found = Reduced(tuple(numbers.titles[index] for index in kept), cap=cap)
    table = table[:, kept]

    def by(key: Callable[[int], Hashable]) -> dict[Any, Moments]:
        groups: dict[Any, list[int]] = defaultdict(list)
        for row, index in enumerate(taken):
            groups[key(int(index))].append(row)
        return {group: moments(table[rows]) for group, rows in groups.items()}

    whole = by(lambda index: grouped.arms[index])
    for arm, name in enumerate(names):
        found.cells[Cell(metric, name)] = whole.get(arm, Moments.empty(len(kept)))
        found.cohorts[metric, name] = _cohort(numbers, grouped, arm)
    for dimension, values in grouped.dimensions.items():
        split = by(lambda index, values=values: (grouped.arms[index], values[index]))
        for arm, value in set(zip(grouped.arms, values, strict=True)):
            found.cells[Cell(metric, names[arm], dimension, value)] = split.get((arm, value), Moments.empty(len(kept)))
    if grouped.strata:
        split = by(lambda index: (grouped.arms[index], grouped.strata[index]))
        found.strata = {(metric, names[arm], value): one for (arm, value), one in split.items()}
    if grouped.days:
        split = by(lambda index: (grouped.arms[index], grouped.days[index]))
        found.days = {(metric, names[arm], day): one for (arm, day), one in split.items()}
    return found


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


def _telling(numbers: UnitNumbers, table: Numbers, arms: Sequence[int], count: int) -> list[int]:
    """Return the columns that say something: a flag that is the same for all units is left out."""
    return [index for index, flag in enumerate(numbers.flags) if not flag or _varies(table[:, index], arms, count)]


def _varies(flags: Numbers, arms: Sequence[int], count: int) -> bool:
    met: dict[int, set[float]] = {arm: set() for arm in range(count)}
    for arm, flag in zip(arms, flags.tolist(), strict=True):
        met[arm].add(flag)
    return any(len(values) > 1 for values in met.values()) or len({max(one, default=0.0) for one in met.values()}) > 1
