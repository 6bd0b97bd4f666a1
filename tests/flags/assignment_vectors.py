"""The state and the contexts of `assignment_vectors.json`: what a resolver in any language must answer alike.

The file holds them as JSON, so that nobody else needs this module; it is written anew by `make golden`.
"""

import json
from pathlib import Path
from typing import Any

from twyman.flags.bucketing import bucket_of
from twyman.flags.context import Context, unit_of
from twyman.flags.document import written
from twyman.flags.evaluation import Evaluation, Reason
from twyman.flags.flag import Assigned, Flag, Outcome, Rule, Split, Variant
from twyman.flags.population import BloomFilter, IdList
from twyman.flags.slices import Claim, Slice
from twyman.flags.state import Segment, State
from twyman.flags.targeting import (
    All,
    AnyOf,
    Broken,
    Contains,
    EachOf,
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
    Range,
    Some,
    StartsWith,
    Time,
    Version,
    Where,
)

FILE = Path(__file__).parent / "assignment_vectors.json"
ABOUT = (
    "What every resolver must answer. `state` is a document of format 1, and the one who asks is in the environment "
    "`production` and no client in particular. Each of `contexts` is asked of every flag; `answers` has, by flag and "
    "in the order of the contexts, [reason, variant, rule, bucket]: the bucket is that of the rule's split, for its "
    "unit; null where no rule served, or where its split has one side that takes everybody: nothing is drawn then."
)

HALVES = (Slice(0, 500_000),), (Slice(500_000, 1_000_000),)
EVERYBODY = Split((Assigned((Slice(0, 1_000_000),), "on"),))


def split_of(salt: str) -> Split:
    """Return two halves under a salt."""
    return Split((Assigned(HALVES[0], "off"), Assigned(HALVES[1], "on")), salt)


def flag_of(name: str, *rules: Rule, default: str = "") -> Flag:
    """Return a flag with the variants that all here have."""
    return Flag(name, (Variant("off", {"rows": 1}), Variant("on", {"rows": 2})), rules, default)


def asking(name: str, when: Expression) -> Flag:
    """Return a flag that is on for those it speaks to."""
    return flag_of(name, Rule("asked", EVERYBODY, when=when), default="off")


TESTS: dict[str, Expression] = {
    "country is NZ, whatever its case": Where("country", Is("NZ", ignore_case=True)),
    "country is in a set": Where("country", In(("NZ", "SE", "Straße"))),
    "country is null": Where("country", Is(None)),
    "country is there": Where("country", Exists()),
    "street, folded": Where("country", Is("STRASSE", ignore_case=True)),
    "age from 18 to 65": Where("age", Range(18, 65)),
    "age above 17.5": Where("age", Range(17.5, None, start_in=False)),
    "age is the number 18": Where("age", Is(18)),
    "age is the text 18": Where("age", Is("18")),
    "vip is true": Where("vip", Is(value=True)),
    "version from 2.0.0-rc.1": Where("version", Range(Version("2.0.0-rc.1"), Version("10"))),
    "since 2026": Where("since", Range(Time("2026-01-01"), None)),
    "some tag is jazz or 18": Where("tags", AnyOf(In(("jazz", 18)))),
    "each tag starts with j": Where("tags", EachOf(StartsWith("j"))),
    "the tags are jazz and soul": Where("tags", Is(("jazz", "soul"))),
    "a mail of example.com": Where("user.mail", EndsWith("@EXAMPLE.com", ignore_case=True)),
    "a mail with a plus": Where("user.mail", Contains("+")),
    "a mail of digits": Where("user.mail", Matches("^[0-9]+@")),
    "a pattern that is none": Some((Where("country", Is("NZ")), Where("user.mail", Matches("(")))),
    "not there and grown up": All((Not(Where("country", In(("NZ",)))), Where("age", Range(18, None)))),
    "in the segment": InSegment("nz"),
    "not in the segment": Not(InSegment("nz")),
    "among testers": InPopulation("testers"),
    "among many": InPopulation("many"),
    "where halves is on": FlagIs("halves", ("on",)),
    "broken unless NZ": Some((Where("country", Is("NZ")), Broken("it isn't known"))),
}
"""Expressions by what they ask."""

