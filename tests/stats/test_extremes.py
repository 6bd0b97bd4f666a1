"""Inputs at the edge, over all families: a right number or a reason, never NaN, a warning, or a neutral-looking number.

Warnings are errors throughout, so that each test also says that nothing overflowed on its way.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import numpy as np
import pytest

from twyman.stats import (
    AnyLook,
    Asymptotic,
    AtLook,
    Cause,
    Cells,
    Clusters,
    Contrast,
    Design,
    Estimate,
    Moments,
    NormalPrior,
    NotEstimable,
    ObrienFleming,
    Pair,
    PlannedLooks,
    PowerSpending,
    Replicates,
    RiskTable,
    SequentialPlan,
    SequentialState,
    Settings,
    absolute,
    adjusted,
    against_control,
    all_of,
    allocated,
    bh,
    bootstrap,
    bootstrap_quantiles,
    bounds,
    breakdown,
    cluster_means,
    cluster_ratios,
    combined,
    compare,
    compare_all,
    conditional,
    corrected,
    crossings,
    default_prior,
    effect,
    expected_loss,
    grid,
    guarded,
    heterogeneity,
    holm,
    interaction,
    known_mean,
    known_proportion,
    log_rank,
    mann_whitney,
    mean_time,
    means,
    noninferior,
    novelty,
    p_so_far,
    permuted,
    post_stratified,
    posterior,
    pre_balance,
    proportions,
    quantiles,
    race,
    random_effects,
    ratios,
    regression,
    relative,
    retention,
    scored,
    sequential_split,
    srm,
    superior,
    superiority,
    trend,
    unharmed,
    with_missing,
)
from twyman.stats.balance import Period
from twyman.stats.count import Count, agresti_coull, clopper_pearson, jeffreys, wilson
from twyman.stats.exact import barnard, boschloo, fisher
from twyman.stats.tails import critical_value
from twyman.stats.two_counts import score_interval

pytestmark = pytest.mark.filterwarnings("error")
T = TypeVar("T")
Values = list[float]
Method = Callable[[Values, Values], Any]


def known(answer: T | NotEstimable) -> T:
    assert not isinstance(answer, NotEstimable), answer
    return answer


def numbers(answer: object, path: str = "") -> Iterator[tuple[str, float]]:
    """Yield every number in an answer, with its place."""
    if isinstance(answer, float | np.floating):
        yield path, float(answer)
    elif isinstance(answer, np.ndarray):
        if answer.dtype.kind == "f":
            yield from ((path, float(value)) for value in answer.flat)
    elif is_dataclass(answer) and not isinstance(answer, type):
        for part in fields(answer):
            yield from numbers(getattr(answer, part.name), f"{path}.{part.name}")
    elif isinstance(answer, tuple | list):
        for i, value in enumerate(answer):
            yield from numbers(value, f"{path}[{i}]")


def sound(answer: Any) -> None:
    """Assert that an answer is a reason, or holds finite numbers only, with a noise that isn't zero."""
    if isinstance(answer, NotEstimable):
        assert answer.code in set(Cause)
        assert len(answer.text) > 20
        return
    assert [place for place, value in numbers(answer) if not math.isfinite(value)] == []
    pair = getattr(answer, "pair", answer)
    if isinstance(pair, Pair):
        read = effect(pair)
        for number in (read.absolute, read.relative):
            sound(number)
        assert read.absolute.se > 0
        for lift in ("delta", "log"):
            sound(relative(pair, method=lift))
        sound(guarded(pair, margin=0.01).p_noninferior)


