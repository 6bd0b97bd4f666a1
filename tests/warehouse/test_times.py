"""Times in text and zones: read without guessing, or refused."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from twyman.kernel.errors import Invalid
from twyman.metrics.source import Query, Timestamp

COUNTED = {"exposures": {"timestamp": Timestamp("at")}}


@pytest.fixture
def days(scene: Any, metric: Any) -> Any:
    def read(*times: str, zone: str = "UTC", **more: object) -> Any:
        rows = ", ".join(f"({index}, 'control', {time})" for index, time in enumerate(times))
        relation = Query(f"select * from (values {rows}) t(user_id, arm, at)")
        return scene(metrics=(metric(),), exposures={"relation": relation} | more, zone=zone).measure()

    return read


def first(found: Any) -> list[str]:
    return sorted(str(day) for _, day in found.exposed)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("'2024-03-04'", "2024-03-04"),
        ("'2024-03-04 23:30:00'", "2024-03-04"),
        ("'2024-03-04T23:30:00.123456'", "2024-03-04"),
        ("'2024-03-04T23:30:00-02:00'", "2024-03-05"),
        ("'2024-03-04 23:30:00Z'", "2024-03-04"),
        ("'9/24/2023'", "2023-09-24"),
        ("'24.9.2023 13:05'", "2023-09-24"),
        ("'2023/9/24'", "2023-09-24"),
        ("date '2024-03-04'", "2024-03-04"),
        ("timestamptz '2024-03-04 23:30:00-02:00'", "2024-03-05"),
        ("timestamp_ns '2024-03-04 23:30:00'", "2024-03-04"),
    ],
)
def test_times_are_read_as_they_are_written(days: Any, written: Any, expected: Any) -> None:
    assert first(days(written)) == [expected]


def test_an_ambiguous_date_is_refused_with_both_its_meanings(days: Any) -> None:
    with pytest.raises(
        Invalid, match=r"^exposures.yaml:5: dates of column 'at' of 'exposures' are ambiguous: '7/9/2020' is"
    ):
        days("'7/8/2020'", "'7/9/2020'")


def test_one_unambiguous_value_settles_the_column(days: Any) -> None:
    assert first(days("'7/8/2020'", "'7/13/2020'")) == ["2020-07-08", "2020-07-13"]
    assert first(days("'7/8/2020'", "'13/7/2020'")) == ["2020-07-13", "2020-08-07"]


def test_two_orders_that_agree_are_not_ambiguous(days: Any) -> None:
    assert first(days("'7/7/2020'")) == ["2020-07-07"]


def test_a_format_settles_what_is_ambiguous(days: Any) -> None:
    assert first(days("'7/8/2020'", formats={"at": "%m/%d/%Y"})) == ["2020-07-08"]
    assert first(days("'7/8/2020'", formats={"at": "%d/%m/%Y"})) == ["2020-08-07"]


def test_a_value_that_does_not_fit_its_format_is_named(days: Any) -> None:
    with pytest.raises(Invalid, match="holds '7/13/2020', which format '%d/%m/%Y' doesn't read"):
        days("'7/13/2020'", "'7/8/2020'", formats={"at": "%d/%m/%Y"})


def test_a_text_that_tells_no_time_is_refused_with_an_example(days: Any) -> None:
    with pytest.raises(Invalid, match=r"^exposures.yaml:5: .* holds 'soon', which is no ISO 8601 time"):
        days("'soon'")
    with pytest.raises(Invalid, match="holds '2024-02-30', which is no such date"):
        days("'2024-02-30'", "'2024-02-01'")
    with pytest.raises(Invalid, match="is of type INTEGER, which tells no time"):
        days("7")


def test_times_with_and_without_a_zone_are_refused_together(days: Any) -> None:
    with pytest.raises(Invalid, match=r"^exposures.yaml:5: .*mixes time zones: 1 times have an offset, 2 have none"):
        days("'2024-03-04 10:00'", "'2024-03-04 10:00+02:00'", "'2024-03-04 11:00'")


def test_zoneless_times_are_read_in_the_projects_zone_and_listed(days: Any, scene: Any, metric: Any) -> None:
    enrol = datetime(2024, 3, 4, 11, tzinfo=UTC)
    relation = Query("select 1 as user_id, 'control' as arm, timestamp '2024-03-05 00:00:00' as at")
    found = scene(
        metrics=(metric(),), exposures={"relation": relation}, experiment={"enrol_from": enrol}, zone="Pacific/Auckland"
    )

    assert found.measure().exposed == {("control", date(2024, 3, 5)): 1}
    assert found.measure().zoneless == ("exposures", "plays")
    assert days("timestamptz '2024-03-04 10:00:00+00'").zoneless == ("plays",)


def test_a_wall_clock_in_the_gap_of_summer_time_is_read_as_duckdb_reads_it(scene: Any, metric: Any) -> None:
    """In Berlin 02:30 didn't exist on 31 March 2024; it is taken as 03:30 summer time, 01:30 UTC."""
    relation = Query("select 1 as user_id, 'treatment' as arm, timestamp '2024-03-31 02:30' as at")
    gap = datetime(2024, 3, 31, 1, 30, tzinfo=UTC)
    stage = scene(played=[], metrics=(metric(),), exposures={"relation": relation}, zone="Europe/Berlin")

    for facts, expected in (("01:30", 1), ("01:29", 0)):
        plays = {"relation": Query(f"select 1 as user_id, timestamptz '2024-03-31 {facts}:00+00' as at")}
        assert scene(**{**vars_of(stage), "facts": plays}).values() == (1, expected)
    assert gap.utcoffset() is not None


def test_a_day_has_23_hours_when_summer_time_begins(scene: Any, metric: Any) -> None:
    relation = Query("select 1 as user_id, 'treatment' as arm, date '2024-03-31' as at")
    plays = {"relation": Query("select 1 as user_id, timestamptz '2024-03-30 23:00:00+00' as at")}
    stage = scene(metrics=(metric(),), exposures={"relation": relation}, facts=plays, zone="Europe/Berlin")

    assert stage.values() == (1, 1)


def vars_of(stage: Any) -> dict[str, object]:
    return {name: getattr(stage, name) for name in stage.__dataclass_fields__}
