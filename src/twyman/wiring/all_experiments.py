"""Every experiment of a project analysed: its definitions, one warehouse, and as many connections as it may have."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from twyman.app.analyze_all import AnalyzeAll, Outcome
from twyman.app.analyze_experiment import AnalyzeExperiment
from twyman.app.telling import Telling, untold
from twyman.definitions import Project
from twyman.definitions.git_log import changes_of
from twyman.definitions.project import Reading, raise_all, read_path
from twyman.kernel.errors import NotFound
from twyman.kernel.time import Clock, instant, system_clock
from twyman.warehouse.connector import Connector
from twyman.wiring.analysis import VERSION
from twyman.wiring.history import past
from twyman.wiring.warehouses import connector, looks, warehouse


def analyze_all(
    folder: str | Path,
    *,
    as_of: str | datetime | None = None,
    clock: Clock = system_clock,
    told: Telling = untold,
) -> list[Outcome]:
    """Analyse every experiment of a folder of definitions, reading each source of facts once for all of them.

    Args:
        folder: The project's folder, or a file in it.
        as_of: The day of reading of experiments that have dates; left out, the latest look that is due of each.
        clock: Tells the time.
        told: Is told how far it has come.

    Returns:
        What became of each experiment, by name: its answer, or its error.

    Raises:
        NotFound: If the folder isn't there, or holds no experiment.
        Unavailable: If the warehouse doesn't answer.
    """
    reading = read_path(Path(folder))
    project = reading.project
    broken = [
        Outcome(name, error=errors[0]) for name, errors in reading.faults.items() if name in _experiments(reading)
    ]
    raise_all(reading.faults.get("", ()))
    found = [one for _, one in sorted(project.experiments.items())]
    if not found and not broken:
        raise NotFound(f"no experiment is defined in '{folder}': name the folder of the project")
    day = instant(as_of, zone=project.zone) if as_of is not None else None
    with _use_case(project, len(found), clock, told) as ask:
        made = ask(found, project.catalogue, zone=project.zone, as_of=day)
    return sorted([*made, *broken], key=lambda one: one.experiment)


def _experiments(reading: Reading) -> set[str]:
    return {written.name for written in reading.documents if written.kind == "experiment"}


@contextmanager
def _use_case(project: Project, experiments: int, clock: Clock, told: Telling) -> Generator[AnalyzeAll]:
    """Wire the use case to as many connections as the project allows, and as there is work for."""
    many = min(project.warehouse.concurrency, experiments)
    opened = [connector(project)]
    try:
        if many > 1:
            opened += [connector(project) for _ in range(many)]
        yield asked_together(project, opened, clock=clock, told=told)
    finally:
        for over in opened:
            with suppress(Exception):  # what it was asked for is done, or failed with an error of its own
                over.close()


def asked_together(
    project: Project, opened: Sequence[Connector], *, clock: Clock = system_clock, told: Telling = untold
) -> AnalyzeAll:
    """Wire the use case to open connections.

    Args:
        project: The project.
        opened: The first reads what all need; the others, if there are any, analyse one experiment each at a time.
        clock: Tells the time.
        told: Is told how far it has come.
    """
    first, *others = opened
    shared = warehouse(project, first)
    pairs = [(shared, first), *((shared.beside(over), over) for over in others)]
    analyze, *beside = (
        AnalyzeExperiment(
            warehouse=one,
            looks=(book := looks(project, over)),
            clock=clock,
            version=VERSION,
            past=past(project, over, book),
            neighbours=tuple(project.experiments.values()),
            changes=changes_of(project.root),
        )
        for one, over in pairs
    )
    return AnalyzeAll(analyze, told=told, beside=beside)