NOISE = np.random.default_rng(0).normal(size=40).tolist()
ARMS: Mapping[str, Values] = {
    "none": [],
    "one": [3.0],
    "two": [1.0, 2.0],
    "two alike": [2.0, 2.0],
    "constant": [5.0] * 6,
    "zeros": [0.0] * 6,
    "usual": [1.0, 2.0, 4.0, 3.0, 2.5, 5.0, 7.0],
    "about zero": [-1.0, 1.0, -2.0, 2.0, 0.5, -0.5],
    "negative": [-5.0, -6.0, -4.5, -7.0, -5.5, -4.0],
    "a trillion": [1e12 + x for x in (-1.0, 0.0, 1.0, 1.0, -1.0, 0.5, 2.0)],
    "a trillion ± 1": [1e12 + 1, 1e12 - 1] * 4,
    "one whale": [0.0] * 9 + [1e9],
    "all but constant": [0.1 + 0.2] * 3 + [0.3] * 3,
}


def table(*columns: Any) -> Moments:
    return Moments.of(np.column_stack(columns) if len(columns[0]) else np.empty((0, len(columns))))


def sizes(values: Values) -> Any:
    return np.arange(len(values)) % 3 + 1.0


def past(values: Values) -> Any:
    return np.array(NOISE[: len(values)])


def cells(values: Values) -> dict[str, Moments]:
    return {"a": Moments.of(values[::2]), "b": Moments.of(values[1::2]), "empty": Moments.empty()}


def risk(values: Values) -> RiskTable:
    return RiskTable.of(np.abs(values), np.arange(len(values)) % 2)


def replicates(values: Values, first: int, about: Values) -> Replicates:
    centre = [float(np.mean(about)) if about else 0.0]
    rows = np.array(values, dtype=float)
    return Replicates.of(rows, np.arange(len(values)) + first, replicates=100, centre=centre)


def resampled(kind: str, scale: str) -> Method:
    def compared(t: Values, c: Values) -> Any:
        return bootstrap(replicates(t, 0, c), replicates(c, 100, c), kind=kind, scale=scale)

    return compared


def regressed(t: Values, c: Values) -> Any:
    treated = np.concatenate((np.ones(len(t)), np.zeros(len(c))))
    made = regression([*t, *c], treated, {"past": NOISE[: len(treated)]})
    return made if isinstance(made, NotEstimable) else made.pair()


def believed(t: Values, c: Values) -> Any:
    pair = means(Moments.of(t), Moments.of(c))
    if isinstance(pair, NotEstimable):
        return pair
    return posterior(pair, NormalPrior(0.0, 0.1))


