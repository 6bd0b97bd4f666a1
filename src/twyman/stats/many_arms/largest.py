"""The chance that the largest of several correlated statistics is beyond a bound, by quadrature.

Arms that share a control have statistics T_i = (λ_i Z + sqrt(1 - λ_i²) E_i) / S: a shared deviate Z, one of
their own, and perhaps a shared estimate S of the standard deviation. Given Z and S they are independent,
so the chance is an integral over Z, and over S where df is finite. What is integrated is the chance
of being beyond, never one minus the chance of being within: small p-values keep their digits.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ndtr, roots_legendre

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import checked_alpha
from twyman.stats.roots import crossing
from twyman.stats.tails import critical_value, upper_tail

Vector = NDArray[np.float64]

FAR = 9.0
"""A normal deviate beyond this matters to no digit."""

END = 40.0
"""No normal deviate, as far as floats can tell, is beyond this."""

SHARP = 0.3
"""Below this share of its own noise, an arm's chance given Z is so steep that panels are fitted around it."""

_POINTS, _WEIGHTS = roots_legendre(16)
_HALVES = (0.5 * (1 + _POINTS), 0.5 * _WEIGHTS)
_AROUND = (-8.0, -4.0, -1.5, 0.0, 1.5, 4.0, 8.0)


def any_beyond(bound: float, loadings: Sequence[float], *, df: float | None = None, sides: int = 2) -> float:
    """Return the chance that, without any effect, one statistic at least is beyond a bound.

    Args:
        bound: Of the statistics; of their sizes, where `sides` is 2.
        loadings: For each statistic its correlation λ with what all share; two of them correlate by λ_i λ_j.
        df: Degrees of freedom of the shared estimate of the standard deviation; `None` where it's known.
        sides: 1 counts statistics above the bound only.

    Raises:
        Invalid: If a loading is no correlation, none is given, `df` isn't positive, or `sides` isn't 1 or 2.

    Example:
        >>> f"{any_beyond(2.349, [0.5**0.5] * 3):.4f}"
        '0.0500'

    References:
        Dunnett, C. W. (1955). A multiple comparison procedure for comparing several treatments with a
        control. JASA 50.
        Genz, A. and Bretz, F. (2009). Computation of multivariate normal and t probabilities. Springer.

    See docs/explanation/many-tests.md
    """
    shares, counts = _checked(loadings, df, sides)
    if sides == 2 and bound <= 0:
        return 1.0
    if df is None:
        chance = float(_normal(np.array([bound]), shares, counts, sides)[0])
    else:
        steps, density = _scales(max(bound, 0.0), df)
        chance = float(density @ _normal(bound * steps, shares, counts, sides))
    apart = sides * len(loadings) * upper_tail(bound, df)
    return min(1.0, chance, apart) if chance > 0 else min(1.0, apart)


def critical_of_largest(loadings: Sequence[float], *, alpha: float, df: float | None = None, sides: int = 2) -> float:
    """Return the bound that the largest of the statistics exceeds with probability alpha.

    Args:
        loadings: As in `any_beyond`.
        alpha: Error of all comparisons together; may be as small as 1e-250.
        df: As in `any_beyond`.
        sides: As in `any_beyond`.

    Raises:
        Invalid: As in `any_beyond`, and if alpha is no probability.

    Example:
        >>> f"{critical_of_largest([0.5**0.5] * 3, alpha=0.05):.4f}"
        '2.3490'

    See docs/explanation/many-tests.md
    """
    _checked(loadings, df, sides)
    wanted = math.log(checked_alpha(alpha))
    alone, apart = (critical_value(alpha / sides / tests, df) for tests in (1, len(loadings)))
    if len(loadings) == 1:
        return alone

    def excess(bound: float) -> float:
        return math.log(any_beyond(bound, loadings, df=df, sides=sides)) - wanted

    margin = 1e-6 * (1 + abs(apart))
    return crossing(excess, alone - margin, apart + margin, tolerance=1e-11)


