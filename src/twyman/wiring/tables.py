"""Tables of our own in a project's warehouse: listed, and collected once nobody needs them."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from twyman.definitions.project import read_path
from twyman.kernel.errors import Invalid
from twyman.kernel.time import Clock, system_clock
from twyman.warehouse.connector import Keeping
from twyman.warehouse.state.tables import OwnTable, collected, own_tables
from twyman.wiring.warehouses import connected


def tables(folder: str | Path) -> list[OwnTable]:
    """Return the tables of our own beside a project's data.

    Args:
        folder: The project's folder, or a file in it.

    Raises:
        Invalid: If the warehouse's connector keeps no tables.
        NotFound, Unavailable: If the folder or the warehouse isn't there, or doesn't answer.
    """
    with _keeping(folder) as over:
        return own_tables(over)


def collect(folder: str | Path, *, every: bool = False, clock: Clock = system_clock) -> list[OwnTable]:
    """Drop the tables of our own that no state needs, and return them.

    Args:
        folder: The project's folder, or a file in it.
        every: Whether those that are needed go, too: the next reading reads everything anew. Looks stay.
        clock: Tells the time: what was begun of late is left alone.

    Raises:
        Invalid, NotFound, Unavailable: As `tables` does.
    """
    with _keeping(folder) as over:
        return collected(over, now=clock(), every=every)


@contextmanager
def _keeping(folder: str | Path) -> Generator[Keeping]:
    project = read_path(Path(folder)).project
    with connected(project) as over:
        if not isinstance(over, Keeping):
            raise Invalid(f"the connector to '{project.warehouse.engine}' keeps no tables: there is nothing to list")
        yield over
