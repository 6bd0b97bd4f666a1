"""Which looks spend, and which looks there can be."""

import math
from collections.abc import Iterator, Sequence

from twyman.kernel.errors import Invalid

CLOSEST = 1e-4
"""Looks whose information grows by a smaller share than this are one look; their error is carried on."""


def check_looks(information: Sequence[float], times: Sequence[float], sides: int) -> None:
    """Refuse looks that can't be.

    Raises:
        Invalid: If looks and times differ in number, a number is negative or missing, or sides aren't 1 or 2.
    """
    if len(information) != len(times):
        raise Invalid(f"{len(information)} looks with {len(times)} times don't match: give one number of each a look")
    if any(not 0 <= amount < math.inf for amount in information) or any(math.isnan(time) for time in times):
        raise Invalid("information must be a number from 0 at every look: give 1 / se², and leave out looks without it")
    if sides not in (1, 2):
        raise Invalid(f"{sides} sides: a test has 1 or 2")


def spending_looks(information: Sequence[float], targets: Sequence[float]) -> Iterator[int]:
    """Number the looks that spend: more information than before, and more error."""
    known, used = 0.0, 0.0
    for look, (amount, target) in enumerate(zip(information, targets, strict=True)):
        if amount > known * (1 + CLOSEST) and target > used:
            known, used = amount, target
            yield look
