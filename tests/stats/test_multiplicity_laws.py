"""What holds for every correction: order, closure, missing tests, and intervals that agree."""

import math
from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import assume, example, given, settings, strategies as st

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import Cause, Contrast, NotEstimable
from twyman.stats.lift import absolute, relative
from twyman.stats.margins import noninferiority, one_sided_p
from twyman.stats.multiplicity import (
    CORRECTIONS,
    among_made,
    bh,
    bky,
    bonferroni,
    by,
    corrected,
    hochberg,
    holm,
    holm_sidak,
    hommel,
    sidak,
    step_down,
    storey,
    two_stage_bh,
    weighted_bonferroni,
)
from twyman.stats.pair import Pair
from twyman.stats.tails import two_sided, upper_tail

chances = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 1e-300, 1e-20, 0.01, 0.025, 0.05, 0.5, 1.0]))
families = st.lists(chances, min_size=1, max_size=7)
scores = st.lists(st.floats(-5, 5), min_size=1, max_size=6)
alphas = st.sampled_from([0.001, 0.05, 0.2])


def subsets(m: int) -> list[tuple[int, ...]]:
    return list(chain.from_iterable(combinations(range(m), size) for size in range(1, m + 1)))


def closed(p: list[float], local) -> list[float]:  # noqa: ANN001
    """Adjust by the definition: the largest p-value of any group of tests that a test is in."""
    tests = [(group, local([p[i] for i in group])) for group in subsets(len(p))]
    return [max(value for group, value in tests if i in group) for i in range(len(p))]


def simes(p: list[float]) -> float:
    return min(len(p) * value / rank for rank, value in enumerate(sorted(p), 1))


@given(families)
@example([0.01, 0.02, 0.03, 0.04, 0.05])
@example([0.0, 0.0, 1.0])
@settings(max_examples=40)
def test_hommel_is_the_closure_of_simes(p: list[float]) -> None:
    assert hommel(p) == pytest.approx(closed(p, simes), rel=1e-12, abs=0)


@given(families)
@settings(max_examples=40)
def test_holm_is_the_closure_of_bonferroni(p: list[float]) -> None:
    assert holm(p) == pytest.approx(closed(p, lambda group: min(1.0, len(group) * min(group))), rel=1e-12, abs=0)


@given(families)
@settings(max_examples=40)
def test_corrections_are_ordered_by_what_they_assume(p: list[float]) -> None:
    eps = 1 + 1e-12
    assert (np.array(p) <= bh(p) * eps).all()
    for weaker, stronger in [
        (hommel, bh),
        (hochberg, hommel),
        (holm, hochberg),
        (bonferroni, holm),
        (sidak, holm_sidak),
        (bonferroni, sidak),
        (by, bh),
    ]:
        assert (weaker(p) * eps + 1e-300 >= stronger(p)).all()


@given(families, st.randoms(use_true_random=False), alphas)
@settings(max_examples=40)
def test_the_order_of_tests_changes_nothing(p: list[float], chance, alpha: float) -> None:  # noqa: ANN001
    order = list(range(len(p)))
    chance.shuffle(order)

    for name in CORRECTIONS:
        straight = corrected(p, correction=name, alpha=alpha).adjusted
        shuffled = corrected([p[i] for i in order], correction=name, alpha=alpha).adjusted
        assert shuffled == pytest.approx(straight[order], rel=1e-12)


@given(families, st.integers(0, 4))
@settings(max_examples=40)
def test_tests_not_at_hand_count_as_ones(p: list[float], more: int) -> None:
    padded, m = p + [1.0] * more, len(p) + more

    for correction in (bonferroni, sidak, holm, holm_sidak, hochberg, hommel, bh, by):
        assert correction(p, m) == pytest.approx(correction(padded)[: len(p)], rel=1e-12)
    for two_stage in (two_stage_bh, bky):
        assert two_stage(p, alpha=0.05, m=m) == pytest.approx(two_stage(padded, alpha=0.05)[: len(p)], rel=1e-12)
    assert storey(p, m=m) == pytest.approx(storey(padded)[: len(p)], rel=1e-12)


@given(families)
def test_equal_weights_are_no_weights(p: list[float]) -> None:
    assert weighted_bonferroni(p, [2.0] * len(p)) == pytest.approx(bonferroni(p), rel=1e-12, abs=0)


