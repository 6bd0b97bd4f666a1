"""The words and signs that stand for verdicts, states, roles and checks: one table each, used by every view.

Colour never speaks alone: each state has a word and a sign beside it.
"""

from dataclasses import dataclass

from twyman.app.views import Answer, Reason


@dataclass(frozen=True, slots=True)
class Word:
    """What a person reads for a code.

    Attributes:
        word: As shown.
        sign: One character beside it.
        says: What it means, in a sentence.
        tone: good, bad, care, calm or quiet: which colour.
    """

    word: str
    sign: str
    tone: str
    says: str = ""


ACTIONS = {
    "ship": Word("Ship", "✓", "good", "It did what it was meant to do, and nothing else got worse."),
    "continue": Word("Continue", "→", "calm", "Too early to say. Keep it running as planned."),
    "end": Word(
        "End",
        "■",
        "quiet",
        "It had its chance, and what was hoped for didn't show. Stop it and write down what was learned.",
    ),
    "abort": Word("Abort", "✕", "bad", "It does harm. Return everybody to control."),
    "hold": Word("Hold", "‖", "care", "Don't ship and don't celebrate: something here needs an explanation first."),
}
"""Verdicts, as PRODUCT words them."""

STATES = {
    "superior": Word("superior", "▲", "good"),
    "inferior": Word("inferior", "▼", "bad"),
    "non_inferior": Word("non-inferior", "✓", "good"),
    "deteriorated": Word("deteriorated", "▼", "bad"),
    "changed": Word("changed", "◆", "care"),
    "unmoved": Word("unmoved", "✓", "good"),
    "inconclusive": Word("inconclusive", "○", "quiet"),
    "described": Word("described", "·", "quiet"),
    "not_estimable": Word("not estimable", "∅", "quiet"),
    "hidden": Word("not shown", "·", "quiet"),
}
"""What a result means for the decision."""

ROLES = {
    "success": Word("Success", "", "", "What the change is meant to improve."),
    "guardrail": Word("Guardrails", "", "", "What must not get worse."),
    "must_not_move": Word(
        "Must not move", "", "", "What this change can't touch. If it moves, suspect the test, not the idea."
    ),
    "information": Word("Information", "", "", "Described, and no part of the decision."),
}
"""Roles in the order in which they are read."""

CHECKS = {
    "block": Word("Block", "✕", "bad"),
    "warn": Word("Warning", "!", "care"),
    "note": Word("Note", "i", "calm"),
    "ok": Word("Passed", "✓", "good"),
}
"""Tiers of a check, gravest first."""

EXPECTED = {
    "within": Word("as expected", "", "quiet"),
    "surprising": Word("surprising", "!", "care"),
    "far": Word("far from what was expected", "!", "care"),
    "beyond_high": Word("beyond what was expected", "!", "care"),
    "above_ceiling": Word("above the ceiling", "!", "care"),
}
"""How a result compares with its expectation."""

SURPRISE = ("above_ceiling", "beyond_high", "far")
"""Codes of reasons that hold because a result is too good to be true."""

NO_EFFECT = ("inconclusive", "unmoved")
"""States that are printed with the smallest effect that could have been seen."""

HIDDEN = ("hidden_until_end", "between_looks", "before_first_look")
"""Codes of reasons for which effects exist and aren't shown."""

SUSPECTS = (
    "Does another flag or test differ between these arms? List everything live for this cohort.",
    "Is the metric logged the same way in both arms, by the same version of the app?",
    "Did units drop out of one arm, or enter it late?",
    "Does the lift show in every segment, and from the first day on?",
)
"""What to look at first, where a result is too good to be true: the likeliest causes, likeliest first."""


def word(table: dict[str, Word], code: str) -> Word:
    """Return the word for a code; a code that has none is shown as it is.

    Example:
        >>> word(STATES, "superior").word, word(STATES, "odd_thing").word
        ('superior', 'odd thing')
    """
    return table.get(code) or Word(code.replace("_", " "), "·", "quiet")


def what_now(action: str, reasons: list[Reason]) -> tuple[str, ...]:
    """Return the next steps of a hold; nothing for other verdicts, whose name is the step."""
    if action != "hold":
        return ()
    start = ("Leave exposure as it is: nobody new, nobody returned, measuring goes on.",)
    checklist = tuple(dict.fromkeys(step for reason in reasons for step in reason.checklist))
    if checklist:
        return start + checklist
    suspects = SUSPECTS if any(reason.code in SURPRISE for reason in reasons) else ()
    end = (
        "When each reason has its explanation, someone outside the team signs it off; "
        "or the test is repeated on units that met neither arm.",
    )
    return start + suspects + end


def arms_of(answer: Answer) -> list[str]:
    """Return the arms, control first."""
    return [answer.control, *(arm for arm in answer.health.units if arm != answer.control)]
