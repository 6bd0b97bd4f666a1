"""Laws of overlapping experiments: interaction, launch scenarios, dependence of assignments."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st

from twyman.kernel.errors import Invalid
from twyman.stats.covariates import adjusted
from twyman.stats.difference import means
from twyman.stats.estimate import Cause, Contrast, NotEstimable
from twyman.stats.interactions import (
    Dependence,
    Interaction,
    conditional,
    dependence,
    grid,
    interaction,
    launched,
    scenario,
)
from twyman.stats.lift import absolute, relative
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair
from twyman.stats.tails import critical_value, upper_tail

CELL = st.lists(st.integers(-40, 40).map(lambda x: x / 4), min_size=3, max_size=12).map(Moments.of)
TWO_BY_TWO = st.lists(CELL, min_size=4, max_size=4).map(lambda cells: [cells[:2], cells[2:]])


def _tested(cells: list[list[Moments]], **options: object) -> Interaction:
    answer = interaction(cells, **options)  # pyright: ignore[reportArgumentType]
    assert isinstance(answer, Interaction)
    return answer


def _varied(cells: list[list[Moments]]) -> list[list[Moments]]:
    assume(any(cell.varies() for row in cells for cell in row))
    return cells


def _shifted(cells: list[list[Moments]], by: np.ndarray) -> list[list[Moments]]:
    return [[replace(cell, means=cell.means + by[a, b]) for b, cell in enumerate(row)] for a, row in enumerate(cells)]


@settings(max_examples=40)
@given(TWO_BY_TWO)
def test_swapping_arms_negates_and_swapping_experiments_changes_nothing(cells: list[list[Moments]]) -> None:
    plain = _tested(_varied(cells))
    swapped, turned = _tested(cells[::-1]), _tested([list(row) for row in zip(*cells, strict=True)])

    assert swapped.contrasts[0][0].estimate == pytest.approx(-plain.contrasts[0][0].estimate, abs=1e-12)
    assert turned.contrasts[0][0].estimate == pytest.approx(plain.contrasts[0][0].estimate, abs=1e-12)
    assert (swapped.p_value, turned.p_value) == pytest.approx((plain.p_value, plain.p_value))


@settings(max_examples=40)
@given(TWO_BY_TWO, st.floats(-5, 5), st.floats(-5, 5))
def test_effects_that_add_up_are_no_interaction(cells: list[list[Moments]], one: float, other: float) -> None:
    plain = _tested(_varied(cells))
    added = _tested(_shifted(cells, np.array([[0, other], [one, one + other]])))

    assert added.contrasts[0][0].estimate == pytest.approx(plain.contrasts[0][0].estimate, abs=1e-9)


@settings(max_examples=40)
@given(TWO_BY_TWO, st.floats(1.1, 3), st.floats(0.3, 0.9))
def test_effects_that_multiply_interact_on_the_additive_scale_only(
    cells: list[list[Moments]], one: float, other: float
) -> None:
    level = _shifted(_varied(cells), np.full((2, 2), 20.0))
    base = level[0][0]
    cells = [[base, base.scaled([other])], [base.scaled([one]), base.scaled([one * other])]]
    assume(base.varies())

    ratios = _tested(cells, scale="multiplicative").contrasts[0][0]
    assert ratios.estimate == pytest.approx(0, abs=1e-9)
    assert ratios.se == pytest.approx(2 * (base.variance() / base.count) ** 0.5 / float(base.means[0]))
    expected = float(base.means[0]) * (1 - one) * (1 - other)
    assert _tested(cells).contrasts[0][0].estimate == pytest.approx(expected, rel=1e-6)


@settings(max_examples=40)
@given(TWO_BY_TWO, st.sampled_from(["satterthwaite", "residual", "normal"]), st.sampled_from([0.001, 0.05, 0.3]))
def test_the_interval_excludes_zero_just_where_p_is_below_alpha(
    cells: list[list[Moments]], df: str, alpha: float
) -> None:
    answer = _tested(_varied(cells), df=df)
    assume(abs(answer.p_value / alpha - 1) > 1e-6)
    low, high = answer.contrasts[0][0].interval(alpha)

    assert (low > 0 or high < 0) == (answer.p_value < alpha)
    assert answer.statistic == pytest.approx(answer.contrasts[0][0].statistic ** 2)


def test_an_interaction_of_an_effects_size_takes_four_times_the_units() -> None:
    cell = Moments.of(np.random.default_rng(0).normal(size=5000))
    main = means(cell + cell, cell + cell)
    assert isinstance(main, Pair)
    answer = _tested([[cell, cell], [cell, cell]], df="normal", power=0.9)

    assert answer.contrasts[0][0].se ** 2 == pytest.approx(4 * main.contrast().se ** 2, rel=1e-3)
    reach = (critical_value(0.025) + critical_value(0.1)) * answer.contrasts[0][0].se
    assert answer.mde[0][0] == pytest.approx(reach)


def _three_by_two(seed: int) -> list[list[Moments]]:
    rng = np.random.default_rng(seed)
    return [[Moments.of(rng.normal(10 + a, 2, 200)) for _ in range(3)] for a in range(2)]


def test_more_arms_are_tested_at_once_whichever_is_called_control() -> None:
    cells = _three_by_two(3)
    plain, other = _tested(cells), _tested([[row[i] for i in (2, 0, 1)] for row in cells])

    assert plain.df == 2
    assert len(plain.contrasts[0]) == 2
    assert other.statistic == pytest.approx(plain.statistic, rel=1e-10)
    assert plain.p_value == pytest.approx(math.exp(-plain.statistic / 2), rel=1e-12)  # chi-square with two df
    f = _tested(cells, df="residual")
    assert f.p_value == pytest.approx((1 + f.statistic / f.residual_df) ** (-f.residual_df / 2), rel=1e-9)  # pyright: ignore


def test_a_huge_interaction_has_a_logarithm_for_a_p() -> None:
    cells = _shifted(_three_by_two(3), np.array([[0, 0, 1e4], [0, 0, 0]]))

    answer = _tested(cells)

    assert answer.p_value < 1e-300
    assert answer.log10_p is not None
    assert answer.log10_p < -1e5


def test_covariates_narrow_and_constant_ones_do_nothing() -> None:
    rng = np.random.default_rng(4)
    rows = [[rng.normal(size=(400, 1)) * 3 for _ in range(2)] for _ in range(2)]
    noise = [[rng.normal(size=(400, 1)) for _ in range(2)] for _ in range(2)]
    with_x = [
        [Moments.of(np.hstack([x + e, x])) for x, e in zip(a, b, strict=True)] for a, b in zip(rows, noise, strict=True)
    ]
    with_one = [
        [Moments.of(np.hstack([x + e, np.ones_like(x)])) for x, e in zip(a, b, strict=True)]
        for a, b in zip(rows, noise, strict=True)
    ]
    plain = _tested([[cell.columns(0) for cell in row] for row in with_x])
    narrow = interaction(grid(with_x, covariates=True))
    same = interaction(grid(with_one, covariates=True))
    assert isinstance(narrow, Interaction)
    assert isinstance(same, Interaction)

    assert narrow.contrasts[0][0].se < 0.4 * plain.contrasts[0][0].se
    assert same.contrasts[0][0] == plain.contrasts[0][0]


def test_adjusted_cells_are_nearly_the_adjusted_comparison() -> None:
    rng = np.random.default_rng(6)
    x = rng.normal(size=(4, 300, 1))
    cells = [Moments.of(np.hstack([2 * one + rng.normal(size=(300, 1)), one])) for one in x]
    table = grid([cells[:2], cells[2:]], covariates=True)
    ours = launched(table, [[0, 0], [0.5, 0.5]], [[0.5, 0.5], [0, 0]])
    theirs = adjusted(cells[2] + cells[3], cells[0] + cells[1], theta="pooled_within")
    assert isinstance(ours, Pair)
    assert not isinstance(theirs, NotEstimable)

    assert ours.contrast().estimate == pytest.approx(theirs.pair.contrast().estimate, abs=0.02)
    assert ours.contrast().se == pytest.approx(theirs.pair.contrast().se, rel=0.05)


def test_ratios_are_linearised_by_cell() -> None:
    rng = np.random.default_rng(5)
    cells = [
        [Moments.of(np.column_stack([rng.poisson(3, 200), rng.poisson(5, 200) + 1])) for _ in range(2)]
        for _ in range(2)
    ]
    table = grid(cells, own=2)

    assert table.means[1, 0] == pytest.approx(float(cells[1][0].means[0] / cells[1][0].means[1]))
    assert isinstance(interaction(table), Interaction)


@settings(max_examples=40)
@given(TWO_BY_TWO, st.floats(0.01, 10))
def test_evidence_at_any_look_is_the_normal_mixture(cells: list[list[Moments]], spread: float) -> None:
    answer = _tested(_varied(cells))
    contrast = answer.contrasts[0][0]
    v, rho = contrast.se**2, spread**2
    log_e = 0.5 * math.log(v / (v + rho)) + rho * contrast.estimate**2 / (2 * v * (v + rho))

    assert answer.log_e(spread) == pytest.approx(log_e, rel=1e-9, abs=1e-12)
    with pytest.raises(Invalid):
        answer.log_e(0.0)


def test_what_has_no_interaction_says_why() -> None:
    cell, constant, empty = Moments.of([1, 2, 3]), Moments.of([1, 1, 1]), Moments.empty()
    cases = {
        Cause.NOT_IDENTIFIABLE: interaction([[cell, empty], [cell, cell]]),
        Cause.NO_VARIATION: interaction([[constant, constant], [constant, constant]]),
        Cause.NOT_POSITIVE: interaction([[cell, cell], [cell, Moments.of([-1, -2])]], scale="multiplicative"),
    }

    for cause, answer in cases.items():
        assert isinstance(answer, NotEstimable)
        assert answer.code == cause
    for bad in ([[cell, cell]], [[cell], [cell]], [[cell, cell], [cell]], [[cell, cell], [cell, Moments.empty(2)]]):
        with pytest.raises(Invalid):
            interaction(bad)
    for option in ({"scale": "log"}, {"df": "welch"}, {"power": 1.0}, {"alpha": 0.0}):
        with pytest.raises(Invalid):
            interaction([[cell, cell], [cell, cell]], **option)  # pyright: ignore[reportArgumentType]
    with pytest.raises(Invalid, match="variance"):
        grid([[cell, cell], [cell, cell]], variance="hc4")


# Launching.


@settings(max_examples=40)
@given(TWO_BY_TWO)
def test_the_effect_given_the_others_arm_is_the_welch_test_of_two_cells(cells: list[list[Moments]]) -> None:
    plain = means(cells[1][0], cells[0][0])
    assume(isinstance(plain, Pair))
    ours = conditional(grid(cells), 1, other=0)
    assert isinstance(ours, Pair)
    assert isinstance(plain, Pair)

    assert absolute(ours).estimate == absolute(plain).estimate
    assert absolute(ours).p_value == pytest.approx(absolute(plain).p_value, rel=1e-9)


def test_the_usual_number_is_a_mixture_that_a_launch_ends() -> None:
    """A gains one alone and loses five beside B: today's mix of half and half says -2, a launch of B means -5."""
    rng = np.random.default_rng(8)
    values = np.array([[10.0, 12.0], [11.0, 7.0]])
    cells = grid([[Moments.of(rng.normal(values[a, b], 1, 4000)) for b in (0, 1)] for a in (0, 1)])
    today = launched(cells, [[0, 0], [0.5, 0.5]], [[0.5, 0.5], [0, 0]])
    beside_b = launched(cells, [[0, 0], [0, 1]], [[0, 1], [0, 0]])
    both = launched(cells, [[0, 0], [0, 1]], [[1, 0], [0, 0]])
    assert isinstance(today, Pair)
    assert isinstance(beside_b, Pair)
    assert isinstance(both, Pair)

    assert absolute(today).estimate == pytest.approx(-2, abs=0.1)
    assert absolute(beside_b).estimate == pytest.approx(-5, abs=0.1)
    lift = relative(both)
    assert not isinstance(lift, NotEstimable)
    assert lift.estimate == pytest.approx(-0.3, abs=0.01)


