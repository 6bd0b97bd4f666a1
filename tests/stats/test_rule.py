"""The rule's promises, by enumeration: whatever is true, and however tests depend on each other."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from twyman.decisions.budget import budget
from twyman.experiments.experiment import Arm, Entry, Experiment, Role, Tracked
from twyman.kernel.errors import Invalid
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.many_arms import critical_of_largest
from twyman.stats.pair import Pair
from twyman.stats.rule import (
    All,
    Allocation,
    Any,
    Errors,
    Hypothesis,
    all_of,
    allocated,
    any_of,
    false_ship_bound,
    judged,
    missed_ship_bound,
    noninferior,
    scored,
    superior,
    unharmed,
    within,
)
from twyman.stats.tails import critical_value, upper_tail

EQUAL = math.sqrt(0.5)
leaf = st.integers(0, 5).map(lambda i: superior(f"m{i}", sides=1))
trees = st.recursive(
    leaf,
    lambda inner: st.builds(
        lambda kind, parts: kind(*parts), st.sampled_from([all_of, any_of]), st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=6,
)


def true_of(node: Hypothesis | All | Any, truth: list[bool]) -> bool:
    """Whether a tree holds, its leaves' truths being taken from the front."""
    if isinstance(node, Hypothesis):
        return truth.pop(0)
    results = [true_of(part, truth) for part in node.parts]
    return all(results) if isinstance(node, All) else any(results)


@given(trees)
@settings(max_examples=40)
def test_no_truth_makes_a_tree_ship_wrongly_more_often_than_alpha(tree: Hypothesis | All | Any) -> None:
    plan = allocated(tree, Errors(alpha=0.05, beta=0.2))

    for truth in product([True, False], repeat=len(plan.shares)):
        if true_of(plan.rule, list(truth)):
            assert missed_ship_bound(plan, truth) <= 0.2 + 1e-12
        else:
            assert false_ship_bound(plan, truth) <= 0.05 + 1e-12


@given(trees)
@settings(max_examples=40)
def test_alpha_is_used_up_in_the_worst_case(tree: Hypothesis | All | Any) -> None:
    """The bound isn't idle: some truth, and some way the tests depend, reaches alpha, and some beta."""
    plan = allocated(tree, Errors(alpha=0.05, beta=0.2))
    truths = list(product([True, False], repeat=len(plan.shares)))

    wrong = max(false_ship_bound(plan, truth) for truth in truths if not true_of(plan.rule, list(truth)))
    missed = max(missed_ship_bound(plan, truth) for truth in truths if true_of(plan.rule, list(truth)))

    assert wrong == pytest.approx(0.05)
    assert missed == pytest.approx(0.2)


@given(trees, st.lists(st.floats(0, 1), min_size=6, max_size=6))
@settings(max_examples=40)
def test_the_trees_p_value_says_what_its_leaves_say(tree: Hypothesis | All | Any, chances: list[float]) -> None:
    plan = allocated(tree)
    p_values = {share.hypothesis: chances[int(share.hypothesis.name[1:])] for share in plan.shares}

    verdict = judged(plan, p_values)

    assert verdict.shown == true_of(plan.rule, [outcome.passed for outcome in verdict.outcomes])
    if abs(verdict.p_value - 0.05) > 1e-12:
        assert verdict.shown == (verdict.p_value < 0.05)
    if any(outcome.claimed for outcome in verdict.outcomes):
        assert verdict.shown


@given(trees, st.lists(st.floats(0, 0.2), min_size=6, max_size=6), st.integers(0, 5))
@settings(max_examples=40)
def test_more_evidence_never_unships(tree: Hypothesis | All | Any, chances: list[float], better: int) -> None:
    plan = allocated(tree)
    before = {share.hypothesis: chances[int(share.hypothesis.name[1:])] for share in plan.shares}
    after = {h: p / 2 if h.name == f"m{better}" else p for h, p in before.items()}

    if judged(plan, before).shown:
        assert judged(plan, after).shown


