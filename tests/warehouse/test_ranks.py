"""Quantiles from the warehouse: the numbers that `stats` has from all the values, which no SQL has touched."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings, strategies as st

from twyman.app.ports import Cell, Measured
from twyman.app.quantiles import compared_quantiles
from twyman.experiments.experiment import Entry
from twyman.kernel.errors import Invalid
from twyman.kernel.place import Origin
from twyman.metrics.metric import Aggregate, FactValue, Metric, Missing, OutcomeValue, Quantile, Window
from twyman.metrics.source import AttributeSource, Frame, UnitSource
from twyman.stats.estimate import NotEstimable
from twyman.stats.lift import absolute
from twyman.stats.pair import Pair
from twyman.stats.quantile import Clustered, quantiles
from twyman.warehouse.duckdb import DuckDB

NOON = datetime(2024, 3, 4, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEK = Window(length=7 * DAY)
ARMS = ("treatment", "control")
CASES = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "stats" / "quantiles.json"
Facts = list[tuple[int, float]]


def of_facts(share: float, name: str = "m", **more: Any) -> Metric:
    value = FactValue("plays", Aggregate.EACH, **{"column": "ms", **more})
    origin = Origin("m.yaml", {"": 1, "value": 7})
    return Metric(name=name, kind=Quantile(value, share), window=WEEK, missing=Missing.DROP, origin=origin)


def of_units(share: float, **more: Any) -> Metric:
    return Metric(name="m", kind=Quantile(FactValue("plays", Aggregate.SUM, "ms"), share), window=WEEK, **more)


def arm_of(unit: int) -> str:
    return ARMS[unit % 2]


def drawn(units: int, seed: int = 5, spread: float = 1.0) -> Facts:
    """Facts of units that differ far more from each other than one unit's facts do; some units have none."""
    rng, facts = np.random.default_rng(seed), list[tuple[int, float]]()
    for unit in range(units):
        level = rng.normal(5 + 0.1 * (unit % 2), spread)
        facts += [(unit, float(np.exp(level + rng.normal(0, 0.2)))) for _ in range(rng.poisson(4))]
    return facts


@pytest.fixture(scope="session")
def measure(scene: Any) -> Callable[..., Measured]:
    def run(facts: Facts, *metrics: Metric, units: int | None = None, **more: Any) -> Measured:
        number = 1 + max(unit for unit, _ in facts) if units is None else units
        exposed = [(unit, arm_of(unit), NOON + HOUR * (unit % 24)) for unit in range(number)]
        played = [(unit, NOON + DAY + HOUR * at / 1000, value) for at, (unit, value) in enumerate(facts)]
        return scene(exposed, played, metrics, **more).measure()

    return run


def ours(found: Measured, metric: Metric, dimension: str = "", value: str = "") -> Pair | NotEstimable:
    made = compared_quantiles(metric, found, ARMS, Cell(metric.name, "", dimension, value))
    return made if isinstance(made, NotEstimable) else made.pair


def naive(facts: Facts, share: float, *, clustered: bool = True) -> Pair | NotEstimable:
    """By `stats`, from every value."""
    sides = list[Any]()
    for arm in ARMS:
        kept = [(unit, value) for unit, value in facts if arm_of(unit) == arm]
        units, values = zip(*kept, strict=True) if kept else ((), ())
        sides.append(Clustered(values, units) if clustered else values)
    treatment, control = sides
    return quantiles(treatment, control, share)


def agree(mine: Pair | NotEstimable, theirs: Pair | NotEstimable) -> None:
    assert isinstance(mine, Pair)
    assert isinstance(theirs, Pair)
    for name in ("treatment", "control", "treatment_variance", "control_variance"):
        assert getattr(mine, name) == pytest.approx(getattr(theirs, name), rel=1e-9), name


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9, 0.95])
def test_a_quantile_over_facts_is_that_of_all_values_clustered_by_unit(measure: Any, share: float) -> None:
    facts, metric = drawn(400), of_facts(share)

    mine = ours(measure(facts, metric, units=420), metric)

    agree(mine, naive(facts, share))
    alone = naive(facts, share, clustered=False)
    assert isinstance(mine, Pair)
    assert isinstance(alone, Pair)
    assert mine.contrast().se > 1.4 * alone.contrast().se


