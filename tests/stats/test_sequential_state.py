"""A sequential test as it runs: looks are only added, what was shown stays, and paper keeps every bit."""

import itertools
import json
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings, strategies as st

from twyman.kernel.errors import Conflict, Invalid
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.sequential.bounds import bounds
from twyman.stats.sequential.plan import SequentialPlan, spending_of, written
from twyman.stats.sequential.record import state_of_json, state_to_json
from twyman.stats.sequential.spending import (
    BothSides,
    Custom,
    HwangShihDecani,
    ObrienFleming,
    Pocock,
    PowerSpending,
    Spending,
    Tabulated,
)
from twyman.stats.sequential.stagewise import Stagewise
from twyman.stats.sequential.state import SequentialState

PLAN = SequentialPlan(spending=PowerSpending(2), alpha=0.05, planned=100.0)
FAMILIES = st.sampled_from(
    [PowerSpending(1.5), ObrienFleming(), Pocock(), HwangShihDecani(-2), Tabulated((0.2, 0.7), (0.1, 0.3))]
)
few = settings(deadline=None, max_examples=25)
ENDS = st.sampled_from(["final", "open"])
LOOKS = st.lists(st.tuples(st.floats(-1, 1), st.floats(0.05, 0.5)), min_size=1, max_size=5)


def taken(plan: SequentialPlan, looks: list[tuple[float, float]], *, last: bool = False) -> SequentialState:
    state = SequentialState(plan)
    for number, (estimate, se) in enumerate(looks):
        state = state.look(f"day {number}", estimate=estimate, se=se, final=last and number == len(looks) - 1)
    return state


@few
@given(FAMILIES, LOOKS, st.sampled_from([1, 2]))
def test_looks_one_by_one_are_the_bounds_laid_at_once(
    family: Spending, looks: list[tuple[float, float]], sides: int
) -> None:
    state = taken(replace(PLAN, spending=family, sides=sides), looks)

    information = [1 / se**2 for _, se in looks]
    times = [min(amount / 100, 1) for amount in information]
    at_once = bounds(information, times, alpha=0.05, spending=family, sides=sides)
    assert [look.bound for look in state.looks] == pytest.approx(at_once.z, abs=1e-9)
    assert [look.spent for look in state.looks] == pytest.approx(at_once.spent, abs=1e-15)


@few
@given(FAMILIES, LOOKS, st.sampled_from([1, 2]), st.sampled_from([None, 4.0, 30.0]), ENDS)
def test_crossing_interval_and_p_value_say_the_same(
    family: Spending, looks: list[tuple[float, float]], sides: int, df: float | None, ending: str
) -> None:
    state = taken(replace(PLAN, spending=family, sides=sides, null=0.1), looks[:-1])
    estimate, se = looks[-1]

    look = state.look("now", estimate=estimate, se=se, df=df, final=ending == "final").looks[-1]

    excluded = look.lower > 0.1 or (sides == 2 and look.upper < 0.1)
    assert look.crossed == excluded == (look.p_value < 0.05)


def test_a_look_asked_for_twice_is_the_same_look() -> None:
    state = taken(PLAN, [(0.3, 0.2), (0.2, 0.15)])

    assert state.look("day 0", estimate=0.3, se=0.2) is state


@pytest.mark.parametrize(
    "other", [{"estimate": 0.31}, {"se": 0.21}, {"df": 5.0}, {"time": 0.9}, {"final": True}], ids=str
)
def test_a_look_with_other_numbers_is_refused(other: dict[str, float]) -> None:
    state = taken(PLAN, [(0.3, 0.2), (0.2, 0.15)])

    with pytest.raises(Conflict, match="cut-off of their own"):
        state.look("day 0", **({"estimate": 0.3, "se": 0.2} | other))


