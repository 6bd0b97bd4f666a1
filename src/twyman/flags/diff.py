"""What a change of flags does to people: which units change variant between two states, and how many.

Contexts are taken one by one, so that a sample of any length needs the memory of its counts alone, and of the
first units that moved.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import cast

from msgspec import Struct

from twyman.flags.context import TARGETING_KEY, Context, NoUnit, unit_of
from twyman.flags.evaluation import Assignment, Evaluation, Reason
from twyman.flags.explain.phrase import shown
from twyman.flags.memory import NOTHING, Memory
from twyman.flags.resolve import Resolver

MOST = 100
"""Units that moved, listed by name: more than that are counted."""

_SHOWN = 20
"""Units that the text lists."""

Side = tuple[str, str]
"""What a unit was given: its variant, and where it has none, why."""


class Change(Struct, frozen=True):
    """Units of one flag that went from one variant to another.

    Attributes:
        before, after: Variants; empty for the caller's own default. Alike where a variant's value changed.
        was, now: Why, where there is no variant: a reason, or `match` for a client default.
        contexts: How many.
        share: Of all contexts, between 0 and 1.
    """

    before: str
    after: str
    was: str
    now: str
    contexts: int
    share: float


class FlagChange(Struct, frozen=True):
    """What happens to one flag; its changes by how many they touch."""

    flag: str
    contexts: int
    share: float
    changes: tuple[Change, ...]


class Move(Struct, frozen=True):
    """One unit that moved.

    Attributes:
        place: Of its context in the sample, from 0.
        unit: The id that it was assigned by, or the targeting key; empty where the context has neither.
    """

    flag: str
    place: int
    unit: str
    before: str
    after: str


class Difference(Struct, frozen=True):
    """What changes between two states. As text (`str`) it is fit for a terminal.

    Attributes:
        contexts: How many were tried.
        moved: How many of them see some flag change.
        flags: The flags that change, those that move most first.
        same: How many flags don't.
        moves: The first units that moved.
        more: How many moves aren't listed.
    """

    contexts: int
    moved: int
    flags: tuple[FlagChange, ...]
    same: int
    moves: tuple[Move, ...]
    more: int

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def diff(
    old: Resolver,
    new: Resolver,
    contexts: Iterable[Context],
    *,
    flags: Sequence[str] = (),
    memory: Memory = NOTHING,
    most: int = MOST,
) -> Difference:
    """Compare what two resolvers answer to the same contexts.

    A unit moves where its variant changes, or the value of that variant. A flag that only one of the two has
    moves everybody whom it gives, or gave, a variant.

    Args:
        old: What answers before the change.
        new: What answers after it.
        contexts: The sample, read once.
        flags: Only these; empty for all that either has.
        memory: What is kept for units.
        most: How many moves are listed; the rest is counted.

    Example:
        >>> from twyman.flags.flag import Flag, Variant
        >>> from twyman.flags.resolve import Interpreter
        >>> from twyman.flags.state import State
        >>> on, off = (Flag("page", (Variant("on", 1), Variant("off", 0)), default=name) for name in ("on", "off"))
        >>> print(diff(Interpreter(State({"page": off})), Interpreter(State({"page": on})), [{"targeting_key": "u-1"}]))
        1 of 1 contexts see a change (100.00%), in 1 of 1 flags
        page: 1 (100.00%)
          off → on: 1 (100.00%)
        moved:
          page: 'u-1' off → on
    """
    names = list(dict.fromkeys(flags or (*old.flags, *new.flags)))
    counting = _Counting(names, most)
    for context in contexts:
        answers = ((name, old.evaluate(name, context, memory), new.evaluate(name, context, memory)) for name in names)
        counting.add(context, [each for each in answers if _differs(each[1], each[2])])
    return counting.result()


def _differs(before: Evaluation, after: Evaluation) -> bool:
    return before.variant != after.variant or not _is_same(before.value, after.value)


def _is_same(one: object, other: object) -> bool:
    """Whether two values are the same JSON: unlike Python, 1, 1.0 and true aren't."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        first, second = cast("dict[str, object]", one), cast("dict[str, object]", other)
        return first.keys() == second.keys() and all(_is_same(first[name], second[name]) for name in first)
    if isinstance(one, list):
        pairs = cast("list[object]", one), cast("list[object]", other)
        return len(pairs[0]) == len(pairs[1]) and all(map(_is_same, *pairs))
    return one == other


