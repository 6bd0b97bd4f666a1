"""What must be shown to ship: hypotheses under All and Any, as deep as need be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from twyman.kernel.errors import Invalid
from twyman.stats.margins import equivalence, noninferiority
from twyman.stats.multiplicity.familywise import shares_of
from twyman.stats.pair import Pair
from twyman.stats.tails import upper_tail


class Claim(StrEnum):
    """What a hypothesis says; stable codes for machines."""

    SUPERIOR = "superior"
    NON_INFERIOR = "non_inferior"
    EQUIVALENT = "equivalent"
    UNHARMED = "unharmed"


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One thing to be shown, or, where it is `unharmed`, not to be refuted. Build it by the functions below.

    Attributes:
        name: What it is about; two hypotheses may be about one thing.
        claim: What is said of it.
        margin: Largest loss (or deviation) accepted, as a share of the baseline.
        sides: 2 where its alpha is two-sided, though only the improving side counts.
        improving: 1 where higher is better, -1 where lower is.
    """

    name: str
    claim: Claim
    margin: float = 0.0
    sides: int = 1
    improving: int = 1

    def __post_init__(self) -> None:
        """Refuse what can't be tested.

        Raises:
            Invalid: If the margin is negative, or sides or direction are none.
        """
        if not self.margin >= 0 or self.sides not in (1, 2) or self.improving not in (1, -1):
            raise Invalid(
                f"hypothesis '{self.name}' of margin {self.margin}, {self.sides} sides and direction {self.improving} "
                "can't be: give a margin of 0 or more, 1 or 2 sides, and 1 or -1"
            )

    def score(self, pair: Pair) -> float:
        """Return the normal deviate that speaks for it; for `unharmed`, the one that speaks for harm."""
        if self.claim is Claim.EQUIVALENT:
            return min(equivalence(pair, within=self.margin))
        if self.claim is Claim.UNHARMED:
            return -self.improving * pair.score()
        return noninferiority(pair, margin=self.margin, improving=self.improving)

    def p_value(self, score: float) -> float:
        """Return the p-value of a score; above 1/2 where it points the wrong way."""
        return min(1.0, self.sides * upper_tail(score))


def superior(name: str, *, sides: int = 2, improving: int = 1) -> Hypothesis:
    """Return "better than control".

    See docs/explanation/decision-rule.md
    """
    return Hypothesis(name, Claim.SUPERIOR, sides=sides, improving=improving)


def noninferior(name: str, *, margin: float, improving: int = 1) -> Hypothesis:
    """Return "not worse by the margin or more".

    See docs/explanation/decision-rule.md
    """
    return Hypothesis(name, Claim.NON_INFERIOR, margin=margin, improving=improving)


def within(name: str, *, margin: float) -> Hypothesis:
    """Return "neither better nor worse by the margin or more".

    See docs/explanation/decision-rule.md
    """
    return Hypothesis(name, Claim.EQUIVALENT, margin=margin)


def unharmed(name: str, *, improving: int = 1) -> Hypothesis:
    """Return "not shown to be worse": it stands unless its test for harm rejects; quality tests are such too.

    See docs/explanation/decision-rule.md
    """
    return Hypothesis(name, Claim.UNHARMED, improving=improving)


@dataclass(frozen=True, slots=True)
class All:
    """Every part must be met.

    Attributes:
        parts: Hypotheses, or All and Any of such.
        weights: Shares of beta, one a part that is no `unharmed`; equal where empty.
    """

    parts: "tuple[Node, ...]"
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a rule of nothing, and weights that aren't one a part."""
        _check_parts("All", self.parts, self.weights, len(demands(self.parts)))


@dataclass(frozen=True, slots=True)
class Any:
    """One part at least must be met.

    Attributes:
        parts: Hypotheses, or All and Any of such.
        weights: Shares of alpha, one a part; equal where empty.
    """

    parts: "tuple[Node, ...]"
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a rule of nothing, and weights that aren't one a part."""
        _check_parts("Any", self.parts, self.weights, len(self.parts))


Node = Hypothesis | All | Any


def all_of(*parts: Node, weights: Sequence[float] = ()) -> All:
    """Return that every part must be met.

    See docs/explanation/decision-rule.md
    """
    return All(parts, tuple(weights))


def any_of(*parts: Node, weights: Sequence[float] = ()) -> Any:
    """Return that one part at least must be met.

    See docs/explanation/decision-rule.md
    """
    return Any(parts, tuple(weights))


def demands(parts: Sequence[Node]) -> tuple[Node, ...]:
    """Return the parts that have to be shown, without those that are only watched."""
    return tuple(part for part in parts if not is_watched(part))


def is_watched(node: Node) -> bool:
    """Whether it stands until refuted, rather than having to be shown."""
    return isinstance(node, Hypothesis) and node.claim is Claim.UNHARMED


def leaves(node: Node) -> Iterator[Hypothesis]:
    """Yield the hypotheses that have to be shown, from left to right."""
    if isinstance(node, Hypothesis):
        yield node
    else:
        for part in demands(node.parts):
            yield from leaves(part)


def flattened(node: Node) -> Node:
    """Merge All directly under All, and Any under Any, unless they have weights: then each part counts once."""
    if isinstance(node, Hypothesis):
        return node
    if node.weights:
        return type(node)(tuple(flattened(part) for part in node.parts), node.weights)
    parts: list[Node] = []
    for part in map(flattened, node.parts):
        merges = type(part) is type(node) and not isinstance(part, Hypothesis) and not part.weights
        parts.extend(part.parts if merges and not isinstance(part, Hypothesis) else (part,))
    return type(node)(tuple(parts))


def watched(node: Node) -> tuple[Hypothesis, ...]:
    """Return what is only watched: it has to stand beside the rest, at the top of the tree.

    Raises:
        Invalid: If something watched is under an Any, or is all there is: an alternative that merely isn't
            refuted would be met by any experiment too small to refute it.
    """
    if isinstance(node, Hypothesis):
        found: tuple[Hypothesis, ...] = (node,) if is_watched(node) else ()
    else:
        found = tuple(part for part in node.parts if isinstance(part, Hypothesis) and is_watched(part))
        deeper = [one for part in demands(node.parts) for one in watched(part)]
        if deeper or (found and isinstance(node, Any)):
            raise Invalid(
                f"'{(deeper or found)[0].name}' is only watched, but isn't at the top of the rule: "
                "put it directly under the outer All"
            )
    if found and not any(True for _ in leaves(node) if not is_watched(node)):
        raise Invalid("a rule that only watches would ship anything too small to be measured: say what must be shown")
    return found


def _check_parts(kind: str, parts: Sequence[Node], weights: Sequence[float], demanded: int) -> None:
    if not parts:
        raise Invalid(f"{kind} of nothing is no rule: give it parts")
    if weights:
        shares_of(weights)
        if len(weights) != demanded or min(weights) <= 0:
            raise Invalid(f"weights {list(weights)} can't serve {demanded} parts: give one a part, all positive")
