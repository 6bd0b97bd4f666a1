"""A folder of definitions as one project: everything in it read, checked, and resolved by name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import cast

from twyman.cohorts.distribution import Contexts
from twyman.definitions.adjustments import check_covariates
from twyman.definitions.context_documents import ContextsDocument
from twyman.definitions.contexts import contexts
from twyman.definitions.documents import DOCUMENTS, Parsed, ProjectDocument
from twyman.definitions.experiment_documents import ExperimentDocument
from twyman.definitions.experiments import ExperimentSurroundings, experiment
from twyman.definitions.flag_set.allocations import LOCK_FILE, read_lock
from twyman.definitions.flag_set.collection import Collection, Unread
from twyman.definitions.flag_set.state import KINDS, FlagReading, read_flags
from twyman.definitions.folder import PROJECT_FILE, Folder, Written, read_folder, shown
from twyman.definitions.history import History, HistorySurroundings, history
from twyman.definitions.history_documents import HistoryDocument
from twyman.definitions.metric_documents import MetricDocument
from twyman.definitions.metrics import metric
from twyman.definitions.plans import Defaults
from twyman.definitions.reading import document
from twyman.definitions.source_documents import (
    AggregatesDocument,
    AttributesDocument,
    Document,
    ExposuresDocument,
    FactsDocument,
    UnitsDocument,
)
from twyman.definitions.sources import Surroundings, source
from twyman.definitions.subject import Remark, Subject
from twyman.definitions.terms import probability, some_length, zone
from twyman.definitions.values import CUPED_WINDOW, MetricSurroundings
from twyman.definitions.warehouses import WarehousePlace, warehouse_place
from twyman.experiments.experiment import Experiment
from twyman.kernel.errors import Invalid, TwymanError, nearest
from twyman.kernel.place import Origin
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Metric
from twyman.metrics.source import Source

SOURCES = (FactsDocument, AttributesDocument, ExposuresDocument, UnitsDocument, AggregatesDocument)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """All that a folder of definitions declares.

    Attributes:
        root: Folder of the project.
        warehouse: Where the data are, and how they are asked.
        zone: Zone in which zoneless times are read and days begin.
        defaults: Error rates and power where an experiment says nothing.
        cuped: Covariate window where a metric says nothing; `None` for no adjustment.
        contexts: Contexts that stand for everybody.
        history: What past experiments found.
        teams: Members by team.
        counts: Definitions by kind.
        origin: Where the project is declared.
    """

    root: Path
    name: str
    warehouse: WarehousePlace = field(default_factory=WarehousePlace)
    zone: str = "UTC"
    catalogue: Catalogue = field(default_factory=Catalogue)
    experiments: Mapping[str, Experiment] = field(default_factory=dict[str, Experiment])
    contexts: Mapping[str, Contexts] = field(default_factory=dict[str, Contexts])
    history: History = field(default_factory=History)
    teams: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    defaults: Defaults = field(default_factory=Defaults)
    cuped: timedelta | None = CUPED_WINDOW
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    origin: Origin = field(default_factory=Origin)


@dataclass(frozen=True, slots=True)
class Reading:
    """A project as far as it could be read, and every error found.

    Attributes:
        faults: Errors of each broken experiment, by its name; of each flag, by `"flag "` and its name; of what flags
            alone need, under `"flags"`, and of contexts, under `"contexts"`; errors of anything else are under `""`.
        remarks: What isn't wrong, and should be known.
    """

    project: Project
    folder: Folder
    faults: Mapping[str, tuple[TwymanError, ...]] = field(default_factory=dict[str, tuple[TwymanError, ...]])
    flags: FlagReading = field(default_factory=FlagReading)
    remarks: tuple[Remark, ...] = ()

    @property
    def documents(self) -> tuple[Written, ...]:
        """Every document, as it was written."""
        return self.folder.documents

    @property
    def errors(self) -> tuple[TwymanError, ...]:
        """All errors, in the order of files and lines."""
        return tuple(sorted((error for errors in self.faults.values() for error in errors), key=_where))


def _where(error: TwymanError | Remark) -> tuple[str, int]:
    return (error.place.file, error.place.line) if error.place else ("", 0)


def read(folder: Folder, frames: Mapping[str, object] | None = None) -> Reading:
    """Read all documents of a folder into one project."""
    return _Reader(folder, frames or {}).read()


def read_path(path: Path) -> Reading:
    """Read the project that a file or folder belongs to."""
    return read(read_folder(path))


@dataclass(slots=True)
class _Reader:
    """Reads sources before metrics before experiments, as each leans on the former."""

    folder: Folder
    frames: Mapping[str, object]
    subjects: list[tuple[str, Subject]] = field(default_factory=list[tuple[str, Subject]])
    parsed: list[Parsed] = field(default_factory=list[Parsed])
    broken: set[str] = field(default_factory=set[str])
    unread: list[Unread] = field(default_factory=list[Unread])

    def read(self) -> Reading:
        self._parse()
        project = self._project()
        sources = self._sources(project)
        metrics = self._metrics(project, sources)
        catalogue = Catalogue(project.catalogue.entities, sources, metrics)
        flags = self._flags(project)
        experiments = self._experiments(project, catalogue, flags)
        project = replace(
            project,
            catalogue=catalogue,
            experiments=experiments,
            contexts=self._contexts(),
            history=self._history(project),
            counts=self._counts(),
        )
        remarks = tuple(sorted((each for _, subject in self.subjects for each in subject.remarks), key=_where))
        return Reading(project, self.folder, self._faults(flags), flags, remarks)

    def _faults(self, flags: FlagReading) -> Mapping[str, tuple[TwymanError, ...]]:
        faults: dict[str, list[TwymanError]] = {"": list(self.folder.errors)}
        for owner, subject in self.subjects:
            faults.setdefault(owner, []).extend(subject.errors)
        faults.setdefault("flags", []).extend(flags.lock_errors)
        return {owner: tuple(errors) for owner, errors in faults.items() if errors}

    def _counts(self) -> Mapping[str, int]:
        counts = dict.fromkeys(DOCUMENTS, 0)
        for written in self.folder.documents:
            if written.kind in counts:
                counts[written.kind] += 1
        return {kind: count for kind, count in counts.items() if count}

    def _parse(self) -> None:
        self.broken |= self.folder.lost
        firsts: dict[tuple[str, str], Written] = {}
        for written in self.folder.documents:
            subject = self._subject(written)
            kind = DOCUMENTS.get(written.kind)
            if kind is None:
                self._refuse_kind(written, subject)
                continue
            if not self._is_first(written, kind, firsts, subject):
                self._miss(written, subject)
                continue
            read = document(written.node, kind, subject)
            if read is not None:
                self.parsed.append(Parsed(written, read, subject))
            elif written.name:
                self.broken.add(written.name)
                self._miss(written, subject)

    def _miss(self, written: Written, subject: Subject) -> None:
        if written.kind in KINDS and written.name:
            self.unread.append(Unread(written.kind, written.name, subject.errors[0]))

    def _subject(self, written: Written) -> Subject:
        kind = written.kind or "definition"
        label = f"{kind} '{written.name}'" if written.name else kind
        subject = Subject(label, written.origin)
        self.subjects.append((_owner(written), subject))
        return subject

    def _refuse_kind(self, written: Written, subject: Subject) -> None:
        if written.kind:
            subject.refuse("kind", f"kind '{written.kind}' isn't known: {nearest(written.kind, DOCUMENTS)}")
            return
        alike = [entry.key for entry in written.node.entries if nearest(entry.key, ["kind"]).startswith("did")]
        said = f", unless '{alike[0]}' is meant to" if alike and alike[0] != "kind" else ""
        path = alike[0] if alike else ""
        subject.refuse(
            path, f"nothing says what this definition is{said}: add kind: with one of {', '.join(DOCUMENTS)}"
        )

    def _is_first(
        self, written: Written, kind: type[Document], firsts: dict[tuple[str, str], Written], subject: Subject
    ) -> bool:
        group = "source" if issubclass(kind, SOURCES) else written.kind
        name = written.name if written.kind != "project" else ""
        if not name and written.kind != "project":
            return True  # its missing name is an error of its own
        first = firsts.setdefault((group, name), written)
        if first is written:
            return True
        at = first.origin.at("name") or "another definition"
        what = f"{group} '{name}'" if name else "project"
        subject.refuse(
            "name", f"{what} is defined twice, first at {at}, and a name means one thing: rename one of the two"
        )
        return False

    def _project(self) -> Project:
        found = next((each for each in self.parsed if isinstance(each.document, ProjectDocument)), None)
        if found is None:
            root = self.folder.root
            return Project(root=root, name=root.name or "project", warehouse=WarehousePlace(path=str(root)))
        if found.written.origin.file and Path(found.written.origin.file).name != PROJECT_FILE:
            found.subject.refuse(
                "kind", f"a project stands in {PROJECT_FILE}, where it is looked for: rename this file"
            )
        return _project(cast("ProjectDocument", found.document), found.subject, self.folder.root)

    def _sources(self, project: Project) -> dict[str, Source]:
        among = Surroundings(project.catalogue.entities, self.frames)
        made: dict[str, Source] = {}
        for each in self.parsed:
            if isinstance(each.document, SOURCES):
                made[each.document.name] = source(each.document, each.subject, among)
        return made

    def _metrics(self, project: Project, sources: Mapping[str, Source]) -> dict[str, Metric]:
        among = MetricSurroundings(sources, frozenset(self.broken), project.cuped, project.catalogue.entities)
        made: dict[str, Metric] = {}
        subjects: dict[str, Subject] = {}
        for each in self.parsed:
            if isinstance(each.document, MetricDocument):
                read = metric(each.document, each.subject, among)
                subjects[each.document.name] = each.subject
                if read is None:
                    self.broken.add(each.document.name)
                else:
                    made[read.name] = read
        for name, each in made.items():
            check_covariates(each, made, sources, subjects[name])
        return made

    def _history(self, project: Project) -> History:
        among = HistorySurroundings(project.zone, self.frames)
        made = History()
        for each in self.parsed:
            if isinstance(each.document, HistoryDocument):
                made += history(each.document, each.subject, among)
        return made

    def _contexts(self) -> dict[str, Contexts]:
        return {
            each.document.name: contexts(each.document, each.subject)
            for each in self.parsed
            if isinstance(each.document, ContextsDocument)
        }

    def _flags(self, project: Project) -> FlagReading:
        root = self.folder.root
        lock = read_lock(root / LOCK_FILE, shown(root / LOCK_FILE))
        lost = [Unread(kind, name, error) for kind, name, error in self.folder.unread if kind in KINDS]
        return read_flags(self.parsed, Collection(lock, (*self.unread, *lost)), root=root, zone=project.zone)

    def _experiments(self, project: Project, catalogue: Catalogue, flags: FlagReading) -> dict[str, Experiment]:
        among = ExperimentSurroundings(
            catalogue=catalogue,
            broken=frozenset(self.broken),
            flags=flags,
            zone=project.zone,
            defaults=project.defaults,
            teams=project.teams,
        )
        made: dict[str, Experiment] = {}
        for each in self.parsed:
            if isinstance(each.document, ExperimentDocument):
                read = experiment(each.document, each.written.node, each.subject, among)
                if read is not None and not each.subject.errors:
                    made[read.name] = read
        return made


def _owner(written: Written) -> str:
    """Return under what a definition's errors are kept."""
    if written.kind == "experiment":
        return written.name
    if written.kind == "flag":
        return f"flag {written.name}"
    if written.kind == "contexts":
        return "contexts"
    return "flags" if written.kind in KINDS else ""


