"""What a source may say in a definition file: the five kinds of table."""

from typing import Literal

from msgspec import Struct

from twyman.definitions.words import Column, Duration, Expression, Formats, Name, Named, TableName, Text


class Document(Struct, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """What every kind may say.

    Attributes:
        title: A title for people.
        owner: The team that answers for it.
        description: What else a reader should know.
    """

    title: Text | None = None
    owner: Text | None = None
    description: Text | None = None


class NamedDocument(Document, kw_only=True):
    """A document with a name, unique in its kind.

    Attributes:
        name: Its name, by which others refer to it: lower-case letters, digits, - and _.
    """

    name: Name


class TimestampDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """A column of times, and how finely it tells them.

    Attributes:
        column: The column that holds the time.
        grain: How finely it tells the time: instant, or day (facts of the day of exposure count as after it).
    """

    column: Column
    grain: Literal["instant", "day"] = "instant"


class FactsDocument(NamedDocument, kw_only=True, tag="facts"):
    """Rows of something that happened to an entity at a time.

    Attributes:
        entities: Column that holds the id, by entity.
        timestamp: Column of the time at which it happened.
        table: A file, a pattern of files, or a table of the warehouse.
        sql: One SELECT statement instead of a table; {start} and {end} bound the scan.
        arrived: Column of the time at which the row reached the warehouse.
        settle: Where no column says when rows arrive: how long until a day is complete.
        measures: Expressions that metrics aggregate and filter, by name; truths count as 0 and 1.
        where: Rows that count at all.
        formats: strptime format of a date column in a text file, by column.
    """

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
    """What is known of an entity, frozen at the last value before exposure.

    Attributes:
        entities: Column that holds the id, by entity.
        columns: Expression by attribute name, or a list of columns; exposed_at is at hand in each.
        timestamp: Column of the time from which a row's values hold; left out: they never change.
        table: A file, a pattern of files, or a table of the warehouse.
        sql: One SELECT statement instead of a table.
        where: Rows that count at all.
        formats: strptime format of a date column in a text file, by column.
    """

    entities: dict[Name, Column]
    columns: Named
    timestamp: Column | TimestampDocument | None = None
    table: TableName | None = None
    sql: Text | None = None
    where: Expression | None = None
    formats: Formats | None = None


class ExposuresDocument(NamedDocument, kw_only=True, tag="exposures"):
    """Rows of who met which arm of which experiment, and when.

    Attributes:
        entities: Column that holds the id, by entity.
        timestamp: Column of the time of exposure.
        arm: Column that holds the arm.
        table: A file, a pattern of files, or a table of the warehouse.
        sql: One SELECT statement instead of a table.
        experiment: Column that holds the experiment's key; left out: the table holds one experiment.
        where: Rows that are exposures at all; those left out are counted by arm.
        formats: strptime format of a date column in a text file, by column.
    """

    entities: dict[Name, Column]
    timestamp: Column | TimestampDocument
    arm: Expression
    table: TableName | None = None
    sql: Text | None = None
    experiment: Column | None = None
    where: Expression | None = None
    formats: Formats | None = None


class UnitsDocument(NamedDocument, kw_only=True, tag="units"):
    """One row a unit: its arm, outcomes and covariates measured before assignment.

    Attributes:
        arm: Column that holds the arm.
        table: A file, a pattern of files, or a table of the warehouse.
        sql: One SELECT statement instead of a table.
        row_is_unit: Whether each row is a unit of its own.
        entities: Column that holds the id, by entity, where rows aren't units.
        outcomes: Columns measured after assignment: a list, or expressions by name.
        covariates: Columns measured before assignment: a list, or expressions by name.
        where: Rows that count; those left out are counted by arm.
        formats: strptime format of a date column in a text file, by column.
    """

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
    """A column of days: its format, and the year where the text has none.

    Attributes:
        column: The column that holds the day.
        format: Its strptime format.
        year: The year, where the text has none.
    """

    column: Column
    format: Text | None = None
    year: int | None = None


class AggregatesDocument(NamedDocument, kw_only=True, tag="aggregates"):
    """Counts per arm, and per day where a day is given.

    Attributes:
        columns: Counts: expressions by name, or a list of columns.
        table: A file or a table of the warehouse, with all arms.
        sql: One SELECT statement instead of a table.
        tables: One table an arm, by the arm's value.
        arm: Column that holds the arm, where one table has all of them.
        day: Column that holds the day.
        matured: Rows that have their outcome already; the others are left out, and said.
        unit: The count that is the unit of randomisation; without it only balance and rates can be given.
        formats: strptime format of a date column in a text file, by column.
    """

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
