"""Tables of our own in a project's warehouse: listed, and collected once nobody needs them."""

from pathlib import Path

from twyman.definitions.project import read_path
from twyman.kernel.errors import Invalid
from twyman.kernel.time import Clock, system_clock
from twyman.warehouse.connector import Keeping
from twyman.warehouse.state.tables import OwnTable, collected, own_tables
from twyman.wiring.warehouses import connector


def tables(folder: str | Path) -> list[OwnTable]:
    """Return the tables of our own beside a project's data.

    Args:
        folder: The project's folder, or a file in it.

    Raises:
        Invalid: If the warehouse's connector keeps no tables.
        NotFound, Unavailable: If the folder or the warehouse isn't there, or doesn't answer.
    """
    return own_tables(_keeping(folder))


def collect(folder: str | Path, *, every: bool = False, clock: Clock = system_clock) -> list[OwnTable]:
    """Drop the tables of our own that no state needs, and return them.

    Args:
        folder: The project's folder, or a file in it.
        every: Whether those that are needed go, too: the next reading reads everything anew. Looks stay.
        clock: Tells the time: what was begun of late is left alone.

    Raises:
        Invalid, NotFound, Unavailable: As `tables` does.
    """
    return collected(_keeping(folder), now=clock(), every=every)


def _keeping(folder: str | Path) -> Keeping:
    project = read_path(Path(folder)).project
    over = connector(project)
    if not isinstance(over, Keeping):
        raise Invalid(f"the connector to '{project.warehouse.engine}' keeps no tables: there is nothing to list")
    return over
