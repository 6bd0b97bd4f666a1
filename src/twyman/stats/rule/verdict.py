"""Whether a rule is met: which of its hypotheses are shown, and what stands in the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import NotEstimable
from twyman.stats.multiplicity.familywise import shares_of
from twyman.stats.pair import Pair
from twyman.stats.rule.allocation import Allocation, Share
from twyman.stats.rule.tree import All, Any, Hypothesis, Node, demands, leaves

P = float | NotEstimable


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one hypothesis.

    Attributes:
        share: The hypothesis and what it may spend.
        p_value: Of its test (for one that is watched: of the test for harm); or why there is none.
        passed: Whether it is met; the rule is read off these.
        claimed: Whether it may be stated by itself: with probability 1 - alpha no false one is. Holm's step-down
            within each Any that is met; nothing under an All that isn't.
    """

    share: Share
    p_value: P
    passed: bool
    claimed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a rule is met in one arm, and why.

    Attributes:
        met: Whether everything that had to be shown was, and nothing that is watched is worse.
        shown: Whether everything that had to be shown was.
        p_value: Of the tree, over all arms together: `shown` where it is below alpha.
        outcomes: One a hypothesis to be shown, from left to right.
        harms: One a hypothesis that is watched; `passed` where it isn't worse.
    """

    met: bool
    shown: bool
    p_value: float
    outcomes: tuple[Outcome, ...]
    harms: tuple[Outcome, ...]


def judged(plan: Allocation, p_values: Mapping[Hypothesis, P]) -> Verdict:
    """Judge one arm by the p-values of its hypotheses.

    Args:
        plan: The rule with its errors handed out.
        p_values: Of each hypothesis, as from `Hypothesis.p_value`; those that are watched by the p-value
            for harm. A test that can't be made shows nothing: what had to be shown isn't, what is watched stands.

    Raises:
        Invalid: If a hypothesis has no p-value, or one that is no probability.

    Example:
        >>> from twyman.stats.rule import all_of, allocated, any_of, noninferior, superior
        >>> success, other, guardrail = superior("a"), superior("b"), noninferior("c", margin=0.01)
        >>> plan = allocated(all_of(any_of(success, other), guardrail))
        >>> verdict = judged(plan, {success: 0.03, other: 0.01, guardrail: 0.04})
        >>> verdict.met, verdict.p_value, [outcome.passed for outcome in verdict.outcomes]
        (True, 0.04, [False, True, True])
        >>> [outcome.claimed for outcome in verdict.outcomes]
        [True, True, True]

    See docs/explanation/decision-rule.md
    """
    given = [(share, _given(share.hypothesis, p_values)) for share in plan.shares]
    whole = [plan.over_arms(share.hypothesis, _number(p)) for share, p in given]
    passed = [_number(p) < share.alpha for share, p in given]
    shown, _ = _met(plan.rule, passed)
    claims = _claims(plan.rule, plan.errors.alpha, whole)
    harms = tuple(_harm(watch, _given(watch.hypothesis, p_values)) for watch in plan.watches)
    return Verdict(
        met=shown and all(harm.passed for harm in harms),
        shown=shown,
        p_value=_tree_p(plan.rule, whole),
        outcomes=tuple(
            Outcome(share=share, p_value=p, passed=passes, claimed=claim)
            for (share, p), passes, claim in zip(given, passed, claims, strict=True)
        ),
        harms=harms,
    )


def scored(plan: Allocation, pairs: Mapping[str, Pair | NotEstimable]) -> Verdict:
    """Judge one arm by the two means behind each name, as `judged` does by p-values.

    Raises:
        Invalid: If a name has no pair.

    Example:
        >>> from twyman.stats.difference import means
        >>> from twyman.stats.moments import Moments
        >>> from twyman.stats.rule import allocated, superior
        >>> pair = means(Moments.of([5, 6, 7]), Moments.of([1, 2, 3]))
        >>> scored(allocated(superior("a")), {"a": pair}).met
        True

    See docs/explanation/decision-rule.md
    """
    p_values: dict[Hypothesis, P] = {}
    for share in (*plan.shares, *plan.watches):
        name = share.hypothesis.name
        if name not in pairs:
            raise Invalid(f"'{name}' has no means: give a pair, or why there is none")
        pair = pairs[name]
        p_values[share.hypothesis] = (
            pair if isinstance(pair, NotEstimable) else share.hypothesis.p_value(share.hypothesis.score(pair))
        )
    return judged(plan, p_values)


def _given(hypothesis: Hypothesis, p_values: Mapping[Hypothesis, P]) -> P:
    if hypothesis not in p_values:
        raise Invalid(f"'{hypothesis.name}' ({hypothesis.claim}) has no p-value: give one, or why there is none")
    p = p_values[hypothesis]
    if not isinstance(p, NotEstimable) and not 0 <= p <= 1:
        raise Invalid(f"'{hypothesis.name}' has p-value {p}, no probability: give a NotEstimable where there is none")
    return p


def _number(p: P) -> float:
    return 1.0 if isinstance(p, NotEstimable) else p


def _harm(watch: Share, p: P) -> Outcome:
    return Outcome(share=watch, p_value=p, passed=_number(p) >= watch.alpha, claimed=False)


def _met(node: Node, passed: Sequence[bool]) -> tuple[bool, int]:
    """Return whether a node is met, and how many leaves it has; leaves are read from left to right."""
    if isinstance(node, Hypothesis):
        return passed[0], 1
    results: list[bool] = []
    used = 0
    for part in demands(node.parts):
        met, size = _met(part, passed[used:])
        results.append(met)
        used += size
    return (all if isinstance(node, All) else any)(results), used


def _split(node: All | Any, values: Sequence[float]) -> list[tuple[Node, list[float], float]]:
    """Return each part with its own leaves' values, and its share of alpha."""
    parts = demands(node.parts)
    shares = shares_of(node.weights or [1.0] * len(parts)) if isinstance(node, Any) else [1.0] * len(parts)
    split: list[tuple[Node, list[float], float]] = []
    used = 0
    for part, share in zip(parts, shares, strict=True):
        size = sum(1 for _ in leaves(part))
        split.append((part, list(values[used : used + size]), float(share)))
        used += size
    return split


