"""How large an effect can be at all: by what the change reaches, and beside what mightier changes did."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from twyman.metrics.metric import Reference


class Bound(StrEnum):
    """What a ceiling rests on."""

    MECHANICAL = "mechanical"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Limit:
    """A ceiling that nobody had to guess: an effect on the improving side, relative to control, and why."""

    kind: Bound
    at: float
    because: str


def mechanical_ceiling(share: float, baseline: float, overall: float, *, improving: int = 1) -> float:
    """Return the largest relative effect on a proportion that a change with this reach can have.

    Where all whom the change reaches come to count, a proportion rises by g (1 - r_g); where none counts any more,
    it falls by g r_g (METHODS, Rulings 4).

    Args:
        share: Share of the units that meet the change, g.
        baseline: Share of those that count without it, r_g.
        overall: Share of all units that count without it, r; above zero.
        improving: +1 for the largest rise, -1 for the largest fall.

    Example:
        >>> f"{mechanical_ceiling(0.12, 0.8, 0.6):+.0%} {mechanical_ceiling(0.12, 0.8, 0.6, improving=-1):+.0%}"
        '+4% -16%'
    """
    room = 1 - baseline if improving > 0 else baseline
    return improving * share * room / overall


def reference_ceilings(references: Iterable[Reference], change: str) -> list[Limit]:
    """Return what changes of other classes did: a change of this class shouldn't beat them.

    Example:
        >>> ads = Reference("advertising", 0.07, "advertising was removed altogether")
        >>> [limit.at for limit in reference_ceilings([ads], "layout")], reference_ceilings([ads], "advertising")
        ([0.07], [])
    """
    return [
        Limit(Bound.REFERENCE, one.lift, one.because)
        for one in references
        if one.change.casefold() != change.casefold()
    ]


def is_beyond(limit: Limit, near: float | None, *, improving: int) -> bool:
    """Whether the whole interval lies beyond a ceiling: an estimate alone may be there by chance.

    Args:
        limit: The ceiling.
        near: The interval's end nearest to no effect on the improving side; `None` where there is none.
        improving: +1 where more is better, -1 where less is.
    """
    return near is not None and improving * (near - limit.at) > 0
