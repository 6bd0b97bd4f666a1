"""What it costs to randomise groups instead of rows: intraclass correlation and design effect."""

from dataclasses import dataclass

import numpy as np

from twyman.kernel.errors import Invalid
from twyman.stats.clusters.sums import Clusters, cluster_means
from twyman.stats.estimate import Cause, NotEstimable


@dataclass(frozen=True, slots=True)
class Intraclass:
    """How alike the rows of one cluster are.

    Attributes:
        correlation: Of two rows of one cluster, by analysis of variance; may fall a little below 0.
        mean_size: Rows a cluster.
        size_variation: Standard deviation of cluster sizes over their mean.
        expected_design_effect: 1 + (mean size (1 + size variation²) - 1) correlation: how many times
            as many rows are needed as if rows had been randomised. For planning.
        design_effect: The cluster-robust variance of the difference over the variance that takes
            rows for independent, as it came out.
    """

    correlation: float
    mean_size: float
    size_variation: float
    expected_design_effect: float
    design_effect: float


def intraclass(treatment: Clusters, control: Clusters) -> Intraclass | NotEstimable:
    """Estimate how alike rows of one cluster are, within arms.

    Args:
        treatment: Treated clusters, with their `within` (`Clusters.of` keeps it).
        control: The same of control.

    Returns:
        The estimate; or why not: too few clusters, no cluster of two rows, or nothing varies.

    Raises:
        Invalid: If `within` isn't known.

    Example:
        >>> alike = Clusters.of([1, 1, 5, 5, 9, 9], list("aabbcc"))
        >>> found = intraclass(alike, alike)
        >>> found.correlation, found.expected_design_effect
        (1.0, 2.0)

    References:
        Donner, A. and Klar, N. (2000). Design and analysis of cluster randomization trials in
        health research. Arnold.

    See docs/explanation/clusters-and-switchbacks.md.
    """
    arms = (treatment, control)
    if treatment.within is None or control.within is None:
        raise Invalid("clusters without `within` don't say how rows differ: build them by `Clusters.of`")
    pair = cluster_means(treatment, control)
    if isinstance(pair, NotEstimable):
        return pair
    rows, groups = treatment.rows + control.rows, treatment.count + control.count
    inside = treatment.within + control.within
    if rows <= groups:
        return NotEstimable(Cause.TOO_FEW_UNITS, "no cluster has two rows, so rows of one can't be compared")
    between = sum(_between(arm) for arm in arms)
    typical = (rows - sum(float(arm.sizes @ arm.sizes) / arm.rows for arm in arms)) / (groups - 2)
    ms_between, ms_within = between / (groups - 2), inside / (rows - groups)
    total = ms_between + (typical - 1) * ms_within
    sizes = np.concatenate([arm.sizes for arm in arms])
    mean_size, variation = rows / groups, float(sizes.std() / sizes.mean())
    correlation = (ms_between - ms_within) / total
    naive = (between + inside) / (rows - 2) * (1 / treatment.rows + 1 / control.rows)
    return Intraclass(
        correlation=correlation,
        mean_size=mean_size,
        size_variation=variation,
        expected_design_effect=1 + (mean_size * (1 + variation**2) - 1) * correlation,
        design_effect=pair.contrast().se ** 2 / naive,
    )


def _between(arm: Clusters) -> float:
    seen = arm.sizes > 0
    means = arm.sums[seen] / arm.sizes[seen]
    return float(arm.sizes[seen] @ (means - arm.sums.sum() / arm.rows) ** 2)
