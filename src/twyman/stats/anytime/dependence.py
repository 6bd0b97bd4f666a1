"""Do two assignments know of each other? Seen within two dozen units, at every look.

Two experiments that share units are told apart only if one's assignment says nothing of the other's.
Where it says something, each one's effect leaks into the other's estimate; where it says everything,
no analysis can separate them.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twyman.kernel.errors import Invalid
from twyman.stats.anytime.evalues import average, p_of_log_e
from twyman.stats.anytime.gammas import multinomial_log_bf
from twyman.stats.anytime.mixture import rate_for
from twyman.stats.estimate import Cause, NotEstimable, checked_alpha

TUNED_FOR = 50
"""Units at which the interval of the association is narrowest: when one wants to know of aliasing."""

ALIASED = 0.95
"""From this association on, two assignments can't be told apart."""

JEFFREYS = 0.5
"""Prior units of each cell: half a unit."""

Table = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Dependence:
    """How much one assignment says of another.

    Attributes:
        log_e: Natural logarithm of the e-value against independence: what `evalues.e_bh` takes.
        p_value: Always-valid p-value of this look; the smallest over looks is valid too.
        log10_p: Its decimal logarithm, where it is below 1e-300.
        v: Cramér's V: 0 where independent, 1 where one assignment fixes the other.
        v_lower: Its lower confidence bound, valid at every look: bands apply to this. 0 unless the p-value
            is at most alpha.
        leak: Share of the first column in the first row less that in the second, of those with units;
            with more than two of either, the largest such difference between any two rows.
        aliased: Whether the p-value is at most alpha, and one assignment fixes the other: in all units
            seen, or `v_lower` is above 0.95. Two such assignments can't be told apart.
    """

    log_e: float
    p_value: float
    log10_p: float | None
    v: float
    v_lower: float
    leak: float
    aliased: bool


def dependence(table: ArrayLike, *, alpha: float = 0.001, none: int | None = None) -> Dependence | NotEstimable:
    """Test whether two assignments are independent, whatever the shares of each, at every look.

    A bet on any dependence at all, against the best that independence can offer, taken both ways round
    (rows given columns, columns given rows) and averaged. Where a column holds the units that met no arm of the other
    at all, half is bet on those who did: a leak among them says nothing of who meets any. `v_lower` is asymptotic;
    `log_e` is exact.

    Args:
        table: Units by arm of one experiment (rows) and of the other (columns): every arm that there
            is, also those without units yet.
        alpha: Error of `v_lower` and of calling a pair aliased, over all looks.
        none: The column of units that met no arm of the other, where there is one.

    Returns:
        The answer; or why not, where units lie in one row or one column only.

    Raises:
        Invalid: If the table isn't a table of counts, `none` is no column of it, or alpha no probability.

    Example:
        >>> pair = dependence([[12, 0], [0, 12]])
        >>> f"p = {pair.p_value:.6f}, V = {pair.v:.0f} >= {pair.v_lower:.2f}, leak {pair.leak:+.0%}", pair.aliased
        ('p = 0.000002, V = 1 >= 0.13, leak +100%', True)

    References:
        Wasserman, L., Ramdas, A. and Balakrishnan, S. (2020). Universal inference. PNAS 117.
        Turner, R. J., Ly, A. and Grünwald, P. D. (2024). Generic E-variables for exact sequential
        k-sample tests that allow for optional stopping. JSPI 230.

    See docs/explanation/sample-ratio.md
    """
    checked_alpha(alpha)
    whole = _counts(table)
    if none is not None and not 0 <= none < whole.shape[1]:
        raise Invalid(f"column {none} of who met none isn't in a table of {whole.shape[1]} columns: count from 0")
    seen = whole[whole.sum(axis=1) > 0][:, whole.sum(axis=0) > 0]
    if min(seen.shape) < 2:
        return NotEstimable(
            Cause.ONE_ARM,
            "all units lie in one arm of one of the two, so it can't depend on the other: wait for units in two",
        )
    bets = [_bet(whole)] if none is None else [_bet(whole), _bet(np.delete(whole, none, axis=1))]
    log_e = average(bets)
    p_value, log10_p = p_of_log_e(log_e)
    v, v_lower = _association(seen, alpha)
    v_lower = v_lower if p_value <= alpha else 0.0  # what is asymptotic never says more than what is exact
    fixed = min(np.count_nonzero(seen, axis=0).max(), np.count_nonzero(seen, axis=1).max()) == 1
    return Dependence(
        log_e, p_value, log10_p, v, v_lower, _leak(seen), p_value <= alpha and bool(fixed or v_lower > ALIASED)
    )


def _bet(table: Table) -> float:
    """Return the logarithm of the e-value of a table, taken both ways round; of a single column 0: nothing is bet."""
    return average([_log_e(table), _log_e(table.T)]) if table.shape[1] > 1 else 0.0


def _log_e(table: Table) -> float:
    """Bet on each row having shares of its own, against all rows having the same, the best for these data."""
    columns = table.shape[1]
    even = [1 / columns] * columns
    own = math.fsum(multinomial_log_bf(row.tolist(), even, JEFFREYS * columns) for row in table)
    totals = table.sum(axis=0)
    totals = totals[totals > 0]
    best = float(totals @ np.log(totals * columns / totals.sum()))
    return own - best


def _association(seen: Table, alpha: float) -> tuple[float, float]:
    """Return Cramér's V, and how large it is at least: its length in standard errors less a mixture's radius."""
    units = float(seen.sum())
    expected = np.outer(seen.sum(axis=1), seen.sum(axis=0)) / units
    chi_square = float(((seen - expected) ** 2 / expected).sum())
    rows, columns = seen.shape
    df, most = (rows - 1) * (columns - 1), units * min(rows - 1, columns - 1)
    weight = rate_for(TUNED_FOR, alpha=alpha) * units
    radius = math.sqrt((1 + 1 / weight) * (df * math.log1p(weight) - 2 * math.log(alpha)))
    return math.sqrt(chi_square / most), max(math.sqrt(chi_square) - radius, 0.0) / math.sqrt(most)


def _leak(seen: Table) -> float:
    shares = seen / seen.sum(axis=1, keepdims=True)
    if seen.shape == (2, 2):
        return float(shares[0, 0] - shares[1, 0])
    return float((shares.max(axis=0) - shares.min(axis=0)).max())


def _counts(table: ArrayLike) -> Table:
    counts = np.asarray(table, dtype=np.float64)
    if counts.ndim != 2 or not (counts >= 0).all() or not np.isfinite(counts).all():
        raise Invalid(f"table {table} isn't one of units by arm and arm: give rows of counts from 0, of one length")
    return counts
