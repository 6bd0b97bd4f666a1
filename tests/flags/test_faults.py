"""What can't be resolved is found before anybody asks, fast, and stays its own fault alone."""

import pytest

from twyman.flags.evaluation import Reason
from twyman.flags.faults import DEEPEST, LARGEST, Faults, broken_parts, faults_of, walk
from twyman.flags.flag import Assigned, Flag, Outcome, Rule, Split, Variant
from twyman.flags.resolve import Interpreter
from twyman.flags.slices import Claim, Slice
from twyman.flags.state import Segment, State
from twyman.flags.targeting import All, Broken, Expression, FlagIs, InSegment, Is, Not, Some, Where

ON = (Variant("on", value=True),)
ALL = Split((Assigned((Slice(0, 1_000_000),), "on"),))
YES = Where("a", Is(None))
CIRCLE = "it is defined by way of itself"


def flag(name: str, *whens: Expression | None, **more: object) -> Flag:
    """Return a flag with a rule for each expression."""
    return Flag(name, ON, tuple(Rule(f"r{place}", ALL, when=when) for place, when in enumerate(whens)), **more)  # pyright: ignore


def segments(**whens: Expression | None) -> dict[str, Segment]:
    """Return segments by name."""
    return {name: Segment(name, when) for name, when in whens.items()}


def nested(depth: int) -> Expression:
    """Return an expression so many levels deep."""
    when: Expression = YES
    for _ in range(depth - 1):
        when = Not(when)
    return when


def served(state: State, name: str) -> Reason:
    """Return why somebody gets what they get."""
    return Interpreter(state).evaluate(name, {"targeting_key": "u"}).reason


def test_a_sound_state_has_no_faults() -> None:
    state = State({"a": flag("a", InSegment("s"), FlagIs("b", ("on",))), "b": flag("b", YES)}, segments(s=YES))
    assert not faults_of(state)
    assert list(faults_of(state)) == []


def test_segments_on_a_circle_are_faults_and_what_refers_to_them_isnt() -> None:
    state = State(segments=segments(a=InSegment("b"), b=Not(InSegment("c")), c=InSegment("a"), d=InSegment("a"), e=YES))
    assert faults_of(state).segments == dict.fromkeys("abc", CIRCLE)


def test_a_segment_that_refers_to_itself_is_a_fault() -> None:
    assert faults_of(State(segments=segments(a=Some((YES, InSegment("a")))))).segments == {"a": CIRCLE}


def test_flags_on_a_circle_of_prerequisites_are_faults() -> None:
    state = State({"a": flag("a", FlagIs("b", ("on",))), "b": flag("b", FlagIs("a", ("on",))), "c": flag("c", YES)})
    assert faults_of(state).flags == dict.fromkeys("ab", CIRCLE)
    assert (served(state, "a"), served(state, "c")) == (Reason.BROKEN, Reason.MATCH)


def test_a_circle_may_run_through_flags_and_segments() -> None:
    one = Flag("a", ON, (Rule("r", ALL, "s"),))
    state = State({"a": one, "b": flag("b", FlagIs("a", ("on",)))}, segments(s=FlagIs("b", ("on",))))
    found = faults_of(state)
    assert (found.segments, found.flags) == ({"s": CIRCLE}, dict.fromkeys("ab", CIRCLE))


def test_between_two_circles_nothing_is_at_fault() -> None:
    state = State(segments=segments(a=InSegment("a"), between=All((InSegment("a"), InSegment("z"))), z=InSegment("z")))
    assert set(faults_of(state).segments) == {"a", "z"}


def test_a_rule_of_a_segment_at_fault_is_skipped_and_the_next_one_serves() -> None:
    page = Flag("page", ON, (Rule("a", ALL, "loop"), Rule("b", ALL, "lost"), Rule("c", ALL)))
    state = State({"page": page}, segments(loop=InSegment("loop")))
    assert faults_of(state).rules == {
        ("page", 0): "its segment 'loop' is left out",
        ("page", 1): "segment 'lost' isn't defined",
    }
    assert Interpreter(state).evaluate("page", {}).rule == "c"


def test_a_rule_of_a_variant_that_isnt_there_is_skipped() -> None:
    gone = Split((Assigned((Slice(0, 10),), "gone"),), "s", 10)
    state = State({"page": Flag("page", ON, (Rule("a", gone), Rule("b", Split(ALL.assigned, "s", 0)), Rule("c", ALL)))})
    assert faults_of(state).rules == {
        ("page", 0): "variant 'gone' isn't one of the flag's",
        ("page", 1): "its split has 0 buckets",
    }


def test_a_fallthrough_needs_no_variant() -> None:
    noted = Split((Assigned((Slice(0, 10),), to=Outcome.FALLTHROUGH),), "s", 10)
    assert not faults_of(State({"page": Flag("page", ON, (Rule("a", noted),))}))


