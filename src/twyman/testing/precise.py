"""Numbers that sums are lost on, a table of them, and their moments in whole numbers: exact, by no engine at all.

Means a million times the spread and more, values of twelve magnitudes, tails without a variance, prices that come again
and again, and what cancels. Two columns of a ratio are asked for together, so that each pair has its product.
"""

# ruff: noqa: S101 - a suite is made of assertions

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import sqrt
from typing import Any

import numpy as np
import pyarrow as pa

from twyman.app.ports import Cell, Measured, Question
from twyman.experiments.experiment import Entry, Role, Tracked
from twyman.metrics.metric import Metric, OutcomeValue, Ratio
from twyman.metrics.source import Table, UnitSource

ROWS, SEED = 3_000, 20260401
_BITS = 1_100
"""Binary places that hold any double."""


@cache
def ledger() -> pa.Table:
    """Return a row a unit, of two arms."""
    rng = np.random.default_rng(SEED)
    noise = rng.normal(size=ROWS)
    size = np.where(rng.random(ROWS) < 0.5, 1e-3, 1e9) * rng.random(ROWS)
    cents = [Decimal(int(one)) / 100 for one in rng.integers(10**13, 10**13 + 999, ROWS)]
    columns: dict[str, tuple[pa.DataType, list[Any]]] = {
        "arm": (pa.string(), [("control", "moments")[row % 2] for row in range(ROWS)]),
        "balance": (pa.float64(), list(1e9 + noise)),
        "watts": (pa.float64(), list(1e6 + noise)),
        "opened": (pa.float64(), list(1.7e9 + rng.random(ROWS) * 3e6)),
        "magnitudes": (pa.float64(), list(size)),
        "tail": (pa.float64(), list(rng.pareto(1.1, ROWS))),
        "price": (pa.float64(), list(np.where(rng.random(ROWS) < 0.3, 9.99, 0.0))),
        "signed": (pa.float64(), list(np.where(rng.random(ROWS) < 0.5, -1.0, 1.0) * rng.lognormal(3, 3, ROWS))),
        "deposit": (pa.decimal128(18, 2), cents),
    }
    return pa.table({name: pa.array(values, kind) for name, (kind, values) in columns.items()})


NAMES = tuple(ledger().schema.names[1:])


def asked(question: Question) -> Question:
    """Return a question about the ledger: a ratio of each column to the next.

    Args:
        question: Of two arms, `control` and `moments`.
    """
    pairs = [*zip(NAMES, (*NAMES[1:], NAMES[0]), strict=True)]
    metrics = [Metric(name=one, kind=Ratio(OutcomeValue(one), OutcomeValue(other))) for one, other in pairs]
    source = UnitSource(name="ledger", relation=Table("ledger"), arm="arm", outcomes={one: one for one in NAMES})
    experiment = replace(
        question.experiment,
        entry=Entry.UNITS,
        source="ledger",
        arms=tuple(replace(arm, value=arm.name) for arm in question.experiment.arms),
        dimensions=(),
        tracked=tuple(Tracked(metric=one.name, role=Role.INFORMATION) for one in metrics),
    )
    catalogue = replace(
        question.catalogue,
        sources={**question.catalogue.sources, "ledger": source},
        metrics={one.name: one for one in metrics},
    )
    return replace(question, experiment=experiment, catalogue=catalogue, cutoff=None)


def refuse_inexact(found: Measured, *, close: float) -> None:
    """Refuse moments of the ledger that are off by more than a share of themselves.

    Raises:
        AssertionError: Naming the first that is.
    """
    for arm in ("control", "moments"):
        held = {name: _column(name, arm) for name in NAMES}
        for name, other in zip(NAMES, (*NAMES[1:], NAMES[0]), strict=True):
            cell = found.cells[Cell(name, arm)]
            columns = (held[name], held[other])
            spreads = [sqrt(_product(one, one)) for one in columns]
            for place, (one, spread) in enumerate(zip(columns, spreads, strict=True)):
                mean = float(Fraction(sum(one), len(one) << _BITS))
                off = abs(cell.means[place] - mean)
                assert off <= close * (abs(mean) + spread / sqrt(len(one))), (
                    f"mean of {name} in {arm}: {off} off {mean}"
                )
            for row, col in ((0, 0), (0, 1), (1, 1)):
                product = _product(columns[row], columns[col])
                off = abs(cell.products[row, col] - product) / (spreads[row] * spreads[col])
                assert off <= close, f"product {row}{col} of {name} in {arm}: {off:.1e} of its size off"


def _column(name: str, arm: str) -> list[int]:
    """Return a column of an arm in whole numbers of the smallest double; a decimal as the double that it becomes."""
    rows = ledger().to_pylist()
    return [int(Fraction(float(row[name])) * (1 << _BITS)) for row in rows if row["arm"] == arm]


def _product(one: Sequence[int], other: Sequence[int]) -> float:
    whole = sum(left * right for left, right in zip(one, other, strict=True))
    return float(Fraction(whole * len(one) - sum(one) * sum(other), len(one) << (2 * _BITS)))
