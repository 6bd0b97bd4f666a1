"""The answer in a terminal: fits its width, plain unless asked, nothing from users is markup."""

import pytest
import samples
from msgspec.structs import replace

from twyman.report.terminal import text


@pytest.mark.parametrize("name", list(samples.ALL))
@pytest.mark.parametrize("width", [80, 100, 130])
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    assert max(map(len, text(samples.ALL[name](), width=width).splitlines())) <= width


def test_verdict_reasons_health_and_numbers_come_in_this_order() -> None:
    shown = text(samples.story(), width=80)

    places = [shown.index(words) for words in ("HOLD", "above its ceiling", "Health:", "Warning", "Metric", "+6.10 %")]
    assert places == sorted(places)


def test_a_lift_and_its_interval_stay_whole_at_80_columns() -> None:
    shown = text(samples.story(), width=80)

    assert "[+5.55 %, +6.65 %]" in shown
    assert "[−99.4 %, −99.3 %]" in shown


def test_text_is_plain_unless_colour_is_asked_for() -> None:
    assert "\x1b" not in text(samples.story(), width=80)
    assert "\x1b[" in text(samples.story(), width=80, color=True)


def test_brackets_in_names_are_no_markup() -> None:
    assert "[bold]" in text(samples.hostile(), width=130)


def test_a_name_cannot_send_escape_sequences() -> None:
    assert "\x1b" not in text(replace(samples.ships(), title="a\x1b[31mb\x07"), width=80)


def test_role_and_arm_have_columns_where_there_is_room() -> None:
    assert "Role" in text(samples.three_arms(), width=130)
    assert "guardrail, cards" in text(samples.three_arms(), width=80)


def test_what_cannot_be_estimated_says_why_below_the_table() -> None:
    assert "party_minutes, cards: no unit varies" in text(samples.three_arms(), width=130)


def test_bounds_that_hold_at_any_look_are_said_beside_the_look() -> None:
    always = replace(samples.ships(), settings={"sequential": "always-valid, tuned for 160,000 units"})

    assert "bounds hold at any look" in " ".join(text(always, width=80).split())
    assert "bounds hold" not in text(samples.ships(), width=80)


def test_a_trigger_says_below_the_table_what_it_comes_to_for_everybody() -> None:
    shown = " ".join(text(samples.triggered(), width=80).split())

    assert "- retention_week_4, moments, on all exposed: +0.0046 [+0.0020, +0.0072]" in shown
    assert "drawn by household: control 19,220, moments 19,164" in shown
    assert "on all exposed: not given: a ratio over all exposed" in shown
    assert "on all exposed" not in text(samples.ships(), width=80)
