"""Switchbacks: a region is treated for a while, then isn't, then is again, and serves as its own control.

For treatments that spill over between units of one place: prices, dispatch, ranking of a shared
stock. What is randomised is a region for a stretch of time, so regions (or stretches) are the
sample, however many orders fall into them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twyman.kernel.errors import Invalid, nearest
from twyman.stats.clusters.randomisation import AS_LARGE, BATCH, Randomised
from twyman.stats.clusters.sandwich import contrast
from twyman.stats.estimate import Cause, Contrast, NotEstimable
from twyman.stats.linear import Fit, least_squares

TREATED = "treated"
CARRIED = "carried over"

Vector = NDArray[np.float64]
Codes = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One row a region and period.

    Attributes:
        outcome: What came about, such as orders or a mean over them.
        treated: 1 or 0.
        region: Which region, by number.
        period: Which period, by number, counted alike in all regions.
        block: Which stretch of time was randomised as one, by number over all regions.

    See docs/explanation/clusters-and-switchbacks.md
    """

    outcome: Vector
    treated: Vector
    region: Codes
    period: Codes
    block: Codes

    @classmethod
    def of(
        cls,
        outcome: ArrayLike,
        treated: ArrayLike,
        *,
        region: ArrayLike,
        period: ArrayLike,
        block: ArrayLike | None = None,
    ) -> "Panel":
        """Build a panel from columns of any labels, sorted by region and period.

        Args:
            outcome: One number a row.
            treated: 1 or 0 a row.
            region: A label a row.
            period: A label a row, whose order is that of time.
            block: A label a row of the stretch that was randomised as one, within its region;
                where left out, each run of one treatment.

        Raises:
            Invalid: If lengths differ, a number is missing, treatment is neither 0 nor 1, or a
                region has two rows of a period.

        Example:
            >>> panel = Panel.of([3, 4, 5, 6], [0, 1, 1, 0], region=["a"] * 4, period=[0, 1, 2, 3])
            >>> panel.block.tolist()
            [0, 1, 1, 2]
        """
        y, t = np.asarray(outcome, dtype=np.float64), np.asarray(treated, dtype=np.float64)
        labels = [np.asarray(column) for column in (region, period, *([] if block is None else [block]))]
        if y.ndim != 1 or any(column.shape != y.shape for column in (t, *labels)):
            raise Invalid("columns of a panel differ in length: give one of each a region and period")
        if not np.isfinite(y).all() or not np.isin(t, (0.0, 1.0)).all():
            raise Invalid("a panel needs a finite outcome and a treatment of 0 or 1 in every row")
        codes = [np.unique(column, return_inverse=True)[1].ravel() for column in labels]
        order = np.lexsort((codes[1], codes[0]))
        where, when = codes[0][order], codes[1][order]
        if ((np.diff(where) == 0) & (np.diff(when) == 0)).any():
            raise Invalid("a region has two rows of one period: sum or average them first")
        starts = _changes(where, t[order] if block is None else codes[2][order])
        return cls(y[order], t[order], where, when, np.cumsum(starts) - 1)

    def __len__(self) -> int:
        return len(self.outcome)

    def where(self, rows: NDArray[np.bool_]) -> "Panel":
        """Return some rows, with their labels as they were."""
        return Panel(self.outcome[rows], self.treated[rows], self.region[rows], self.period[rows], self.block[rows])

    def settled(self, burn_in: int) -> "Panel":
        """Return the panel without the first periods after each switch of a region's treatment.

        What came over from the other treatment fades in them. A region's first periods stay: no
        switch came before.

        Raises:
            Invalid: If the burn-in is negative.
        """
        if burn_in < 0:
            raise Invalid(f"a burn-in of {burn_in} periods can't be: give 0 or more")
        first = _changes(self.region)
        starts = np.where(_changes(self.region, self.treated), np.arange(len(self)), 0)
        since = self.period - self.period[np.maximum.accumulate(starts)]
        opening = np.maximum.accumulate(np.where(first, np.arange(len(self)), 0))
        return self.where((since >= burn_in) | (np.maximum.accumulate(starts) == opening))

    def labels(self, cluster: str) -> Codes:
        """Return one cluster label a row: of its `region`, or of its `block`.

        Raises:
            Invalid: If there is no such cluster.
        """
        known = {"region": self.region, "block": self.block}
        if cluster not in known:
            raise Invalid(f"a switchback has no cluster '{cluster}': {nearest(cluster, known)}")
        return known[cluster]


