"""What a flag answers to a whole cohort, as arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from twyman.cohorts.shares import Sides
from twyman.cohorts.truth import Mask
from twyman.flags.evaluation import Reason

REASONS = tuple(Reason)
"""The reasons, each at the place that is its code."""

CODE = {reason: code for code, reason in enumerate(REASONS)}
"""Each reason's code."""

Codes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Assignments:
    """A flag's answer to each row.

    Attributes:
        flag: The flag's name.
        names: Names of variants, each at the place that is its code; the first is empty: nothing was served.
        reasons: Code of each row's reason, in `REASONS`.
        variants: Code of each row's variant, in `names`.
        rules: Place, in the flag, of the rule that served each row, or that met an id that is none; -1 for no rule.
        sides: By the place of each rule that assigned some row: the side of its split that it gave each; -1 for none.
            All but the last of a row's are fallthroughs, and so is the last where no rule served it.
        keep: By the place of each sticky rule: the rows whose assignment is to be kept.
        detail: What an error of all rows is about.
    """

    flag: str
    names: tuple[str, ...]
    reasons: Codes
    variants: Sides
    rules: Sides
    sides: Mapping[int, Sides] = field(default_factory=dict[int, Sides])
    keep: Mapping[int, Mask] = field(default_factory=dict[int, Mask])
    detail: str = ""

    @classmethod
    def alike(cls, flag: str, reason: Reason, rows: int, *, variant: str = "", detail: str = "") -> Self:
        """Return one answer to all rows."""
        names = ("", variant) if variant else ("",)
        return cls(
            flag,
            names,
            np.full(rows, CODE[reason], dtype=np.uint8),
            np.full(rows, len(names) - 1, dtype=np.int16),
            np.full(rows, -1, dtype=np.int16),
            detail=detail,
        )

    def __len__(self) -> int:
        return len(self.reasons)

    @property
    def applies(self) -> Mask:
        """Which rows are exposed by meeting the flag: those that some rule assigned."""
        found = np.zeros(len(self), dtype=np.bool_)
        for sides in self.sides.values():
            found |= sides >= 0
        return found

    @property
    def variant(self) -> "pa.DictionaryArray[Any, Any]":
        """Each row's variant by name, as Arrow has a column of few texts; empty where nothing was served."""
        return cast("Any", pa.DictionaryArray).from_arrays(self.variants, pa.array(self.names, pa.string()))

    @property
    def reason(self) -> "pa.DictionaryArray[Any, Any]":
        """Each row's reason."""
        return cast("Any", pa.DictionaryArray).from_arrays(self.reasons, pa.array(list(REASONS), pa.string()))

    def counts(self) -> dict[str, int]:
        """Return how many rows were served each variant; under the empty name, how many were served none.

        Example:
            >>> Assignments.alike("page", Reason.NO_MATCH, 3).counts()
            {'': 3}
        """
        found = np.bincount(self.variants, minlength=len(self.names))
        return {name: int(count) for name, count in zip(self.names, found, strict=True)}
