"""Compare two arms within strata, where an experiment names some and there are units enough."""

from collections.abc import Mapping
from dataclasses import replace

from msgspec import json

from twyman.app.comparison import BY_CLUSTER, Comparison, own_columns, variances
from twyman.app.ports import OTHER_STRATA, SEVERAL_STRATA, Measured
from twyman.experiments.plan import Test
from twyman.metrics.metric import Metric, Theta
from twyman.stats.estimate import NotEstimable
from twyman.stats.moments import Moments
from twyman.stats.strata import post_stratified

UNITS_A_STRATUM = 50
"""With fewer units a stratum, on average, strata cost more than they give."""

PLAIN = "post-stratified"
ADJUSTED = {Theta.PER_ARM: "post-stratified-cuped-per-arm", Theta.POOLED: "post-stratified-cuped-pooled"}


def in_strata(
    metric: Metric,
    plain: Comparison,
    treatment: Mapping[str, Moments],
    control: Mapping[str, Moments],
    *,
    test: Test,
    clusters: str = "",
) -> Comparison:
    """Return the comparison made within strata; the plain one, with the reason, where that can't be.

    Covariates are adjusted for within strata, those that the plain comparison uses.

    Args:
        metric: The metric.
        plain: The comparison without strata.
        treatment: Moments of the treatment by stratum: the metric's own columns, then covariates.
        control: The same of control; a stratum may be missing in either.
        test: Convention of variances.
        clusters: What was drawn, where moments are of clusters: their sums and sizes, then covariates.
    """
    number, of = len({*treatment, *control}), f"clusters ({clusters})" if clusters else "units"
    units = sum(moments.count for side in (treatment, control) for moments in side.values())
    if number <= 1:
        return replace(plain, unstratified=NotEstimable("one_stratum", "all its units are of one stratum"))
    if number * UNITS_A_STRATUM > units:
        few = (
            f"{units:,} {of} are too few for {number:,} strata (at least {UNITS_A_STRATUM} a stratum, on average): "
            f"name fewer or coarser strata, or wait for {of}"
        )
        return replace(plain, unstratified=NotEstimable("too_many_strata", few))
    own = own_columns(metric, clustered=bool(clusters))
    used = plain.adjustment.used if plain.adjustment else ()
    kept = (*range(own), *(own + index for index in used))
    sides = [{name: moments.columns(*kept) for name, moments in side.items()} for side in (treatment, control)]
    theta = metric.adjustment.theta if metric.adjustment else Theta.PER_ARM
    made = post_stratified(*sides, own=own, theta=theta.value, test=variances(test))
    if isinstance(made, NotEstimable):
        return replace(plain, unstratified=made)
    if len(made.strata) == 1:
        alone = "only one stratum has two units in each arm"
        return replace(plain, unstratified=NotEstimable("one_stratum", alone))
    inside = any(stratum.pair.method.startswith("cuped") for stratum in made.strata)
    method = f"{ADJUSTED[theta] if inside else PLAIN}{BY_CLUSTER if clusters else ''}"
    return replace(plain, pair=made.pair, method=method, strata=made)


def of_arm(measured: Measured, metric: str, arm: str) -> dict[str, Moments]:
    """Return a metric's moments in an arm, by stratum."""
    return {key[2]: moments for key, moments in measured.strata.items() if key[:2] == (metric, arm)}


def stratum_text(stratum: str) -> str:
    """Return a stratum as people read it.

    Example:
        >>> stratum_text('["NZ",null]'), stratum_text("[]"), stratum_text("{}")
        ('NZ · (none)', '(other)', '(several)')
    """
    if stratum in (OTHER_STRATA, SEVERAL_STRATA):
        return "(other)" if stratum == OTHER_STRATA else "(several)"
    return " · ".join("(none)" if value is None else str(value) for value in json.decode(stratum))
