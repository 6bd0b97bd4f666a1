"""Advertising: for those who don't pay, in every arm but New Zealand's treatment."""

import numpy as np
import pytest

from twyman.demo.advertising import ADS_PER_SONG, ANNOUNCEMENTS
from twyman.demo.listening import SONG_SECONDS
from twyman.demo.phase import DAY
from twyman.demo.population import NEVER, PREMIUM_SHARE
from twyman.demo.world import World

ADS_PER_FREE_HOUR = ADS_PER_SONG * 3600 / SONG_SECONDS


def ads_per_hour(world: World, arm: np.ndarray, *, after: bool) -> float:
    """Ads over hours of the users given, over the week after exposure, or the two before."""
    low, high = (0, 7) if after else (-14, 0)

    def total(user: np.ndarray, at: np.ndarray, count: np.ndarray) -> float:
        since = at - world.users.exposed_at[user]
        return float(count[(since >= low * DAY) & (since < high * DAY) & arm[user]].sum())

    heard, shown = world.sessions, world.ads
    hours = total(heard.user, heard.played_at, heard.played_ms) / 3_600_000
    return total(shown.user, shown.shown_at, shown.ads) / hours


def test_free_users_hear_advertising_at_sparkifys_rate(launch: World) -> None:
    # 73,000 users' ads: Poisson counts alone would give .1 %, songs of unequal length hardly more
    stayed_free = ~launch.users.premium & (launch.upgraded_at == NEVER)

    assert ads_per_hour(launch, stayed_free, after=True) == pytest.approx(ADS_PER_FREE_HOUR, rel=0.01)


def test_who_goes_over_to_the_paid_plan_hears_none_from_then_on(launch: World) -> None:
    assert (launch.ads.shown_at < launch.upgraded_at[launch.ads.user]).all()


def test_those_who_pay_hear_none(launch: World) -> None:
    assert ads_per_hour(launch, launch.users.premium, after=True) == 0


def test_those_who_upgraded_lately_heard_some_before(launch: World) -> None:
    upgraded = launch.users.premium_since > launch.users.signed_up_at

    assert ads_per_hour(launch, upgraded, after=False) > 0


@pytest.mark.parametrize("treated", [True, False])
def test_the_launch_left_advertising_as_it_was(launch: World, *, treated: bool) -> None:
    arm = launch.users.treated == treated

    # who pays and who listens much is chance: the ratio's standard error is .7 % at 75,000 users an arm
    assert ads_per_hour(launch, arm, after=True) == pytest.approx(ADS_PER_FREE_HOUR * (1 - PREMIUM_SHARE), rel=0.025)


def test_new_zealands_treatment_heard_only_announcements(new_zealand: World) -> None:
    treatment = ads_per_hour(new_zealand, new_zealand.users.treated, after=True)
    control = ads_per_hour(new_zealand, ~new_zealand.users.treated, after=True)

    assert treatment / control == pytest.approx(ANNOUNCEMENTS, rel=0.1)


def test_before_exposure_new_zealands_arms_heard_the_same(new_zealand: World) -> None:
    treatment = ads_per_hour(new_zealand, new_zealand.users.treated, after=False)
    control = ads_per_hour(new_zealand, ~new_zealand.users.treated, after=False)

    assert treatment / control == pytest.approx(1, rel=0.025)
