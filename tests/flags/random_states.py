"""Whole states, contexts and memories drawn at random, to hold two readings of them equal.

Everything is drawn from small shared pools, so that contexts meet what rules ask for, and names and values are
hostile on purpose. States are such as a document can hold; contexts hold anything a caller might pass.

Each drawer takes a `random.Random`: with a seeded one it is quick (thousands a second), and the strategies
`states()`, `contexts()` and `memories()` run the same drawers on Hypothesis's, which shrinks what fails.
"""

from datetime import UTC, date, datetime
from random import Random
from types import MappingProxyType

import mmh3
from hypothesis import strategies as st
from msgspec import UNSET, Struct

from twyman.flags.bucketing import BUCKETS
from twyman.flags.context import Context
from twyman.flags.flag import Assigned, Flag, Outcome, Rule, Split, Sticky, Variant
from twyman.flags.population import BloomFilter, IdList, Population
from twyman.flags.slices import Claim, Slice
from twyman.flags.state import Client, Segment, State
from twyman.flags.targeting import (
    All,
    AnyOf,
    Broken,
    Contains,
    EachOf,
    ElementTest,
    EndsWith,
    Exists,
    Expression,
    FlagIs,
    In,
    InPopulation,
    InSegment,
    Is,
    Matches,
    Not,
    Operand,
    Range,
    Scalar,
    Some,
    StartsWith,
    Test,
    Time,
    Unknown,
    Version,
    Where,
)

ATTRIBUTES = (
    "country",
    "age",
    "version",
    "since",
    "tags",
    "vip",
    "user.country",
    "user.deep.id",
    'it\'s "c0"\n{x}',
    "",
)
"""Paths that rules read, and contexts fill."""

BYS = ("", "", "", "", "user_id", "user.deep.id", "age")
"""Paths of units' ids, as rules name them."""

TEXTS = ("NZ", "SE", "nz", "Straße", "STRASSE", "", "18", "18.0", "true", "jazz", "'; import os #", "🦘", "u-1")
NUMBERS = (18, 18.0, 0, -1, 17.5, 1767225600, 10**30)
VERSIONS = ("1.2.3", "1.10", "2.0.0-rc.1", "2.0.0", "no version")
TIMES = ("2026-01-01", "2026-01-01T00:00:00Z", "2025-12-31T23:00:00-01:00", "2026-06-01T12:00:00.5", "no time")
PATTERNS = ("^N", "(?i)nz|se", "[0-9]+", "a{1,3}$", "(", "(a+)+$")
UNITS = tuple(f"user-{number}" for number in range(40))
STORES = ("kept", "other")
CLIENTS = (None, None, "mobile", "desktop")
ENVIRONMENTS = ((), ("production",), ("staging", "production"))
FLAGS = ("page", "player", "class", "\"'\\{0}\n\u2028", "page.ab")
SEGMENTS = ("listeners", "nz", "c1", "while True:", "")
POPULATIONS = ("testers", "bloom", "absent")


class Word(str):
    """Text of another class, as enumerations have it."""

    __slots__ = ()


HOSTILE: tuple[object, ...] = (
    None,
    True,
    False,
    "\ud800",
    "x" * 200,
    10**400,
    -(10**5000),
    float("nan"),
    float("inf"),
    -0.0,
    b"NZ",
    object(),
    Word("NZ"),
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2026, 1, 1),  # noqa: DTZ001 - callers do pass naive ones
    datetime.min,  # noqa: DTZ901
    date(2026, 1, 1),
    (),
    [None],
    ["NZ", 18, None],
    ("jazz", "18"),
    [["NZ"]],
    [{}],
    {"country": "SE"},
    {"deep": {"id": "u-1"}, "country": "NZ"},
    {1: 2},
)
"""Values that no rule expects."""


def drawn_state(rng: Random) -> State:
    """Draw a state: references may be circular or lead nowhere, and any part may be broken."""
    flags = rng.sample(FLAGS, rng.randint(1, 4))
    segments = rng.sample(SEGMENTS, rng.randint(1, 5))
    return State(
        {name: drawn_flag(rng, name) for name in flags},
        {name: _segment(rng, name) for name in segments},
        {name: _population(rng) for name in POPULATIONS[: rng.randint(0, 2)]},
        {"mobile": Client("mobile")},
        rng.choice(("", "v1")),
    )


def drawn_flag(rng: Random, name: str) -> Flag:
    """Draw a flag, whose rules may name segments and flags of the pools."""
    variants = tuple(
        Variant(each, rng.choice((True, 7, {"rows": 2}, [1, "a"], "x", None))) for each in ("on", "off", "new")
    )
    return Flag(
        name,
        variants,
        tuple(_rule(rng, f"rule {place}") for place in range(rng.choice((0, 1, 1, 2, 2, 3, 5)))),
        rng.choice(("", "off", "lost")),
        clients=rng.choice((UNSET, UNSET, UNSET, ("mobile",), ())),
        archived=rng.random() < 0.05,
        broken="it can't be read" if rng.random() < 0.05 else "",
    )


