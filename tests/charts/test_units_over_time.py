"""Units over time as a specification: golden, summed, control first."""

from collections.abc import Callable
from typing import Any

from twyman.charts.units_over_time import units_over_time

EXPOSED = [
    {"day": "2015-04-06", "units": {"control": 100, "moments": 98}},
    {"day": "2015-04-07", "units": {"control": 60, "moments": 0}},
    {"day": "2015-04-09", "units": {"control": 0, "moments": 61}},
]


def test_units_over_time_is_the_golden_specification(golden: Callable[[str, dict[str, Any]], bool]) -> None:
    assert golden("units", units_over_time(EXPOSED))


def test_units_are_summed_over_days() -> None:
    rows = units_over_time(EXPOSED)["data"]["values"]

    assert [row["units"] for row in rows if row["arm"] == "moments"] == [98, 98, 159]
    assert [row["arm"] for row in rows] == ["control"] * 3 + ["moments"] * 3
