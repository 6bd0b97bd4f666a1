"""Lower bounds that say an effect of interest is out of reach; they bind nobody and borrow no error."""

import math
from collections.abc import Iterator, Sequence

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import checked_alpha
from twyman.stats.sequential.looks import FAINTEST, check_bounds, check_looks
from twyman.stats.sequential.spending import Spending
from twyman.stats.sequential.walk import Walk


def futility(
    information: Sequence[float],
    times: Sequence[float],
    z: Sequence[float],
    *,
    effect: float,
    beta: float,
    spending: Spending,
) -> tuple[float, ...]:
    """Return at each look the score below which an effect would hardly ever be, spending beta over the looks.

    Not binding: the upper bounds `z` are laid without them, so that going on below one costs no
    error. Stopping at them costs at most beta of the power that the effect would have had.

    Args:
        information: 1 / se² at each look.
        times: Share of the planned information at each, by which beta is spent.
        z: Upper bounds, as `bounds` gives; a lower bound stays at or below them.
        effect: The smallest of interest, positive, in the estimate's own units.
        beta: Chance to stop for futility although the effect is there.
        spending: How beta is spent.

    Returns:
        Lower bounds as normal deviates; -inf where a look spends nothing.

    Raises:
        Invalid: If lengths differ, information doesn't grow, or effect or beta can't be.

    Example:
        >>> from twyman.stats.sequential.spending import ObrienFleming
        >>> halves = [0.5, 1.0]
        >>> plan = futility(halves, halves, [2.963, 1.969], effect=2.807, beta=0.2, spending=ObrienFleming())
        >>> [round(low, 3) for low in plan]
        [0.509, 1.896]

    References:
        Pampallona, S., Tsiatis, A. A. and Kim, K. (2001). Interim monitoring of group sequential
        trials using spending functions for the type I and type II error probabilities. Drug
        Information Journal 35.

    See docs/explanation/group-sequential.md
    """
    check_looks(information, times, 1)
    check_bounds(information, [0.0] * len(z), [0.0] * len(information))
    if not 0 < effect < math.inf:
        raise Invalid(f"effect {effect} isn't positive: give the smallest effect that matters, and mirrored scores")
    targets = [spending.spent(time, checked_alpha(beta)) for time in times]
    lower, used = [-math.inf] * len(z), 0.0
    walk, stops = Walk.start(drift=-effect), list(_stops(targets, z))  # mirrored: what is below is above
    for look, following in zip(stops, [*stops[1:], None], strict=True):
        if targets[look] - used > FAINTEST:
            lower[look] = min(-walk.bound(information[look], targets[look] - used), z[look])
            used = targets[look]
        if following is not None:
            walk = walk.carried(information[look], -z[look], -lower[look], following=information[following])
    return tuple(lower)


def _stops(targets: Sequence[float], z: Sequence[float]) -> Iterator[int]:
    """Number the looks at which a path may end, upwards or for futility."""
    used = 0.0
    for look, target in enumerate(targets):
        if z[look] < math.inf or target - used > FAINTEST:
            used = max(used, target)
            yield look