def _rule(rng: Random, name: str) -> Rule:
    return Rule(
        name,
        _split(rng),
        rng.choice(SEGMENTS) if rng.random() < 0.5 else "",
        drawn_expression(rng) if rng.random() < 0.5 else None,
        _claims(rng),
        rng.choice(BYS),
        enabled=rng.random() < 0.95,
        environments=rng.choice(((), (), (), ("production",), ("staging", "test"))),
        sticky=_sticky(rng) if rng.random() < 0.2 else None,
        experiment=rng.choice(("", "moment-page")),
    )


def _sticky(rng: Random) -> Sticky:
    reads, writes = rng.choice(("", "kept", "kept")), rng.choice(("", "kept", "other"))
    return Sticky(reads, writes, paused=rng.random() < 0.3, ignores_targeting=rng.random() < 0.3)


def _split(rng: Random) -> Split:
    """Draw a split: whole, halves, thirds, gaps, sides that overlap, a few buckets, and rarely none."""
    buckets = rng.choice((BUCKETS, BUCKETS, BUCKETS, 10, 1, 0 if rng.random() < 0.1 else 3))
    kind = rng.randrange(7)
    if kind < 2:
        return Split((_side(rng, (Slice(0, buckets),)),), rng.choice(("", "whole")), buckets)
    if kind < 5:
        half = buckets // 2
        return Split((_side(rng, (Slice(0, half),)), _side(rng, (Slice(half, buckets),))), "halves", buckets)
    sides = tuple(_side(rng, _slices(rng, buckets)) for _ in range(rng.randint(0, 4)))
    return Split(sides, rng.choice(("", "salt|", "ß", "%s{}")), buckets)


def _side(rng: Random, slices: tuple[Slice, ...]) -> Assigned:
    to = rng.choice((Outcome.VARIANT, Outcome.VARIANT, Outcome.VARIANT, Outcome.FALLTHROUGH, Outcome.CLIENT_DEFAULT))
    variant = rng.choice(("on", "on", "off", "new", "new", "unheard of" if rng.random() < 0.1 else "on"))
    return Assigned(slices, variant if to is Outcome.VARIANT else "", to, rng.choice(("", "id-1")))


