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
