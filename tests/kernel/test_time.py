from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from twyman.kernel.errors import Invalid
from twyman.kernel.time import day_after, duration, duration_text, instant


@given(seconds=st.integers(0, 10_000_000))
def test_a_duration_written_is_the_duration_read(seconds: int) -> None:
    length = timedelta(seconds=seconds)

    assert duration(duration_text(length)) == length


@pytest.mark.parametrize("text", ["", "7", "d", "7 d", "7x", "-7d", "7d junk", "9" * 400 + "d"])
def test_what_is_no_duration_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(Invalid, match="duration"):
        duration(text)


def test_a_date_is_midnight_in_its_zone_on_both_sides_of_a_clock_change() -> None:
    assert instant("2015-03-29", zone="Europe/Stockholm") == datetime(2015, 3, 28, 23, tzinfo=UTC)
    assert instant("2015-03-30", zone="Europe/Stockholm") == datetime(2015, 3, 29, 22, tzinfo=UTC)


def test_a_day_ends_at_midnight_of_its_own_zone() -> None:
    late = datetime(2015, 3, 29, 22, 30, tzinfo=UTC)

    assert day_after(late, zone="Europe/Stockholm") == datetime(2015, 3, 30, 22, tzinfo=UTC)


def test_a_zone_in_the_text_wins() -> None:
    assert instant("2015-06-01T00:00:00+02:00", zone="Pacific/Auckland") == datetime(2015, 5, 31, 22, tzinfo=UTC)
