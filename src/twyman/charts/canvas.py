"""What all figures share: Altair, the palette, a quiet theme.

Altair takes a second to import, so it is imported when a figure is first drawn, and here only.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, cast

INK = "#1b1f24"
QUIET = "#57606a"
RULE = "#e4e7eb"
EFFECT = "#2a5f9e"
HARM = "#b3261e"
CEILING = "#8a4b00"
ARMS = ("#9aa3ad", "#2a5f9e", "#b4540a", "#157f5b", "#7a3e9d", "#a3123f")
"""Colours by arm, control first; told apart by people who don't see red from green."""

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
WIDTH, HEIGHT = 380, 190
"""Pixels: small enough that its letters can still be read on a phone."""

TICKS = 7
"""At most so many dates beside one another."""

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
"""The major version only, so that a specification doesn't change with Altair's patches."""

THEME: dict[str, Any] = {
    "background": "transparent",
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": QUIET,
        "labelFontSize": 12,
        "gridColor": RULE,
        "domain": False,
        "ticks": False,
        "labelPadding": 6,
        "title": None,
    },
    "axisX": {"grid": False, "labelFlush": True, "labelOverlap": True},
    "legend": {
        "labelColor": INK,
        "labelFontSize": 12,
        "title": None,
        "orient": "top",
        "symbolType": "stroke",
        "labelLimit": 150,
        "columnPadding": 24,
    },
}


def altair() -> Any:  # noqa: ANN401 - a module, half of whose names are generated
    """Return Altair, imported on first use."""
    return import_module("altair")


def finished(chart: Any) -> dict[str, Any]:  # noqa: ANN401 - any of Altair's kinds of chart
    """Return a chart as a specification in our size and theme, the same for the same values."""
    spec = cast("dict[str, Any]", chart.properties(width=WIDTH, height=HEIGHT).to_dict(validate=False))
    return {**spec, "$schema": SCHEMA, "config": THEME}


def days(first: str, last: str, at: Sequence[str]) -> Any:  # noqa: ANN401 - an Altair channel
    """Return the time axis of values whose field is `at`, in UTC wherever it is drawn.

    Args:
        first: ISO day or instant where it begins.
        last: Where it ends.
        at: Where ticks may stand; of many every so-manieth is taken.
    """
    alt = altair()
    form = "%b %Y" if int(last[:4]) - int(first[:4]) > 1 else "%-d %b"
    ticks = [_moment(text) for text in at[:: 1 + (len(at) - 1) // TICKS]]
    return alt.X("at:T", scale=alt.Scale(type="utc"), axis=alt.Axis(format=form, values=ticks))


def _moment(text: str) -> dict[str, Any]:
    moment = datetime.fromisoformat(text)
    moment = moment.astimezone(UTC) if moment.tzinfo else moment
    parts = {"year": moment.year, "month": moment.month, "date": moment.day}
    return parts | {"hours": moment.hour, "minutes": moment.minute, "utc": True}
