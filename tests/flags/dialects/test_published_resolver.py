"""Figures as the published resolver answers: its WASM, version 0.26.1, was asked, and what it said was typed in.

Where ours differs on purpose, the test says so; `twyman.flags.dialects.confidence` says why.
"""

import struct
from collections.abc import Callable
from typing import Any

import pytest
from tests.cohorts.one_row import OneRow

from twyman.flags.compiled import Compiled
from twyman.flags.context import Context
from twyman.flags.dialects import confidence
from twyman.flags.evaluation import Evaluation, Reason
from twyman.flags.resolve import Interpreter, Resolver

Piece = dict[str, Any]

RESOLVERS: tuple[Callable[..., Resolver], ...] = (Interpreter, Compiled, OneRow)


def answer(rule: Piece, targeting: Piece, context: Context) -> Evaluation:
    """Return the one answer of all resolvers, of a flag `a` with a variant `on`."""
    flag = {"name": "flags/a", "state": "ACTIVE", "variants": [{"name": "on", "value": {}}], "rules": [rule]}
    segment = {"name": "segments/s", "targeting": targeting}
    state = confidence.state({"flags": [flag], "segmentsNoBitsets": [segment]}, account="a")
    first, *others = (make(state).evaluate("a", context) for make in RESOLVERS)
    assert all(other == first for other in others)
    return first


def all_to_on(*, lower: int = 0, upper: int = 1, buckets: int = 1, by: str = "") -> Piece:
    sides = [{"assignmentId": "x", "variant": {"variant": "on"}, "bucketRanges": [{"lower": lower, "upper": upper}]}]
    spec = {"bucketCount": buckets, "assignments": sides}
    return {"name": "r", "segment": "segments/s", "enabled": True, "assignmentSpec": spec, "targetingKeySelector": by}


def meets(test: Piece, value: object) -> bool:
    """Say whether an attribute meets a test, which must be the opposite of what it says under `not`."""
    criteria = {"c": {"attribute": {"attributeName": "v", **test}}}
    context = {"targeting_key": "u", "v": value}
    found, other = (
        answer(all_to_on(), {"criteria": criteria, "expression": expression}, context).reason is Reason.MATCH
        for expression in ({"ref": "c"}, {"not": {"ref": "c"}})
    )
    assert found is not other
    return found


def split(test: Piece, values: list[object]) -> list[object]:
    """Return those values that meet a test."""
    return [value for value in values if meets(test, value)]


def text(value: str) -> Piece:
    return {"stringValue": value}


def number(value: float) -> Piece:
    return {"numberValue": value}


def version(value: str) -> Piece:
    return {"versionValue": {"version": value}}


def time(value: str) -> Piece:
    return {"timestampValue": value}


def eq(value: Piece) -> Piece:
    return {"eqRule": {"value": value}}


def among(*values: Piece) -> Piece:
    return {"setRule": {"values": list(values)}}


EPOCH = time("1970-01-01T00:00:00Z")

