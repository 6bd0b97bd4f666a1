"""Rows of listening that look like a music service's."""

import numpy as np
import pytest

from twyman.demo.listening import MOST_SONGS, SAVED, SEARCHES, SHARED, SONG_SECONDS
from twyman.demo.phase import DAY, LAUNCH
from twyman.demo.population import SKIP_SHARE, SONGS_A_DAY
from twyman.demo.world import World

EXPECTED_DAYS = 6.5
"""Of a week after an exposure: six whole days, and on average half of the seventh before its hour comes round."""


def test_a_user_has_at_most_one_row_a_day(launch: World) -> None:
    sessions = launch.sessions
    day = (sessions.played_at - LAUNCH.epoch) // DAY
    key = sessions.user * LAUNCH.days + day

    assert (np.diff(key) > 0).all()


def test_listening_runs_from_two_weeks_before_enrolment_until_the_last_fourth_week(launch: World) -> None:
    day = (launch.sessions.played_at - LAUNCH.epoch) // DAY

    assert (day.min(), day.max()) == (0, 14 + 14 + 28 - 1)


def test_those_who_leave_are_not_heard_of_again(launch: World) -> None:
    since = launch.sessions.played_at - launch.users.exposed_at[launch.sessions.user]

    assert since[~launch.stays[launch.sessions.user]].max() < 21 * DAY


def test_the_median_user_plays_as_many_songs_a_day_as_sparkifys(launch: World) -> None:
    size = launch.phase.users
    days = np.bincount(launch.sessions.user, minlength=size)
    songs = np.bincount(launch.sessions.user, launch.sessions.songs, minlength=size)
    often = days >= 10
    median = np.median(songs[often] / days[often])

    # standard error of the median: about 1.25 × 1.09 / √120,000 = .4 %; a mean of ten uneven days adds a little
    assert median == pytest.approx(SONGS_A_DAY, rel=0.02)


def test_a_song_lasts_four_minutes_and_a_day_has_room_for_a_day(launch: World) -> None:
    sessions = launch.sessions

    assert sessions.played_ms.sum() / sessions.songs.sum() / 1000 == pytest.approx(SONG_SECONDS, rel=1e-3)
    assert (sessions.songs.min(), sessions.songs.max()) == (1, MOST_SONGS)


def test_a_quarter_of_the_songs_is_skipped_and_never_more_than_all(launch: World) -> None:
    sessions = launch.sessions

    assert (sessions.skipped <= sessions.songs).all()
    # users differ (beta, support 12) and play unequally much, so the standard error is about 1 % of .24
    assert sessions.skipped.sum() / sessions.songs.sum() == pytest.approx(SKIP_SHARE, rel=0.03)


@pytest.mark.parametrize("treated", [True, False])
def test_the_first_week_shows_nothing_of_the_page(launch: World, *, treated: bool) -> None:
    arm = launch.users.treated == treated
    since = launch.sessions.played_at - launch.users.exposed_at[launch.sessions.user]
    week = (since >= 0) & (since < 7 * DAY) & arm[launch.sessions.user]
    week &= since > 0  # all play at the exposure itself
    days = np.bincount(launch.sessions.user[week], minlength=launch.phase.users)[arm]

    assert days.sum() / (EXPECTED_DAYS * launch.users.daily[arm].sum()) == pytest.approx(1, rel=0.01)


def test_whoever_is_exposed_has_opened_the_app_to_play(launch: World) -> None:
    at_exposure = launch.sessions.played_at == launch.users.exposed_at[launch.sessions.user]

    assert at_exposure.sum() == launch.phase.users


def test_what_else_they_do_is_as_often_as_said(launch: World) -> None:
    sessions = launch.sessions
    means = [found.mean() for found in (sessions.searches, sessions.saved, sessions.shared)]

    # three million days: a Poisson mean of .04 is known to .3 %
    assert means == pytest.approx([SEARCHES, SAVED, SHARED], rel=0.015)
