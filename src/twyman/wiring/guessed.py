"""Definitions of an experiment that has none: two tables are looked at, and what each column is, is said.

Nothing is guessed in silence. What a name or a count settles is listed with its reason; what neither settles is
refused, with the option that does. What comes out is a project like any other, and may be written as one.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from twyman.app.telling import Telling, untold
from twyman.app.views import Answer
from twyman.definitions import Project, project_of
from twyman.definitions.guessing.arms import arms, slug, unused
from twyman.definitions.guessing.columns import WORDS, Taken, column, event_id, plain, refuse_unused, some_column
from twyman.definitions.guessing.exports import EXPORTS
from twyman.definitions.guessing.exposing import Exposing, exposing, quoted
from twyman.definitions.guessing.guesses import Guesses
from twyman.definitions.guessing.measures import (
    MOST_NAMES,
    OF_METRICS,
    Happening,
    metrics,
    numeric,
    refuse_no_number,
)
from twyman.definitions.guessing.places import Placed, placed
from twyman.definitions.guessing.segments import MOST, MOST_VALUES, is_segment, said, wanted
from twyman.definitions.guessing.windows import LENGTHS, window
from twyman.definitions.guessing.writing import write
from twyman.experiments.experiment import Experiment
from twyman.kernel.errors import Invalid
from twyman.kernel.time import DAY, Clock, day_after, instant, system_clock
from twyman.warehouse.engine import Engine
from twyman.warehouse.inspection import Inspected, relation_of
from twyman.warehouse.sources.relation import repeated_columns
from twyman.wiring.analysis import use_case
from twyman.wiring.guessed_key import KEYS, key_in
from twyman.wiring.guessed_units import has_no_time, unit_documents
from twyman.wiring.warehouses import connected

Document = dict[str, Any]
UNIT = "unit"
"""The entity of definitions that nobody named."""
EVENT = "event"
"""The entity of an event's own id."""
_EXPOSING = tuple(dict.fromkeys(name for export in EXPORTS for name in export.exposing))


@dataclass(frozen=True, slots=True)
class Guessed:
    """An experiment understood from its tables.

    Attributes:
        project: As `load_experiment` returns it.
        experiment: Likewise.
        documents: The definitions that it stands for.
        said: What was taken for what, and why.
    """

    project: Project
    experiment: Experiment
    documents: tuple[Document, ...]
    said: tuple[str, ...]

    def write(self, folder: str | Path) -> list[Path]:
        """Write the definitions into a folder, to go on from; return the files.

        Raises:
            Conflict: If one of the files is there already.
        """
        first, *others = self.documents
        into = Path(folder).resolve()
        place = dict(first["warehouse"])
        if "path" in place:
            place["path"] = os.path.relpath(place["path"], into)
        return write([{**first, "warehouse": place}, *others], into, said=self.said)


def guessed(exposures: str, events: Sequence[str], experiment: str | None, options: Guesses) -> Guessed:
    """Return the definitions of an experiment by looking at its tables.

    Args:
        exposures: A file, a pattern of files, or a table of the warehouse: who met which arm, and when.
        events: Tables of what units did; none: the exposures themselves are counted.
        experiment: Its key in the exposures; left out where they hold one only.
        options: What is said beforehand.

    Raises:
        NotFound: If a table, a column or the experiment isn't there, or nothing is known to be the column of a role.
        Invalid: If several columns may be, several experiments are there, or nothing tells the control.
        Unavailable: If the warehouse doesn't answer.
    """
    where = placed(exposures, events, options.warehouse)
    project: Document = {
        "kind": "project",
        "name": "guessed",
        "warehouse": dict(where.warehouse),
        "entities": {UNIT: {"type": "string"}},
    }
    with connected(project_of([project])) as over:
        look = _Look(Engine(over), where, options, experiment)
        read = look.documents()
    if any(EVENT in document.get("entities", {}) for document in read):
        project["entities"][EVENT] = {"type": "string"}
    documents = (project, *read)
    made = project_of(documents)
    (found,) = made.experiments.values()
    return Guessed(made, found, documents, tuple(look.said))


def answered(
    found: Guessed, *, as_of: str | None = None, clock: Clock = system_clock, told: Telling = untold
) -> Answer:
    """Analyse an experiment that was understood from its tables.

    Args:
        found: The experiment.
        as_of: The day of reading; left out, the end of the data.
        clock: Tells the time.
        told: Is told how far it has come.

    Raises:
        Invalid, NotFound, Conflict, Unavailable: As `analyze` does.
    """
    project = found.project
    day = instant(as_of, zone=project.zone) if as_of is not None else None
    with connected(project) as over:
        ask = use_case(project, clock=clock, told=told, over=over)
        return ask(found.experiment, project.catalogue, zone=project.zone, as_of=day)


@dataclass(slots=True)
class _Met:
    """The table of exposures, open, with the rows of one experiment."""

    table: Inspected
    is_: Exposing
    time: str
    key: str | None
    only: tuple[str, str] | None