def test_mixes_that_share_a_cell_share_its_luck() -> None:
    cell = Moments.of([1.0, 2.0, 3.0])
    cells = grid([[cell, cell], [cell, cell]])
    pair = launched(cells, [[0.5, 0], [0.5, 0]], [[1, 0], [0, 0]])
    gap = scenario(cells, [[-0.5, 0], [0.5, 0]])
    assert isinstance(pair, Pair)
    assert isinstance(gap, Contrast)

    assert (pair.contrast().se, pair.df) == pytest.approx((gap.se, gap.df))


def test_a_cell_that_nobody_is_in_is_named() -> None:
    cell = Moments.of([1.0, 2.0, 3.0])
    aliased = grid([[cell, Moments.of([4.0])], [Moments.empty(), cell]])
    answer = conditional(aliased, 1, other=0)
    assert isinstance(answer, NotEstimable)

    assert answer.code == Cause.NOT_IDENTIFIABLE
    assert "cell (1, 0) has 0 units" in answer.text
    assert isinstance(launched(aliased, [[0, 0], [0, 1]], [[1, 0], [0, 0]]), Pair)
    for bad in (
        lambda: conditional(aliased, 2, other=0),
        lambda: scenario(aliased, [1, 2]),
        lambda: launched(aliased, [[2, 0], [0, 0]], [[1, 0], [0, 0]]),
    ):
        with pytest.raises(Invalid):
            bad()


