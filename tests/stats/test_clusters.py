"""Clusters: what a sandwich is made of, what few clusters do to it, and what other draws would have shown."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray

from twyman.kernel.errors import Invalid
from twyman.stats.clusters.intraclass import Intraclass, intraclass
from twyman.stats.clusters.randomisation import Randomised, permuted
from twyman.stats.clusters.sandwich import POWERS, contrast, multiway, sandwich
from twyman.stats.clusters.sums import Clusters, cluster_means, cluster_ratios
from twyman.stats.difference import means
from twyman.stats.estimate import Cause, Contrast, NotEstimable
from twyman.stats.lift import absolute, relative
from twyman.stats.linear import Fit, least_squares
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair
from twyman.stats.ratio import ratios

Rows = NDArray[np.float64]

RNG = np.random.default_rng(20)
SIZES = RNG.integers(1, 9, size=24)
LABELS = np.repeat(np.arange(24), SIZES)
T = (LABELS % 2).astype(float)
X = RNG.normal(size=LABELS.size) + RNG.normal(size=24)[LABELS]
Y = 3 + T + X + RNG.normal(size=24)[LABELS] + RNG.normal(size=LABELS.size)
FIT = least_squares(Y, {"t": T, "x": X})


def arms(y: Rows = Y) -> tuple[Clusters, Clusters]:
    return Clusters.of(y[T == 1], LABELS[T == 1]), Clusters.of(y[T == 0], LABELS[T == 0])


def made(answer: object) -> Contrast:
    assert isinstance(answer, Contrast)
    return answer


def pair(answer: object) -> Pair:
    assert isinstance(answer, Pair)
    return answer


def power_of(matrix: Rows, power: float) -> Rows:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * values**power) @ vectors.T


@pytest.mark.parametrize("kind", ["CR0", "CR2", "CR3"])
def test_a_sandwich_is_what_its_definition_says(kind: str) -> None:
    """With leverage matrices written out in full, and Satterthwaite's moments of the full quadratic form."""
    design = np.column_stack([np.ones(LABELS.size), T, X])
    bread = np.linalg.inv(design.T @ design)
    hat = design @ bread @ design.T
    rest, residuals = np.eye(LABELS.size) - hat, Y - hat @ Y
    scores, quadratic = [], []
    for g in range(24):
        mine = g == LABELS
        adjust = power_of(rest[np.ix_(mine, mine)], POWERS[kind]) if POWERS[kind] else np.eye(mine.sum())
        weights = adjust @ design[mine] @ bread[:, 1]
        scores.append(weights @ residuals[mine])
        quadratic.append(rest[:, mine] @ weights)
    form = np.array(quadratic) @ np.array(quadratic).T

    ours = made(contrast(FIT, "t", LABELS, kind=kind))

    assert ours.se == pytest.approx(np.linalg.norm(scores), rel=1e-10)
    assert ours.df == pytest.approx(np.trace(form) ** 2 / (form**2).sum(), rel=1e-9)


@pytest.mark.parametrize(("cluster", "row"), [("CR0", "HC0"), ("CR2", "HC2"), ("CR3", "HC3")])
def test_clusters_of_one_row_give_the_errors_of_rows(cluster: str, row: str) -> None:
    alone = contrast(FIT, "t", np.arange(LABELS.size), kind=cluster)

    assert made(alone).se == pytest.approx(made(FIT.contrast("t", errors=row)).se, rel=1e-12)


def test_kinds_grow_with_the_care_they_take() -> None:
    errors = [made(contrast(FIT, "t", LABELS, kind=kind)).se for kind in ("CR0", "CR1", "CR1S", "CR2", "CR3")]

    assert all(low < high for low, high in pairwise(errors))


@settings(max_examples=15)
@given(st.integers(0, 999), st.floats(0.1, 1e3), st.floats(-1e3, 1e3))
def test_order_of_rows_and_units_of_measurement_do_not_matter(seed: int, scale: float, shift: float) -> None:
    order = np.random.default_rng(seed).permutation(LABELS.size)
    fit = least_squares((Y * scale + shift)[order], {"t": T[order], "x": X[order] * 7 - 3})

    moved, plain = made(contrast(fit, "t", LABELS[order])), made(contrast(FIT, "t", LABELS))

    assert (moved.estimate, moved.se) == pytest.approx((scale * plain.estimate, scale * plain.se), rel=1e-8)
    assert moved.df == pytest.approx(plain.df, rel=1e-8)


