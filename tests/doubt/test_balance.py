import numpy as np

from twyman.doubt.balance import Kept, covariate_balance, crossovers, kept_evenly, sample_ratio
from twyman.doubt.check import Status
from twyman.stats.moments import Moments

HALF = {"a": 0.5, "b": 0.5}


def test_cookie_cats_is_a_warning_and_not_a_block() -> None:
    split = sample_ratio({"a": 44_700, "b": 45_489}, HALF, control="a")

    assert split.status is Status.WARN
    assert "44,700 a : 45,489 b" in split.text


def test_a_gross_mismatch_blocks_and_says_what_to_do() -> None:
    split = sample_ratio({"a": 50_000, "b": 48_000}, HALF, control="a")

    assert split.status is Status.BLOCK
    assert "find where units are lost" in split.text


def test_units_in_an_arm_without_share_block() -> None:
    assert sample_ratio({"a": 10, "b": 9, "c": 1}, HALF | {"c": 0.0}, control="a").status is Status.BLOCK


def test_ad_smart_responders_are_a_note() -> None:
    """Published: 657 of 4,006 exposed and 586 of 4,071 control answered, pooled p = .0125."""
    seen = kept_evenly("filter", "the filter", ("exposed", Kept(657, 4006)), ("control", Kept(586, 4071)))

    assert seen.status is Status.NOTE
    assert round(seen.p_value or 0, 4) == 0.0125
    assert "conditioning" in seen.text


def test_a_few_even_crossovers_are_nothing_more_a_note_and_many_a_block() -> None:
    few = crossovers({"a": 3, "b": 1}, {"a": 80_113, "b": 79_987}, HALF)
    many = crossovers({"a": 1000, "b": 1000}, {"a": 50_000, "b": 50_000}, HALF)

    assert few.status is Status.OK
    assert many.status is Status.BLOCK
    assert crossovers({"a": 250, "b": 250}, {"a": 50_000, "b": 50_000}, HALF).status is Status.NOTE


def test_uneven_crossovers_block_however_few() -> None:
    assert crossovers({"a": 60, "b": 10}, {"a": 50_000, "b": 50_000}, HALF).status is Status.BLOCK


def test_a_covariate_from_before_exposure_that_differs_is_said() -> None:
    left, right = Moments.of([0.0, 1.0] * 500), Moments.of([0.0, 1.0, 1.0, 1.0] * 250)

    seen = covariate_balance("m", "pre 14d", ("t", left), ("c", right))

    assert seen is not None
    assert seen.status is Status.BLOCK
    assert "pre 14d" in seen.text


def test_a_filter_that_keeps_arms_unevenly_blocks_and_what_one_metric_drops_only_warns() -> None:
    """Treatment 4,400 of 10,000, control 4,000: z = 5.7."""
    sides = ("b", Kept(4_400, 10_000)), ("a", Kept(4_000, 10_000))

    assert kept_evenly("filter", "the filter", *sides).status is Status.BLOCK
    assert kept_evenly("dropped_units", "answers", *sides, metric="answers").status is Status.WARN


def test_arms_that_differed_before_block_beyond_what_ten_readings_show_by_chance() -> None:
    """Differences of 3.5 and 4.1 standard errors: p = .0005 and .00004."""
    rows = np.tile([-1.0, 1.0], 5_000)
    error = (2 / rows.size) ** 0.5

    seen = [
        covariate_balance("m", "pre", ("t", Moments.of(rows + z * error)), ("c", Moments.of(rows))) for z in (3.5, 4.1)
    ]

    assert [one and one.status for one in seen] == [Status.WARN, Status.BLOCK]