@given(families, alphas)
def test_two_stage_procedures_do_what_they_say(p: list[float], alpha: float) -> None:
    """BKY by its steps: BH at q' finds r; if some, but not all, BH again at q' m / (m - r)."""
    stricter = alpha / (1 + alpha)
    found = bh(p) <= stricter
    assume(found.sum() not in (0, len(p)))

    again = bh(p) * (len(p) - found.sum()) / len(p)

    edge = np.abs(again - stricter) < 1e-12
    assert ((bky(p, alpha=alpha) <= alpha) | edge).tolist() == ((again <= stricter) | edge).tolist()
    assert (two_stage_bh(p, alpha=alpha) <= bky(p, alpha=alpha) + 1e-15).all() or (bh(p) <= alpha).all()


@given(scores, alphas, st.sampled_from([None, 3.0, 200.0]))
@settings(max_examples=40)
def test_an_interval_excludes_no_effect_exactly_when_its_adjusted_p_is_below_alpha(
    z: list[float], alpha: float, df: float | None
) -> None:
    p = [two_sided(each, df)[0] for each in z]
    for name in ("none", "bonferroni", "sidak", "bh", "by"):
        answer = corrected(p, correction=name, alpha=alpha)
        assert not isinstance(answer.interval_alphas, NotEstimable)
        for each, adjusted, level in zip(z, answer.adjusted, answer.interval_alphas, strict=True):
            if abs(adjusted - alpha) < 1e-9:
                continue
            low, high = Contrast(each, 1.0, df).interval(float(level))
            assert (low > 0 or high < 0) == (adjusted < alpha)


@given(st.lists(st.floats(9.5, 11), min_size=2, max_size=4))
def test_lift_and_difference_agree_after_a_correction(treated: list[float]) -> None:
    pairs = [_pair(mean) for mean in treated]
    plain = [absolute(pair) for pair in pairs]

    answer = corrected([each.p_value for each in plain], correction="bonferroni")

    assert not isinstance(answer.interval_alphas, NotEstimable)
    for pair, adjusted, level in zip(pairs, answer.adjusted, answer.interval_alphas, strict=True):
        if abs(adjusted - 0.05) > 1e-9:
            for estimate in (absolute(pair, alpha=level), relative(pair, alpha=level)):
                assert not isinstance(estimate, NotEstimable)
                assert estimate.lower is not None
                assert estimate.upper is not None
                assert (estimate.lower > 0 or estimate.upper < 0) == (adjusted < 0.05)


def _pair(treatment: float) -> Pair:
    return Pair(
        treatment=treatment,
        control=10.0,
        treatment_variance=0.02,
        control_variance=0.01,
        df=40.0,
        treatment_units=21,
        control_units=21,
        method="difference",
    )


@pytest.mark.parametrize("name", sorted(set(CORRECTIONS) - {"none", "bonferroni", "sidak", "bh", "by"}))
def test_where_no_interval_agrees_that_is_said(name: str) -> None:
    answer = corrected([0.01, 0.2], correction=name)

    assert isinstance(answer.interval_alphas, NotEstimable)
    assert answer.interval_alphas.code == Cause.NO_INTERVAL


@given(scores, alphas)
def test_holms_bounds_reach_the_null_exactly_where_it_rejects(z: list[float], alpha: float) -> None:
    answer = step_down([upper_tail(each) for each in z], alpha=alpha)
    assume((np.abs(answer.adjusted - alpha) > 1e-9).all())

    lower = answer.lower(lambda i, level: Contrast(z[i], 1.0, None).interval(2 * level)[0], [0.0] * len(z))

    assert [bound >= 0 for bound in lower] == answer.rejected.tolist()
    assert answer.rejected.tolist() == (answer.adjusted < alpha).tolist()
    for bound, each in zip(lower, z, strict=True):
        assert bound <= each


def test_holms_bounds_share_alpha_among_those_that_stand() -> None:
    some, every = step_down([0.001, 0.3, 0.4], alpha=0.05), step_down([0.001, 0.002, 0.003], alpha=0.06)

    assert some.alphas.tolist() == [0.0, 0.025, 0.025]
    assert every.alphas == pytest.approx([0.02] * 3)