@given(
    st.lists(st.tuples(st.integers(-50, 50), st.integers(1, 9)), min_size=4, max_size=12), st.sampled_from([*POWERS])
)
def test_cluster_sums_say_what_rows_say(clusters: list[tuple[int, int]], kind: str) -> None:
    """Whatever the sums and sizes: rows that share their cluster's mean have the same sandwich."""
    values = np.concatenate([np.full(size, total / size) for total, size in clusters])
    labels = np.repeat(np.arange(len(clusters)), [size for _, size in clusters])
    treated = labels % 2
    if kind == "CR1P" and len(clusters) < 3:
        return
    rows = contrast(least_squares(values, {"t": treated}), "t", labels, kind=kind)
    sums = cluster_means(
        *(Clusters([c[0] for c in clusters[side::2]], [c[1] for c in clusters[side::2]]) for side in (1, 0)), kind=kind
    )
    if isinstance(sums, NotEstimable):
        assert sums.code == Cause.NO_VARIATION
        return

    assert made(rows).se == pytest.approx(sums.contrast().se, rel=1e-9)
    assert made(rows).df == pytest.approx(sums.df, rel=1e-9)


def test_clusters_of_one_row_are_welchs_test() -> None:
    t, c = (Clusters(Y[side == T], np.ones(int((side == T).sum()))) for side in (1, 0))
    welch = pair(means(Moments.of(Y[T == 1]), Moments.of(Y[T == 0])))

    ours = pair(cluster_means(t, c))

    assert ours.treatment_variance == pytest.approx(welch.treatment_variance, rel=1e-12)
    assert ours.control_variance == pytest.approx(welch.control_variance, rel=1e-12)


def test_moments_of_sums_are_the_ratio_metric_and_close_to_cr2() -> None:
    t, c = arms()

    quick, exact = pair(cluster_ratios(t.moments(), c.moments())), pair(cluster_means(t, c))

    assert quick.contrast().se == pair(ratios(t.moments(), c.moments())).contrast().se
    assert (quick.treatment, quick.control) == pytest.approx((exact.treatment, exact.control), rel=1e-12)
    assert quick.contrast().se == pytest.approx(exact.contrast().se, rel=0.05)
    assert quick.method == "clusters, ratio"


def test_covariates_of_clusters_are_adjusted_for() -> None:
    def with_covariate(side: int) -> Moments:
        mine = np.unique(LABELS[side == T])
        rows = [[Y[g == LABELS].sum(), (g == LABELS).sum(), X[g == LABELS].mean()] for g in mine]
        return Moments.of(rows)

    t, c = with_covariate(1), with_covariate(0)

    adjusted, plain = pair(cluster_ratios(t, c)), pair(cluster_ratios(t.columns(0, 1), c.columns(0, 1)))

    assert adjusted.contrast().se < 0.8 * plain.contrast().se
    assert "cuped" in adjusted.method


@given(st.floats(0.001, 0.2))
def test_intervals_exclude_no_effect_exactly_when_p_is_below_alpha(alpha: float) -> None:
    found = pair(cluster_means(*arms()))

    for effect in (absolute(found, alpha=alpha), relative(found, alpha=alpha)):
        assert not isinstance(effect, NotEstimable)
        assert effect.lower is not None
        assert effect.upper is not None
        assert (effect.lower > 0 or effect.upper < 0) == (effect.p_value < alpha)


def test_swapping_arms_negates() -> None:
    t, c = arms()

    there, back = pair(cluster_means(t, c)), pair(cluster_means(c, t))

    assert back.contrast().estimate == -there.contrast().estimate
    assert back.df == pytest.approx(there.df, rel=1e-12)


def test_a_level_of_a_billion_costs_no_digits() -> None:
    far, near = pair(cluster_means(*arms(Y + 1e9))), pair(cluster_means(*arms()))

    assert far.contrast().se == pytest.approx(near.contrast().se, rel=1e-5)


def test_a_cluster_that_alone_tells_of_the_effect_is_refused() -> None:
    """One treated cluster: nothing says how treated clusters differ."""
    treated = (LABELS == 0).astype(float)
    answer = contrast(least_squares(Y, {"t": treated}), "t", LABELS)

    assert isinstance(answer, NotEstimable)
    assert answer.code == Cause.TOO_FEW_UNITS


def test_clusters_fitted_by_their_own_effect_are_no_obstacle() -> None:
    """Fixed effects of clusters make leverage 1 in directions that the treatment hasn't got."""
    within = (np.arange(LABELS.size) % 2).astype(float)
    columns = {"t": within} | {f"c{g}": (g == LABELS).astype(float) for g in range(1, 24)}

    ours = made(contrast(least_squares(Y, columns), "t", LABELS))

    assert 5 < (ours.df or 0) < 24
    assert ours.se == pytest.approx(made(contrast(least_squares(Y, columns), "t", LABELS, kind="CR1")).se, rel=0.1)