METHODS: Mapping[str, Method] = {
    **{
        f"means {test}": lambda t, c, test=test: means(Moments.of(t), Moments.of(c), test=test)
        for test in ("welch", "student", "wald")
    },
    "ratios": lambda t, c: ratios(table(t, sizes(t)), table(c, sizes(c))),
    "ratios to the values": lambda t, c: ratios(table(sizes(t), t), table(sizes(c), c)),
    **{
        f"adjusted {theta}": lambda t, c, theta=theta: adjusted(table(t, past(t)), table(c, past(c)), theta=theta)
        for theta in ("per_arm", "pooled", "pooled_within")
    },
    "adjusted by the values": lambda t, c: adjusted(table(past(t), t), table(past(c), c)),
    "compare": lambda t, c: compare(table(t, past(t), past(t)), table(c, past(c), past(c))),
    "post-stratified": lambda t, c: post_stratified(cells(t), cells(c)),
    "strata of one arm": lambda t, c: post_stratified({"a": Moments.of(t)}, {"b": Moments.of(c)}),
    **{
        f"clusters {kind}": lambda t, c, kind=kind: cluster_means(
            Clusters(np.array(t), sizes(t)), Clusters(np.array(c), sizes(c)), kind=kind
        )
        for kind in ("CR0", "CR1", "CR2", "CR3")
    },
    "cluster ratios": lambda t, c: cluster_ratios(table(t, sizes(t)), table(c, sizes(c))),
    "regression": regressed,
    **{
        f"quantiles {spread}": lambda t, c, spread=spread: quantiles(t * 6, c * 6, 0.5, spread=spread)
        for spread in ("ranks", "nid", "ker", "iid")
    },
    "quantiles of few": lambda t, c: quantiles(t, c, 0.9),
    "quantiles mid": lambda t, c: quantiles(t, c, 0.5, ties="mid"),
    "bootstrap quantiles": lambda t, c: (
        bootstrap_quantiles((t, np.arange(len(t))), (c, np.arange(len(c)) + 100), 0.5, replicates=100)
        if t and c
        else NotEstimable(Cause.NO_UNITS, "no values at all, which is refused as no question")
    ),
    **{
        f"bootstrap {kind} {scale}": resampled(kind, scale)
        for kind in ("studentised", "bca", "percentile")
        for scale in ("absolute", "relative")
    },
    "arms combined": lambda t, c: combined([Moments.of(t), Moments.of(t)], Moments.of(c)),
    "cells": lambda t, c: conditional(grid([[Moments.of(c)] * 2, [Moments.of(t)] * 2]), 1, other=0),
    "interaction": lambda t, c: interaction([[Moments.of(c)] * 2, [Moments.of(t), Moments.of(c)]]),
    "interaction of logs": lambda t, c: interaction(
        [[Moments.of(c)] * 2, [Moments.of(t), Moments.of(c)]], scale="multiplicative"
    ),
    "retention": lambda t, c: retention(risk(t), risk(c), at=2.0),
    "mean time": lambda t, c: mean_time(risk(t), risk(c), until=2.0),
    "log rank": lambda t, c: log_rank(risk(t), risk(c)),
    "ranks": mann_whitney,
    "superiority": superiority,
    "segments": lambda t, c: breakdown(
        [(Moments.of(t), Moments.of(c)), (Moments.of(c), Moments.of(c)), (Moments.empty(), Moments.empty())]
    ),
    "segments, lifts": lambda t, c: breakdown(
        [(Moments.of(t), Moments.of(c)), (Moments.of(c), Moments.of(c))], scale="relative"
    ),
    **{
        f"novelty {weights}": lambda t, c, weights=weights: novelty(
            table(t, t[::-1], past(t)), table(c, c[::-1], past(c)), early=1, weights=weights
        )
        for weights in ("wls", "gls")
    },
    "balance before": lambda t, c: pre_balance(table(t, t, past(t)), table(c, c, past(c))),
    "permuted": lambda t, c: permuted(
        Clusters(np.array(t), np.ones(len(t))), Clusters(np.array(c), np.ones(len(c))), draws=19
    ),
    "bayes": believed,
}


@pytest.mark.parametrize("name", METHODS)
def test_arms_at_the_edge_have_a_number_or_a_reason(name: str) -> None:
    for arm in ARMS.values():
        for treatment, control in ((arm, arm), (arm, ARMS["usual"]), (ARMS["usual"], arm), (arm, ARMS["one whale"])):
            sound(METHODS[name](treatment, control))


TOO_FEW = [name for name in METHODS if not name.startswith(("segments", "strata of"))]


@pytest.mark.parametrize("name", TOO_FEW)
def test_an_arm_without_units_is_never_compared(name: str) -> None:
    for few in ([], [3.0]):
        for answer in (METHODS[name](few, ARMS["usual"]), METHODS[name](ARMS["usual"], few)):
            if few == [] or name not in ("ranks", "log rank", *(one for one in METHODS if "quantile" in one)):
                assert isinstance(answer, NotEstimable), answer


VARYING = ("segments", "novelty", "balance", "ratios", "cluster", "log rank", "adjusted by")
"""Of these the values are only a part, or a table, and another part varies."""


@pytest.mark.parametrize("name", [name for name in METHODS if not name.startswith(VARYING)])
def test_arms_without_variation_are_never_compared(name: str) -> None:
    for value in (5.0, 0.0):
        answer = METHODS[name]([value] * 6, [value] * 6)
        assert isinstance(answer, NotEstimable), answer


NEAR = [
    name
    for name in METHODS
    if name.startswith(("means", "adjusted p", "post-strat", "bootstrap", "arms comb", "cells", "quantiles mid"))
]


