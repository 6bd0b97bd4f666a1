"""Documents of sources into the core's values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from twyman.definitions.source_documents import (
    AggregatesDocument,
    AttributesDocument,
    DayDocument,
    ExposuresDocument,
    FactsDocument,
    SourceDocument,
    TimestampDocument,
    UnitsDocument,
)
from twyman.definitions.subject import Subject
from twyman.definitions.terms import length
from twyman.kernel.errors import Invalid, nearest
from twyman.metrics.source import (
    AggregateSource,
    AttributeSource,
    DayColumn,
    ExposureSource,
    FactSource,
    Frame,
    Grain,
    Query,
    Relation,
    Source,
    Table,
    Timestamp,
    UnitSource,
)

_COLUMN = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a source is read among.

    Attributes:
        entities: Type by entity, where the project declares them; else any entity may be named.
        frames: Tables held in memory, by the name that a definition gives as `table`.
    """

    entities: Mapping[str, str] = field(default_factory=dict[str, str])
    frames: Mapping[str, object] = field(default_factory=dict[str, object])


def source(document: SourceDocument, subject: Subject, among: Surroundings) -> Source:
    """Make a source of its document; what is wrong with it is noted with the subject."""
    match document:
        case FactsDocument():
            return _facts(document, subject, among)
        case AttributesDocument():
            return AttributeSource(
                name=document.name,
                relation=_relation(document, subject, among),
                entities=_entities(document.entities, subject, among),
                timestamp=None if document.timestamp is None else _timestamp(document.timestamp),
                columns=_named(document.columns, "columns", subject),
                where=document.where,
                formats=document.formats or {},
                origin=subject.origin,
            )
        case ExposuresDocument():
            return ExposureSource(
                name=document.name,
                relation=_relation(document, subject, among),
                entities=_entities(document.entities, subject, among),
                timestamp=_timestamp(document.timestamp),
                arm=document.arm,
                experiment=document.experiment,
                where=document.where,
                formats=document.formats or {},
                origin=subject.origin,
            )
        case UnitsDocument():
            return _units(document, subject, among)
        case AggregatesDocument():
            return _aggregates(document, subject, among)


def _facts(document: FactsDocument, subject: Subject, among: Surroundings) -> FactSource:
    if document.arrived and document.settle:
        subject.refuse("settle", "'arrived' already says when each row came, so 'settle' would say it twice: keep one")
    settle = timedelta()
    if document.settle is not None:
        try:
            settle = length(document.settle)
        except Invalid as error:
            subject.adopt("settle", error)
    return FactSource(
        name=document.name,
        relation=_relation(document, subject, among),
        entities=_entities(document.entities, subject, among),
        timestamp=_timestamp(document.timestamp),
        arrived=document.arrived,
        settle=settle,
        measures=_named(document.measures, "measures", subject),
        where=document.where,
        formats=document.formats or {},
        origin=subject.origin,
    )


def _units(document: UnitsDocument, subject: Subject, among: Surroundings) -> UnitSource:
    if bool(document.row_is_unit) == (document.entities is not None):
        subject.refuse(
            "row_is_unit" if document.row_is_unit else "",
            "a table of units needs to say what one unit is, once: write row_is_unit: true, or entities with its id",
        )
    outcomes = _named(document.outcomes, "outcomes", subject)
    covariates = _named(document.covariates, "covariates", subject)
    for name in outcomes.keys() & covariates.keys():
        subject.refuse(
            "covariates",
            f"'{name}' is both outcome and covariate, and a covariate is known before assignment: keep one",
        )
    return UnitSource(
        name=document.name,
        relation=_relation(document, subject, among),
        arm=document.arm,
        entities=None if document.entities is None else _entities(document.entities, subject, among),
        outcomes=outcomes,
        covariates=covariates,
        where=document.where,
        formats=document.formats or {},
        origin=subject.origin,
    )


def _aggregates(document: AggregatesDocument, subject: Subject, among: Surroundings) -> AggregateSource:
    columns = _named(document.columns, "columns", subject)
    if document.unit is not None and document.unit not in columns:
        subject.refuse("unit", f"unit '{document.unit}' is none of its columns: {nearest(document.unit, columns)}")
    return AggregateSource(
        name=document.name,
        relations=_relations(document, subject, among),
        columns=columns,
        arm=document.arm,
        day=_day(document.day),
        matured=document.matured,
        unit=document.unit,
        formats=document.formats or {},
        origin=subject.origin,
    )


def _relations(document: AggregatesDocument, subject: Subject, among: Surroundings) -> Mapping[str, Relation]:
    if document.tables is None:
        if document.arm is None:
            subject.refuse(
                "", "one table of counts needs a column that tells the arms apart: add arm, or give tables by arm"
            )
        return {"": _relation(document, subject, among)}
    if document.table is not None or document.sql is not None or document.arm is not None:
        subject.refuse(
            "tables", "'tables' gives one table an arm, so that table, sql and arm have no place: keep one way"
        )
    return {arm: _table(name, among) for arm, name in document.tables.items()}


def _relation(document: SourceDocument, subject: Subject, among: Surroundings) -> Relation:
    if (document.table is None) == (document.sql is None):
        has = "both table and sql" if document.table is not None else "neither table nor sql"
        subject.refuse(
            "sql" if document.sql else "", f"it has {has}, and its rows come from one place: write one of them"
        )
    return Query(document.sql) if document.sql is not None else _table(document.table or "", among)


def _table(name: str, among: Surroundings) -> Relation:
    return Frame(among.frames[name]) if name in among.frames else Table(name)


def _entities(written: Mapping[str, str], subject: Subject, among: Surroundings) -> Mapping[str, str]:
    if not written:
        subject.refuse(
            "entities", "it names no entity, so no row could be told whose it is: write one, as in {user: user_id}"
        )
    for name in written:
        if among.entities and name not in among.entities:
            subject.refuse(
                f"entities.{name}", f"entity '{name}' isn't in the project's entities: {nearest(name, among.entities)}"
            )
    return dict(written)


def _timestamp(written: str | TimestampDocument) -> Timestamp:
    return Timestamp(written) if isinstance(written, str) else Timestamp(written.column, Grain(written.grain))


def _day(written: str | DayDocument | None) -> DayColumn | None:
    match written:
        case None:
            return None
        case str():
            return DayColumn(written)
        case DayDocument():
            return DayColumn(written.column, written.format, written.year)


def _named(written: Mapping[str, str] | list[str] | None, path: str, subject: Subject) -> Mapping[str, str]:
    if not isinstance(written, list):
        return dict(written or {})
    for at, column in enumerate(written):
        if not _COLUMN.fullmatch(column):
            subject.refuse(
                f"{path}.{at}",
                f"'{column}' isn't the plain name of a column: write {path} as a mapping of names to expressions",
            )
        elif column in written[:at]:
            subject.refuse(f"{path}.{at}", f"'{column}' stands twice in {path}: delete one of the two")
    return {column: column for column in written}