def _checked(loadings: Sequence[float], df: float | None, sides: int) -> tuple[Vector, Vector]:
    """Return the distinct loadings, and how often each occurs."""
    given = np.asarray(loadings, dtype=np.float64)
    if not given.size or not (np.abs(given) <= 1).all():
        raise Invalid(f"loadings {list(loadings)} aren't correlations: give one a comparison, between -1 and 1")
    if df is not None and not 0 < df < math.inf:
        raise Invalid(f"{df} degrees of freedom can't be: give a positive number, or None for known variances")
    if sides not in (1, 2):
        raise Invalid(f"a test of {sides} sides is none: give 1 or 2")
    distinct, counts = np.unique(np.abs(given) if sides == 2 else given, return_counts=True)
    return distinct, counts.astype(np.float64)


def _normal(bounds: Vector, shares: Vector, counts: Vector, sides: int) -> Vector:
    """Integrate over the shared deviate, for several bounds at once."""
    z, weights = _grid(_edges(bounds, shares, sides))
    within = np.zeros(z.shape)
    with np.errstate(divide="ignore", over="ignore"):
        for share, count in zip(shares, counts, strict=True):
            within += count * np.log1p(-_beyond_given(z, bounds, float(share), sides))
    density = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    return sides * np.sum(weights * density * -np.expm1(within), axis=1)


def _beyond_given(z: Vector, bounds: Vector, share: float, sides: int) -> Vector:
    """Return the chance that one statistic is beyond, given the shared deviate."""
    own, level = max(math.sqrt((1 - share) * (1 + share)), 1e-150), bounds[:, np.newaxis]
    above: Vector = ndtr((share * z - level) / own)
    if sides == 1:
        return above
    below: Vector = ndtr((-share * z - level) / own)
    return np.minimum(above + below, 1.0)


def _edges(bounds: Vector, shares: Vector, sides: int) -> Vector:
    """Return the ends of the panels, a row a bound: evenly spread, and fitted where a chance is steep."""
    reach = np.clip(bounds, 0.0, END)
    low = np.zeros(bounds.shape) if sides == 2 else np.minimum(reach * shares[0], 0.0) - FAR
    high = np.maximum(reach * shares[-1], 0.0) + FAR
    panels = math.ceil(float((high - low).max()) / 1.25)
    even = low[:, np.newaxis] + (high - low)[:, np.newaxis] * np.linspace(0, 1, panels + 1)
    own = np.sqrt((1 - shares) * (1 + shares))
    steep = own < SHARP
    if not steep.any():
        return even
    around = (bounds[:, np.newaxis, np.newaxis] + own[steep, np.newaxis] * _AROUND) / shares[steep, np.newaxis]
    fitted = np.clip(around.reshape(len(bounds), -1), low[:, np.newaxis], high[:, np.newaxis])
    return np.sort(np.concatenate((even, fitted), axis=1), axis=1)


def _grid(edges: Vector) -> tuple[Vector, Vector]:
    """Return points and weights of Gauss and Legendre on each panel, a row a row of edges."""
    widths = np.diff(edges, axis=1)[..., np.newaxis]
    points, weights = _HALVES
    rows = len(edges)
    return (edges[:, :-1, np.newaxis] + widths * points).reshape(rows, -1), (widths * weights).reshape(rows, -1)


def _scales(bound: float, df: float) -> tuple[Vector, Vector]:
    """Return points over the estimated over the true standard deviation, and their density times weights.

    In log(s) the density is a bell of width 1 / sqrt(2 df); far bounds are exceeded where s is small,
    in a bell of the same width around sqrt(df / (df + bound²)).
    """
    width = 1 / math.sqrt(2 * df)
    far = -0.5 * math.log1p((bound / math.sqrt(df)) ** 2) if bound < 1e150 else 0.5 * math.log(df) - math.log(bound)
    a = df / 2
    low, high = far - 7.5 * width - 34 / df, 0.5 * math.log1p(40 / a + math.sqrt(80 / a))
    panels = math.ceil((high - low) / min(2 * width, 1.0))
    x, weights = _grid(np.linspace(low, high, panels + 1)[np.newaxis])
    if a > 50:
        constant = math.log(2) + 0.5 * math.log(a / (2 * math.pi)) - 1 / (12 * a) + 1 / (360 * a**3)
    else:
        constant = math.log(2) + a * math.log(a) - a - float(gammaln(a))
    log_density = constant - a * (np.expm1(2 * x[0]) - 2 * x[0])
    return np.exp(x[0]), np.exp(log_density) * weights[0]
