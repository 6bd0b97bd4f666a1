"""Every part of a look is compared: a fault anywhere in it is named."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from twyman.app.agreement import agreement
from twyman.app.ports import Cell, Cohort, DaySigns, Drawn, Entrants, Kept, Measured, Ranked, Scanned, Shared
from twyman.app.recomputation import Recomputed, Unverified
from twyman.stats.moments import Moments
from twyman.stats.survival import RiskTable

ARM, NZ = Cell("spend", "a"), Cell("spend", "a", "country", "NZ")
DAY = date(2024, 5, 1)
NOW = datetime(2024, 5, 1, tzinfo=UTC)
PAIRS = Moments.of(np.array([[1.0, 2.0], [2.0, 2.0], [0.0, 1.0]]))
TRUE = Measured(
    columns={"spend": ("value",)},
    cells={ARM: Moments.of([1.0, 2.0, 3.0]), NZ: Moments.of([1.0, 2.0])},
    units={"a": 3},
    crossovers={"a": 1},
    ranks={ARM: Ranked(count=3, values={1: 1.0, 2: 2.0}, clusters=PAIRS)},
    risk={ARM: RiskTable(np.array([1.0, 2.0]), np.array([3.0, 2.0]), np.array([1.0, 0.0]))},
    strata={("spend", "a", '["NZ"]'): Moments.of([1.0, 2.0])},
    days={("spend", "a", DAY): Moments.of([1.0, 2.0, 3.0])},
    exposed={("a", DAY): 3},
    entrants=Entrants(rows=4, units=4, unknown_arms={"stray": 1}),
    cohorts={("spend", "a"): Cohort(entered=3, matured=3, measured=3)},
    kept=(Kept(kind="trigger", name="taps", of={"a": 4}, kept={"a": 3}),),
    drawn=Drawn(exposed={"a": 2}, crossed={"a": 0}, analysed={"a": 2}, moved=1, lost=0),
    members={ARM: 3},
    shared=(Shared("device", 5, 1),),
    scanned=(Scanned(source="plays", rows=9, units=3, first=NOW, last=NOW),),
    caps={"spend": 2.5},
    days_matured=7,
    days_left_out=1,
    signs={("spend", "a"): DaySigns(days=7, higher=4)},
)

FAULTS: dict[str, dict[str, Any]] = {
    "units": {"units": {"a": 4}},
    "crossovers": {"crossovers": {"a": 2}},
    "rows of an unknown arm": {"entrants": replace(TRUE.entrants, unknown_arms={"stray": 2})},
    "units met": {"entrants": replace(TRUE.entrants, units=5)},
    "units exposed on 2024-05-01": {"exposed": {("a", DAY): 2}},
    "units kept by trigger taps": {"kept": (Kept(kind="trigger", name="taps", of={"a": 4}, kept={"a": 4}),)},
    "clusters analysed": {"drawn": replace(TRUE.drawn, analysed={"a": 1})},
    "units of two clusters": {"drawn": replace(TRUE.drawn, moved=2)},
    "shared ids of device": {"shared": (Shared("device", 5, 2),)},
    "rows of 'plays'": {"scanned": (replace(TRUE.scanned[0], rows=8),)},
    "late of 'plays'": {"scanned": (replace(TRUE.scanned[0], late=1),)},
    "days matured": {"days_matured": 8},
    "columns": {"columns": {"spend": ("numerator", "denominator")}},
    "mean": {"cells": {**TRUE.cells, NZ: Moments.of([1.0, 2.5])}},
    "units measured": {"cells": {**TRUE.cells, ARM: Moments.of([1.0, 2.0])}},
    "units in clusters": {"members": {ARM: 4}},
    "values": {"ranks": {ARM: Ranked(count=4, values={1: 1.0, 2: 2.0}, clusters=PAIRS)}},
    "value of rank 2": {"ranks": {ARM: Ranked(count=3, values={1: 1.0, 2: 2.5}, clusters=PAIRS)}},
    "values fetched": {"ranks": {ARM: Ranked(count=3, values={}, clusters=PAIRS)}},
    "mean of values up to the quantile": {"ranks": {ARM: replace(TRUE.ranks[ARM], clusters=PAIRS.columns(1, 0))}},
    "events in step 2": {"risk": {ARM: RiskTable(np.array([1.0, 2.0]), np.array([3.0, 2.0]), np.array([1.0, 1.0]))}},
    "units watched in step 2": {"risk": {}},
    "squares of value": {"days": {("spend", "a", DAY): Moments(3, np.array([2.0]), np.array([[2.1]]))}},
    "mean of a stratum": {"strata": {("spend", "a", '["NZ"]'): Moments.of([2.0, 3.0])}},
    "units matured": {"cohorts": {("spend", "a"): Cohort(entered=3, matured=2, measured=3)}},
    "cap": {"caps": {"spend": 2.6}},
    "days higher": {"signs": {("spend", "a"): DaySigns(days=7, higher=5)}},
}


def test_what_is_equal_agrees() -> None:
    assert agreement(TRUE, Recomputed(TRUE))


@pytest.mark.parametrize("quantity", FAULTS)
def test_a_fault_in_any_part_is_named(quantity: str) -> None:
    found = agreement(replace(TRUE, **FAULTS[quantity]), Recomputed(TRUE))

    named = [one.quantity for one in found.disagreements]
    assert quantity.removesuffix(" of a stratum") in named


@pytest.mark.parametrize("what", ["rows read", "metric 'spend'", "strata", "dimension 'country'"])
def test_what_was_left_out_is_not_compared(what: str) -> None:
    everything = agreement(TRUE, Recomputed(TRUE)).numbers

    assert agreement(TRUE, Recomputed(TRUE, (Unverified(what, "calls f()"),))).numbers < everything
