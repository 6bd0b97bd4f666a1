"""Moments of columns far from zero are asked for again, about a number in their midst; of others, never."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean, pvariance

import numpy as np
import pytest
from tests.warehouse.state.test_refresh import EXPOSED, PLAYED, load, question

from twyman.app.ports import Cell
from twyman.warehouse.connectors.duckdb import DuckDBConnector
from twyman.warehouse.sql_warehouse import SqlWarehouse

DAY = timedelta(days=1)
START = datetime(2024, 3, 4, tzinfo=UTC).replace(tzinfo=None)
UNITS = 400


class Heard(DuckDBConnector):
    """Hears what is asked for cells."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.asked: list[str] = []

    def rows(self, sql: str) -> list[dict[str, object]]:  # type: ignore[override]
        if "cells AS (" in sql:
            self.asked.append(sql)
        return super().rows(sql)  # type: ignore[return-value]


def heard(folder: Path, values: list[int]) -> Heard:
    """One play a unit, of units that enter over three days."""
    for name in ("exposures", "plays"):
        (folder / name).mkdir()
    arms = [("control", "moments")[unit % 2] for unit in range(UNITS)]
    met = [(unit, arms[unit], START + unit % 3 * DAY) for unit in range(UNITS)]
    load(folder / "exposures", EXPOSED, met, "x")
    load(folder / "plays", PLAYED, [(unit, at + DAY / 24, values[unit], "a", at) for unit, _, at in met], "x")
    return Heard(folder)


def test_a_mean_a_thousand_million_times_the_spread_keeps_it_over_all_days(tmp_path: Path) -> None:
    values = [10**9 + unit * 7919 % 11 for unit in range(UNITS)]
    over = heard(tmp_path, values)

    found = SqlWarehouse(over).measure(question(20, ("minutes",))).cells[Cell("minutes", "control")]

    own = values[::2]
    assert found.means[0] == pytest.approx(fmean(own), rel=1e-15)
    assert found.products[0, 0] / found.count == pytest.approx(pvariance(own), rel=1e-13)
    assert len(over.asked) == 2


def test_what_is_near_is_asked_for_once(tmp_path: Path) -> None:
    drawn = np.random.default_rng(3).gamma(2, 90_000, UNITS)
    over = heard(tmp_path, [int(one) for one in drawn])

    SqlWarehouse(over).measure(question(20, ("minutes",)))

    assert len(over.asked) == 1
