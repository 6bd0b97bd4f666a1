"""Metrics of every kind against the same thing computed naively, unit by unit: one measurement of all of them."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from twyman.app.ports import Cell, Measured
from twyman.kernel.errors import Invalid
from twyman.metrics.metric import (
    Adjustment,
    Aggregate,
    Bound,
    ChainValue,
    Comparator,
    FactValue,
    Funnel,
    Kind,
    Metric,
    Missing,
    Proportion,
    Step,
    Window,
)
from twyman.metrics.source import FactSource, Frame, Grain, Timestamp

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
Naive = Callable[[datetime, Rows], float]
FEW = [(user, ("control", "treatment")[user % 2], NOON + user * HOUR) for user in range(1, 7)]
"""Six units, those with odd ids treated."""
CHANCE = random.Random(7)  # noqa: S311 - a fixed draw of test data
MANY = [(user, CHANCE.choice(("control", "treatment")), NOON + CHANCE.randrange(72) * HOUR) for user in range(200)]
FACTS: Rows = [
    (CHANCE.randrange(200), NOON + CHANCE.randrange(-60, 300) * HOUR, float(CHANCE.randrange(10))) for _ in range(4000)
]
"""Many units, and facts by the hour, so that many are of one instant."""


def steps(*withins: int | None) -> tuple[Step, ...]:
    """Steps that play less than 3, up to 6, and 6 or more; each within some hours of the one before."""
    where = ("ms < 3", "ms >= 3 and ms < 6", "ms >= 6")
    lengths = [None if hours is None else hours * HOUR for hours in withins]
    return tuple(Step(f"s{place + 1}", "plays", where[place], lengths[place]) for place, _ in enumerate(withins))


def comes_through(facts: Rows, since: datetime, asked: tuple[Step, ...]) -> bool:
    """Whether some chain of facts meets the steps: every fact is tried for every step."""
    if not asked:
        return True
    place, within = int(asked[0].name[1:]) - 1, asked[0].within
    return any(
        comes_through([later for later in facts if later[1] > at], at, asked[1:])
        for _, at, amount in facts
        if min(int(amount) // 3, 2) == place and (within is None or at < since + within)
    )


def funnel(*withins: int | None) -> tuple[Kind, Window, Naive]:
    asked = steps(*withins)
    return Funnel(ChainValue(asked)), WEEK, lambda since, facts: float(comes_through(facts, since, asked))


def threshold(comparator: Comparator) -> tuple[Kind, Window, Naive]:
    kind = Proportion(FactValue("plays", Aggregate.SUM, "ms"), Bound(comparator, 60.0))
    return kind, WEEK, lambda _, facts: float(HOLDS[comparator](sum(amount for *_, amount in facts), 60.0))


KINDS: dict[str, tuple[Kind, Window, Naive]] = {
    **{str(one): threshold(one) for one in Comparator},
    "two-steps": funnel(None, None),
    "timed": funnel(None, 5, 5),
    "timed-from-the-start": funnel(48, None, 12),
}


@pytest.fixture(scope="module")
def measured(scene: Any) -> Measured:
    metrics = tuple(Metric(name=name, kind=kind, window=window) for name, (kind, window, _) in KINDS.items())
    found: Measured = scene(MANY, FACTS, metrics).measure()
    return found


def naive(arm: str, window: Window, value: Naive) -> list[float]:
    """Each unit's value, from its own facts in the window after its exposure."""
    assert window.length is not None
    values: list[float] = []
    for user, of_arm, exposed in MANY:
        start, end = exposed + window.after, exposed + window.after + window.length
        if of_arm == arm:
            values.append(value(exposed, [fact for fact in FACTS if fact[0] == user and start <= fact[1] < end]))
    return values


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("arm", ["control", "treatment"])
def test_moments_are_those_of_each_units_value_computed_naively(measured: Measured, name: str, arm: str) -> None:
    _, window, value = KINDS[name]
    expected, cell = naive(arm, window, value), measured.cells[Cell(name, arm)]

    mean = sum(expected) / len(expected)
    assert len(set(expected)) > 1
    assert cell.count == len(expected)
    assert cell.means[0] == pytest.approx(mean, abs=1e-12)
    assert cell.products[0, 0] == pytest.approx(sum((one - mean) ** 2 for one in expected), abs=1e-9)


def test_each_step_of_a_funnel_is_shown_beside_it(measured: Measured) -> None:
    asked = steps(None, 5, 5)
    one, two = (naive("control", WEEK, lambda at, facts, k=k: comes_through(facts, at, asked[:k])) for k in (1, 2))
    means = [sum(reached) / len(reached) for reached in (two, one)]

    assert measured.cells[Cell("timed/s2", "control")].means.tolist() == [pytest.approx(means[0])]
    assert measured.cells[Cell("timed/s1-s2", "control")].means.tolist() == [pytest.approx(mean) for mean in means]


