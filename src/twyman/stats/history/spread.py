"""How far true effects lie apart, beyond what chance alone makes of equal ones: tau², seven ways.

All start from estimates y with known variances v, y ~ N(mu, v + tau²), and answer a tau² of zero
where the estimates lie no further apart than their errors would make them.
"""

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from twyman.stats.roots import crossing

Vector = NDArray[np.float64]

MOST_STEPS = 1000
"""Of an iteration, which halves whatever would lead below zero and so may creep towards it."""

Estimator = Callable[[Vector, Vector, float | None], float]
"""From estimates, their variances and the change at which an iteration stops: tau²."""


def pooled_mean(y: Vector, v: Vector, tau2: float) -> float:
    """Return the mean that weighs each estimate by its precision."""
    w = 1 / (v + tau2)
    return float(w @ y / w.sum())


def _others(w: Vector) -> Vector:
    """Return for each the sum of all others: by sums from either end, as one may outweigh them all."""
    before, after = np.cumsum(w), np.cumsum(w[::-1])[::-1]
    return np.append(0.0, before[:-1]) + np.append(after[1:], 0.0)


def q_statistic(y: Vector, v: Vector, tau2: float = 0.0) -> float:
    """Return the weighted squares about the weighted mean: Cochran's Q, where tau² is zero."""
    return float(np.sum((y - pooled_mean(y, v, tau2)) ** 2 / (v + tau2)))


def _dersimonian_laird(y: Vector, v: Vector, _: float | None) -> float:
    w = 1 / v
    return float((q_statistic(y, v) - (y.size - 1)) / (w @ _others(w) / w.sum()))


def _hedges(y: Vector, v: Vector, _: float | None) -> float:
    return float(y.var(ddof=1) - v.mean())


def _sidik_jonkman(y: Vector, v: Vector, _: float | None) -> float:
    start = float(y.var())
    return start * q_statistic(y, v, start) / (y.size - 1) if start else 0.0


def _paule_mandel(y: Vector, v: Vector, _: float | None) -> float:
    if q_statistic(y, v) <= y.size - 1:
        return 0.0
    high = float(y.var(ddof=1)) * 2
    while q_statistic(y, v, high) > y.size - 1:
        high *= 2
    return crossing(lambda tau2: q_statistic(y, v, tau2 * high) - (y.size - 1), 0.0, 1.0) * high


Step = Callable[[Vector, Vector, float], float]
"""From estimates, variances and a tau²: what to add to it."""


def _ml_step(y: Vector, v: Vector, tau2: float) -> float:
    w = 1 / (v + tau2)
    gap = w * (y - pooled_mean(y, v, tau2))
    return float((gap @ gap - w.sum()) / (w @ w))


def _reml_step(y: Vector, v: Vector, tau2: float) -> float:
    w = 1 / (v + tau2)
    total, rest = w.sum(), w * _others(w)
    gap = w * (y - pooled_mean(y, v, tau2))
    trace = rest.sum() / total
    trace_of_square = (rest @ rest + (w * w) @ _others(w * w)) / (total * total)
    return float((gap @ gap - trace) / trace_of_square)


def _eb_step(y: Vector, v: Vector, tau2: float) -> float:
    k = y.size
    return float((q_statistic(y, v, tau2) * k / (k - 1) - k) / np.sum(1 / (v + tau2)))


def _scoring(step: Step) -> Estimator:
    """Return Fisher scoring from Hedges's estimate, each step halved until it stays at or above zero."""

    def estimate(y: Vector, v: Vector, tolerance: float | None) -> float:
        tau2 = max(0.0, _hedges(y, v, None))
        enough = 1e-13 * float(v.mean() + y.var()) if tolerance is None else tolerance
        for _ in range(MOST_STEPS):
            change = step(y, v, tau2)
            while tau2 + change < 0:
                change /= 2
            tau2 += change
            if abs(change) <= enough:
                break
        return 0.0 if tolerance is None and _at_the_edge(step, y, v, tau2) else tau2

    return estimate


def _at_the_edge(step: Step, y: Vector, v: Vector, tau2: float) -> bool:
    return tau2 < 1e-9 * float(v.mean()) and step(y, v, 0.0) <= 0


def _none(*_: object) -> float:
    return 0.0


ESTIMATORS: Mapping[str, Estimator] = {
    "reml": _scoring(_reml_step),
    "ml": _scoring(_ml_step),
    "eb": _scoring(_eb_step),
    "pm": _paule_mandel,
    "dl": _dersimonian_laird,
    "sj": _sidik_jonkman,
    "he": _hedges,
    "fe": _none,
}


def typical_variance(v: Vector) -> float:
    """Return Higgins and Thompson's typical sampling variance, against which I² sets tau²."""
    w = 1 / v
    return float((v.size - 1) * w.sum() / (w @ _others(w)))


def restricted_log_likelihood(y: Vector, v: Vector, tau2: float) -> float:
    """Return what REML maximises, up to a constant."""
    total = v + tau2
    return -0.5 * (float(np.log(total).sum()) + math.log(float(np.sum(1 / total))) + q_statistic(y, v, tau2))
