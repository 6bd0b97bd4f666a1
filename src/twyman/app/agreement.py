"""Whether two paths to the same moments agree, number by number, and how far rounding may part them.

Counts are compared exactly. A mean may differ by 1e-12 of its column's root mean square, so that whole
sums below 5e11 agree to the last unit. Products of deviations may differ by 1e-12 of the columns' spreads,
and by what rounding each value at 64 units of the last place of its mean would do: a column of norm `d`
about its mean `m` moves by a vector of norm `e = 64 u m √n` at most, so a product of two columns moves
by `e₁d₂ + e₂d₁ + e₁e₂`. For a mean some thousand times the spread that is 1e-11 relative; it reaches
1e-9 only where the mean is 35,000 times the spread.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from itertools import combinations_with_replacement
from math import sqrt
from typing import Any

import numpy as np

from twyman.app.ports import Cell, Measured, Ranked
from twyman.app.recomputation import Recomputed
from twyman.stats.moments import Moments
from twyman.stats.survival import RiskTable

RELATIVE = 1e-12
PLACES = 64 * float(np.finfo(np.float64).eps) / 2
Number = int | float | str | None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One number on which the paths differ.

    Attributes:
        metric, arm: Of which it is; empty where it is of none.
        quantity: What it is, in words.
        measured, recomputed: By the statement, and by the second path.
    """

    metric: str
    arm: str
    quantity: str
    measured: Number
    recomputed: Number


@dataclass(frozen=True, slots=True)
class Agreement:
    """How two paths compare.

    Attributes:
        numbers: How many numbers agree.
    """

    numbers: int
    disagreements: tuple[Disagreement, ...] = ()

    def __bool__(self) -> bool:
        """Whether they agree on every number compared."""
        return not self.disagreements


@dataclass(frozen=True, slots=True)
class _Pair:
    """One number by either path, and how far apart they may be."""

    metric: str
    arm: str
    quantity: str
    measured: Number
    recomputed: Number
    bound: float = 0.0

    @property
    def agrees(self) -> bool:
        one, other = self.measured, self.recomputed
        if isinstance(one, int | float) and isinstance(other, int | float):
            return abs(one - other) <= self.bound
        return one == other


def agreement(measured: Measured, recomputed: Recomputed) -> Agreement:
    """Compare what a statement measured with what the second path found, leaving out what that couldn't recompute."""
    pairs = list(_pairs(measured, recomputed))
    differing = tuple(
        Disagreement(one.metric, one.arm, one.quantity, one.measured, one.recomputed) for one in pairs if not one.agrees
    )
    return Agreement(len(pairs) - len(differing), differing)


def _pairs(measured: Measured, recomputed: Recomputed) -> Iterator[_Pair]:
    found, left_out = recomputed.measured, {one.what for one in recomputed.unverified}
    if not found.units:
        return
    yield from _counts("units", measured.units, found.units)
    yield from _counts("crossovers", measured.crossovers, found.crossovers)
    yield from _entrants(measured, found)
    yield from _by_day(measured.exposed, found.exposed)
    yield from _kept(measured, found)
    yield from _drawn(measured, found)
    yield from _shared(measured, found)
    if "rows read" not in left_out:
        yield from _scanned(measured, found)
    for what in ("days_matured", "days_left_out"):
        yield _Pair("", "", what.replace("_", " "), getattr(measured, what), getattr(found, what))
    for metric in measured.columns:
        if f"metric '{metric}'" not in left_out:
            yield from _metric(metric, measured, found, left_out)


def _counts(quantity: str, one: Mapping[str, int], other: Mapping[str, int]) -> Iterator[_Pair]:
    for arm in _both(one, other):
        yield _Pair("", arm, quantity, one.get(arm, 0), other.get(arm, 0))


def _both(one: Iterable[Any], other: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys([*one, *other]))


def _entrants(measured: Measured, found: Measured) -> Iterator[_Pair]:
    for field in fields(measured.entrants):
        one, other = getattr(measured.entrants, field.name), getattr(found.entrants, field.name)
        name = _ENTRANTS.get(field.name, field.name.replace("_", " "))
        if isinstance(one, Mapping):
            yield from _counts(name, one, other)  # pyright: ignore[reportUnknownArgumentType]
        else:
            yield _Pair("", "", name, one, other)


_ENTRANTS = {
    "rows": "rows of the experiment",
    "units": "units met",
    "in_two_arms": "units in two arms",
    "left_out": "rows left out",
    "kept": "rows kept",
    "repeated": "repeated rows",
    "without_unit": "rows without an id",
    "unknown_arms": "rows of an unknown arm",
    "outside": "rows outside enrolment",
}


