"""Synthetic A/A tests: the arms are fair, the numbers are Welch's, and the verdict is the right one."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from twyman.kernel.errors import Invalid
from twyman.stats.difference import means
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.lift import absolute
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair
from twyman.stats.ratio import ratios
from twyman.stats.re_randomised import SyntheticAA, assignment, synthetic_aa, unit_hashes


def _run(values: object, **options: object) -> SyntheticAA:
    answer = synthetic_aa(values, **options)  # pyright: ignore[reportArgumentType]
    assert isinstance(answer, SyntheticAA)
    return answer


def _keys(n: int) -> np.ndarray:
    return unit_hashes([str(i) for i in range(n)], expected=n)


def test_arms_are_fair_and_salts_share_no_luck() -> None:
    arms = assignment(_keys(20_000), range(60)).astype(float) * 2 - 1
    shares, together = arms.mean(axis=1) * np.sqrt(20_000), (arms @ arms.T / np.sqrt(20_000))[np.triu_indices(60, 1)]

    for z in (shares, together):
        assert np.abs(z).max() < 4.6
        assert z.std() == pytest.approx(1, abs=4 / np.sqrt(2 * z.size))


def test_arms_are_the_same_for_ever() -> None:
    """Worked out in whole numbers of any size, apart from numpy; to change them is to change old answers."""
    arms = ["".join("CT"[int(treated)] for treated in row) for row in assignment(_keys(24), [0, 1, 999])]

    assert arms == ["TTTTTCTCCTCTCCCCTTTCCTTT", "CCCTTTTCTCCCTCCCCCCTCTCT", "CTTCCTTCCTTTTCTTCCTTCCTC"]


def test_a_unit_keeps_its_arm_in_any_company() -> None:
    keys = _keys(50)

    assert (assignment(keys[::-1], [3, 7])[:, ::-1] == assignment(keys, [3, 7])).all()
    assert (assignment(keys[:9], [7])[0] == assignment(keys, [3, 7])[1, :9]).all()


def test_the_same_units_in_another_order_are_the_same_experiments() -> None:
    rng = np.random.default_rng(1)
    values, order = rng.normal(size=300), rng.permutation(300)
    units = [f"u{i}" for i in range(300)]
    plain = _run(values, units=units, salts=50)
    shuffled = _run(values[order], units=[units[i] for i in order], salts=50)

    assert shuffled.p_values == pytest.approx(plain.p_values, rel=1e-9)


@given(st.integers(0, 50), st.sampled_from([0.0, 1e6, -1e9]))
@settings(max_examples=15)
def test_each_p_value_is_welchs(seed: int, about: float) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=200) + about
    arms = assignment(_keys(200), range(5))
    answer = _run(values, salts=5)

    for treated, p in zip(arms, answer.p_values, strict=True):
        pair = means(Moments.of(values[treated]), Moments.of(values[~treated]))
        assert isinstance(pair, Pair)
        assert p == pytest.approx(absolute(pair).p_value, rel=1e-5)


def test_each_p_value_of_a_ratio_is_the_linearised_one() -> None:
    rng = np.random.default_rng(4)
    below = rng.poisson(4, 300) + 1.0
    rows = np.column_stack([rng.binomial(below.astype(int), 0.3), below])
    answer = _run(rows[:, 0], denominators=below, salts=5)

    for treated, p in zip(assignment(_keys(300), range(5)), answer.p_values, strict=True):
        pair = ratios(Moments.of(rows[treated]), Moments.of(rows[~treated]))
        assert isinstance(pair, Pair)
        assert p == pytest.approx(absolute(pair).p_value, rel=1e-9)


def test_a_sound_metric_is_trusted() -> None:
    answer = _run(np.random.default_rng(3).normal(10, 3, 2000), lift=1.0)

    assert answer.verdict == "trusted"
    assert answer.band[0] <= 0.05 <= answer.band[1]
    assert answer.covered == pytest.approx(0.95, abs=0.025)
    assert min(answer.rate_p, answer.shape_p, answer.split_p) > 0.01


def test_page_views_taken_for_units_are_inflated_and_as_a_ratio_trusted() -> None:
    """Randomised by user, analysed by user; the naive test of each user's views as so many units is what inflates.

    Here it is made by giving a user's variance away: the mean of twenty identical views, each its own unit,
    whose arm is the user's.
    """
    rng = np.random.default_rng(5)
    users = rng.normal(size=100)
    arms = assignment(_keys(100), range(1000))
    p = []
    for treated in arms:
        t, c = np.repeat(users[treated], 20), np.repeat(users[~treated], 20)
        pair = means(Moments.of(t), Moments.of(c))
        assert isinstance(pair, Pair)
        p.append(absolute(pair).p_value)

    assert np.mean(np.array(p) < 0.05) > 0.5
    assert _run(users).verdict == "trusted"


def test_one_whale_makes_a_metric_conservative() -> None:
    values = np.zeros(3000)
    values[0], values[1:40] = 1e6, 1.0

    answer = _run(values)

    assert (answer.verdict, answer.rejections) == ("conservative", 0)
    assert answer.shape_p < 1e-6


def test_without_a_lift_coverage_is_what_was_not_rejected() -> None:
    answer = _run(np.random.default_rng(9).normal(size=400), salts=300)

    assert answer.covered == pytest.approx(1 - answer.rate)


def test_what_cannot_be_split_says_so() -> None:
    few, flat = synthetic_aa([1.0, 2.0]), synthetic_aa([3.0] * 50)
    proportional = synthetic_aa([2.0, 4.0, 6.0, 8.0], denominators=[1.0, 2.0, 3.0, 4.0])
    for answer, cause in ((few, Cause.TOO_FEW_UNITS), (flat, Cause.NO_VARIATION), (proportional, Cause.NO_VARIATION)):
        assert isinstance(answer, NotEstimable)
        assert answer.code == cause
    assert _run([1.0, 2.0, 3.0, 5.0], salts=30).p_values.max() <= 1  # arms of one unit or none: p = 1, no warning


def test_columns_that_do_not_match_are_refused() -> None:
    good = list(range(10))
    for options in (
        {"denominators": [1.0]},
        {"units": ["a"] * 10},
        {"units": ["a"]},
        {"salts": 0},
        {"alpha": 1.0},
        {"denominators": [1.0] * 5 + [-1.0] * 5},
    ):
        with pytest.raises(Invalid):
            synthetic_aa(good, **options)  # pyright: ignore[reportArgumentType]
    with pytest.raises(Invalid, match="finite"):
        synthetic_aa([1.0, np.nan, 2.0, 3.0])
