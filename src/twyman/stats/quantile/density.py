"""How thin values are about a quantile (one over the density), by the three ways of quantile regression.

A quantile's standard error is that of the share below it, over the density of values there. `bracket` measures the
density between the ends of the interval; these measure it over a bandwidth, and see the values.
"""

import math
from collections.abc import Callable, Mapping

import numpy as np
from scipy.special import ndtri

from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.moments import ROUNDING
from twyman.stats.quantile.lad import slope
from twyman.stats.quantile.sample import ByRank, Vector, position


def _rounding(*arms: Vector) -> float:
    """Return the distance below which values of this size may be one: so that their unit doesn't matter."""
    return ROUNDING * max(float(np.abs(arm).max(initial=0.0)) for arm in arms)


def bandwidth(count: int, q: float) -> float:
    """Return Hall and Sheather's bandwidth, in shares of values.

    References:
        Hall, P. and Sheather, S. J. (1988). On the distribution of a Studentized quantile. JRSS B 50.
    """
    z = float(ndtri(q))
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return float(count ** (-1 / 3) * ndtri(0.975) ** (2 / 3) * (1.5 * density**2 / (2 * z * z + 1)) ** (1 / 3))


def _within(count: int, q: float) -> float:
    h = bandwidth(count, q)
    while q - h < 0 or q + h > 1:
        h /= 2
    return h


def step(values: Vector, q: float) -> float:
    """Return the smallest value with at least a share `q` at or below it; values being sorted."""
    return position(values.size, q, kind=1).between(ByRank(values))


Thinness = tuple[float, float]
"""Of treatment and control: one over the density of values at the quantile."""


def nid(treatment: Vector, control: Vector, q: float) -> Thinness | NotEstimable:
    """Each arm by itself: how far apart its quantiles are a bandwidth either side (Hendricks, Koenker)."""
    h = _within(treatment.size + control.size, q)
    gaps = [step(arm, q + h) - step(arm, q - h) for arm in (treatment, control)]
    if min(gaps) <= _rounding(treatment, control):
        return FLAT
    return gaps[0] / (2 * h), gaps[1] / (2 * h)


def ker(treatment: Vector, control: Vector, q: float) -> Thinness | NotEstimable:
    """Each arm by itself: a normal kernel over distances to its quantile, of one width for both (Powell's sandwich)."""
    h = _within(treatment.size + control.size, q)
    from_treatment, from_control = treatment - step(treatment, q), control - step(control, q)
    distances = np.sort(np.concatenate((from_treatment, from_control)))
    low, high = (position(distances.size, at).between(ByRank(distances)) for at in (0.25, 0.75))
    width = float(ndtri(q + h) - ndtri(q - h)) * min(float(distances.std(ddof=1)), (high - low) / 1.34)
    if width <= 0:
        return FLAT
    at_treatment, at_control = (float(_normal(x / width).mean()) / width for x in (from_treatment, from_control))
    return 1 / at_treatment, 1 / at_control


def _normal(x: Vector) -> Vector:
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def iid(treatment: Vector, control: Vector, q: float) -> Thinness | NotEstimable:
    """One density for both arms: the slope of the distances nearest to the quantiles over their ranks.

    Holds where treatment shifts all values alike. (Koenker and Bassett's; quantreg's `iid`.)
    """
    distances = np.concatenate((control - step(control, q), treatment - step(treatment, q)))
    count = distances.size
    at_it = int((np.abs(distances) <= _rounding(treatment, control)).sum())
    h = max(3, math.ceil(count * bandwidth(count, q)))
    nearest = np.argsort(np.abs(distances), kind="stable")[at_it : at_it + h + 1]
    if nearest.size < 3:
        return FLAT
    ranks = np.arange(at_it + 1, at_it + 1 + nearest.size) / (count - 2)
    thinness = slope(ranks, np.sort(distances[nearest]))
    return (thinness, thinness) if thinness > 0 else FLAT


FLAT = NotEstimable(
    Cause.TIED,
    "so many values are the same about the quantile that their density can't be measured: "
    "record finer values, or ask for the mid-distribution quantile",
)

DENSITIES: Mapping[str, Callable[[Vector, Vector, float], Thinness | NotEstimable]] = {
    "nid": nid,
    "ker": ker,
    "iid": iid,
}
