"""Which connections to engines this process has open, so that whoever stops it ends what they run.

Loads nothing heavy: the terminal listens for signals before it knows what it is asked for.
"""

import contextlib
from typing import Protocol, TypeVar
from weakref import WeakSet


class Endable(Protocol):
    """Whatever runs statements."""

    def cancel(self) -> None:
        """End what is running, from another thread."""
        ...


_E = TypeVar("_E", bound=Endable)
_OPEN: WeakSet[Endable] = WeakSet()


def noted(connection: _E) -> _E:
    """Note a connection that was opened, and return it; it is forgotten once nobody holds it."""
    with contextlib.suppress(TypeError):  # some can't be referred to weakly; theirs ends with the process
        _OPEN.add(connection)
    return connection


def end_all() -> None:
    """End what runs on any of them; one that can't be reached doesn't keep the others from it."""
    for connection in list(_OPEN):
        with contextlib.suppress(Exception):
            connection.cancel()
