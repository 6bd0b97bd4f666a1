"""Arrays of comparisons give, element by element, what single comparisons give: numbers, and reasons for none."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings as effort, strategies as st

from twyman.kernel.errors import Invalid
from twyman.stats.cells import Cells
from twyman.stats.comparison import Effects, compare, compare_all
from twyman.stats.estimate import Estimate, NotEstimable
from twyman.stats.estimates import Estimates
from twyman.stats.moments import Moments
from twyman.stats.settings import KINDS, Settings

CONVENTIONS = [
    Settings(kind=kind, test=test, lift=lift)
    for kind in KINDS
    for test, lift in itertools.product(KINDS[kind], ("fieller", "delta", "log"))
]
ADJUSTMENTS = [
    Settings(kind=kind, theta=theta, test=test)
    for kind, theta, test in itertools.product(
        KINDS, ("per_arm", "pooled", "pooled_within"), ("welch", "wald", "score")
    )
]


def same(ours: Estimates, index: tuple[int, ...], single: Estimate | NotEstimable) -> None:
    if isinstance(single, NotEstimable):
        assert (ours.causes[index], math.isnan(ours.estimate[index])) == (single.code, True)
        return
    for name in ("estimate", "se", "lower", "upper", "p_value", "statistic"):
        here, there = float(getattr(ours, name)[index]), getattr(single, name)
        scale = abs(single.se) if name in ("estimate", "lower", "upper") else 0.0
        assert here == pytest.approx(there, rel=1e-9, abs=1e-9 * scale), name
    assert ours.causes[index] == ""
    assert ours.df[index] == pytest.approx(math.inf if single.df is None else single.df, rel=1e-9)
    assert math.isnan(ours.log10_p[index]) == (single.log10_p is None)
    assert ours.method == single.method or single.method.split(",")[0] in (
        "difference",
        "proportion",
        "ratio",
    )  # no covariate left


def all_the_same(many: Effects, treatment: Cells, control: Cells, settings: Settings) -> None:
    for index in np.ndindex(treatment.shape):
        single = compare(treatment.at(*index), control.at(*index), settings)
        if isinstance(single, NotEstimable):
            same(many.absolute, index, single)
            continue
        same(many.absolute, index, single.absolute)
        same(many.relative, index, single.relative)
        if single.unadjusted and many.unadjusted:
            same(many.unadjusted.relative, index, single.unadjusted.relative)


def rows_of(rng: np.random.Generator, kind: str, n: int, covariates: int) -> Moments:
    """Units of a kind, some cells being degenerate: constant, or next to empty, or with a covariate too many."""
    past = rng.normal(3, 1, (n, covariates))
    odd = rng.integers(6)
    if odd == 0 and covariates:
        past[:, -1] = 1.0 if covariates == 1 else 2 * past[:, 0]
    noise = rng.normal(0, 1, n) + past.sum(axis=1)
    value = (noise > rng.normal(2, 2)) * 1.0 if kind == "proportion" else noise + rng.choice([0.0, 5.0, 1e3])
    if odd == 1:
        value[:] = 1.0
    own = [value, np.full(n, 0.0) if odd == 2 else rng.poisson(3, n)] if kind == "ratio" else [value]
    return Moments.of(np.column_stack([*own, past]))


def arms(seed: int, kind: str, covariates: int = 0) -> tuple[Cells, Cells]:
    rng = np.random.default_rng(seed)
    sizes = (0, 1, 2, 3, 5, 8, 40)
    sides = [[rows_of(rng, kind, int(rng.choice(sizes)), covariates) for _ in range(12)] for _ in range(2)]
    return Cells.stacked(sides[0]), Cells.stacked(sides[1])


@pytest.mark.parametrize("settings", CONVENTIONS, ids=lambda s: f"{s.kind}-{s.test}-{s.lift}")
@effort(max_examples=8)
@given(seed=st.integers(0, 10**6))
def test_plain_comparisons_are_the_same_one_by_one(settings: Settings, seed: int) -> None:
    treatment, control = arms(seed, settings.kind)

    all_the_same(compare_all(treatment, control, settings), treatment, control, settings)


@pytest.mark.parametrize("settings", ADJUSTMENTS, ids=lambda s: f"{s.kind}-{s.theta}-{s.test}")
@effort(max_examples=8)
@given(seed=st.integers(0, 10**6), covariates=st.integers(1, 3))
def test_adjusted_comparisons_are_the_same_one_by_one(settings: Settings, seed: int, covariates: int) -> None:
    treatment, control = arms(seed, settings.kind, covariates)

    all_the_same(compare_all(treatment, control, settings), treatment, control, settings)


def test_one_control_serves_several_arms_and_every_look_its_own_alpha() -> None:
    rng = np.random.default_rng(7)
    looks = [[Moments.of(rng.normal(arm, 1, 50)) for arm in range(3)] for _ in range(2)]
    cells = Cells.stacked([moments for look in looks for moments in look])
    grid = cells[np.arange(6).reshape(2, 3)]
    alphas = np.array([[0.001], [0.04]])

    found = compare_all(grid[:, 1:], grid[:, :1], alpha=alphas)

    assert found.absolute.estimate.shape == (2, 2)
    alone = compare(looks[0][2], looks[0][0], Settings(alpha=0.001))
    assert isinstance(alone, type(compare(looks[0][2], looks[0][0])))
    assert not isinstance(alone, NotEstimable)
    same(found.absolute, (0, 1), alone.absolute)


def test_arms_of_different_columns_are_refused() -> None:
    one, two = Cells.stacked([Moments.of([1, 2])]), Cells.stacked([Moments.of([[1, 2], [3, 4]])])

    with pytest.raises(Invalid, match="columns"):
        compare_all(one, two)


@given(seed=st.integers(0, 10**6), k=st.integers(1, 3))
def test_merging_an_axis_is_adding_its_moments(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    parts = [Moments.of(rng.normal(1e6, 1, (int(n), k))) for n in rng.choice([0, 1, 3, 20], 5)]

    whole = Cells.stacked(parts).merged().at()
    expected = sum(parts[1:], parts[0])

    assert whole.count == expected.count
    assert whole.means == pytest.approx(expected.means, rel=1e-14)
    assert whole.products == pytest.approx(expected.products, rel=1e-7, abs=1e-6)


def test_sums_are_centred_and_squares_never_negative() -> None:
    cells = Cells.from_sums([2, 0], [[2e8], [0]], [[[2e16]], [[0]]])

    assert cells.at(0) == Moments(2, np.array([1e8]), np.zeros((1, 1)))
    assert cells.at(1) == Moments.empty()
