"""How rows came in."""

from twyman.doubt.check import Status
from twyman.doubt.intake import immature, repeated_rows


def test_exposures_may_be_logged_again_and_again() -> None:
    seen = repeated_rows(1_860, 8_188, in_two_arms=0, left_out=0, two_arms_kept=0)

    assert seen.status is Status.OK


def test_a_table_of_units_that_repeats_them_holds_events() -> None:
    """Udacity's home page: 8,188 events of 6,328 visitors."""
    seen = repeated_rows(1_860, 8_188, in_two_arms=0, left_out=0, two_arms_kept=0, one_each=True)

    assert seen.status is Status.NOTE
    assert seen.text.endswith("the table is to hold one row a unit: are its rows events?")


def test_windows_that_are_not_over_are_told_once_for_all_metrics_that_wait_alike() -> None:
    one, many = immature(["songs"], 900, 1_000, final=False), immature([*"abcde"], 900, 1_000, final=True)

    assert one
    assert many
    assert (one.metric, many.metric) == ("songs", None)
    assert one.text == "songs: the window of 100 of 1,000 units isn't over; they are left out and join at a later look."
    assert many.text.startswith("a, b, c and 2 more metrics: the window of 100 of 1,000 units isn't over")
    assert many.detail["metrics"] == ["a", "b", "c", "d", "e"]
    assert immature(["songs"], 1_000, 1_000, final=True) is None
