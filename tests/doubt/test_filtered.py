"""Filters by what comes after exposure, and filters that are fixed before it."""

import pytest

from twyman.doubt.check import Status
from twyman.doubt.filtered import Stretch, filter_by_outcome


def seen(left_out: int, *, before: int = 300, kept: tuple[int, int] = (500, 700)) -> Stretch:
    return Stretch("on the day after exposure", kept=kept, left_out=(before, left_out))


@pytest.mark.parametrize(
    ("left_out", "status"),
    [
        (420, Status.OK),  # as those who are kept: 300 x 700 / 500
        (43, Status.OK),
        (42, Status.WARN),
        (0, Status.WARN),
    ],
)
def test_who_is_left_out_and_falls_silent_was_left_out_for_that(left_out: int, status: Status) -> None:
    check = filter_by_outcome("plays", [seen(left_out)])

    assert check is not None
    assert check.status is status
    assert f"{left_out} have a fact of plays on the day after exposure, where 420 were due" in check.text
    assert ("declare a trigger" in check.text) is (status is Status.WARN)


def test_the_stretch_that_shows_it_best_is_told() -> None:
    """Who didn't come back the day after may well come later in the week."""
    week = Stretch("in the week from exposure on", kept=(900, 950), left_out=(800, 600))

    check = filter_by_outcome("plays", [week, seen(1)])

    assert check is not None
    assert (check.status, check.detail["stretch"]) == (Status.WARN, "on the day after exposure")


@pytest.mark.parametrize("stretch", [seen(0, before=14), seen(0, kept=(0, 700)), seen(0, before=0)])
def test_few_left_out_say_nothing(stretch: Stretch) -> None:
    assert filter_by_outcome("plays", [stretch]) is None


def test_people_who_did_little_before_do_little_after() -> None:
    """A filter by habit: 30 in 300 against 700 in 1,000, before and after."""
    habit = Stretch("on the day after exposure", kept=(700, 700), left_out=(30, 30))

    check = filter_by_outcome("plays", [habit])

    assert check is not None
    assert check.status is Status.OK
