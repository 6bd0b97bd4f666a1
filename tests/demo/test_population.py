"""Shares of countries and plans, and a split that is fair, fixed and salted."""

import numpy as np
import pytest
from scipy.stats import binom, norm

from twyman.demo.live import treated
from twyman.demo.phase import DAY, HISTORY_DAYS, LAUNCH
from twyman.demo.population import PREMIUM_SHARE, UPGRADED_SHARE
from twyman.demo.world import World

FALSE_ALARM = 1e-4
"""Chance that a right simulator fails a test here. Seeds are fixed: it fails with the code, or never."""


def within(successes: int, trials: int, share: float) -> bool:
    low, high = binom.interval(1 - FALSE_ALARM, trials, share)
    return low <= successes <= high


def test_one_user_in_3_and_three_quarters_pays(launch: World) -> None:
    premium = launch.users.premium

    assert within(int(premium.sum()), len(premium), PREMIUM_SHARE)


def test_some_who_pay_took_it_up_in_the_two_weeks_before_exposure(launch: World) -> None:
    users = launch.users
    upgraded = users.premium_since > users.signed_up_at
    before = users.exposed_at[upgraded] - users.premium_since[upgraded]

    assert within(int(upgraded.sum()), int(users.premium.sum()), UPGRADED_SHARE)
    assert users.premium[upgraded].all()
    assert before.min() >= 0
    assert before.max() <= HISTORY_DAYS * DAY


def test_users_come_from_the_four_markets_by_their_shares(launch: World) -> None:
    counts = np.bincount(launch.users.country, minlength=4)

    assert all(
        within(int(count), len(launch.users.country), share)
        for count, share in zip(counts, LAUNCH.markets.values(), strict=True)
    )


def test_half_of_the_users_are_treated(launch: World) -> None:
    assert within(int(launch.users.treated.sum()), len(launch.users.treated), 0.5)


def test_two_salts_share_no_luck() -> None:
    number = np.arange(1_000_000, 1_200_000)
    agree = treated(number, ["NZ"] * len(number)) == treated(number, ["US"] * len(number))

    assert within(int(agree.sum()), len(number), 0.5)


def test_the_split_is_the_same_on_every_machine() -> None:
    number = np.arange(1_000_000, 1_000_016)

    given = treated(number, ["NZ"] * len(number))

    assert "".join("ct"[each] for each in given.astype(int)) == "tttcctccttcttctc"


def test_whoever_lives_elsewhere_gets_no_page() -> None:
    assert not treated(np.arange(1_000_000, 1_001_000), ["FR"] * 1_000).any()


def test_the_split_knows_nothing_of_loyalty(launch: World) -> None:
    users = launch.users
    treatment, control = users.loyalty[users.treated], users.loyalty[~users.treated]
    z = (treatment.mean() - control.mean()) / np.sqrt(1 / len(treatment) + 1 / len(control))

    assert abs(z) < norm.isf(FALSE_ALARM / 2)


@pytest.mark.parametrize("name", ["new_zealand", "launch"])
def test_everybody_is_exposed_during_enrolment(name: str, request: pytest.FixtureRequest) -> None:
    world: World = request.getfixturevalue(name)
    start = world.phase.epoch + HISTORY_DAYS * DAY

    assert world.users.exposed_at.min() >= start
    assert world.users.exposed_at.max() < start + world.phase.enrol_days * DAY
