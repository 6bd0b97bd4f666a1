"""Who may spend how much error: alpha and beta, from the root of a rule down to its leaves.

Two recursions, each the mirror of the other. Where a rule is wrong to be met, an All has one part at least
that is wrong to be met, and so may leave each part the whole alpha; an Any has only such parts, and must
split it. Where a rule is wrong to be missed, an Any has one part at least that is wrong to be missed, and
leaves each part the whole beta; an All has only such parts, and must split it. Both bounds hold however
the tests depend on each other.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import checked_alpha
from twyman.stats.many_arms.largest import any_beyond, critical_of_largest
from twyman.stats.multiplicity.familywise import shares_of
from twyman.stats.power.precision import information_needed
from twyman.stats.rule.tree import Any, Hypothesis, Node, demands, flattened, watched
from twyman.stats.tails import critical_value, upper_tail


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """What may go wrong, and how often.

    Attributes:
        alpha: Chance of shipping any arm for which the rule is false.
        beta: Chance of not shipping an arm for which it is true, at the effects planned for.
        watch: Chance that something watched is called worse in any arm, while nothing is. It can only block:
            alpha is kept whatever it is, and beta pays for it.
        arms: Treatments that share alpha and `watch`.
        reserve: Whether beta sets `watch` aside, so that it holds with the watching: (beta - watch) is split.
    """

    alpha: float = 0.05
    beta: float = 0.2
    watch: float = 0.01
    arms: int = 1
    reserve: bool = True

    def __post_init__(self) -> None:
        """Refuse what are no error rates.

        Raises:
            Invalid: If one is no probability, there are no arms, or watching eats up beta.
        """
        for rate in (self.alpha, self.beta, self.watch):
            checked_alpha(rate)
        if self.arms < 1:
            raise Invalid(f"{self.arms} arms have no errors to share: give the number of treatments")
        if self.reserve and self.watch >= self.beta:
            raise Invalid(f"watching at {self.watch} leaves nothing of beta {self.beta}: watch more strictly")


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one hypothesis may spend, in each arm.

    Attributes:
        hypothesis: Which.
        alpha: Error of its test, of both sides where it has two.
        beta: Chance of missing it that its number of units must leave.
    """

    hypothesis: Hypothesis
    alpha: float
    beta: float

    @property
    def power(self) -> float:
        """1 - beta."""
        return 1 - self.beta

    def information(self, effect: float) -> float:
        """Return 1 / se² at which an effect (from the margin, where there is one) is shown with the power.

        Raises:
            Invalid: If the effect is zero.
        """
        return information_needed(effect, self.alpha, self.power, self.hypothesis.sides)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """A rule with its errors handed out.

    Attributes:
        rule: The tree, merged where All is under All, or Any under Any.
        shares: One a hypothesis that must be shown, from left to right.
        watches: One a hypothesis that is only watched.
        errors: What was handed out.
        loadings: How several arms go together, where they share alpha by Dunnett's value; else empty.
    """

    rule: Node
    shares: tuple[Share, ...]
    watches: tuple[Share, ...]
    errors: Errors
    loadings: tuple[float, ...] = ()

    def over_arms(self, hypothesis: Hypothesis, p_value: float) -> float:
        """Return a p-value of one arm as one of all arms together."""
        if not self.loadings:
            return min(1.0, p_value * self.errors.arms)
        sides = hypothesis.sides
        score = critical_value(p_value / sides) if 0 < p_value < 1 else (math.inf if p_value < 1 else -math.inf)
        return any_beyond(score, self.loadings, sides=sides) if math.isfinite(score) else p_value

    def information(self, effects: Mapping[str, float]) -> list[float]:
        """Return 1 / se² that each share needs, given the effect to be found by the name of its hypothesis.

        The effect of a hypothesis with a margin is its distance from the margin: the margin itself, in the metric's
        unit, where nothing is expected to change. The experiment needs the largest of what these ask for.

        Raises:
            Invalid: If a name has no effect, or one of zero.

        Example:
            >>> from twyman.stats.rule import Errors, allocated, superior
            >>> plan = allocated(superior("a"), Errors(beta=0.2))
            >>> f"{plan.information({'a': 0.2})[0]:.2f}"
            '196.22'
        """
        missing = sorted({share.hypothesis.name for share in self.shares} - set(effects))
        if missing:
            raise Invalid(f"'{missing[0]}' has no effect to be found: give the smallest that matters")
        return [share.information(effects[share.hypothesis.name]) for share in self.shares]


