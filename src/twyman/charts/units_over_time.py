"""How units came in: their number in each arm, up to each day."""

from itertools import accumulate
from typing import Any

from twyman.charts.canvas import ARMS, altair, days, finished


def units_over_time(exposed: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the picture of each arm's units, summed over the days.

    Lines of equal arms lie on one another: the first arm's is broad and pale, so that both are seen.

    Args:
        exposed: Rows of `day` (ISO), `arm` and `units` (new ones on that day), the control's first; at least one.

    Returns:
        A Vega-Lite specification.
    """
    arms = list(dict.fromkeys(str(row["arm"]) for row in exposed))
    alt = altair()
    order = {"domain": arms, "range": [ARMS[index % len(ARMS)] for index in range(len(arms))]}
    first, last = min(str(row["day"]) for row in exposed), max(str(row["day"]) for row in exposed)
    base = alt.Chart().encode(
        x=days(first, last),
        y=alt.Y("units:Q", axis=alt.Axis(format=",.3~s", tickCount=4)),
        color=alt.Color("arm:N", scale=alt.Scale(**order)),
    )
    is_first = alt.datum.arm == arms[0]
    lines = alt.layer(
        base.mark_line(strokeWidth=6).transform_filter(is_first),
        base.mark_line(strokeWidth=2).transform_filter(~is_first),
        data=alt.Data(values=_summed(exposed, arms)),
    )
    return finished(lines)


def _summed(exposed: list[dict[str, Any]], arms: list[str]) -> list[dict[str, Any]]:
    """Return one row an arm and day, a day without new units included."""
    every_day = sorted({str(row["day"]) for row in exposed})
    new = {(str(row["arm"]), str(row["day"])): int(row["units"]) for row in exposed}
    return [
        {"at": day, "arm": arm, "units": units}
        for arm in arms
        for day, units in zip(every_day, accumulate(new.get((arm, day), 0) for day in every_day), strict=True)
    ]
