"""A sweep over a project's experiments, put together: its definitions and one warehouse."""

from datetime import datetime
from pathlib import Path

from twyman.app.sweep import Sweep, Swept
from twyman.app.telling import Telling, untold
from twyman.definitions.project import raise_all, read_path
from twyman.kernel.time import Clock, instant, system_clock
from twyman.wiring.warehouses import connected, warehouse


def sweep(
    folder: str | Path,
    *,
    as_of: str | datetime | None = None,
    clock: Clock = system_clock,
    told: Telling = untold,
) -> Swept:
    """Ask all pairs of the experiments of a folder that run on a day.

    Args:
        folder: The project's folder, or a file in it.
        as_of: The day; left out, now.
        clock: Tells the time.
        told: Is told how far it has come.

    Raises:
        NotFound: If the folder isn't there, or no two of its experiments run on the day.
        Invalid: If definitions or data can't be right.
        Unavailable: If the warehouse doesn't answer.
    """
    reading = read_path(Path(folder))
    raise_all(reading.faults.get("", ()))
    project = reading.project
    day = instant(as_of, zone=project.zone) if as_of is not None else None
    with connected(project) as over:
        ask = Sweep(warehouse(project, over), clock, told)
        return ask([*project.experiments.values()], project.catalogue, zone=project.zone, as_of=day)
