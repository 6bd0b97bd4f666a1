"""Quantiles of rounded values: by the mid-distribution, which shares each tie out evenly.

Latencies in whole milliseconds, ratings and counts have few distinct values. The plain quantile then sits on one of
them, whatever the treatment does, until it jumps; its interval collapses. The mid-distribution counts half of the
values equal to x as below x, and goes straight from one distinct value to the next.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import Cause, NotEstimable, checked_alpha
from twyman.stats.moments import Moments
from twyman.stats.quantile.bracket import Bracket, share_error
from twyman.stats.quantile.sample import Vector
from twyman.stats.tails import critical_value


def mid_bracket(
    values: ArrayLike,
    q: float,
    *,
    counts: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    alpha: float = 0.05,
) -> Bracket | NotEstimable:
    """Return the mid-distribution quantile of values, and the values about it.

    Without ties it is R's type 5. Holds where values, or clusters of them, are independent; breaks beyond the middle of
    the first or last distinct value, which it refuses.

    Args:
        values: One number each, or one each distinct value.
        q: Share of values below.
        counts: How many values each one stands for: what `group by` gives. Not together with `clusters`.
        clusters: Which cluster each value belongs to.
        alpha: The ends are those of the interval of coverage 1 - alpha.

    Returns:
        The bracket; or why not.

    Raises:
        Invalid: If lengths differ, a value is missing, or `q` isn't strictly between 0 and 1.

    Example:
        >>> ratings, how_many = [1, 2, 3, 4, 5], [100, 200, 400, 200, 100]
        >>> bracket = mid_bracket(ratings, 0.6, counts=how_many)
        >>> f"{bracket.value:.3f} ± {bracket.se:.3f}"
        '3.333 ± 0.037'

    References:
        Ma, Y., Genton, M. G. and Parzen, E. (2011). Asymptotic properties of sample quantiles of discrete
        distributions. Annals of the Institute of Statistical Mathematics 63.

    See docs/explanation/quantiles.md
    """
    if not 0 < q < 1:
        raise Invalid(f"quantile {q} has no interval: give a share between 0 and 1, such as 0.9")
    if counts is not None and clusters is not None:
        raise Invalid("values counted together have no cluster each: give counts or clusters")
    distinct, place, tally = _tally(values, counts)
    total = float(tally.sum())
    if distinct.size < 2:
        return NotEstimable(Cause.NO_VARIATION, "all values are the same: check that the metric is recorded")
    levels = (np.cumsum(tally) - tally / 2) / total
    scores = _scores(levels, q)
    error = _error(scores, tally) if clusters is None else _clustered_error(scores[place], clusters)
    if isinstance(error, NotEstimable):
        return error
    reach = critical_value(checked_alpha(alpha) / 2) * error
    ends = np.array([q - reach, q, q + reach])
    if ends[0] < levels[0] or ends[2] > levels[-1]:
        return NotEstimable(
            Cause.TOO_EXTREME,
            f"the interval of the {q:g} quantile lies within the first or last distinct value: "
            "wait for more values, or compare shares instead",
        )
    lower, value, upper = np.interp(ends, levels, distinct).tolist()
    return Bracket(q=q, count=round(total), value=value, lower=lower, upper=upper, reach=reach, sigma=error)


def _tally(values: ArrayLike, counts: ArrayLike | None) -> tuple[Vector, NDArray[np.intp], Vector]:
    column = np.asarray(values, dtype=np.float64).ravel()
    weights = np.ones(column.size) if counts is None else np.asarray(counts, dtype=np.float64).ravel()
    if weights.size != column.size or not np.isfinite(column).all() or not (weights >= 0).all():
        raise Invalid("values are missing, or their counts are: give a finite value and a count of at least 0 each")
    column, weights = column[weights > 0], weights[weights > 0]
    distinct, place = np.unique(column, return_inverse=True)
    return distinct, place, np.bincount(place, weights, distinct.size).astype(np.float64)


def _scores(levels: Vector, q: float) -> Vector:
    """Return how far each distinct value counts as below the quantile: 1 well below, 0 well above."""
    if not levels[0] <= q <= levels[-1]:
        return np.where(levels < q, 1.0, 0.0)
    j = min(int(np.searchsorted(levels, q, side="right")) - 1, levels.size - 2)
    weight = (q - levels[j]) / (levels[j + 1] - levels[j])
    scores = np.where(np.arange(levels.size) < j, 1.0, 0.0)
    scores[j], scores[j + 1] = (1 + weight) / 2, weight / 2
    return scores


def _error(scores: Vector, tally: Vector) -> float:
    total = float(tally.sum())
    mean = float(scores @ tally) / total
    return float(np.sqrt(((scores - mean) ** 2 @ tally) / total / total))


def _clustered_error(scores: Vector, clusters: ArrayLike) -> float | NotEstimable:
    return share_error(by_cluster(scores, clusters))


def by_cluster(scores: Vector, clusters: ArrayLike) -> Moments:
    """Reduce scores to the moments over clusters of their sum and their number.

    Raises:
        Invalid: If there isn't one cluster a score.
    """
    names = np.asarray(clusters).ravel()
    if names.size != scores.size:
        raise Invalid(f"{names.size} clusters of {scores.size} values: give each value its cluster")
    _, place = np.unique(names, return_inverse=True)
    return Moments.of(np.column_stack((np.bincount(place, scores), np.bincount(place))))
