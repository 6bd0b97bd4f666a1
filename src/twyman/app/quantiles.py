"""A quantile in one treatment against control, from the few values that were fetched by rank."""

from dataclasses import replace

from twyman.app.comparison import Comparison
from twyman.app.ports import Cell, Measured, Ranked
from twyman.metrics.metric import Metric, Quantile
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.quantile import Bracket, from_brackets, lookup, share_error

PLAIN, CLUSTERED = "quantile", "quantile-clustered"
"""What the answer calls the method: each that was drawn has one value; or several, which hang together."""

NORMAL = "wald"
"""What the answer calls the test: by the normal distribution, since the density's error is no chi-square."""

NO_STRATA = NotEstimable("quantile", "a quantile is no mean of its strata's quantiles, so it is compared without them")


def compared_quantiles(
    metric: Metric, measured: Measured, arms: tuple[str, str], of: Cell
) -> Comparison | NotEstimable:
    """Compare a quantile of a treatment with control's.

    Args:
        metric: A quantile.
        measured: What the look brought back.
        arms: Treatment and control.
        of: Any cell of the group of units compared: everybody, or a dimension's value.
    """
    cells = [replace(of, metric=metric.name, arm=arm) for arm in arms]
    ranks = [measured.ranks.get(cell) for cell in cells]
    moments = [measured.cells.get(cell) for cell in cells]
    if not isinstance(metric.kind, Quantile) or None in ranks or None in moments:
        return NotEstimable(Cause.NO_UNITS, "no unit of one of the arms has a value yet")
    treatment, control = (_bracket(one, metric.kind.share) for one in ranks if one is not None)
    pair = from_brackets(treatment, control)
    if isinstance(pair, NotEstimable):
        return _in_our_words(pair)
    left, right = (one.columns(0) for one in moments if one is not None)
    pair = replace(pair, treatment_units=left.count, control_units=right.count)
    clustered = any(one is not None and one.clusters is not None for one in ranks)
    return Comparison(pair, pair, None, left, right, CLUSTERED if clustered else PLAIN)


def without_strata(found: Comparison) -> Comparison:
    """Say why a quantile isn't compared within strata."""
    return replace(found, unstratified=NO_STRATA)


def _bracket(ranked: Ranked, share: float) -> Bracket | NotEstimable:
    error = None if ranked.clusters is None else share_error(ranked.clusters)
    if isinstance(error, NotEstimable):
        return error
    plan = lookup(ranked.count, share, sigma=error)
    return plan if isinstance(plan, NotEstimable) else plan.read(ranked.values)


def _in_our_words(why: NotEstimable) -> NotEstimable:
    """Say what a metric's owner can do about ties: what statistics would offer instead, no metric can ask for."""
    if why.code != Cause.TIED:
        return why
    what = why.text.partition(":")[0]
    return replace(why, text=f"{what}: record finer values, or compare a share instead, as a proportion does")
