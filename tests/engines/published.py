"""The published experiments on a live engine: the examples' definitions, their files loaded as tables."""

import json
import runpy
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path, PurePath
from typing import Any

import duckdb
from tests.engines.server import Server
from tests.examples.test_published import DATA, EXAMPLES, Analyze, Json
from tests.fakes.lookbook import FakeLookBook

from twyman.app.analyze_experiment import AnalyzeExperiment
from twyman.app.ports import Extent, Measured, Question
from twyman.definitions import load_experiment
from twyman.experiments.experiment import Role, Tracked
from twyman.experiments.plan import Plan
from twyman.kernel.place import Origin
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.source import AggregateSource, Source, Table
from twyman.report.json import json_text
from twyman.warehouse.connector import Connector
from twyman.warehouse.connectors.duckdb import DuckDBConnector
from twyman.warehouse.engine import Engine
from twyman.warehouse.language.syntax import select
from twyman.warehouse.sources.relation import Bounds, from_item
from twyman.warehouse.sql_warehouse import SqlWarehouse

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Once(SqlWarehouse):
    """A warehouse that measures once what several experiments ask: the same data, judged by other rules."""

    def __init__(self, connector: Connector) -> None:
        super().__init__(connector)
        self.known: dict[str, Any] = {}

    def extent(self, question: Question) -> Extent:
        return self._once("extent", question, super().extent)

    def measure(self, question: Question) -> Measured:
        return self._once("measure", question, super().measure)

    def _once(self, what: str, question: Question, ask: Callable[[Question], Any]) -> Any:
        experiment = question.experiment
        source = question.catalogue.sources[experiment.source]
        by_name = {"key": experiment.key or experiment.name} if getattr(source, "experiment", None) else {}
        tracked = tuple(Tracked(metric=one.metric, role=Role.INFORMATION) for one in experiment.tracked)
        plain = {"name": "", "title": "", "hypothesis": "", "claims": "", "decide": None, "plan": Plan()}
        asked = replace(experiment, tracked=tracked, **plain, **by_name)
        metrics = [question.catalogue.metrics[one.metric] for one in tracked]
        key = repr((what, asked, metrics, question.catalogue.sources, question.zone, question.cutoff))
        if key not in self.known:
            self.known[key] = ask(question)
        return self.known[key]


def analysis(server: Server, connector: Connector, shared: Path, scratch: Path) -> Analyze:
    """Run an example's experiment on an engine; return the JSON that the command line would write."""

    @cache
    def data(name: str) -> Path:
        folder = scratch / name
        folder.mkdir()
        for file in (shared / "data" / DATA[name]).iterdir():
            shutil.copy(file, folder)
        if (EXAMPLES / name / "prepare.py").exists():
            runpy.run_path(str(EXAMPLES / name / "prepare.py"))["main"](folder)
        return folder

    @cache
    def load(name: str, file: str, as_text: tuple[str, ...]) -> str:
        title = f"{name}_{PurePath(file).name.partition('.')[0]}".lower()
        files = Engine(DuckDBConnector(data(name)))
        item = from_item(files, Table(file), known_as=title, origin=Origin(), bounds=Bounds(), as_text=as_text)
        with duckdb.connect(config={"file_search_path": str(data(name))}) as reader:
            server.load(title, reader.sql(files.printed(select().select("*").from_(item))).to_arrow_table())
        return title

    warehouse = Once(connector)

    @cache
    def run(name: str, experiment: str) -> Json:
        project, found = load_experiment(EXAMPLES / name / f"{experiment}.yaml")
        catalogue = moved(project.catalogue, lambda file, as_text: load(name, file, as_text))
        use_case = AnalyzeExperiment(warehouse=warehouse, looks=FakeLookBook(), clock=lambda: NOW, version="0")
        return json.loads(json_text(use_case(found, catalogue, zone=project.zone)))

    return run


def moved(catalogue: Catalogue, load: Callable[[str, tuple[str, ...]], str]) -> Catalogue:
    """The same sources over tables, each file loaded with the types that DuckDB reads it with."""
    by_file: dict[str, set[str]] = {}
    for source in catalogue.sources.values():
        entities: Mapping[str, str] = getattr(source, "entities", None) or {}
        for file in files_of(source):
            columns = (column for entity, column in entities.items() if catalogue.entities.get(entity) == "string")
            by_file.setdefault(file, set()).update(columns)

    def table(relation: Any) -> Any:
        return (
            Table(load(relation.name, tuple(sorted(by_file[relation.name]))))
            if isinstance(relation, Table)
            else relation
        )

    def changed(source: Source) -> Source:
        if isinstance(source, AggregateSource):
            return replace(source, relations={arm: table(one) for arm, one in source.relations.items()})
        return replace(source, relation=table(source.relation))

    return replace(catalogue, sources={name: changed(source) for name, source in catalogue.sources.items()})


def files_of(source: Source) -> list[str]:
    relations = source.relations.values() if isinstance(source, AggregateSource) else [source.relation]
    return [one.name for one in relations if isinstance(one, Table)]
