"""How small a follow-up is: the size that planning says, and the units at which the watch itself would speak."""

import math

import pytest
from hypothesis import given, settings, strategies as st

from twyman.doubt.coexposure import RATE, Beside, beside, coexposure, flagged
from twyman.doubt.follow_up import Precision, follow_up, units_to_flag
from twyman.stats.power.design import Design
from twyman.stats.power.history import known_mean


def measured(units: int, sd: float, effect: float, **changes: float) -> Precision:
    """Precision of a mean, of so many units in two equal arms."""
    se = sd * math.sqrt(4 / units)
    known = {"alpha": 0.05, "power": 0.8, "daily": 0.0} | changes
    return Precision(metric="retention", effect=effect, says="2 %", se=se, units=units, **known)  # type: ignore[arg-type]


@settings(max_examples=25, deadline=None)
@given(st.floats(1.0, 5.0), st.floats(0.05, 0.5), st.sampled_from([0.8, 0.9]), st.sampled_from([0.05, 0.01]))
def test_its_units_are_those_that_planning_the_same_comparison_says(
    sd: float, effect: float, power: float, alpha: float
) -> None:
    planned = Design(known_mean(10.0, sd), alpha=alpha, power=power, scale="absolute").units(effect)

    found = follow_up([1, 1], flags=300, rate=0.01, precision=measured(5_000, sd, effect, alpha=alpha, power=power))

    assert found.units == pytest.approx(planned.total, rel=0.02, abs=8)  # type: ignore[union-attr]


@pytest.mark.parametrize("shares", [(1, 1), (9, 1), (1, 1, 1)])
def test_flags_that_still_go_together_are_flagged_after_just_so_many_units(shares: tuple[int, ...]) -> None:
    units = units_to_flag(shares, flags=1, rate=RATE)

    assert _flagged(shares, units)
    assert not _flagged(shares, units - 1)


def _flagged(shares: tuple[int, ...], units: int) -> bool:
    ends = [round(units * sum(shares[:k]) / sum(shares)) for k in range(len(shares) + 1)]
    sizes = {f"arm {k}": ends[k + 1] - ends[k] for k in range(len(shares))}
    return bool(flagged(beside(sizes, {"twin": {(arm, arm): count for arm, count in sizes.items()}})))


def test_the_more_flags_are_watched_the_more_units_it_takes() -> None:
    needed = [units_to_flag((1, 1), flags=flags, rate=RATE) for flags in (1, 10, 300)]

    assert needed == [12, 15, 21]


def test_days_are_at_the_present_rate_and_never_guessed() -> None:
    asked = measured(10_000, 1.0, 0.05, daily=1_000)
    units = follow_up([1, 1], flags=1, rate=0.01, precision=asked).units

    assert units is not None
    assert follow_up([1, 1], flags=1, rate=0.01, precision=asked).days == math.ceil(units / 1_000)
    assert follow_up([1, 1], flags=1, rate=0.01, precision=measured(10_000, 1.0, 0.05)).days is None


def test_what_cannot_be_separated_comes_with_the_smallest_follow_up_that_would() -> None:
    twins = beside({"control": 30, "new": 30}, {"no-ads": {("new", "off"): 30}})

    check = coexposure(twins, precision=measured(60, 1.0, 0.1, daily=500))[0]

    assert check.detail["follow_up"] == {"units": 3_140, "days": 7, "units_to_flag": 12}
    assert "3,140 units, about 7 days at the present rate, show 2 % in retention with a power of 80 %" in check.text


def test_a_near_twin_comes_with_the_same_follow_up() -> None:
    near = beside({"control": 1_000, "new": 1_000}, {"no-ads": {("new", "off"): 998}})

    check = coexposure(near, precision=measured(2_000, 1.0, 0.1, daily=500))[0]

    assert (check.code, check.detail["follow_up"]) == ("aliased", {"units": 3_140, "days": 7, "units_to_flag": 12})
    assert "3,140 units, about 7 days at the present rate, show 2 % in retention with a power of 80 %" in check.text


@pytest.mark.parametrize("share", [0.98, 0.2])
def test_a_partial_twin_that_still_goes_along_as_far_is_flagged_after_just_so_many_units(share: float) -> None:
    def of(units: float) -> Beside:
        size = round(units / 2)
        return beside({"control": size, "new": size}, {"ads": {("new", "on"): round(share * size)}})[0]

    units = coexposure([of(4_000)])[0].detail["follow_up"]["units_to_flag"]  # type: ignore[index]

    assert flagged([of(1.1 * units)])
    assert not flagged([of(0.8 * units)])


def test_without_an_effect_to_see_only_the_separation_is_sized() -> None:
    twins = beside({"control": 30, "new": 30}, {"no-ads": {("new", "off"): 30}})

    check = coexposure(twins)[0]

    assert check.detail["follow_up"] == {"units": None, "days": None, "units_to_flag": 12}
    assert check.text.endswith("Whether they still go together shows after 12 units.")
