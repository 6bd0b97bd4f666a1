"""The effect within a leaking flag's variants, from rows to sentence: the other's part is gone from it."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.warehouse.conftest import DAY, EXPOSED, NOON, Scene, arrow, mean, plays

from twyman.app.doubting import Doubted, doubted
from twyman.metrics.metric import Aggregate
from twyman.metrics.source import Frame
from twyman.warehouse.duckdb import DuckDB

KEYED = pa.schema([*EXPOSED, ("key", pa.string())])
UNITS = 4_000
OURS, THEIRS = 1.0, 7.0


def audited(met: np.ndarray, **changes: Any) -> Doubted:
    """An experiment that adds 1 to 20, beside a flag whose variant `off` adds 7."""
    rng = np.random.default_rng(6)
    treated = np.arange(UNITS) % 2 == 1
    value = 20 + OURS * treated + THEIRS * met + rng.normal(0, 2, UNITS)
    rows = [(unit, "treatment" if treated[unit] else "control", NOON, False, "e") for unit in range(UNITS)]
    rows += [(unit, "off" if met[unit] else "on", NOON, False, "ads") for unit in range(UNITS)]
    played = [(unit, NOON + DAY, 1000.0 * value[unit]) for unit in range(UNITS)]
    exposures = {"relation": Frame(arrow(KEYED, rows)), "experiment": "key"}
    metrics = (mean(plays(Aggregate.SUM, "seconds")),)
    question = Scene(exposures=exposures, played=played, metrics=metrics, **changes).question()
    warehouse = DuckDB()
    return doubted(warehouse, question, warehouse.measure(question))


def leaking(treated: float, control: float) -> np.ndarray:
    chance = np.where(np.arange(UNITS) % 2 == 1, treated, control)
    return np.random.default_rng(3).random(UNITS) < chance


def test_the_effect_within_its_variants_is_our_own() -> None:
    found = audited(leaking(0.5, 0.2))

    check = found.shown(effects=True)[0]
    (effect,) = check.detail["within"]  # type: ignore[misc]
    assert (check.code, effect["share"]) == ("leak", 1.0)
    assert effect["before"] == pytest.approx((OURS + 0.3 * THEIRS) / (20 + 0.2 * THEIRS), abs=0.01)
    assert effect["lower"] < OURS / (20 + 0.35 * THEIRS) < effect["upper"]
    assert effect["upper"] - effect["lower"] < 0.02
    assert "Within its variants m is +4" in check.text


def test_the_variance_inflation_is_that_of_how_strongly_the_two_go_together() -> None:
    check = audited(leaking(0.5, 0.2)).shown(effects=True)[0]

    assert check.detail["inflation"] == pytest.approx(1 / (1 - float(check.detail["cramers_v"]) ** 2))  # type: ignore[arg-type]


def test_a_variant_that_only_one_arm_met_is_left_out_and_said() -> None:
    check = audited(leaking(0.2, 0.0)).shown(effects=True)[0]

    (effect,) = check.detail["within"]  # type: ignore[misc]
    assert effect["share"] == pytest.approx(0.9, abs=0.01)
    assert effect["lower"] < OURS / 20 < effect["upper"]
    assert check.code == "aliased"
    assert "of units whose variants both arms met" in check.text
    assert "No unit of control met off" in check.text
    assert check.detail["follow_up"]


def test_where_next_to_nothing_overlaps_no_effect_is_given_and_the_reason_is() -> None:
    check = audited(leaking(0.99, 0.01)).shown(effects=True)[0]

    assert check.code == "aliased"
    assert check.detail["within"] == []
    assert "times as large: too little is left to compare" in check.text
    assert check.text.count("times as large") == 1
    assert check.detail["follow_up"]


def test_what_cannot_be_separated_is_said_while_effects_are_hidden_too() -> None:
    check = audited(leaking(0.998, 0.0)).shown(effects=False)[0]

    assert "can't be separated" in check.text
    assert "compare within its variants" not in check.text


def test_a_flag_that_all_units_met_alike_is_named() -> None:
    check = audited(np.ones(UNITS, dtype=bool)).shown(effects=True)[0]

    assert check.text == "'ads' reached all of these units alike, so no difference between arms comes of it."


def test_hidden_effects_stay_hidden() -> None:
    found = audited(leaking(0.5, 0.2))

    assert not any("within" in check.detail or "Within" in check.text for check in found.shown(effects=False))


def test_what_cannot_be_separated_and_what_nobody_leaks_is_not_compared_within() -> None:
    twin, apart = audited(np.arange(UNITS) % 2 == 1), audited(leaking(0.5, 0.5))

    assert [check.code for check in twin.checks][:1] == ["aliased"]
    assert twin.within == apart.within == {}
    assert not any("beside 1" in sql for sql in (*twin.sql, *apart.sql))
    assert any("beside 1" in sql for sql in audited(leaking(0.5, 0.2)).sql)
