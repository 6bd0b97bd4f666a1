"""Whether each row meets a criterion: it does, it doesn't, or the criterion is broken for it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
"""One truth a row."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What a criterion says of each row.

    Attributes:
        holds: Where it holds.
        broken: Where it can't be understood, which is nowhere that it holds; `None` for nowhere at all.
    """

    holds: Mask
    broken: Mask | None = None

    @classmethod
    def everywhere(cls, rows: int, *, holds: bool) -> "Truth":
        """Say the same of all rows."""
        return cls(np.full(rows, holds))

    @classmethod
    def broken_everywhere(cls, rows: int) -> "Truth":
        """Say that nothing can be said."""
        return cls(np.zeros(rows, dtype=np.bool_), np.ones(rows, dtype=np.bool_))


def joined(one: Mask | None, other: Mask | None) -> Mask | None:
    """Return where either is; `None` is nowhere."""
    if one is None or other is None:
        return other if one is None else one
    return one | other