FLAGS = (
    flag_of("halves", Rule("draw", split_of("halves-1"))),
    flag_of("halves of households", Rule("draw", split_of("halves-2"), by="household"), default="off"),
    flag_of("a salt that isn't ASCII", Rule("draw", split_of("größe|🦘"))),
    flag_of(
        "a fifth, then a tenth of a group",
        Rule("fifth", split_of("fifth-split"), claims=(Claim("fifth", (Slice(0, 200_000),)),)),
        Rule(
            "both", split_of("both"), claims=(Claim("g", (Slice(0, 400_000),)), Claim("h", (Slice(700_000, 950_000),)))
        ),
    ),
    flag_of("a segment's half", Rule("draw", split_of("segment-split"), "nz"), default="off"),
    flag_of(
        "logged, then served",
        Rule("logged", Split((Assigned(HALVES[0], "", Outcome.FALLTHROUGH), Assigned(HALVES[1], "on")), "logged")),
        Rule("rest", EVERYBODY),
    ),
    flag_of("left to the caller", Rule("rest", Split((Assigned((Slice(0, 1_000_000),), "", Outcome.CLIENT_DEFAULT),)))),
    flag_of(
        "a gap",
        Rule("gap", Split((Assigned((Slice(0, 3), Slice(5, 6)), "off"), Assigned((Slice(6, 9),), "on")), "gap", 10)),
    ),
    flag_of(
        "elsewhere",
        Rule("elsewhere", EVERYBODY, environments=("staging",)),
        Rule("here", split_of("here"), environments=("production",)),
    ),
    *(asking(name, when) for name, when in TESTS.items()),
)

STATE = State(
    {flag.name: flag for flag in FLAGS},
    {"nz": Segment("nz", Where("country", In(("NZ",), ignore_case=True)), (Claim("nz-1", (Slice(0, 600_000),)),))},
    {"testers": IdList(frozenset(["u-1", "🦘"])), "many": BloomFilter.of(["u-2", "u-3", "12345", "🦘"])},
)

CONTEXTS: tuple[Context, ...] = (
    {},
    {"targeting_key": "u-1", "country": "NZ", "age": 18, "vip": True, "household": "h-1"},
    {"targeting_key": "u-2", "country": "nz", "age": 17, "vip": "true", "household": 7},
    {"targeting_key": "u-3", "country": "SE", "age": "18", "vip": 1, "household": None},
    {"targeting_key": "u-4", "country": "Straße", "age": 64.9, "tags": ["jazz", "soul"], "household": "h-2"},
    {"targeting_key": "u-5", "country": ["NO", "NZ"], "age": 65, "tags": [], "version": "2.0.0-rc.1"},
    {"targeting_key": "u-6", "country": None, "age": None, "tags": "jazz", "version": "1.10.0"},
    {"targeting_key": "u-7", "age": 17.5, "tags": [18, None], "version": "9.1", "since": "2026-01-01"},
    {"targeting_key": "u-8", "version": "10.0.0", "since": "2025-12-31T23:30:00-01:00", "household": "h-3"},
    {"targeting_key": "u-9", "version": "new", "since": 1767225600, "user": {"mail": "9@Example.com"}},
    {"targeting_key": "u-10", "since": "2025-12-31", "user": {"mail": "a+b@example.com"}, "country": "NZ"},
    {"targeting_key": "u-11", "user": {"mail": 7}, "country": "", "household": "é" * 100},
    {"targeting_key": "u-12", "user": "mail", "country": "NZ", "household": "x" * 101},
    {"targeting_key": 12345, "country": "NZ", "age": 40, "household": 2.5},
    {"targeting_key": "", "country": "NZ", "household": ""},
    {"targeting_key": "🦘", "country": "NZ", "age": 30, "household": "🎧"},
    {"targeting_key": "användare 1", "country": "SE", "household": "用户"},
    {"targeting_key": True, "country": "NZ"},
    {"targeting_key": ["u-1"], "country": "SE"},
    {"targeting_key": "x" * 100, "country": "NZ"},
)


def bucket(flag: Flag, answer: Evaluation, context: Context) -> int | None:
    """Return the bucket that an answer was drawn by; `None` where none was."""
    rule = next((rule for rule in flag.rules if rule.name == answer.rule), None)
    if answer.reason is not Reason.MATCH or rule is None or rule.split.is_whole:
        return None
    unit = unit_of(context, rule.by)
    return None if unit is None else bucket_of(unit, salt=rule.split.salt, buckets=rule.split.buckets)


def shown(flag: Flag, answer: Evaluation, context: Context) -> list[Any]:
    """Return what the file holds of an answer."""
    return [answer.reason.value, answer.variant, answer.rule, bucket(flag, answer, context)]


def document(answers: dict[str, list[list[Any]]]) -> str:
    """Return the file's text."""
    rows = ",\n".join(f"  {json.dumps(context, ensure_ascii=False)}" for context in CONTEXTS)
    lines = ",\n".join(
        f"  {json.dumps(flag, ensure_ascii=False)}: {json.dumps(rows, ensure_ascii=False)}"
        for flag, rows in answers.items()
    )
    opening = f'{{"about": {json.dumps(ABOUT)},\n "state": {written(STATE).decode()},\n'
    return f'{opening} "contexts": [\n{rows}\n ],\n "answers": {{\n{lines}\n }}}}\n'
