"""How units came in: their number in each arm, up to each day."""

from itertools import accumulate
from typing import Any

from twyman.charts.canvas import ARMS, altair, days, finished


def units_over_time(exposed: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the picture of each arm's units, summed over the days.

    Lines of equal arms lie on one another: the first arm's is broad and pale, so that both are seen.

    Args:
        exposed: One row a day, in order: `day` (ISO), and `units` that were new on it by arm, the control's first.
            At least one row.

    Returns:
        A Vega-Lite specification.
    """
    arms = list(exposed[0]["units"])
    alt = altair()
    every_day = [str(row["day"]) for row in exposed]
    colors = alt.Scale(domain=arms, range=[ARMS[index % len(ARMS)] for index in range(len(arms))])
    base = alt.Chart().encode(
        x=days(every_day[0], every_day[-1], every_day),
        y=alt.Y("units:Q", axis=alt.Axis(format=",.3~s", tickCount=4)),
        color=alt.Color("arm:N", scale=colors),
    )
    is_first = alt.datum.arm == arms[0]
    lines = alt.layer(
        base.mark_line(strokeWidth=6).transform_filter(is_first),
        base.mark_line(strokeWidth=2).transform_filter(~is_first),
        data=alt.Data(values=_summed(exposed, arms)),
    )
    return finished(lines)


def _summed(exposed: list[dict[str, Any]], arms: list[str]) -> list[dict[str, Any]]:
    """Return one row an arm and day; a day without new units keeps the sum."""
    return [
        {"at": str(row["day"]), "arm": arm, "units": units}
        for arm in arms
        for row, units in zip(exposed, accumulate(int(row["units"].get(arm, 0)) for row in exposed), strict=True)
    ]