def test_simulated_nulls_ship_at_most_alpha_and_simulated_alternatives_at_least_power() -> None:
    """Two successes that go together, two guardrails; the worst null: everything fine but what one guardrail says."""
    rule = all_of(
        any_of(superior("a"), superior("b")),
        noninferior("c", margin=0.01),
        noninferior("d", margin=0.01),
        unharmed("a"),
    )
    plan = allocated(rule, Errors(alpha=0.05, beta=0.2, watch=0.01))
    drift = {
        share.hypothesis.name: critical_value(share.alpha / share.hypothesis.sides) + critical_value(share.beta)
        for share in plan.shares
    }
    rng = np.random.default_rng(8)
    noise = 0.6 * rng.normal(size=(20_000, 1)) + 0.8 * rng.normal(size=(20_000, 4))

    def ships(means: list[float]) -> float:
        z = noise + means
        limits = [critical_value(share.alpha / share.hypothesis.sides) for share in plan.shares]
        over = z > limits
        calm = -z[:, 0] < critical_value(plan.watches[0].alpha)
        return float(((over[:, 0] | over[:, 1]) & over[:, 2] & over[:, 3] & calm).mean())

    slack = 3.3 * math.sqrt(0.05 * 0.95 / 20_000)
    assert ships([9, 9, 9, 0]) == pytest.approx(0.05, abs=slack)
    assert ships([0, 0, 9, 9]) <= 0.05 + slack
    assert ships([drift["a"], 0, drift["c"], drift["d"]]) >= 0.8


def test_the_papers_shares() -> None:
    """Alpha over successes only, guardrails whole (T19); beta over guardrails and one."""
    rule = all_of(any_of(superior("s1"), superior("s2")), *(noninferior(f"g{i}", margin=0.01) for i in range(4)))

    plan = allocated(rule, Errors(alpha=0.05, beta=0.2))

    assert [share.alpha for share in plan.shares] == [0.025, 0.025, 0.05, 0.05, 0.05, 0.05]
    assert [share.power for share in plan.shares] == pytest.approx([0.96] * 6)


def test_guardrails_alone_share_beta_by_their_number() -> None:
    plan = allocated(all_of(*(noninferior(f"g{i}", margin=0.01) for i in range(4))), Errors(beta=0.2))

    assert [share.beta for share in plan.shares] == pytest.approx([0.05] * 4)


def test_watching_costs_beta_and_no_alpha() -> None:
    rule = all_of(superior("s"), noninferior("g", margin=0.01), unharmed("s"), unharmed("g"), unharmed("speed"))

    plan = allocated(rule, Errors(alpha=0.05, beta=0.2, watch=0.03))

    assert [share.alpha for share in plan.shares] == [0.05, 0.05]
    assert [share.beta for share in plan.shares] == pytest.approx([0.085, 0.085])
    assert [watch.alpha for watch in plan.watches] == pytest.approx([0.01] * 3)
    assert missed_ship_bound(plan, [True, True]) == pytest.approx(0.2)


@pytest.mark.parametrize("treatments", [1, 3])
@pytest.mark.parametrize(("wins", "guards"), [(0, 2), (1, 0), (2, 3), (3, 1)])
def test_the_simple_budget_is_this_tree(treatments: int, wins: int, guards: int) -> None:
    tracked = tuple(Tracked(metric=f"s{i}", role=Role.SUCCESS) for i in range(wins))
    tracked += tuple(Tracked(metric=f"g{i}", role=Role.GUARDRAIL, margin=0.01) for i in range(guards))
    arms = (Arm("control", 0.25, control=True), *(Arm(f"t{i}", 0.75 / treatments) for i in range(treatments)))
    experiment = Experiment(name="x", arms=arms, tracked=tracked, entry=Entry.UNITS, source="s")
    asked = budget(experiment)
    parts = [any_of(*(superior(f"s{i}") for i in range(wins)))] if wins else []
    parts += [noninferior(f"g{i}", margin=0.01) for i in range(guards)]
    watches = [unharmed(one.metric) for one in tracked]

    plan = allocated(
        all_of(*parts, *watches),
        Errors(
            alpha=experiment.plan.alpha,
            beta=1 - experiment.plan.power,
            watch=experiment.plan.alpha_deterioration,
            arms=treatments,
            reserve=False,
        ),
    )

    for share in plan.shares:
        role = asked.success if share.hypothesis.sides == 2 else asked.guardrail
        assert share.alpha == pytest.approx(role.alpha, rel=1e-12)
        assert share.beta == pytest.approx(asked.beta, rel=1e-12)
    assert [watch.alpha for watch in plan.watches] == pytest.approx([asked.harm.alpha] * len(tracked), rel=1e-12)


