"""How another flag's values are spread over an experiment's arms, and whether one comes with the other.

Buckets are whole numbers, so the table is exact for the contexts at hand; but they are a sample, and two independent
draws are never spread quite alike in one. So what is said of a pair holds by its lower confidence bound, at an error
shared out over all flags that are looked at (METHODS, Rulings 7). A small table can hide a dependence; none makes one.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from twyman.stats.anytime.dependence import dependence as at_any_look
from twyman.stats.estimate import NotEstimable

FALSE_ALARMS = 0.01
"""Chance that an experiment is warned of any flag that is independent of it, over all flags together."""

IGNORED = 0.02
"""Up to this association, nothing that leaks in is worth a warning."""

STRONG = 0.1
"""From this association on, an arm that never meets a value can't be told from it."""

ALPHA, POWER = 0.001, 0.9
"""Of the test by which a dependence would show in the data (METHODS, Part B, 4.1)."""

Table = NDArray[np.int64]
"""Units by arm (rows) and value (columns)."""

Codes = NDArray[np.integer]

Expected = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Joint:
    """Arms against another flag's values.

    Attributes:
        table: Units by arm and value.
        v: Cramér's V: 0 where independent, 1 where one fixes the other.
        v_lower: Its lower confidence bound; 0 where chance alone could have made the table.
        leak: How much more often one arm meets a value than another: the largest difference of two shares.
        p_value: Of independence, valid however often the gate is asked.
        aliased: Whether one fixes the other, or they go together strongly and an arm never meets a value.
        empty: Arms and values that never meet, by their places.
    """

    table: Table = field(repr=False)
    v: float = 0.0
    v_lower: float = 0.0
    leak: float = 0.0
    p_value: float = 1.0
    aliased: bool = False
    empty: tuple[tuple[int, int], ...] = ()

    @property
    def is_dependent(self) -> bool:
        """Whether chance alone doesn't explain the table."""
        return self.aliased or self.v_lower > 0

    @property
    def shows_at(self) -> int:
        """Units at which the dependence would show in the data."""
        return shows_at(self.v)


def shows_at(v: float) -> int:
    """Return how many units it takes to see an association, at an error of .1 % and a power of 90 %.

    Example:
        >>> shows_at(1.0), shows_at(0.1)
        (21, 2091)
    """
    return math.ceil((ndtri(1 - ALPHA / 2) + ndtri(POWER)) ** 2 / v**2) if v > 0 else 0


def counted(arms: Codes, values: Codes, *, of_arms: int, of_values: int) -> Table:
    """Count units by arm and value.

    Example:
        >>> counted(np.array([0, 0, 1]), np.array([1, 1, 0]), of_arms=2, of_values=2).tolist()
        [[0, 2], [1, 0]]
    """
    cells = arms.astype(np.int64) * of_values + values
    return np.bincount(cells, minlength=of_arms * of_values).reshape(of_arms, of_values)


def joint(table: Table, *, alpha: float) -> Joint:
    """Judge a table of arms against values.

    Args:
        table: Units by arm and value.
        alpha: Error of calling an independent pair dependent.

    Example:
        >>> told = joint(np.array([[0, 60], [60, 0]]), alpha=0.001)
        >>> told.aliased, told.v, told.leak
        (True, 1.0, 1.0)
        >>> joint(np.array([[30, 30], [29, 31]]), alpha=0.001).is_dependent
        False
    """
    seen = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(seen.shape) < 2:
        return Joint(table)
    counts = seen.astype(np.float64)
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    empty = _empty(table) if not seen.all() else ()
    plain = Joint(table, _association(counts, expected), 0.0, _leak(counts), empty=empty)
    if log_ratio(counts, expected) < -math.log(alpha):
        return plain  # no e-value exceeds the likelihood ratio of the best alternative
    found = at_any_look(seen, alpha=alpha)
    if isinstance(found, NotEstimable) or found.p_value > alpha:
        return plain
    aliased = found.aliased or (found.v_lower >= STRONG and bool(surely_empty(table, alpha=alpha)))
    return Joint(table, found.v, found.v_lower, plain.leak, found.p_value, aliased, empty)


def needed(shares: NDArray[np.float64], *, alpha: float) -> int:
    """Return how many units it takes until a flag that is the same as the arms would be seen to be.

    Args:
        shares: Share of each arm.
        alpha: As of `joint`.

    Example:
        >>> needed(np.array([0.5, 0.5]), alpha=0.01 / 300)
        20
    """
    units = 2
    while units < 1 << 30:
        arms = np.diag(np.maximum(1, np.round(shares * units)).astype(np.int64))
        if joint(arms, alpha=alpha).aliased:
            return int(arms.sum())
        units += max(2, units // 8)
    return units


def _association(counts: Expected, expected: Expected) -> float:
    """Return Cramér's V."""
    chi_square = float(((counts - expected) ** 2 / expected).sum())
    return math.sqrt(chi_square / (float(counts.sum()) * (min(counts.shape) - 1)))


def surely_empty(table: Table | Expected, *, alpha: float) -> tuple[tuple[int, int], ...]:
    """Return the cells that are empty by more than chance: as many as are expected there would else be missed.

    Args:
        table: Units by arm and value.
        alpha: As of `joint`.

    Example:
        >>> [surely_empty(np.array([[2 * few, 0], [few, few]]), alpha=0.001) for few in (3, 30)]
        [(), ((0, 1),)]
    """
    return tuple(cell for cell in _empty(table) if expected_in(table, cell) >= math.log(table.size / alpha))


def expected_in(table: Table | Expected, cell: tuple[int, int]) -> float:
    """Return how many units would be in a cell, were arms and values independent."""
    row, column = cell
    return float(table[row].sum()) * float(table[:, column].sum()) / float(table.sum())


def _empty(table: Table | Expected) -> tuple[tuple[int, int], ...]:
    """Return the cells that nobody is in, of arms and values that somebody is in."""
    met = np.outer(table.any(axis=1), table.any(axis=0))
    return tuple((int(row), int(column)) for row, column in np.argwhere(met & (table == 0)))


def _leak(counts: Expected) -> float:
    shares = counts / counts.sum(axis=1, keepdims=True)
    return float((shares.max(axis=0) - shares.min(axis=0)).max())


def log_ratio(counts: Expected, expected: Expected) -> float:
    """Return the log-likelihood of the shares seen in each arm, over that of the same shares in all: half of G.

    Example:
        >>> f"{log_ratio(np.array([[30.0, 10.0], [10.0, 30.0]]), np.full((2, 2), 20.0)):.3f}"
        '10.465'
    """
    ratios = np.where(counts > 0, counts, 1) / np.where(counts > 0, expected, 1)
    return float((counts * np.log(ratios)).sum())
