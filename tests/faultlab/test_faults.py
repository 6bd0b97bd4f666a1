"""Each fault damages what it says, and nothing else: a world and its twin are drawn with the same chance."""

from functools import cache

import numpy as np
import pytest
from faultlab.faults.fault import Layer
from faultlab.faults.registry import CAUSES, FAULTS
from faultlab.people import PLATFORMS
from faultlab.reader import matters, read
from faultlab.trial import HISTORY
from faultlab.world import DAY, NEVER, ON, OUT, World, world
from numpy.typing import NDArray

from twyman.doubt.causes import CAUSES as KNOWN

LARGE = 3
"""A seed with many users, and a fortnight of enrolment."""


@cache
def healthy(seed: int = LARGE) -> World:
    return world(seed)


@cache
def damaged(name: str, size: float, seed: int = LARGE) -> World:
    return world(seed, FAULTS[name], size)


def met(made: World) -> NDArray[np.bool_]:
    return made.exposed != NEVER


def arms(made: World) -> tuple[int, int]:
    """Units of control and treatment."""
    return int((met(made) & ~made.treated).sum()), int((met(made) & made.treated).sum())


def dependence(made: World, flag: int) -> float:
    """How much more often the treatment is on in another test, than control is."""
    inside = made.others[:, flag] != OUT
    on = made.others[:, flag] == ON
    return float(on[inside & made.treated].mean() - on[inside & ~made.treated].mean())


def rows(made: World, *, treated: bool, source: str = "listening") -> int:
    """Rows of an arm since its exposure."""
    facts = made.facts[source]
    day = (facts.at - made.epoch) // DAY
    exposed = made.exposed[facts.user]
    return int(((made.treated[facts.user] == treated) & (exposed != NEVER) & (day >= exposed)).sum())


def test_every_kind_of_fault_is_one_that_the_product_can_name() -> None:
    assert set(CAUSES) == set(KNOWN)
    assert len(FAULTS) == 22


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_leaves_people_and_their_past_as_they_were(name: str) -> None:
    fault = FAULTS[name]
    made = damaged(name, fault.high)

    assert (made.users.number == healthy().users.number).all()
    if name not in {"pre_period_bias", "join_fan_out"}:
        past = [
            facts.user[facts.at < one.epoch + (HISTORY - 1) * DAY]
            for one in (made, healthy())
            for facts in [one.facts["listening"]]
        ]
        assert (np.bincount(past[0], minlength=10) == np.bincount(past[1], minlength=10)).all()


@pytest.mark.parametrize("name", FAULTS)
def test_sizes_lie_between_their_ends_and_the_largest_tells(name: str) -> None:
    fault = FAULTS[name]
    drawn = [fault.drawn(seed) for seed in range(200)]
    part = [size for size in drawn if size < fault.high]

    assert fault.low <= min(drawn) < max(drawn) <= fault.high
    assert np.median(part) == pytest.approx((fault.low * fault.high) ** 0.5, rel=0.4)
    assert 1 - len(part) / len(drawn) == pytest.approx(fault.whole, abs=0.1)


def test_a_twin_is_on_just_where_the_treatment_is() -> None:
    made = damaged("aliased_twin", 0.05)
    assert made.twin is not None

    flag, effect, _ = made.twin
    assert dependence(made, flag) == 1.0
    assert abs(effect) == 0.05
    assert (read(made).lift - read(healthy()).lift) * np.sign(effect) > 0.02


@pytest.mark.parametrize("share", [5, 20, 50])
def test_a_leak_is_as_large_as_its_name_says(share: int) -> None:
    made = damaged(f"leak_{share:02}", 0.1)
    assert made.twin is not None

    assert dependence(made, made.twin[0]) == pytest.approx(share / 100, abs=0.05)
    others = [dependence(made, flag) for flag in range(made.trial.flags) if flag != made.twin[0]]
    assert max(map(abs, others)) < 0.12