@pytest.mark.parametrize("name", [*NEAR, "regression", "compare"])
@pytest.mark.parametrize("level", [1e12, -1e12])
def test_a_level_of_a_trillion_costs_no_digit_of_the_difference(name: str, level: float) -> None:
    t, c = ARMS["usual"] * 2, [*ARMS["usual"], *ARMS["negative"]]
    if "relative" in name:
        return
    near, far = (METHODS[name]([x + shift for x in t], [x + shift for x in c]) for shift in (0.0, level))

    first, second = (
        answer if isinstance(answer, Estimate) else absolute(known(getattr(answer, "pair", answer)))
        for answer in (near, far)
    )

    assert second.estimate == pytest.approx(first.estimate, abs=2e-3)  # a trillion has steps of 1e-4
    assert second.se == pytest.approx(first.se, rel=1e-3)


@pytest.mark.parametrize("kind", ["mean", "ratio"])
@pytest.mark.parametrize("theta", ["per_arm", "pooled", "pooled_within"])
def test_a_billion_units_have_the_error_of_a_billion_units(kind: str, theta: str) -> None:
    n, rows = 10**9, np.array([[1.0, 2.0, 1.0], [3.0, 2.0, 2.0], [5.0, 3.0, 2.5], [2.0, 1.0, 2.0]])
    few = Moments.of(rows if kind == "ratio" else rows[:, [0, 2]])
    many = Moments(n, few.means, few.products * ((n - 1) / 3))
    ahead = Moments(n, many.means * 1.001, many.products)

    found = known(compare(ahead, many, Settings(kind=kind, theta=theta)))
    plain = found.unadjusted
    assert plain is not None

    raw = (ratios if kind == "ratio" else means)(few.columns(*range(few.means.size - 1)), few.columns(0, 1))
    assert plain.absolute.se == pytest.approx(known(raw).contrast().se * math.sqrt(4 / n), rel=2e-3)
    assert found.absolute.se < plain.absolute.se
    assert found.absolute.p_value < plain.absolute.p_value or plain.absolute.p_value == 0.0
    sound(found.pair)


