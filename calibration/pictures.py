"""The pictures of the page, from what studies found: small, and the same for the same numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

from calibration.comparison import ERROR
from calibration.study import Finding, Point
from twyman.charts.canvas import ARMS, EFFECT, HARM, INK, QUIET, RULE, altair, finished
from twyman.charts.svg import svg

Spec = dict[str, Any]

TEXTS = {
    "error-by-method": "Errors without an effect, by method and population, at one look: each dot is a study, the bar "
    "its band. Red ones lie where the method doesn't promise it; the tables say why.",
    "coverage-by-lift": "How often 95 % intervals of a lift hold it. The control mean is five standard errors from "
    "zero. Dividing the difference's interval by the control mean, as dashboards do, takes that mean for known.",
    "false-alarms-by-looks": "Chance of at least one false alarm by the n-th look (square-root scale). A fixed test "
    "that is peeked at ends beyond 40 %. Group-sequential bounds arrive at 5 % at the last planned look, and so "
    "see more than always-valid ones, which keep some error for looks that never come.",
}


def pictures(findings: Sequence[Finding], curves: Mapping[str, Sequence[Point]]) -> dict[str, str]:
    """Return SVG by name."""
    specs = {
        "error-by-method": _errors(
            [one for one in findings if (one.promise.what, one.promise.rate) == (ERROR, 0.05) and one.study.looks == 1]
        ),
        "coverage-by-lift": _coverage(curves["coverage by lift"]),
        "false-alarms-by-looks": _alarms(curves["false alarms by looks"]),
    }
    return {name: svg(spec) + "\n" for name, spec in specs.items()}


def _sized(chart: Any, width: int, height: int, title: str) -> Spec:  # noqa: ANN401 - any of Altair's
    spec = finished(chart)
    config = {**spec["config"], "background": "white", "padding": 14}
    top = {"text": title, "anchor": "start", "color": INK, "fontSize": 14, "fontWeight": 600, "offset": 10}
    return {**spec, "width": width, "height": height, "title": top, "config": config}


def _errors(findings: Sequence[Finding]) -> Spec:
    alt = altair()
    rows = [
        {
            "who": f"{one.study.method} · {one.study.population} · {one.study.units}",
            "rate": one.measured,
            "low": one.low,
            "high": min(one.high, 0.11),
            "within": one.within,
        }
        for one in findings
    ]
    most = max(0.08, *(row["rate"] for row in rows))
    order = [row["who"] for row in rows]
    y = alt.Y("who:N", sort=order, axis=alt.Axis(labelLimit=460, labelFontSize=11, minExtent=330))
    x = alt.X(
        "rate:Q",
        scale=alt.Scale(domain=[0, round(most + 0.005, 2)]),
        axis=alt.Axis(format=".0%", grid=True, tickCount=8),
    )
    base = alt.Chart()
    bar = base.mark_bar(height=9, color=RULE).encode(x=alt.X("low:Q"), x2="high:Q", y=y)
    color = alt.condition("datum.within", alt.value(EFFECT), alt.value(HARM))
    dot = base.mark_point(filled=True, size=38, opacity=1).encode(x=x, y=y, color=color)
    layered = alt.layer(bar, dot, data=alt.Data(values=rows))
    return _sized(layered, 330, 15 * len(rows), "Type I error at α = 5 %")


def _lines(points: Sequence[Point], x: Any, y: Any, target: float, colors: Mapping[str, str]) -> Any:  # noqa: ANN401
    alt = altair()
    rows = [{"line": point.line, "x": point.x, "y": point.y} for point in points]
    names = list(dict.fromkeys(point.line for point in points))
    scale = alt.Scale(domain=names, range=[colors[name] for name in names])
    legend = alt.Legend(columns=2, labelLimit=260)
    line = (
        alt.Chart(alt.Data(values=rows))
        .mark_line(strokeWidth=2)
        .encode(x=x, y=y, color=alt.Color("line:N", scale=scale, legend=legend))
    )
    rule = alt.Chart(alt.Data(values=[{"y": target}])).mark_rule(color=INK, strokeDash=[4, 3]).encode(y=y)
    return alt.layer(rule, line)


def _coverage(points: Sequence[Point]) -> Spec:
    alt = altair()
    x = alt.X("x:Q", axis=alt.Axis(format="+.0%", title="true lift", titleColor=QUIET))
    y = alt.Y("y:Q", scale=alt.Scale(domain=[0.75, 1.0], zero=False), axis=alt.Axis(format=".0%"))
    colors = {"fieller": EFFECT, "delta": ARMS[3], "log": ARMS[4], "baseline taken for known": HARM}
    return _sized(_lines(points, x, y, 0.95, colors), 520, 240, "Coverage of 95 % intervals of a lift")


def _alarms(points: Sequence[Point]) -> Spec:
    alt = altair()
    x = alt.X(
        "x:Q",
        scale=alt.Scale(domain=[1, 181], nice=False),
        axis=alt.Axis(values=[1, 14, 30, 60, 90, 120, 150, 181], title="looks", titleColor=QUIET),
    )
    scale = alt.Scale(type="sqrt", domain=[0, 0.45])
    y = alt.Y("y:Q", scale=scale, axis=alt.Axis(format=".0%", values=[0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4]))
    names = list(dict.fromkeys(point.line for point in points))
    colors = dict(zip(names, (EFFECT, ARMS[3], ARMS[4], ARMS[2], ARMS[0], HARM), strict=True))
    return _sized(_lines(points, x, y, 0.05, colors), 520, 260, "False alarms at one of n looks")