def _project(written: ProjectDocument, subject: Subject, root: Path) -> Project:
    defaults, cuped = _defaults(written, subject)
    entities = {name: entity.type if entity else "string" for name, entity in (written.entities or {}).items()}
    return Project(
        root=root,
        name=written.name or root.name or "project",
        warehouse=warehouse_place(written.warehouse, subject, root),
        zone=subject.attempt("timezone", zone, written.timezone or "UTC", "UTC"),
        catalogue=Catalogue(entities),
        defaults=defaults,
        cuped=cuped,
        teams={team: tuple(members) for team, members in (written.teams or {}).items()},
        origin=subject.origin,
    )


def _defaults(written: ProjectDocument, subject: Subject) -> tuple[Defaults, timedelta | None]:
    said = written.defaults
    if said is None:
        return Defaults(), CUPED_WINDOW
    rates = {
        key: subject.attempt(f"defaults.{key}", probability, value, getattr(Defaults(), key))
        for key in ("alpha", "power", "alpha_deterioration")
        if (value := getattr(said, key)) is not None
    }
    if said.cuped == "none":
        return Defaults(**rates), None
    cuped = subject.attempt("defaults.cuped", some_length, said.cuped, CUPED_WINDOW) if said.cuped else CUPED_WINDOW
    return Defaults(**rates), cuped


def raise_all(errors: Iterable[TwymanError]) -> None:
    """Raise the first of some errors, with the others beside it; do nothing where there is none.

    Raises:
        Invalid: If there is any.
    """
    first, *others = [*errors] or [None]
    if first is not None:
        raise Invalid(first.message, place=first.place, also=[each for each in others if each is not None])