@pytest.mark.parametrize(
    ("t", "c", "code"),
    [
        (Clusters([3.0], [2.0]), Clusters([1.0, 2.0], [1.0, 2.0]), Cause.TOO_FEW_UNITS),
        (Clusters([2.0, 4.0], [1.0, 2.0]), Clusters([1.0, 2.0], [1.0, 2.0]), Cause.NO_VARIATION),
        (Clusters([], []), Clusters([1.0, 2.0], [1.0, 2.0]), Cause.TOO_FEW_UNITS),
        (Clusters([1.0, 0.0], [1.0, 0.0]), Clusters([1.0, 2.0], [1.0, 2.0]), Cause.TOO_FEW_UNITS),
    ],
)
def test_what_cannot_be_said_is_refused(t: Clusters, c: Clusters, code: str) -> None:
    for answer in (cluster_means(t, c), permuted(t, c)):
        assert isinstance(answer, NotEstimable)
    assert isinstance(refused := cluster_means(t, c), NotEstimable)
    assert refused.code == code


def test_empty_clusters_change_nothing() -> None:
    t, c = arms()
    padded = Clusters(np.append(t.sums, 0.0), np.append(t.sizes, 0.0))

    assert cluster_means(padded, c) == cluster_means(t, c)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Clusters([1.0], [1.0, 2.0]),
        lambda: Clusters([1.0], [-1.0]),
        lambda: Clusters([float("nan")], [1.0]),
        lambda: Clusters.of([1.0, 2.0], ["a"]),
        lambda: cluster_means(*arms(), kind="CR4"),
        lambda: cluster_means(*arms(), df="many"),
        lambda: cluster_means(Clusters([1.0, 2.0], [0.0, 1.0]), arms()[1]),
        lambda: sandwich(FIT, [{"t": 1.0}], LABELS, kind="HC2"),
        lambda: sandwich(FIT, [{"t": 1.0}], LABELS[1:]),
        lambda: contrast(FIT, "t", LABELS, df="many"),
        lambda: contrast(FIT, "z", LABELS),
        lambda: multiway(FIT, "t", LABELS, LABELS[1:]),
        lambda: permuted(*arms(), draws=0),
        lambda: intraclass(Clusters([1.0, 2.0], [1.0, 2.0]), arms()[1]),
    ],
)
def test_wrong_questions_are_refused(wrong: object) -> None:
    with pytest.raises(Invalid):
        wrong()  # pyright: ignore[reportCallIssue]


def test_one_cluster_or_too_many_coefficients_have_no_error() -> None:
    assert isinstance(contrast(FIT, "t", np.zeros(LABELS.size)), NotEstimable)
    exact = least_squares([1.0, 2.0], {"t": [0, 1]})
    assert isinstance(contrast(exact, "t", [0, 1]), NotEstimable)
    assert isinstance(contrast(FIT, "t", LABELS % 3, kind="CR1P"), NotEstimable)


def test_two_groupings_add_and_their_cells_are_taken_off() -> None:
    day = np.arange(LABELS.size) % 10
    parts = [made(contrast(FIT, "t", by, kind="CR0")).se ** 2 for by in (LABELS, day, LABELS * 100 + day)]

    both = made(multiway(FIT, "t", LABELS, day, kind="CR0"))

    assert both.se**2 == pytest.approx(parts[0] + parts[1] - parts[2], rel=1e-10)
    assert both.df == 9


def test_one_grouping_twice_is_that_grouping() -> None:
    assert made(multiway(FIT, "t", LABELS, LABELS)).se == pytest.approx(made(contrast(FIT, "t", LABELS, kind="CR1")).se)


def exhaustive(t: Clusters, c: Clusters) -> float:
    """The share of all splits whose difference of means is as large, one split at a time."""
    sums, sizes = np.concatenate([t.sums, c.sums]), np.concatenate([t.sizes, c.sizes])
    found = []
    for labels in product((0, 1), repeat=len(sums)):
        chosen = np.array(labels, dtype=bool)
        if chosen.sum() == t.count:
            found.append(sums[chosen].sum() / sizes[chosen].sum() - sums[~chosen].sum() / sizes[~chosen].sum())
    observed = t.sums.sum() / t.rows - c.sums.sum() / c.rows
    return float(np.mean(np.abs(found) >= abs(observed) * (1 - 1e-9)))


def few(seed: int) -> tuple[Clusters, Clusters]:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 6, size=8).astype(float)
    sums = rng.normal(2, 1, size=8) * sizes
    return Clusters(sums[:4] + sizes[:4], sizes[:4]), Clusters(sums[4:], sizes[4:])


