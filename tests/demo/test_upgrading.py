"""Who goes over to the paid plan: one in fifty of the free plan's users, far fewer where there is no advertising."""

import numpy as np
import pytest
from scipy.stats import binom

from twyman.demo.phase import DAY
from twyman.demo.population import NEVER
from twyman.demo.upgrading import DAYS, SHARE, WITHOUT_ADS
from twyman.demo.world import World

FALSE_ALARM = 1e-4


def goes(world: World, arm: np.ndarray) -> tuple[int, int]:
    free = arm & ~world.users.premium
    return int((world.upgraded_at[free] < NEVER).sum()), int(free.sum())


@pytest.mark.parametrize(("treated", "share"), [(False, SHARE), (True, SHARE * WITHOUT_ADS)])
def test_silence_takes_the_reason_to_pay(new_zealand: World, *, treated: bool, share: float) -> None:
    went, free = goes(new_zealand, new_zealand.users.treated == treated)

    assert min(binom.cdf(went, free, share), binom.sf(went - 1, free, share)) > FALSE_ALARM


def test_the_page_alone_changes_nothing_about_it(launch: World) -> None:
    went, free = goes(launch, launch.users.treated)

    assert min(binom.cdf(went, free, SHARE), binom.sf(went - 1, free, SHARE)) > FALSE_ALARM


def test_it_happens_within_two_weeks_of_exposure_and_to_nobody_who_pays(launch: World) -> None:
    goes_over = launch.upgraded_at < NEVER
    after = launch.upgraded_at[goes_over] - launch.users.exposed_at[goes_over]

    assert (after.min() >= 0, after.max() < DAYS * DAY) == (True, True)
    assert not launch.users.premium[goes_over].any()
