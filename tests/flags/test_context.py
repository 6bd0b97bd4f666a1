"""What is read of a context: attributes by path, and units."""

from enum import Enum
from types import MappingProxyType

import pytest
from hypothesis import given, strategies as st

from twyman.flags.bucketing import bucket_of
from twyman.flags.context import LONGEST_UNIT, NoUnit, attribute, unit_of, with_targeting_key


class Color(str, Enum):  # noqa: UP042 - a StrEnum formats as its value
    """Text of another class, which Python 3.11 formats as `Color.RED`."""

    RED = "red"


def test_a_path_leads_through_nested_mappings() -> None:
    context = {"user": MappingProxyType({"deep": {"id": 7}}), "a.b": 1}
    assert attribute(context, "user.deep.id") == 7
    assert attribute(context, "user.deep") == {"id": 7}


@pytest.mark.parametrize("path", ["", "b", "a.b", "user.name.first", "user.", ".user", "user..name", "a.b.c"])
def test_a_path_that_leads_nowhere_is_null(path: str) -> None:
    assert attribute({"a": "b", "user": {"name": "x"}, "a.b": 1}, path) is None


def test_a_unit_is_text_or_a_whole_number_in_decimals() -> None:
    said = {"u-1": "u-1", "": "", 12345: "12345", -7: "-7", 4.0: "4", 1e20: "100000000000000000000", 0: "0"}
    assert {given_: unit_of({"targeting_key": given_}, "") for given_ in said} == said


def test_a_unit_is_read_where_the_rule_says() -> None:
    context = {"targeting_key": "a", "user": {"id": "b"}}
    assert (unit_of(context, ""), unit_of(context, "user.id"), unit_of(context, "device")) == ("a", "b", None)
    assert unit_of({"targeting_key": None}, "") is None


@pytest.mark.parametrize(
    "odd",
    [True, 3.14, float("nan"), float("inf"), b"u", [], {}, object(), "x" * 101, 10**100, -(10**5000), 1e300],
    ids=lambda odd: type(odd).__name__,
)
def test_what_is_no_id_is_an_error(odd: object) -> None:
    with pytest.raises(NoUnit):
        unit_of({"targeting_key": odd}, "")


def test_the_error_names_where_the_id_was_looked_for() -> None:
    with pytest.raises(NoUnit, match="'targeting_key' has 101 characters"):
        unit_of({"targeting_key": "x" * 101}, "")
    with pytest.raises(NoUnit, match=r"'user\.id' holds half a character"):
        unit_of({"user": {"id": "\ud800"}}, "user.id")


def test_an_id_has_as_many_characters_as_it_may_whatever_their_bytes() -> None:
    assert unit_of({"targeting_key": "🦘" * LONGEST_UNIT}, "") == "🦘" * LONGEST_UNIT


def test_a_member_of_an_enumeration_is_the_unit_that_it_stands_for() -> None:
    unit = unit_of({"targeting_key": Color.RED}, "")
    assert type(unit) is str
    assert bucket_of(unit, salt="s") == bucket_of("red", salt="s")


def test_openfeatures_name_of_the_unit_is_read_unless_ours_is_there() -> None:
    both = {"targetingKey": "a", "targeting_key": "b"}
    assert with_targeting_key({"targetingKey": "a", "x": 1}) == {"targetingKey": "a", "x": 1, "targeting_key": "a"}
    assert with_targeting_key(both) is both
    assert with_targeting_key({}) == {}


@given(
    st.dictionaries(st.text(max_size=3), st.none() | st.integers() | st.dictionaries(st.text(), st.none())), st.text()
)
def test_any_path_in_any_context_is_something_or_null(context: dict[str, object], path: str) -> None:
    attribute(context, path)