@pytest.mark.parametrize("name", ["aliased_twin", "leak_05", "leak_50"])
def test_a_leak_is_measured_against_the_other_test_that_nobody_follows(name: str) -> None:
    """That another test has a large effect on half of all units is no fault: a dependence on our arm is."""
    undone = FAULTS[name].undone
    assert undone is not None

    made, beside = damaged(name, 0.3), world(LARGE, undone, 0.3)

    assert made.twin == beside.twin is not None
    flag = made.twin[0]
    assert dependence(beside, flag) == pytest.approx(0, abs=0.03)
    assert ((made.others[:, flag] == OUT) == (beside.others[:, flag] == OUT)).all()
    share = {"aliased_twin": 1.0, "leak_05": 0.05, "leak_50": 0.5}[name]
    bias = abs(read(made).lift - read(beside).lift)
    assert bias == pytest.approx(0.3 * share * max(0.8, share), rel=0.4)


def test_what_is_not_delivered_shows_in_its_marker_and_nowhere_in_exposures() -> None:
    made, well = damaged("non_delivery", 0.6), healthy()

    opened, before = (int(one.facts["pages"].measures["moments"].sum()) for one in (made, well))
    assert opened == pytest.approx(0.4 * before, rel=0.05)
    assert arms(made) == arms(well)


def test_a_cache_is_stale_for_three_days_only() -> None:
    made, well = damaged("cache", 1.0), healthy()
    since = np.arange(made.trial.days) - made.exposed[:, None]

    assert not made.served[(since >= 0) & (since < 3)].any()
    assert (made.served[since >= 3] == well.served[since >= 3]).all()


def test_a_redirect_loses_impatient_users_of_the_treatment() -> None:
    made, well = damaged("redirect_loss", 0.2), healthy()
    gone = met(well) & ~met(made)

    assert made.treated[gone].all()
    assert gone.sum() / arms(well)[1] == pytest.approx(0.2, abs=0.03)
    assert made.users.patience[gone].max() < np.median(made.users.patience)


def test_exposures_go_missing_for_those_who_come_seldom() -> None:
    made, well = damaged("missing_exposures", 0.6), healthy()
    gone = met(well) & ~met(made)

    assert gone.sum() > 100
    assert made.treated[gone].all()
    assert made.chance()[gone].mean() < made.chance()[met(made)].mean() - 0.1


def test_one_platform_loses_its_treatment_and_the_others_stay_balanced() -> None:
    made, well = damaged("srm_by_segment", 0.9), healthy()
    lost = [int((met(well) & ~met(made) & (made.users.platform == place)).sum()) for place in range(len(PLATFORMS))]

    assert sorted(lost)[:-1] == [0, 0, 0]
    assert max(lost) > 100
    assert made.treated[met(well) & ~met(made)].all()


def test_units_change_arms_as_often_as_said() -> None:
    made = damaged("crossover", 0.2)
    user, day, arm = made.again

    crossed = arm != made.treated[user]
    assert crossed.sum() == pytest.approx(0.2 * met(made).sum(), rel=0.35)
    assert (day > made.exposed[user]).all()


def test_only_users_of_several_devices_are_drawn_twice() -> None:
    made = damaged("unit_mismatch", 1.0)

    assert len(made.again[0]) > 100
    assert (made.users.devices[made.again[0]] > 1).all()


def test_a_broken_hash_is_off_in_share_or_follows_the_age_of_accounts() -> None:
    drawn = [world(seed, FAULTS["wrong_bucketing"], 0.6) for seed in range(6)]
    young = [one.users.tenure < np.quantile(one.users.tenure, 0.4) for one in drawn]
    gaps = [one.treated[new].mean() - one.treated[~new].mean() for one, new in zip(drawn, young, strict=True)]

    shares = [one.treated.mean() for one in drawn]
    assert all(share > 0.55 for share in shares)
    assert max(gaps) > 0.2
    assert abs(min(gaps)) < 0.06


def test_an_arm_that_starts_late_has_nobody_before() -> None:
    made = damaged("late_arm_start", 3.0)

    first = made.exposed[met(made) & made.treated].min()
    assert first == HISTORY + 3
    assert made.exposed[met(made) & ~made.treated].min() == HISTORY


