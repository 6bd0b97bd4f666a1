"""What a terminal and a program read of A/A tests over looks: the worse of the last look and of any."""

import json

import pytest

from twyman.app.trust import Cause, OverLooks, Trust, Trusted
from twyman.report.trust import json_text, text
from twyman.stats.false_alarms import FalseAlarms

RATES = {"inflated": 0.09, "trusted": 0.05, "conservative": 0.02}


def alarms(verdict: str) -> FalseAlarms:
    return FalseAlarms(1_000, RATES[verdict], RATES[verdict] - 0.01, RATES[verdict] + 0.02, verdict)


def metric(last: str, over: str | None, name: str = "minutes", cause: Cause | None = None) -> Trust:
    return Trust(
        metric=name,
        title=name,
        method="difference",
        alarms=alarms(last),
        scatter=1.0,
        skew=0.0,
        units=2_000,
        largest=0.01,
        cause=cause,
        reason="it is so" if cause else "",
        looks=OverLooks(4, alarms(over), alarms("inflated")) if over else None,
    )


def trusted(*metrics: Trust) -> Trusted:
    return Trusted(
        experiment="evening", engine="duckdb", of="user", units=2_000, groups=2_000, buckets=1_500, runs=1_000, seed=0,
        alpha=0.05, shares=(0.5, 0.5), metrics=metrics,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("last", "over", "shown", "verdict", "at"),
    [
        ("trusted", "inflated", "minutes  inflated at any look ", "inflated", "any look"),
        ("inflated", "trusted", "minutes  inflated at the last look ", "inflated", "last look"),
        ("inflated", "inflated", "minutes  inflated ", "inflated", "both"),
        ("trusted", "trusted", "minutes  trusted ", "trusted", "both"),
        ("inflated", None, "minutes  inflated ", "inflated", "last look"),
    ],
)
def test_table_and_json_say_the_worse_verdict_and_where_it_was_reached(
    last: str, over: str | None, shown: str, verdict: str, at: str
) -> None:
    found = trusted(metric(last, over))
    (one,) = json.loads(json_text(found))["metrics"]

    line = next(line for line in text(found, width=120).splitlines() if line.startswith("minutes"))
    assert line.startswith(shown)
    assert line.removeprefix(shown).lstrip().startswith(f"{RATES[last]:.1%}")
    assert (one["verdict"], one["verdict_at"]) == (verdict, at)


def test_what_cries_wolf_over_looks_alone_stands_above_what_is_trusted() -> None:
    shown = text(trusted(metric("trusted", "trusted", "plays"), metric("trusted", "inflated")), width=120)

    assert shown.index("minutes") < shown.index("plays")


@pytest.mark.parametrize(("cause", "times"), [(Cause.LOOKS, 0), (Cause.SKEW, 1)])
def test_bounds_crossed_too_often_are_said_once(cause: Cause, times: int) -> None:
    shown = " ".join(text(trusted(metric("trusted", "inflated", cause=cause)), width=120).split())

    assert f"{cause.value}: it is so." in shown
    assert shown.count("over 4 looks the plan's bounds are crossed in 9.0% (8.0% to 11.0%)") == times