def test_holms_bounds_hold_at_once() -> None:
    """In 2,000 draws of three independent tests, two with effects, all bounds hold in at least 95 %, less noise."""
    rng = np.random.default_rng(5)
    truth = np.array([0.0, 2.5, 6.0])
    draws = rng.normal(size=(2_000, 3)) + truth
    held = 0
    for z in draws:
        answer = step_down([upper_tail(float(each)) for each in z], alpha=0.05)
        low = answer.lower(lambda i, level, z=z: Contrast(float(z[i]), 1.0, None).interval(2 * level)[0], [0.0] * 3)
        held += all(
            bound <= true if bound > 0 or not hit else true > 0
            for bound, true, hit in zip(low, truth, answer.rejected, strict=True)
        )

    assert held >= 2_000 * 0.95 - 3.3 * math.sqrt(2_000 * 0.05 * 0.95)


def test_margins_follow_holms_bounds() -> None:
    pairs, margin = [_pair(10.2), _pair(9.99), _pair(9.0)], 0.05
    answer = step_down([one_sided_p(noninferiority(pair, margin=margin)) for pair in pairs], alpha=0.05)

    def ordinary(i: int, level: float) -> float:
        lift = relative(pairs[i], alpha=2 * level)
        assert not isinstance(lift, NotEstimable)
        assert lift.lower is not None
        return lift.lower

    assert [bound >= -margin for bound in answer.lower(ordinary, [-margin] * 3)] == answer.rejected.tolist()
    assert answer.rejected.tolist() == [True, True, False]


def test_a_test_that_was_not_made_is_left_out_on_purpose_only() -> None:
    p = [0.01, math.nan, 0.02, math.nan]

    with pytest.raises(Invalid, match="2 of 4 p-values"):
        bh(p)
    answer = among_made(bh, p)

    assert answer.adjusted[[0, 2]].tolist() == bh([0.01, 0.02]).tolist()
    assert np.isnan(answer.adjusted[[1, 3]]).all()
    assert (answer.made, answer.missing) == (2, 2)


def test_no_tests_are_no_trouble() -> None:
    for name in CORRECTIONS:
        assert corrected([], correction=name).adjusted.size == 0


def test_a_hundred_thousand_tests_are_corrected_exactly() -> None:
    p = np.random.default_rng(3).uniform(size=100_000) ** 3
    order = np.argsort(p)

    adjusted = hommel(p)

    assert (np.diff(adjusted[order]) >= 0).all()
    assert (bh(p) <= adjusted * (1 + 1e-12)).all()
    assert (adjusted <= hochberg(p) * (1 + 1e-12)).all()


@pytest.mark.parametrize("size", [1, 2, 3, 17, 256])
def test_hommel_in_m_log_m_is_hommel_by_the_book(size: int) -> None:
    p = np.sort(np.random.default_rng(size).uniform(size=size) ** 2)
    quadratic = np.zeros(size)
    for i in range(1, size + 1):
        worst = min(i * p[size - i + j - 1] / j for j in range(1, i + 1))
        quadratic = np.maximum(quadratic, np.minimum(worst, i * p))

    assert hommel(p) == pytest.approx(np.maximum(quadratic, p), rel=1e-12)


def test_q_values_read_the_share_of_nulls_off_the_large_ones() -> None:
    p = [0.001] * 60 + [0.6, 0.7, 0.8, 0.9] * 10

    assert storey(p)[0] == pytest.approx(bh(p)[0] * 0.82)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: holm([0.1, -0.1]),
        lambda: holm([[0.1], [0.2]]),
        lambda: hommel([0.1, 0.2], m=1),
        lambda: weighted_bonferroni([0.1, 0.2], [1.0]),
        lambda: weighted_bonferroni([0.1, 0.2], [0.0, 0.0]),
        lambda: weighted_bonferroni([0.1, 0.2], [1.0, -1.0]),
        lambda: bky([0.1], alpha=0.0),
        lambda: storey([0.1], null_share=0.0),
        lambda: storey([0.1], above=1.0),
        lambda: corrected([0.1], correction="holms"),
        lambda: corrected([0.1], alpha=1.0),
        lambda: step_down([0.1], alpha=0.0),
    ],
)
def test_what_makes_no_sense_is_refused(ask) -> None:  # noqa: ANN001
    with pytest.raises(Invalid):
        ask()


def test_a_test_of_no_weight_is_never_rejected() -> None:
    assert weighted_bonferroni([0.0, 0.01], [0.0, 1.0]).tolist() == [1.0, 0.01]
