"""Contexts that stand for everybody who may ask, as the launch gate sees them: a port."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from twyman.flags.state import State

Places = NDArray[np.signedinteger[Any]]
"""A place in some list for each context; -1 for none."""

Mask = NDArray[np.bool_]
"""A truth for each context."""

Rows = NDArray[np.intp]
"""Some of the contexts."""


class Answers(Protocol):
    """What a flag answers to each context.

    Attributes:
        names: Names of variants; the first is empty: nothing was served.
        variants: Place of each context's variant among the names.
        sides: By the place of each rule that assigned anybody: the side of its split, -1 for none.
        applies: Which contexts some rule assigned.
    """

    @property
    def names(self) -> tuple[str, ...]: ...  # noqa: D102 - above
    @property
    def variants(self) -> Places: ...  # noqa: D102
    @property
    def sides(self) -> Mapping[int, Places]: ...  # noqa: D102
    @property
    def applies(self) -> Mask: ...  # noqa: D102


class Sample(Protocol):
    """Contexts, and what flags answer to them."""

    @property
    def text(self) -> str:
        """Say where they come from."""
        ...

    def __len__(self) -> int: ...

    def under(self, state: State, environments: tuple[str, ...] = ()) -> Callable[[str], Answers]:
        """Return what answers as a flag of a state, by its name, to who asks from some environments."""
        ...

    def units(self, by: str) -> Places:
        """Return a number for each context's unit by a path, the same for the same; -1 where it has none."""
        ...

    def markets(self, rows: Rows | None = None) -> Mapping[str, int]:
        """Count some contexts, or all, by market; empty where nothing says."""
        ...

    def newness(self, rows: Rows) -> Mapping[str, int]:
        """Count contexts of new and of existing units, as `new` and `existing`; empty where nothing says."""
        ...

    def lacking(self, attributes: Iterable[str]) -> tuple[str, ...]:
        """Return which attributes no context has."""
        ...
