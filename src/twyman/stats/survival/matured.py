"""Which units' windows are over: only they may be counted in a conversion or a retention rate."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twyman.kernel.errors import Invalid


@dataclass(frozen=True, slots=True, eq=False)
class Matured:
    """The closed cohort of a look.

    The units matured at one look are matured at every later one, with the same outcomes, provided that the cut-off of
    their facts is the end of their own window. New ones come on top: a rate may move between looks because the
    population does, and information is to be counted from these units, not from those exposed.

    Attributes:
        units: For each unit, whether its window is over.
        share: Of the units exposed so far; 0 of none.
    """

    units: NDArray[np.bool_]
    share: float


def matured(exposed_at: ArrayLike, *, window: float, cut_off: float) -> Matured:
    """Return which units have had their whole window before the cut-off.

    A unit still within its window hasn't failed to convert, it hasn't had the time: counting it dilutes the rate, by
    another amount at every look. To use such units for as long as they were seen, see `kaplan_meier`.

    Args:
        exposed_at: When each unit was first exposed.
        window: How long after exposure facts count, to the window's end: 8 for activity on day 7.
        cut_off: The instant before which facts count, on the same clock.

    Raises:
        Invalid: If the window isn't a length, or a time is missing.

    Example:
        >>> matured([0, 3, 9], window=7, cut_off=10).units.tolist()
        [True, True, False]

    See docs/explanation/retention-curves.md
    """
    since = np.ravel(np.asarray(exposed_at, dtype=np.float64))
    if not 0 < window < np.inf or not np.isfinite(cut_off) or not np.isfinite(since).all():
        raise Invalid(
            f"window {window:g} until {cut_off:g} can't be over: give a length, an instant, and each exposure"
        )
    over = since + window <= cut_off
    return Matured(over, float(over.mean()) if over.size else 0.0)