def _by_day(one: Mapping[tuple[str, date], int], other: Mapping[tuple[str, date], int]) -> Iterator[_Pair]:
    for arm, day in _both(one, other):
        yield _Pair("", arm, f"units exposed on {day}", one.get((arm, day), 0), other.get((arm, day), 0))


def _kept(measured: Measured, found: Measured) -> Iterator[_Pair]:
    one, other = ({(step.kind, step.name): step.kept for step in each.kept} for each in (measured, found))
    for kind, name in _both(one, other):
        yield from _counts(
            f"units kept by {kind} {name}".strip(), one.get((kind, name), {}), other.get((kind, name), {})
        )


def _drawn(measured: Measured, found: Measured) -> Iterator[_Pair]:
    if measured.drawn is None and found.drawn is None:
        return
    for field, quantity in _CLUSTERS.items():
        one, other = (getattr(each.drawn, field, {}) for each in (measured, found))
        yield from _counts(quantity, one, other)
    for field, quantity in (("moved", "units of two clusters"), ("lost", "units of no cluster")):
        values = [getattr(each.drawn, field, None) for each in (measured, found)]
        yield _Pair("", "", quantity, values[0], values[1])


_CLUSTERS = {"exposed": "clusters of one arm", "crossed": "clusters of two arms", "analysed": "clusters analysed"}


def _shared(measured: Measured, found: Measured) -> Iterator[_Pair]:
    one, other = ({shared.entity: shared for shared in each.shared} for each in (measured, found))
    for entity in _both(one, other):
        for field, quantity in (("ids", f"ids of {entity}"), ("shared", f"shared ids of {entity}")):
            values = [getattr(each.get(entity), field, None) for each in (one, other)]
            yield _Pair("", "", quantity, values[0], values[1])


def _scanned(measured: Measured, found: Measured) -> Iterator[_Pair]:
    one, other = ({scanned.source: scanned for scanned in each.scanned} for each in (measured, found))
    for source in _both(one, other):
        for field in ("rows", "units", "after_cutoff", "late", "ahead", "first", "last"):
            values = [_shown(getattr(each.get(source), field, None)) for each in (one, other)]
            yield _Pair("", "", f"{field.replace('_', ' ')} of '{source}'", values[0], values[1])


def _shown(value: Any) -> Number:  # noqa: ANN401 - a count or a time
    return value if value is None or isinstance(value, int) else str(value)


def _metric(metric: str, measured: Measured, found: Measured, left_out: set[str]) -> Iterator[_Pair]:
    columns = found.columns.get(metric, ())
    yield _Pair(metric, "", "columns", ", ".join(measured.columns[metric]), ", ".join(columns))
    if columns != measured.columns[metric]:
        return
    for cell in _cells(metric, measured, found):
        if f"dimension '{cell.dimension}'" not in left_out:
            yield from _cell(cell, columns, measured, found)
    if "strata" not in left_out:
        yield from _grouped(metric, columns, measured.strata, found.strata, "stratum")
    yield from _grouped(metric, columns, measured.days, found.days, "exposed on")
    for key in _both(measured.cohorts, found.cohorts):
        if key[0] == metric:
            yield from _cohort(metric, key[1], measured, found)
    cap = found.caps.get(metric)
    yield _Pair(metric, "", "cap", measured.caps.get(metric), cap, RELATIVE * abs(cap or 0))
    yield from _signs(metric, measured, found)


def _cells(metric: str, *several: Measured) -> list[Cell]:
    cells = {cell for each in several for held in (each.cells, each.ranks, each.risk) for cell in held}
    return sorted((cell for cell in cells if cell.metric == metric), key=str)


def _cell(cell: Cell, columns: tuple[str, ...], measured: Measured, found: Measured) -> Iterator[_Pair]:
    metric, label = cell.metric, _label(cell)
    yield from _moments(metric, label, columns, measured.cells.get(cell), found.cells.get(cell))
    if measured.drawn is not None:
        yield _Pair(metric, label, "units in clusters", measured.members.get(cell, 0), found.members.get(cell, 0))
    if cell in measured.ranks or cell in found.ranks:
        yield from _ranks(metric, label, measured.ranks.get(cell, NO_RANKS), found.ranks.get(cell, NO_RANKS))
    if cell in measured.risk or cell in found.risk:
        yield from _risk(metric, label, measured.risk.get(cell), found.risk.get(cell))


NO_RANKS = Ranked(count=0, values={})


