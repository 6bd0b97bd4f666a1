"""All of the outside, as the application sees it: a warehouse that measures, a book that keeps looks.

Values here are what crosses the border. Of the data only moments, counts, extremes and dates do.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Protocol

from twyman.app.audited import Audited
from twyman.experiments.experiment import Experiment
from twyman.metrics.catalogue import Catalogue
from twyman.stats.buckets import Buckets
from twyman.stats.moments import Moments
from twyman.stats.survival import RiskTable


@dataclass(frozen=True, slots=True)
class Cutoff:
    """What a look may see: events before one instant, rows that arrived before another (both exclusive)."""

    events: datetime
    arrivals: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One experiment to be measured at one cut-off.

    Attributes:
        zone: Zone in which zoneless times are read and days begin.
        cutoff: `None` where the source has no dates (tables of units, counts).
        beside: Other experiments, as the data call them, whose variants break results down as dimensions do, each
            under `variant_of` it; only where units enter by exposures.
        left_out: Whether it is asked of the exposures that the source's filter leaves out, instead of those it keeps.
    """

    experiment: Experiment
    catalogue: Catalogue
    zone: str = "UTC"
    cutoff: Cutoff | None = None
    beside: tuple[str, ...] = ()
    left_out: bool = False


def variant_of(name: str) -> str:
    """Return the dimension of the variants met of another experiment: `(none)`, `(several)` or the variant's name.

    Example:
        >>> variant_of("no-ads")
        'variant of no-ads'
    """
    return f"variant of {name}"


@dataclass(frozen=True, slots=True)
class Extent:
    """From when to when the data run: what a person sees before choosing a cut-off.

    Attributes:
        first_exposure: Time of the first exposure that counts; `None` where there are no dates.
        last_exposure: Time of the last one.
        last_fact: Latest fact, by source.
        end: Midnight after the latest row of exposures or facts.
        undated: Rows without a time, by source: they count for nothing.
    """

    first_exposure: datetime | None = None
    last_exposure: datetime | None = None
    last_fact: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    end: datetime | None = None
    undated: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class Cell:
    """One group of units: an arm, or an arm's units with one value of one dimension."""

    metric: str
    arm: str
    dimension: str = ""
    value: str = ""


OTHER_STRATA = "[]"
"""The stratum of units whose own is too rare to stand by itself."""
SEVERAL_STRATA = "{}"
"""The stratum of clusters whose units are of several."""