@dataclass(frozen=True, slots=True, eq=False)
class Switchback:
    """The effect of a switchback.

    Attributes:
        effect: Treated less untreated, within regions and periods.
        rows: Rows used, after the burn-in.
        clusters: What was counted as independent, and how many there are.
        fit: The regression, with what was dropped from it.
    """

    effect: Contrast
    rows: int
    clusters: int
    fit: Fit


def switchback(
    panel: Panel, *, burn_in: int = 0, cluster: str = "region", kind: str = "CR2", df: str = "satterthwaite"
) -> Switchback | NotEstimable:
    """Estimate a switchback's effect, with fixed effects of regions and periods.

    Every row weighs the same: the effect is that on a region's period, not on an order. It is
    absolute; regions' own levels are taken out, and with them the error of a baseline, so for a
    lift give the logarithm of the outcome. Holds where the burn-in outlasts what carries over.

    Args:
        panel: One row a region and period.
        burn_in: Periods to leave out after each switch.
        cluster: `region`: a region's rows may go together however they like, the safe choice from
            six regions or so; `block`: only rows of one stretch may, for few regions.
        kind: As in `clusters.sandwich`.
        df: As in `clusters.sandwich.contrast`.

    Returns:
        The effect; or why not: too few regions, no period with both, or nothing left of treatment.

    Raises:
        Invalid: If there is no such option.

    Example:
        >>> rng = np.random.default_rng(5)
        >>> region, period = (side.ravel() for side in np.indices((8, 12)))
        >>> treated = rng.integers(0, 2, size=(8, 4)).repeat(3, axis=1).ravel()
        >>> sales = 20 + region + treated + rng.normal(size=96)
        >>> found = switchback(Panel.of(sales, treated, region=region, period=period))
        >>> low, high = found.effect.interval(0.05)
        >>> bool(low < 1 < high)
        True

    References:
        Bojinov, I., Simchi-Levi, D. and Zhao, J. (2023). Design and analysis of switchback
        experiments. Management Science 69.
        Pustejovsky, J. E. and Tipton, E. (2018). Small-sample methods for cluster-robust variance
        estimation and hypothesis testing in fixed effects models. JBES 36.

    See docs/explanation/clusters-and-switchbacks.md.
    """
    rows = panel.settled(burn_in)
    labels = rows.labels(cluster)
    fit = _fit(rows, {TREATED: rows.treated})
    if isinstance(fit, NotEstimable):
        return fit
    effect = contrast(fit, TREATED, labels, kind=kind, df=df)
    if isinstance(effect, NotEstimable):
        return effect
    return Switchback(effect, len(rows), len(np.unique(labels)), fit)


def carry_over(
    panel: Panel, *, periods: int = 1, cluster: str = "region", kind: str = "CR2"
) -> Contrast | NotEstimable:
    """Estimate what the treatment of some periods ago still does, the present one being equal.

    Far from zero, the burn-in must be longer. A quiet answer is weak comfort where the experiment
    is small: look at its interval.

    Args:
        panel: One row a region and period, before any burn-in.
        periods: How many periods ago.
        cluster: As in `switchback`.
        kind: As in `clusters.sandwich`.

    Returns:
        The lagged treatment's coefficient; or why not.

    Raises:
        Invalid: If there is no such option, or `periods` isn't positive.

    References:
        Bojinov, I., Simchi-Levi, D. and Zhao, J. (2023), as above.

    See docs/explanation/clusters-and-switchbacks.md.
    """
    if periods < 1:
        raise Invalid(f"treatment {periods} periods ago isn't the past: give 1 or more")
    earlier = {
        (int(region), int(period)): float(treated)
        for region, period, treated in zip(panel.region, panel.period, panel.treated, strict=True)
    }
    lagged = np.array(
        [earlier.get((int(r), int(p) - periods), np.nan) for r, p in zip(panel.region, panel.period, strict=True)]
    )
    known = ~np.isnan(lagged)
    rows = panel.where(known)
    fit = _fit(rows, {TREATED: rows.treated, CARRIED: lagged[known]})
    return fit if isinstance(fit, NotEstimable) else contrast(fit, CARRIED, rows.labels(cluster), kind=kind)


