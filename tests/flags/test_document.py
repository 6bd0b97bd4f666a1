"""States on the wire: what is written is read again, and what can't be read is broken alone."""

from contextlib import suppress
from random import Random
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from tests.flags.random_states import drawn_state

from twyman.flags.document import FORMAT, plain, read, versioned, written
from twyman.flags.evaluation import Reason
from twyman.flags.flag import Assigned, Flag, Outcome, Rule, Split, Sticky, Variant
from twyman.flags.population import BloomFilter, IdList
from twyman.flags.resolve import Interpreter
from twyman.flags.schema import Field, Type
from twyman.flags.slices import Claim, Slice
from twyman.flags.state import Client, Credential, Segment, State
from twyman.flags.targeting import (
    All,
    AnyOf,
    Broken,
    Contains,
    EachOf,
    EndsWith,
    Exists,
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
    Unknown,
    Version,
    Where,
)
from twyman.kernel.errors import Invalid

TESTS = (
    Is(None), Is("x", ignore_case=True), Is(("a", 1, None, True)), Is(Version("1.2")), Is(Time("2026-01-01")),
    In(("a", 1.5, None, ("b",))), Range(1, 2.5, start_in=False, end_in=True), Range(Version("1"), Version("2")),
    StartsWith("a"), EndsWith("b", ignore_case=True), Contains("c"), Matches("^d"), Exists(), Exists(there=False),
    Unknown("e"), AnyOf(Is("x")), EachOf(Range(0)),
)  # fmt: skip

WHOLE = State(
    {
        "page": Flag(
            "page",
            (Variant("on", {"rows": [1, 2.5, None, "é🦘"]}), Variant("off", None)),
            (
                Rule(
                    "r",
                    Split((Assigned((Slice(0, 5),), "on", id="a"), Assigned((), to=Outcome.FALLTHROUGH)), "s", 10),
                    "kiwis",
                    Some((All(tuple(Where("a.b", test) for test in TESTS)), Not(FlagIs("page2", ("on", ""))))),
                    (Claim("c", (Slice(0, 7),), "group"),),
                    "user.id",
                    enabled=False,
                    environments=("prod",),
                    sticky=Sticky("r", "w", paused=True, ignores_targeting=True),
                    experiment="e",
                ),
            ),
            "off",
            Field(Type.STRUCT, {"rows": Field(Type.LIST, items=Field(Type.DOUBLE, minimum=0), optional=True)}),
            ("web",),
            archived=True,
        ),
        "closed": Flag("closed", (), clients=()),
    },
    {"kiwis": Segment("kiwis", All((InSegment("b"), InPopulation("p"), Broken("odd"))), (Claim("d", ()),))},
    {"p": IdList(frozenset({"u-1", "u-2"})), "q": BloomFilter.of(["u-1"])},
    {"web": Client("web", ("prod",), (Credential("c", "ab" * 32, ("test",)),))},
)


def test_what_is_written_is_read_again_with_its_version() -> None:
    assert read(written(WHOLE)) == versioned(WHOLE)


@pytest.mark.parametrize("seed", range(40))
def test_any_state_is_read_again_as_it_was_written(seed: int) -> None:
    state = drawn_state(Random(seed))  # noqa: S311
    found = read(written(state))
    assert replace(found, version="") == replace(state, version="")


def test_an_empty_state_is_a_few_bytes() -> None:
    assert len(written(State())) < 60
    assert read(written(State())) == versioned(State())


def test_the_version_is_that_of_the_content_whatever_version_and_order_it_had() -> None:
    turned = replace(WHOLE, flags=dict(reversed(WHOLE.flags.items())), version="old")
    assert written(turned) == written(WHOLE)
    assert versioned(turned).version == versioned(WHOLE).version == read(written(WHOLE)).version
    assert versioned(replace(WHOLE, clients={})).version != versioned(WHOLE).version


def test_sets_of_ids_are_written_in_one_order() -> None:
    many = [f"u-{number}" for number in range(100)]
    one, other = (State(populations={"p": IdList(frozenset(ids))}) for ids in (many, reversed(many)))
    assert written(one) == written(other)