def test_a_quantile_over_units_is_that_of_their_sums_and_no_facts_are_zero(measure: Any) -> None:
    facts, metric = drawn(400), of_units(0.75)
    sums = dict.fromkeys(range(400), 0.0)
    for unit, value in facts:
        sums[unit] += value

    agree(ours(measure(facts, metric, units=400), metric), naive(list(sums.items()), 0.75, clustered=False))


def test_a_unit_without_facts_may_be_dropped(measure: Any) -> None:
    metric = of_units(0.5, missing=Missing.DROP)
    facts = [(unit, float(1 + unit)) for unit in range(100)]

    found = measure(facts, metric, units=150)

    assert found.ranks[Cell("m", "control")].count == found.cohorts["m", "control"].measured == 50


def test_several_quantiles_of_the_same_facts_rank_them_once(scene: Any) -> None:
    metrics = (of_facts(0.5, "p50"), of_facts(0.95, "p95"), of_facts(0.95, "short", where="ms < 100"))
    question = scene([(1, "control", NOON)], [(1, NOON + HOUR, 5.0)], metrics).question()

    (sql,) = DuckDB(None).sql(question)

    assert (sql.count(' values" AS ('), sql.count(' middle" AS (')) == (2, 3)


def test_only_facts_in_the_window_that_meet_the_filter_count_and_are_scaled(scene: Any) -> None:
    metric = of_facts(0.5, where="ms < 1000", scale=0.5)
    times = {NOON - HOUR: 1.0, NOON + HOUR: 10.0, NOON + DAY: 20.0, NOON + 2 * DAY: 5000.0, NOON + 8 * DAY: 1.0}
    facts = [(1, moment, value) for moment, value in times.items()]

    found = scene([(1, "treatment", NOON), (2, "treatment", NOON + 58 * DAY)], facts, (metric,)).measure()

    assert found.ranks[Cell("m", "treatment")].values == {1: 5.0, 2: 10.0}
    assert found.cohorts["m", "treatment"].matured == 1


