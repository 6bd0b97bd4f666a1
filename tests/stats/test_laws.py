"""Laws that hold across families: every method that ends in two means obeys them, and so does what is read off these.

What is particular to a family is in its own file; here all are drawn at once.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st

from twyman.stats import (
    AnyLook,
    Asymptotic,
    AtLook,
    Cells,
    Clusters,
    HwangShihDecani,
    Moments,
    NotEstimable,
    ObrienFleming,
    OneLook,
    Pair,
    PlannedLooks,
    Pocock,
    PowerSpending,
    RiskTable,
    Settings,
    absolute,
    adjusted,
    against_control,
    all_of,
    allocated,
    any_of,
    bh,
    bonferroni,
    bounds,
    cluster_means,
    cluster_ratios,
    combined,
    compare,
    compare_all,
    conditional,
    effect,
    grid,
    guarded,
    hochberg,
    holm,
    hommel,
    mean_time,
    means,
    noninferior,
    post_stratified,
    proportions,
    quantiles,
    ratios,
    regression,
    relative,
    retention,
    scored,
    superior,
    unharmed,
)

Arm = np.ndarray[Any, np.dtype[np.float64]]
"""Rows of a unit's outcome and its past."""
Method = Callable[[Arm, Arm], Any]
T = TypeVar("T")
FEW = settings(max_examples=8, deadline=None)
"""So few as there are many methods: each law is tried on some hundred drawn experiments."""


def known(answer: T | NotEstimable) -> T:
    assert not isinstance(answer, NotEstimable), answer
    return answer


def sizes(arm: Arm) -> Any:
    """Return sizes or exposures that go with the outcome's sign, and nothing else."""
    return 1.0 + np.arange(len(arm)) % 3


def table(*columns: Any) -> Moments:
    return Moments.of(np.column_stack(columns))


def strata(arm: Arm) -> dict[str, Moments]:
    return {name: Moments.of(arm[k::3, 0]) for k, name in enumerate("abc")}


def clusters(arm: Arm) -> Clusters:
    return Clusters(arm[:, 0] * sizes(arm), sizes(arm))


def regressed(t: Arm, c: Arm) -> Any:
    both = np.concatenate((t, c))
    treated = np.repeat([1, 0], [len(t), len(c)])
    return known(regression(both[:, 0], treated, {"past": both[:, 1]})).pair()


LINEAR: Mapping[str, Method] = {
    **{
        f"means {test}": lambda t, c, test=test: means(Moments.of(t), Moments.of(c), test=test)
        for test in ("welch", "student", "wald")
    },
    **{
        f"adjusted {theta}": lambda t, c, theta=theta: adjusted(Moments.of(t), Moments.of(c), theta=theta)
        for theta in ("per_arm", "pooled_within", "pooled")
    },
    "ratios": lambda t, c: ratios(table(t[:, 0] * sizes(t), sizes(t)), table(c[:, 0] * sizes(c), sizes(c))),
    "adjusted ratios": lambda t, c: adjusted(
        table(t[:, 0] * sizes(t), sizes(t), t[:, 1]), table(c[:, 0] * sizes(c), sizes(c), c[:, 1]), own=2
    ),
    "post-stratified": lambda t, c: post_stratified(strata(t), strata(c)),
    "strata, sizes fixed": lambda t, c: post_stratified(strata(t), strata(c), sizes="fixed"),
    **{
        f"clusters {kind}": lambda t, c, kind=kind: cluster_means(clusters(t), clusters(c), kind=kind)
        for kind in ("CR0", "CR1", "CR2", "CR3")
    },
    "cluster ratios": lambda t, c: cluster_ratios(
        table(t[:, 0] * sizes(t), sizes(t)), table(c[:, 0] * sizes(c), sizes(c))
    ),
    "regression": regressed,
    "quantiles": lambda t, c: quantiles(t[:, 0], c[:, 0], 0.5),
    **{
        f"quantiles {spread}": lambda t, c, spread=spread: quantiles(t[:, 0], c[:, 0], 0.5, spread=spread)
        for spread in ("nid", "ker")
    },
    "quantiles mid": lambda t, c: quantiles(t[:, 0], c[:, 0], 0.5, ties="mid"),
}
"""Methods of outcomes that may be given in any unit, counted from any zero.

Not among them: quantiles by `iid`, whose line of least absolute deviations may be one of several as good, so that
rounding chooses.
"""

