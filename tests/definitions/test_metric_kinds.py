"""Bounds, funnels, participation, curves and times to an event: how they are written, and what can't be right."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from twyman.definitions import project_of
from twyman.metrics.metric import (
    Aggregate,
    Bound,
    ChainValue,
    Comparator,
    FactValue,
    Funnel,
    Metric,
    Participation,
    Proportion,
    Retention,
    Step,
    Summary,
    TimeToEvent,
    Window,
)

Errors = Callable[[str], list[str]]
DAY = timedelta(days=1)
PLAYS = """\
kind: facts
name: plays
table: p
entities: {user: id}
timestamp: at
---
kind: facts
name: searches
table: s
entities: {user: id}
timestamp: at
---
kind: metric
name: m
"""


def metric(**written: object) -> Metric:
    sources: list[dict[str, Any]] = [
        {"kind": "facts", "name": name, "table": "p", "entities": {"user": "id"}, "timestamp": "at"}
        for name in ("plays", "searches")
    ]
    return project_of([*sources, {"kind": "metric", "name": "m", **written}]).catalogue.metrics["m"]


@pytest.mark.parametrize("word", list(Comparator))
def test_a_proportion_may_be_of_units_whose_value_meets_a_bound(word: Comparator) -> None:
    kind = metric(type="proportion", facts="plays", value={"sum": "seconds"}, **{word: 600}).kind

    assert kind == Proportion(FactValue("plays", Aggregate.SUM, "seconds"), Bound(word, 600))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("type: proportion\nfacts: plays\nat_least: 3", "'at_least' needs a value to compare: add one, such as value"),
        ("type: mean\nfacts: plays\nvalue: {sum: a}\nabove: 3", "'above' belongs to type proportion, and this is a m"),
        (
            "type: proportion\nfacts: plays\nvalue: {sum: a}\nabove: 3\nbelow: 2",
            "'m' has above and below, and a share is of one bound: write one",
        ),
        (
            "type: funnel\nfacts: plays",
            "a funnel leads through two steps or more, in their order: write steps: [{name:",
        ),
        ("type: funnel\nsteps: [{name: a, facts: plays}]", "a.yaml:16: metric 'm': a funnel leads through two steps"),
        (
            "type: funnel\nfacts: plays\nsteps: [{name: a}, {name: a}]",
            "step 'a' is there already: give each step a name of its own",
        ),
        ("type: funnel\nsteps: [{name: a, facts: plays}, {name: b}]", "step 'b' doesn't say whose rows it counts: add"),
        (
            "type: funnel\nsteps: [{name: a, facts: plays}, {name: b, facts: searhces}]",
            "facts 'searhces' isn't defined: did you mean 'searches'?",
        ),
        (
            "type: funnel\nfacts: plays\nsteps: [{name: a}, {name: b, within: 0h}]",
            "steps.1.within: 0h holds no time",
        ),
        (
            "type: funnel\nfacts: plays\nwhere: x\nsteps: [{name: a}, {name: b}]",
            "each step of a funnel counts facts of its own: write where into the step",
        ),
        (
            "type: funnel\nfacts: plays\nvalue: {sum: x}\nsteps: [{name: a}, {name: b}]",
            "a funnel counts who comes through its steps, and sums nothing: leave value out",
        ),
        (
            "type: participation\nfacts: plays",
            "participation is a share of a window's days: add one, such as window: 28",
        ),
        ("type: participation\nfacts: plays\nwindow: 36h", "participation counts days, and 1d12h aren't whole ones"),
        ("type: participation\nfacts: plays\nwindow: 7d\ncap: {max: 1}", "the window's end is a limit already"),
        ("type: mean\nfacts: plays\nvalue: {sum: a}\ncurve: {days: [1]}", "'curve' belongs to type retention"),
        ("type: retention\nfacts: plays\ncurve: {days: [7, 1]}", "days [7, 1] don't rise from 0 or later"),
        ("type: retention\nfacts: plays\ncurve: {every: 7d}", "a curve is of days or of periods: write {days: [1"),
        (
            "type: retention\nfacts: plays\ncurve: {every: 7d, times: 0}",
            "a curve of 0 points shows nothing, or too much",
        ),
        ("type: time_to_event\nfacts: plays\ndirection: decrease", "counted up to a window's end: add one, such as"),
        (
            "type: time_to_event\nfacts: plays\nwindow: 7d",
            "whether sooner or later is better, nothing says: add direct",
        ),
        (
            "type: time_to_event\nfacts: plays\nwindow: 7d\nunit: 2d\ndirection: decrease",
            "steps of 2d don't divide 7d into 1 to 10,000: write one such as 1d or 1h",
        ),
        (
            "type: time_to_event\nfacts: plays\nwindow: 7d\nmissing: drop\ndirection: decrease",
            "dropping it would lose just those who take longest: leave missing out",
        ),
        ("type: proportion\nfacts: plays\nsteps: [{name: a}]", "'steps' belongs to type funnel, and this is a propor"),
        ("type: proportion\nfacts: plays\nvalue: {sum: a}\nbelow: much", "below: number 'much' isn't a number"),
    ],
)
def test_what_cannot_be_right_is_refused(errors: Errors, written: str, said: str) -> None:
    (error,) = errors(PLAYS + written + "\n")

    assert said in error


def test_a_funnel_has_steps_in_their_order() -> None:
    steps = [{"name": "search", "facts": "searches"}, {"name": "play", "where": "ms > 3", "within": "1h"}]
    made = metric(type="funnel", facts="plays", steps=steps, window="7d")

    assert made.kind == Funnel(
        ChainValue((Step("search", "searches"), Step("play", "plays", "ms > 3", timedelta(hours=1))))
    )
    assert made.facts == ("searches", "plays")
    assert made.entity == "user"


def test_participation_is_of_days_with_any_fact_that_counts() -> None:
    made = metric(type="participation", facts="plays", where="ms > 3", window="28d")

    assert made.kind == Participation(FactValue("plays", Aggregate.COUNT, None, "ms > 3"))


def test_a_curve_is_of_days_or_of_periods_and_its_last_point_decides_unless_said() -> None:
    days = metric(type="retention", facts="plays", curve={"days": [1, 7]})
    weeks = metric(
        type="retention", facts="plays", curve={"every": "7d", "times": 3}, window={"after": "7d", "for": "7d"}
    )

    assert days.kind == Retention(FactValue("plays", Aggregate.COUNT), (Window(DAY, DAY), Window(7 * DAY, DAY)))
    assert days.window == Window(7 * DAY, DAY)
    assert [point.after // DAY for point in weeks.kind.curve] == [0, 7, 14]  # type: ignore[union-attr]
    assert weeks.window == Window(7 * DAY, 7 * DAY)


def test_a_time_to_an_event_has_a_unit_and_a_number_that_decides() -> None:
    plain = metric(type="time_to_event", facts="plays", window="7d", direction="decrease")
    said = metric(
        type="time_to_event", facts="plays", window="7d", direction="increase", unit="1h", summary="share", cuped="none"
    )
    value = FactValue("plays", Aggregate.COUNT)

    assert plain.kind == TimeToEvent(value, DAY, Summary.MEAN_TIME)
    assert said.kind == TimeToEvent(value, timedelta(hours=1), Summary.SHARE)
    assert plain.adjustment is None