MET: list[tuple[str, Piece, list[object], list[object]]] = [
    # what, the test, values that meet it, values that don't
    ("a number's text has no exponent", eq(text("0.0000001")), [1e-7, "0.0000001"], ["1e-7", "1e-07"]),
    ("nor has a large one's", eq(text("1000000000000000000000")), [1e21], ["1e21", "1e+21"]),
    ("a whole number's text has no point", eq(text("42")), [42, 42.0, "42", [42], ["x", "42"]], ["42.0", True, 42.5]),
    ("numbers of texts", eq(number(42)), ["42", "+42", "042", "42.00", "4.2e1", 42], ["infinity", "nan", True, "1e3"]),
    ("truths of texts", eq({"boolValue": True}), [True, "true", "TRUE", [False, True]], ["True", "t", 1, "1", "yes"]),
    ("null is no value of a set", among({}), [], [None, [None], "a", []]),
    ("null first makes a set empty", among({}, text("a")), [], [None, "a"]),
    ("null later is passed over", among(text("a"), {}), ["a"], [None]),
    ("a set is of its first value's kind", among(text("a"), number(42)), ["a", ["x", "a"]], [42, "42"]),
    ("also within any", {"anyRule": {"rule": among(text("a"), number(42))}}, ["a", ["a", 42]], [42, [42], "42"]),
    ("also within all", {"allRule": {"rule": among(text("a"), number(42))}}, ["a", [], None], [["a", 42]]),
    ("a set of numbers reads texts", among(number(42)), [42, "42"], [True, 1]),
    ("nothing equals a list", eq({"listValue": {"values": [text("a")]}}), [], [["a"], [["a"]], "a", []]),
    ("nor an empty one", eq({"listValue": {"values": []}}), [], [[], None]),
    ("nor one in a set", among({"listValue": {"values": [text("a")]}}, text("b")), [], [["a"], [["a"]], "b"]),
    ("null is null, also in a list", eq({}), [None, [None]], ["a", [], "null"]),
    ("but no element is", {"anyRule": {"rule": eq({})}}, [], [None, [None], ["a", None], []]),
    ("so that all are in an empty list only", {"allRule": {"rule": eq({})}}, [None, []], [[None], ["a"]]),
    ("versions are equal as texts", eq(version("1.2.0")), ["1.2.0", ["1.2.0"]], ["1.2", "1.2.0.0", "01.2.0", 1.2]),
    ("whatever those say", eq(version("v1.2.3")), ["v1.2.3"], ["1.2.3"]),
    ("builds too", among(version("1.2.3")), ["1.2.3"], ["1.2.3+b", "1.2.3-rc.1"]),
    (
        "at least a version takes in what comes before its release",
        {"rangeRule": {"startInclusive": version("5.2.0")}},
        ["5.2.0", "5.2.0-beta", "5.2.0-1", "5.2.0-0", "5.2", "5.10.0", "5.2.0.1"],
        ["5.1.9", "5.1"],
    ),
    (
        "below a version leaves out what comes before its release",
        {"rangeRule": {"endExclusive": version("5.2.0")}},
        ["5.1.9", "5.1", "5.1.9-rc.1"],
        ["5.2.0", "5.2.0-beta", "5.2.0-0", "5.2"],
    ),
    (
        "above a version leaves out what comes before its release",
        {"rangeRule": {"startExclusive": version("5.2.0-rc.2")}},
        ["5.2.1", "5.2.1-alpha", "5.2.0.1"],
        ["5.2.0", "5.2.0-rc.3", "5.2.0-rc.1"],
    ),
    (
        "at most a version takes in its release",
        {"rangeRule": {"endInclusive": version("5.2.0-rc.2")}},
        ["5.2.0", "5.2.0-rc.3", "5.1.0"],
        ["5.2.1", "5.2.1-alpha"],
    ),
    (
        "numbers from 1,000,000,000,000 on are milliseconds",
        {"rangeRule": {"startInclusive": time("2100-01-01T00:00:00Z")}},
        [999_999_999_999, 100_000_000_000],
        [1_000_000_000_000, 1_668_698_177_118],
    ),
    (
        "on either side of 1970",
        {"rangeRule": {"endInclusive": time("1900-01-01T00:00:00Z")}},
        [-999_999_999_999, -10_000_000_000],
        [-1_000_000_000_000],
    ),
    ("less than a second is cut off", eq(EPOCH), [0, 0.1, -0.5, "1970-01-01", "1970-01-01 00:00:00"], [1, -1, "0"]),
    (
        "less than a millisecond is cut off",
        eq(time("2022-11-17T15:16:17.118Z")),
        [1_668_698_177_118, 1_668_698_177_118.5, "2022-11-17T16:16:17.118+01:00", "2022-11-17T15:16:17.118"],
        [1_668_698_177.118, 1_668_698_177, "2022-11-17T15:16:17.118 Z", "2022-11-17T15:16:17.118UTC"],
    ),
    ("a zone needs a time of day", eq(time("1970-01-01T01:00:00Z")), ["1970-01-01T01:00:00Z"], ["1970-01-01+01:00"]),
]


@pytest.mark.parametrize(("test", "met", "unmet"), [case[1:] for case in MET], ids=[case[0] for case in MET])
def test_attributes_meet_tests_as_the_published_resolver_answers(
    test: Piece, met: list[object], unmet: list[object]
) -> None:
    assert split(test, [*met, *unmet]) == met


