"""How attributes are read as what they are compared with."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from twyman.flags.criteria.reading import as_number, as_text, as_time, as_truth, as_version, comparable, read_as
from twyman.flags.targeting import Time, Version

ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.datetimes()
LONG = "1" * 400


def test_text_is_text_and_a_number_as_it_is_written() -> None:
    said = {"x": "x", "": "", 42: "42", -0.5: "-0.5", 1e300: f"{1e300:.0f}", 1e-7: "0.0000001", -1.5e-7: "-0.00000015"}
    assert {value: as_text(value) for value in said} == said
    assert as_text(42.0) == "42"


@pytest.mark.parametrize("value", [None, True, False, b"x", [], {}, 10**400], ids=lambda value: type(value).__name__)
def test_what_isnt_text_isnt_written_as_some(value: object) -> None:
    assert as_text(value) is None


def test_truths_are_truths_or_four_words() -> None:
    assert [as_truth(value) for value in (True, "true", "TRUE", False, "false", "FALSE")] == [True] * 3 + [False] * 3
    assert [as_truth(value) for value in (1, 0, "True", "yes", "", None, [])] == [None] * 7


@pytest.mark.parametrize(
    ("value", "number"),
    [(7, 7), (1.5, 1.5), ("-2.50", -2.5), ("+7", 7.0), (".5", 0.5), ("1.", 1.0), ("1e3", 1000.0), ("1E-2", 0.01)],
)
def test_numbers_are_read(value: object, number: float) -> None:
    assert as_number(value) == number


@pytest.mark.parametrize(
    "value",
    [
        True, None, "", " 1", "1 ", "1_000", "0x1", "\u0661", "nan", "inf", "1e99999", ".", "1" * 65, "--1", "1e", b"1",
        [1], float("nan"),
    ],
)  # fmt: skip
def test_what_is_no_number_isnt_read_as_one(value: object) -> None:
    assert as_number(value) is None


def test_instants_are_read_in_microseconds_since_1970() -> None:
    day = 86_400_000_000
    plus_one = datetime(1970, 1, 2, 1, tzinfo=timezone(timedelta(hours=1)))
    same = ("1970-01-02", "1970-01-02T00:00:00", "1970-01-02 00:00:00Z", "1970-01-02T01:00:00+01:00", 86_400, plus_one)
    assert {as_time(value) for value in same} == {day}
    assert as_time(datetime(1970, 1, 2)) == day  # noqa: DTZ001 - without a zone it is UTC
    assert as_time("1970-01-01T00:00:00.000001") == 1
    assert as_time(-1) == -1_000_000


def test_large_numbers_are_milliseconds_on_either_side_of_1970() -> None:
    assert as_time(999_999_999_999) == 999_999_999_999_000_000
    assert as_time(1_000_000_000_000) == 1_000_000_000_000_000
    assert as_time(-999_999_999_999) == -999_999_999_999_000_000
    assert as_time(-1_000_000_000_000) == -1_000_000_000_000_000
    assert as_time(1_668_698_177_118) == as_time("2022-11-17T15:16:17.118Z")


def test_less_than_a_whole_second_or_millisecond_is_cut_off_a_number() -> None:
    assert [as_time(value) for value in (1.9, -1.9, 0.9)] == [1_000_000, -1_000_000, 0]
    assert as_time(1_668_698_177_118.9) == as_time(1_668_698_177_118)


@pytest.mark.parametrize(
    "value",
    ["soon", "", "86400", "1970-01", "19700102", "1970-1-2", "1970-01-02+01:00", "1970-01-02x01:00",
     "1970-W01-1", "1970-13-01", "1970-01-02T25", None, True,
     1e17, float("inf"), float("nan"), 10**400, "1970-01-02" + " " * 60],
    ids=repr,
)  # fmt: skip
def test_what_is_no_instant_isnt_read_as_one(value: object) -> None:
    assert as_time(value) is None


def test_versions_are_in_the_order_of_semantic_versioning() -> None:
    order = ["0.0.0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2"]
    order += ["1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "1.10.0.1", "2.0.0", "10.0.0"]
    read = [as_version(text) for text in order]
    assert all(one is not None and other is not None and one < other for one, other in pairwise(read))


def test_versions_of_one_to_four_numbers_are_filled_with_zeros() -> None:
    assert as_version("5") == as_version("5.0") == as_version("5.0.0") == as_version("5.0.0.0+build.7")


@pytest.mark.parametrize(
    "value", ["", "v1.0", "1.x", "1.0.0.0.0", "1..2", "1.0-", LONG, "1." + LONG, 1, 1.0, None, "\u0661.0"]
)
def test_what_is_no_version_isnt_read_as_one(value: object) -> None:
    assert as_version(value) is None


def test_a_value_is_read_as_the_one_it_is_compared_with_wants_it() -> None:
    assert [read_as("18", like) for like in ("x", 1, 1.5, True)] == ["18", 18.0, 18.0, None]
    assert read_as("true", like=False) is True
    assert read_as("1.2", Version("9")) == as_version("1.2.0")
    assert read_as("1970-01-02", Time("soon")) == 86_400_000_000
    assert read_as("x", None) is None
    assert read_as("x", ("x",)) is None


def test_an_operand_is_compared_by_its_place() -> None:
    assert comparable(Version("1.2")) == as_version("1.2")
    assert comparable(Time("1970-01-01T00:00:01Z")) == 1_000_000
    assert [comparable(operand) for operand in ("x", 7, None, True)] == ["x", 7, None, True]
    assert comparable(Version("newest")) is comparable(Time("soon")) is None


@given(ANYTHING, st.sampled_from(["x", 1, 1.5, True, None, Version("1"), Time("2026-01-01")]))
def test_anything_is_read_or_isnt(value: object, like: object) -> None:
    read_as(value, like)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_datetime_and_its_text_are_one_instant(moment: datetime) -> None:
    assert as_time(moment) == as_time(moment.isoformat())
