"""The compiled flags answer as the plain reading does: in every field, on states and contexts of every kind."""

import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from tests.flags.random_states import (
    Remembered,
    contexts,
    drawn_context,
    drawn_memory,
    drawn_state,
    drawn_test,
    drawn_value,
    drawn_view,
    memories,
    states,
    views,
)

from twyman.flags.bucketing import BUCKETS, bucket_of
from twyman.flags.compiled import Compiled
from twyman.flags.compiled.conditions import Parts, condition, ends_of
from twyman.flags.compiled.dealing import runs
from twyman.flags.compiled.resolver import MOST_RULES
from twyman.flags.compiled.rules import compiled
from twyman.flags.context import Context
from twyman.flags.criteria.criterion import BrokenCriterion, holds
from twyman.flags.evaluation import Evaluation, Reason
from twyman.flags.faults import faults_of
from twyman.flags.flag import Assigned, Flag, Outcome, Rule, Split, Variant
from twyman.flags.memory import NOTHING
from twyman.flags.resolve import Interpreter
from twyman.flags.slices import Claim, Slice
from twyman.flags.state import Segment, State
from twyman.flags.targeting import All, Contains, Expression, In, InSegment, Is, Not, Some, Version, Where

ON = (Variant("on", {"rows": 2}), Variant("off", {"rows": 1}))
HALVES = (Slice(0, BUCKETS // 2),), (Slice(BUCKETS // 2, BUCKETS),)
EVERYBODY = Split((Assigned((Slice(0, BUCKETS),), "on"),))
KIWI = {"targeting_key": "user-1", "country": "NZ"}


def agreed(seed: int) -> Iterator[Evaluation]:
    """Yield what both readings of a random state answer."""
    rng = Random(seed)  # noqa: S311
    state, (client, environments), memory = drawn_state(rng), drawn_view(rng), drawn_memory(rng)
    plain = Interpreter(state, client=client, environments=environments)
    fast = Compiled(state, client=client, environments=environments)
    assert fast.flags == plain.flags
    for context in [drawn_context(rng) for _ in range(5)]:
        for name in [*state.flags, "nowhere"]:
            answer = plain.evaluate(name, context, memory)
            assert fast.evaluate(name, context, memory) == answer, (seed, name, context)
            yield answer


def happened(answer: Evaluation) -> Iterator[str]:
    """Yield what an answer is an instance of."""
    yield answer.reason
    if any(made.to is Outcome.FALLTHROUGH for made in answer.assignments):
        yield "noted, then served" if answer.reason is Reason.MATCH else "noted only"
    if answer.keep:
        yield "to keep"
    if answer.is_split:
        yield "split"
    if answer.reason is Reason.MATCH and not answer.variant:
        yield "left to the caller"


def test_both_readings_agree_wherever_a_flag_can_lead() -> None:
    seen = Counter(what for seed in range(700) for answer in agreed(seed) for what in happened(answer))
    kinds = "noted, then served", "noted only", "to keep", "split", "left to the caller"
    reasons = "match", "no_match", "not_found", "archived", "unit_error", "broken"
    assert min(seen[kind] for kind in (*kinds, *reasons)) >= 30, seen


@pytest.mark.slow
def test_both_readings_agree_on_twenty_thousand_states() -> None:
    for seed in range(1_000_000, 1_020_000):
        for _ in agreed(seed):
            pass


@settings(max_examples=30, deadline=None)
@given(states(), views(), contexts(), memories())
def test_both_readings_agree_on_states_that_shrink(
    state: State, view: tuple[str | None, tuple[str, ...]], context: Context, memory: Remembered
) -> None:
    client, environments = view
    plain = Interpreter(state, client=client, environments=environments)
    fast = Compiled(state, client=client, environments=environments)
    for name in state.flags:
        assert fast.evaluate(name, context, memory) == plain.evaluate(name, context, memory)


def said(test: Callable[[], bool]) -> object:
    """Return what a test says, or that it is broken."""
    try:
        return test()
    except BrokenCriterion as error:
        return str(error)


def test_a_test_on_an_attribute_says_what_the_plain_one_says_of_any_value() -> None:
    rng = Random(1)  # noqa: S311
    told = Counter[object]()
    for test in [drawn_test(rng) for _ in range(1500)]:
        fast = condition(parts_of(State()), Where("it", test))
        for value in [drawn_value(rng) for _ in range(15)]:
            wanted = said(lambda test=test, value=value: holds(test, value))
            got = said(lambda fast=fast, value=value: bool(fast(None, {"it": value}, NOTHING)))
            assert got == wanted, (test, value)
            told[wanted] += 1
    assert told[True] > 2000 < told[False]


def parts_of(state: State) -> Parts:
    """Return what a state's flags are compiled from, where none needs another."""
    return Parts(state, faults_of(state), frozenset(), pytest.fail, {})


def halves(name: str, *, country: str, salt: str, variants: tuple[str, str]) -> State:
    """Return a flag that deals a country's users out over two variants."""
    sides = tuple(Assigned(part, variant) for part, variant in zip(HALVES, variants, strict=True))
    split = Split(sides, salt)
    values = tuple(Variant(variant, {variant: name}) for variant in variants)
    segment = Segment(name, Where(name, In((country, "SE"))), (Claim(salt, (Slice(0, 900_000),)),))
    return State({name: Flag(name, values, (Rule(name, split, name, by=f"{name}-x"),))}, {name: segment})


HOSTILE = (
    "'",
    '"""',
    "{0}",
    "\\",
    "\n  raise SystemExit",
    "c0",
    "unit",
    "None",
    "%s",
    "\x00",
    "__import__('os')",
    "é🦘",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_of_a_users_is_ever_source(name: str) -> None:
    tame = halves("page", country="NZ", salt="s", variants=("on", "off"))
    state = halves(name, country=f"{name}!", salt=name, variants=(f"{name}1", f"{name}2"))
    functions: list[Any] = [compiled(next(iter(each.flags.values())), parts_of(each)) for each in (tame, state)]
    assert functions[0].__code__ is functions[1].__code__
    contexts = [{name: f"{name}!", f"{name}-x": unit} for unit in map(str, range(40))]
    answers = [Compiled(state).evaluate(name, context) for context in contexts]
    assert answers == [Interpreter(state).evaluate(name, context) for context in contexts]
    assert {answer.variant for answer in answers} >= {f"{name}1", f"{name}2"}


def test_flags_of_one_shape_share_their_code_and_are_small() -> None:
    tracemalloc.start()
    states = [halves(f"flag-{n}", country="NZ", salt=f"s-{n}", variants=("on", "off")) for n in range(500)]
    functions: list[Any] = [compiled(next(iter(each.flags.values())), parts_of(each)) for each in states]
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len({function.__code__ for function in functions}) == 1
    assert size / 500 < 6_000  # each has a state of its own here; `bench/flags.py` measures ten thousand in one


def nested(levels: int) -> Expression:
    """Return an expression of so many levels, with a branch at each."""
    expression: Expression = Where("country", Is("NZ"))
    for level in range(levels):
        other = Where("country", Contains(str(level)))
        expression = Not(Not(expression)) if level % 3 == 2 else (Some, All)[level % 2]((other, expression))
    return expression


WIDE = tuple(Where("country", Is(f"{n}")) for n in range(9_000))
BEYOND = {
    "deep": Rule("r", EVERYBODY, when=nested(36)),
    "too deep": Rule("r", EVERYBODY, when=nested(3000)),
    "wide": Rule("r", EVERYBODY, when=Some((*WIDE, Where("country", Is("NZ"))))),
    "wide, and all": Rule("r", EVERYBODY, when=All(tuple(Not(each) for each in WIDE[:4_000]))),
    "wide, in a tree": Rule("r", EVERYBODY, when=All(tuple(Some(WIDE[n : n + 40]) for n in range(0, 1600, 40)))),
    "many shares": Rule("r", EVERYBODY, claims=tuple(Claim(f"{n}", (Slice(0, 999_999),)) for n in range(30))),
    "many slices": Rule("r", EVERYBODY, claims=(Claim("s", tuple(Slice(n, n + 9) for n in range(0, BUCKETS, 10))),)),
    "huge slices": Rule("r", EVERYBODY, claims=(Claim("s", (Slice(-(10**30), 10**30),)),)),
    "huge split": Rule("r", Split((Assigned((Slice(0, 10**30),), "on"), Assigned((), "off")), "s", 10**25)),
}


@pytest.mark.parametrize("rule", BEYOND.values(), ids=BEYOND)
def test_no_size_of_a_rule_is_too_much(rule: Rule) -> None:
    state = State({"page": Flag("page", ON, (rule,))})
    plain, fast = Interpreter(state), Compiled(state)
    for context in (KIWI, {"targeting_key": "user-2", "country": "30"}, {}):
        assert fast.evaluate("page", context) == plain.evaluate("page", context)
    function: Any = fast._doors["page"]
    assert len(function.__defaults__) < 500


def test_a_flag_of_more_rules_than_are_compiled_is_read_plainly() -> None:
    rules = tuple(Rule(f"{n}", EVERYBODY, when=Where("n", Is(n))) for n in range(MOST_RULES + 1))
    flags = {"page": Flag("page", ON, rules, "off"), "other": Flag("other", ON, rules[:MOST_RULES], "off")}
    for name in flags:
        context = {"n": MOST_RULES - 1}
        assert Compiled(State(flags)).evaluate(name, context) == Interpreter(State(flags)).evaluate(name, context)


def test_a_chain_of_segments_as_long_as_may_be_is_followed() -> None:
    segments = {f"{n}": Segment(f"{n}", InSegment(f"{n + 1}")) for n in range(60)}
    segments["60"] = Segment("60", Where("country", Is("NZ")))
    state = State({f"{n}": Flag(f"{n}", ON, (Rule("r", EVERYBODY, f"{n}"),)) for n in range(60)}, segments)
    plain, fast = Interpreter(state), Compiled(state)
    answers = [fast.evaluate(name, KIWI) for name in state.flags]
    assert answers == [plain.evaluate(name, KIWI) for name in state.flags]
    assert {answer.reason for answer in answers} == {Reason.MATCH, Reason.NO_MATCH}


class Lying:
    """A value that says it is a text, and isn't."""

    @property
    def __class__(self) -> type:  # pyright: ignore[reportIncompatibleMethodOverride]
        return str


class Lazy(Mapping[str, object]):
    """A context that finds its attributes when asked."""

    def __init__(self, found: dict[str, object]) -> None:
        self.found = found

    def __getitem__(self, name: str) -> object:
        return self.found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)


def test_any_mapping_is_a_context_and_a_part_of_one() -> None:
    state = halves("user.country", country="NZ", salt="s", variants=("on", "off"))
    for unit in "abcdefghij":
        context = Lazy({"user": Lazy({"country": "NZ", "country-x": unit})})
        assert Compiled(state).evaluate("user.country", context) == Interpreter(state).evaluate("user.country", context)


def test_a_value_that_lies_about_its_class_is_read_plainly() -> None:
    test = Where("it", Is(Version("1.2")))
    assert not condition(parts_of(State()), test)(None, {"it": 12}, NOTHING)
    for attribute in (Where("it", Is("NZ")), Where("it", In(("NZ", "SE")))):
        assert not condition(parts_of(State()), attribute)(None, {"it": Lying()}, NOTHING)


def test_threads_that_ask_at_once_get_one_answer() -> None:
    state = halves("page", country="NZ", salt="s", variants=("on", "off"))
    context = {"page": "NZ", "page-x": "u-1"}
    wanted = Interpreter(state).evaluate("page", context)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(20):
            fast = Compiled(state)
            answers = list(pool.map(lambda _, fast=fast: fast.evaluate("page", context), range(16)))
            assert answers == [wanted] * 16


def test_an_unknown_flag_leaves_nothing_behind() -> None:
    fast = Compiled(State())
    tracemalloc.start()
    for number in range(1000):
        assert fast.evaluate(f"nowhere-{number}", {}).reason is Reason.NOT_FOUND
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 20_000


_SLICES = st.lists(st.builds(Slice, st.integers(-2, 22), st.integers(-2, 22)), max_size=4).map(tuple)


@given(st.lists(_SLICES, max_size=4), st.integers(1, 20))
def test_a_bucket_belongs_to_the_first_side_that_has_it(sides: list[tuple[Slice, ...]], buckets: int) -> None:
    found = runs(Split(tuple(Assigned(each) for each in sides), buckets=buckets))
    for bucket in range(buckets):
        wanted = next((place for place, side in enumerate(sides) if any(bucket in part for part in side)), None)
        assert next(side for start, side in reversed(found) if start <= bucket) == wanted


@given(_SLICES)
def test_joined_slices_hold_what_the_slices_hold(slices: tuple[Slice, ...]) -> None:
    ends = ends_of(slices)
    assert ends == sorted(set(ends))
    for bucket in range(-3, 24):
        assert sum(end <= bucket for end in ends) % 2 == any(bucket in part for part in slices)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), st.integers(1, 2 * BUCKETS))
def test_a_units_place_is_its_bucket_to_the_bucket(unit: str, buckets: int) -> None:
    bucket = bucket_of(unit, salt="a", buckets=buckets)
    sides = Assigned((Slice(bucket, bucket + 1),), "on"), Assigned((), "off")
    place = bucket_of(unit, salt="b")
    claims = Claim("b", (Slice(place, place + 1),)), Claim("b", (Slice(0, place), Slice(place + 1, BUCKETS)))
    split = Split(sides, "a", buckets)
    rules = Rule("out", split, claims=claims[1:]), Rule("in", split, claims=claims[:1])
    answer = Compiled(State({"page": Flag("page", ON, rules)})).evaluate("page", {"targeting_key": unit})
    assert (answer.rule, answer.variant) == ("in", "on")
