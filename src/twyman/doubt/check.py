"""One doubt, and how loud it may be.

Tiers (METHODS, Rulings 6): *note* is worth a line and never changes a verdict, *warn* wants
somebody's attention, *block* holds the decision.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

NOTE, WARN, BLOCK = 0.05, 0.01, 0.001
"""Below which p-value a check is a note, a warning, a block."""
SEARCHED = 1e-4
"""Below which p-value a check blocks that looks where nobody pointed, at days, segments and the past, and does so anew
at each reading: over ten readings one such check still holds at most one healthy experiment in a thousand."""


class Status(StrEnum):
    """How loud a check is."""

    OK = "ok"
    NOTE = "note"
    WARN = "warn"
    BLOCK = "block"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What one check saw.

    Attributes:
        code: Its stable name.
        text: What, why, what now.
        detail: The numbers behind it.
    """

    code: str
    status: Status
    text: str
    p_value: float | None = None
    metric: str | None = None
    arm: str | None = None
    detail: Mapping[str, object] = field(default_factory=dict[str, object])


def loudest_first(checks: Iterable[Check]) -> tuple[Check, ...]:
    """Return checks in the order in which they are shown; among equals, as they come."""
    order = list(Status)
    return tuple(sorted(checks, key=lambda check: -order.index(check.status)))


def tier(p_value: float, *, loudest: Status = Status.BLOCK, block: float = BLOCK) -> Status:
    """Return how loud a p-value is, but no louder than a given tier; `block` is the p-value below which it blocks.

    Example:
        >>> [str(tier(p)) for p in (0.2, 0.0125, 0.0086, 1e-9)]
        ['ok', 'note', 'warn', 'block']
        >>> str(tier(1e-9, loudest=Status.WARN)), str(tier(5e-4, block=SEARCHED))
        ('warn', 'warn')
    """
    order = list(Status)
    reached = sum(p_value < threshold for threshold in (NOTE, WARN, block))
    return order[min(reached, order.index(loudest))]


def share_text(share: float) -> str:
    """Write a share as a percentage with the digits that matter.

    Example:
        >>> share_text(0.164), share_text(0.0001234), share_text(1.0)
        ('16.4 %', '0.0123 %', '100 %')
    """
    return f"{share * 100:.3g} %"


def p_text(p_value: float) -> str:
    """Write a p-value in a sentence.

    Example:
        >>> p_text(0.0125), p_text(1e-120)
        ('p = 0.0125', 'p < 1e-15')
    """
    return f"p = {p_value:.3g}" if p_value >= 1e-15 else "p < 1e-15"