OTHERS: Mapping[str, Method] = {
    **{
        f"proportions {test}": lambda t, c, test=test: proportions(
            Moments.of((t[:, 0] > 10) * 1.0), Moments.of((c[:, 0] > 10) * 1.0), test=test
        )
        for test in ("welch", "wald", "score")
    },
    "retention": lambda t, c: retention(*(RiskTable.of(a[:, 0] + 20, a[:, 1] < 5.5) for a in (t, c)), at=30.0),
    "mean time": lambda t, c: mean_time(*(RiskTable.of(a[:, 0] + 20, a[:, 1] < 5.5) for a in (t, c)), until=30.0),
}

ONE_SIDED: Mapping[str, Method] = {
    "arms combined": lambda t, c: combined([Moments.of(t[::2, 0]), Moments.of(t[1::2, 0])], Moments.of(c)),
    "cells": lambda t, c: conditional(
        grid([[Moments.of(c[::2, 0]), Moments.of(c[1::2, 0])], [Moments.of(t[::2, 0]), Moments.of(t[1::2, 0])]]),
        1,
        other=0,
    ),
}
"""Methods whose arms aren't built alike, or of which only a part is compared."""

ALL = {**LINEAR, **OTHERS, **ONE_SIDED}


def pair_of(answer: Any) -> Pair:
    made = known(answer)
    return made if isinstance(made, Pair) else made.pair