def test_weights_give_one_success_more_alpha_and_one_guardrail_more_beta() -> None:
    rule = all_of(any_of(superior("a"), superior("b"), weights=(4, 1)), noninferior("c", margin=0.1), weights=(1, 3))

    plan = allocated(rule, Errors(alpha=0.05, beta=0.2))

    assert [share.alpha for share in plan.shares] == pytest.approx([0.04, 0.01, 0.05])
    assert [share.beta for share in plan.shares] == pytest.approx([0.05, 0.05, 0.15])


def test_brackets_change_nothing() -> None:
    a, b, c = superior("a"), superior("b"), superior("c")

    for kind in (all_of, any_of):
        assert allocated(kind(kind(a, b), c)) == allocated(kind(a, kind(b, c))) == allocated(kind(a, b, c))


def test_holm_states_more_than_bonferroni_ships_on() -> None:
    a, b, c = (superior(name) for name in "abc")
    plan = allocated(any_of(a, b, c))

    verdict = judged(plan, {a: 0.01, b: 0.024, c: 0.2})

    assert [outcome.passed for outcome in verdict.outcomes] == [True, False, False]
    assert [outcome.claimed for outcome in verdict.outcomes] == [True, True, False]


def test_holm_passes_on_no_more_alpha_than_a_part_was_given() -> None:
    a, b, c, d = (superior(name) for name in "abcd")
    plan = allocated(any_of(all_of(any_of(a, b), c), d))

    verdict = judged(plan, {a: 0.005, b: 0.03, c: 0.01, d: 0.9})

    assert [outcome.claimed for outcome in verdict.outcomes] == [True, False, True, False]


def test_something_worse_blocks_whatever_was_shown() -> None:
    a, watch = superior("a"), unharmed("speed")
    plan = allocated(all_of(a, watch))

    verdict = judged(plan, {a: 1e-9, watch: 0.001})

    assert (verdict.met, verdict.shown) == (False, True)
    assert [harm.passed for harm in verdict.harms] == [False]


def test_a_test_that_can_not_be_made_shows_nothing_and_blocks_nothing() -> None:
    a, watch = superior("a"), unharmed("a")
    plan, lost = allocated(all_of(a, watch)), NotEstimable(Cause.TOO_FEW_UNITS, "wait")

    assert judged(plan, {a: 0.001, watch: lost}).met
    assert not judged(plan, {a: lost, watch: 0.9}).shown
    assert judged(plan, {a: lost, watch: 0.9}).outcomes[0].p_value is lost


def test_arms_divide_alpha_or_share_it_by_dunnett() -> None:
    a, b = superior("a"), superior("b")

    divided = allocated(any_of(a, b), Errors(arms=3))
    shared = allocated(any_of(a, b), Errors(arms=3), loadings=[EQUAL] * 3)

    assert divided.shares[0].alpha == pytest.approx(0.05 / 6)
    bound = critical_of_largest([EQUAL] * 3, alpha=0.025)
    assert shared.shares[0].alpha == pytest.approx(2 * upper_tail(bound))
    assert shared.shares[0].alpha > divided.shares[0].alpha


