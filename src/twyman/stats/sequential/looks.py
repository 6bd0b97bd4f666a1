"""Which looks spend, and which looks there can be."""

import math
from collections.abc import Iterator, Sequence

from twyman.kernel.errors import Invalid

CLOSEST = 1e-4
"""Looks whose information grows by a smaller share than this are one look; their error is carried on."""

FAINTEST = 1e-290
"""Error increments below this have no critical value that a float could hold: they too are carried on."""


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


def check_bounds(information: Sequence[float], upper: Sequence[float], lower: Sequence[float]) -> None:
    """Refuse bounds that no statistic could walk between.

    Raises:
        Invalid: If lengths differ, a bound is missing, or information doesn't grow from bound to bound.
    """
    if not len(information) == len(upper) == len(lower) > 0:
        raise Invalid(
            f"{len(information)} looks with {len(upper)} upper and {len(lower)} lower bounds: give one of each a look"
        )
    if any(math.isnan(bound) for bound in (*upper, *lower)):
        raise Invalid("a bound that is no number can't be crossed: give infinity where a look has none")
    known = 0.0
    for amount, high, low in zip(information, upper, lower, strict=True):
        if high == math.inf and low == -math.inf:
            continue
        if not known < amount < math.inf:
            raise Invalid(f"information {amount} after {known} doesn't grow: give 1 / se² of looks that add data")
        known = amount


def spending_looks(information: Sequence[float], targets: Sequence[float]) -> Iterator[int]:
    """Number the looks that spend: enough more information than before, and more error."""
    known, used = 0.0, 0.0
    for look, (amount, target) in enumerate(zip(information, targets, strict=True)):
        if amount > known * (1 + CLOSEST) and target - used > FAINTEST:
            known, used = amount, target
            yield look
