"""Which units change variant between two states, and how many."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from twyman.flags.bucketing import bucket_of
from twyman.flags.diff import Move, diff
from twyman.flags.flag import Assigned, Flag, Outcome, Rule, Split, Variant
from twyman.flags.resolve import Interpreter
from twyman.flags.slices import Slice
from twyman.flags.state import State

VARIANTS = (Variant("on", value=True), Variant("off", value=False))
UNITS = [{"targeting_key": f"u-{number}"} for number in range(1000)]


def split(boundary: int, salt: str = "s") -> tuple[Rule, ...]:
    """Return a rule that serves `on` below a boundary of 1,000 buckets, and `off` from there."""
    sides = Assigned((Slice(0, boundary),), "on"), Assigned((Slice(boundary, 1000),), "off")
    return (Rule("ab", Split(sides, salt, 1000)),)


def asking(*flags: Flag) -> Interpreter:
    """Return what answers for some flags."""
    return Interpreter(State({flag.name: flag for flag in flags}))


def page(rules: tuple[Rule, ...] = (), **more: Any) -> Flag:
    """Return a flag called page."""
    return Flag("page", VARIANTS, rules, **more)


def test_a_state_doesnt_differ_from_itself() -> None:
    same = diff(asking(page(split(500))), asking(page(split(500))), UNITS)
    assert (same.contexts, same.moved, same.flags, same.same, same.moves) == (1000, 0, (), 1, ())


def test_exactly_the_units_between_two_boundaries_move() -> None:
    found = diff(asking(page(split(500))), asking(page(split(600))), UNITS, most=1000)
    between = [unit for unit in UNITS if 500 <= bucket_of(unit["targeting_key"], salt="s", buckets=1000) < 600]
    assert [move.unit for move in found.moves] == [unit["targeting_key"] for unit in between]
    [change] = found.flags[0].changes
    assert (change.before, change.after, change.contexts, change.share) == (
        "off",
        "on",
        len(between),
        len(between) / 1000,
    )


def test_changes_are_counted_each_way_the_largest_first() -> None:
    found = diff(asking(page(split(900))), asking(page(split(900, salt="other"))), UNITS)
    [flag] = found.flags
    assert {(change.before, change.after) for change in flag.changes} == {("on", "off"), ("off", "on")}
    counts = [change.contexts for change in flag.changes]
    assert counts == sorted(counts, reverse=True)
    assert sum(counts) == flag.contexts == found.moved == len(found.moves) + found.more


def test_the_flags_that_move_most_come_first() -> None:
    old = asking(Flag("a", VARIANTS, split(500)), Flag("b", VARIANTS, split(500)), Flag("c", VARIANTS, split(500)))
    new = asking(Flag("a", VARIANTS, split(510)), Flag("b", VARIANTS, split(800)), Flag("c", VARIANTS, split(500)))
    found = diff(old, new, UNITS)
    assert ([flag.flag for flag in found.flags], found.same) == (["b", "a"], 1)
    assert found.moved < sum(flag.contexts for flag in found.flags)


def test_a_variant_with_another_value_moves_its_units() -> None:
    other = Flag("page", (Variant("on", value=1), Variant("off", value=False)), split(500))
    [flag] = diff(asking(page(split(500))), asking(other), UNITS).flags
    assert [(change.before, change.after) for change in flag.changes] == [("on", "on")]


def test_values_are_compared_as_json_and_all_the_way_down() -> None:
    values: list[Any] = [{"a": [1]}, {"a": [1.0]}, {"a": [True]}, {"a": [1, 1]}, {"b": [1]}, {"a": [1]}]
    states = [asking(Flag("page", (Variant("on", value),), default="on")) for value in values]
    assert [diff(states[0], each, UNITS[:1]).moved for each in states] == [0, 1, 1, 1, 1, 0]


def test_a_flag_that_comes_or_goes_moves_whom_it_gives_a_variant() -> None:
    found = diff(asking(), asking(page(default="on")), UNITS)
    [change] = found.flags[0].changes
    assert (change.before, change.was, change.after, change.now, change.share) == ("", "not_found", "on", "", 1.0)
    assert diff(asking(page(default="on")), asking(page(archived=True)), UNITS).flags[0].changes[0].now == "archived"


def test_a_flag_that_gives_nobody_a_variant_may_come_and_go() -> None:
    default = Split((Assigned((Slice(0, 1_000_000),), to=Outcome.CLIENT_DEFAULT),))
    assert diff(asking(page((Rule("r", default),))), asking(), UNITS).moved == 0


def test_only_the_flags_asked_for_are_compared() -> None:
    old, new = (
        asking(page(split(0)), Flag("b", VARIANTS, split(0))),
        asking(page(split(9)), Flag("b", VARIANTS, split(9))),
    )
    found = diff(old, new, UNITS, flags=["b"])
    assert ([flag.flag for flag in found.flags], found.same) == (["b"], 0)


def test_contexts_are_read_once_and_moves_beyond_the_bound_are_counted() -> None:
    def endless() -> Iterator[dict[str, str]]:
        while True:
            yield UNITS[0]

    found = diff(asking(page(default="on")), asking(page(default="off")), islice(endless(), 5000), most=3)
    assert found.moves == tuple(Move("page", place, "u-0", "on", "off") for place in range(3))
    assert (found.more, found.contexts) == (4997, 5000)


def test_a_context_without_a_good_unit_is_named_by_its_place() -> None:
    odd: list[dict[str, Any]] = [{}, {"targeting_key": 1.5}, {"targeting_key": 7}]
    found = diff(asking(page(default="on")), asking(page(default="off")), odd)
    assert [(move.place, move.unit) for move in found.moves] == [(0, ""), (1, ""), (2, "7")]


def test_no_contexts_are_no_change() -> None:
    found = diff(asking(page(default="on")), asking(), [])
    assert str(found) == "0 of 0 contexts see a change (0.00%), in 0 of 1 flags"


def test_the_text_says_how_many_and_who() -> None:
    found = diff(asking(page(default="on")), asking(page(broken="odd")), [*UNITS[:24], {}])
    lines = str(found).splitlines()
    assert lines[:5] == [
        "25 of 25 contexts see a change (100.00%), in 1 of 1 flags",
        "page: 25 (100.00%)",
        "  on → default (broken): 25 (100.00%)",
        "moved:",
        "  page: 'u-0' on → default",
    ]
    assert lines[-1] == "  and 5 more"
    assert len(lines) == 25


def test_it_can_be_written_as_json() -> None:
    found = diff(asking(page(split(500))), asking(page(split(600))), UNITS)
    assert msgspec.json.decode(msgspec.json.encode(found))["flags"][0]["changes"][0]["after"] == "on"


def test_a_unit_is_named_by_the_id_that_its_rule_deals_by() -> None:
    rule = Rule("all", Split((Assigned((Slice(0, 1000),), "on"),), "s", 1000), by="user.id")

    found = diff(asking(page()), asking(page((rule,))), [{"user": {"id": "ada"}}])

    assert found.moves == (Move("page", 0, "ada", "", "on"),)
