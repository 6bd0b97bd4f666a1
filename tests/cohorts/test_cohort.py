"""Tables and lists as contexts: which columns are attributes, and which mistakes are refused."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from twyman.cohorts.cohort import Cohort
from twyman.kernel.errors import Invalid


def test_the_targeting_key_may_be_a_column_of_any_name() -> None:
    cohort = Cohort.of_table(pa.table({"targeting_key": ["old"], "user_id": [7]}), targeting_key="user_id")
    assert cohort.context(0) == {"user_id": 7, "targeting_key": 7}
    assert cohort.blocks[0].units("").text(0) == "7"


def test_a_targeting_key_that_is_no_column_is_refused() -> None:
    with pytest.raises(Invalid, match="no column 'user' for the targeting key: it has user_id"):
        Cohort.of_table(pa.table({"user_id": [7]}), targeting_key="user")


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(Invalid, match="two columns 'a', and an attribute has one value"):
        Cohort.of_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]))


def test_structs_are_reached_by_paths_and_columns_with_dots_are_not() -> None:
    table = pa.table({"user": [{"name": "roug"}, None], "a.b": [1, 2]})
    [block] = Cohort.of_table(table).blocks
    found = {path: block.column(path).distinct for path in ("user.name", "a.b", "user.age")}
    rows = {path: [values[code] for code in codes] for path, (codes, values) in found.items()}
    assert rows == {"user.name": ["roug", None], "a.b": [None, None], "user.age": [None, None]}


def test_times_finer_than_a_microsecond_are_read_in_microseconds() -> None:
    table = pa.table({"at": pa.array([1_767_225_600_000_000_999], pa.timestamp("ns", "UTC"))})
    assert Cohort.of_table(table).context(0) == {"at": datetime(2026, 1, 1, tzinfo=UTC)}


def test_views_of_text_are_text() -> None:
    [block] = Cohort.of_table(pa.table({"targeting_key": pa.array(["u-1"]).cast(pa.string_view())})).blocks
    assert block.units("").text(0) == "u-1"


@pytest.mark.parametrize("row", [-1, 3])
def test_a_row_that_is_not_there_is_an_error(row: int) -> None:
    with pytest.raises(IndexError):
        Cohort.of_contexts([{}, {}, {}], block=2).context(row)
