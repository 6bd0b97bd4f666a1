"""What all figures share: Altair, the palette, a quiet theme.

Altair takes a second to import, so it is imported when a figure is first drawn, and here only.
"""

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
    "legend": {"labelColor": INK, "labelFontSize": 12, "title": None, "orient": "top", "symbolType": "stroke"},
}


def altair() -> Any:  # noqa: ANN401 - a module, half of whose names are generated
    """Return Altair, imported on first use."""
    return import_module("altair")


def finished(chart: Any) -> dict[str, Any]:  # noqa: ANN401 - any of Altair's kinds of chart
    """Return a chart as a specification in our size and theme, the same for the same values."""
    spec = cast("dict[str, Any]", chart.properties(width=WIDTH, height=HEIGHT).to_dict())
    return {**spec, "$schema": SCHEMA, "config": THEME}


def days(first: str, last: str) -> Any:  # noqa: ANN401 - an Altair channel
    """Return the time axis of values whose field is `at`, in UTC wherever it is drawn."""
    alt = altair()
    form = "%b %Y" if _years_apart(first, last) else "%-d %b"
    return alt.X("at:T", scale=alt.Scale(type="utc"), axis=alt.Axis(format=form, tickCount=5))


def _years_apart(first: str, last: str) -> bool:
    return int(last[:4]) - int(first[:4]) > 1