@dataclass(frozen=True, slots=True)
class Extreme:
    """The unit that stands out most in an arm: its id, and its value in each of the metric's own columns."""

    unit: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """What was fetched of a group's values for a quantile: a few of them by rank, never all.

    Attributes:
        count: How many values there are.
        values: Some of them, by rank from 1 for the smallest: those at the quantile and at the ends of its
            interval, and their neighbours.
        clusters: Over units, moments of how many of a unit's values lie at or below the quantile, and how many it
            has; `None` where each unit has one value.
    """

    count: int
    values: Mapping[int, float]
    clusters: Moments | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrants:
    """How units came in, in the source's own rows.

    Attributes:
        rows: Rows of this experiment in the source, before any filter.
        units: Distinct units among them (rows, where a row is a unit).
        in_two_arms: Units among them in more than one arm, before the source's filter.
        left_out: Rows that the source's filter leaves out, by arm.
        kept: Rows that it keeps, by arm.
        repeated: Rows kept beyond the first of their unit and arm.
        without_unit: Rows without an id.
        unknown_arms: Rows by arm, where the experiment has no such arm (a missing arm is `""`).
        outside: Rows kept that lie outside enrolment or beyond the cut-off.
    """

    rows: int
    units: int
    in_two_arms: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict[str, int])
    kept: Mapping[str, int] = field(default_factory=dict[str, int])
    repeated: int = 0
    without_unit: int = 0
    unknown_arms: Mapping[str, int] = field(default_factory=dict[str, int])
    outside: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What was read of one source of facts.

    Attributes:
        rows: Rows that could count: before the cut-off, after the source's filter.
        units: Distinct units among them.
        first, last: Times of the first and the last of them.
        after_cutoff: Rows at or after the event cut-off, left out.
        late: Rows before the event cut-off that arrived after the arrival cut-off: for the next look.
        ahead: Rows of the day before the cut-off that arrived before they happened: a clock runs ahead; `None` where
            the source doesn't tell both to the instant.
    """

    source: str
    rows: int
    units: int
    first: datetime | None = None
    last: datetime | None = None
    after_cutoff: int = 0
    late: int = 0
    ahead: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """How many units of an arm a metric takes.

    Attributes:
        entered: Units of the arm.
        matured: Those whose window is over at the cut-off.
        measured: Those of them that have a value: all, unless units without facts are dropped.
    """

    entered: int
    matured: int
    measured: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySigns:
    """On how many days the treatment was higher: for counts per arm and day."""

    days: int
    higher: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Whom of the exposed one step kept for the analysis, by arm; steps follow one another.

    Attributes:
        kind: `population`, `exclude` or `trigger`.
        name: The segment left out, or the trigger's facts.
        of: Units that came to this step.
        kept: Those that it kept.
    """

    kind: str
    name: str
    of: Mapping[str, int]
    kept: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What was drawn, where several units were drawn together.

    Attributes:
        exposed: Clusters that met one arm only, by arm.
        crossed: Clusters of which two arms were met, by the arm met first; with all their units they are in none.
        analysed: Clusters with a unit that is analysed, by arm.
        moved: Units that were met in two clusters: they count in the first.
        lost: Units of no known cluster, left out.
    """

    exposed: Mapping[str, int]
    crossed: Mapping[str, int]
    analysed: Mapping[str, int]
    moved: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Shared:
    """Ids of another entity (devices), and how many of them several units share: facts of those count for nobody."""

    entity: str
    ids: int
    shared: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The answer to a question: all that leaves the warehouse.

    Attributes:
        columns: Names of the columns of each metric's moments: its own first (one; for a ratio
            numerator and denominator), then its covariates.
        cells: Moments by cell; the cell with no dimension is the whole arm.
        ranks: For quantiles, what was fetched of each cell's values.
        risk: For times to an event, units watched and events by step of time since the window's start.
        strata: Moments of each metric and arm by stratum: a JSON list of the values, in the order in which
            the experiment names its strata.
        days: Moments of each metric and arm by day of exposure (of the arm's matured units).
        units: Units by arm, crossovers left out.
        crossovers: Units seen in two arms, by the arm they met first; they are in no arm.
        exposed: Units by arm and day of first exposure.
        cohorts: How many units each metric takes, by metric and arm.
        kept: Who of the exposed is analysed, step by step; nothing where all are.
        drawn: What was drawn, where that is clusters of units: then moments are of clusters, their first two columns
            the sum (or numerator) and the size (or denominator).
        members: Where moments are of clusters, how many units each cell's metric takes.
        shared: Ids through which facts found their units.
        extremes: The units that stand out most, by metric and arm.
        caps: Threshold used, by capped metric.
        days_matured, days_left_out: For counts per day: days with and without their outcome.
        signs: For counts per day: by metric and treatment, how many days went up.
        zoneless: Sources whose times had no zone and were read in the question's.
        undated: Rows without a time, by source: they count for nothing.
        sql: The statements that ran.
    """

    columns: Mapping[str, tuple[str, ...]]
    cells: Mapping[Cell, Moments]
    units: Mapping[str, int]
    crossovers: Mapping[str, int] = field(default_factory=dict[str, int])
    ranks: Mapping[Cell, Ranked] = field(default_factory=dict[Cell, Ranked])
    risk: Mapping[Cell, RiskTable] = field(default_factory=dict[Cell, RiskTable])
    strata: Mapping[tuple[str, str, str], Moments] = field(default_factory=dict[tuple[str, str, str], Moments])
    days: Mapping[tuple[str, str, date], Moments] = field(default_factory=dict[tuple[str, str, date], Moments])
    exposed: Mapping[tuple[str, date], int] = field(default_factory=dict[tuple[str, date], int])
    entrants: Entrants = field(default_factory=lambda: Entrants(rows=0, units=0))
    cohorts: Mapping[tuple[str, str], Cohort] = field(default_factory=dict[tuple[str, str], Cohort])
    extremes: Mapping[tuple[str, str], tuple[Extreme, ...]] = field(
        default_factory=dict[tuple[str, str], tuple[Extreme, ...]]
    )
    kept: tuple[Kept, ...] = ()
    drawn: Drawn | None = None
    members: Mapping[Cell, int] = field(default_factory=dict[Cell, int])
    shared: tuple[Shared, ...] = ()
    scanned: tuple[Scanned, ...] = ()
    caps: Mapping[str, float] = field(default_factory=dict[str, float])
    days_matured: int | None = None
    days_left_out: int | None = None
    signs: Mapping[tuple[str, str], DaySigns] = field(default_factory=dict[tuple[str, str], DaySigns])
    zoneless: tuple[str, ...] = ()
    undated: Mapping[str, int] = field(default_factory=dict[str, int])
    sql: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Coexposed:
    """What else an experiment's units met.

    Attributes:
        units: Units that count, by arm (clusters, where those were drawn).
        met: Of each other experiment, units by our arm and the variant they met of it; `(several)` where they met more
            than one. Those that met none aren't counted here.
        of: What is counted: `unit`, or what was drawn.
        sql: The statements that ran.
    """

    units: Mapping[str, int]
    met: Mapping[str, Mapping[tuple[str, str], int]]
    of: str = "unit"
    sql: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """How many units any two experiments share. A unit that met several arms of one counts once with each.

    Attributes:
        units: By experiment and arm.
        met: By two experiments, in the order of their names, and an arm of each; pairs that share nobody aren't there.
        sql: The statements that ran.
    """

    units: Mapping[tuple[str, str], int]
    met: Mapping[tuple[str, str], Mapping[tuple[str, str], int]]
    sql: tuple[str, ...] = ()


