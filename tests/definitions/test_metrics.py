"""Metrics: what they compute, when, and what can't be right about them."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from twyman.definitions import load, project_of
from twyman.metrics.metric import (
    Adjustment,
    Aggregate,
    Cap,
    Cohort,
    Direction,
    FactValue,
    Mean,
    Metric,
    Missing,
    OutcomeValue,
    Proportion,
    Ratio,
    Retention,
    Theta,
    Window,
)

Spoilt = Callable[..., list[str]]
DAY = timedelta(days=1)
FACTS = {"kind": "facts", "name": "plays", "table": "p", "entities": {"user": "id"}, "timestamp": "at"}
PROFILE = {"kind": "attributes", "name": "profile", "table": "u", "entities": {"user": "id"}, "columns": ["tenure"]}


def metric(*others: dict[str, Any], **written: object) -> Metric:
    body = {"kind": "metric", "name": "m", **written}
    if "facts" not in written and written.get("value", {}) == {}:
        body["facts"] = "plays"
    return project_of([FACTS, PROFILE, *others, body]).catalogue.metrics["m"]


def of_facts(**written: object) -> Metric:
    return metric(**{"type": "mean", "facts": "plays", "value": {"sum": "seconds"}, **written})


def test_a_mean_sums_a_measure_in_its_unit(music: Path) -> None:
    minutes = load(music).catalogue.metric("minutes_per_user")

    assert minutes.kind == Mean(FactValue("listening", Aggregate.SUM, "seconds", None, 1 / 60))
    assert minutes.window == Window(length=7 * DAY)
    assert minutes.entity == "user"
    assert (minutes.cohort, minutes.missing, minutes.direction) == (Cohort.CLOSED, Missing.ZERO, Direction.INCREASE)


def test_a_ratio_has_two_values_of_its_own(music: Path) -> None:
    assert load(music).catalogue.metric("skip_rate").kind == Ratio(
        FactValue("listening", Aggregate.SUM, "skipped"), FactValue("listening", Aggregate.COUNT)
    )


@pytest.mark.parametrize("aggregate", sorted(set(Aggregate) - {Aggregate.COUNT, Aggregate.EACH}))
def test_every_aggregate_takes_a_measure(aggregate: Aggregate) -> None:
    assert of_facts(value={aggregate.value: "x"}).kind == Mean(FactValue("plays", aggregate, "x"))


def test_a_proportion_without_a_value_is_of_units_with_any_fact() -> None:
    assert metric(type="proportion").kind == Proportion(FactValue("plays", Aggregate.COUNT))
    assert metric(type="retention", window="7d").kind == Retention(FactValue("plays", Aggregate.COUNT))


def test_a_filter_of_the_metric_and_one_of_its_value_both_hold() -> None:
    value = of_facts(where="a or b", value={"sum": "x", "where": "c"}).kind

    assert value == Mean(FactValue("plays", Aggregate.SUM, "x", "(a or b) and (c)"))


def test_a_window_may_start_late() -> None:
    assert of_facts(window={"after": "21d", "for": "7d"}).window == Window(21 * DAY, 7 * DAY)
    assert of_facts(window={"for": "36h"}).window == Window(length=timedelta(hours=36))
    assert of_facts().window == Window()


def test_caps_are_a_percentile_or_a_number() -> None:
    assert of_facts(cap={"percentile": 99.9}).cap == Cap(percentile=99.9)
    assert of_facts(cap={"max": 600}).cap == Cap(limit=600)


@pytest.mark.parametrize(
    ("cuped", "adjustment"),
    [
        (None, Adjustment(14 * DAY)),
        ("none", None),
        ("28d", Adjustment(28 * DAY)),
        ({"window": "7d", "theta": "pooled"}, Adjustment(7 * DAY, theta=Theta.POOLED)),
        ({"covariates": ["m"], "attributes": ["profile.tenure"]}, Adjustment(14 * DAY, ("m",), ("profile.tenure",))),
    ],
)
def test_metrics_over_facts_are_adjusted_by_two_weeks_unless_said(cuped: object, adjustment: object) -> None:
    written = {} if cuped is None else {"cuped": cuped}

    assert of_facts(**written).adjustment == adjustment


def test_outcomes_are_adjusted_by_every_covariate_of_their_table_unless_said() -> None:
    outcome = {"type": "mean", "value": {"outcome": "spend"}}

    assert metric(**outcome).kind == Mean(OutcomeValue("spend"))
    assert metric(**outcome).adjustment == Adjustment()
    assert metric(**outcome, cuped={"covariates": ["history"]}).adjustment == Adjustment(covariates=("history",))
    assert metric(**outcome, cuped="none").adjustment is None


@pytest.mark.parametrize(("default", "window"), [("none", None), ("21d", Adjustment(21 * DAY))])
def test_the_project_says_what_holds_for_all_metrics(default: str, window: object) -> None:
    assert metric({"kind": "project", "defaults": {"cuped": default}}, type="proportion").adjustment == window


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "facts: listening\nvalue",
            "facts: listenin\nvalue",
            "a.yaml:25: metric 'minutes_per_user': facts 'listenin' isn't",
        ),
        (
            "facts: listening\nvalue",
            "facts: profile\nvalue",
            "facts 'profile' is no source of facts: known are 'listening'",
        ),
        ("facts: listening\nvalue", "value", "'value' doesn't say whose rows it counts: add facts: with a source"),
        ("value: {sum: seconds, scale: 1/60}\n", "", "a mean needs its value: add one, such as value: {sum: seconds}"),
        (
            "{sum: seconds, scale: 1/60}",
            "{sum: a, count: b}",
            "needs exactly one aggregate or outcome, and has sum and count",
        ),
        ("{sum: seconds, scale: 1/60}", "{scale: 2}", "needs exactly one aggregate or outcome, and has none"),
        (
            "{sum: seconds, scale: 1/60}",
            "{sum: '*'}",
            "only count takes '*', and this is a sum: name a measure or column",
        ),
        (
            "scale: 1/60",
            "scale: 0",
            "a.yaml:26: metric 'minutes_per_user', value.scale: scale 0 makes every unit the same",
        ),
        ("scale: 1/60", "scale: sixty", "scale 'sixty' isn't a number: write a factor such as 0.001 or 1/60"),
        (
            "scale: 1/60}\nwindow: 7d",
            "scale: 1/60}\nwindow: -7d",
            "would reach to before the exposure, which no treatment",
        ),
        (
            "scale: 1/60}\nwindow: 7d",
            "scale: 1/60}\nwindow: {after: -1d, for: 7d}",
            "window.after: -1d would reach to before",
        ),
        ("scale: 1/60}\nwindow: 7d", "scale: 1/60}\nwindow: 0d", "0d holds no time"),
        ("scale: 1/60}\nwindow: 7d", "scale: 1/60}\nwindow: 7", "'window' '7' is read as the number 7, not as text"),
        (
            "scale: 1/60}\nwindow: 7d",
            "scale: 1/60}\nwindow: {}",
            "'window' says no time: write 7d, or {after: 1d, for: 7d}",
        ),
        ("type: mean", "type: mean\ncap: {}", "a cap is a percentile or a number, exactly one"),
        ("type: mean", "type: mean\ncap: {max: 1, percentile: 99}", "a cap is a percentile or a number, exactly one"),
        (
            "type: mean",
            "type: mean\ncap: {percentile: 100}",
            "percentile 100 isn't between 0 and 100: write one such as 99.9",
        ),
        ("type: mean", "type: proportion\ncap: {max: 1}", "each unit counts as 0 or 1, so that nothing can be capped"),
        (
            "type: mean",
            "type: mean\ncuped: -14d",
            "-14d has a sign, and a covariate window always lies before exposure",
        ),
        (
            "type: mean",
            "type: mean\ncuped: {covariates: [skip_rat]}",
            "a.yaml:25: metric 'minutes_per_user': covariate 'skip_r",
        ),
        ("type: mean", "type: mean\ncuped: {attributes: [profile.contry]}", "did you mean 'profile.country'?"),
        (
            "type: mean",
            "type: mean\nentity: device",
            "facts 'listening' hold no id of entity 'device': known are 'user'",
        ),
        (
            "type: mean",
            "type: mean\nnumerator: {sum: a}",
            "'numerator' belongs to type ratio, and this is a mean: use value",
        ),
        (
            "type: ratio",
            "type: ratio\nvalue: {sum: a}",
            "a ratio has two values: write numerator and denominator instead",
        ),
        ('denominator: {facts: listening, count: "*"}\n', "", "a ratio needs its denominator: add denominator:"),
        (
            '{facts: listening, count: "*"}',
            "{outcome: x}",
            "of facts by facts or of outcomes by outcomes, and this mixes",
        ),
    ],
)
def test_metrics_that_cannot_be_right_are_refused(spoilt: Spoilt, before: str, after: str, said: str) -> None:
    assert said in "\n".join(spoilt(before, after))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("type: proportion", "type: proportion\nwindow: 7d", "an outcome of a table of units has no time"),
        ("type: proportion", "type: proportion\ncuped: 7d", "a table of units has no time before exposure"),
        ("type: proportion", "type: proportion\ncuped: {attributes: [a.b]}", "a table of units is adjusted by its own"),
        ("type: proportion", "type: retention", "retention needs facts with times, and an outcome has none"),
        (
            "type: proportion",
            "type: proportion\nfacts: plays",
            "an outcome stands in a table of units, and 'facts' names",
        ),
    ],
)
def test_outcomes_have_no_times(spoilt_table: Spoilt, before: str, after: str, said: str) -> None:
    assert said in "\n".join(spoilt_table(before, after))


def test_retention_without_a_window_is_refused(spoilt: Spoilt) -> None:
    spoiling = (
        "type: mean\nfacts: listening\nvalue: {sum: seconds, scale: 1/60}\nwindow: 7d",
        "type: retention\nfacts: listening",
    )

    assert (
        "retention is to come back within a time: add one, such as window: {after: 21d, for: 7d}"
        in spoilt(*spoiling)[0]
    )
