"""Two arms randomised by cluster, from one row a cluster: its sum and its size.

The mean of all rows is then the ratio of two sums over clusters. Nothing else of the rows is
needed, for CR2 neither: a mean's leverage within its arm is the cluster's share of rows.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twyman.kernel.errors import Invalid, nearest
from twyman.stats.clusters.sandwich import FACTORS, FREEDOMS, POWERS, satterthwaite
from twyman.stats.covariates import Adjusted, adjusted
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.moments import ROUNDING, Moments
from twyman.stats.pair import NO_VARIATION, Pair, too_few
from twyman.stats.ratio import ratios

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """One arm's clusters: what was summed up in each, and over how many rows.

    Attributes:
        sums: Sum of the outcome, by cluster.
        sizes: Number of rows (or any denominator), by cluster; none may be negative.
        within: Squared deviations of rows from their cluster's mean, over all clusters; `None`
            where rows were never seen.

    See docs/explanation/clusters-and-switchbacks.md
    """

    sums: Vector
    sizes: Vector
    within: float | None = None

    def __post_init__(self) -> None:
        """Freeze the numbers.

        Raises:
            Invalid: If they don't match, a number isn't finite, or a size is negative.
        """
        sums, sizes = np.array(self.sums, dtype=np.float64), np.array(self.sizes, dtype=np.float64)
        if sums.ndim != 1 or sums.shape != sizes.shape:
            raise Invalid(f"sums of shape {sums.shape} and sizes of {sizes.shape} don't match: give one of each")
        if not (np.isfinite(sums).all() and np.isfinite(sizes).all() and (sizes >= 0).all()):
            raise Invalid("a cluster's sum or size is missing, infinite or negative: give finite sums and sizes from 0")
        sums.setflags(write=False)
        sizes.setflags(write=False)
        object.__setattr__(self, "sums", sums)
        object.__setattr__(self, "sizes", sizes)

    @classmethod
    def of(cls, values: ArrayLike, labels: ArrayLike) -> "Clusters":
        """Reduce rows to their clusters.

        Raises:
            Invalid: If there isn't one label a value.

        Example:
            >>> arm = Clusters.of([1, 2, 6], ["a", "a", "b"])
            >>> arm.sums.tolist(), arm.sizes.tolist(), arm.within
            ([3.0, 6.0], [2.0, 1.0], 0.5)
        """
        y, by = np.asarray(values, dtype=np.float64), np.asarray(labels)
        if y.ndim != 1 or y.shape != by.shape:
            raise Invalid(f"{y.shape} values and {by.shape} labels don't match: give one label a value")
        _, codes = np.unique(by, return_inverse=True)
        sizes = np.bincount(codes)
        sums = np.bincount(codes, weights=y).astype(np.float64)
        deviations = y - (sums / sizes)[codes] if y.size else y
        return cls(sums, sizes.astype(np.float64), float(deviations @ deviations))

    @property
    def count(self) -> int:
        """Number of clusters."""
        return len(self.sums)

    @property
    def rows(self) -> float:
        """Rows in all of them."""
        return float(self.sizes.sum())

    def moments(self) -> Moments:
        """Return the moments of sums and sizes, the unit being the cluster."""
        return Moments.of(np.column_stack([self.sums, self.sizes]))


def cluster_means(
    treatment: Clusters, control: Clusters, *, kind: str = "CR2", df: str = "satterthwaite"
) -> Pair | NotEstimable:
    """Compare the means of rows where whole clusters were randomised.

    The same numbers, to rounding, as the regression of rows on treatment with `sandwich` errors,
    at the cost of one pass over clusters. Every row weighs the same, so a large cluster counts
    more; for the mean of cluster means give `difference.means` one mean a cluster.

    Args:
        treatment: Sums and sizes of treated clusters.
        control: The same of control.
        kind: As in `sandwich.sandwich`; `CR2` is the one for few clusters.
        df: `satterthwaite`; `clusters` for their number less two; `normal` for none.

    Returns:
        The two means and their variances, units being clusters; or why not.

    Raises:
        Invalid: If there is no such kind or df.

    Example:
        >>> treatment = Clusters([12, 20, 9, 16], [4, 7, 3, 5])
        >>> control = Clusters([8, 14, 11, 7], [4, 6, 5, 4])
        >>> pair = cluster_means(treatment, control)
        >>> f"{pair.contrast().estimate:.3f} +- {pair.contrast().se:.3f} on {pair.df:.1f}"
        '0.895 +- 0.156 on 5.6'

    References:
        Bell, R. M. and McCaffrey, D. F. (2002). Bias reduction in standard errors for linear
        regression with multi-stage samples. Survey Methodology 28.

    See docs/explanation/clusters-and-switchbacks.md.
    """
    for asked, known in ((kind, tuple(POWERS)), (df, FREEDOMS)):
        if asked not in known:
            raise Invalid(f"there is no '{asked}' for clusters: {nearest(asked, known)}")
    arms = (_filled(treatment), _filled(control))
    refusal = _refusal(arms, kind)
    if refusal:
        return refusal
    parts = [_arm(arm, POWERS[kind]) for arm in arms]
    groups = arms[0].count + arms[1].count
    factor = FACTORS[kind](groups, round(arms[0].rows + arms[1].rows), 2) if kind in FACTORS else 1.0
    if not (parts[0].variance or parts[1].variance):
        return NO_VARIATION
    by_name = {"satterthwaite": _df(parts), "clusters": groups - 2.0, "normal": None}
    return Pair(
        treatment=parts[0].mean,
        control=parts[1].mean,
        treatment_variance=factor * parts[0].variance,
        control_variance=factor * parts[1].variance,
        df=by_name[df],
        treatment_units=arms[0].count,
        control_units=arms[1].count,
        method=f"clusters, {kind}",
    )


def cluster_ratios(treatment: Moments, control: Moments, *, test: str = "welch") -> Pair | NotEstimable:
    """Compare the means of rows from moments of clusters alone, adjusted for cluster-level covariates.

    The ratio metric with the cluster as its unit: each arm's CR0 variance times G_g / (G_g - 1),
    and Welch's degrees of freedom by clusters. Below 40 clusters or so, or where their sizes differ
    much, use `cluster_means`, which corrects for both.

    Args:
        treatment: Moments of sum, size and any covariates, by cluster. A covariate that grows with
            the cluster (a sum from before) is best divided by its size first.
        control: The same of control.
        test: `welch`, or `wald` for normal quantiles; `student` without covariates.

    Returns:
        The pair, units being clusters; or why not.

    Raises:
        Invalid: If there is no such test, or columns don't match.

    References:
        Deng, A., Knoblich, U. and Lu, J. (2018). Applying the delta method in metric analytics.
        KDD 2018.

    See docs/explanation/clusters-and-switchbacks.md.
    """
    if treatment.means.size == control.means.size == 2:
        made: Pair | Adjusted | NotEstimable = ratios(treatment, control, test=test)
    else:
        made = adjusted(treatment, control, own=2, test=test)
    if isinstance(made, NotEstimable):
        return made
    pair = made.pair if isinstance(made, Adjusted) else made
    return replace(pair, method=f"clusters, {pair.method}")


@dataclass(frozen=True, slots=True, eq=False)
class _Arm:
    """A mean, its sandwich variance, and what Satterthwaite's degrees of freedom need."""

    mean: float
    variance: float
    own: Vector
    loads: Vector


