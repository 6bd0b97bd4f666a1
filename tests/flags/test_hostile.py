"""Hostile states, contexts, documents and requests: each gets an answer, in bounded time and memory.

What fuzzing found (`python -m fuzz`) is replayed here, and what it hardly finds is made by hand: things that are
large, deep, or chosen so that work multiplies. The clock is no test here but a guard: a scene that would never
end is ended after a minute.
"""

import asyncio
import base64
import gzip
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
from fuzz import laws
from fuzz.choices import Choices
from fuzz.seeds import seeds
from fuzz.targets import TARGETS
from hypothesis import given, settings, strategies as st
from tests.flags.random_states import HOSTILE, NUMBERS, TEXTS, TIMES, VERSIONS

from twyman.api.asgi import body_of
from twyman.flags import document
from twyman.flags.bucketing import BUCKETS
from twyman.flags.compiled import Compiled
from twyman.flags.context import Context
from twyman.flags.criteria.criterion import LONGEST_LIST, BrokenCriterion, holds, pattern
from twyman.flags.criteria.value_set import ValueSet
from twyman.flags.dialects import confidence
from twyman.flags.evaluation import Evaluation, Reason
from twyman.flags.faults import faults_of
from twyman.flags.flag import Assigned, Flag, Outcome, Rule, Split, Variant
from twyman.flags.population import BloomFilter
from twyman.flags.resolve import Interpreter
from twyman.flags.slices import Claim, Slice
from twyman.flags.state import Segment, State
from twyman.flags.targeting import (
    All,
    AnyOf,
    Contains,
    EachOf,
    Expression,
    FlagIs,
    In,
    InPopulation,
    InSegment,
    Is,
    Matches,
    Not,
    Range,
    Some,
    StartsWith,
    Time,
    Version,
    Where,
)
from twyman.kernel.errors import Invalid
from twyman.sdk import Client
from twyman.sdk.sources.memory import MemoryState

FOUND: tuple[tuple[str, bytes], ...] = (
    # A finding's target and input, in base 85, as `python -m fuzz` prints it.
    ("request", b"P)}1-ATM??FJ*XeZ*z5WWpfH+Z*FvDZgeedWo~D5XgXgC3VVG"),
)

ROOT = Path(__file__).parents[2]
ALL = Split((Assigned((Slice(0, BUCKETS),), "on"),))
ON = (Variant("on", {"rows": 1}),)


@pytest.fixture(autouse=True)
def guard() -> Iterator[None]:
    """End a scene that hangs."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def kind(value: object) -> str:
    """Return a test's id: some of these values are too long to write."""
    return type(value).__name__


def state_of(*rules: Rule, segments: tuple[Segment, ...] = ()) -> State:
    return State({"page": Flag("page", ON, rules)}, {segment.name: segment for segment in segments})


def asked(state: State, context: Context, flag: str = "page") -> Evaluation:
    """Return what both resolvers say."""
    plain, quick = Interpreter(state).evaluate(flag, context), Compiled(state).evaluate(flag, context)
    assert repr(plain) == repr(quick)
    return plain


def met(when: Expression, context: Context) -> bool:
    return asked(state_of(Rule("r", ALL, when=when)), context).reason is Reason.MATCH


def test_every_target_has_something_to_start_from() -> None:
    assert {target for target, _ in seeds()} == set(TARGETS)


@pytest.mark.parametrize(("target", "data"), FOUND)
def test_what_was_found_by_fuzzing_stays_mended(target: str, data: bytes) -> None:
    TARGETS[target](base64.b85decode(data))


