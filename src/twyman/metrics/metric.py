"""A number per unit, from facts in a window after exposure.

A metric is its kind (what is computed), its window (when), and what makes it robust (cap) and
sharp (covariates). It knows no SQL and no data: `warehouse` reduces rows to moments by it, and
`stats` never hears its name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from twyman.kernel.place import Origin
from twyman.metrics.source import Expression

LATER: Mapping[str, bool] = {"later": True}
"""Marks a field that came after plans had been fixed: at its default it is no part of a plan's name."""


class Aggregate(StrEnum):
    """How the facts of one unit become one number; `each` leaves them as they are, for a quantile over facts."""

    SUM = "sum"
    COUNT = "count"
    COUNT_DISTINCT = "count_distinct"
    MIN = "min"
    MAX = "max"
    FIRST = "first"
    LAST = "last"
    EACH = "each"


class Comparator(StrEnum):
    """How a unit's value is held against a bound."""

    ABOVE = "above"
    AT_LEAST = "at_least"
    BELOW = "below"
    AT_MOST = "at_most"


class Summary(StrEnum):
    """What is said of the time to an event: its mean up to the window's end, or who had the event by then."""

    MEAN_TIME = "mean_time"
    SHARE = "share"


class Direction(StrEnum):
    """Which way is better."""

    INCREASE = "increase"
    DECREASE = "decrease"

    @property
    def sign(self) -> int:
        """+1 where more is better, -1 where less is."""
        return 1 if self is Direction.INCREASE else -1


class Cohort(StrEnum):
    """Which units count at a look: those whose window is over, or everyone so far."""

    CLOSED = "closed"
    OPEN = "open"


class Missing(StrEnum):
    """What a unit without facts counts as."""

    ZERO = "zero"
    DROP = "drop"


class Theta(StrEnum):
    """Whose regression slope adjusts an arm: its own, or one for both."""

    PER_ARM = "per_arm"
    POOLED = "pooled"


