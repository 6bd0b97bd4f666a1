"""Is an effect a matter of which days and segments the arms hold?"""

import numpy as np
import pytest

from twyman.doubt.check import BLOCK, NOTE, Status
from twyman.doubt.mixture import Group, effect_drift, mix, mix_shift
from twyman.stats.moments import Moments


def days(
    rng: np.random.Generator, shares: np.ndarray, *, effect: float = 0.0, levels: float = 0.2, units: int = 1_000
) -> list[Group]:
    """Days on which a metric's level falls, and the arms' shares are as given."""
    groups = list[Group]()
    for day, share in enumerate(shares):
        treated = int(rng.binomial(units, share))
        level = 1 - levels * day
        above = rng.normal(level + effect, 1, treated)
        groups.append(Group(str(day), Moments.of(above), Moments.of(rng.normal(level, 1, units - treated))))
    return groups


def test_simpsons_paradox_is_found_and_turned_the_right_way() -> None:
    ramp = np.linspace(0.1, 0.5, 10)

    found = mix_shift("m", "page", "day", days(np.random.default_rng(1), ramp, effect=0.2))

    assert found is not None
    assert (found.status, found.arm, found.detail["reversed"]) == (Status.BLOCK, "page", True)
    assert abs(float(str(found.detail["within"])) - 0.2) < 0.06
    assert "the other way round" in found.text


@pytest.mark.parametrize("effect", [0.0, 1.0])
def test_healthy_mixes_are_noted_once_in_twenty_whatever_the_effect(effect: float) -> None:
    rng, p_values = np.random.default_rng(2), list[float]()
    for _ in range(1_500):
        answer = mix(days(rng, np.full(6, 0.3), effect=effect, units=200))
        assert answer is not None
        p_values.append(answer.p_value)

    assert 0.035 < np.mean(np.array(p_values) < NOTE) < 0.065
    assert np.mean(np.array(p_values) < BLOCK) < 0.004


def test_bias_is_what_the_pooled_effect_has_too_much_on_average() -> None:
    rng = np.random.default_rng(3)
    ramp = np.linspace(0.2, 0.6, 8)

    answers = [mix(days(rng, ramp, effect=0.3)) for _ in range(100)]

    left = [one.pooled - one.bias - 0.3 for one in answers if one]
    assert len(left) == 100
    assert abs(np.mean(left)) < 0.02


def test_a_shift_that_moves_no_level_moves_no_effect() -> None:
    answer = mix(days(np.random.default_rng(4), np.linspace(0.2, 0.8, 8), levels=0.0, units=5_000))

    assert answer is not None
    assert abs(answer.bias) < 0.02


def test_a_day_without_one_arm_counts_by_the_other() -> None:
    many, few = Moments.of([1.0, 2.0] * 50), Moments.of([5.0, 6.0] * 50)
    groups = [Group("mon", Moments.empty(1), few), Group("tue", many, many)]

    answer = mix(groups)

    assert answer is not None
    assert (answer.within, answer.pooled) == (0.0, -2.0)
    assert answer.p_value < BLOCK


def two_platforms(*, level: float) -> list[Group]:
    """Web lacks a tenth of the treatment, and has another level by so much."""
    rng = np.random.default_rng(7)
    web, app = (rng.normal(10 + level * web, 1, (4_000, 2)) for web in (1, 0))
    return [
        Group("web", Moments.of(web[:3_600, 0]), Moments.of(web[:, 1])),
        Group("app", Moments.of(app[:, 0]), Moments.of(app[:, 1])),
    ]


def test_p_is_said_to_be_of_the_move_of_the_effect_and_not_of_the_mix() -> None:
    found = mix_shift("m", "page", "platform", two_platforms(level=0.1), checks=16)

    assert found is not None
    bias, size = (float(str(found.detail[key])) for key in ("bias", "bias_in_errors"))
    assert found.p_value is not None
    assert found.text.startswith(
        f"m: page and control hold different mixes by platform, which moves the pooled effect by {bias:+.4g}, or "
        f"{size:.2g} of its standard errors (p = {found.p_value:.3g} that chance moves it so far, with all 16 such "
        "checks counted). Pooled, the effect is "
    )
    assert found.text.endswith("Read it within (strata), and find what changed the shares.")


def test_a_move_too_slight_to_matter_is_said_to_be_and_the_shares_are_still_asked_about() -> None:
    tail = np.tile([60.0, -60.0], 2_000)
    web, app = Moments.of(10 + tail), Moments.of(10.2 + tail)
    few = Moments.of(10 + tail[:400])

    found = mix_shift("m", "page", "platform", [Group("web", few, web), Group("app", app, app)])

    assert found is not None
    assert (found.status, found.detail["reversed"]) == (Status.WARN, False)
    assert "standard errors (p < 1e-15 that chance moves it so far)" in found.text
    assert found.text.endswith("So slight a move hardly changes a reading; what changed the shares may: find it.")


def test_a_quiet_check_says_that_the_mix_moves_no_effect() -> None:
    found = mix_shift("m", "page", "day", days(np.random.default_rng(2), np.full(6, 0.3), effect=1.0))

    assert found is not None
    assert found.status is Status.OK
    assert found.text.startswith("m: no mix by day moves the effect of page beyond chance (p = 0.")


def test_nothing_to_mix_says_nothing() -> None:
    one = Group("mon", Moments.of([1.0, 2.0]), Moments.of([1.0, 2.0]))

    assert mix([one]) is None
    assert mix_shift("m", "page", "day", [one]) is None


def test_an_effect_that_fades_with_the_day_of_entry_is_noted_and_one_that_stays_is_not() -> None:
    rng, noted = np.random.default_rng(5), 0
    for _ in range(500):
        stays = days(rng, np.full(10, 0.5), effect=0.3, units=200)
        found = effect_drift("m", "page", {float(day): group for day, group in enumerate(stays)})
        assert found is not None
        noted += found.status is not Status.OK
    fades = {
        float(day): Group(str(day), Moments.of(rng.normal(1 - 0.1 * day, 1, 400)), Moments.of(rng.normal(0, 1, 400)))
        for day in range(10)
    }
    fading = effect_drift("m", "page", fades)

    assert 10 <= noted <= 40
    assert fading is not None
    assert fading.status is Status.NOTE
    assert -0.13 < float(str(fading.detail["per_day"])) < -0.07
