"""METHODS, Rulings 5: the table, row by row."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from twyman.decisions.verdict import Action, Evidence, Finding, Reason, State, verdict
from twyman.experiments.experiment import AllOf, AnyOf, Goal, Role

WON = Finding(metric="retention", role=Role.SUCCESS, state=State.SUPERIOR)
OPEN = Finding(metric="retention", role=Role.SUCCESS, state=State.INCONCLUSIVE)
SAFE = Finding(metric="minutes", role=Role.GUARDRAIL, state=State.NON_INFERIOR, has_margin=True)
UNSAFE = Finding(metric="minutes", role=Role.GUARDRAIL, state=State.INCONCLUSIVE, has_margin=True)
HARMED = Finding(metric="minutes", role=Role.GUARDRAIL, state=State.DETERIORATED, has_margin=True, deteriorated=True)
MOVED = Finding(metric="ads", role=Role.MUST_NOT_MOVE, state=State.CHANGED)
STILL = Finding(metric="ads", role=Role.MUST_NOT_MOVE, state=State.UNMOVED)
HELD = Finding(
    metric="retention", role=Role.SUCCESS, state=State.SUPERIOR, doubt=Reason("above_ceiling", "too good", "retention")
)
BROKEN = Reason("srm", "the split is off")


def said(
    *findings: Finding, broken: tuple[Reason, ...] = (), goal: Goal | None = "retention", final: bool = False
) -> tuple[Action, list[str]]:
    seen = verdict(Evidence(arm="new", broken=broken, findings=findings, goal=goal, final=final))
    return seen.action, [reason.code for reason in seen.reasons]


def test_broken_data_hold_whatever_else_is_so() -> None:
    action, codes = said(WON, SAFE, broken=(BROKEN,))

    assert action is Action.HOLD
    assert codes == ["srm"]


def test_harm_on_sound_data_aborts() -> None:
    assert said(WON, HARMED)[0] is Action.ABORT
    assert said(WON, HARMED, broken=(BROKEN,))[0] is Action.HOLD


def test_the_story_is_held_with_both_reasons() -> None:
    action, codes = said(HELD, SAFE, MOVED, final=True)

    assert action is Action.HOLD
    assert codes == ["must_not_move", "above_ceiling"]


def test_a_metric_that_moved_within_its_margin_holds_nothing() -> None:
    assert said(WON, SAFE, STILL)[0] is Action.SHIP


def test_what_ships_says_that_nobody_knows_whether_what_must_not_move_did() -> None:
    unknown = Finding(metric="ads", role=Role.MUST_NOT_MOVE, state=State.NOT_ESTIMABLE)
    action, codes = said(WON, SAFE, unknown)

    assert (action, codes[-1]) == (Action.SHIP, "not_measured")


def test_a_win_with_its_guardrails_ships_and_gives_every_reason() -> None:
    action, codes = said(WON, SAFE)

    assert action is Action.SHIP
    assert codes == ["superior", "non_inferior"]


def test_a_win_without_its_guardrail_goes_on_even_at_the_last_look() -> None:
    action, codes = said(WON, UNSAFE, final=True)

    assert action is Action.CONTINUE
    assert codes == ["margin_not_shown", "superior"]


def test_the_last_look_without_a_win_ends() -> None:
    assert said(OPEN, SAFE, final=True) == (Action.END, ["no_effect"])


def test_enough_power_without_a_win_ends_before_the_last_look() -> None:
    powered = Finding(metric="retention", role=Role.SUCCESS, state=State.INCONCLUSIVE, powered=True)

    assert said(powered)[0] is Action.END
    assert said(powered, OPEN)[0] is Action.CONTINUE


@pytest.mark.parametrize(
    ("goal", "action"),
    [
        (AnyOf(("retention", "revenue")), Action.SHIP),
        (AllOf(("retention", "revenue")), Action.CONTINUE),
        (AllOf(("retention", AnyOf(("revenue", "retention")))), Action.SHIP),
    ],
)
def test_the_goal_is_a_tree(goal: Goal, action: Action) -> None:
    revenue = Finding(metric="revenue", role=Role.SUCCESS, state=State.INCONCLUSIVE)

    assert said(WON, revenue, goal=goal)[0] is action


def test_guardrails_alone_can_ship() -> None:
    assert said(SAFE, goal=None)[0] is Action.SHIP
    assert said(UNSAFE, goal=None)[0] is Action.CONTINUE


def test_nothing_measured_ships_nothing() -> None:
    assert said(goal=None)[0] is Action.CONTINUE


def test_nothing_ships_on_a_success_metric_that_is_worse() -> None:
    """METHODS 3.15: no metric may be significantly worse; the watch for harm is stricter than the metric's own test."""
    worse = Finding(metric="revenue", role=Role.SUCCESS, state=State.INFERIOR)

    action, codes = said(WON, SAFE, worse, goal=AnyOf(("retention", "revenue")))

    assert action is Action.CONTINUE
    assert "inferior" in codes


