"""Does one experiment change the effect of another, and how large a change could have been seen?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import fdtrc

from twyman.kernel.errors import Invalid, nearest
from twyman.stats.chisquare import chi_square_tail
from twyman.stats.estimate import Cause, Contrast, NotEstimable, checked_alpha
from twyman.stats.interactions.grid import Grid, Vector, grid
from twyman.stats.interactions.scenario import scenario
from twyman.stats.moments import Moments
from twyman.stats.pair import NO_VARIATION
from twyman.stats.tails import critical_value, two_sided

SCALES = ("additive", "multiplicative")
SINGULAR = 1e-12
"""Smallest eigenvalue of the contrasts' correlations below which cells without variation decide the test."""

DFS = ("satterthwaite", "residual", "normal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """Whether two experiments modify each other's effects.

    Attributes:
        contrasts: By arm of the one (less its control) and arm of the other: the effect of the one
            among the other's treated, minus that among its controls. On the multiplicative scale,
            the logarithm of the ratio of the two ratios.
        statistic: Wald's, of all contrasts being zero; for one contrast the square of its t or z.
        df: Contrasts tested.
        residual_df: Degrees of freedom of their errors; `None` for the normal distribution.
        p_value: Against no interaction at all.
        log10_p: Its decimal logarithm, where it is below 1e-300.
        mde: The smallest interaction that would have been found with the power asked for, by contrast.
            "None found" says nothing about smaller ones.
        scale: `additive` or `multiplicative`: effects that add up on the one interact on the other.

    See docs/explanation/interactions-and-segments.md .
    """

    contrasts: tuple[tuple[Contrast, ...], ...]
    statistic: float
    df: int
    residual_df: float | None
    p_value: float
    log10_p: float | None
    mde: tuple[tuple[float, ...], ...]
    scale: str

    def log_e(self, mixing_sd: float) -> float:
        """Return the logarithm of the evidence against no interaction that holds at any look, for two by two arms.

        A normal mixture over interactions of spread `mixing_sd`, which must be fixed before the data.

        Raises:
            Invalid: If there are more arms, or the spread isn't positive.
        """
        if self.df != 1 or not 0 < mixing_sd < math.inf:
            raise Invalid(f"{self.df} contrasts mixed over {mixing_sd} have no such evidence: give two by two arms")
        contrast = self.contrasts[0][0]
        v, mixed = contrast.se**2, contrast.se**2 + mixing_sd**2
        return 0.5 * (math.log(v / mixed) + contrast.statistic**2 * mixing_sd**2 / mixed)


def interaction(
    cells: Sequence[Sequence[Moments]] | Grid,
    *,
    scale: str = "additive",
    df: str = "satterthwaite",
    alpha: float = 0.05,
    power: float = 0.8,
) -> Interaction | NotEstimable:
    """Test whether the effects of two experiments depend on each other.

    Holds for units assigned to both independently, with near normal cell means. In a balanced two by
    two, the interaction has four times the variance of a main effect, and so needs four times the
    units for the same size: read `mde` beside a p-value above alpha.

    Args:
        cells: Moments of one column by pair of arms, controls first; or a `grid` of them, made with
            the ratio, covariates or variance wanted.
        scale: `additive`: of means; `multiplicative`: of their logarithms, all being positive.
        df: Of the errors. `satterthwaite` for a single contrast, normal for several; `residual`: units
            less cells, as regression software has it; `normal`.
        alpha: Error of the test that `mde` is for; shared out over contrasts.
        power: That `mde` is for.

    Returns:
        The test; or why not: a cell has too few units, nothing varies, or a mean isn't positive.

    Raises:
        Invalid: If there are fewer than two arms a side, or an option isn't one.

    Example:
        >>> low, high = [1.0, 2.0, 3.0, 2.0], [4.0, 5.0, 6.0, 5.0]
        >>> answer = interaction([[Moments.of(low), Moments.of(low)], [Moments.of(low), Moments.of(high)]])
        >>> f"{answer.contrasts[0][0].estimate:.1f} p={answer.p_value:.4f} mde={answer.mde[0][0]:.1f}"
        '3.0 p=0.0032 mde=2.5'

    References:
        Wald, A. (1943). Tests of statistical hypotheses concerning several parameters when the number
        of observations is large. Transactions of the American Mathematical Society 54.
        Chan, D. et al. (2023). A/B interactions: a call to relax. Microsoft Experimentation Platform.

    See docs/explanation/interactions-and-segments.md .
    """
    table = cells if isinstance(cells, Grid) else grid(cells)
    _check(table, scale=scale, df=df, power=power)
    weights = _weights(*table.means.shape)
    hole = scenario(table, np.ones(table.means.shape))  # every cell takes part in some contrast
    if isinstance(hole, NotEstimable):
        return hole
    if scale == "multiplicative":
        if (table.means <= 0).any():
            return _NOT_POSITIVE
        table = _logarithmic(table)
    covariance = (weights * table.variances.ravel()) @ weights.T
    errors = np.sqrt(np.diagonal(covariance))
    if not errors.all() or np.linalg.eigvalsh(covariance / np.outer(errors, errors))[0] < SINGULAR:
        return NO_VARIATION
    contrasts = [_one(table, row, df, single=len(weights) == 1) for row in weights]
    q = checked_alpha(alpha) / 2 / len(contrasts)
    mde = [(critical_value(q, contrast.df) - critical_value(power)) * contrast.se for contrast in contrasts]
    statistic, p_value, log10_p = _joint(contrasts, covariance)
    columns = table.means.shape[1] - 1
    return Interaction(
        contrasts=tuple(tuple(contrasts[i : i + columns]) for i in range(0, len(contrasts), columns)),
        statistic=statistic,
        df=len(contrasts),
        residual_df=contrasts[0].df,
        p_value=p_value,
        log10_p=log10_p,
        mde=tuple(tuple(mde[i : i + columns]) for i in range(0, len(mde), columns)),
        scale=scale,
    )


def _weights(rows: int, columns: int) -> Vector:
    """Return one row of weights a contrast: each arm less its control, on both sides."""
    one, other = (np.hstack((-np.ones((n - 1, 1)), np.eye(n - 1))) for n in (rows, columns))
    return np.asarray(np.kron(one, other), dtype=np.float64)


def _one(table: Grid, weights: Vector, df: str, *, single: bool) -> Contrast:
    contrast = scenario(table, weights.reshape(table.means.shape))
    if isinstance(contrast, NotEstimable):  # its cells have been looked at before
        raise Invalid(contrast.text)
    if df == "residual":
        return replace(contrast, df=float(table.counts.sum() - table.counts.size))
    return contrast if df == "satterthwaite" and single else replace(contrast, df=None)


def _joint(contrasts: list[Contrast], covariance: Vector) -> tuple[float, float, float | None]:
    """Test all contrasts at once; a single one by its own t, so that its interval agrees."""
    q, df = len(contrasts), contrasts[0].df
    if q == 1:
        return contrasts[0].statistic ** 2, *two_sided(contrasts[0].statistic, df)
    gaps = np.array([contrast.estimate for contrast in contrasts])
    errors = np.sqrt(np.diagonal(covariance))
    scaled = gaps / errors
    statistic = float(scaled @ np.linalg.solve(covariance / np.outer(errors, errors), scaled))
    if df is None:
        return statistic, *chi_square_tail(statistic, q)
    return statistic, float(fdtrc(q, df, statistic / q)), None


def _logarithmic(table: Grid) -> Grid:
    return replace(table, means=np.log(table.means), variances=table.variances / table.means**2)


def _check(table: Grid, *, scale: str, df: str, power: float) -> None:
    if min(table.means.shape) < 2:
        raise Invalid(f"a table of {table.means.shape} cells has no interaction: give two arms or more on either side")
    if scale not in SCALES:
        raise Invalid(f"there is no scale '{scale}': {nearest(scale, SCALES)}")
    if df not in DFS:
        raise Invalid(f"there are no degrees of freedom '{df}': {nearest(df, DFS)}")
    if not 0 < power < 1:
        raise Invalid(f"a power of {power} is no probability: give a number between 0 and 1, such as 0.8")


_NOT_POSITIVE = NotEstimable(
    Cause.NOT_POSITIVE, "a cell's mean isn't positive, and has no logarithm: ask on the additive scale"
)