class TestDocuments:
    def deep(self, opening: str, closing: str, levels: int, *, beside: str = "") -> bytes:
        value = opening * levels + "1" + closing * levels
        flag = '{"name":"%s","variants":[{"name":"on","value":%s}]}'
        flags = f'"page":{flag % ("page", value)},"other":{flag % ("other", "7")}'
        return f'{{"twyman":1,"flags":{{{flags}}}{beside}}}'.encode()

    @pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"[[":', "}]")])
    def test_a_value_too_deep_to_be_written_again_breaks_its_flag_alone(self, opening: str, closing: str) -> None:
        state = document.read(self.deep(opening, closing, 300))

        assert "nested deeper" in state.flags["page"].broken
        assert not state.flags["other"].broken
        assert document.read(document.written(state)).flags == state.flags

    def test_brackets_in_texts_are_no_levels(self) -> None:
        value = msgspec.json.encode(['"\\' + "[{" * 500])

        assert not document.read(self.deep(f'{{"a":{value.decode()},"b":', "}", 1)).flags["page"].broken

    def test_a_document_ten_thousand_levels_deep_is_refused(self) -> None:
        for data in (b"[" * 10_000, b'{"a":' * 10_000, self.deep("[", "]", 10_000)):
            with pytest.raises(Invalid):
                document.read(data)
            with pytest.raises(Invalid):
                confidence.state(data)

    @pytest.mark.parametrize(
        "number", ["1e400", "-1e999", "NaN", "1" * 100_000, "Infinity", '"\\ud800"', "0x1", "-"], ids=kind
    )
    def test_what_is_no_number_or_text_breaks_what_holds_it(self, number: str) -> None:
        for data in (self.deep("[", "]", 1).replace(b"[1]", number.encode()), number.encode()):
            with suppress(Invalid):
                laws.check_state(document.read(data))

    @pytest.mark.parametrize(
        "name", ["__class__", "a" * 100_000, "", "\0", "🦘\u2028", "{}", "%s", "\x7f'\"\\"], ids=kind
    )
    def test_names_are_only_names(self, name: str) -> None:
        rule = Rule(name, ALL, name, by=name, when=Where(name, Exists_), claims=(Claim(name, (Slice(0, 7),)),))
        state = State({name: Flag(name, (Variant(name, 1),), (rule,), name)}, {name: Segment(name)})

        laws.check_round_trip(state)
        laws.check_state(state, [{name: name}, {name: {name: name}}, {}])


Exists_ = Is("__class__")


