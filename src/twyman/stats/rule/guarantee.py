"""What a rule promises: how often it errs at most, whatever is true and however its tests depend on each other."""

from collections.abc import Callable, Sequence

from twyman.kernel.errors import Invalid
from twyman.stats.rule.allocation import Allocation, Share
from twyman.stats.rule.tree import All, Hypothesis, Node, demands


def false_ship_bound(plan: Allocation, truth: Sequence[bool]) -> float:
    """Return the most often that a false rule is shown in one arm, by which of its hypotheses are true.

    Where the rule is true this is 1: to be shown is right then. Else it is at most alpha over the arms.

    Args:
        plan: The rule with its errors handed out.
        truth: Of each hypothesis that must be shown, from left to right.

    Raises:
        Invalid: If `truth` isn't one a hypothesis.

    Example:
        >>> from twyman.stats.rule import all_of, allocated, any_of, noninferior, superior
        >>> plan = allocated(all_of(any_of(superior("a"), superior("b")), noninferior("c", margin=0.01)))
        >>> false_ship_bound(plan, [False, False, True]), false_ship_bound(plan, [True, False, False])
        (0.05, 0.05)

    See docs/explanation/decision-rule.md
    """
    chances = [1.0 if true else share.alpha for share, true in zip(_checked(plan, truth), truth, strict=True)]
    return min(1.0, _bound(plan.rule, chances, of_all=min, of_any=sum))


def missed_ship_bound(plan: Allocation, truth: Sequence[bool]) -> float:
    """Return the most often that a true rule isn't met in one arm, its true hypotheses being so by the planned effects.

    The chance that something watched blocks it by mistake is added. Where the rule is true this is
    at most beta (where beta sets `watch` aside); where it is false it is 1, or no promise.

    Raises:
        Invalid: As in `false_ship_bound`.

    See docs/explanation/decision-rule.md
    """
    chances = [share.beta if true else 1.0 for share, true in zip(_checked(plan, truth), truth, strict=True)]
    blocked = sum(watch.alpha for watch in plan.watches)
    return min(1.0, _bound(plan.rule, chances, of_all=sum, of_any=min) + blocked)


def _checked(plan: Allocation, truth: Sequence[bool]) -> Sequence[Share]:
    if len(truth) != len(plan.shares):
        raise Invalid(f"{len(truth)} truths can't serve {len(plan.shares)} hypotheses: give one each")
    return plan.shares


Fold = Callable[[list[float]], float]


def _bound(node: Node, chances: Sequence[float], *, of_all: Fold, of_any: Fold) -> float:
    left = list(chances)

    def walk(node: Node) -> float:
        if isinstance(node, Hypothesis):
            return left.pop(0)
        return (of_all if isinstance(node, All) else of_any)([walk(part) for part in demands(node.parts)])

    return walk(node)
