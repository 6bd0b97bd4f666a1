"""Effect over time as a specification: golden, and with the lines it is read against."""

from collections.abc import Callable
from typing import Any

from twyman.app.views import Point, Series
from twyman.charts.effect_over_time import effect_over_time

Golden = Callable[[str, dict[str, Any]], bool]

LOOKS = Series(
    metric="retention",
    arm="moments",
    by="look",
    scale="relative",
    points=[
        Point(at="2015-04-27T00:00:00Z", estimate=0.03, lower=-0.02, upper=0.08, look=1, reconstructed=True),
        Point(
            at="2015-05-04T00:00:00Z",
            estimate=0.02,
            lower=0.0,
            upper=0.04,
            repeated_lower=-0.01,
            repeated_upper=0.05,
            look=2,
        ),
        Point(
            at="2015-05-11T00:00:00Z",
            estimate=0.025,
            lower=0.01,
            upper=0.04,
            repeated_lower=0.005,
            repeated_upper=0.045,
            look=3,
        ),
    ],
)
DAYS = Series(
    metric="minutes",
    arm="moments",
    by="exposure",
    scale="absolute",
    points=[Point(at=f"2015-04-{day:02}", estimate=-2.0, lower=-6.0, upper=2.0) for day in range(6, 16)],
)


def names(spec: Any) -> set[str]:
    """Return what the lines of a picture are called."""
    return {row["name"] for layer in spec["layer"] for row in _lines(layer)}


def _lines(layer: Any) -> list[dict[str, str]]:
    inner = [row for part in layer.get("layer", []) for row in _lines(part)]
    return inner + [row for row in layer.get("data", {}).get("values", []) if "name" in row]


def test_effect_by_look_is_the_golden_specification(golden: Golden) -> None:
    assert golden("effect_by_look", effect_over_time(LOOKS, margin=-0.01, ceiling=0.06))


def test_effect_by_exposure_is_the_golden_specification(golden: Golden) -> None:
    assert golden("effect_by_exposure", effect_over_time(DAYS))


def test_the_same_values_give_the_same_specification_each_time() -> None:
    assert effect_over_time(LOOKS) == effect_over_time(LOOKS)


def test_margin_and_ceiling_are_drawn_where_they_are_near() -> None:
    assert names(effect_over_time(LOOKS, margin=-0.01, ceiling=0.06)) >= {"margin", "ceiling"}
    assert "ceiling" not in names(effect_over_time(LOOKS, ceiling=5.0))


def test_an_early_interval_does_not_set_the_height() -> None:
    wide = Series(
        metric="m",
        arm="a",
        by="look",
        scale="relative",
        points=[Point(at="2015-04-20T00:00:00Z", estimate=0.0, lower=-9.0, upper=9.0), *LOOKS.points],
    )

    rows = effect_over_time(wide)["data"]["values"]
    assert rows[0]["upper"] < 0.1