@given(st.floats(0.0005, 0.999), st.floats(0.0005, 0.999))
@settings(max_examples=20)
def test_dunnetts_tree_and_its_p_value_agree(first: float, second: float) -> None:
    a, b = superior("a"), superior("b")
    plan = allocated(any_of(a, b), Errors(arms=3), loadings=[EQUAL] * 3)

    verdict = judged(plan, {a: first, b: second})

    assert verdict.p_value >= min(first, second)
    if abs(verdict.p_value - 0.05) > 1e-9:
        assert verdict.shown == (verdict.p_value < 0.05)


def test_pairs_are_judged_by_their_own_scores() -> None:
    rule = all_of(superior("up"), noninferior("same", margin=0.05), within("steady", margin=0.05), unharmed("same"))
    plan = allocated(rule)

    def pair(treatment: float) -> Pair:
        return Pair(
            treatment=treatment,
            control=10.0,
            treatment_variance=0.01,
            control_variance=0.01,
            treatment_units=9,
            control_units=9,
            method="difference",
        )

    good = scored(plan, {"up": pair(10.5), "same": pair(10.0), "steady": pair(10.0)})
    bad = scored(plan, {"up": pair(10.5), "same": pair(9.6), "steady": pair(10.5)})

    assert good.met
    assert [outcome.passed for outcome in bad.outcomes] == [True, False, False]
    assert [harm.passed for harm in bad.harms] == [False]
    assert scored(plan, {"up": pair(9.0), "same": pair(10.0), "steady": pair(10.0)}).outcomes[0].p_value == 1.0


def test_lower_may_be_better() -> None:
    pair = Pair(
        treatment=9.0,
        control=10.0,
        treatment_variance=0.01,
        control_variance=0.01,
        treatment_units=9,
        control_units=9,
        method="difference",
    )

    assert scored(allocated(superior("crashes", improving=-1)), {"crashes": pair}).met
    assert not scored(allocated(superior("plays")), {"plays": pair}).met
    assert scored(allocated(noninferior("crashes", margin=0.01, improving=-1)), {"crashes": pair}).met


def test_information_needed_is_what_gives_the_power() -> None:
    plan = allocated(all_of(superior("a"), noninferior("b", margin=0.1)), Errors(beta=0.2))

    for share, information in zip(plan.shares, plan.information({"a": 0.2, "b": 0.1}), strict=True):
        effect = 0.2 if share.hypothesis.name == "a" else 0.1
        z = critical_value(share.alpha / share.hypothesis.sides)
        assert upper_tail(z - effect * math.sqrt(information)) == pytest.approx(0.9)


def allocation() -> Allocation:
    return allocated(superior("a"))


@pytest.mark.parametrize(
    "ask",
    [
        all_of,
        lambda: any_of(superior("a"), weights=(1, 2)),
        lambda: any_of(superior("a"), superior("b"), weights=(1, 0)),
        lambda: noninferior("a", margin=-0.1),
        lambda: allocated(any_of(superior("a"), unharmed("a"))),
        lambda: allocated(all_of(superior("a"), any_of(superior("b"), unharmed("a")))),
        lambda: allocated(unharmed("a")),
        lambda: allocated(all_of(unharmed("a"), unharmed("b"))),
        lambda: Errors(alpha=0.0),
        lambda: Errors(arms=0),
        lambda: Errors(beta=0.01, watch=0.01),
        lambda: allocated(superior("a"), Errors(arms=2), loadings=[EQUAL]),
        lambda: allocated(all_of(superior("a"), superior("b")), Errors(arms=2), loadings=[EQUAL] * 2),
        lambda: judged(allocation(), {}),
        lambda: judged(allocation(), {superior("a"): math.nan}),
        lambda: scored(allocation(), {}),
        lambda: allocation().information({}),
        lambda: allocation().information({"a": 0.0}),
        lambda: false_ship_bound(allocation(), []),
    ],
)
def test_what_makes_no_sense_is_refused(ask) -> None:  # noqa: ANN001
    with pytest.raises(Invalid):
        ask()
