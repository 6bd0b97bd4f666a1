"""Where rows come from: the five kinds of source that a user declares.

A source names columns and writes expressions in the dialect of its definition files; to this
room an expression is a text that only `warehouse` reads. `Origin` says where each was written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from twyman.kernel.place import Origin

Expression = str
"""One expression over a row, in DuckDB's dialect."""


@dataclass(frozen=True, slots=True)
class Table:
    """A file, a pattern of files, or a table of the warehouse, by name."""

    name: str


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT statement; `{start}` and `{end}` in it bound the scan."""

    sql: str


@dataclass(frozen=True, slots=True)
class Frame:
    """A table held in memory: a DuckDB relation, or a pandas, Polars or Arrow table."""

    data: object


Relation = Table | Query | Frame


class Grain(StrEnum):
    """How finely a time is known."""

    INSTANT = "instant"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Timestamp:
    """The column that holds a row's time, and how finely it tells it."""

    column: Expression
    grain: Grain = Grain.INSTANT


@dataclass(frozen=True, slots=True, kw_only=True)
class FactSource:
    """Rows of something that happened to an entity at a time.

    Attributes:
        entities: Column that holds the id, by entity.
        arrived: Column with the time at which a row reached the warehouse.
        settle: Where no row says when it arrived: how long after an instant its facts are taken to be complete.
        measures: Expression by name; metrics sum and filter these, and the columns.
        where: Rows that count at all.
        formats: `strptime` format by column, for text files.
    """

    name: str
    relation: Relation
    entities: Mapping[str, str]
    timestamp: Timestamp
    arrived: str | None = None
    settle: timedelta = timedelta()
    measures: Mapping[str, Expression] = field(default_factory=dict[str, Expression])
    where: Expression | None = None
    formats: Mapping[str, str] = field(default_factory=dict[str, str])
    origin: Origin = field(default_factory=Origin, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeSource:
    """What is known of an entity: frozen at the last value before exposure.

    Attributes:
        timestamp: From when a row's values hold; `None`: they never change.
        columns: Expression by attribute name; `exposed_at` is at hand in it.
    """

    name: str
    relation: Relation
    entities: Mapping[str, str]
    timestamp: Timestamp | None = None
    columns: Mapping[str, Expression] = field(default_factory=dict[str, Expression])
    where: Expression | None = None
    formats: Mapping[str, str] = field(default_factory=dict[str, str])
    origin: Origin = field(default_factory=Origin, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureSource:
    """Rows of who met which arm of which experiment, and when.

    Attributes:
        experiment: Column that holds the experiment's key; `None`: the table holds one experiment.
        arm: Column that holds the arm.
        where: Rows that are exposures at all; those left out are counted, by arm.
    """

    name: str
    relation: Relation
    entities: Mapping[str, str]
    timestamp: Timestamp
    arm: Expression
    experiment: str | None = None
    where: Expression | None = None
    formats: Mapping[str, str] = field(default_factory=dict[str, str])
    origin: Origin = field(default_factory=Origin, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitSource:
    """One row a unit: its arm, outcomes and covariates; no windows and no dates.

    Attributes:
        entities: Column that holds the id, by entity; `None`: each row is a unit.
        outcomes: Expression by outcome name.
        covariates: Expression by covariate name; all measured before assignment.
        where: Rows that count; those left out are counted, by arm.
    """

    name: str
    relation: Relation
    arm: Expression
    entities: Mapping[str, str] | None = None
    outcomes: Mapping[str, Expression] = field(default_factory=dict[str, Expression])
    covariates: Mapping[str, Expression] = field(default_factory=dict[str, Expression])
    where: Expression | None = None
    formats: Mapping[str, str] = field(default_factory=dict[str, str])
    origin: Origin = field(default_factory=Origin, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class DayColumn:
    """The column that holds a row's day: its format, and the year where the text has none."""

    column: str
    format: str | None = None
    year: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateSource:
    """Counts per arm, and per day where a day is given.

    Attributes:
        relations: One relation an arm, by the arm's value; or one under `""`, and `arm` names its column.
        columns: Expression by count.
        matured: Rows that have their outcome already; the others are left out of rates, and said.
        unit: The count that is the unit of randomisation; without it only balance and rates can be given.
    """

    name: str
    relations: Mapping[str, Relation]
    columns: Mapping[str, Expression]
    arm: Expression | None = None
    day: DayColumn | None = None
    matured: Expression | None = None
    unit: str | None = None
    formats: Mapping[str, str] = field(default_factory=dict[str, str])
    origin: Origin = field(default_factory=Origin, compare=False, repr=False)


Source = FactSource | AttributeSource | ExposureSource | UnitSource | AggregateSource