class Asked(Enum):
    """What one experiment asks of a warehouse: each has statements of its own."""

    EXTENT = "extent"
    EFFECTS = "effects"
    LATEST = "latest"
    OTHERS = "others"
    ROWS = "rows"
    ASSIGNED = "assigned"
    FILTERED = "filtered"


class Pairing(Protocol):
    """The user's data, as a sweep over many experiments sees them."""

    @property
    def engine(self) -> str:
        """Name and version of the engine."""
        ...

    def paired(self, questions: Sequence[Question]) -> Paired:
        """Count the units that any two experiments share, by arm and arm, in one statement.

        Args:
            questions: One an experiment, all of one entity and with one cut-off.

        Raises:
            NotFound, Invalid, Unavailable: As `measure` does.
        """
        ...

    def measure(self, question: Question) -> Measured:
        """Reduce the data to moments, as of `Warehouse`."""
        ...


class Warehouse(Protocol):
    """The user's data: answers questions with moments."""

    @property
    def engine(self) -> str:
        """Name and version of the engine, as in `duckdb 2.0.0`."""
        ...

    def together(self, questions: Sequence[Question]) -> AbstractContextManager[None]:
        """Read each source of facts once for all of some questions, which are then answered from what was read.

        Args:
            questions: With the latest cut-off that any reading of theirs may have.
        """
        ...

    def extent(self, question: Question) -> Extent:
        """Say from when to when the data run (the question's cut-off plays no part)."""
        ...

    def measure(self, question: Question) -> Measured:
        """Reduce the data to moments, at the question's cut-off.

        Raises:
            Invalid: If a source lacks a column, has a wrong type, ambiguous dates, mixed zones,
                or no exposure of this experiment.
            Unavailable: If the engine doesn't answer.
        """
        ...

    def coexposed(self, question: Question) -> Coexposed:
        """Count, by arm, which variants of all other experiments the units met before the question's cut-off.

        Raises:
            NotFound, Invalid, Unavailable: As `measure` does.
        """
        ...

    def audit(self, question: Question) -> Audited:
        """Count what each arm's units did around their exposure, in every source of facts that metrics read.

        Raises:
            NotFound, Invalid, Unavailable: As `measure` does.
        """
        ...

    def sql(self, question: Question, about: Asked = Asked.EFFECTS) -> tuple[str, ...]:
        """Return the statements that would be run: those of `measure`, or what else is asked; nothing is written."""
        ...

    def cost(self, sql: str) -> int | None:
        """Return how many bytes one of these statements would read, at most; `None` where the engine can't tell."""
        ...

    def cancel(self) -> None:
        """End what is running, from another thread."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One reading of a running experiment, as it is kept.

    Attributes:
        number: From 1, in the order of the plan.
        plan: Digest of the plan under which it was taken.
        reconstructed: Whether it was made from the data afterwards, no reading having been kept.
    """

    experiment: str
    number: int
    cutoff: Cutoff
    measured: Measured
    plan: str
    taken_at: datetime
    reconstructed: bool = False
    version: str = ""