def test_a_ramp_is_balanced_in_all_and_not_by_day() -> None:
    made = damaged("ramp_mix", 0.6)
    early = met(made) & (made.exposed < HISTORY + 2)

    assert made.treated[met(made)].mean() == pytest.approx(made.share, abs=0.001)
    assert made.treated[early].mean() < made.share - 0.05


def test_arms_differed_before_by_the_size_of_the_bias() -> None:
    made = damaged("pre_period_bias", 0.3)
    past = made.visits[:, :HISTORY].mean(axis=1)

    gap = past[made.treated].mean() / past[~made.treated].mean() - 1
    assert 0.05 < abs(gap) < 0.4


@pytest.mark.parametrize(("name", "size", "factor"), [("duplicate_events", 0.2, 1.2), ("telemetry", 0.2, 0.8)])
def test_rows_of_one_arm_are_repeated_or_lost_in_every_source(name: str, size: float, factor: float) -> None:
    made = damaged(name, size)
    changes = {arm: rows(made, treated=arm) / rows(healthy(), treated=arm) for arm in (True, False)}

    hit = max(changes, key=lambda arm: abs(changes[arm] - 1))
    assert changes[hit] == pytest.approx(factor, abs=0.02)
    assert changes[not hit] == 1.0
    pages = [rows(one, treated=hit, source="pages") for one in (made, healthy())]
    assert pages[0] / pages[1] == pytest.approx(factor, abs=0.02)


def test_a_join_repeats_all_rows_of_some_of_the_treatment() -> None:
    made = damaged("join_fan_out", 0.2)
    counts = [np.bincount(one.facts["listening"].user, minlength=one.trial.users) for one in (made, healthy())]

    twice = counts[0] == 2 * counts[1]
    again = twice & (counts[1] > 0)
    assert (twice | (counts[0] == counts[1])).all()
    assert again[met(made) & made.treated].mean() == pytest.approx(0.2, abs=0.03)
    assert not again[~made.treated].any()


def test_a_bot_is_one_unit_with_thousands_of_rows() -> None:
    made = damaged("bot", 5_000)
    more = np.bincount(made.facts["listening"].user, minlength=made.trial.users) - np.bincount(
        healthy().facts["listening"].user, minlength=made.trial.users
    )

    assert (more > 0).sum() == 1
    assert more.max() == 5_000
    assert met(made)[more.argmax()]


def test_an_outlier_is_one_row() -> None:
    made = damaged("outlier", 100_000)
    changed = made.facts["listening"].measures["songs"] != healthy().facts["listening"].measures["songs"]

    assert changed.sum() == 1
    assert made.facts["listening"].measures["songs"].max() == 100_000


def test_a_clock_is_off_for_one_version_of_the_treatment() -> None:
    made, well = damaged("clock_skew", 6), healthy()
    facts = made.facts["listening"]
    moved = facts.at - well.facts["listening"].at

    assert set(np.abs(moved)) == {0, 6 * 3_600_000_000}
    assert made.treated[facts.user[moved != 0]].all()
    assert len(np.unique(made.users.version[facts.user[moved != 0]])) == 1


def test_a_filter_on_what_follows_keeps_more_of_the_treatment() -> None:
    made = damaged("post_exposure_filter", 0.3)
    assert made.filter is not None

    kept = [made.filter[met(made) & (made.treated == arm)].mean() for arm in (True, False)]
    assert kept[0] - kept[1] > 0.05


def test_a_fault_matters_by_its_bias_or_by_what_is_done() -> None:
    worst = read(damaged("aliased_twin", 0.08))

    assert matters(read(healthy()), worst)
    assert not matters(read(healthy()), read(healthy()))


@pytest.mark.parametrize("layer", Layer)
def test_every_layer_has_its_faults(layer: Layer) -> None:
    assert any(fault.layer is layer for fault in FAULTS.values())