def test_a_dimension_has_quantiles_of_its_own(measure: Any) -> None:
    facts = drawn(600)
    table = pa.table({"user_id": list(range(600)), "country": [("NZ", "SE")[unit // 2 % 2] for unit in range(600)]})
    source = AttributeSource(
        name="profile", relation=Frame(table), entities={"user": "user_id"}, columns={"country": "country"}
    )
    clustered, plain = of_facts(0.8), of_units(0.6)
    more = {"sources": {"profile": source}, "experiment": {"dimensions": ("country",)}}

    for metric in (clustered, plain):
        found = measure(facts, metric, units=600, **more)
        swedes = [(unit, value) for unit, value in facts if unit // 2 % 2]
        if metric is clustered:
            agree(ours(found, metric, "country", "SE"), naive(swedes, 0.8))
            agree(ours(found, metric), naive(facts, 0.8))
        else:
            assert found.ranks[Cell("m", "control", "country", "NZ")].count == 150


def test_where_households_were_drawn_values_hang_together_by_household(scene: Any) -> None:
    """Units of one household may differ in their country, and its values in each are counted together."""
    facts, home = drawn(400), [f"h{unit // 6}-{unit % 2}" for unit in range(400)]
    table = pa.table({"user_id": list(range(400)), "country": [("NZ", "SE")[unit // 2 % 2] for unit in range(400)]})
    user = {"user": "user_id"}
    profile = AttributeSource(name="profile", relation=Frame(table), entities=user, columns={"country": "country"})
    met = {"user_id": list(range(400)), "home": home, "arm": [arm_of(unit) for unit in range(400)], "at": [NOON] * 400}
    entities = user | {"household": "home"}
    over_facts, over_units = of_facts(0.8, "f"), replace(of_units(0.5), name="u")
    found = scene(
        [], [(unit, NOON + DAY, value) for unit, value in facts], (over_facts, over_units),
        sources={"profile": profile}, exposures={"relation": Frame(pa.table(met)), "entities": entities},
        experiment={"randomised_by": "household", "dimensions": ("country",)},
    ).measure()  # fmt: skip

    by_home = [(int(home[unit][1:].partition("-")[0]) * 2 + unit % 2, value) for unit, value in facts]
    agree(ours(found, over_facts), naive(by_home, 0.8))
    kept = [each for each, (unit, _) in zip(by_home, facts, strict=True) if unit // 2 % 2]
    agree(ours(found, over_facts, "country", "SE"), naive(kept, 0.8))
    sums = dict.fromkeys(range(400), 0.0)
    for unit, value in facts:
        sums[unit] += value
    agree(ours(found, over_units), naive([(unit // 6 * 2 + unit % 2, value) for unit, value in sums.items()], 0.5))


VALUES = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 6).map(float)), min_size=1, max_size=40)
SHARES = st.sampled_from([0.01, 0.07, 0.1, 0.25, 0.5, 0.9, 0.99])


@settings(max_examples=8, deadline=None)
@given(facts=VALUES, share=SHARES)
@example(facts=[(0, 1.0)], share=0.5)
@example(facts=[(unit, 3.0) for unit in (0, 1, 2, 3)], share=0.5)
def test_whatever_the_data_the_answer_is_that_of_all_values(measure: Any, facts: Facts, share: float) -> None:
    """Few values, many ties, one unit, no values in an arm: the same number, or the same reason."""
    metric = of_facts(share)

    mine, theirs = ours(measure(facts, metric, units=8), metric), naive(facts, share)

    if isinstance(theirs, NotEstimable):
        assert isinstance(mine, NotEstimable)
        both = {arm_of(unit) for unit, _ in facts} == set(ARMS)
        assert mine.code == (theirs.code if both else "no_units")
    else:
        agree(mine, theirs)


def test_a_collapsed_interval_says_what_an_owner_can_do(measure: Any) -> None:
    metric = of_units(0.5)
    why = ours(measure([(unit, float(unit % 40 == 0)) for unit in range(400)], metric), metric)

    assert isinstance(why, NotEstimable)
    assert why.code == "tied"
    assert why.text.endswith("record finer values, or compare a share instead, as a proportion does")


def test_a_quantile_too_extreme_for_so_few_values_has_no_number(measure: Any) -> None:
    metric = of_units(0.999)
    why = ours(measure([(unit, float(unit)) for unit in range(400)], metric), metric)

    assert isinstance(why, NotEstimable)
    assert why.code == "too_extreme"


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_a_fact_that_is_no_number_has_no_rank(measure: Any, wrong: float) -> None:
    with pytest.raises(Invalid, match="no finite numbers"):
        measure([*drawn(20), (3, wrong)], of_facts(0.5))


def test_a_truth_has_no_quantile(measure: Any) -> None:
    with pytest.raises(Invalid, match="each of 'ms > 1', which is of type BOOLEAN"):
        measure(drawn(20), of_facts(0.5, column="ms > 1"))


def oracles() -> list[dict[str, Any]]:
    cases = json.loads(CASES.read_text())["cases"] if CASES.exists() else []
    return [case for case in cases if case["inputs"].get("type") == 7]


@pytest.mark.skipif(not CASES.exists(), reason="needs the oracles beside the repository")
@pytest.mark.parametrize("case", oracles(), ids=lambda case: case["id"])
def test_rs_definition_seven_comes_out_of_a_table_of_units(scene: Any, case: dict[str, Any]) -> None:
    data, share = case["inputs"]["data"], case["inputs"]["q"]
    table = pa.table({"arm": ["treatment"] * len(data) + ["control"] * len(data), "spend": [*data, *data]})
    shop = UnitSource(name="shop", relation=Frame(table), arm="arm", outcomes={"spend": "spend"})
    metric = Metric(name="m", kind=Quantile(OutcomeValue("spend"), share))
    entry = {"entry": Entry.UNITS, "source": "shop"}

    pair = ours(scene(metrics=(metric,), sources={"shop": shop}, experiment=entry, cutoff=None).measure(), metric)

    assert isinstance(pair, Pair)
    assert pair.treatment == pytest.approx(case["expected"]["value"], rel=1e-12)


@pytest.mark.slow
def test_the_clustered_interval_covers_at_its_level(measure: Any) -> None:
    """120 experiments without effect, of facts that hang together: 95 % of intervals hold it, plain ones far fewer."""
    metric, held, plain = of_facts(0.9), 0, 0
    for seed in range(120):
        facts = [(unit, value * np.exp(-0.1 * (unit % 2))) for unit, value in drawn(300, seed)]
        pair, alone = ours(measure(facts, metric, units=300), metric), naive(facts, 0.9, clustered=False)
        assert isinstance(pair, Pair)
        assert isinstance(alone, Pair)
        held += absolute(pair).p_value >= 0.05
        plain += absolute(alone).p_value >= 0.05

    assert 0.89 <= held / 120 <= 0.99
    assert plain / 120 < 0.85