def test_a_billion_coins_keep_the_exact_tests_and_intervals() -> None:
    few, many = Count(5, 10**9), Count(10**9 // 2, 10**9)

    for interval in (wilson, clopper_pearson, jeffreys, agresti_coull):
        low, high = interval(few)
        assert 0 < low < 5e-9 < high < 2e-8
        low, high = interval(many)
        assert (high - low) / 2 == pytest.approx(critical_value(0.025) * 0.5 / math.sqrt(1e9), rel=1e-4)
    assert 0 < score_interval(many, few)[0] < 0.5
    pair = known(proportions(Moments.binary(6, 10**9), Moments.binary(5, 10**9)))
    assert absolute(pair).p_value == pytest.approx(0.763, abs=1e-3)  # z = 1 / √11


@pytest.mark.parametrize("test", [fisher, barnard, boschloo])
def test_one_unit_an_arm_says_nothing_by_exact_tests(test: Callable[[Count, Count], float]) -> None:
    for first, second in ((Count(0, 1), Count(1, 1)), (Count(1, 1), Count(1, 1))):
        assert 0.4 < test(first, second) <= 1


def test_covariates_that_are_all_missing_change_nothing() -> None:
    t, c = ARMS["usual"], ARMS["negative"]
    arms = [with_missing(Moments.empty(2), Moments.of(values)) for values in (t, c)]
    half = [
        with_missing(Moments.of(np.column_stack((values[:3], [1.0, 2.0, 4.0]))), Moments.of(values[3:]))
        for values in (t * 3, c * 3)
    ]

    made = known(adjusted(*arms))

    assert [reason.code for _, reason in made.dropped] == [Cause.CONSTANT] * 2
    assert made.pair == known(means(Moments.of(t), Moments.of(c)))
    assert known(adjusted(*half)).used == (0, 1)


@pytest.mark.parametrize("theta", ["per_arm", "pooled", "pooled_within"])
@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_a_collinear_covariate_is_left_out_whatever_its_scale(theta: str, scale: float) -> None:
    rng = np.random.default_rng(4)
    before = rng.normal(size=(2, 50))
    rows = [np.column_stack((before[i] + rng.normal(size=50), before[i])) for i in (0, 1)]
    more = [np.column_stack((r, scale * (3 - 2 * r[:, 1]), np.full(50, scale))) for r in rows]

    alone, beside = (known(adjusted(*map(Moments.of, arms), theta=theta)) for arms in (rows, more))

    assert beside.pair == alone.pair
    assert [(j, reason.code) for j, reason in beside.dropped] == [(1, Cause.COLLINEAR), (2, Cause.CONSTANT)]
    first, second = (Cells.stacked([Moments.of(arm)]) for arm in more)
    assert compare_all(first, second, Settings(theta=theta)).absolute.se[0] == pytest.approx(alone.pair.contrast().se)


def test_several_arms_at_the_edge_against_one_control() -> None:
    usual = Moments.of(ARMS["usual"])
    for arm in ("two", "constant", "a trillion"):
        pairs = [known(means(Moments.of(ARMS[name]), usual)) for name in (arm, "negative", arm)]

        found = against_control(pairs)

        assert ((found.adjusted >= 0) & (found.adjusted <= 1)).all()
        assert found.adjusted[0] == pytest.approx(found.adjusted[2], abs=1e-12)
        assert math.isfinite(found.critical)
    nobody = combined([Moments.empty(), Moments.empty()], usual)
    assert isinstance(nobody, NotEstimable)
    assert nobody.code == Cause.TOO_FEW_UNITS


@pytest.mark.parametrize("test", ["welch", "wald", "score"])
def test_a_proportion_none_of_whose_covariates_is_of_use_keeps_its_own_test(test: str) -> None:
    arms = [Moments.of([[x, 1.0] for x in column]) for column in ([1, 1, 0, 1, 0, 1, 1], [0, 1, 0, 0, 1, 0])]
    how = Settings(kind="proportion", test=test)

    treatment, control = (Cells.stacked([arm]) for arm in arms)
    found, many = known(compare(arms[0], arms[1], how)), compare_all(treatment, control, how)

    assert found.unadjusted is not None
    assert found.absolute == found.unadjusted.absolute
    assert many.absolute.p_value[0] == pytest.approx(found.absolute.p_value, rel=1e-12)


def test_empty_segments_are_empty_and_hurt_no_other() -> None:
    usual, none = Moments.of(ARMS["usual"]), Moments.empty()
    treatment = Cells.stacked([usual, none, none, usual, Moments.of([5.0] * 6)])
    control = Cells.stacked([Moments.of(ARMS["negative"]), usual, none, Moments.of(ARMS["zeros"]), Moments.of([5.0])])

    found = compare_all(treatment, control)

    single = known(compare(usual, Moments.of(ARMS["negative"])))
    assert found.absolute.causes.tolist() == ["", "too_few_units", "too_few_units", "", "too_few_units"]
    assert found.absolute.p_value[0] == pytest.approx(single.absolute.p_value, rel=1e-12)
    assert found.relative.causes.tolist()[3] == "baseline_zero"
    for part in (found.absolute, found.relative):
        missing = part.causes != ""
        for name in ("estimate", "se", "lower", "upper", "p_value", "statistic"):
            assert (np.isnan(getattr(part, name)) == missing).all()


@pytest.mark.parametrize("baseline", [0.0, -0.0, 1e-310, 1e-170, -1e-170])
@pytest.mark.parametrize("lift", ["fieller", "delta", "log"])
def test_next_to_no_baseline_is_none(baseline: float, lift: str) -> None:
    pair = Pair(
        treatment=1.0,
        control=baseline,
        treatment_variance=0.1,
        control_variance=0.0,
        treatment_units=9,
        control_units=9,
        method="difference",
    )

    answer = relative(pair, method=lift)

    assert isinstance(answer, NotEstimable)
    assert answer.code == Cause.BASELINE_ZERO
    assert absolute(pair).lower is not None


@pytest.mark.parametrize("spending", [ObrienFleming(), PowerSpending(1)])
def test_one_look_at_a_millionth_of_the_information(spending: Any) -> None:
    plan = bounds([1e-6], [1e-6], alpha=0.05, spending=spending)
    both = bounds([1e-6, 1.0], [1e-6, 1.0], alpha=0.05, spending=spending)
    now = PlannedLooks(AtLook((1e-6,), (1e-6,), alpha=0.05, spending=spending))
    pair = known(means(Moments.of(ARMS["usual"]), Moments.of(ARMS["negative"])))

    assert plan.z[0] >= critical_value(0.025e-6) * (1 - 1e-9)
    assert both.z[1] == pytest.approx(critical_value(0.025), abs=1e-5)
    found = effect(pair, by=now)
    assert found.absolute.p_value >= 0.05 or math.isfinite(plan.z[0])
    assert (found.absolute.lower is None) == math.isinf(plan.z[0])
    state = SequentialState(SequentialPlan(spending=spending, alpha=0.05, planned=1e6)).look("a", estimate=1.0, se=1.0)
    assert state.looks[0].crossed is False


def test_a_look_a_day_for_a_year() -> None:
    days = [(k + 1) / 365 for k in range(365)]
    z = bounds(days, days, alpha=0.05, spending=ObrienFleming()).z

    found = crossings(days, z, lower=[-b for b in z])

    assert 2 * math.fsum(found.upper) == pytest.approx(0.05, abs=1e-9)
    assert list(z) == sorted(z, reverse=True)
    p = p_so_far([0.0] * 50 + [6.0], days[:51], days[:51], spending=PowerSpending(2))
    assert p[49] == 1.0
    assert 2e-9 < p[50] < 1e-5  # more than that of a single look


@pytest.mark.parametrize("units", [2, 10, 10**9])
@pytest.mark.parametrize("z", [0.0, 8.0, 1e3])
def test_any_look_has_a_number_however_early_or_strong(units: int, z: float) -> None:
    pair = Pair(
        treatment=10 + z,
        control=10.0,
        treatment_variance=0.5,
        control_variance=0.5,
        df=units - 1.0,
        treatment_units=units // 2,
        control_units=units // 2,
        method="difference",
    )

    found = effect(pair, by=AnyLook(Asymptotic.tuned_for(10_000)))

    assert 0 <= found.absolute.p_value <= 1
    assert (found.absolute.log10_p is not None) == (found.absolute.p_value < 1e-300)
    assert found.absolute.lower is None or found.absolute.lower <= found.absolute.estimate


def test_splits_at_the_edge() -> None:
    for observed in ([0, 0], [0, 0, 0]):
        answer = srm(observed, [1] * len(observed))
        assert isinstance(answer, NotEstimable)
        assert answer.code == Cause.NO_UNITS
    assert known(srm([1, 0], [1, 1])).p_value == pytest.approx(0.3173, abs=1e-4)
    assert known(srm([10**9, 10**9], [1, 1, 0][:2])).p_value == 1.0
    assert known(srm([10**9 + 10**5, 10**9 - 10**5], [1, 1])).statistic == pytest.approx(20.0)
    assert known(srm([5, 0, 5], [0.5, 0.0, 0.5])).df == 1
    looks = known(sequential_split([[Period((0, 0), (1, 1))], [Period((1, 0), (1, 1))]]))
    assert [look.p_value for look in looks] == [1.0, pytest.approx(1.0)]
    assert isinstance(sequential_split([[Period((5, 0), (1, 0))]]), NotEstimable)


def test_families_of_no_test_and_of_tests_beyond_floats() -> None:
    assert bh([]).size == holm([]).size == 0
    assert corrected([], correction="bonferroni").rejected.tolist() == []
    for correction in (bh, holm):
        assert correction([0.0, 5e-324, 1.0]).tolist() == [0.0, pytest.approx(1e-323, abs=2e-323), 1.0]
        assert correction([1.0, 1.0]).tolist() == [1.0, 1.0]


def test_a_rule_whose_metrics_cannot_be_measured_ships_nothing() -> None:
    plan = allocated(all_of(superior("a"), noninferior("b", margin=0.01), unharmed("c")))
    none = known(means(Moments.of(ARMS["usual"]), Moments.of(ARMS["negative"]))), NotEstimable("no_variation", "none")

    verdict = scored(plan, {"a": none[0], "b": none[1], "c": none[1]})

    assert (verdict.met, verdict.shown, verdict.p_value) == (False, False, 1.0)
    assert isinstance(verdict.outcomes[1].p_value, NotEstimable)


def test_history_at_the_edge() -> None:
    for method in ("reml", "ml", "eb", "pm", "dl", "sj", "he", "fe"):
        for ses in ([1e-9, 1.0, 1.0], [1e9, 1.0, 1e-9], [1e-12] * 3, [1e12] * 3):
            past = known(random_effects([0.0, 1.0, 5.0], ses, method=method))
            assert [place for place, value in numbers(past) if not math.isfinite(value)] == []
            assert past.tau2 >= 0
            assert 0 <= past.i2 <= 1
    assert isinstance(random_effects([1.0], [1.0]), NotEstimable)
    assert isinstance(default_prior([], []), NotEstimable)
    assert isinstance(heterogeneity([]), NotEstimable)
    assert known(heterogeneity([Contrast(0.0, 1e-12, None), Contrast(0.0, 1e12, None)])).p_value == 1.0


def test_one_experiment_that_outweighs_all_others_leaves_their_spread_to_them() -> None:
    """1 - the largest share of all weights is the sum of the others, even where a float can't tell it from 0."""
    sure = known(random_effects([0.0, 1.0, 5.0], [1e-9, 1.0, 1.0], method="dl"))

    # Q is that of the two others about the sure one, 1 + 25; the sure one weighs with each of them, and they with it
    assert sure.tau2 == pytest.approx((26 - 2) / 4, rel=1e-9)


def test_beliefs_and_losses_at_the_edge() -> None:
    assert sum(race([0.0, 0.0, 1e9], [1e-9, 1.0, 1e-9]).chance_best) == pytest.approx(1.0)
    assert race([0.0, 1e-300], [1e-3, 1e3]).chance_best == (pytest.approx(0.5), pytest.approx(0.5))
    assert np.isfinite(expected_loss([-1e150, 0.0, 1e150], [1.0, 1e-150, 1.0])).all()


def test_sizes_of_what_hardly_varies_or_hardly_happens() -> None:
    for history in (known_proportion(1e-9), known_proportion(1 - 1e-9)):
        found = known(Design(history, method="proportion").units(0.5 if history.means[0] < 0.5 else 5e-10))
        assert found.total > 1e9
    for history in (known_mean(10.0, 0.0), known_mean(0.0, 1.0)):
        assert isinstance(Design(history).units(0.01), NotEstimable)
    assert known(Design(known_mean(1e12, 1.0), scale="absolute").units(0.1)).total == pytest.approx(3140, abs=8)
    below, above = (known(Design(known_mean(mean, 4.0)).units(0.02)) for mean in (-10.0, 10.0))
    assert below.total == above.total


def test_days_that_one_day_drowns_have_no_most_precise_line() -> None:
    covariance = np.diag([1e20, 1.0, 1e20])

    answer = trend([0, 1, 2], [1.0, 2.0, 3.0], covariance, weights="gls")

    if not isinstance(answer, NotEstimable):
        assert math.isfinite(answer.se)
        assert answer.se > 0
