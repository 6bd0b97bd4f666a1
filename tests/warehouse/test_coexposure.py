"""What else an experiment's units met: counted by arm, before the cut-off, whatever table says it."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pyarrow as pa
from hypothesis import given, settings, strategies as st
from tests.warehouse.conftest import DAY, EXPOSED, NOON, Scene, arrow, mean, plays

from twyman.app.ports import Coexposed, variant_of
from twyman.metrics.metric import Aggregate
from twyman.metrics.source import ExposureSource, Frame, Timestamp
from twyman.warehouse.duckdb import DuckDB

KEYED = pa.schema([*EXPOSED, ("key", pa.string())])


def row(unit: int, key: str, arm: str | None, days: float = 0) -> tuple[Any, ...]:
    return (unit, arm, NOON + days * DAY, False, key)


def asked(rows: list[tuple[Any, ...]], **changes: Any) -> Coexposed:
    scene = Scene(exposures={"relation": Frame(arrow(KEYED, rows)), "experiment": "key"}, **changes)
    return DuckDB().coexposed(scene.question())


OURS = [row(1, "e", "control"), row(2, "e", "control"), row(3, "e", "treatment"), row(4, "e", "treatment")]


def test_units_are_counted_by_our_arm_and_the_others_variant() -> None:
    found = asked([*OURS, row(1, "ads", "on"), row(3, "ads", "off"), row(4, "ads", "off"), row(9, "ads", "off")])

    assert found.units == {"control": 2, "treatment": 2}
    assert found.met == {"ads": {("control", "on"): 1, ("treatment", "off"): 2}}


def test_a_unit_with_several_variants_is_of_none_of_them() -> None:
    found = asked([*OURS, row(1, "ads", "on"), row(1, "ads", "off", 2), row(2, "ads", "on"), row(2, "ads", "on", 3)])

    assert found.met == {"ads": {("control", "(several)"): 1, ("control", "on"): 1}}


def test_what_comes_at_or_after_the_cut_off_is_not_seen() -> None:
    rows = [*OURS, row(1, "ads", "on", 59.999), row(2, "ads", "on", 60), row(3, "late", "on", 61)]

    assert asked(rows).met == {"ads": {("control", "on"): 1}}


def test_units_in_both_of_our_arms_and_of_no_arm_do_not_count() -> None:
    rows = [*OURS, row(1, "e", "treatment", 1), row(5, "e", "c"), row(1, "ads", "on"), row(5, "ads", "on")]

    found = asked(rows)

    assert found.units == {"control": 1, "treatment": 2}
    assert found.met == {}


def test_a_row_without_an_arm_says_nothing() -> None:
    assert asked([*OURS, row(1, "ads", None)]).met == {}


def test_the_sources_filter_holds_for_others_too() -> None:
    bot = (3, "off", NOON, True, "ads")

    assert asked([*OURS, bot]).met == {"ads": {("treatment", "off"): 1}}
    scene = Scene(exposures={"relation": Frame(arrow(KEYED, [*OURS, bot])), "experiment": "key", "where": "not bot"})
    assert DuckDB().coexposed(scene.question()).met == {}


def test_another_source_of_exposures_is_another_experiment_and_ids_may_be_texts() -> None:
    others = pa.table({"who": ["1", "3"], "group": ["x", "x"], "at": pa.array([NOON, NOON], pa.timestamp("us", "UTC"))})
    ads = ExposureSource(
        name="ads", relation=Frame(others), entities={"user": "who"}, timestamp=Timestamp("at"), arm='"group"'
    )

    found = asked(OURS, sources={"ads": ads})

    assert found.met == {"ads": {("control", "x"): 1, ("treatment", "x"): 1}}


def test_a_table_of_one_experiment_has_no_others() -> None:
    scene = Scene(exposed=[row[:4] for row in OURS])

    assert DuckDB().coexposed(scene.question()).met == {}


def test_exposures_of_another_entity_say_nothing() -> None:
    others = pa.table({"device": ["1"], "arm": ["x"], "at": pa.array([NOON], pa.timestamp("us", "UTC"))})
    ads = ExposureSource(
        name="ads", relation=Frame(others), entities={"device": "device"}, timestamp=Timestamp("at"), arm="arm"
    )

    assert asked(OURS, sources={"ads": ads}).met == {}


def test_clusters_are_counted_where_those_were_drawn() -> None:
    schema = pa.schema([*KEYED, ("home", pa.string())])
    rows = [(*one, home) for one, home in zip(OURS, ("a", "a", "b", "b"), strict=True)]
    rows += [(*row(1, "ads", "on"), "a"), (*row(2, "ads", "on"), "a"), (*row(3, "ads", "on"), "b")]
    rows += [(*row(4, "ads", "off"), "b")]
    scene = Scene(
        exposures={
            "relation": Frame(arrow(schema, rows)),
            "experiment": "key",
            "entities": {"user": "user_id", "household": "home"},
        },
        experiment={"randomised_by": "household"},
    )

    found = DuckDB().coexposed(scene.question())

    assert found.units == {"control": 1, "treatment": 1}
    assert found.met == {"ads": {("control", "on"): 1, ("treatment", "(several)"): 1}}
    assert found.of == "household"


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 8), st.sampled_from(["e", "x", "y"]), st.sampled_from(["control", "treatment", "z"])),
        max_size=60,
    )
)
def test_it_is_what_a_plain_loop_counts(rows: list[tuple[int, str, str]]) -> None:
    rows = [*rows, (90, "e", "control"), (91, "e", "treatment")]
    found = asked([row(unit, key, arm) for unit, key, arm in rows])

    def arms_of(unit: int, key: str) -> set[str]:
        return {arm for one, other, arm in rows if (one, other) == (unit, key)}

    ours = {unit: arms_of(unit, "e") - {"z"} for unit, _, _ in rows}
    counted = {unit: next(iter(arms)) for unit, arms in ours.items() if len(arms) == 1}
    expected: dict[str, Counter[tuple[str, str]]] = {}
    for key in ("x", "y"):
        for unit, arm in counted.items():
            met = arms_of(unit, key)
            if met:
                expected.setdefault(key, Counter())[arm, met.pop() if len(met) == 1 else "(several)"] += 1
    assert found.met == {key: dict(counts) for key, counts in expected.items()}
    assert found.units == {arm: sum(one == arm for one in counted.values()) for arm in ("control", "treatment")}


def test_results_are_broken_down_by_what_was_met_of_another_experiment_before_the_cut_off() -> None:
    met = [
        row(1, "ads", "on"),
        row(3, "ads", "off"),
        row(3, "ads", "on"),
        row(4, "ads", "off"),
        row(2, "ads", "on", 60),
    ]
    played = [(unit, NOON + DAY, 1000.0 * unit) for unit in (1, 2, 3, 4)]
    late = [row(2, "x", "on"), row(2, "ads", "on", 60)]
    exposures = {"relation": Frame(arrow(KEYED, [*OURS, *met, *late])), "experiment": "key"}
    scene = Scene(exposures=exposures, played=played, metrics=(mean(plays(Aggregate.SUM, "seconds")),))

    found = DuckDB().measure(replace(scene.question(), beside=("ads",)))

    by = {(cell.arm[0], cell.value): one.means[0] for cell, one in found.cells.items() if cell.dimension}
    assert {cell.dimension for cell in found.cells} == {"", variant_of("ads")}
    assert by == {("c", "on"): 1, ("c", "(none)"): 2, ("t", "(several)"): 3, ("t", "off"): 4}


def test_two_other_experiments_and_a_dimensionless_question_stand_side_by_side() -> None:
    rows = [*OURS, row(1, "ads", "on"), row(3, "new page", "b")]
    scene = Scene(
        exposures={"relation": Frame(arrow(KEYED, rows)), "experiment": "key"}, metrics=(mean(),), played=[(1, NOON)]
    )

    found = DuckDB().measure(replace(scene.question(), beside=("ads", "new page")))

    sizes = {(cell.dimension, cell.arm, cell.value): one.count for cell, one in found.cells.items() if cell.dimension}
    assert sizes["variant of new page", "treatment", "b"] == 1
    assert sizes["variant of new page", "control", "(none)"] == 2
    assert sizes["variant of ads", "control", "on"] == sizes["variant of ads", "control", "(none)"] == 1
