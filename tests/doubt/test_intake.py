"""How rows came in."""

from twyman.doubt.check import Status
from twyman.doubt.intake import repeated_rows


def test_exposures_may_be_logged_again_and_again() -> None:
    seen = repeated_rows(1_860, 8_188, in_two_arms=0, left_out=0, two_arms_kept=0)

    assert seen.status is Status.OK


def test_a_table_of_units_that_repeats_them_holds_events() -> None:
    """Udacity's home page: 8,188 events of 6,328 visitors."""
    seen = repeated_rows(1_860, 8_188, in_two_arms=0, left_out=0, two_arms_kept=0, one_each=True)

    assert seen.status is Status.NOTE
    assert seen.text.endswith("the table is to hold one row a unit: are its rows events?")
