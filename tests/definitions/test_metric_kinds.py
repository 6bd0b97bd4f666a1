"""Bounds, funnels, participation, curves and times to an event: how they are written, and what can't be right."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from twyman.definitions import project_of
from twyman.metrics.metric import Aggregate, Bound, ChainValue, Comparator, FactValue, Funnel, Metric, Proportion, Step

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