@dataclass(slots=True)
class _Facts:
    """A table of events, open."""

    table: Inspected
    source: str
    title: str
    unit: str
    time: str
    event: str | None
    event_id: str | None
    formats: Mapping[str, str]


@dataclass(slots=True)
class _Look:
    """Looks at tables, one after the other, and keeps what is said of them."""

    engine: Engine
    where: Placed
    options: Guesses
    asked: str | None
    said: list[str] = field(default_factory=list[str])

    def documents(self) -> list[Document]:
        """Return the definitions of sources, metrics and the experiment."""
        titles = [self.where.exposures, *self.where.events]
        columns = {title: list(self._plainly(title)) for title in titles}
        for role in WORDS:
            refuse_unused(role, self.options.columns(role), columns)
        if not self.where.events and has_no_time(columns[self.where.exposures], self.options):
            made, said = unit_documents(self.engine, self.where.exposures, self.options, self.asked)
            self._say(*said)
            return made
        met = self._met(columns[self.where.exposures])
        found = arms(self._arms(met), self.options, column=met.is_.arm, table=self.where.exposures)
        self.said.extend(found.said)
        facts = self._all_facts(met, columns)
        length = self._window(met, facts)
        sources, happenings = self._sources(met, facts)
        measured, said = metrics(happenings, window=length)
        self._say(*said)
        segments = self._segments(met)
        experiment = self._experiment(met, found.written, measured, segments)
        self._say(OF_METRICS.format(len(measured)))
        exposures = self._exposures(met)
        known = [_attributes(exposures, segments)] if segments else []
        return [exposures, *known, *sources, *measured, experiment]

    def _plainly(self, title: str) -> Mapping[str, str]:
        found = Inspected(self.engine, Path(title).name, relation_of(title)).types
        for name in repeated_columns(self.engine, relation_of(title)):
            raise Invalid(
                f"'{title}' has several columns called '{name}', and which of them is meant isn't ours to guess: "
                "rename all but one in its header"
            )
        return found

    def _say(self, *texts: str) -> None:
        self.said.extend(text for text in texts if text and text not in self.said)

    def _met(self, columns: Sequence[str]) -> _Met:
        title = self.where.exposures
        is_ = exposing(columns, self.options, table=title)
        self._say(*is_.said)
        table = Inspected(
            self.engine,
            "exposures",
            relation_of(title, is_.sql),
            time=is_.time,
            ids=_ids(is_.unit, is_.arm, is_.key),
            formats=self.options.formats(is_.time),
        )
        time = self._time(table, is_.time, title)
        if is_.key is None:
            return _Met(table, is_, time, self.asked, None)
        key, said = key_in(table, is_.key, self.asked, title=title)
        self._say(said)
        return _Met(table, is_, time, key, (is_.key, key))

    def _arms(self, met: _Met) -> dict[str, int]:
        return met.table.counts(met.is_.arm, most=KEYS, only=met.only)

    def _segments(self, met: _Met) -> dict[str, str]:
        """Return the columns of the exposures that are dimensions, by what the dimension is called."""
        is_, title = met.is_, self.where.exposures
        taken = [each for each in (is_.unit, is_.time, is_.key, is_.arm) if each is not None]
        asked = wanted(met.table.types, taken, self.options, table=title)
        most = (MOST_VALUES + 1) * KEYS
        fit = [each for each in asked if is_segment(met.table.crossed(each, is_.arm, most=most, only=met.only))][:MOST]
        self._say(*said(fit, [each for each in asked if each not in fit], table=title))
        made: dict[str, str] = {}
        for each in fit:
            made[unused(slug(each, "column"), made)] = each
        return made

    def _time(self, table: Inspected, column: str, title: str) -> str:
        written = column
        if column in table.numeric:
            written = table.epoch(column) or column
            if written != column:
                self._say(f"{title}: '{column}' counts since 1970, and is read as {written}")
        if table.time(written).zoneless:
            self._say(f"{title}: '{column}' has no time zone, and is read as UTC")
        return written

    def _all_facts(self, met: _Met, columns: Mapping[str, list[str]]) -> list[_Facts]:
        titles = self.where.events or (self.where.exposures,)
        if not self.where.events:
            self._say("no table of events is given, so what is measured are the exposures themselves")
        made: dict[str, _Facts] = {}
        for title in titles:
            source = unused(slug(Path(title).name.partition(".")[0], "events"), made | {"exposures": 0})
            made[source] = self._facts(title, source, met, columns[title])
        return list(made.values())

    def _facts(self, title: str, source: str, met: _Met, columns: Sequence[str]) -> _Facts:
        unit = _unit_of_events(columns, met.is_.unit, self.options, title)
        time = column("time", columns, table=title, given=self.options.time)
        event = some_column("event", columns, table=title, given=self.options.event)
        own = event_id([each for each in columns if each != unit.column], table=title)
        self._say(*(str(each) for each in (unit, time, event, own) if each is not None))
        formats, named = self.options.formats(time.column), own.column if own else None
        table = Inspected(
            self.engine, "events", relation_of(title), time=time.column, ids=_ids(unit.column, named), formats=formats
        )
        written = self._time(table, time.column, title)
        return _Facts(table, source, title, unit.column, written, event.column if event else None, named, formats)

    def _window(self, met: _Met, facts: Sequence[_Facts]) -> str | None:
        ends = [met.table.last(met.time, only=met.only), *(each.table.last(each.time) for each in facts)]
        by_day = met.table.by_day(met.time) or any(each.table.by_day(each.time) for each in facts)
        end = max((end for end in ends if end is not None), default=None)
        if end is None:
            raise Invalid(f"'{self.where.exposures}' holds no time of this experiment: name its column, as in --time")
        entered = met.table.entered(met.is_.unit, met.time, _closed(end, by_day=by_day), LENGTHS, only=met.only)
        length, said = window(entered.units, entered.over, by_day=by_day)
        self._say(said)
        return length

    def _sources(self, met: _Met, facts: Sequence[_Facts]) -> tuple[list[Document], list[Happening]]:
        refuse_no_number(self.options, {each.title: each.table.numeric for each in facts})
        documents, happenings = list[Document](), list[Happening]()
        for each in facts:
            names = each.table.counts(each.event, most=MOST_NAMES + 1) if each.event else {}
            exposing_ = [name for name in names if name in _EXPOSING]
            documents.append(_source(each, exposing_))
            is_met = each.title == self.where.exposures and not met.is_.sql
            others = {name: count for name, count in names.items() if name not in exposing_}
            happenings.append(replace(self._happening(each, others), is_met=is_met))
        return documents, happenings

    def _happening(self, each: _Facts, names: Mapping[str, int]) -> Happening:
        taken = [each.unit, each.event or "", *(one for one in each.table.numeric if quoted(one) in each.time)]
        wanted, said = numeric(each.table.numeric, taken, self.options, table=each.title)
        held = each.table.numbers(wanted)
        self._say(said)
        return Happening(
            source=each.source,
            title=each.title,
            day=f"date_trunc('day', {each.time if each.time.startswith('to_') else quoted(each.time)})",
            event=each.event,
            names=names,
            sums=[name for name, one in held.items() if one.varies and not one.is_truth],
            truths=[name for name, one in held.items() if one.is_truth],
        )

    def _exposures(self, met: _Met) -> Document:
        is_ = met.is_
        return {
            "kind": "exposures",
            "name": "exposures",
            **({"sql": is_.sql} if is_.sql else {"table": self.where.exposures}),
            "entities": {UNIT: is_.unit},
            "timestamp": met.time,
            **_formats(self.options.formats(is_.time)),
            "arm": is_.arm,
            **({"experiment": is_.key} if is_.key else {}),
        }

    def _experiment(
        self, met: _Met, written: Mapping[str, Any], measured: Sequence[Document], segments: Mapping[str, str]
    ) -> Document:
        named = met.key or Path(self.where.exposures).name.partition(".")[0]
        return {
            "kind": "experiment",
            "name": f"audit-{slug(named, 'of')}",
            "title": named,
            **({"key": met.key} if met.key else {}),
            "exposures": "exposures",
            "arms": dict(written),
            "metrics": {each["name"]: {"role": "information"} for each in measured},
            **({"dimensions": list(segments)} if segments else {}),
        }