def test_every_code_of_a_reason_is_in_the_table_of_the_reference() -> None:
    root = Path(__file__).resolve().parents[2]
    written = re.findall(r'Reason\(\s*"(\w+)"', (root / "src/twyman/decisions/verdict.py").read_text())
    page = (root / "docs/reference/answer.md").read_text().partition("## Verdicts")[2].partition("\n## ")[0]

    assert {"not_measured", "deteriorated"} <= set(written)
    assert [code for code in written if f"`{code}`" not in page] == []
    assert [action for action in Action if f"| {action} |" not in page] == []


WRONG = Reason("likely_wrong", "Something is likely wrong (62 %).")


def doubted(*findings: Finding, broken: tuple[Reason, ...] = (), final: bool = False) -> tuple[Action, list[str]]:
    seen = verdict(
        Evidence(arm="new", broken=broken, findings=findings, goal="retention", final=final, likely_wrong=WRONG)
    )
    return seen.action, [reason.code for reason in seen.reasons]


def test_a_win_is_held_where_a_fault_is_likelier_than_not() -> None:
    assert doubted(WON) == (Action.HOLD, ["likely_wrong"])


def test_so_is_an_end_without_an_effect() -> None:
    assert doubted(OPEN, final=True) == (Action.HOLD, ["likely_wrong"])


def test_bad_news_is_doubted_as_good_news_is() -> None:
    assert doubted(HARMED) == (Action.HOLD, ["likely_wrong", "deteriorated"])


@pytest.mark.parametrize("other", [HELD, MOVED])
def test_harm_aborts_on_sound_data_only_whatever_else_would_hold(other: Finding) -> None:
    """More evidence of a fault must not turn a hold into an abort."""
    action, reasons = doubted(HARMED, other)

    assert (action, reasons[0]) == (Action.HOLD, "likely_wrong")


def test_a_fault_that_is_named_already_is_not_told_twice() -> None:
    assert doubted(WON, broken=(BROKEN,)) == (Action.HOLD, ["srm"])


def test_nothing_is_held_while_nothing_is_due() -> None:
    assert doubted(OPEN)[0] is Action.CONTINUE


@pytest.mark.parametrize(
    ("findings", "broken", "action", "told"),
    [
        ((WON, SAFE), (), Action.SHIP, True),
        ((HARMED,), (), Action.ABORT, True),
        ((OPEN,), (), Action.CONTINUE, True),
        ((WON, SAFE), (BROKEN,), Action.HOLD, False),
    ],
)
def test_what_may_be_wrong_stands_beside_every_action_and_changes_none(
    findings: tuple[Finding, ...],
    broken: tuple[Reason, ...],
    action: Action,
    told: bool,  # noqa: FBT001
) -> None:
    said = Reason("doubtful", "Something may be wrong (31 %).")
    plain = Evidence(arm="new", broken=broken, findings=findings, goal="retention", final=False)

    seen = verdict(replace(plain, doubtful=said))

    assert seen.action is verdict(plain).action is action
    assert (said in seen.reasons) is told