def test_a_unit_without_facts_has_zero_and_is_dropped_only_if_so_said(scene: Any) -> None:
    kind = Proportion(FactValue("plays", Aggregate.SUM, "ms"), Bound(Comparator.BELOW, 9.0))
    kept = scene(FEW, [], (Metric(name="m", kind=kind, window=WEEK),))
    dropped = scene(FEW, [(1, NOON + 2 * HOUR, 3.0)], (Metric(name="m", kind=kind, missing=Missing.DROP),))

    assert kept.values() == (3, 3)
    assert dropped.values() == (1, 1)


def test_a_threshold_is_meant_in_the_unit_of_the_scaled_value(scene: Any) -> None:
    kind = Proportion(FactValue("plays", Aggregate.SUM, "ms", scale=1 / 60), Bound(Comparator.AT_LEAST, 10))
    facts = [(1, NOON + 2 * HOUR, 600.0), (3, NOON + 4 * HOUR, 599.0)]

    assert scene(FEW, facts, (Metric(name="m", kind=kind, window=WEEK),)).values() == (3, 1)


def test_the_covariate_of_a_threshold_asks_the_same_of_the_time_before(scene: Any) -> None:
    kind = Proportion(FactValue("plays", Aggregate.SUM, "ms"), Bound(Comparator.AT_LEAST, 5))
    before = [(1, NOON - HOUR, 5.0), (3, NOON - HOUR, 4.0)]
    adjusted = Metric(name="m", kind=kind, window=WEEK, adjustment=Adjustment(14 * DAY))

    assert scene(FEW, before, (adjusted,)).moments().means.tolist() == [0, pytest.approx(1 / 3)]


@pytest.mark.parametrize(
    ("hours", "reached"),
    [((1, 1), 0), ((1, 2), 1), ((2, 1), 0), ((1, 4), 0), ((1, 4, 2), 1)],
    ids=["at one instant", "later", "earlier", "at the end of its time", "in time of a later first step"],
)
def test_a_step_comes_later_and_within_its_time(scene: Any, hours: Any, reached: int) -> None:
    amounts = (1.0, 4.0, 1.0)
    facts = [(1, NOON + HOUR + at * HOUR, amount) for at, amount in zip(hours, amounts, strict=False)]
    metric = Metric(name="m", kind=Funnel(ChainValue(steps(None, 3))), window=WEEK)

    assert scene(FEW, facts, (metric,)).values() == (3, reached)


def test_one_fact_is_never_two_steps(scene: Any) -> None:
    twice = Funnel(ChainValue((Step("one", "plays"), Step("two", "plays"))))
    facts = [(1, NOON + 2 * HOUR, 1.0), (3, NOON + 4 * HOUR, 1.0), (3, NOON + 5 * HOUR, 1.0)]

    assert scene(FEW, facts, (Metric(name="m", kind=twice, window=WEEK),)).values() == (3, 1)


def test_steps_come_from_sources_of_their_own(scene: Any) -> None:
    searched = FactSource(
        name="searches",
        relation=Frame(pa.table({"who": [1, 3], "at": [NOON + 2 * HOUR, NOON + 9 * HOUR]})),
        entities={"user": "who"},
        timestamp=Timestamp("at"),
    )
    chain = ChainValue((Step("search", "searches"), Step("play", "plays", "ms > 1", HOUR * 2)))
    metric = Metric(name="m", kind=Funnel(chain), window=WEEK, adjustment=Adjustment(14 * DAY))
    facts = [(1, NOON + 3 * HOUR, 2.0), (3, NOON + 8 * HOUR, 2.0), (3, NOON + 10 * HOUR, 1.0)]
    found = scene(FEW, facts, (metric,), sources={"searches": searched}).measure()

    assert found.cells[Cell("m", "treatment")].means.tolist() == [pytest.approx(1 / 3), 0]
    assert found.cells[Cell("m/search", "treatment")].means.tolist() == [pytest.approx(2 / 3)]
    assert {one.source: one.rows for one in found.scanned} == {"searches": 2, "plays": 3}


def test_steps_of_days_have_no_order(scene: Any) -> None:
    metric = Metric(name="m", kind=Funnel(ChainValue(steps(None, None))), window=WEEK)
    with pytest.raises(Invalid, match="step 's1' of 'm' takes facts of 'plays', which know their day and no time"):
        scene(FEW, [], (metric,), facts={"timestamp": Timestamp("at", Grain.DAY)}).measure()
