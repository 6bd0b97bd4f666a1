"""What is fixed of a sequential test before its first look, and the names of spending functions on paper."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import checked_alpha
from twyman.stats.sequential.spending import (
    BothSides,
    HwangShihDecani,
    ObrienFleming,
    Pocock,
    PowerSpending,
    Spending,
    Tabulated,
    check_sides,
)

Written = dict[str, Any]
"""JSON of a value."""


def written(spending: Spending) -> Written:
    """Return a spending function as it is written down.

    Raises:
        Invalid: If it can't be, being a function of the user's own.

    Example:
        >>> written(PowerSpending(2))
        {'family': 'power', 'parameter': 2.0}

    See docs/explanation/group-sequential.md
    """
    match spending:
        case PowerSpending(rho):
            return {"family": "power", "parameter": float(rho)}
        case HwangShihDecani(gamma):
            return {"family": "hwang_shih_decani", "parameter": float(gamma)}
        case ObrienFleming():
            return {"family": "obrien_fleming"}
        case Pocock():
            return {"family": "pocock"}
        case Tabulated(times, shares):
            return {"family": "tabulated", "times": [*map(float, times)], "shares": [*map(float, shares)]}
        case BothSides(family):
            return {"family": "both_sides", "of": written(family)}
        case _:
            raise Invalid(f"{spending!r} can't be written down: tabulate it, at the times that matter")


def spending_of(paper: Mapping[str, Any]) -> Spending:
    """Return the spending function that was written down.

    Raises:
        Invalid: If it has no known name, or its numbers can't be.

    Example:
        >>> spending_of({"family": "power", "parameter": 2.0})
        PowerSpending(rho=2.0)

    See docs/explanation/group-sequential.md
    """
    match paper:
        case {"family": "power", "parameter": float(rho)}:
            return PowerSpending(rho)
        case {"family": "hwang_shih_decani", "parameter": float(gamma)}:
            return HwangShihDecani(gamma)
        case {"family": "obrien_fleming"}:
            return ObrienFleming()
        case {"family": "pocock"}:
            return Pocock()
        case {"family": "tabulated", "times": times, "shares": shares}:
            return Tabulated(tuple(map(float, times)), tuple(map(float, shares)))
        case {"family": "both_sides", "of": inner}:
            return BothSides(spending_of(inner))
        case _:
            raise Invalid(
                f"{dict(paper)} is no spending function: name power, hwang_shih_decani, obrien_fleming, pocock, "
                "tabulated or both_sides, with its numbers"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SequentialPlan:
    """What is fixed before the first look.

    Attributes:
        spending: How error is spent, by side.
        alpha: Error of all looks and sides together.
        planned: 1 / se² at which all of it is spent.
        sides: 2 for symmetric bounds, 1 for an upper bound only.
        null: Effect that is tested against, in the estimate's units.

    See docs/explanation/group-sequential.md
    """

    spending: Spending
    alpha: float
    planned: float
    sides: int = 2
    null: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a plan that can't be.

        Raises:
            Invalid: If alpha is no probability, sides aren't 1 or 2, or the planned information isn't positive.
        """
        checked_alpha(self.alpha)
        check_sides(self.spending, self.sides)
        if not (0 < self.planned < math.inf and math.isfinite(self.null)):
            raise Invalid(f"planned information {self.planned} against {self.null} isn't a plan: give 1 / se² to reach")

    @property
    def digest(self) -> str:
        """A short name of the plan: another plan has another.

        Raises:
            Invalid: If its spending is a function of the user's own, which can't be written down.
        """
        text = json.dumps(self.as_written(), sort_keys=True, separators=(",", ":"))
        return sha256(text.encode()).hexdigest()[:16]

    def as_written(self) -> Written:
        """Return the plan in words and numbers.

        Raises:
            Invalid: As `digest`.
        """
        return {
            "spending": written(self.spending),
            "alpha": float(self.alpha),
            "planned": float(self.planned),
            "sides": self.sides,
            "null": float(self.null),
        }
