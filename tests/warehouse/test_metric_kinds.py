"""Metrics of every kind against the same thing computed naively, unit by unit: one measurement of all of them."""

import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from twyman.app.ports import Cell, Measured
from twyman.kernel.errors import Invalid
from twyman.metrics.metric import (
    Adjustment,
    Aggregate,
    Bound,
    Cap,
    ChainValue,
    Cohort,
    Comparator,
    FactValue,
    Funnel,
    Kind,
    Mean,
    Metric,
    Missing,
    Participation,
    Proportion,
    Ratio,
    Retention,
    Step,
    TimeToEvent,
    Window,
)
from twyman.metrics.source import AttributeSource, FactSource, Frame, Grain, Timestamp
from twyman.stats.survival import RiskTable

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


def participation(days: int, after: int = 0) -> tuple[Kind, Window, Naive]:
    def value(since: datetime, facts: Rows) -> float:
        return len({(at - since - after * DAY) // DAY for _, at, amount in facts if amount > 6}) / days

    return Participation(FactValue("plays", Aggregate.COUNT, None, "ms > 6")), Window(after * DAY, days * DAY), value


def waiting(unit: int) -> tuple[Kind, Window, Naive]:
    """Steps until the first fact above 8, or 168 hours."""

    def value(since: datetime, facts: Rows) -> float:
        first = min((at for _, at, amount in facts if amount > 8), default=since + 7 * DAY)
        return (first - since) // (unit * HOUR) + (first < since + 7 * DAY)

    return TimeToEvent(FactValue("plays", Aggregate.COUNT, None, "ms > 8"), unit * HOUR), WEEK, value


KINDS: dict[str, tuple[Kind, Window, Naive]] = {
    **{str(one): threshold(one) for one in Comparator},
    "two-steps": funnel(None, None),
    "timed": funnel(None, 5, 5),
    "timed-from-the-start": funnel(48, None, 12),
    "days": participation(7),
    "later-days": participation(5, after=2),
    "wait-in-hours": waiting(1),
    "wait-in-days": waiting(24),
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


AUCKLAND = ZoneInfo("Pacific/Auckland")


def wall(moment: datetime) -> datetime:
    """What a clock in Auckland shows, as a zoneless column holds it."""
    return moment.astimezone(AUCKLAND).replace(tzinfo=UTC)


def test_a_day_is_24_hours_whatever_clocks_do(scene: Any) -> None:
    """Clocks in Auckland go back on 7 April 2024, which has 25 hours there."""
    exposed = datetime(2024, 4, 3, 12, tzinfo=AUCKLAND).astimezone(UTC)
    facts = [(1, wall(exposed + hours * HOUR), 9.0) for hours in (0, 23, 24, 95, 96, 119)]
    kind, window, _ = participation(7)
    metric = Metric(name="m", kind=kind, window=window)
    found = scene([(1, "treatment", wall(exposed))], facts, (metric,), zone="Pacific/Auckland")

    assert found.values() == (1, pytest.approx(4 / 7, abs=1e-6))


@pytest.mark.parametrize(("month", "first"), [(4, 3), (9, 25)], ids=["clocks go back", "clocks go forward"])
def test_of_facts_known_to_the_day_days_are_dates(scene: Any, month: int, first: int) -> None:
    exposed = datetime(2024, month, first, 15, tzinfo=UTC)
    facts = [(1, datetime(2024, month, first, tzinfo=UTC) + day * DAY, 9.0) for day in range(-1, 7)]
    metric = Metric(name="m", kind=participation(5)[0], window=Window(length=5 * DAY))
    dated = {"timestamp": Timestamp("at", Grain.DAY)}
    zone, end = "Pacific/Auckland", exposed + 20 * DAY
    found = scene([(1, "treatment", exposed)], facts, (metric,), zone=zone, facts=dated, cutoff=end)

    assert found.values() == (1, 1)


def test_a_curve_of_retention_stands_beside_the_window_that_decides(scene: Any) -> None:
    points = tuple(Window(day * DAY, DAY) for day in (0, 1, 3))
    kind = Retention(FactValue("plays", Aggregate.COUNT), points)
    facts = [(1, NOON + 2 * HOUR, 1.0), (1, NOON + 80 * HOUR, 1.0), (3, NOON + 4 * HOUR, 1.0)]
    found = scene(FEW, facts, (Metric(name="m", kind=kind, window=points[-1]),)).measure()

    reached = {name: round(found.cells[Cell(name, "treatment")].means[0] * 3) for name in ("m", "m/0d", "m/1d")}
    assert reached == {"m": 1, "m/0d": 2, "m/1d": 0}
    assert "m/3d" not in found.columns


def test_of_a_closed_cohort_everybody_was_watched_to_the_end(measured: Measured) -> None:
    table, time = measured.risk[Cell("wait-in-days", "control")], KINDS["wait-in-days"][2]
    times = naive("control", WEEK, time)
    events = naive("control", WEEK, lambda _, facts: any(amount > 8 for *_, amount in facts))
    expected = RiskTable.of(times, events)

    assert table.times.tolist() == expected.times.tolist()
    assert table.at_risk.tolist() == expected.at_risk.tolist()
    assert table.events.tolist() == expected.events.tolist()


def test_of_an_open_cohort_units_are_watched_for_whole_steps_until_the_cut_off(scene: Any) -> None:
    wait = TimeToEvent(FactValue("plays", Aggregate.COUNT), DAY)
    rows = [(user, "treatment", NOON) for user in (1, 2)] + [(user, "treatment", NOON + DAY) for user in (3, 4)]
    facts = [(1, NOON + 30 * HOUR), (2, NOON + 80 * HOUR), (3, NOON + 73 * HOUR)]
    metric = Metric(name="m", kind=wait, window=WEEK, cohort=Cohort.OPEN)
    exposed = [*rows, (5, "treatment", NOON + 3 * DAY)]
    found = scene(exposed, facts, (metric,), cutoff=NOON + 84 * HOUR).measure().risk[Cell("m", "treatment")]

    assert found.times.tolist() == [2, 3]
    assert found.at_risk.tolist() == [4, 1]
    assert found.events.tolist() == [1, 0]


@pytest.mark.parametrize(("aggregate", "expected"), [(Aggregate.FIRST, 3), (Aggregate.LAST, 9)])
def test_of_facts_at_one_instant_the_lowest_is_first_and_the_highest_last(
    scene: Any, aggregate: Aggregate, expected: int
) -> None:
    early, late = NOON + 2 * HOUR, NOON + 4 * HOUR
    facts = [(1, early, 5.0), (1, early, 3.0), (1, late, 7.0), (1, late, 9.0), (1, late, 8.0), (1, late + HOUR, None)]
    metric = Metric(name="m", kind=Mean(FactValue("plays", aggregate, "ms")), window=WEEK)

    assert scene(FEW[:1], facts, (metric,)).values() == (1, expected)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (
            "profile.plan = 'gold'",
            "names 'profile.plan', which is known of a unit and not of a fact of 'plays': leave it",
        ),
        ("plan = 'gold'", "names 'plan', which is known of a unit and not of a fact"),
        (
            '"at" > exposed_at + interval 1 day',
            "names exposed_at, and a fact of 'plays' counts from its unit's exposure",
        ),
    ],
)
def test_a_filter_of_facts_asks_nothing_of_units(scene: Any, where: str, said: str) -> None:
    rows = Frame(pa.table({"user_id": [1], "plan": ["gold"]}))
    profile = AttributeSource(name="profile", relation=rows, entities={"user": "user_id"}, columns={"plan": "plan"})
    metric = Metric(name="m", kind=Proportion(FactValue("plays", Aggregate.COUNT, None, where)), window=WEEK)
    with pytest.raises(Invalid, match=re.escape(said)):
        scene(FEW, [], (metric,), sources={"profile": profile}).measure()


def test_both_values_of_a_ratio_come_from_sources_of_their_own_with_their_own_past(scene: Any) -> None:
    shown = [(user, NOON + hours * HOUR) for user in (1, 3) for hours in (-50, 6, 7, 300)]
    ads = FactSource(
        name="ads",
        relation=Frame(pa.table(dict(zip(("who", "at"), map(list, zip(*shown, strict=True)), strict=True)))),
        entities={"user": "who"},
        timestamp=Timestamp("at"),
    )
    plays = [(1, NOON + 5 * HOUR, 4.0), (3, NOON + 5 * HOUR, 2.0), (3, NOON - HOUR, 8.0)]
    kind = Ratio(FactValue("ads", Aggregate.COUNT), FactValue("plays", Aggregate.SUM, "ms"))
    metric = Metric(name="m", kind=kind, window=WEEK, adjustment=Adjustment(14 * DAY))
    found = scene(FEW, plays, (metric,), sources={"ads": ads}).measure()

    assert found.columns["m"] == ("numerator", "denominator", "numerator pre 14d", "denominator pre 14d")
    means = found.cells[Cell("m", "treatment")].means * 3
    assert means.tolist() == [pytest.approx(one) for one in (4, 6, 2, 8)]
    assert {one.source: one.rows for one in found.scanned} == {"ads": 6, "plays": 3}
    assert found.sql[0].count("ON ads.who = first_exposure.unit") == 1


def test_a_percentile_cap_is_one_threshold_of_everybody_also_by_dimension(scene: Any) -> None:
    rows = Frame(pa.table({"user_id": list(range(200)), "half": [str(user % 2) for user in range(200)]}))
    profile = AttributeSource(name="profile", relation=rows, entities={"user": "user_id"}, columns={"half": "half"})
    metric = Metric(name="m", kind=Mean(FactValue("plays", Aggregate.SUM, "ms")), window=WEEK, cap=Cap(percentile=80))
    asked = {"dimensions": ("half",)}
    found = scene(MANY, FACTS, (metric,), sources={"profile": profile}, experiment=asked).measure()
    sums = {
        arm: naive(arm, WEEK, lambda _, facts: sum(amount for *_, amount in facts)) for arm in ("control", "treatment")
    }
    limit = np.percentile([value for values in sums.values() for value in values], 80)

    assert found.caps["m"] == pytest.approx(limit)
    whole = found.cells[Cell("m", "control")]
    assert whole.means[0] == pytest.approx(np.minimum(sums["control"], limit).mean())
    parts = [found.cells[Cell("m", "control", "half", half)] for half in "01"]
    assert sum(part.count * part.means[0] for part in parts) == pytest.approx(whole.count * whole.means[0])