@st.composite
def arms(draw: st.DrawFn) -> tuple[Arm, Arm]:
    """Two arms of an outcome around 10 that goes with its past; sizes differ, as do spreads and means."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    sides = list[Arm]()
    for _ in range(2):
        past = rng.normal(5, 1, size=draw(st.integers(18, 60)))
        gain, spread = draw(st.sampled_from([0.0, 0.3, -1.0])), draw(st.sampled_from([0.3, 1.0, 2.0]))
        sides.append(np.column_stack((5 + past + gain + spread * rng.normal(size=past.size), past)))
    return sides[0], sides[1]


def same(ours: Pair, theirs: Pair, *, rel: float = 1e-8) -> None:
    """Assert that two pairs are one but for rounding."""
    scale = theirs.contrast().se
    assert ours.treatment == pytest.approx(theirs.treatment, abs=rel * scale, rel=rel)
    assert ours.control == pytest.approx(theirs.control, abs=rel * scale, rel=rel)
    for weight in (0.0, 1.0, 1.2):
        assert ours.contrast(weight).se == pytest.approx(theirs.contrast(weight).se, rel=rel)
    assert (ours.df is None) == (theirs.df is None)
    assert (ours.df or 1.0) == pytest.approx(theirs.df or 1.0, rel=100 * rel)


@pytest.mark.parametrize("name", [*LINEAR, *OTHERS])
@FEW
@given(arms())
def test_swapping_arms_swaps_the_means_and_negates_all_that_is_read_off(name: str, sides: tuple[Arm, Arm]) -> None:
    method = {**LINEAR, **OTHERS}[name]
    ours, theirs = pair_of(method(*sides)), pair_of(method(*sides[::-1]))

    same(theirs, ours.swapped())
    here, there = absolute(ours), absolute(theirs)
    scale = here.se
    assert there.estimate == pytest.approx(-here.estimate, abs=1e-8 * scale)
    assert (there.lower, there.upper) == pytest.approx((-(here.upper or 0), -(here.lower or 0)), abs=1e-7 * scale)
    assert there.p_value == pytest.approx(here.p_value, rel=1e-5)


@pytest.mark.parametrize("name", LINEAR)
@FEW
@given(arms(), st.sampled_from([1e-6, 0.1, 3.0, 1e6]), st.sampled_from([0.0, 1.0, -20.0]))
def test_units_of_measurement_change_nothing_but_the_unit(
    name: str, sides: tuple[Arm, Arm], factor: float, shift: float
) -> None:
    moved = [np.column_stack((factor * (arm[:, 0] + shift), arm[:, 1])) for arm in sides]
    plain, scaled = pair_of(LINEAR[name](*sides)), pair_of(LINEAR[name](*moved))

    back = replace(
        scaled,
        treatment=scaled.treatment / factor - shift,
        control=scaled.control / factor - shift,
        treatment_variance=scaled.treatment_variance / factor**2,
        control_variance=scaled.control_variance / factor**2,
        covariance=scaled.covariance / factor**2,
    )
    same(back, plain, rel=1e-7)


@pytest.mark.parametrize("name", ALL)
@FEW
@given(arms(), st.sampled_from([1e-4, 0.01, 0.05, 0.3]))
def test_intervals_exclude_no_effect_exactly_where_p_is_below_alpha(
    name: str, sides: tuple[Arm, Arm], alpha: float
) -> None:
    pair = pair_of(ALL[name](*sides))
    for by in (OneLook(alpha), AnyLook(Asymptotic.tuned_for(100), alpha=alpha)):
        found = effect(pair, by=by)
        difference = found.absolute
        assume(abs(difference.p_value / alpha - 1) > 1e-6)
        excludes = [(difference.lower or -1) > 0 or (difference.upper or 1) < 0]
        if not isinstance(found.relative, NotEstimable):
            assert found.relative.p_value == difference.p_value
            excludes.append((found.relative.lower or -1) > 0 or (found.relative.upper or 1) < 0)
        assert set(excludes) == {difference.p_value < alpha}


@pytest.mark.parametrize("name", ALL)
@FEW
@given(arms(), st.sampled_from([0.0, 0.01, 0.2]), st.sampled_from([1, -1]))
def test_a_guardrails_bound_clears_the_margin_exactly_where_it_is_shown(
    name: str, sides: tuple[Arm, Arm], margin: float, improving: int
) -> None:
    pair = pair_of(ALL[name](*sides))
    found = guarded(pair, margin=margin, improving=improving)
    assume(not isinstance(found.bound, NotEstimable) and abs(found.p_noninferior / 0.05 - 1) > 1e-6)
    assert not isinstance(found.bound, NotEstimable)

    assert (improving * found.bound > -margin) == (found.p_noninferior < 0.05)


@FEW
@given(arms(), st.sampled_from(["mean", "ratio"]), st.integers(1, 10))
def test_cells_merged_are_the_whole(sides: tuple[Arm, Arm], kind: str, parts: int) -> None:
    columns = [table(a[:, 0] * sizes(a), sizes(a), a[:, 1]) if kind == "ratio" else Moments.of(a) for a in sides]
    shards = [
        Cells.stacked(
            [
                table(p[:, 0] * s, s, p[:, 1]) if kind == "ratio" else Moments.of(p)
                for p, s in ((arm[k::parts], sizes(arm)[k::parts]) for k in range(parts))
            ]
        ).merged()
        for arm in sides
    ]

    whole, merged = (
        known(compare(both[0], both[1], Settings(kind=kind))) for both in (columns, [one.at() for one in shards])
    )
    many = compare_all(shards[0], shards[1], Settings(kind=kind))

    same(merged.pair, whole.pair)
    assert float(many.absolute.se) == pytest.approx(whole.absolute.se, rel=1e-9)


@pytest.mark.parametrize("theta", ["per_arm", "pooled", "pooled_within"])
@FEW
@given(arms(), st.sampled_from([0.0, 1.0, -7.5, 1e9]))
def test_a_constant_says_nothing_to_any_adjustment(theta: str, sides: tuple[Arm, Arm], constant: float) -> None:
    flat = [np.column_stack((arm[:, 0], np.full(len(arm), constant))) for arm in sides]
    raw = known(means(*(Moments.of(arm) for arm in flat)))
    rows = [*sides[0][:, 0], *sides[1][:, 0]]
    treated = np.repeat([1, 0], [len(sides[0]), len(sides[1])])

    assert known(adjusted(*map(Moments.of, flat), theta=theta)).pair == raw
    from_rows = known(known(regression(rows, treated, {"constant": np.full(len(rows), constant)})).pair())
    assert from_rows.contrast().se == pytest.approx(raw.contrast().se, rel=1e-9)  # HC2 is Welch's
    assert from_rows.contrast().estimate == pytest.approx(raw.contrast().estimate, abs=1e-9)


@FEW
@given(arms(), st.sampled_from(["random", "fixed"]))
def test_one_of_a_kind_is_the_plain_comparison(sides: tuple[Arm, Arm], shares: str) -> None:
    moments = [Moments.of(arm[:, 0]) for arm in sides]
    raw = known(means(*moments))
    ones = [Clusters(arm[:, 0], np.ones(len(arm))) for arm in sides]

    assert known(post_stratified({"all": moments[0]}, {"all": moments[1]}, sizes=shares)).pair == raw
    same(replace(known(cluster_means(*ones)), df=raw.df), raw)  # one row a cluster
    same(known(combined(moments[:1], moments[1])), raw)  # one arm
    same(known(conditional(grid([[moments[1]] * 2, [moments[0]] * 2]), 1, other=0)), raw)  # one arm of the other test
    dunnett = against_control([raw])
    assert dunnett.adjusted[0] == pytest.approx(absolute(raw).p_value, rel=1e-6)
    only = scored(allocated(superior("a")), {"a": raw})
    assert only.p_value == pytest.approx(absolute(raw).p_value if raw.score() > 0 else 1.0, rel=1e-9)


@FEW
@given(
    arms(), st.lists(st.sampled_from([0.0, 3.0, -100.0]), min_size=3, max_size=3), st.sampled_from(["random", "fixed"])
)
def test_what_all_of_a_stratum_have_in_common_changes_no_difference(
    sides: tuple[Arm, Arm], levels: list[float], shares: str
) -> None:
    def effect_of(levels: list[float]) -> Pair:
        t, c = ({str(k): Moments.of(arm[k::3, 0] + level) for k, level in enumerate(levels)} for arm in sides)
        return known(post_stratified(t, c, sizes=shares)).pair

    plain, moved = effect_of([0.0] * 3), effect_of(levels)

    assert moved.contrast().estimate == pytest.approx(plain.contrast().estimate, abs=1e-9)
    assert moved.contrast().se == pytest.approx(plain.contrast().se, rel=1e-7)
    assert moved.df == pytest.approx(plain.df, rel=1e-6)


SPENDING = st.sampled_from([ObrienFleming(), Pocock(), PowerSpending(1), PowerSpending(3), HwangShihDecani(-4)])


@FEW
@given(arms(), SPENDING, st.sampled_from([0.01, 0.05, 0.2]))
def test_one_look_at_all_the_information_is_no_sequential_test(
    sides: tuple[Arm, Arm], spending: Any, alpha: float
) -> None:
    pair = known(means(*map(Moments.of, sides)))
    information = pair.contrast().se ** -2

    planned = effect(pair, by=PlannedLooks(AtLook((information,), (1.0,), alpha=alpha, spending=spending)))
    once = effect(pair, Settings(alpha=alpha))

    for ours, theirs in ((planned.absolute, once.absolute), (known(planned.relative), known(once.relative))):
        assert (ours.lower, ours.upper) == pytest.approx((theirs.lower, theirs.upper), rel=1e-9, abs=1e-9)
        assert ours.p_value == pytest.approx(theirs.p_value, rel=1e-7)


@FEW
@given(
    st.lists(st.floats(0.05, 1.0), min_size=1, max_size=5, unique=True),
    SPENDING,
    st.lists(st.sampled_from([1e-8, 0.001, 0.01, 0.05, 0.2, 0.5]), min_size=2, max_size=2, unique=True),
    st.sampled_from([1, 2]),
)
def test_bounds_fall_as_alpha_grows(steps: list[float], spending: Any, alphas: list[float], sides: int) -> None:
    path = np.cumsum(steps)
    times = (path / path[-1]).tolist()

    strict, loose = (bounds(times, times, alpha=a, spending=spending, sides=sides).z for a in sorted(alphas))

    assert all(high > low for high, low in zip(strict, loose, strict=True) if high < math.inf)


@pytest.mark.parametrize("name", ALL)
@FEW
@given(arms(), SPENDING, st.sampled_from([0.01, 0.05]), st.sampled_from([50, 1000]))
def test_looking_again_costs_width(name: str, sides: tuple[Arm, Arm], spending: Any, alpha: float, tuned: int) -> None:
    pair = pair_of(ALL[name](*sides))
    early = PlannedLooks(AtLook((1.0, 2.0), (0.5, 1.0), alpha=alpha, spending=spending))

    once = effect(pair, Settings(alpha=alpha)).absolute
    for by in (AnyLook(Asymptotic.tuned_for(tuned), alpha=alpha), early):
        wide = effect(pair, by=by).absolute
        assert wide.estimate == once.estimate
        assert (wide.lower or -math.inf) <= (once.lower or 0) <= (once.upper or 0) <= (wide.upper or math.inf)
        assert wide.p_value >= once.p_value * (1 - 1e-9)


@FEW
@given(st.lists(st.floats(0, 1) | st.sampled_from([0.0, 1e-300, 0.01, 1.0]), max_size=12), st.integers(0, 3))
def test_corrections_that_promise_less_correct_less(p: list[float], more: int) -> None:
    m = len(p) + more
    ladder = [correct(p, m) for correct in (bh, hommel, hochberg, holm, bonferroni)]

    for less, greater in pairwise([np.array(p), *ladder]):
        assert (less <= greater * (1 + 1e-12)).all()


@FEW
@given(st.lists(arms(), min_size=2, max_size=4), st.randoms())
def test_the_order_of_metrics_changes_nothing(metrics: list[tuple[Arm, Arm]], chance: Any) -> None:
    order = list(range(len(metrics)))
    chance.shuffle(order)
    sides = [Cells.stacked([Moments.of(metric[k]) for metric in metrics]) for k in (0, 1)]
    plain, turned = compare_all(sides[0], sides[1]), compare_all(sides[0][order], sides[1][order])

    for name in ("estimate", "lower", "upper", "p_value"):
        for here, there in ((plain.absolute, turned.absolute), (plain.relative, turned.relative)):
            np.testing.assert_array_equal(getattr(here, name)[order], getattr(there, name))
    p = plain.absolute.p_value
    for correct in (bh, hommel, hochberg, holm, bonferroni):
        np.testing.assert_array_equal(correct(p)[order], correct(p[order]))


@FEW
@given(st.lists(arms(), min_size=3, max_size=4), st.randoms())
def test_the_order_of_a_rules_metrics_changes_nothing(metrics: list[tuple[Arm, Arm]], chance: Any) -> None:
    pairs = {f"m{k}": known(means(*map(Moments.of, metric))) for k, metric in enumerate(metrics)}
    success = [superior(name) for name in pairs]
    guards = [noninferior(name, margin=0.05) for name in pairs] + [unharmed(name) for name in pairs]
    first = scored(allocated(all_of(any_of(*success), *guards)), pairs)
    chance.shuffle(success)
    chance.shuffle(guards)

    second = scored(allocated(all_of(*guards, any_of(*success))), pairs)

    assert (first.met, first.shown, first.p_value) == (second.met, second.shown, second.p_value)
    said, again = (
        {one.share.hypothesis: (one.passed, one.claimed) for one in verdict.outcomes} for verdict in (first, second)
    )
    assert said == again


@pytest.mark.parametrize("method", ["fieller", "delta", "log"])
@FEW
@given(arms(), st.sampled_from([1e-9, 0.5, 1e9]))
def test_a_lift_has_no_unit(method: str, sides: tuple[Arm, Arm], factor: float) -> None:
    pair = known(means(*map(Moments.of, sides)))
    scaled = known(means(*(Moments.of(arm[:, 0] * factor) for arm in sides)))

    ours, theirs = (known(relative(one, method=method)) for one in (pair, scaled))

    assert (ours.estimate, ours.lower, ours.upper) == pytest.approx((theirs.estimate, theirs.lower, theirs.upper))
    assert ours.p_value == pytest.approx(theirs.p_value, rel=1e-6)
