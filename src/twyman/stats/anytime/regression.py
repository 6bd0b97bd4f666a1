"""Regression-adjusted inference that holds at every look: mixtures of t and F statistics.

For a coefficient of a linear model, such as a treatment effect beside covariates, the mixture over
effects is taken with the residual variance unknown, so that it is exact for normal errors from the
first degrees of freedom on, and asymptotically right with robust standard errors.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twyman.kernel.errors import Invalid
from twyman.stats.anytime.mixture import critical_values, log_e_values
from twyman.stats.estimate import Contrast, checked_alpha
from twyman.stats.roots import crossing
from twyman.stats.tails import log_upper_tail

Vector = NDArray[np.float64]

FARTHEST = 1e8
"""No statistic is larger; a bound beyond it counts as infinite."""

LARGE = 1e12
"""Degrees of freedom that stand for a known variance, where only a bracket is wanted."""


def t_log_e(t: ArrayLike, *, df: ArrayLike, n: ArrayLike, g: ArrayLike) -> Vector:
    """Return the natural logarithm of the e-value of a t statistic.

    Args:
        t: Estimate over standard error.
        df: Residual degrees of freedom.
        n: Units; or, for a design that isn't balanced, the residual variance over the squared
            standard error.
        g: Precision of the mixture, in units: how many units' worth of evidence there is for no
            effect beforehand. Fixed before the data; `optimal_g` gives the one that suits a size.

    Raises:
        Invalid: If a number isn't positive.

    Example:
        >>> f"{t_log_e(1.0, df=20, n=22, g=1):.9f}"
        '-1.078251696'

    References:
        Lindon, M., Ham, D. W., Tingley, M. and Bojinov, I. (2022). Anytime-valid linear models and
        regression adjusted causal inference in randomized experiments. arXiv:2210.08589.

    See docs/explanation/always-valid.md
    """
    square = np.asarray(t, dtype=np.float64) ** 2
    return f_log_e(square, terms=1, df=df, n=n, g=g)


def f_log_e(f: ArrayLike, *, terms: int, df: ArrayLike, n: ArrayLike, g: ArrayLike) -> Vector:
    """Return the natural logarithm of the e-value of an F statistic: of several coefficients at once.

    Args:
        f: The statistic, on `terms` and `df` degrees of freedom.
        terms: How many coefficients are zero under the null hypothesis.
        df: Residual degrees of freedom.
        n: Units, as in `t_log_e`.
        g: Precision of the mixture, in units.

    Raises:
        Invalid: If a number isn't positive, or f is negative.

    Example:
        >>> f"{f_log_e(9.0, terms=2, df=100, n=103, g=1):.4f}"
        '3.7087'

    See docs/explanation/always-valid.md
    """
    share, nu = _share(n, g), np.asarray(df, dtype=np.float64)
    statistic = np.asarray(f, dtype=np.float64)
    if terms < 1 or not (nu > 0).all() or not (statistic >= 0).all():
        raise Invalid(f"F = {f} on {terms} and {df} degrees of freedom can't be: F is from 0, degrees positive")
    scaled = terms * statistic / nu
    return terms / 2 * np.log(share) + (nu + terms) / 2 * (np.log1p(scaled) - np.log1p(share * scaled))


def t_radius(*, df: float, n: float, g: float, alpha: float = 0.05) -> float:
    """Return the radius of the confidence sequence in standard errors; infinite while data are too few.

    Raises:
        Invalid: If a number isn't positive, or alpha is no probability.

    Example:
        >>> f"{t_radius(df=95, n=100, g=11.6):.6f}"
        '3.101731'

    See docs/explanation/always-valid.md
    """
    share = float(_share(n, g))
    if not df > 0:
        raise Invalid(f"{df} degrees of freedom can't be: there must be more units than coefficients")
    log_ratio = math.log(share * checked_alpha(alpha) ** 2) / (df + 1)
    room = math.exp(log_ratio) - share
    return math.sqrt(df * -math.expm1(log_ratio) / room) if room > 0 else math.inf


def z_radius(*, n: float, g: float, alpha: float = 0.05) -> float:
    """Return the radius for a residual variance that is known, or of many degrees of freedom.

    Raises:
        Invalid: If a number isn't positive, or alpha is no probability.

    Example:
        >>> f"{z_radius(n=100, g=12.6):.4f}"
        '3.0352'

    See docs/explanation/always-valid.md
    """
    _share(n, g)
    return float(critical_values(n / g, alpha=alpha))


def optimal_g(n: float, *, coefficients: int, alpha: float = 0.05) -> float:
    """Return the precision for which the interval is narrowest at a number of units.

    Args:
        n: Planned units.
        coefficients: How many the model has, intercept and treatment included.
        alpha: Error over all looks.

    Raises:
        Invalid: If there are no more units than coefficients, or alpha is no probability.

    Example:
        >>> f"{optimal_g(100, coefficients=5):.4f}"
        '11.5999'

    See docs/explanation/always-valid.md
    """
    df, log_error = n - coefficients, 2 * math.log(checked_alpha(alpha))
    if coefficients < 1 or not 0 < df < math.inf:
        raise Invalid(f"{n} units for {coefficients} coefficients leave nothing to estimate from: plan for more units")

    def slope(log_share: float) -> float:
        """Say, by its sign, whether the radius still falls with the share g / (g + n)."""
        log_ratio = (log_share + log_error) / (df + 1)
        return math.exp(log_ratio) * -math.expm1(log_share) + math.expm1(log_ratio) * (df + 1) * math.exp(log_share)

    share = math.exp(crossing(slope, -700.0, -1e-9))
    return n * share / (1 - share)


@dataclass(frozen=True, slots=True)
class Regression:
    """A `Boundary` for covariate-adjusted pairs (`covariates.adjusted`), and for plain ones.

    With `df` of `None` the residual variance counts as known.

    Attributes:
        g: Precision of the mixture in units, fixed before the data.

    Example:
        >>> plan = Regression(optimal_g(1_000, coefficients=3))
        >>> f"{plan.critical(Contrast(1.0, 0.3, 997.0), 1_000, 0.05):.4f}"
        '3.0414'

    See docs/explanation/always-valid.md
    """

    g: float

    def __post_init__(self) -> None:
        """Refuse a precision that isn't positive."""
        _share(1.0, self.g)

    @property
    def name(self) -> str:
        """How the method is named in results."""
        return "anytime-valid regression"

    def critical(self, contrast: Contrast, units: int, alpha: float, sides: int = 2) -> float:
        """Return the radius in standard errors."""
        if sides == 2 and contrast.df is None:
            return z_radius(n=units, g=self.g, alpha=alpha)
        df = LARGE if contrast.df is None else contrast.df
        widest = t_radius(df=df, n=units, g=self.g, alpha=alpha)
        if sides == 2:
            return widest
        wanted = -math.log(alpha)

        def missing(t: float) -> float:
            return self._one_sided(t, contrast.df, units) - wanted

        ceiling = min(widest, FARTHEST)
        return crossing(missing, 0.0, ceiling) if missing(ceiling) >= 0 else math.inf

    def log_p(self, contrast: Contrast, units: int, sides: int = 2) -> float:
        """Return the natural logarithm of the p-value against zero; with one side, against zero or less."""
        if sides == 1:
            return min(0.0, -self._one_sided(contrast.statistic, contrast.df, units))
        return min(0.0, -self._two_sided(contrast.statistic, contrast.df, units))

    def _two_sided(self, t: float, df: float | None, units: int) -> float:
        if df is None:
            return float(log_e_values(t, units / self.g))
        return float(t_log_e(t, df=df, n=units, g=self.g))

    def _one_sided(self, t: float, df: float | None, units: int) -> float:
        """Mix over positive effects only: what the two-sided bet holds of them, doubled."""
        share = self.g / (self.g + units)
        if df is None:
            place, freedom = t * math.sqrt(1 - share), None
        else:
            place, freedom = t * math.sqrt((1 - share) * (df + 1) / (df + share * t * t)), df + 1
        return math.log(2) + self._two_sided(t, df, units) + log_upper_tail(-place, freedom)


def _share(n: ArrayLike, g: ArrayLike) -> Vector:
    units, precision = np.asarray(n, dtype=np.float64), np.asarray(g, dtype=np.float64)
    if not ((units > 0) & (precision > 0) & np.isfinite(units + precision)).all():
        raise Invalid(f"{n} units with precision {g} can't be: both are positive numbers")
    return precision / (precision + units)