@pytest.mark.parametrize(
    "edit",
    [{"alpha": 0.1}, {"planned": 90.0}, {"sides": 1}, {"null": 0.1}, {"spending": PowerSpending(3)}],
    ids=str,
)
def test_an_edited_plan_is_refused_after_the_first_look_only(edit: dict[str, float]) -> None:
    edited = replace(PLAN, **edit)

    assert SequentialState(PLAN).under(edited).plan == edited
    with pytest.raises(Conflict, match="restore it"):
        taken(PLAN, [(0.3, 0.2)]).under(edited)
    assert taken(PLAN, [(0.3, 0.2)]).under(replace(PLAN)).looks


def test_once_crossed_stays_crossed_and_both_are_said() -> None:
    state = taken(PLAN, [(0.1, 0.2), (0.6, 0.15), (0.1, 0.12)])

    assert state.crossed is state.looks[1]
    assert not state.looks[-1].crossed
    assert state.ended is state.looks[1]


def test_a_bound_that_was_shown_is_never_laid_again() -> None:
    """Were an earlier bound another, the next would answer to the one that was shown, not to a fresh one."""
    shown = taken(PLAN, [(0.1, 0.2)])
    looser = replace(shown, looks=(replace(shown.looks[0], bound=2.0),))

    after, fresh = (state.look("later", estimate=0.1, se=0.12).looks for state in (looser, shown))

    assert after[0].bound == 2.0
    assert after[1].bound < fresh[1].bound


def test_a_look_without_new_information_spends_nothing_and_says_nothing() -> None:
    state = taken(PLAN, [(0.3, 0.2), (0.9, 0.21)])

    look = state.looks[-1]

    assert (look.bound, look.lower, look.upper, look.p_value, look.crossed) == (math.inf, -math.inf, math.inf, 1, False)
    assert look.spent == state.looks[0].spent


def test_a_final_look_spends_what_is_left_even_where_nothing_came_in() -> None:
    early = taken(PLAN, [(0.3, 0.2), (0.3, 0.15)], last=True)
    still = taken(PLAN, [(0.3, 0.2), (0.3, 0.2)], last=True)
    less = taken(PLAN, [(0.3, 0.2), (0.3, 0.21)], last=True)

    for state in (early, still, less):
        assert state.looks[-1].spent == pytest.approx(0.05)
        assert 1.9 < state.looks[-1].bound < state.looks[0].bound
        assert isinstance(state.after_stopping(), Stagewise)
    assert early.looks[-1].information < 100  # under-running: the plan's never came


def test_nothing_follows_a_final_look() -> None:
    state = taken(PLAN, [(0.3, 0.2), (0.3, 0.15)], last=True)

    with pytest.raises(Conflict, match="declared the last"):
        state.look("later", estimate=0.3, se=0.1)
    assert state.look("day 1", estimate=0.3, se=0.15, final=True) is state


def test_over_running_spends_all_once_and_correlates_by_real_information() -> None:
    """A second look after full information has nothing to spend."""
    state = taken(PLAN, [(0.1, 0.2), (0.1, 0.08), (0.1, 0.07)])

    laid = bounds([25.0, 156.25], [0.25, 1.0], alpha=0.05, spending=PowerSpending(2))
    assert [look.bound for look in state.looks] == pytest.approx([*laid.z, math.inf], abs=1e-9)
    assert [look.time for look in state.looks] == [pytest.approx(0.25), 1.0, 1.0]


def test_error_may_be_spent_by_the_calendar() -> None:
    state = (
        SequentialState(PLAN).look("june", estimate=0.1, se=0.2, time=0.5).look("july", estimate=0.1, se=0.12, time=1)
    )

    laid = bounds([25.0, 1 / 0.12**2], [0.5, 1.0], alpha=0.05, spending=PowerSpending(2))
    assert [look.bound for look in state.looks] == pytest.approx(laid.z, abs=1e-9)