def redrawn(panel: Panel, *, burn_in: int = 0, draws: int = 999, seed: int = 0) -> Randomised | NotEstimable:
    """Test by redrawing which blocks of a region are treated that the treatment does nothing.

    Exact where each region's blocks were treated in an order drawn at random, so many of them
    treated. A check on the regression's p-value where regions are few.

    Args:
        panel: One row a region and period, with the blocks that were randomised.
        burn_in: As in `switchback`; the rows are those left out as it happened.
        draws: How many draws to compare with.
        seed: The same seed gives the same draws.

    Returns:
        The test; or why not.

    Raises:
        Invalid: If there are no draws, or a block was treated in part.

    See docs/explanation/clusters-and-switchbacks.md.
    """
    if draws < 1:
        raise Invalid(f"{draws} draws can't be compared with: ask for 999 or more")
    rows = panel.settled(burn_in)
    fit = _fit(rows, {})
    if isinstance(fit, NotEstimable):
        return fit
    blocks, codes = np.unique(rows.block, return_inverse=True)
    codes = codes.ravel()
    first = np.searchsorted(rows.block, blocks)
    treated = rows.treated[first]
    if (treated[codes] != rows.treated).any():
        raise Invalid("a block was treated in part: name the stretches that were randomised as `block`")
    observed = float(_effects(fit, rows.treated[:, np.newaxis])[0])
    if not np.isfinite(observed) or not fit.residuals.any():
        return NOTHING_LEFT
    rng = np.random.default_rng(seed)
    regions = [np.flatnonzero(rows.region[first] == region) for region in np.unique(rows.region)]
    larger, size = 0, max(1, BATCH // len(rows))
    for start in range(0, draws, size):
        drawn = np.tile(treated[:, np.newaxis], (1, min(size, draws - start)))
        for mine in regions:
            drawn[mine] = rng.permuted(drawn[mine], axis=0)
        found = np.abs(_effects(fit, drawn[codes]))
        larger += int((~(found < AS_LARGE * abs(observed))).sum())
    return Randomised(observed, observed, (larger + 1) / (draws + 1), draws + 1, exact=False)


NOTHING_LEFT = NotEstimable(
    Cause.COLLINEAR,
    "regions and periods tell exactly when treatment was on, so nothing is left to compare: "
    "treat some regions while others aren't",
)


def _effects(fit: Fit, treated: Vector) -> Vector:
    """Return the treatment's coefficient for columns of treatments, fixed effects being taken out of both."""
    left = treated - fit.basis @ (fit.basis.T @ treated)
    sizes = np.einsum("ij,ij->j", left, left)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(sizes > 1e-9 * len(left), left.T @ fit.residuals / sizes, np.nan)


def _fit(rows: Panel, columns: Mapping[str, Vector]) -> Fit | NotEstimable:
    if len(rows) < 2:
        return NotEstimable(Cause.TOO_FEW_UNITS, "no period is left after the burn-in: shorten it")
    effects = _indicators("region", rows.region) | _indicators("period", rows.period)
    fit = least_squares(rows.outcome, effects | dict(columns))
    return NOTHING_LEFT if any(name in columns for name, _ in fit.dropped) else fit


def _indicators(name: str, codes: Codes) -> dict[str, Vector]:
    """Return one column a level but the first."""
    return {f"{name} {level}": (codes == level).astype(np.float64) for level in np.unique(codes)[1:]}


def _changes(*columns: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Say where any of the columns differs from the row before; the first row does."""
    changed = np.ones(len(columns[0]), dtype=np.bool_)
    changed[1:] = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    return changed
