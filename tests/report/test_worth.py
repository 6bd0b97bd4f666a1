"""One line under a result: said where it is significant or surprising, and nowhere else."""

import pytest
from msgspec.structs import replace
from tests.report.samples import story

from twyman.app.views import Ceiling, Plausible, Reason, Result, SignedOff
from twyman.report.html import html
from twyman.report.terminal import text
from twyman.report.words import what_now
from twyman.report.worth import worth

HELD = Plausible(
    mean=0.0055,
    sd=0.0087,
    scope="metric",
    experiments=40,
    source="40 past results on it",
    weight=0.5,
    surprise_z=4.6,
    level="warn",
    likelihood_ratio=375.0,
    probability_bug=0.9518,
    bug_rate=0.05,
    bug_spread=0.1,
    shrunken=0.033,
    lower=0.022,
    upper=0.044,
    exaggeration=1.43,
    exaggeration_at=0.02,
    power=0.48,
    false_positive_risk=0.177,
    success_rate=0.1,
    success_source="public",
)
SIGNED = SignedOff(by="Dana", on="2015-06-10", estimate=0.061, because="seen twice", covers=True)


def retention(answer: Result | None = None, **changed: object) -> Result:
    row = answer or next(one for one in story().results if one.metric == "retention_week_4" and one.segment is None)
    return replace(row, **{"plausible": HELD, **changed})


def plain(result: Result) -> str:
    return worth(result).replace("\u00a0", " ")


def test_a_surprise_says_what_it_is_worth() -> None:
    assert plain(retention()) == (
        "beside 40 past results and the expectation it is worth +3.3 % [+2.2 %, +4.4 %]; that something is broken: "
        "95 %; wins of a true +2 % overstate it 1.4 times; of such wins 18 % are none"
    )


@pytest.mark.parametrize(("chance", "said"), [(0.9999, "above 99.9 %"), (0.9951, "99.5 %"), (0.0001, "below 0.1 %")])
def test_no_chance_is_written_as_certain(chance: float, said: str) -> None:
    assert f"broken: {said}" in plain(retention(plausible=replace(HELD, probability_bug=chance)))


def test_public_experiments_by_themselves_say_nothing_of_this_one() -> None:
    found = plain(retention(expectation=None, plausible=replace(HELD, scope="public", weight=None)))

    assert found == "wins of a true +2 % overstate it 1.4 times; of such wins 18 % are none"


def test_what_is_neither_significant_nor_surprising_is_quiet() -> None:
    decision = retention().decision
    assert decision is not None
    flat = {
        "expectation": None,
        "decision": replace(decision, state="inconclusive"),
        "plausible": replace(HELD, level="note"),
    }

    assert worth(retention(**flat)) == ""
    assert worth(retention(plausible=None)) == ""
    beyond = replace(HELD, level="ok", ceilings=[Ceiling(kind="reference", at=0.04, because="x", beyond=True)])
    assert "it is worth" in worth(retention(**{**flat, "plausible": beyond}))


def test_who_signed_is_said_and_what() -> None:
    assert plain(retention(signed_off=SIGNED)).endswith("; signed off by Dana on 10 June 2015: seen twice")
    assert "10 June 2015, when it was another: seen twice" in plain(retention(signed_off=replace(SIGNED, covers=False)))


def test_the_line_stands_in_the_terminal_and_on_the_page() -> None:
    answer = story()
    answer = replace(
        answer, results=[retention(one) if one.metric == "retention_week_4" else one for one in answer.results]
    )

    assert "that something is broken: 95 %" in " ".join(text(answer, width=200).split())
    assert "that something is broken: 95" in html(answer)


def test_a_hold_prints_its_own_checklist_each_step_once() -> None:
    held = Reason(code="far", text="x", metric="a", checklist=["first", "second"])

    assert what_now("hold", [held, replace(held, metric="b")])[1:] == ("first", "second")
    assert what_now("ship", [held]) == ()