def allocated(rule: Node, errors: Errors | None = None, *, loadings: Sequence[float] = ()) -> Allocation:
    """Hand out the errors of a rule to its hypotheses.

    Args:
        rule: A hypothesis, or All and Any of such; what is only watched stands directly under the outer All.
        errors: The rates; the defaults where left out.
        loadings: For several arms, each comparison's correlation with their control (`many_arms.loading`): alpha is
            then shared by Dunnett's critical value rather than divided by their number.

    Raises:
        Invalid: If something watched stands elsewhere; or if `loadings` aren't one an arm, or are given for a
            rule with an All: arms that fail it for different reasons aren't correlated as Dunnett assumes.

    Example:
        >>> from twyman.stats.rule import all_of, any_of, noninferior, superior, unharmed
        >>> rule = all_of(any_of(superior("a"), superior("b")), noninferior("c", margin=0.01), unharmed("c"))
        >>> plan = allocated(rule, Errors(alpha=0.05, beta=0.21, watch=0.01))
        >>> [(share.hypothesis.name, share.alpha, round(share.power, 3)) for share in plan.shares]
        [('a', 0.025, 0.9), ('b', 0.025, 0.9), ('c', 0.05, 0.9)]

    References:
        Schultzberg, M., Ankargren, S. and Frånberg, M. (2024). Risk-aware product decisions in A/B tests with
        multiple metrics. arXiv:2402.11609.
        Berger, R. L. (1982). Multiparameter hypothesis testing and acceptance sampling. Technometrics 24.
        Roy, S. N. (1953). On a heuristic method of test construction and its use in multivariate analysis.
        Annals of Mathematical Statistics 24.

    See docs/explanation/decision-rule.md
    """
    rates, tree = errors or Errors(), flattened(rule)
    watching = watched(tree)
    reserved = rates.watch if watching and rates.reserve else 0.0
    if loadings:
        _check_loadings(tree, loadings, rates.arms)
    root = rates.alpha if loadings else rates.alpha / rates.arms
    shares = tuple(_handed(tree, root, rates.beta - reserved))
    if loadings:
        shares = tuple(_dunnett(share, loadings) for share in shares)
    each = rates.watch / (max(1, len(watching)) * rates.arms)
    watches = tuple(Share(hypothesis=one, alpha=each, beta=rates.beta) for one in watching)
    return Allocation(rule=tree, shares=shares, watches=watches, errors=rates, loadings=tuple(loadings))


def _handed(node: Node, alpha: float, beta: float) -> Iterator[Share]:
    if isinstance(node, Hypothesis):
        yield Share(hypothesis=node, alpha=alpha, beta=beta)
        return
    parts = demands(node.parts)
    split = [float(share) for share in shares_of(node.weights or [1.0] * len(parts))]
    for part, share in zip(parts, split, strict=True):
        if isinstance(node, Any):
            yield from _handed(part, alpha * share, beta)
        else:
            yield from _handed(part, alpha, beta * share)


def _check_loadings(tree: Node, loadings: Sequence[float], arms: int) -> None:
    shown = [tree] if isinstance(tree, Hypothesis) else [tree, *tree.parts]
    alternatives = all(isinstance(node, Hypothesis) for node in shown[1:]) and isinstance(tree, Hypothesis | Any)
    if len(loadings) != arms:
        raise Invalid(f"{len(loadings)} loadings can't serve {arms} arms: give one an arm")
    if not alternatives:
        raise Invalid(
            "Dunnett's value keeps alpha over arms for one hypothesis, or any of several: arms may fail an All for "
            "different reasons, so divide alpha by the arms"
        )


def _dunnett(share: Share, loadings: Sequence[float]) -> Share:
    sides = share.hypothesis.sides
    critical = critical_of_largest(loadings, alpha=share.alpha, sides=sides)
    return Share(hypothesis=share.hypothesis, alpha=sides * upper_tail(critical), beta=share.beta)