def _tree_p(node: Node, values: Sequence[float]) -> float:
    """Return a node's p-value: the largest of an All, the smallest over its share of an Any."""
    if isinstance(node, Hypothesis):
        return values[0]
    parts = [min(1.0, _tree_p(part, own) / share) for part, own, share in _split(node, values)]
    return max(parts) if isinstance(node, All) else min(parts)


def _claims(node: Node, alpha: float, values: Sequence[float]) -> list[bool]:
    """Return which leaves may be stated: of an All all or none; of an Any by Holm, its alpha passed on."""
    if isinstance(node, Hypothesis):
        return [values[0] < alpha]
    split = _split(node, values)
    if isinstance(node, All):
        if not all(_tree_p(part, own) < alpha for part, own, _ in split):
            return [False] * len(values)
        return [claim for part, own, _ in split for claim in _claims(part, alpha, own)]
    levels = _holm([_tree_p(part, own) for part, own, _ in split], [share for *_, share in split], alpha)
    return [
        claim
        for (part, own, _), level in zip(split, levels, strict=True)
        for claim in (_claims(part, level, own) if level else [False] * len(own))
    ]


def _holm(p_values: Sequence[float], shares: Sequence[float], alpha: float) -> list[float]:
    """Return the alpha at which each part is rejected by Holm's step-down with shares; 0 where it isn't."""
    levels = [0.0] * len(p_values)
    while True:
        left = [i for i, level in enumerate(levels) if not level]
        room = sum(shares[i] for i in left)
        fresh = [i for i in left if p_values[i] < alpha * shares[i] / room]
        if not fresh:
            return levels
        for i in fresh:
            levels[i] = alpha * shares[i] / room