def _attributes(exposures: Document, segments: Mapping[str, str]) -> Document:
    """Return the source of dimensions that stand beside the exposures: what is known at a unit's first one."""
    same = ("table", "sql", "entities", "timestamp", "formats")
    held = {key: exposures[key] for key in same if key in exposures}
    columns = {name: quoted(each) for name, each in segments.items()}
    return {"kind": "attributes", "name": "segments", **held, "columns": columns}


def _ids(*columns: str | None) -> tuple[str, ...]:
    return tuple(each for each in columns if each)


def _unit_of_events(columns: Sequence[str], unit: str, options: Guesses, table: str) -> Taken:
    """Return the column of the unit's id in a table of events: as asked, or called as in the exposures, or by name."""
    if not any(each.lower() in {known.lower() for known in columns} for each in options.unit):
        same = [each for each in columns if plain(each) == plain(unit)]
        if len(same) == 1:
            return Taken(table, WORDS["unit"], same[0], "as in the exposures")
    found = column("unit", columns, table=table, given=options.unit)
    return replace(found, why=f"{found.why}; the exposures call it '{unit}'" if found.column != unit else found.why)


def _source(each: _Facts, without: Sequence[str]) -> Document:
    listed = ", ".join("'" + name.replace("'", "''") + "'" for name in without)
    return {
        "kind": "facts",
        "name": each.source,
        "table": each.title,
        "entities": {UNIT: each.unit} | ({EVENT: each.event_id} if each.event_id else {}),
        "timestamp": each.time,
        **_formats(each.formats),
        **({"where": f"{quoted(each.event or '')} NOT IN ({listed})"} if without else {}),
    }


def _formats(told: Mapping[str, str]) -> Document:
    return {"formats": dict(told)} if told else {}


def _closed(last: datetime, *, by_day: bool) -> datetime:
    """Return the midnight up to which an analysis reads."""
    return day_after(last + DAY / 24 if by_day else last + timedelta(microseconds=1))
