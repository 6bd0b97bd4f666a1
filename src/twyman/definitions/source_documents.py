"""What a source may say in a definition file: the five kinds of table."""

from typing import Literal

from msgspec import Struct

from twyman.definitions.words import Column, Duration, Expression, Formats, Name, Named, TableName, Text


class Document(Struct, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """What every kind may say."""

    title: Text | None = None
    owner: Text | None = None
    description: Text | None = None


class NamedDocument(Document, kw_only=True):
    """A document with a name, unique in its kind."""

    name: Name


class TimestampDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """A column of times, and how finely it tells them."""

    column: Column
    grain: Literal["instant", "day"] = "instant"


class FactsDocument(NamedDocument, kw_only=True, tag="facts"):
    """Rows of something that happened to an entity at a time."""

    entities: dict[Name, Column]
    timestamp: Column | TimestampDocument
    table: TableName | None = None
    sql: Text | None = None
    arrived: Column | None = None
    settle: Duration | None = None
    measures: Named | None = None
    where: Expression | None = None
    formats: Formats | None = None


class AttributesDocument(NamedDocument, kw_only=True, tag="attributes"):
    """What is known of an entity, frozen at the last value before exposure."""

    entities: dict[Name, Column]
    columns: Named
    timestamp: Column | TimestampDocument | None = None
    table: TableName | None = None
    sql: Text | None = None
    where: Expression | None = None
    formats: Formats | None = None


class ExposuresDocument(NamedDocument, kw_only=True, tag="exposures"):
    """Rows of who met which arm of which experiment, and when."""

    entities: dict[Name, Column]
    timestamp: Column | TimestampDocument
    arm: Expression
    table: TableName | None = None
    sql: Text | None = None
    experiment: Column | None = None
    where: Expression | None = None
    formats: Formats | None = None


class UnitsDocument(NamedDocument, kw_only=True, tag="units"):
    """One row a unit: its arm, outcomes and covariates measured before assignment."""

    arm: Expression
    table: TableName | None = None
    sql: Text | None = None
    row_is_unit: bool | None = None
    entities: dict[Name, Column] | None = None
    outcomes: Named | None = None
    covariates: Named | None = None
    where: Expression | None = None
    formats: Formats | None = None


class DayDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """A column of days: its format, and the year where the text has none."""

    column: Column
    format: Text | None = None
    year: int | None = None


class AggregatesDocument(NamedDocument, kw_only=True, tag="aggregates"):
    """Counts per arm, and per day where a day is given."""

    columns: Named
    table: TableName | None = None
    sql: Text | None = None
    tables: dict[str, TableName] | None = None
    arm: Expression | None = None
    day: Column | DayDocument | None = None
    matured: Expression | None = None
    unit: Text | None = None
    formats: Formats | None = None


SourceDocument = FactsDocument | AttributesDocument | ExposuresDocument | UnitsDocument | AggregatesDocument
