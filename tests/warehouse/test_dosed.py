"""Effects where nothing was delivered, from rows to sentence."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.warehouse.conftest import DAY, NOON, Scene, arrow, mean, plays

from twyman.app.dosed import dosed
from twyman.app.doubting import Doubted, doubted
from twyman.doubt.check import Check, Status
from twyman.experiments.delivery import Delivery
from twyman.metrics.metric import Aggregate
from twyman.metrics.source import AttributeSource, Frame
from twyman.warehouse.duckdb import DuckDB

UNITS = 4_000
OPENED = Delivery("plays", "ms = 7000")
DEVICES = ("phone", "desk")
PROFILE = pa.schema([("user_id", pa.int64()), ("device", pa.string())])


def asked(*, desk: float, phone: float, opened: tuple[str, ...] = ("phone",), **changes: Any) -> Doubted:
    """The treatment is met where it is `opened`, and units' sums differ by what is given: on Monday or on Tuesday."""
    rng = np.random.default_rng(7)
    exposed, played = list[tuple[Any, ...]](), list[tuple[Any, ...]]()
    for unit in range(UNITS):
        treated, device, at = unit % 2 == 1, DEVICES[unit // 2 % 2], NOON + (unit // 4 % 2) * DAY
        exposed.append((unit, "treatment" if treated else "control", at))
        effect = {"phone": phone, "desk": desk}[device] if treated else 0.0
        played.append((unit, at + DAY, 1000.0 * rng.normal(50 + effect, 2)))
        day = "Mon" if at == NOON else "Tue"
        if treated and (device in opened or day in opened) and rng.random() < 0.9:
            played.append((unit, at + DAY, 7000.0))
    profile = AttributeSource(
        name="profile",
        relation=Frame(arrow(PROFILE, [(unit, DEVICES[unit // 2 % 2]) for unit in range(UNITS)])),
        entities={"user": "user_id"},
        columns={"device": "device"},
    )
    metrics = (mean(plays(Aggregate.MAX, "seconds", where="ms <> 7000")),)
    described = {"delivery": OPENED, "dimensions": ("device",)} | changes.pop("experiment", {})
    scene = Scene(exposed, played, metrics, {"profile": profile}, experiment=described, **changes)
    question, warehouse = scene.question(), DuckDB()
    return doubted(warehouse, question, warehouse.measure(question))


def dose(found: Doubted) -> list[Check]:
    return [check for check in found.checks if check.code == "dose_incoherent"]


def test_an_effect_where_nothing_was_delivered_is_a_warning_that_names_the_place() -> None:
    (seen,) = dose(asked(phone=1.0, desk=0.5))

    assert (seen.status, seen.metric, seen.arm, seen.detail["by"]) == (Status.WARN, "m", "treatment", "device")
    assert seen.detail["values"] == ["desk"]
    assert seen.detail["effect"] == pytest.approx(0.5, abs=0.3)
    assert seen.detail["effect_elsewhere"] == pytest.approx(1.0, abs=0.3)
    assert seen.detail["met_elsewhere"] == pytest.approx(0.9, abs=0.03)
    assert "with device = desk hardly anybody of treatment met plays (0 %)" in seen.text


def test_an_effect_where_it_was_delivered_is_none() -> None:
    (seen,) = dose(asked(phone=1.0, desk=0.0))

    assert seen.status is Status.OK
    assert "no effect is seen there" in seen.text


def test_days_are_places_too() -> None:
    (seen,) = dose(asked(phone=1.0, desk=1.0, opened=("Tue",)))

    assert (seen.status, seen.detail["values"]) == (Status.WARN, ["2024-03-04"])
    assert "with day of exposure = 2024-03-04" in seen.text


def test_an_effect_of_what_nobody_met_is_none_of_the_change() -> None:
    found = asked(phone=1.0, desk=1.0, opened=(), experiment={"dimensions": ()})

    assert [check.detail["by"] for check in dose(found)] == ["", "day of exposure"]
    assert "not_delivered" in {check.code for check in found.checks}


def test_effects_stay_hidden_while_effects_are() -> None:
    found = asked(phone=1.0, desk=0.5)

    assert not any(check.code == "dose_incoherent" for check in found.shown(effects=False))
    assert any(check.code == "dose_incoherent" for check in found.shown(effects=True))


def test_who_declares_no_delivery_is_asked_for_none() -> None:
    found = asked(phone=1.0, desk=0.5, experiment={"delivery": None})

    assert dose(found) == []
    assert len(found.sql) < len(asked(phone=1.0, desk=0.5).sql)


def test_what_was_met_everywhere_says_nothing() -> None:
    everywhere = asked(phone=1.0, desk=1.0, opened=DEVICES)

    assert dose(everywhere) == []


def test_where_clusters_were_drawn_nothing_is_asked() -> None:
    scene = Scene([(1, "control", NOON), (2, "treatment", NOON)], [], (mean(),), experiment={"delivery": OPENED})
    question, warehouse = scene.question(), DuckDB()
    drawn = replace(question, experiment=replace(question.experiment, randomised_by="home"))

    assert dosed(warehouse, drawn, scene.measure()) == ([], ())
    assert dosed(warehouse, question, scene.measure())[1]