ON_PURPOSE: list[tuple[str, Piece, list[object]]] = [
    # what, the test, values that meet it in the published resolver and not in ours
    ("null isn't the text", eq(text("null")), [None, True, {"a": 1}, [None]]),
    ("nor in a range of texts", {"rangeRule": {"startInclusive": text("a")}}, [None, True, {}]),
    ("no text is false but two", eq({"boolValue": False}), ["yes", "0", ""]),
    ("what is no version isn't the lowest", {"rangeRule": {"endExclusive": version("5.2.0")}}, ["garbage", "v6.0", ""]),
    ("one number is a version", {"rangeRule": {"endExclusive": version("16.0")}}, ["17"]),
    ("infinity is no number", {"rangeRule": {"endInclusive": number(1)}}, ["-inf"]),
    ("days have two digits", eq(time("2022-01-05T00:00:00Z")), ["2022-1-5"]),
]


@pytest.mark.parametrize(("test", "values"), [case[1:] for case in ON_PURPOSE], ids=[case[0] for case in ON_PURPOSE])
def test_what_cant_be_read_meets_nothing_where_the_published_resolver_guesses(
    test: Piece, values: list[object]
) -> None:
    assert split(test, values) == []


def test_a_text_that_is_no_number_spoils_no_other_flag_where_the_published_resolver_fails_the_request() -> None:
    assert split(eq(number(42)), ["x", "", " 42", "4_2"]) == []


ISO = ["2022-11-17T15:16Z", "2022-11-17T15:16", "2022-11-17T16:16:00+0100", "2022-11-17T16:16:00+01"]


@pytest.mark.parametrize("value", ISO)
def test_all_of_iso_8601_is_read_where_the_published_resolver_wants_seconds_and_a_colon(value: str) -> None:
    assert meets(eq(time("2022-11-17T15:16:00Z")), value)


UNITS: list[tuple[object, Reason]] = [
    (12345, Reason.MATCH), (12345.0, Reason.MATCH), (1e21, Reason.MATCH), (-0.0, Reason.MATCH), ("", Reason.MATCH),
    ("x" * 100, Reason.MATCH), ("x" * 101, Reason.UNIT_ERROR), (12345.5, Reason.UNIT_ERROR),
    (True, Reason.UNIT_ERROR), ([], Reason.UNIT_ERROR), (["u"], Reason.UNIT_ERROR), ({}, Reason.UNIT_ERROR),
    (None, Reason.NO_MATCH),
]  # fmt: skip


@pytest.mark.parametrize(("unit", "reason"), UNITS, ids=lambda value: repr(value)[:12])
def test_units_are_read_as_the_published_resolver_answers(unit: object, reason: Reason) -> None:
    assert answer(all_to_on(by="user.id"), {}, {"user": {"id": unit}}).reason is reason


def test_a_path_looks_into_structs_and_never_at_a_name_with_dots() -> None:
    contexts: list[Context] = [{"user.id": "u"}, {"user": "u"}, {"user": {"id": "u"}, "user.id": "v"}]
    said = [answer(all_to_on(by="user.id"), {}, context).reason for context in contexts]
    assert said == [Reason.NO_MATCH, Reason.NO_MATCH, Reason.MATCH]


def test_a_range_of_buckets_beyond_all_takes_everybody_with_a_unit() -> None:
    everybody = {"targeting_key": "u"}
    assert answer(all_to_on(lower=-5, upper=500, buckets=10), {}, everybody).reason is Reason.MATCH


def framed(field: int, content: bytes) -> bytes:
    """Return a field of a binary message, of up to 127 bytes."""
    return struct.pack("BB", field << 3 | 2, len(content)) + content


@pytest.mark.parametrize("size", [ord("{"), ord("["), ord("\n"), ord(" ")])
def test_a_binary_state_isnt_taken_for_json_whatever_the_length_of_its_first_flag(size: int) -> None:
    name = "flags/" + "a" * (size - 8)
    document = framed(1, framed(1, name.encode()))
    assert document[:2] == bytes([ord("\n"), size])
    assert list(confidence.state(document).flags) == [name.removeprefix("flags/")]


def test_json_may_start_with_white_space() -> None:
    assert list(confidence.state(b'\n{"flags": [{"name": "flags/a"}]}').flags) == ["a"]
