"""Metrics of every kind against the same thing computed naively, unit by unit."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from twyman.app.ports import Cell
from twyman.metrics.metric import (
    Adjustment,
    Aggregate,
    Bound,
    Comparator,
    FactValue,
    Metric,
    Missing,
    Proportion,
    Window,
)

NOON = datetime(2024, 3, 4, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEK = Window(length=7 * DAY)
HOLDS: dict[Comparator, Callable[[float, float], bool]] = {
    Comparator.ABOVE: lambda value, limit: value > limit,
    Comparator.AT_LEAST: lambda value, limit: value >= limit,
    Comparator.BELOW: lambda value, limit: value < limit,
    Comparator.AT_MOST: lambda value, limit: value <= limit,
}
Rows = list[tuple[int, datetime, float]]
PLAYS = st.lists(st.tuples(st.integers(1, 6), st.integers(-60, 240), st.integers(0, 9)), max_size=60)
"""Facts of six units: who, hours since noon, and how much."""
UNITS = [(user, ("control", "treatment")[user % 2], NOON + user * HOUR) for user in range(1, 7)]


def rows_of(plays: list[tuple[int, int, int]]) -> Rows:
    return [(user, NOON + hours * HOUR, float(amount)) for user, hours, amount in plays]


def naive(plays: Rows, arm: str, value: Callable[[datetime, Rows], float], window: Window = WEEK) -> list[float]:
    """Each unit's value, from its own facts in the window after its exposure."""
    assert window.length is not None
    values: list[float] = []
    for user, of_arm, exposed in UNITS:
        start, end = exposed + window.after, exposed + window.after + window.length
        if of_arm == arm:
            values.append(value(exposed, [play for play in plays if play[0] == user and start <= play[1] < end]))
    return values


def moments_match(scene: Any, metric: Metric, plays: Rows, value: Callable[[datetime, Rows], float]) -> None:
    found = scene(UNITS, plays, (metric,)).measure()
    for arm in ("control", "treatment"):
        expected, cell = naive(plays, arm, value, metric.window), found.cells[Cell(metric.name, arm)]
        mean = sum(expected) / len(expected)
        assert cell.count == len(expected)
        assert cell.means[0] == pytest.approx(mean, abs=1e-12)
        assert cell.products[0, 0] == pytest.approx(sum((one - mean) ** 2 for one in expected), abs=1e-9)


@pytest.mark.parametrize("comparator", list(Comparator))
@settings(max_examples=15, deadline=None)
@given(plays=PLAYS)
def test_a_threshold_is_the_share_of_units_whose_sum_meets_it(scene: Any, comparator: Comparator, plays: Any) -> None:
    kind = Proportion(FactValue("plays", Aggregate.SUM, "ms"), Bound(comparator, 9.0))

    def value(_: datetime, facts: Rows) -> float:
        return float(HOLDS[comparator](sum(amount for *_, amount in facts), 9.0))

    moments_match(scene, Metric(name="m", kind=kind, window=WEEK), rows_of(plays), value)


def test_a_unit_without_facts_has_zero_and_is_dropped_only_if_so_said(scene: Any) -> None:
    kind = Proportion(FactValue("plays", Aggregate.SUM, "ms"), Bound(Comparator.BELOW, 9.0))
    kept = scene(UNITS, [], (Metric(name="m", kind=kind, window=WEEK),))
    dropped = scene(UNITS, [(1, NOON + 2 * HOUR, 3.0)], (Metric(name="m", kind=kind, missing=Missing.DROP),))

    assert kept.values() == (3, 3)
    assert dropped.values() == (1, 1)


def test_a_threshold_is_meant_in_the_unit_of_the_scaled_value(scene: Any) -> None:
    kind = Proportion(FactValue("plays", Aggregate.SUM, "ms", scale=1 / 60), Bound(Comparator.AT_LEAST, 10))
    facts = [(1, NOON + 2 * HOUR, 600.0), (3, NOON + 4 * HOUR, 599.0)]

    assert scene(UNITS, facts, (Metric(name="m", kind=kind, window=WEEK),)).values() == (3, 1)


def test_the_covariate_of_a_threshold_asks_the_same_of_the_time_before(scene: Any) -> None:
    kind = Proportion(FactValue("plays", Aggregate.SUM, "ms"), Bound(Comparator.AT_LEAST, 5))
    before = [(1, NOON - HOUR, 5.0), (3, NOON - HOUR, 4.0)]
    adjusted = Metric(name="m", kind=kind, window=WEEK, adjustment=Adjustment(14 * DAY))

    assert scene(UNITS, before, (adjusted,)).moments().means.tolist() == [0, pytest.approx(1 / 3)]
