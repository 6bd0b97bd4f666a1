"""Effect over time as a specification: golden, and with the lines it is read against."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from twyman.app.views import Point, Series
from twyman.charts.effect_over_time import effect_over_time

GOLDEN = Path(__file__).parent / "golden"

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


def texts(spec: Any) -> set[str]:
    if isinstance(spec, dict):
        return (
            set().union(*map(texts, spec.values())) | {str(spec["name"])}
            if "name" in spec
            else set().union(*map(texts, spec.values()))
        )
    return set().union(*map(texts, spec)) if isinstance(spec, list) else set()


@pytest.mark.parametrize(
    ("name", "spec"),
    [
        ("effect_by_look", lambda: effect_over_time(LOOKS, margin=-0.01, ceiling=0.06)),
        ("effect_by_exposure", lambda: effect_over_time(DAYS)),
    ],
)
def test_the_specification_is_the_golden_one(name: str, spec: Any) -> None:
    golden = GOLDEN / f"{name}.json"

    assert msgspec.json.decode(msgspec.json.encode(spec())) == msgspec.json.decode(golden.read_bytes())


def test_the_same_values_give_the_same_specification_each_time() -> None:
    assert effect_over_time(LOOKS) == effect_over_time(LOOKS)


def test_margin_and_ceiling_are_drawn_where_they_are_near() -> None:
    assert texts(effect_over_time(LOOKS, margin=-0.01, ceiling=0.06)) >= {"margin", "ceiling"}
    assert "ceiling" not in texts(effect_over_time(LOOKS, ceiling=5.0))


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
