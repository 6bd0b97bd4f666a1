"""The truth that the analysis has to find: .80, −1 % by the page, +7 % without advertising."""

import numpy as np
import pytest
from scipy.stats import norm

from twyman.demo.listening import FOURTH_WEEK
from twyman.demo.phase import DAY, Truth
from twyman.demo.retention import BASELINE, chance_of_staying, rescued_share
from twyman.demo.world import World

FALSE_ALARM = 1e-4
Z = norm.isf(FALSE_ALARM / 2)


def band(share: float, size: int) -> float:
    """Half-width within which a share of independent users lies but once in 10,000."""
    return float(Z * np.sqrt(share * (1 - share) / size))


def test_loyalty_makes_four_in_five_stay() -> None:
    loyalty = norm.ppf((np.arange(200_000) + 0.5) / 200_000)

    assert chance_of_staying(loyalty).mean() == pytest.approx(BASELINE, abs=1e-6)


@pytest.mark.parametrize("name", ["new_zealand", "launch"])
def test_baseline_retention_is_80_percent(name: str, request: pytest.FixtureRequest) -> None:
    world: World = request.getfixturevalue(name)
    stayed = world.stays[~world.users.treated]

    assert abs(stayed.mean() - 0.80) < band(0.80, len(stayed))


def test_the_page_alone_costs_one_percent(launch: World) -> None:
    stayed = launch.stays[launch.users.treated]

    assert launch.phase.truth.lift == pytest.approx(-0.01)
    assert abs(stayed.mean() - 0.792) < band(0.792, len(stayed))


def test_the_page_without_advertising_gains_six_percent(new_zealand: World) -> None:
    stayed = new_zealand.stays[new_zealand.users.treated]

    assert new_zealand.phase.truth.lift == pytest.approx(0.06)
    assert abs(stayed.mean() - 0.848) < band(0.848, len(stayed))


def test_those_who_pay_gain_nothing_from_the_absence_of_advertising(new_zealand: World) -> None:
    stayed = new_zealand.stays[new_zealand.users.treated & new_zealand.users.premium]

    assert abs(stayed.mean() - 0.792) < band(0.792, len(stayed))


def test_where_advertising_stays_on_nobody_is_kept_by_its_absence() -> None:
    assert rescued_share(Truth()) == 0


@pytest.mark.parametrize("name", ["new_zealand", "launch"])
def test_who_stays_is_who_listens_from_day_21_to_day_28(name: str, request: pytest.FixtureRequest) -> None:
    world: World = request.getfixturevalue(name)
    since = world.sessions.played_at - world.users.exposed_at[world.sessions.user]
    fourth = (since >= 21 * DAY) & (since < 28 * DAY)
    listens = np.bincount(world.sessions.user[fourth], minlength=world.phase.users) > 0

    assert (listens == world.stays).all()
    assert FOURTH_WEEK.min() > 21


def test_history_explains_two_fifths_of_retention(launch: World) -> None:
    control = ~launch.users.treated
    since = launch.sessions.played_at - launch.users.exposed_at[launch.sessions.user]
    before = (since >= -14 * DAY) & (since < 0)
    days = np.bincount(launch.sessions.user[before], minlength=launch.phase.users)[control]
    stayed = launch.stays[control].astype(float)
    design = np.column_stack([np.ones(len(days)), days, days > 0])
    slopes = np.linalg.lstsq(design, stayed, rcond=None)[0]
    explained = 1 - np.var(stayed - design @ slopes) / np.var(stayed)

    assert 0.40 < explained < 0.47