class _Counting:
    """Counts of changes, and the first moves."""

    def __init__(self, names: Sequence[str], most: int) -> None:
        self._contexts = self._moved = self._all_moves = 0
        self._names = names
        self._most = most
        self._counts: dict[str, Counter[tuple[Side, Side]]] = {}
        self._moves: list[Move] = []

    def add(self, context: Context, changed: Sequence[tuple[str, Evaluation, Evaluation]]) -> None:
        """Count one context, with the answers that differ."""
        for name, before, after in changed:
            self._counts.setdefault(name, Counter())[_side(before), _side(after)] += 1
            if len(self._moves) < self._most:
                unit = _unit(context, (*after.assignments, *before.assignments))
                self._moves.append(Move(name, self._contexts, unit, before.variant, after.variant))
        self._contexts += 1
        self._moved += bool(changed)
        self._all_moves += len(changed)

    def result(self) -> Difference:
        """Return all that was counted."""
        changes = [self._flag_change(name, counts) for name, counts in self._counts.items()]
        changes.sort(key=lambda change: (-change.contexts, change.flag))
        same, more = len(self._names) - len(changes), self._all_moves - len(self._moves)
        return Difference(self._contexts, self._moved, tuple(changes), same, tuple(self._moves), more)

    def _flag_change(self, name: str, counts: Counter[tuple[Side, Side]]) -> FlagChange:
        changes = (
            Change(before[0], after[0], before[1], after[1], count, count / self._contexts)
            for (before, after), count in sorted(counts.items(), key=lambda each: (-each[1], each[0]))
        )
        return FlagChange(name, counts.total(), counts.total() / self._contexts, tuple(changes))


def _side(answer: Evaluation) -> Side:
    return answer.variant, "" if answer.variant else answer.reason.value


def _unit(context: Context, assignments: Sequence[Assignment]) -> str:
    """The id that an assignment was made by; where none was made, the targeting key."""
    for path in (*(made.by for made in assignments), TARGETING_KEY):
        try:
            unit = unit_of(context, path)
        except NoUnit:
            continue
        if unit is not None:
            return unit
    return ""


def _lines(found: Difference) -> Iterator[str]:
    share = found.moved / found.contexts if found.contexts else 0.0
    changed = f"{len(found.flags):,} of {len(found.flags) + found.same:,} flags"
    yield f"{found.moved:,} of {found.contexts:,} contexts see a change ({share:.2%}), in {changed}"
    for flag in found.flags:
        yield f"{flag.flag}: {flag.contexts:,} ({flag.share:.2%})"
        for change in flag.changes:
            before, after = change.before or _without(change.was), change.after or _without(change.now)
            said = f"{before} → {after}" if before != after else f"{before}, with another value"
            yield f"  {said}: {change.contexts:,} ({change.share:.2%})"
    if found.moves:
        yield "moved:"
    for move in found.moves[:_SHOWN]:
        unit = shown(move.unit) if move.unit else f"context {move.place + 1:,} (without a unit)"
        yield f"  {move.flag}: {unit} {move.before or 'default'} → {move.after or 'default'}"
    rest = found.more + max(0, len(found.moves) - _SHOWN)
    if rest:
        yield f"  and {rest:,} more"


def _without(reason: str) -> str:
    """Say what the caller's own default is due to."""
    return "default" if reason in (Reason.MATCH, Reason.NO_MATCH) else f"default ({reason.replace('_', ' ')})"
