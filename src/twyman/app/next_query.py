"""What the user's tables and columns are called in a query that a check suggests next: quoted, so that it runs.

A file is read by DuckDB, which takes its name as a text. What no definition names stays a word in capitals.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePath

from twyman.app.ports import Question
from twyman.doubt.srm_cause import FLAG, UNKNOWN, Dealt, Dimension, Names
from twyman.experiments.experiment import Experiment
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.source import AttributeSource, ExposureSource, FactSource, Relation, Table, UnitSource

_READ_AS_NAMED = (".csv", ".tsv", ".parquet", ".jsonl", ".ndjson")
_READERS: Mapping[str, str] = {".txt": "read_csv", ".psv": "read_csv", ".pq": "read_parquet"}
_PACKED = (".gz", ".zst")
_NAME = re.compile(r"[^\W\d]\w*(?:[ -]\w+)*")
"""A name of a column, plain or of several words; any other text is an expression."""
_OPERATORS = {"and", "case", "in", "is", "like", "not", "or"}


def names(question: Question) -> Names:
    """Return what the question's sources call their tables, ids, arms and times."""
    experiment, catalogue = question.experiment, question.catalogue
    source = catalogue.sources.get(experiment.source)
    known = Names(
        definition="" if experiment.sealed else experiment.origin.file,
        flag=experiment.flag or FLAG,
        facts=_facts(experiment, catalogue),
        assigned=_assigned(experiment, catalogue),
    )
    if isinstance(source, UnitSource):
        columns = {name: Dimension(quoted(written)) for name, written in source.covariates.items()}
        known = replace(known, exposures=_units(source, experiment), dimensions=columns)
    if isinstance(source, ExposureSource):
        dimensions = {name: found for name in experiment.dimensions if (found := _dimension(name, source, question))}
        exposures, time = _dealt(source, experiment, UNKNOWN.table), quoted(source.timestamp.column)
        known = replace(known, exposures=exposures, time=time, dimensions=dimensions)
    return known


def _units(source: UnitSource, experiment: Experiment) -> Dealt:
    return Dealt(
        table=item(source.relation, "UNITS"),
        unit=_unit(source.entities or {}, experiment.entity),
        arm=quoted(source.arm),
        where=(f"({source.where})",) if source.where else (),
    )


def _dealt(source: ExposureSource, experiment: Experiment, otherwise: str) -> Dealt:
    key = (experiment.key or experiment.name).replace("'", "''")
    return Dealt(
        table=item(source.relation, otherwise),
        unit=_unit(source.entities, experiment.entity),
        arm=quoted(source.arm),
        of=(f"{_column(source.experiment)} = '{key}'",) if source.experiment else (),
        where=(f"({source.where})",) if source.where else (),
    )


def _assigned(experiment: Experiment, catalogue: Catalogue) -> Dealt | None:
    source = catalogue.sources.get(experiment.assignments)
    return _dealt(source, experiment, "ASSIGNMENTS") if isinstance(source, ExposureSource) else None


def _facts(experiment: Experiment, catalogue: Catalogue) -> tuple[str, str] | None:
    """Return the table of facts that the first metric reads, and what it calls the unit."""
    read = (name for tracked in experiment.tracked for name in catalogue.metric(tracked.metric).facts)
    source = catalogue.sources.get(next(read, ""))
    if not isinstance(source, FactSource):
        return None
    return item(source.relation, "FACTS"), _unit(source.entities, experiment.entity)


def _dimension(name: str, exposures: ExposureSource, question: Question) -> Dimension | None:
    """Return what holds a dimension's values: a column of the exposures, or one of a table of attributes."""
    experiment, sources = question.experiment, question.catalogue.sources.values()
    for source in (one for one in sources if isinstance(one, AttributeSource)):
        wanted, _, rest = name.partition(".")
        written = source.columns.get(rest if wanted == source.name and rest else name)
        if written is None:
            continue
        if source.relation == exposures.relation:
            return Dimension(quoted(written))
        held = item(source.relation, "ATTRIBUTES")
        return Dimension(quoted(written), table=held, unit=_unit(source.entities, experiment.entity))
    return None


def _unit(entities: Mapping[str, str], entity: str) -> str:
    held = entities.get(entity) or next(iter(entities.values()), None)
    return UNKNOWN.unit if held is None else _column(held)


def item(relation: Relation, otherwise: str) -> str:
    """Return what stands in FROM: the name of a table as it is, or of a file as DuckDB reads it.

    Args:
        relation: What the definition says.
        otherwise: A word for what has no name: a query, or a table in memory.

    Example:
        >>> item(Table("d/x.csv"), "FACTS"), item(Table("shop.plays"), "FACTS"), item(Table("d/*.txt"), "FACTS")
        ("'d/x.csv'", 'shop.plays', "read_csv('d/*.txt')")
    """
    if not isinstance(relation, Table):
        return otherwise
    path, written = PurePath(relation.name), "'" + relation.name.replace("'", "''") + "'"
    ending = PurePath(path.stem).suffix if path.suffix in _PACKED else path.suffix
    if ending in _READERS:
        return f"{_READERS[ending]}({written})"
    return written if ending in _READ_AS_NAMED else relation.name


def quoted(written: str) -> str:
    """Return a column in quotes, as some names are words of SQL; an expression stays as it is.

    Example:
        >>> quoted("arm"), quoted("exposed at"), quoted("lower(arm)")
        ('"arm"', '"exposed at"', 'lower(arm)')
    """
    return _column(written) if _NAME.fullmatch(written) and not _OPERATORS & {*written.lower().split()} else written


def _column(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
