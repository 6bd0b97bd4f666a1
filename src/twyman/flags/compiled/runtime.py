"""What generated code calls where it isn't worth writing inline."""

from collections.abc import Callable
from functools import lru_cache
from typing import NoReturn

from twyman.flags.context import Context, NoUnit
from twyman.flags.criteria.criterion import BrokenCriterion
from twyman.flags.criteria.reading import Precedence, as_version
from twyman.flags.evaluation import Assignment, Evaluation, Kept, Reason
from twyman.flags.flag import Assigned, Rule
from twyman.flags.memory import Memory
from twyman.flags.resolve import dealt, kept_side

Condition = Callable[[str | None, Context, Memory], bool]
"""Whether something holds for a unit in a context."""

_SHORT = 64


def broken(why: str) -> NoReturn:
    """Raise that a criterion can't be understood."""
    raise BrokenCriterion(why)


def every(parts: tuple[Condition, ...], unit: str | None, context: Context, memory: Memory) -> bool:
    """Say whether all parts hold, up to the first that doesn't."""
    for part in parts:  # noqa: SIM110 - half the time of a generator
        if not part(unit, context, memory):
            return False
    return True


def some(parts: tuple[Condition, ...], unit: str | None, context: Context, memory: Memory) -> bool:
    """Say whether some part holds, up to the first that does."""
    for part in parts:  # noqa: SIM110 - half the time of a generator
        if part(unit, context, memory):
            return True
    return False


def failed(flag: str, error: NoUnit) -> Evaluation:
    """Return the answer for a unit whose id is no id."""
    return Evaluation(flag, Reason.UNIT_ERROR, detail=str(error))


def after(answer: Evaluation, noted: tuple[Assignment, ...], keep: tuple[Kept, ...]) -> Evaluation:
    """Return an answer with what rules before it noted."""
    assignments = noted + answer.assignments
    return Evaluation(
        answer.flag, answer.reason, answer.variant, answer.value, answer.rule, answer.is_split, assignments, keep
    )


def as_version_of_few(text: str) -> Precedence | None:
    """Read a version; contexts bear few different ones, so those of a usual length are remembered."""
    return _remembered(text) if len(text) <= _SHORT else as_version(text)


_remembered = lru_cache(maxsize=1024)(as_version)


def sticky_side(
    rule: Rule, conditions: tuple[Condition, Condition], unit: str | None, context: Context, memory: Memory
) -> tuple[Assigned | None, bool]:
    """Return the side of a sticky rule's split for the unit, if any, and whether it was kept from before.

    Args:
        rule: A rule that is sticky.
        conditions: Whether its targeting holds, and whether its targeting and allocation do.
        unit: The unit's id, if it is known.
        context: Who asks.
        memory: What is kept.
    """
    targets, matches = conditions
    sticky = rule.sticky
    if sticky and sticky.reads:
        if unit is None:
            return None, False
        kept = memory.variant(sticky.reads, unit, rule.name)
        if kept is None and sticky.paused:
            return None, False
        if kept is not None and (sticky.ignores_targeting or targets(unit, context, memory)):
            side = kept_side(rule, kept, unit)
            return (side, True) if side else (dealt(rule, unit), False)
    return (dealt(rule, unit) if matches(unit, context, memory) else None), False
