"""What lives on in a forked child: threads are gone there, and locks may be held by nobody."""

import os
from typing import Protocol
from weakref import WeakSet


class Forked(Protocol):
    """Something that must be put right in a child."""

    def after_fork(self) -> None:
        """Drop what belongs to the parent, make locks anew; start nothing."""
        ...


_ALIVE: "WeakSet[Forked]" = WeakSet()


def put_right_after_fork(thing: Forked) -> None:
    """Have a thing put right in every child forked from now on, for as long as it lives."""
    _ALIVE.add(thing)


def _after_fork_in_child() -> None:
    for thing in list(_ALIVE):
        thing.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
