"""One metric, one treatment against control: which estimator, and whether covariates sharpen it."""

from collections.abc import Sequence
from dataclasses import dataclass

from twyman.experiments.plan import Test
from twyman.metrics.metric import Metric, Ratio, Theta
from twyman.stats.clusters.sums import cluster_ratios
from twyman.stats.covariates import Adjusted, adjusted
from twyman.stats.difference import means
from twyman.stats.estimate import NotEstimable
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair
from twyman.stats.proportion import proportions
from twyman.stats.ratio import ratios
from twyman.stats.strata import Stratified


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two arms' means of one metric, before and after adjustment.

    Attributes:
        pair: The means that decide: adjusted where covariates help, else `raw`.
        raw: The means as they are.
        adjustment: What the covariates did over all strata; `None` where there are none.
        treatment, control: Moments of the metric's own columns.
        strata: How `pair` was compared within strata; `None` where it wasn't.
        unstratified: Why strata that the experiment names aren't used; `None` where they are, or none is named.
    """

    pair: Pair
    raw: Pair
    adjustment: Adjusted | None
    treatment: Moments
    control: Moments
    method: str
    strata: Stratified | None = None
    unstratified: NotEstimable | None = None

    @property
    def variance_reduction(self) -> float | None:
        """How much less variance the comparison has than the raw one; `None` where nothing sharpens it."""
        sharper = self.strata or self.adjustment
        return sharper.variance_reduction if sharper else None


BY_CLUSTER = "-by-cluster"


def own_columns(metric: Metric, *, clustered: bool = False) -> int:
    """Return how many of a metric's columns are its own: two of a ratio or of clusters' sums and sizes, else one."""
    return 2 if clustered or isinstance(metric.kind, Ratio) else 1


def comparison(
    metric: Metric,
    treatment: Moments,
    control: Moments,
    *,
    everyone: Sequence[Moments],
    test: Test,
    clustered: bool = False,
) -> Comparison | NotEstimable:
    """Compare two arms in one metric.

    Args:
        metric: The metric.
        treatment: Moments of the treatment: the metric's own columns, then covariates.
        control: Moments of control, the same columns.
        everyone: Moments of all arms: what covariates are centred on.
        test: Convention of variances.
        clustered: Whether moments are of clusters: their sums and sizes, then covariates.
    """
    own = own_columns(metric, clustered=clustered)
    left, right = (moments.columns(*range(own)) for moments in (treatment, control))
    raw = cluster_ratios(left, right, test=variances(test)) if clustered else _raw(metric, left, right, test)
    if isinstance(raw, NotEstimable):
        return raw
    by = BY_CLUSTER if clustered else ""
    plain = f"{_plain(metric)}{by}"
    if metric.adjustment is None or treatment.means.size == own:
        return Comparison(raw, raw, None, left, right, plain)
    pooled = sum(everyone[1:], start=everyone[0])
    made = adjusted(
        treatment, control, own=own, theta=metric.adjustment.theta.value, test=variances(test), everyone=pooled
    )
    if isinstance(made, NotEstimable) or not made.used:
        dropped = None if isinstance(made, NotEstimable) else made
        return Comparison(raw, raw, dropped, left, right, plain)
    return Comparison(made.pair, raw, made, left, right, f"{_ADJUSTED[metric.adjustment.theta]}{by}")


def _plain(metric: Metric) -> str:
    if isinstance(metric.kind, Ratio):
        return "ratio"
    return "proportion" if metric.is_binary else "difference"


_ADJUSTED = {Theta.PER_ARM: "cuped-per-arm", Theta.POOLED: "cuped-pooled"}


def _raw(metric: Metric, treatment: Moments, control: Moments, test: Test) -> Pair | NotEstimable:
    if isinstance(metric.kind, Ratio):
        return ratios(treatment, control, test=variances(test))
    if metric.is_binary:
        return proportions(treatment, control, test=test.value)
    return means(treatment, control, test=variances(test))


def variances(test: Test) -> str:
    """Return the convention for values that aren't 0 or 1, where a score test is Wald's."""
    return Test.WALD.value if test is Test.SCORE else test.value
