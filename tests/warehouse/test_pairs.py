"""Any two experiments: units that they share, by arm and arm, whichever way an engine counts them."""

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st
from tests.warehouse.conftest import DAY, EXPOSED, NOON, Scene, arrow

from twyman.app.ports import Paired, Question
from twyman.experiments.experiment import Arm
from twyman.metrics.source import ExposureSource, Frame, Timestamp
from twyman.warehouse.connectors.duckdb import DuckDBConnector
from twyman.warehouse.duckdb import DuckDB
from twyman.warehouse.engine import Engine
from twyman.warehouse.statement import pairs as module
from twyman.warehouse.statement.pairs import compiled_pairs, paired

KEYED = pa.schema([*EXPOSED, ("key", pa.string())])
ARMS = (Arm("control", 0.5, control=True, value="c"), Arm("new", 0.5, value="n"))


def questions(rows: list[tuple[Any, ...]], *names: str, **changes: Any) -> list[Question]:
    scene = Scene(exposures={"relation": Frame(arrow(KEYED, rows)), "experiment": "key", **changes})
    question = scene.question()
    return [replace(question, experiment=replace(question.experiment, name=name, arms=ARMS)) for name in names]


def row(unit: int, key: str, arm: str, days: float = 0) -> tuple[Any, ...]:
    return (unit, arm, NOON + days * DAY, False, key)


def test_units_are_counted_by_both_arms_and_alone() -> None:
    rows = [row(1, "b", "c"), row(1, "a", "n"), row(2, "a", "n"), row(2, "b", "c"), row(3, "a", "c"), row(4, "x", "c")]

    found = DuckDB().paired(questions(rows, "b", "a"))

    assert found.units == {("a", "control"): 1, ("a", "new"): 2, ("b", "control"): 2}
    assert found.met == {("a", "b"): {("new", "control"): 2}}


def test_repeated_rows_rows_after_the_cut_off_and_unknown_arms_do_not_count() -> None:
    rows = [*[row(1, "a", "n")] * 3, row(1, "b", "c"), row(1, "b", "c", 3), row(2, "a", "c", 60), row(2, "b", "zzz")]

    found = DuckDB().paired(questions(rows, "a", "b"))

    assert found.units == {("a", "new"): 1, ("b", "control"): 1}
    assert found.met == {("a", "b"): {("new", "control"): 1}}


def test_the_sources_filter_holds_and_a_table_of_one_experiment_is_called_by_its_name() -> None:
    rows = [row(1, "a", "n"), (2, "c", NOON, True, "a")]
    at = pa.array([NOON, NOON], pa.timestamp("us", "UTC"))
    table = pa.table({"who": ["1", "2"], "group": ["c", "c"], "at": at})
    ads = ExposureSource(
        name="ads", relation=Frame(table), entities={"user": "who"}, timestamp=Timestamp("at"), arm='"group"'
    )
    (one,) = questions(rows, "a", where="not bot")
    catalogue = replace(one.catalogue, sources={**one.catalogue.sources, "ads": ads})
    of_ads = replace(one.experiment, name="no ads", source="ads")
    both = [replace(one, catalogue=catalogue), replace(one, catalogue=catalogue, experiment=of_ads)]

    found = DuckDB().paired(both)

    assert found.units == {("a", "new"): 1, ("no ads", "control"): 2}
    assert found.met == {("a", "no ads"): {("new", "control"): 1}}


KEYS, ARM_VALUES = ("a", "b", "d", "e"), ("c", "n", "zzz")
ROW = st.tuples(st.integers(0, 9), st.sampled_from(KEYS), st.sampled_from(ARM_VALUES))


@settings(max_examples=25, deadline=None)
@given(met=st.lists(ROW, min_size=1, max_size=70))
def test_arrays_lists_and_joins_count_as_sets_do(met: list[tuple[int, str, str]]) -> None:
    asked = questions([row(*one) for one in met], *KEYS)

    made = [DuckDB().paired(asked), *(_counted(asked, lists=lists) for lists in (True, False))]

    units, both = _by_sets(met)
    assert [one.units for one in made] == [units] * 3
    assert [one.met for one in made] == [both] * 3


@pytest.mark.parametrize("bound", ["MOST_KEYS", "MOST_NUMBERS"])
def test_what_is_too_much_for_arrays_is_counted_by_the_engine(monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    asked = questions([row(1, "a", "c"), row(1, "b", "n"), row(2, "b", "c")], "a", "b")
    by_arrays = DuckDB().paired(asked)

    monkeypatch.setattr(module, bound, 2)
    by_engine = DuckDB().paired(asked)

    assert ("hash(" in by_arrays.sql[0].lower(), "hash(" in by_engine.sql[0].lower()) == (True, False)
    assert (by_engine.units, by_engine.met) == (by_arrays.units, by_arrays.met)


def _counted(asked: list[Question], *, lists: bool) -> Paired:
    engine = Engine(DuckDBConnector(None))
    return paired(asked, engine.answer(compiled_pairs(engine, asked, lists=lists)), ())


def _by_sets(met: list[tuple[int, str, str]]) -> tuple[dict[Any, int], dict[Any, dict[Any, int]]]:
    named, who = {"c": "control", "n": "new"}, dict[tuple[str, str], set[int]]()
    for unit, key, value in met:
        if value in named:
            who.setdefault((key, named[value]), set()).add(unit)
    both = dict[tuple[str, str], dict[tuple[str, str], int]]()
    for one, units in who.items():
        for two, others in who.items():
            if one[0] < two[0] and units & others:
                both.setdefault((one[0], two[0]), {})[one[1], two[1]] = len(units & others)
    return {one: len(units) for one, units in who.items()}, both
