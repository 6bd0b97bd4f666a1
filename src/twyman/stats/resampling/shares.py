"""Where a number lies among replicates, and which number lies at a share of them: each other's exact inverse.

That is what makes an interval and its p-value agree: the interval's end is at a share, and the p-value is the share at
which the null lies.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def share_at_most(ordered: Array, x: float) -> float:
    """Return the share of replicates up to `x`, a straight line between neighbours; never 0, as chance has no zero."""
    rank = int(np.searchsorted(ordered, x, side="right"))
    if rank == 0:
        return 1 / (ordered.size + 1)
    if rank == ordered.size:
        return ordered.size / (ordered.size + 1) if ordered[-1] == x else 1.0
    below, above = float(ordered[rank - 1]), float(ordered[rank])
    return (rank + (x - below) / (above - below)) / (ordered.size + 1)


def share_at_least(ordered: Array, x: float) -> float:
    """Return the share of replicates from `x` on."""
    return share_at_most(-ordered[::-1], -x)


def at_share(ordered: Array, share: float) -> float:
    """Return the number up to which a share of replicates lies, between 1 / (R + 1) and R / (R + 1).

    Example:
        >>> at_share(np.array([1.0, 2.0, 4.0]), 0.5)
        2.0
    """
    rank = share * (ordered.size + 1)
    return float(np.interp(rank, np.arange(1, ordered.size + 1), ordered))