@dataclass(frozen=True, slots=True)
class FactValue:
    """An aggregate of a unit's facts.

    Attributes:
        facts: Name of the fact source.
        column: Measure or column aggregated; `None` counts rows.
        where: Facts that count, beside the source's own filter.
        scale: Factor on the aggregate (1/60 turns seconds into minutes).
    """

    facts: str
    aggregate: Aggregate
    column: Expression | None = None
    where: Expression | None = None
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class OutcomeValue:
    """An outcome of a table of units, or a count of a table of aggregates."""

    outcome: str
    where: Expression | None = None
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a funnel.

    Attributes:
        facts: Name of the fact source.
        where: Facts that count, beside the source's own filter.
        within: How long after the step before it (the first: after the window's start) a fact still counts;
            `None`: as long as the window lasts.
    """

    name: str
    facts: str
    where: Expression | None = None
    within: timedelta | None = None


@dataclass(frozen=True, slots=True)
class ChainValue:
    """1 for a unit with a chain of facts: one a step, each later than the one before, and within the step's time of it.

    Any chain will do, not only that of each step's first fact.
    """

    steps: tuple[Step, ...]


Value = FactValue | OutcomeValue | ChainValue


@dataclass(frozen=True, slots=True)
class Window:
    """From `after` the first exposure, for `length`; without a length, until the cut-off."""

    after: timedelta = timedelta()
    length: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Bound:
    """What a unit's value is held against."""

    comparator: Comparator
    limit: float

    @property
    def holds_of_nothing(self) -> bool:
        """Whether 0 meets it: what a unit without a value counts as, unless it is dropped."""
        match self.comparator:
            case Comparator.ABOVE:
                return self.limit < 0
            case Comparator.AT_LEAST:
                return self.limit <= 0
            case Comparator.BELOW:
                return self.limit > 0
            case Comparator.AT_MOST:
                return self.limit >= 0


@dataclass(frozen=True, slots=True)
class Mean:
    """The average of a value over units."""

    value: Value


@dataclass(frozen=True, slots=True)
class Proportion:
    """The share of units with at least one fact that counts, with a true outcome, or whose value meets a bound."""

    value: Value
    bound: Bound | None = field(default=None, metadata=LATER)


@dataclass(frozen=True, slots=True)
class Ratio:
    """The sum of one value over the sum of another; units are still what was randomised."""

    numerator: Value
    denominator: Value


@dataclass(frozen=True, slots=True)
class Retention:
    """The share of units with at least one fact in a window that starts some time after exposure.

    Attributes:
        curve: Further windows, shown beside the one that decides.
    """

    value: FactValue
    curve: tuple[Window, ...] = field(default=(), metadata=LATER)


@dataclass(frozen=True, slots=True)
class Quantile:
    """The value that a share of units stays at or below; with facts taken one by one, a share of facts."""

    value: Value
    share: float

    @property
    def of_facts(self) -> bool:
        """Whether each fact is an observation; units are still what was randomised, so facts come in clusters."""
        return isinstance(self.value, FactValue) and self.value.aggregate is Aggregate.EACH


@dataclass(frozen=True, slots=True)
class Funnel:
    """The share of units that come through all steps, in their order."""

    value: ChainValue


@dataclass(frozen=True, slots=True)
class Participation:
    """The share of a window's days on which a unit has a fact that counts, averaged over units.

    Days are steps of 24 hours from the window's start, so that every unit has the same number of them; where facts
    are known to the day only, they are dates.
    """

    value: FactValue


@dataclass(frozen=True, slots=True)
class TimeToEvent:
    """How long it takes until a unit's first fact that counts, as far as units were watched.

    Attributes:
        value: The fact waited for.
        unit: Step in which time is counted: times are rounded up to it, and only steps that are over count.
        summary: Which number decides; the other is shown beside it.
    """

    value: FactValue
    unit: timedelta = timedelta(days=1)
    summary: Summary = Summary.MEAN_TIME


Kind = Mean | Proportion | Ratio | Retention | Quantile | Funnel | Participation | TimeToEvent


@dataclass(frozen=True, slots=True)
class Cap:
    """An upper limit on a unit's value, one for all arms: a percentile (0 to 100) of the pooled units, or a number."""

    percentile: float | None = None
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Adjustment:
    """CUPED: which pre-exposure covariates sharpen the metric.

    Attributes:
        window: Length of the window before exposure over which the metric's own value is a covariate.
        covariates: Further metrics taken over that window; for a table of units, covariates of the table.
        attributes: Attributes as `source.column`, frozen before exposure.
        theta: Whether each arm has its own slope (the default) or both share one.
    """

    window: timedelta | None = None
    covariates: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    theta: Theta = Theta.PER_ARM


@dataclass(frozen=True, slots=True)
class Reference:
    """A change of another class, and what it did: a change of less weight shouldn't beat it.

    Attributes:
        change: Class of that change.
        lift: What it did to the metric, relative to control, on the improving side.
        because: What it was.
    """

    change: str
    lift: float
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A definition of a metric, as its owner wrote it.

    Attributes:
        references: What the mightiest changes did to it. No plan's digest holds them: the next may be added any day.
    """

    name: str
    kind: Kind
    title: str = ""
    entity: str = ""
    window: Window = Window()
    cohort: Cohort = Cohort.CLOSED
    missing: Missing = Missing.ZERO
    cap: Cap | None = None
    direction: Direction = Direction.INCREASE
    adjustment: Adjustment | None = None
    references: tuple[Reference, ...] = ()
    origin: Origin = field(default_factory=Origin, compare=False, repr=False)

    @property
    def values(self) -> tuple[Value, ...]:
        """The values that the metric reduces: two for a ratio, else one."""
        match self.kind:
            case Ratio(numerator, denominator):
                return (numerator, denominator)
            case Mean(value) | Proportion(value) | Retention(value) | Quantile(value):
                return (value,)
            case Funnel(value) | Participation(value) | TimeToEvent(value):
                return (value,)

    @property
    def facts(self) -> tuple[str, ...]:
        """Names of the sources of facts that the metric reads, each once."""
        return tuple(dict.fromkeys(name for value in self.values for name in facts_of(value)))

    @property
    def is_binary(self) -> bool:
        """Whether each unit counts as 0 or 1."""
        return isinstance(self.kind, Proportion | Retention | Funnel)


def facts_of(value: Value) -> tuple[str, ...]:
    """Return the names of the sources of facts that a value reads; none where it is an outcome."""
    match value:
        case FactValue(facts):
            return (facts,)
        case ChainValue(steps):
            return tuple(dict.fromkeys(step.facts for step in steps))
        case OutcomeValue():
            return ()
