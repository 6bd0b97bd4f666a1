"""From specification to SVG: the same bytes each time, letters escaped, no address followed."""

import os
import subprocess
import sys

import pytest

from twyman.charts.svg import svg
from twyman.charts.units_over_time import units_over_time


def test_the_same_specification_gives_the_same_bytes() -> None:
    spec = units_over_time(
        [{"day": "2015-04-06", "units": {"control": 1}}, {"day": "2015-04-07", "units": {"control": 2}}]
    )

    assert svg(spec) == svg(spec)


def test_names_are_escaped_by_the_drawer() -> None:
    drawn = svg(
        units_over_time(
            [{"day": "2015-04-06", "units": {"<script>": 1}}, {"day": "2015-04-07", "units": {"<script>": 2}}]
        )
    )

    assert "<script" not in drawn
    assert "&lt;script&gt;" in drawn


def test_an_address_in_a_specification_is_not_followed() -> None:
    spec = {"mark": "point", "data": {"url": "https://example.com/a.json"}, "encoding": {"x": {"field": "a"}}}

    with pytest.raises(ValueError, match="External data url"):
        svg(spec)


def test_days_are_drawn_in_utc_wherever_the_machine_stands() -> None:
    code = (
        "from twyman.charts.svg import svg; from twyman.charts.units_over_time import units_over_time as u;"
        "print(svg(u([{'day': '2015-04-06', 'units': {'c': 1}}, {'day': '2015-04-07', 'units': {'c': 2}}])))"
    )
    drawn = {
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"TZ": zone}, capture_output=True, text=True, check=True
        ).stdout
        for zone in ("Pacific/Auckland", "America/Los_Angeles")
    }

    assert len(drawn) == 1
    assert "6 Apr" in drawn.pop()


def test_altair_is_not_imported_before_a_figure_is_drawn() -> None:
    code = "import twyman.report.html, sys; assert 'altair' not in sys.modules and 'vl_convert' not in sys.modules"

    subprocess.run([sys.executable, "-c", code], check=True)
