"""A verification, put together: definitions, a warehouse, its looks, and the second path to their numbers."""

from datetime import datetime
from pathlib import Path

from twyman.app.verify_look import Verification, VerifyLook
from twyman.definitions import Project, load_experiment
from twyman.kernel.time import Clock, instant, system_clock
from twyman.warehouse.connector import Connector
from twyman.warehouse.naive.recompute import NaiveRecomputation
from twyman.wiring.warehouses import connected, looks, warehouse


def verify(
    experiment: str | Path,
    *,
    name: str | None = None,
    as_of: str | datetime | None = None,
    number: int | None = None,
    clock: Clock = system_clock,
) -> Verification:
    """Verify a look of an experiment: compute it from rows by a second path, and compare.

    Args:
        experiment: A YAML file.
        name: Which experiment, where the file holds several.
        as_of: The day of the look; left out, the last one kept, or else the latest that is due.
        number: A look that was kept, by its number.
        clock: Tells the time.

    Raises:
        Invalid: If definitions or data can't be right, or nothing could be recomputed.
        NotFound: If a file, a table, a name or a look isn't there.
        Conflict: If the plan changed since the look was kept.
    """
    project, found = load_experiment(Path(experiment), name)
    day = instant(as_of, zone=project.zone) if as_of is not None else None
    with connected(project) as over:
        ask = use_case(project, over, clock=clock)
        return ask(found, project.catalogue, zone=project.zone, as_of=day, number=number)


def use_case(project: Project, over: Connector, *, clock: Clock = system_clock) -> VerifyLook:
    """Wire the use case to the project's warehouse, its look book and the second path."""
    return VerifyLook(
        warehouse=warehouse(project, over),
        recomputation=NaiveRecomputation(over),
        looks=looks(project, over),
        clock=clock,
    )