# Assignments.


@given(st.lists(st.lists(st.integers(0, 400), min_size=3, max_size=3), min_size=2, max_size=4))
def test_dependence_is_pearsons_and_blind_to_order(table: list[list[int]]) -> None:
    answer = dependence(table)
    assume(isinstance(answer, Dependence))
    assert isinstance(answer, Dependence)
    turned = dependence([list(row) for row in zip(*table, strict=True)][::-1])
    assert isinstance(turned, Dependence)

    assert 0 <= answer.cramers_v <= 1
    assert answer.inflation >= 1
    assert (turned.statistic, turned.df) == pytest.approx((answer.statistic, answer.df), abs=1e-9)


def test_the_storys_aliasing_shows_within_two_dozen_units() -> None:
    aliased = dependence([[12, 0], [0, 12]])
    assert isinstance(aliased, Dependence)

    assert (aliased.cramers_v, aliased.leak) == (1.0, 1.0)
    assert aliased.inflation == math.inf
    assert aliased.p_value == pytest.approx(2 * upper_tail(math.sqrt(24)), rel=1e-9)
    assert aliased.p_value < 0.001


def test_an_arm_that_tells_the_other_is_full_dependence_whatever_the_tables_shape() -> None:
    answer = dependence([[10, 0, 0], [0, 5, 5]])
    assert isinstance(answer, Dependence)

    assert (answer.statistic, answer.df, answer.cramers_v) == pytest.approx((20, 2, 1.0))
    assert answer.leak is None


def test_a_leak_is_the_bias_of_the_naive_effect_per_unit_of_the_others() -> None:
    answer = dependence([[60, 40], [30, 70]])
    assert isinstance(answer, Dependence)

    assert answer.leak == pytest.approx(0.3)


def test_tables_that_say_nothing() -> None:
    one_arm = dependence([[5, 7], [0, 0]])
    assert isinstance(one_arm, NotEstimable)
    assert one_arm.code == Cause.ONE_ARM
    for bad in ([1, 2], [[1, -1], [2, 2]], [[1, math.nan], [2, 2]]):
        with pytest.raises(Invalid):
            dependence(bad)
