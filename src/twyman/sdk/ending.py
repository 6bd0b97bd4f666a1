"""The end of a program: what clients still hold is sent, within a bounded time."""

import atexit
import sys
from typing import Any, Protocol, cast
from weakref import WeakSet


class Ending(Protocol):
    """Something that must be finished before the program is."""

    def finish(self) -> None:
        """Send what is waiting, in a bounded time; more than once does no harm."""
        ...


_OPEN: "WeakSet[Ending]" = WeakSet()


def finish_at_exit(thing: Ending) -> None:
    """Have a thing finished when the program ends, if it is still there and `finished` hasn't been called."""
    _OPEN.add(thing)


def finished(thing: Ending) -> None:
    """Leave a thing alone: it is finished."""
    _OPEN.discard(thing)


def finish_with_worker() -> None:
    """Finish in a child of `multiprocessing`, too, which ends without the usual exit; called within the child."""
    multiprocessing = sys.modules.get("multiprocessing.util")
    if multiprocessing is not None:
        cast("Any", multiprocessing).Finalize(None, _finish_all, exitpriority=10)


@atexit.register
def _finish_all() -> None:
    for thing in list(_OPEN):
        thing.finish()
