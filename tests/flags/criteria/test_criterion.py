"""What each test means, on values of every kind."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from twyman.flags.criteria.criterion import BrokenCriterion, holds
from twyman.flags.targeting import (
    AnyOf,
    Contains,
    EachOf,
    EndsWith,
    Exists,
    In,
    Is,
    Matches,
    Range,
    StartsWith,
    Test,
    Time,
    Unknown,
    Version,
)

NEVER = (Is("x"), In(("x", 1)), Range(0, 9), StartsWith(""), EndsWith(""), Contains(""), Matches(""), Exists())
"""Tests that null doesn't meet."""


@pytest.mark.parametrize(
    ("test", "met", "unmet"),
    [
        (Is("SE"), ["SE", ["NO", "SE"]], ["se", "", None, [], True, ["NO"], {}]),
        (Is("SE", ignore_case=True), ["SE", "se"], ["sé", None]),
        (Is("STRASSE", ignore_case=True), ["straße", "Strasse"], ["strase"]),
        (Is(18), [18, 18.0, "18", "18.0", [1, 18]], [True, "x", None, 19, [18, 1][1:]]),
        (Is("18"), [18, 18.0, "18"], ["18.0", True]),
        (Is(value=True), [True, "true", "TRUE"], [1, "True", None, False]),
        (Is(value=False), [False, "false"], [0, None, "", True]),
        (Is(None), [None, [None]], ["null", 0, "", [], False]),
        (Is("null"), ["null"], [None]),
        (Is(()), [[], ()], [None, "", [1]]),
        (Is(("a", 1)), [["a", 1], ("a", "1.0"), [["a", 1]]], [["a"], ["a", 1, 1], ["b", 1], "a", None]),
        (Is(("A",), ignore_case=True), [["a"]], [["b"]]),
        (Is(Version("1.2")), ["1.2.0", "1.2"], ["1.2.1", 1.2, None]),
        (Is(Time("1970-01-02")), [86_400, "1970-01-02T00:00Z"], [86_401, None]),
        (Is(Version("newest")), [], ["newest", None]),
        (In(("NO", 7, None)), ["NO", 7, "7", None, ["x", 7]], ["SE", [], 8]),
        (In(("no",), ignore_case=True), ["NO"], ["N"]),
        (In(()), [], [None, "", []]),
        (Range(18, 65), [18, 64.9, "30", [5, 20]], [65, 17.9, "x", None, [], True, [5, 70]]),
        (Range(18, 65, start_in=False, end_in=True), [65, 18.1], [18, 65.1]),
        (Range(18), [18, 10**30, float("inf")], [17, None, float("nan")]),
        (Range(end=18), [17, -(10**30)], [18, None]),
        (Range(0, 100, end_in=True), [0, 100], [-1, 101]),
        (Range(), [], [None, 0, "x", []]),
        (Range("b", "d"), ["b", "cz"], ["a", "d", None, True]),
        (Range(Version("2.0.0")), ["2", "10.0"], ["2.0.0-rc.1", "x", 3]),
        (Range(Time("2026-01-01"), Time("2027-01-01")), ["2026-06-01T00:00:00Z", 1_780_000_000], ["2027-01-01", "x"]),
        (Range(Version("x"), Version("3")), [], ["2.0"]),
        (StartsWith("te"), ["test", ["x", "test"]], ["Test", 7, None, "a test"]),
        (StartsWith("TE", ignore_case=True), ["test"], ["t"]),
        (EndsWith("st"), ["test", "st"], ["tes", 5, None]),
        (EndsWith("ST", ignore_case=True), ["test"], ["te"]),
        (Contains("es"), ["test", [1, False, "test"]], ["e s", 7, [], None, {"es": 1}]),
        (Contains("ES", ignore_case=True), ["test"], ["te"]),
        (Contains("é"), ["café"], ["cafe\u0301"]),
        (Contains(""), ["", "x"], [None, 7]),
        (Matches("^a+b$"), ["aab", ["x", "ab"]], ["AB", "xab", 7, None, "\ud800"]),
        (Matches("^a+b$", ignore_case=True), ["AB"], ["b"]),
        (Matches("b"), ["abc"], ["ac"]),
        (Exists(), ["", 0, False, [], {}, [None]], [None]),
        (Exists(there=False), [None], ["", 0, False, []]),
        (AnyOf(Is("a")), [["a", "b"], "a"], [[], None, ["b"], [["a"]]]),
        (AnyOf(Is(None)), [[None]], [None, []]),
        (AnyOf(Exists(there=False)), [[None, 1]], [[1], None, []]),
        (EachOf(Is("a")), [["a", "a"], "a", [], None], [["a", "b"], "b"]),
        (EachOf(Range(0, 100)), [[0, 50], []], [[0, 500]]),
        (EachOf(Exists()), [[1], []], [[None]]),
    ],
    ids=str,
)
def test_a_test_is_met_by_some_values_and_not_by_others(test: Test, met: list[Any], unmet: list[Any]) -> None:
    assert [value for value in met if not holds(test, value)] == []
    assert [value for value in unmet if holds(test, value)] == []


@pytest.mark.parametrize("test", NEVER, ids=str)
def test_null_meets_nothing_but_what_asks_for_it(test: Test) -> None:
    assert not holds(test, None)


@pytest.mark.parametrize(
    "test", [Unknown("sounds like"), AnyOf(Unknown()), EachOf(Unknown()), Matches("("), Matches("(?<=a)b")]
)
def test_what_cant_be_understood_is_broken(test: Test) -> None:
    with pytest.raises(BrokenCriterion):
        holds(test, "x")


def test_the_reason_names_what_cant_be_understood() -> None:
    with pytest.raises(BrokenCriterion, match="'sounds like' isn't known"):
        holds(Unknown("sounds like"), None)
    with pytest.raises(BrokenCriterion, match=r"'\(' isn't a regular expression of RE2"):
        holds(Matches("("), "x")


def test_a_pattern_that_asks_for_too_much_memory_is_broken() -> None:
    for greedy in ("((a{100}){100}){100}", r"\pL{200}"):
        with pytest.raises(BrokenCriterion):
            holds(Matches(greedy), "a")


def test_a_hostile_pattern_takes_linear_time() -> None:
    assert not holds(Matches("^(a+)+$"), "a" * 100_000 + "b")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)


@given(VALUES, st.sampled_from([Is("a"), In(("a", 1, None)), Range(0, 5), Contains("a"), Exists(), EachOf(Is(1))]))
def test_a_list_meets_a_test_where_some_element_does(value: Any, test: Test) -> None:
    if isinstance(test, Exists | EachOf) or not isinstance(value, list):
        holds(test, value)
        return
    flat = [each for each in value if not isinstance(each, list)]
    assert holds(test, value) == any(holds(test, each) for each in flat)
