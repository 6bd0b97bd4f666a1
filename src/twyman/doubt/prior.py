"""What was to be expected of a result before it was seen: history, a public reference class, and its owner.

Past results on the same metric by the same class of change say most; with fewer than five, all on the metric do; with
fewer than five of those, a public reference class stands in, and the answer says so. What the owner expected is pooled
with it, by equal weights unless the owner's own past shows that their surprises are larger than they think.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from twyman.experiments.history import PastResult
from twyman.stats.estimate import NotEstimable
from twyman.stats.history import Belief, Past, TwoPieces, past_effects, success_rate

ENOUGH = 5
"""Past results from which anything is learnt."""

REFERENCE = Past(0.0, (0.012 / 1.6448536269514722,))
"""Browne and Jones 2017: 90 % of effects within 1.2 % either way."""

UNLIKE = 0.3
"""Standard deviation of effects that are unlike any in the history: as wide as vendors' priors are."""

REFERENCE_SOURCE = "6,700 public e-commerce tests (Browne and Jones 2017): 90 % within 1.2 % either way"

PUBLIC_SUCCESS = 0.10
"""Share of experiments that truly are better, where no history says: Kohavi, Deng and Vermeer 2022."""

SUCCESS_COUNTS_AS = 10
"""As how many experiments the public rate counts beside a history's own."""


class Scope(StrEnum):
    """Whose past it is."""

    CLASS = "class"
    METRIC = "metric"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """What was to be expected of a result, relative to control.

    Attributes:
        belief: The distribution: what a surprise is measured by.
        hedged: The same, for which the next effect may be unlike all before: what a bug is weighed against.
        scope: Whose past is in it.
        past: The past results in it; none for the public class.
        source: The same in words.
        wins: Share of experiments of this kind that truly are better.
        wins_source: Where that is from.
    """

    belief: Belief
    hedged: Belief
    scope: Scope
    past: tuple[PastResult, ...]
    source: str
    wins: float
    wins_source: str

    @property
    def elicited(self) -> bool:
        """Whether somebody said what they expected."""
        return self.belief.expected is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Of what a prior is wanted.

    Attributes:
        change: Class of the change; empty where it isn't said.
        owner: The team that owns the experiment.
        improving: +1 where more of the metric is better, -1 where less is.
        expected: What the owner expected, relative to control.
        power: Chance with which a truly better experiment is planned to win.
    """

    metric: str
    change: str = ""
    owner: str = ""
    improving: int = 1
    expected: TwoPieces | None = None
    power: float = 0.8


def prior(past: Sequence[PastResult], asked: Asked) -> Prior:
    """Return what was to be expected, from what was known when the experiment began.

    Example:
        >>> found = prior([], Asked(metric="retention"))
        >>> f"{found.scope} {found.belief.sd:.2%}"
        'public 0.73%'
    """
    scope, chosen, spread = _chosen(past, asked)
    weight = owners_weight([one for one in past if one.owner and one.owner == asked.owner])
    wins, wins_source = _success(chosen, asked)
    return Prior(
        belief=Belief(spread, asked.expected, weight),
        hedged=Belief(_hedged(spread, len(chosen)), asked.expected, weight),
        scope=scope,
        past=chosen,
        source=_source(scope, chosen, asked),
        wins=wins,
        wins_source=wins_source,
    )


def owners_weight(past: Sequence[PastResult]) -> float:
    """Return how much an owner's expectation weighs beside history: a half, and less if they are too sure.

    Where outcomes lie v times as far off (in squares) as low and high allow, low and high are too close by that, and
    the weight is 1 / (2 v).

    Args:
        past: The owner's past results; those without an expectation say nothing.
    """
    squares = [
        (one.lift - one.expected.likely) ** 2 / (one.expected.spread(one.lift) ** 2 + one.se**2)
        for one in past
        if one.expected is not None
    ]
    if len(squares) < ENOUGH:
        return 0.5
    return 0.5 / max(1.0, sum(squares) / len(squares))


def _hedged(spread: Past, count: int) -> Past:
    """Return a history that expects the unlike once in k + 1 (Laplace's rule); of others, every other time."""
    unlike = 1 / (count + 1) if count else 0.5
    weights = (*((1 - unlike) * weight for weight in spread.weights), unlike)
    return Past(spread.mean, (*spread.sds, max(UNLIKE, *spread.sds)), weights)


def _chosen(past: Sequence[PastResult], asked: Asked) -> tuple[Scope, tuple[PastResult, ...], Past]:
    on_it = tuple(one for one in past if one.metric == asked.metric)
    alike = tuple(one for one in on_it if one.change and one.change.casefold() == asked.change.casefold())
    for scope, chosen in ((Scope.CLASS, alike), (Scope.METRIC, on_it)):
        spread = past_effects([one.lift for one in chosen], [one.se for one in chosen], at_least=ENOUGH)
        if not isinstance(spread, NotEstimable):
            return scope, chosen, spread
    return Scope.PUBLIC, (), REFERENCE


def _success(chosen: Sequence[PastResult], asked: Asked) -> tuple[float, str]:
    public = f"{PUBLIC_SUCCESS:.0%} of public experiments succeed (Kohavi, Deng and Vermeer 2022)".replace("%", " %")
    if not chosen:
        return PUBLIC_SUCCESS, public
    won = sum(asked.improving * one.lift > 1.96 * one.se for one in chosen)
    own = success_rate(won / len(chosen), power=asked.power)
    count = len(chosen)
    rate = (count * own + SUCCESS_COUNTS_AS * PUBLIC_SUCCESS) / (count + SUCCESS_COUNTS_AS)
    return rate, f"{won} of {count} past experiments won; {public}, which counts as {SUCCESS_COUNTS_AS} more"


def _source(scope: Scope, chosen: Sequence[PastResult], asked: Asked) -> str:
    match scope:
        case Scope.CLASS:
            return f"{len(chosen)} past results on it by changes of class {asked.change}"
        case Scope.METRIC:
            return f"{len(chosen)} past results on it"
        case Scope.PUBLIC:
            return REFERENCE_SOURCE