def _arm(arm: Clusters, power: float) -> _Arm:
    rows = arm.rows
    mean = float(arm.sums.sum()) / rows
    shares = arm.sizes / rows
    weights = (1 - shares) ** power
    scores = weights * (arm.sums - mean * arm.sizes) / rows
    terms = float((arm.sums / rows) @ (arm.sums / rows)) + mean * mean * float(shares @ shares)
    variance = float(scores @ scores)
    return _Arm(
        mean=mean,
        variance=variance if variance > ROUNDING**2 * terms else 0.0,
        own=weights**2 * shares / rows,
        loads=(weights * shares / np.sqrt(rows))[:, np.newaxis],
    )


def _df(parts: list[_Arm]) -> float:
    own = np.concatenate([part.own for part in parts])
    loads = np.zeros((own.size, 2))
    loads[: parts[0].own.size, :1] = parts[0].loads
    loads[parts[0].own.size :, 1:] = parts[1].loads
    return satterthwaite(own, loads)


def _filled(arm: Clusters) -> Clusters:
    """Leave out clusters without rows: they say nothing of a mean over rows."""
    seen = arm.sizes > 0
    if (arm.sums[~seen] != 0).any():
        raise Invalid("a cluster of size 0 has a sum: count the rows that were summed")
    return Clusters(arm.sums[seen], arm.sizes[seen], arm.within)


def _refusal(arms: tuple[Clusters, Clusters], kind: str) -> NotEstimable | None:
    few = too_few(arms[0].count, arms[1].count)
    if few:
        return NotEstimable(few.code, few.text.replace("units", "clusters"))
    if kind == "CR1P" and arms[0].count + arms[1].count < 3:
        return NotEstimable(Cause.TOO_FEW_UNITS, "two clusters leave nothing to measure noise by: randomise more")
    return None
