"""What files tell the launch gate: contexts, what is sealed, and what may pass."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from twyman.cohorts.distribution import Between, Choice, Days, Given
from twyman.definitions import load
from twyman.definitions.project import read_path
from twyman.experiments.override import Override

CONTEXTS = """\
kind: contexts
name: listeners
draw:
  size: 500
  seed: 7
  attributes:
    plan: {given: country, of: {NZ: {free: 90%}, otherwise: {free: 20%, paid: 80%}}}
    country: {NO: 1%, NZ: 0.99}
    beta: {true: 10%, 7: 20%}
    tenure: {between: [0, 30]}
    signed_up: {between: [2015-01-01, 2015-12-31]}
"""
FLAG = """\
kind: flag
name: page
owner: home
sealed: true
schema: bool
variants: {on: true, off: false}
rules: [{name: page, salt: page-1, split: {on: 50%, off: 50%}, experiment: page}]
"""
OVERRIDE = """\
owner: start-page
surface: home
flag: page-flag
sealed: true
gate:
  override:
    - {finding: aliased, with: no-ads, reason: one launch, reviewer: data-science}
"""


def test_attributes_are_drawn_after_those_that_they_depend_on(here: Path) -> None:
    (here / "a.yaml").write_text(CONTEXTS)

    read = load(here).contexts["listeners"]

    assert (read.draw.size, read.draw.seed, read.market, read.is_new) == (500, 7, "country", "is_new")
    assert [*read.draw.attributes] == ["country", "beta", "tenure", "signed_up", "plan"]
    assert read.draw.attributes == {
        "country": Choice(("NO", "NZ"), (0.01, 0.99)),
        "beta": Choice((True, 7), (0.1, 0.2)),
        "tenure": Between(0, 30),
        "signed_up": Days(date(2015, 1, 1), date(2015, 12, 31)),
        "plan": Given("country", {"NZ": Choice(("free",), (0.9,))}, Choice(("free", "paid"), (0.2, 0.8))),
    }


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("draw:", "table: x.csv\ndraw:", "both a table and a draw"),
        ("size: 500", "size: 0", "size 0 isn't between 1 and 5,000,000"),
        ("size: 500", "size: 1000000000", "size 1,000,000,000 isn't between 1 and 5,000,000: write at most 5,000,000"),
        ("size: 500", "size: 1e9", "'1e9' isn't a whole number: write its digits, as in 1000000000"),
        ("size: 500", "size: many", "'many' isn't a whole number: write its digits only, as in 1000"),
        ("[0, 30]", "[30, 10]", "between [30, 10] isn't two numbers or two days, the smaller first: write [10, 30]"),
        ("[0, 30]", "[1, x]", "between [1, 'x'] isn't two numbers or two days, the smaller first: write [0, 10]"),
        ("[0, 30]", "5", "between 5 isn't two numbers or two days"),
        ("seed: 7", "seed: -7", "seed -7 is below 0"),
        ("NO: 1%", "NO: 2%", "shares sum to 1.01"),
        ("NO: 1%", "NO: 120%", "isn't between 0 and 1"),
        ("NO: 1%", "NO: [1]", "share [1] isn't a number"),
        ("[0, 30]", "[30, 0]", "isn't two numbers or two days"),
        ("[2015-01-01, 2015-12-31]", "[2015-01-01, 2015-02-31]", "isn't two numbers or two days"),
        ("given: country, ", "given: contry, ", "'plan' is given 'contry', which isn't among the attributes: did you"),
        ("given: country, ", "given: plan, ", "'plan' is given 'plan', which depends on itself"),
        ("given: country, of", "given: country, off", "it isn't given: an attribute"),
        ("{between: [0, 30]}", "5", "isn't shares by value"),
    ],
)
def test_contexts_that_nobody_could_draw_are_refused(
    spoilt: Callable[..., list[str]], before: str, after: str, said: str
) -> None:
    (error,) = spoilt(before, after, CONTEXTS)

    assert said in error
    assert error.startswith("a.yaml:")


def test_contexts_come_from_somewhere(errors: Callable[..., list[str]]) -> None:
    assert "neither a table nor a draw" in errors("kind: contexts\nname: x\n")[0]


def test_a_broken_draw_stops_no_analysis(music: Path) -> None:
    music.write_text(f"{music.read_text()}---\n{CONTEXTS.replace('size: 500', 'size: 0')}")

    assert [*read_path(music).faults] == ["contexts"]


def test_a_flag_may_be_sealed(here: Path) -> None:
    (here / "a.yaml").write_text(FLAG)

    flags = read_path(here).flags

    assert flags.sealed == {"page"}
    assert flags.owners == {"page": "home"}
    assert flags.origins["page"].at("rules.0.salt") is not None


def test_an_experiment_knows_its_flag_its_surface_and_what_may_pass(music: Path) -> None:
    arms = "{control: {variant: off}, moments: {variant: on}}"
    flag = FLAG.replace("name: page\n", "name: page-flag\n", 1)
    music.write_text(f"{music.read_text().replace('{control: {}, moments: {}}', arms)}{OVERRIDE}---\n{flag}")

    page = load(music).experiments["page"]

    assert (page.flag, page.surface, page.sealed) == ("page-flag", "home", True)
    assert page.overrides == (Override("aliased", "no-ads", "one launch", "data-science"),)
    assert [arm.logged for arm in page.arms] == ["off", "on"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("reason: one launch", 'reason: " "', "an override without a reason"),
        ("reviewer: data-science", 'reviewer: " "', "an override that nobody reviewed"),
        ("reviewer: data-science", "reviewer: Start-Page", "nobody reviews themselves"),
        ("owner: start-page\n", "", "nothing says whose the experiment is"),
        ("finding: aliased, with: no-ads", "finding: aliased", "override of 'aliased' doesn't say with what"),
        ("with: no-ads, ", "", "Of what is sealed, and isn't named, write finding: sealed"),
        ("reviewer: data-science", "reviewer: Ann", "'Ann' belongs to 'start-page', which owns this experiment"),
        ("reviewer: data-science", "reviewer: bob (Start-Page)", "nobody reviews themselves"),
        ("finding: aliased", "finding: aliasd", "did you mean 'aliased'?"),
    ],
)
def test_an_override_needs_a_reason_and_somebody_else(
    music: Path, spoilt: Callable[..., list[str]], before: str, after: str, said: str
) -> None:
    told = OVERRIDE.replace("flag: page-flag\n", "")
    (music.parent / "twyman.yaml").write_text("kind: project\nname: music\nteams: {start-page: [ann, bea]}\n")

    found = spoilt(before, after, f"{music.read_text()}{told}")

    assert any(said in error for error in found)


def test_an_override_of_what_is_sealed_needs_no_name(music: Path, spoilt: Callable[..., list[str]]) -> None:
    told = OVERRIDE.replace("flag: page-flag\n", "")

    found = spoilt("finding: aliased, with: no-ads", "finding: sealed", f"{music.read_text()}{told}")

    assert found == []