def test_what_holds_after_stopping_is_said_only_then() -> None:
    running = taken(PLAN, [(0.1, 0.2)])
    found = running.after_stopping()
    assert isinstance(found, NotEstimable)
    assert found.code == Cause.STILL_RUNNING

    stopped = running.look("two", estimate=0.6, se=0.15)
    said = stopped.after_stopping()
    assert isinstance(said, Stagewise)
    assert said.lower < said.estimate < 0.6
    assert stopped.look("three", estimate=0.1, se=0.12).after_stopping() == said


def test_the_null_moves_everything_with_it() -> None:
    plain = taken(PLAN, [(0.1, 0.2), (0.6, 0.15)])
    moved = taken(replace(PLAN, null=2.0), [(2.1, 0.2), (2.6, 0.15)])

    ours, theirs = plain.after_stopping(), moved.after_stopping()

    assert isinstance(ours, Stagewise)
    assert isinstance(theirs, Stagewise)
    assert (theirs.estimate, theirs.lower, theirs.p_value) == pytest.approx(
        (ours.estimate + 2, ours.lower + 2, ours.p_value)
    )


@few
@given(FAMILIES, LOOKS, st.sampled_from([1, 2]), ENDS)
def test_paper_keeps_every_bit(family: Spending, looks: list[tuple[float, float]], sides: int, ending: str) -> None:
    state = taken(replace(PLAN, spending=family, sides=sides, alpha=0.1 + 0.2), looks, last=ending == "final")

    text = state_to_json(state)

    assert state_of_json(text) == state
    assert state_to_json(state_of_json(text)) == text
    assert "Infinity" not in text


def test_a_plan_edited_on_paper_is_refused() -> None:
    paper = json.loads(state_to_json(taken(PLAN, [(0.3, 0.2)])))
    paper["plan"]["alpha"] = 0.1

    with pytest.raises(Conflict, match="restore it"):
        state_of_json(json.dumps(paper))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"plan": {"spending": {"family": "none"}}}', "null", '{"plan": 3}'])
def test_paper_that_is_no_state_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        state_of_json(text)


@pytest.mark.parametrize(
    "family",
    [PowerSpending(2), HwangShihDecani(-4), ObrienFleming(), Pocock(), Tabulated((0.5,), (0.1,)), BothSides(Pocock())],
    ids=str,
)
def test_every_family_can_be_written_down(family: Spending) -> None:
    assert spending_of(json.loads(json.dumps(written(family)))) == family


def test_a_function_of_ones_own_runs_but_cannot_be_written_down() -> None:
    state = taken(replace(PLAN, spending=Custom(lambda t, alpha: alpha * t)), [(0.3, 0.2)])

    assert state.looks[0].spent == pytest.approx(0.0125)
    with pytest.raises(Invalid, match="tabulate it"):
        state_to_json(state)


def test_the_same_plan_has_the_same_name_however_it_is_typed() -> None:
    assert (
        replace(PLAN, spending=PowerSpending(2), planned=100).digest
        == replace(PLAN, spending=PowerSpending(2.0)).digest
    )


@pytest.mark.parametrize(
    "wrong",
    [{"estimate": math.nan}, {"se": 0.0}, {"se": math.inf}, {"se": -1.0}, {"time": -0.1}, {"time": math.nan}],
    ids=str,
)
def test_a_look_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(Invalid):
        SequentialState(PLAN).look("now", **({"estimate": 0.1, "se": 0.2} | wrong))


@pytest.mark.parametrize(
    "wrong",
    [{"spending": BothSides(Pocock()), "sides": 1}, {"alpha": 0.0}, {"planned": 0.0}, {"sides": 3}, {"null": math.nan}],
    ids=str,
)
def test_a_plan_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(Invalid):
        replace(PLAN, **wrong)


def test_a_year_of_daily_looks_is_taken_one_by_one() -> None:
    """Each look lays one bound: a month's state takes well under a second."""
    state = taken(PLAN, [(0.0, 10 / math.sqrt(day * 10000 / 30)) for day in range(1, 31)])

    assert all(a.bound > b.bound for a, b in itertools.pairwise(state.looks))
