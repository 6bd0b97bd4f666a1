"""Looks are kept beside the data, once, and read back to the last bit."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from twyman.app.ports import (
    Cell,
    Cohort,
    Cutoff,
    DaySigns,
    Drawn,
    Entrants,
    Extreme,
    Kept,
    Look,
    Measured,
    Ranked,
    Scanned,
    Shared,
)
from twyman.kernel.errors import Conflict, Unavailable
from twyman.stats.moments import Moments
from twyman.stats.survival import RiskTable
from twyman.warehouse.looks.folder import LookFolder

NOW = datetime(2024, 3, 4, 12, 0, 0, 123456, tzinfo=UTC)
DAY = date(2024, 3, 4)
MEASURED = Measured(
    columns={"m": ("value", "pre 14d")},
    cells={
        Cell("m", "a"): Moments.of([[0.1, 1e-300], [1 / 3, 1e100]]),
        Cell("m", "b", "country", "NZ"): Moments.empty(2),
    },
    units={"a": 2, "b": 0},
    crossovers={"a": 1},
    strata={("m", "a", '["NZ",null]'): Moments.of([[0.1, 1 / 3]])},
    ranks={
        Cell("p", "a"): Ranked(count=9, values={4: 0.1, 5: 1 / 3}, clusters=Moments.of([[1, 2], [0, 3]])),
        Cell("p", "a", "country", "NZ"): Ranked(count=2, values={1: 0.1, 2: 0.1}),
    },
    days={("m", "a", DAY): Moments.of([[0.1, 2]])},
    exposed={("a", DAY): 2},
    entrants=Entrants(
        rows=9, units=3, in_two_arms=1, left_out={"a": 1}, kept={"a": 2}, repeated=1, unknown_arms={"": 1}
    ),
    cohorts={("m", "a"): Cohort(entered=2, matured=2, measured=1)},
    extremes={("m", "a"): (Extreme("u-1", (1 / 3, 2.0)),)},
    scanned=(Scanned(source="plays", rows=3, units=2, first=NOW, last=None, after_cutoff=1, late=2),),
    kept=(Kept(kind="trigger", name="opens", of={"a": 3}, kept={"a": 2}),),
    drawn=Drawn(exposed={"a": 2}, crossed={"a": 1}, analysed={"a": 2}, moved=1, lost=3),
    members={Cell("m", "a"): 4},
    shared=(Shared("device", 9, 1),),
    caps={"m": 0.1 + 0.2},
    days_matured=3,
    signs={("m", "b"): DaySigns(days=3, higher=1)},
    zoneless=("plays",),
    sql=("select 1",),
)


def look(number: int = 1, measured: Measured = MEASURED) -> Look:
    cutoff = Cutoff(NOW, NOW)
    return Look(
        experiment="e", number=number, cutoff=cutoff, measured=measured, plan="p", taken_at=NOW, version="0.1.0"
    )


def test_a_look_is_read_back_as_it_was_kept(tmp_path: Any) -> None:
    book = LookFolder(tmp_path)

    assert book.keep(look())
    assert LookFolder(tmp_path).looks("e") == (look(),)
    assert (tmp_path / ".twyman/looks/e/0001.json").is_file()


@settings(max_examples=20, deadline=None)
@given(values=st.lists(st.floats(-1e150, 1e150), min_size=1, max_size=4))
def test_numbers_come_back_to_the_last_bit(tmp_path_factory: Any, values: Any) -> None:
    folder = tmp_path_factory.mktemp("looks")
    kept = look(measured=Measured(columns={}, cells={Cell("m", "a"): Moments.of(values)}, units={}))
    LookFolder(folder).keep(kept)

    assert LookFolder(folder).looks("e") == (kept,)


def test_looks_come_in_order_and_by_experiment(tmp_path: Any) -> None:
    book = LookFolder(tmp_path)
    for number in (10, 2, 1):
        book.keep(look(number))

    assert [one.number for one in book.looks("e")] == [1, 2, 10]
    assert book.looks("other") == ()


def test_a_look_is_never_rewritten(tmp_path: Any) -> None:
    book = LookFolder(tmp_path)
    book.keep(look())

    with pytest.raises(Conflict, match="look 1 of 'e' is kept already"):
        book.keep(look())
    assert [file.name for file in (tmp_path / ".twyman/looks/e").iterdir()] == ["0001.json"]


def test_of_many_readers_one_keeps_the_look(tmp_path: Any) -> None:
    def keep(_: int) -> bool:
        try:
            return LookFolder(tmp_path).keep(look())
        except Conflict:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(keep, range(16))) == 1


def test_a_place_that_cannot_be_written_keeps_none() -> None:
    assert LookFolder("/proc").keep(look()) is False


def test_a_broken_file_is_named(tmp_path: Any) -> None:
    LookFolder(tmp_path).keep(look())
    file = tmp_path / ".twyman/looks/e/0001.json"
    os.truncate(file, 100)

    with pytest.raises(Unavailable, match=r"0001\.json can't be read"):
        LookFolder(Path(tmp_path)).looks("e")


def test_who_was_at_risk_of_an_event_comes_back_by_time(tmp_path: Path) -> None:
    table = RiskTable.of([1, 2, 2, 4], [1, 1, 0, 0])
    book = LookFolder(tmp_path)
    book.keep(replace(look(1), measured=replace(MEASURED, risk={Cell("wait", "a", "country", "NZ"): table})))
    found = book.looks("e")[0].measured.risk[Cell("wait", "a", "country", "NZ")]

    for kept, built in ((found.times, table.times), (found.at_risk, table.at_risk), (found.events, table.events)):
        assert kept.tolist() == built.tolist()