def _slices(rng: Random, buckets: int) -> tuple[Slice, ...]:
    ends = [rng.choice((0, buckets, buckets // 3, rng.randint(-1, buckets + 1))) for _ in range(2 * rng.randint(0, 3))]
    return tuple(Slice(*ends[at : at + 2]) for at in range(0, len(ends), 2))


def _claims(rng: Random) -> tuple[Claim, ...]:
    slices = (Slice(0, BUCKETS),), (Slice(0, BUCKETS // 2), Slice(BUCKETS // 2, BUCKETS)), (Slice(0, 800_000),)
    return tuple(
        Claim(rng.choice(("a", "b")), rng.choice((*slices, _slices(rng, BUCKETS))))
        for _ in range(rng.choice((0, 0, 0, 0, 1, 1, 2)))
    )


def _segment(rng: Random, name: str) -> Segment:
    return Segment(name, drawn_expression(rng) if rng.random() < 0.8 else None, _claims(rng))


def _population(rng: Random) -> Population:
    ids = frozenset(rng.sample(UNITS, 15))
    if rng.random() < 0.5:
        return IdList(ids)
    bits, hashes = 512, 3
    data = bytearray(bits // 8)
    for unit in ids:
        first, second = mmh3.hash64(unit, signed=False)
        for turn in range(hashes):
            bit = ((first + turn * second) & (1 << 64) - 1 & ~(1 << 63)) % bits
            data[(bit >> 6) * 8 + 7 - ((bit & 63) >> 3)] |= 1 << (bit & 7)
    return BloomFilter(bytes(data), hashes, bits)


def drawn_expression(rng: Random, depth: int = 3) -> Expression:
    """Draw an expression: mostly one test, sometimes a tree, a reference, or a criterion that is broken."""
    kind = rng.random()
    if depth and kind < 0.3:
        parts = tuple(drawn_expression(rng, depth - 1) for _ in range(rng.choice((0, 1, 2, 2, 3))))
        return rng.choice((All, Some))(parts)
    if depth and kind < 0.4:
        return Not(drawn_expression(rng, depth - 1))
    if kind < 0.6:
        return _reference(rng)
    return Where(rng.choice(ATTRIBUTES), drawn_test(rng))


def _reference(rng: Random) -> Expression:
    kind = rng.randrange(8)
    if kind < 3:
        return InSegment(rng.choice(SEGMENTS))
    if kind < 5:
        return InPopulation(rng.choice((*POPULATIONS, *STORES)))
    if kind < 7:
        return FlagIs(rng.choice((*FLAGS, "lost")), tuple(rng.sample(("on", "off", "new", ""), rng.randint(0, 3))))
    return Broken("it isn't known")


def drawn_test(rng: Random) -> Test:
    """Draw a test on an attribute's value."""
    return rng.choice((AnyOf, EachOf))(_element_test(rng)) if rng.random() < 0.2 else _element_test(rng)


def _element_test(rng: Random) -> ElementTest:
    fold, kind = rng.random() < 0.3, rng.randrange(12)
    if kind < 2:
        return Is(_operand(rng), fold)
    if kind < 5:
        pool = rng.choice((TEXTS, TEXTS, NUMBERS, (*TEXTS, *NUMBERS, None, True), ()))
        return In(tuple(rng.sample(pool, min(len(pool), rng.randint(0, 6)))), fold)
    if kind < 8:
        bound = rng.choice((_text, _number, _version, _time, _scalar))
        bounds = [bound(rng) if rng.random() < 0.7 else None for _ in "ab"]
        return Range(*bounds, start_in=rng.random() < 0.5, end_in=rng.random() < 0.5)
    if kind < 10:
        return rng.choice((StartsWith, EndsWith, Contains))(_text(rng)[: rng.randint(0, 3)], fold)
    if kind < 11:
        return Matches(rng.choice(PATTERNS), fold)
    return Exists(rng.random() < 0.5) if rng.random() < 0.8 else Unknown("sounds like")


def _operand(rng: Random) -> Operand:
    if rng.random() < 0.1:
        return tuple(_scalar(rng) for _ in range(rng.randint(0, 3)))
    return _scalar(rng)


def _scalar(rng: Random) -> Scalar:
    return rng.choice((_text, _number, _version, _time, _odd))(rng)


def _text(rng: Random) -> str:
    return rng.choice(TEXTS)


def _number(rng: Random) -> float | int:
    return rng.choice(NUMBERS)


def _version(rng: Random) -> Scalar:
    return Version(rng.choice(VERSIONS))


def _time(rng: Random) -> Scalar:
    return Time(rng.choice(TIMES))


def _odd(rng: Random) -> Scalar:
    return rng.choice((None, True, False))


def drawn_context(rng: Random) -> Context:
    """Draw a context: most have a unit and values that rules ask for; some hold what nobody expects."""
    context: dict[str, object] = {}
    for path in ATTRIBUTES:
        if rng.random() < 0.7:
            _put(context, path, drawn_value(rng))
    for path in ("targeting_key", "user_id"):
        if rng.random() < 0.9:
            context[path] = rng.choice(UNITS) if rng.random() < 0.85 else _odd_unit(rng)
    return MappingProxyType(context) if rng.random() < 0.1 else context


def _put(context: dict[str, object], path: str, value: object) -> None:
    """Put a value at a path, unless something else is in its way."""
    *outer, last = path.split(".")
    for name in outer:
        inner = context.setdefault(name, {})
        if not isinstance(inner, dict):
            return
        context = inner
    context[last] = value


def drawn_value(rng: Random) -> object:
    """Draw a value of an attribute."""
    pool = rng.choice((TEXTS, TEXTS, NUMBERS, VERSIONS, TIMES, HOSTILE))
    if rng.random() < 0.15:
        return [rng.choice(pool) for _ in range(rng.randint(0, 3))]
    return rng.choice(pool)


def _odd_unit(rng: Random) -> object:
    return rng.choice((*HOSTILE, "", "🦘", "é" * 100, "x" * 100, "x" * 101, 12345, -7, 4.0, 4.5))


class Remembered(Struct, frozen=True):
    """A memory of variants by store, unit and rule."""

    variants: dict[tuple[str, str, str], str]

    def variant(self, store: str, unit: str, rule: str) -> str | None:
        """Return what is kept."""
        return self.variants.get((store, unit, rule))

    def holds(self, store: str, unit: str) -> bool:
        """Say whether anything is kept."""
        return any(key[:2] == (store, unit) for key in self.variants)


def drawn_memory(rng: Random) -> Remembered:
    """Draw a memory in which about half of the units have something, of variants that may be there no more."""
    return Remembered(
        {
            (store, unit, rng.choice(("rule 0", "rule 0", "rule 1"))): rng.choice(("on", "off", "new", "", "gone"))
            for store in STORES
            for unit in rng.sample(UNITS, 20)
        }
    )


def drawn_view(rng: Random) -> tuple[str | None, tuple[str, ...]]:
    """Draw who asks, and from which environments."""
    return rng.choice(CLIENTS), rng.choice(ENVIRONMENTS)


_RANDOMS = st.randoms(use_true_random=False)


def states() -> st.SearchStrategy[State]:
    """Return a strategy of states."""
    return _RANDOMS.map(drawn_state)


def contexts() -> st.SearchStrategy[Context]:
    """Return a strategy of contexts."""
    return _RANDOMS.map(drawn_context)


def memories() -> st.SearchStrategy[Remembered]:
    """Return a strategy of memories."""
    return _RANDOMS.map(drawn_memory)


def views() -> st.SearchStrategy[tuple[str | None, tuple[str, ...]]]:
    """Return a strategy of clients with environments."""
    return _RANDOMS.map(drawn_view)
