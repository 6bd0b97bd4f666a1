"""Why a test cries wolf: each cause by its own figure, and none that can't be."""

from dataclasses import replace

import pytest

from twyman.app.mistrust import Arms, explained
from twyman.app.trust import Cause, OverLooks, Together, Trust
from twyman.metrics.metric import Mean, Metric, OutcomeValue, Proportion
from twyman.stats.false_alarms import FalseAlarms

METRIC = Metric(name="m", kind=Mean(OutcomeValue("y")))
ALONE = Arms(of="user", alone=True, declared=False, dated=True, smaller=1_000, equal=True)
HOUSEHOLDS = replace(ALONE, of="household", alone=False)


def inflated(**figures: float) -> Trust:
    plain = {"scatter": 1.0, "skew": 0.0, "largest": 0.01, "duplicates": 0.0}
    alarms = FalseAlarms(1_000, 0.09, 0.068, 0.116, "inflated")
    return Trust(metric="m", title="m", method="difference", alarms=alarms, units=2_000, **(plain | figures))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("figures", "arms", "cause"),
    [
        ({"scatter": 1.5}, HOUSEHOLDS, Cause.CLUSTERS),
        ({"scatter": 1.5}, ALONE, Cause.UNKNOWN),  # dealt one by one, units can't go together
        ({"scatter": 1.05}, HOUSEHOLDS, Cause.UNKNOWN),
        ({"scatter": 1.5, "largest": 0.5}, HOUSEHOLDS, Cause.SKEW),
        ({"skew": 2.0}, ALONE, Cause.SKEW),
        ({"skew": 1.0}, ALONE, Cause.UNKNOWN),
        ({"duplicates": 0.2}, ALONE, Cause.DUPLICATES),
    ],
)
def test_the_cause_is_the_figure_that_is_off(figures: dict[str, float], arms: Arms, cause: Cause) -> None:
    assert explained(METRIC, inflated(**figures), arms)[0] is cause


def test_a_skew_of_a_trusted_metric_is_told_where_arms_are_unequal() -> None:
    trusted = replace(inflated(skew=2.0), alarms=FalseAlarms(1_000, 0.05, 0.034, 0.07, "trusted"))

    assert explained(METRIC, trusted, ALONE) == (None, "", "")
    assert "skewness 2.0 asks for 1,420 units" in explained(METRIC, trusted, replace(ALONE, equal=False))[1]


def read(verdict: str) -> FalseAlarms:
    rates = {"inflated": 0.09, "trusted": 0.05, "conservative": 0.02}
    return FalseAlarms(1_000, rates[verdict], rates[verdict] - 0.01, rates[verdict] + 0.02, verdict)


@pytest.mark.parametrize(
    ("last", "over", "verdict", "at"),
    [
        ("trusted", "inflated", "inflated", "any look"),
        ("conservative", "inflated", "inflated", "any look"),
        ("trusted", "conservative", "conservative", "any look"),
        ("inflated", "trusted", "inflated", "last look"),
        ("conservative", "trusted", "conservative", "last look"),
        ("inflated", "inflated", "inflated", "both"),
        ("trusted", "trusted", "trusted", "both"),
        ("inflated", None, "inflated", "last look"),
        ("trusted", None, "trusted", "last look"),
    ],
)
def test_the_verdict_is_the_worse_of_the_last_look_and_any_look(
    last: str, over: str | None, verdict: str, at: str
) -> None:
    looks = OverLooks(4, read(over), read("inflated")) if over else None
    found = replace(inflated(), alarms=read(last), looks=looks)

    assert (found.verdict, found.verdict_at) == (verdict, at)


@pytest.mark.parametrize(
    ("metric", "cure"),
    [
        (METRIC, "early looks rest on fewer units: plan the first one later, or cap it, as in cap: {percentile: 99.9}"),
        (
            Metric(name="m", kind=Proportion(OutcomeValue("y"))),
            "early looks rest on fewer units: plan the first one later",
        ),
    ],
)
def test_what_is_off_over_looks_alone_is_blamed_on_them(metric: Metric, cure: str) -> None:
    found = replace(
        inflated(scatter=1.5), alarms=read("trusted"), looks=OverLooks(4, read("inflated"), read("trusted"))
    )

    assert explained(metric, found, HOUSEHOLDS) == (
        Cause.LOOKS,
        "at any of 4 looks the plan's bounds are crossed in 9.0% (8.0% to 11.0%), while the last alone rejects 5.0%",
        cure,
    )
    assert explained(metric, replace(found, largest=0.5), HOUSEHOLDS)[0] is Cause.SKEW


@pytest.mark.parametrize("verdict", ["trusted", "conservative", "inflated"])
def test_what_whole_groups_in_one_arm_would_do_is_told_whatever_the_verdict(verdict: str) -> None:
    """A rate of single units that is off by a hair must not hide one of 54 % by team."""
    teams = Together("team", 60, FalseAlarms(1_000, 0.538, 0.5, 0.57, "inflated"), 9.0)
    found = replace(inflated(), alarms=read(verdict), together=(teams,))

    _, reason, cure = explained(METRIC, found, ALONE)

    assert "where a whole team gets one arm, a test of single units rejects 53.8%" in reason
    assert cure == "analyse each team as one: randomised_by: team"
    assert explained(METRIC, found, replace(ALONE, declared=True))[2] != cure


def test_a_share_that_one_cluster_makes_is_not_to_be_capped() -> None:
    teams = replace(HOUSEHOLDS, of="team")
    proportion = Metric(name="m", kind=Proportion(OutcomeValue("y")))

    _, reason, cure = explained(proportion, inflated(largest=0.5), teams)

    assert reason.startswith("one team, or a few, make 50% of all variation")
    assert "cap" not in cure