def _ranks(metric: str, arm: str, one: Ranked, other: Ranked) -> Iterator[_Pair]:
    """Compare all values that were fetched, each with that of its rank by the second path, which holds some more."""
    yield _Pair(metric, arm, "values", one.count, other.count)
    yield _Pair(metric, arm, "values fetched", "some" if one.values else "none", "some" if other.values else "none")
    bound = RELATIVE * max((abs(value) for value in other.values.values()), default=0.0)
    for rank, value in one.values.items():
        yield _Pair(metric, arm, f"value of rank {rank:,}", value, other.values.get(rank), bound)
    if one.clusters is not None or other.clusters is not None:
        yield from _moments(metric, arm, ("values up to the quantile", "values"), one.clusters, other.clusters)


def _risk(metric: str, arm: str, one: RiskTable | None, other: RiskTable | None) -> Iterator[_Pair]:
    tables = [_steps(table) for table in (one, other)]
    for step in _both(*tables):
        for place, quantity in enumerate(("units watched", "events")):
            values = [float(table[step][place]) if step in table else None for table in tables]
            yield _Pair(metric, arm, f"{quantity} in step {step:g}", values[0], values[1])


def _steps(table: RiskTable | None) -> dict[float, tuple[float, float]]:
    if table is None:
        return {}
    columns = (np.asarray(one).tolist() for one in (table.times, table.at_risk, table.events))
    return {time: (at_risk, events) for time, at_risk, events in zip(*columns, strict=True)}


def _signs(metric: str, measured: Measured, found: Measured) -> Iterator[_Pair]:
    for key in (key for key in _both(measured.signs, found.signs) if key[0] == metric):
        for field, quantity in (("days", "days"), ("higher", "days higher")):
            values = [getattr(each.signs.get(key), field, None) for each in (measured, found)]
            yield _Pair(metric, key[1], quantity, values[0], values[1])


def _label(cell: Cell) -> str:
    return f"{cell.arm}, {cell.dimension} {cell.value}" if cell.dimension else cell.arm


def _cohort(metric: str, arm: str, measured: Measured, found: Measured) -> Iterator[_Pair]:
    for field in ("entered", "matured", "measured"):
        values = [getattr(each.cohorts.get((metric, arm)), field, None) for each in (measured, found)]
        yield _Pair(metric, arm, f"units {field}", values[0], values[1])


def _grouped(
    metric: str,
    columns: tuple[str, ...],
    one: Mapping[tuple[str, str, Any], Moments],
    other: Mapping[tuple[str, str, Any], Moments],
    word: str,
) -> Iterator[_Pair]:
    keys: list[tuple[str, str, Hashable]] = [key for key in _both(one, other) if key[0] == metric]
    for key in keys:
        yield from _moments(metric, f"{key[1]}, {word} {key[2]}", columns, one.get(key), other.get(key))


def _moments(
    metric: str, arm: str, columns: tuple[str, ...], one: Moments | None, other: Moments | None
) -> Iterator[_Pair]:
    first, second = one or Moments.empty(len(columns)), other or Moments.empty(len(columns))
    yield _Pair(metric, arm, "units measured", first.count, second.count)
    if first.count != second.count or not second.count:
        return
    slack = _slack(second)
    for i, title in enumerate(columns):
        quantity = "mean" if title == "value" else f"mean of {title}"
        yield _Pair(metric, arm, quantity, float(first.means[i]), float(second.means[i]), slack.mean(i))
    for i, j in combinations_with_replacement(range(len(columns)), 2):
        quantity = f"squares of {columns[i]}" if i == j else f"products of {columns[i]} and {columns[j]}"
        yield _Pair(
            metric, arm, quantity, float(first.products[i, j]), float(second.products[i, j]), slack.product(i, j)
        )


@dataclass(frozen=True, slots=True)
class _Slack:
    """How far rounding may part moments: by the norm of each column about its mean, and of its rounding."""

    count: int
    means: tuple[float, ...]
    spreads: tuple[float, ...]

    def mean(self, i: int) -> float:
        """Return the bound on a mean."""
        return RELATIVE * sqrt(self.means[i] ** 2 + self.spreads[i] ** 2 / self.count)

    def product(self, i: int, j: int) -> float:
        """Return the bound on a sum of products."""
        (one, two), (e, f) = (self.spreads[i], self.spreads[j]), (self._moved(i), self._moved(j))
        return RELATIVE * one * two + e * two + f * one + e * f

    def _moved(self, i: int) -> float:
        return PLACES * abs(self.means[i]) * sqrt(self.count)


def _slack(moments: Moments) -> _Slack:
    spreads = np.sqrt(np.maximum(np.diagonal(moments.products), 0))
    return _Slack(moments.count, tuple(moments.means.tolist()), tuple(spreads.tolist()))
