"""How a lift became known: its estimate and intervals, look by look or by the day up to which units had entered."""

from typing import Any

from twyman.app.views import Point, Series
from twyman.charts.canvas import CEILING, EFFECT, HARM, INK, WIDTH, altair, days, finished

FAR = 3.0
"""A line further off than this many times the picture's own reach is left out, so that the effect can be seen."""


def effect_over_time(series: Series, *, margin: float | None = None, ceiling: float | None = None) -> dict[str, Any]:
    """Return the picture of a lift over time.

    The dark band is the interval of a single look, the pale one around it the interval that decides. Early
    intervals may run off the picture: its height follows the later two thirds.

    Args:
        series: What to draw; at least one point.
        margin: A guardrail's non-inferiority margin, on the series' scale and with its sign.
        ceiling: Beyond it nobody believes the result; on the series' scale.

    Returns:
        A Vega-Lite specification.
    """
    low, high = _reach(series.points)
    lines = [
        (value, name, color)
        for value, name, color in ((margin, "margin", HARM), (ceiling, "ceiling", CEILING))
        if value is not None and abs(value) <= FAR * max(-low, high)
    ]
    low, high = min([low, *(value for value, _, _ in lines)]), max([high, *(value for value, _, _ in lines)])
    pad = 0.08 * (high - low) or 0.01
    domain = (low - pad, high + pad)
    alt = altair()
    layers = [*_bands(series, domain), _level(0.0, "", INK), *(_level(*line) for line in lines), *_path(series)]
    layered = alt.layer(*layers, data=alt.Data(values=[_row(point, domain) for point in series.points]))
    return finished(layered)


def _reach(points: list[Point]) -> tuple[float, float]:
    """Return the lowest and highest value that must be seen; zero is always among them."""
    ends = [0.0, *(point.estimate for point in points)]
    for point in points[len(points) // 3 :]:
        ends += [end for end in (point.lower, point.upper) if end is not None]
    last = points[-1]
    ends += [end for end in (last.repeated_lower, last.repeated_upper) if end is not None]
    return min(ends), max(ends)


def _row(point: Point, domain: tuple[float, float]) -> dict[str, Any]:
    def low(end: float | None) -> float:
        return domain[0] if end is None else max(end, domain[0])

    def high(end: float | None) -> float:
        return domain[1] if end is None else min(end, domain[1])

    row: dict[str, Any] = {"at": point.at, "estimate": point.estimate}
    if (point.lower, point.upper) != (None, None):
        row |= {"lower": low(point.lower), "upper": high(point.upper)}
    if (point.repeated_lower, point.repeated_upper) != (None, None):
        row |= {"outer_lower": low(point.repeated_lower), "outer_upper": high(point.repeated_upper)}
    return row | {"kept": not point.reconstructed}


def _bands(series: Series, domain: tuple[float, float]) -> list[Any]:
    alt = altair()
    written = (
        "format(100 * datum.value, '+.3~r') + ' %'" if series.scale == "relative" else "format(datum.value, '+,.3~r')"
    )
    axis = alt.Axis(tickCount=5, labelExpr=f"datum.value == 0 ? '0' : {written}")
    x = _time(series)
    single = len(series.points) == 1
    bands: list[Any] = []
    for lower, upper, opacity, width in (("outer_lower", "outer_upper", 0.16, 10), ("lower", "upper", 0.3, 10)):
        y = alt.Y(f"{lower}:Q", axis=axis, scale=alt.Scale(domain=list(domain), nice=False, zero=False))
        drawn = alt.Chart()
        mark = (
            drawn.mark_rule(strokeWidth=width, opacity=opacity, color=EFFECT)
            if single
            else drawn.mark_area(opacity=opacity, color=EFFECT)
        )
        bands.append(mark.encode(x=x, y=y, y2=f"{upper}:Q"))
    return bands


def _time(series: Series) -> Any:  # noqa: ANN401 - an Altair channel
    at = [point.at for point in series.points]
    return days(at[0], at[-1], at)


def _level(value: float, name: str, color: str) -> Any:  # noqa: ANN401 - an Altair chart
    alt = altair()
    one = alt.Chart(alt.Data(values=[{"value": value, "name": name}])).encode(y="value:Q")
    rule = one.mark_rule(color=color, strokeDash=[4, 3] if name else [1, 0], strokeWidth=1.2 if name else 1)
    if not name:
        return rule
    return rule + one.mark_text(align="right", baseline="bottom", dy=-3, fontSize=12, color=color).encode(
        x=alt.value(WIDTH), text="name:N"
    )


def _path(series: Series) -> list[Any]:
    alt = altair()
    x = _time(series)
    base = alt.Chart().encode(x=x, y="estimate:Q")
    line = base.mark_line(color=EFFECT, strokeWidth=2)
    if series.by != "look":
        return [line]
    fill = alt.condition("datum.kept", alt.value(EFFECT), alt.value("white"))
    return [line, base.mark_point(size=45, filled=False, stroke=EFFECT, opacity=1).encode(fill=fill)]