class TestStates:
    def test_two_to_the_fiftieth_ways_through_segments_are_refused(self) -> None:
        names = [f"s{level}" for level in range(51)]
        both = [Segment(a, All((InSegment(b), InSegment(b)))) for a, b in pairwise(names)]
        state = state_of(Rule("r", ALL, "s0"), segments=(*both, Segment("s50")))

        assert asked(state, {}).reason is Reason.NO_MATCH
        assert faults_of(state).segments

    def test_two_to_the_fiftieth_ways_through_prerequisites_are_refused(self) -> None:
        flags = {
            f"f{level}": Flag(f"f{level}", ON, (Rule("r", ALL, when=Some((FlagIs(f"f{level + 1}", ()),) * 2)),) * 2)
            for level in range(50)
        }

        for name in ("f0", "f30", "f49"):
            asked(State(flags), {}, name)

    def test_an_expression_ten_thousand_levels_deep_is_left_out(self) -> None:
        when: Expression = Where("a", Is(1))
        for _ in range(10_000):
            when = Not(All((when,)))

        assert met(when, {"a": 1}) is False
        assert asked(state_of(Rule("r", ALL, "s"), segments=(Segment("s", when),)), {}).reason is Reason.NO_MATCH

    def test_a_hundred_thousand_rules_break_their_flag(self) -> None:
        state = state_of(*[Rule("r", ALL, when=Where("a", Is(1)))] * 100_000)

        assert Compiled(state).evaluate("page", {}).reason is Reason.BROKEN

    def test_as_many_rules_as_there_may_be_are_tried(self) -> None:
        rules = [Rule("r", ALL, when=Where("a", Is(number))) for number in range(3_000)]

        assert asked(state_of(*rules), {"a": 2_999}).reason is Reason.MATCH

    def test_a_split_of_very_many_sides_serves(self) -> None:
        sides = tuple(Assigned((Slice(at, at + 50),), "on", id=str(at)) for at in range(0, BUCKETS, 50))

        assert asked(state_of(Rule("r", Split(sides, "s"))), {"targeting_key": "u"}).reason is Reason.MATCH

    @pytest.mark.parametrize("buckets", [0, -1, 1, 2**63, 2**70, 10**4_000], ids=kind)
    def test_any_number_of_buckets_is_dealt_or_left_out(self, buckets: int) -> None:
        halves = Split((Assigned((Slice(0, buckets // 2),), "on"), Assigned((Slice(-5, 10**9),), "on")), "s", buckets)
        fault = asked(state_of(Rule("r", halves)), {"targeting_key": "u"}).reason

        assert fault is (Reason.MATCH if buckets > 0 else Reason.NO_MATCH)

    @pytest.mark.parametrize("ends", [(9, 3), (-(2**70), -1), (BUCKETS, 2**70), (-1, 10**400), (5, 5)], ids=kind)
    def test_slices_may_run_backwards_or_beyond(self, ends: tuple[int, int]) -> None:
        claims = (Claim("s", (Slice(*ends), Slice(7, 2))),)
        sides = (Assigned((Slice(*ends),), "on"), Assigned((), "on", Outcome.FALLTHROUGH))

        asked(state_of(Rule("r", Split(sides, "s"), claims=claims)), {"targeting_key": "u"})

    def test_numbers_of_one_hash_are_told_apart_quickly(self) -> None:
        same = tuple(number * (2**61 - 1) for number in range(20_000))

        assert met(Where("a", In(same)), {"a": 19_999 * (2**61 - 1)})
        assert not met(Where("a", In(same)), {"a": [5, "7"]})

    @pytest.mark.parametrize(("hashes", "bits"), [(0, 64), (3, 0), (3, -1), (256, 64), (3, 65), (3, 2**63), (-1, 1)])
    def test_a_bloom_filter_whose_sizes_do_not_go_together_is_left_out(self, hashes: int, bits: int) -> None:
        with pytest.raises(ValueError, match="make no filter"):
            BloomFilter(bytes(8), hashes, bits)
        said = f'{{"as":"bloom","data":"AAAAAAAAAAA=","hashes":{hashes},"bits":{bits}}}'
        assert not document.read(b'{"twyman":1,"populations":{"p":%s}}' % said.encode()).populations


class TestPatterns:
    @pytest.mark.parametrize("text", ["(a+)+$", "^(a|a)*$", "(a|aa)+$", "^([a-z]+)*$", "(.*a){20}$", "^(a?){30}a{30}$"])
    def test_patterns_that_would_hang_others_take_linear_time(self, text: str) -> None:
        assert not met(Where("a", Matches(text)), {"a": "a" * 100_000 + "!"})

    @pytest.mark.parametrize(
        "text", ["((a{100}){100}){100}", "(a?){1000}" * 3, r"[\x{80}-\x{10FFFF}]{1000}", "((" * 9_999]
    )
    def test_patterns_that_want_much_memory_are_refused(self, text: str) -> None:
        with pytest.raises(BrokenCriterion):
            pattern(text, ignore_case=False)
        assert not met(Not(Where("a", Matches(text))), {"a": "a"})

    @pytest.mark.parametrize("text", [r"(?i)^\pL+@\w+\.com$", r"^\w{1,200}$", "^(foo|bar)-[0-9]{1,4}$"])
    def test_patterns_of_some_size_are_taken(self, text: str) -> None:
        pattern(text, ignore_case=True)


SCALARS = st.one_of(
    st.sampled_from((*TEXTS, *NUMBERS, None, True, False, 0.1, 2**70, *map(Version, VERSIONS), *map(Time, TIMES)))
)
ATTRIBUTES = st.sampled_from((*HOSTILE, *TEXTS, *NUMBERS, *VERSIONS, *TIMES, "TRUE", "0.1", 2**70, "2.0.0+b"))


class TestContexts:
    @settings(max_examples=100)
    @given(values=st.lists(SCALARS, max_size=8), value=ATTRIBUTES, fold=st.booleans())
    def test_a_set_of_values_says_what_comparing_with_each_says(
        self,
        values: list[Any],
        value: object,
        fold: bool,  # noqa: FBT001
    ) -> None:
        one_by_one = any(holds(Is(each, fold), [value]) for each in values)

        assert (value in ValueSet(values, ignore_case=fold)) is (one_by_one and not isinstance(value, list | tuple))

    def test_a_long_list_meets_many_values_without_their_product(self) -> None:
        values = (*(f"x{number}" for number in range(2_000)), 7, True, Version("1.2"), Time("2026-01-01"), ("a", "b"))
        long = ["y"] * (LONGEST_LIST - 1)

        for test in (In(values), AnyOf(In(values)), In(values, ignore_case=True)):
            assert not met(Where("a", test), {"a": long})
            for last in ("x1999", 7, "7", "true", "1.2.0", "2026-01-01T00:00:00Z"):
                assert met(Where("a", test), {"a": [*long, last]}), last
        assert met(Where("a", EachOf(In(values))), {"a": ["x1"] * LONGEST_LIST})
        assert met(Where("a", In(values)), {"a": [["a", "b"], *long]})

    @pytest.mark.parametrize("test", [In(("x",)), AnyOf(Is("x")), EachOf(Is("x")), Is(("x",)), Range("a", "z")])
    def test_a_list_beyond_bounds_is_not_looked_at(self, test: Any) -> None:
        context = {"a": ["x"] * (LONGEST_LIST + 1)}

        assert not met(Where("a", test), context)
        assert not met(Not(Where("a", test)), context)

    def test_texts_of_a_million_characters_are_read(self) -> None:
        text = "É" * 1_000_000
        tests = Is(text), StartsWith(text), Contains("e", ignore_case=True), Is(3), Is(Version("1")), Is(Time("2026"))

        assert [met(Where("a", test), {"a": text}) for test in tests] == [True, True, False, False, False, False]
        assert asked(state_of(Rule("r", ALL, by="a")), {"a": text}).reason is Reason.UNIT_ERROR

    @pytest.mark.parametrize("levels", [10, 900, 10_000])
    def test_a_context_may_be_as_deep_as_it_likes(self, levels: int) -> None:
        inner: Any = "x"
        for _ in range(levels):
            inner = {"a": [inner]} if levels > 10 else {"a": inner}
        path = ".".join("a" * levels)

        assert met(Where(path, Is("x")), inner) is (levels == 10)
        assert not met(Where("a", In(((), "x"))), inner)

    def test_contexts_may_hold_themselves(self) -> None:
        context: dict[str, Any] = {"targeting_key": "u"}
        context["a"] = context
        context["b"] = [context]
        context["b"].append(context["b"])
        paths = ("a", "b", "a.a.a.a.b", "a" + ".a" * 10_000)

        for path in paths:
            for test in (Is("x"), Is(("x", "y")), In(("x",)), AnyOf(Is(("x",))), Range(1, 2), EachOf(Is(None))):
                met(Where(path, test), context)
        assert asked(state_of(Rule("r", ALL, by="b")), context).reason is Reason.UNIT_ERROR

    @pytest.mark.parametrize(
        "value", [*HOSTILE, 10**100_000, -(10**100_000), float("-inf"), 5e-324, "9" * 10_000], ids=kind
    )
    def test_whatever_stands_in_a_context_both_resolvers_say_the_same(self, value: object) -> None:
        operands = ("x", 1, 10**300, 0.5, True, None, Version("1.2.3-0"), Time("2026-01-01"), ("a", 1))
        tests = [test for each in operands for test in (Is(each), In((each, "y")), AnyOf(Is(each)))]
        ranges = [Range(each) for each in operands if not isinstance(each, bool | tuple)]
        rules = [Rule("r", ALL, when=Not(Where(path, test))) for test in (*tests, *ranges) for path in ("a", "a.a")]

        for by in ("", "a"):
            asked(state_of(*rules[::-1], Rule("s", ALL, by=by, when=InPopulation("p"))), {"a": value})
        for rule in rules:
            asked(state_of(rule), MappingProxyType({"a": [value, {"a": value}]}))

    def test_half_a_character_may_stand_anywhere(self) -> None:
        half = "\ud800"
        rule = Rule(
            half, Split((Assigned((Slice(0, 9),), "on"),), half), by=half, claims=(Claim(half, (Slice(0, 9),)),)
        )
        state = State({half: Flag(half, ON, (rule, Rule("m", ALL, when=Where(half, Matches(half)))))})

        for context in ({half: "u"}, {half: half}, {half: {half: half}}):
            with_half = asked(state, context, half)
            assert with_half.reason in (Reason.NO_MATCH, Reason.UNIT_ERROR, Reason.BROKEN)


class Crooked(Mapping[str, Any]):
    """Attributes that can't be had."""

    def __getitem__(self, name: str) -> Any:
        raise RuntimeError(name)

    def get(self, name: str, default: Any = None) -> Any:
        raise RuntimeError(name, default)

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError

    def __len__(self) -> int:
        raise RuntimeError


def test_choices_that_have_run_out_still_draw_different_elements() -> None:
    """Python's own `sample` asks for another number until it is new: zeros never are."""
    for pool, size in ((range(100), 6), (range(3), 3), (range(1), 0)):
        assert sorted(set(Choices(b"\xff").sample(pool, size))) == sorted(Choices(b"\xff").sample(pool, size))


@pytest.mark.parametrize("context", [Crooked(), {"a": Crooked()}, None, 7, [], "a", {1: 2}, {None: {}}], ids=kind)
def test_a_client_never_raises_whatever_it_is_handed(context: Any) -> None:
    rules = (Rule("r", ALL, when=Where("a.b", Is("x"))), Rule("s", ALL, by="a.c"))
    with Client(MemoryState(state_of(*rules))) as client:
        assert client.value("page", context, default={"rows": 7}) == {"rows": 7}
        client.expose(client.evaluate("page", context), context)


class TestDialects:
    def test_bitsets_that_unpack_to_too_many_pieces_are_counted_before_they_are_made(self) -> None:
        alternating = gzip.compress(b"\x55" * 125_000)
        bitsets = [{"segment": f"segments/{place}", "gzippedBitset": alternating} for place in range(3)]
        found = confidence.bitset.unpacked(gzip.compress(b"\x05"), most=2)

        assert len(found) == 2
        with pytest.raises(confidence.piece.Unreadable):
            confidence.bitset.unpacked(bitsets[0]["gzippedBitset"], most=499_999)

    def test_many_clients_with_many_credentials_are_read(self) -> None:
        clients = [{"name": f"clients/{place}"} for place in range(5_000)]
        credentials = [{"name": f"clients/{place}/x", "clientSecret": {"secret": "s"}} for place in range(5_000)]
        found = confidence.state({"clients": clients, "clientCredentials": credentials})

        assert all(len(client.credentials) == 1 for client in found.clients.values())

    @pytest.mark.parametrize(
        "text", ["", "=", "A", "AAA", "%%%%", "é", "A" * 100_001, "H4sIAAAAAAAA", "-_-_"], ids=kind
    )
    def test_garbage_in_base64_is_said_to_be_some(self, text: str) -> None:
        bitsets = [{"segment": "segments/s", "gzippedBitset": text}]
        blooms = [{"materializedSegment": "m", "data": text, "hashFunctionCount": 1, "bitCount": 64, "strategy": 1}]
        state = confidence.state(
            {"segmentsNoBitsets": [{"name": "segments/s"}], "bitsets": bitsets, "bloomFilters": blooms}
        )

        laws.check_state(state)

    def test_schemas_within_schemas_are_read_to_a_depth(self) -> None:
        schema: dict[str, Any] = {"intSchema": {}}
        for _ in range(300):
            schema = {"structSchema": {"schema": {"a": {"listSchema": {"elementSchema": schema}}}}}
        found = confidence.state({"flags": [{"name": "flags/a", "schema": {"schema": {"a": schema}}}]})

        assert "nested deeper" in found.flags["a"].broken


class TestRequests:
    @pytest.mark.parametrize("length", [b"x", b"", b"-1", b"1e3", b"9" * 10_000, "²".encode("latin-1")], ids=kind)
    def test_a_length_that_is_none_is_refused(self, length: bytes) -> None:
        TARGETS["request"](b"POST /v1/exposures\ncontent-length: %s\n\n{}" % length)

    def test_a_body_in_very_many_pieces_is_read(self) -> None:
        pieces = iter([{"type": "http.request", "body": b"x", "more_body": True}] * 50_000)

        async def receive() -> Mapping[str, Any]:
            return next(pieces, {"type": "http.request", "body": b"", "more_body": False})

        assert len(asyncio.run(body_of({}, receive, limit=1 << 20))) == 50_000


class Beyond(tzinfo):
    """A zone beyond all zones."""

    def utcoffset(self, _: datetime | None) -> timedelta:
        return timedelta(hours=23, minutes=59)


def test_times_at_both_ends_of_the_calendar_are_read() -> None:
    for moment in (datetime.min, datetime.max):  # noqa: DTZ901
        for zone in (None, Beyond()):
            met(Where("a", Range(Time("2026-01-01"))), {"a": moment.replace(tzinfo=zone)})


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_stays_within_bounds() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.flags.hungry"], capture_output=True, text=True, check=False, cwd=ROOT
    )

    assert ran.stdout == "bounded\n", ran.stderr[-2_000:]