def test_a_salt_that_cant_be_written_is_a_fault() -> None:
    odd = Claim("\ud800", (Slice(0, 5),))
    rules = (
        Rule("a", Split(ALL.assigned[:0], "\udfff")),
        Rule("b", ALL, claims=(odd,)),
        Rule("c", ALL, "s"),
        Rule("d", ALL),
    )
    state = State({"page": Flag("page", ON, rules)}, {"s": Segment("s", claims=(odd,))})
    found = faults_of(state)
    assert set(found.rules) == {("page", 0), ("page", 1), ("page", 2)}
    assert found.segments == {"s": r"its salt '\ud800' holds half a character (a lone surrogate)"}
    assert Interpreter(state).evaluate("page", {"targeting_key": "u"}).rule == "d"


def test_a_broken_flag_says_its_own_reason() -> None:
    state = State({"page": flag("page", YES, broken="it can't be read")})
    assert faults_of(state).flags == {"page": "it can't be read"}
    assert Interpreter(state).evaluate("page", {}).detail == "it can't be read"


def test_as_deep_as_may_be_is_resolved_and_one_deeper_isnt() -> None:
    assert not faults_of(State(segments=segments(a=nested(DEEPEST))))
    assert faults_of(State(segments=segments(a=nested(DEEPEST + 1)))).segments == {
        "a": "its criteria are nested deeper than 50 levels"
    }


def test_depth_runs_on_through_segments_and_prerequisites() -> None:
    half = DEEPEST // 2
    state = State(
        {"f": flag("f", nested(half)), "g": flag("g", FlagIs("f", ("on",)))},
        {**segments(s=nested(half)), "t": Segment("t", All((InSegment("s"),)))},
    )
    assert not faults_of(state)
    deep = State(
        {"f": flag("f", Not(Not(InSegment("s")))), "g": flag("g", FlagIs("f", ("on",)))},
        segments(s=nested(DEEPEST - 4)),
    )
    assert set(faults_of(deep).rules) == {("g", 0)}


def test_nesting_ten_thousand_deep_is_found_without_going_there() -> None:
    state = State({"page": flag("page", nested(10_000), YES)}, segments(a=nested(10_000)))
    assert set(faults_of(state).rules) == {("page", 0)}
    assert Interpreter(state).evaluate("page", {}).rule == "r1"


def test_a_diamond_of_two_to_the_fifty_paths_ends_at_once() -> None:
    found: dict[str, Segment] = segments(s0=YES)
    for level in range(1, 51):
        below = InSegment(f"s{level - 1}")
        found[f"s{level}"] = Segment(f"s{level}", All((below, below)))
    faults = faults_of(State({"page": Flag("page", ON, (Rule("r", ALL, "s50"),))}, found))
    assert "s12" not in faults.segments
    assert "more than 10,000 criteria" in faults.segments["s13"]


def test_a_diamond_of_prerequisites_ends_at_once() -> None:
    flags = {"f0": flag("f0", YES)}
    for level in range(1, 51):
        below = FlagIs(f"f{level - 1}", ("on",))
        flags[f"f{level}"] = flag(f"f{level}", All((below, below)))
    state = State(flags)
    assert faults_of(state)
    assert served(state, "f50") in (Reason.BROKEN, Reason.NO_MATCH, Reason.MATCH)


def test_rules_add_up_to_a_flag_that_is_too_large() -> None:
    wide = All((YES,) * (LARGEST // 2))
    state = State({"page": flag("page", wide, wide, wide)})
    assert faults_of(state).flags == {"page": "it holds more than 10,000 criteria, over its rules and all they lead to"}


@pytest.mark.parametrize("length", [5000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_long_chain_of_segments_takes_no_recursion_open_or_closed(length: int) -> None:
    chain = {f"s{place}": Segment(f"s{place}", InSegment(f"s{place + 1}")) for place in range(length)}
    left_out = faults_of(State(segments=chain)).segments
    assert f"s{length - DEEPEST}" not in left_out
    assert f"s{length - DEEPEST - 1}" in left_out
    closed = {**chain, f"s{length - 1}": Segment(f"s{length - 1}", InSegment("s0"))}
    assert set(faults_of(State(segments=closed)).segments.values()) == {CIRCLE}


def test_walking_yields_each_part_with_its_depth_in_order() -> None:
    first, second = Where("a", Is(1)), Where("b", Is(2))
    tree = All((Not(first), second))
    assert list(walk(tree)) == [(tree, 1), (Not(first), 2), (first, 3), (second, 2)]
    assert list(walk(None)) == []


def test_faults_are_sentences() -> None:
    found = Faults({"s": "why"}, {"f": "why"}, {("g", 1): "why"})
    assert list(found) == [
        "segment 's' is left out: why",
        "flag 'f' is left out: why",
        "rule 2 of flag 'g' is skipped: why",
    ]


def test_broken_criteria_are_named_with_where_they_stand() -> None:
    state = State({"page": flag("page", Not(Broken("odd")))}, segments(s=All((YES, Broken("odder")))))
    assert list(broken_parts(state)) == ["segment 's': odder", "rule 'r0' of flag 'page': odd"]


@pytest.mark.parametrize("broken", [Broken("odd"), InSegment("loop"), FlagIs("lost", ("on",))])
def test_a_criterion_that_cant_be_resolved_fails_its_own_rule_only(broken: Expression) -> None:
    state = State({"page": flag("page", Not(broken), YES)}, segments(loop=InSegment("loop")))
    assert Interpreter(state).evaluate("page", {}).rule == "r1"
