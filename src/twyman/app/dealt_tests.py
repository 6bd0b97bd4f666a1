"""One metric's test in every deal: the comparison that an analysis would make, of arms that don't differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from twyman.app.comparison import Comparison, comparison
from twyman.app.family import counted
from twyman.experiments.plan import Test
from twyman.metrics.metric import Metric
from twyman.stats.buckets import Buckets, Truths
from twyman.stats.estimate import NotEstimable
from twyman.stats.tails import two_sided_of

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Tests:
    """A metric's test, a number a deal; deals in which it couldn't be made reject nothing.

    Attributes:
        estimates, errors: Differences, and the standard errors that the test believes; NaN where it couldn't be made.
        p_values: Two-sided; 1 where it couldn't be made.
        scores: The same as normal deviates, signed.
        units: Units of both arms that bounds may count, the fewest of all deals.
        taken: Units that the metric takes.
    """

    __test__ = False  # not for pytest

    estimates: Vector
    errors: Vector
    p_values: Vector
    scores: Vector
    units: int
    taken: int
    method: str

    @property
    def scatter(self) -> float:
        """Variance of the estimates about 0, over the variance that the test believes on average."""
        believed = float(np.nanmean(self.errors**2))
        return float(np.nanmean(self.estimates**2)) / believed if believed else 1.0

    @property
    def information(self) -> float:
        """One over the squared standard error, over the deals' average variance."""
        return 1 / float(np.nanmean(self.errors**2))


def aa_tests(
    metric: Metric, buckets: Buckets, arms: tuple[Truths, Truths], *, test: Test, clustered: bool
) -> Tests | None:
    """Return a metric's test in every deal; `None` where none could be made.

    Args:
        metric: The metric.
        buckets: Its moments by bucket.
        arms: Of each deal, the buckets of treatment and those of control.
        test: Convention of variances.
        clustered: Whether moments are of clusters.
    """
    everyone = [buckets.pooled()]
    pairs = zip(*(buckets.dealt(arm) for arm in arms), strict=True)
    found = [
        comparison(metric, treatment, control, everyone=everyone, test=test, clustered=clustered)
        for treatment, control in pairs
    ]
    made = [one for one in found if isinstance(one, Comparison)]
    if not made or not any(one.pair.contrast().se > 0 for one in made):
        return None
    contrasts = [None if isinstance(one, NotEstimable) else one.pair.contrast() for one in found]
    estimates, errors = (
        np.array([np.nan if one is None else getattr(one, name) for one in contrasts]) for name in ("estimate", "se")
    )
    usable = errors > 0
    statistics = np.where(usable, estimates / np.where(usable, errors, 1.0), 0.0)
    dfs = np.array([np.inf if one is None or one.df is None else one.df for one in contrasts])
    return Tests(
        estimates=estimates,
        errors=errors,
        p_values=np.where(usable, two_sided_of(statistics, dfs)[0], 1.0),
        scores=np.array([0.0 if isinstance(one, NotEstimable) else one.pair.score() for one in found]),
        units=min((counted(one, metric) for one in made), default=0),
        taken=everyone[0].count,
        method=made[0].method,
    )


def whole(days: Sequence[Buckets]) -> Buckets:
    """Return the moments by bucket over several days."""
    return reduce(Buckets.__add__, days)