def changed(*path: str, to: object) -> bytes:
    """Return the whole state's document with one thing put in another's place."""
    document = msgspec.json.decode(written(WHOLE))
    at: Any = document
    for step in path[:-1]:
        at = at[int(step) if isinstance(at, list) else step]
    at[int(path[-1]) if isinstance(at, list) else path[-1]] = to
    return msgspec.json.encode(document)


FLAG_PATHS = [
    ("name",), ("variants",), ("variants", "0"), ("variants", "0", "name"), ("rules",), ("rules", "0"),
    ("rules", "0", "split"), ("rules", "0", "split", "assigned", "0", "slices"), ("rules", "0", "when"),
    ("rules", "0", "when", "op"), ("rules", "0", "sticky"), ("rules", "0", "claims"), ("default",), ("schema",),
    ("clients",), ("archived",),
]  # fmt: skip


@pytest.mark.parametrize("path", FLAG_PATHS, ids=".".join)
def test_a_flag_with_any_piece_damaged_is_broken_alone(path: tuple[str, ...]) -> None:
    found = read(changed("flags", "page", *path, to=-1))
    assert found.flags["page"].broken
    assert Interpreter(found).evaluate("page", {}).reason is Reason.BROKEN
    assert found.flags["closed"] == WHOLE.flags["closed"]
    assert found.segments == WHOLE.segments


def test_a_segment_that_cant_be_read_holds_nobody_and_says_why() -> None:
    found = read(changed("segments", "kiwis", "claims", to=7))
    assert isinstance(found.segments["kiwis"].when, Broken)
    assert "Expected `array`" in found.segments["kiwis"].when.why
    assert (found.flags, found.populations) == (WHOLE.flags, WHOLE.populations)


def test_a_population_or_client_that_cant_be_read_is_left_out() -> None:
    assert set(read(changed("populations", "p", "ids", to=7)).populations) == {"q"}
    assert set(read(changed("populations", "q", "bits", to=0)).populations) == {"p"}
    assert read(changed("clients", "web", "name", to=7)).clients == {}


def test_a_flag_under_another_name_than_its_own_is_broken() -> None:
    found = read(changed("flags", "page", "name", to="other")).flags["page"]
    assert (found.name, found.broken) == ("page", "it says its name is 'other'")


def test_a_test_from_the_future_breaks_its_own_flag() -> None:
    when = {"op": "where", "attribute": "a", "test": {"op": "sounds", "text": "x"}}
    assert (
        "Invalid value 'sounds'" in read(changed("flags", "page", "rules", "0", "when", to=when)).flags["page"].broken
    )


def test_fields_from_the_future_are_passed_over() -> None:
    assert read(changed("flags", "page", "color", to="red")).flags == WHOLE.flags
    assert read(changed("weather", to="fine")).flags == WHOLE.flags


@pytest.mark.parametrize("size", [0, 1, 10, 40, 200, 1000, -1])
def test_a_document_cut_off_is_refused(size: int) -> None:
    with pytest.raises(Invalid, match="can't be read"):
        read(written(WHOLE)[:size])


@pytest.mark.parametrize(
    "given_", [b"null", b"[]", b"7", b"{}", b'{"twyman":"1"}', b'{"twyman":1,"flags":[]}', b"\xff", b"[" * 100_000]
)
def test_what_is_no_document_is_refused(given_: bytes) -> None:
    with pytest.raises(Invalid, match="state can't be read"):
        read(given_)


def test_a_document_of_a_later_format_is_refused_with_what_to_do() -> None:
    with pytest.raises(Invalid, match=f"format 2, and this version reads {FORMAT}: update twyman"):
        read(b'{"twyman":2,"flags":{}}')


def test_a_flag_nested_beyond_all_bounds_is_refused_or_broken() -> None:
    deep = b'{"op":"not","part":' * 5000 + b'{"op":"broken","why":""}' + b"}" * 5000
    rule = b'{"name":"r","split":{"assigned":[]},"when":' + deep + b"}"
    document = b'{"twyman":1,"flags":{"a":{"name":"a","variants":[],"rules":[' + rule + b"]}}}"
    with suppress(Invalid):
        assert read(document).flags["a"].broken


def test_a_state_as_plain_values_is_what_its_document_says() -> None:
    state = State({"page": Flag("page", (Variant("on", value=True),))})
    assert plain(state) == {"flags": {"page": {"name": "page", "variants": ({"name": "on", "value": True},)}}}