@pytest.mark.parametrize("seed", range(4))
def test_few_clusters_are_compared_with_every_draw(seed: int) -> None:
    t, c = few(seed)

    test = permuted(t, c, studentised=False)

    assert isinstance(test, Randomised)
    assert (test.draws, test.exact) == (70, True)
    assert test.p_value == pytest.approx(exhaustive(t, c))


def test_drawn_labels_come_near_all_labels_and_repeat_with_the_seed() -> None:
    t, c = few(1)
    everything, drawn = permuted(t, c), permuted(t, c, draws=69)
    again, other = permuted(t, c, draws=69), permuted(t, c, draws=69, seed=1)
    assert isinstance(everything, Randomised)
    assert isinstance(drawn, Randomised)

    assert drawn == again
    assert drawn != other
    assert drawn.p_value == pytest.approx(everything.p_value, abs=0.15)


def test_randomisation_is_near_cr2_where_clusters_are_many() -> None:
    """The regression's p-value and the lot's, on the same 24 clusters."""
    weak = Y - 0.6 * T
    t, c = arms(weak)
    lot, sure = permuted(t, c), absolute(pair(cluster_means(t, c)))
    assert isinstance(lot, Randomised)

    assert lot.p_value == pytest.approx(sure.p_value, abs=0.03)
    assert lot.effect == pytest.approx(sure.estimate)


def test_rows_all_alike_in_a_cluster_cost_their_number() -> None:
    clusters = np.repeat(RNG.normal(size=40), 5)
    labels = np.repeat(np.arange(40), 5)
    t, c = (Clusters.of(clusters[labels % 2 == side], labels[labels % 2 == side]) for side in (1, 0))

    found = intraclass(t, c)

    assert isinstance(found, Intraclass)
    assert found.correlation == pytest.approx(1)
    assert found.expected_design_effect == pytest.approx(5)
    assert found.design_effect == pytest.approx(5, rel=0.05)


def test_independent_rows_cost_nothing() -> None:
    y, labels = RNG.normal(size=2000), np.repeat(np.arange(200), 10)
    t, c = (Clusters.of(y[labels % 2 == side], labels[labels % 2 == side]) for side in (1, 0))

    found = intraclass(t, c)

    assert isinstance(found, Intraclass)
    assert found.correlation == pytest.approx(0, abs=0.03)
    assert found.design_effect == pytest.approx(1, abs=0.25)
    assert (found.mean_size, found.size_variation) == (10, 0)


def test_correlation_needs_two_rows_in_a_cluster() -> None:
    alone = Clusters.of([1.0, 2.0, 4.0], [1, 2, 3])

    assert isinstance(intraclass(alone, alone), NotEstimable)


def test_a_fit_is_what_a_fit_was_given() -> None:
    assert isinstance(FIT, Fit)
    made_of = sandwich(FIT, [{"t": 1.0}, {"t": 1.0, "x": 2.0}], LABELS)
    assert not isinstance(made_of, NotEstimable)
    single = made(contrast(FIT, {"t": 1.0, "x": 2.0}, LABELS))

    assert single.se**2 == pytest.approx(made_of.covariance[1, 1])
    assert single.estimate == pytest.approx(FIT.coefficient("t") + 2 * FIT.coefficient("x"))
    assert made(contrast(FIT, "t", LABELS, df="clusters")).df == 23
    assert made(contrast(FIT, "t", LABELS, df="normal")).df is None


def test_an_effect_beyond_every_draw_has_the_smallest_p_there_is() -> None:
    t, c = arms(Y + 100 * T)

    test = permuted(t, c, draws=99)

    assert isinstance(test, Randomised)
    assert (test.p_value, test.draws, test.exact) == (1 / 100, 100, False)


def test_two_rows_a_cluster_correlate_by_their_mean_squares() -> None:
    """With two rows each: (between - within) / (between + within)."""
    labels = np.repeat(np.arange(40), 2)
    y = RNG.normal(size=40)[labels] + RNG.normal(size=80)
    means_of = y.reshape(40, 2).mean(axis=1)
    sides = [means_of[np.arange(40) % 2 == side] for side in (1, 0)]
    between = sum(2 * ((side - side.mean()) ** 2).sum() for side in sides) / 38
    within = ((y.reshape(40, 2) - means_of[:, np.newaxis]) ** 2).sum() / 40

    found = intraclass(*(Clusters.of(y[labels % 2 == side], labels[labels % 2 == side]) for side in (1, 0)))

    assert isinstance(found, Intraclass)
    assert found.correlation == pytest.approx((between - within) / (between + within))
    assert found.expected_design_effect == pytest.approx(1 + found.correlation)