class LookBook(Protocol):
    """Looks, append-only, beside the data they were taken of."""

    def looks(self, experiment: str) -> tuple[Look, ...]:
        """Return the looks kept of this experiment, in order."""
        ...

    def keep(self, look: Look) -> bool:
        """Append a look; return whether it could be kept (a read-only place keeps none).

        Raises:
            Conflict: If a look of this number is there already.
        """
        ...


@dataclass(frozen=True, slots=True)
class Repeats:
    """Rows of a source of facts, and those that repeat another: same unit, same instant, same measures."""

    rows: int
    repeated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dealt:
    """Moments of units by bucket, a hash of their ids: what A/A tests are dealt from.

    Attributes:
        of: Which entity's id was hashed.
        units: Units that count, or clusters of them where those are analysed.
        groups: Different ids that were hashed.
        labels: Names of the buckets that hold a unit.
        days: Days of exposure, in order; one `None` where days aren't asked for.
        columns: Names of the columns of each metric's moments.
        buckets: By metric, for each of the days, moments by bucket in the order of `labels`.
        skew: Skewness of each metric over all units; of a ratio, of its units' distances to it.
        repeats: By source of facts that tell the instant, how many rows repeat another.
        sql: The statements that ran.
    """

    of: str
    units: int
    groups: int
    labels: tuple[str, ...]
    days: tuple[date | None, ...]
    columns: Mapping[str, tuple[str, ...]]
    buckets: Mapping[str, tuple[Buckets, ...]]
    skew: Mapping[str, float]
    repeats: Mapping[str, Repeats] = field(default_factory=dict[str, Repeats])
    sql: tuple[str, ...] = ()


class Dealer(Protocol):
    """The user's data, dealt to buckets."""

    @property
    def engine(self) -> str:
        """Name and version of the engine."""
        ...

    def extent(self, question: Question) -> Extent:
        """Say from when to when the data run."""
        ...

    def dealt(self, question: Question, *, by: str = "", by_day: bool = False) -> Dealt:
        """Reduce an experiment's units to moments by bucket, in one statement.

        Args:
            question: The experiment, whose dimensions and strata play no part.
            by: Entity whose ids are hashed while units are analysed one by one; empty: what is analysed.
            by_day: Whether days of exposure are told apart.

        Raises:
            NotFound, Invalid, Unavailable: As `measure` does.
        """
        ...
