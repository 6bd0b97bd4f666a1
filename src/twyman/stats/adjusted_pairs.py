"""Regression adjustment (CUPED) for arrays of comparisons, as `covariates.adjusted` does one by one.

Well-behaved elements are adjusted together. Where a covariate is constant, collinear or short of units in
an arm, the element is handed to `covariates.adjusted` itself, which drops what is of no use; where nothing
is left, the comparison stays the raw one.
"""

import numpy as np
from numpy.typing import NDArray

from twyman.stats.cells import Cells
from twyman.stats.covariates import ALONE, Adjusted, adjusted
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.moments import ROUNDING
from twyman.stats.pair import welch_df
from twyman.stats.pairs import NUMBERS, Pairs, linearised_cells
from twyman.stats.settings import Settings

Vector = NDArray[np.float64]


def adjusted_pairs(
    raw: Pairs, treatment: Cells, control: Cells, settings: Settings, *, everyone: Cells | None = None
) -> Pairs:
    """Adjust an array of raw comparisons for the covariates in the columns after the metric's own.

    Args:
        raw: The comparisons without covariates, of `raw_pairs`.
        treatment: Moments of the metric's own columns, then of the covariates.
        control: The same of control.
        settings: Whose slopes, and which test.
        everyone: Moments over all arms, of the same shape; the two arms together where left out.
    """
    arms = (treatment, control) if settings.own == 1 else (linearised_cells(treatment), linearised_cells(control))
    good = (raw.causes == "") & _usable(arms[0]) & _usable(arms[1]) & (arms[0].varies() | arms[1].varies())
    made = _adjusted(
        tuple(arm[good] for arm in arms),
        (everyone or treatment + control)[good].columns(*range(settings.own, treatment.k)),
        raw,
        good,
        settings,
    )
    for place in np.argwhere(~good & (raw.causes == "")):
        index = tuple(place.tolist())
        whole = None if everyone is None else everyone.at(*index)
        answer = adjusted(
            treatment.at(*index),
            control.at(*index),
            own=settings.own,
            theta=settings.theta,
            test="wald" if settings.test == "score" else settings.test,
            everyone=whole,
        )
        if isinstance(answer, NotEstimable) or answer.used:
            made.placed(index, answer.pair if isinstance(answer, Adjusted) else answer)
    return made


def _usable(arm: Cells) -> NDArray[np.bool_]:
    """Whether all covariates vary, none is a combination of those before it, and units are enough."""
    k = arm.k - 1
    fine = np.array(arm.counts >= k + 3)  # an array still where there is one element, and no axis
    for j in range(k):
        fine &= arm.varies(1 + j)
    covariates = arm.products[..., 1:, 1:][fine]
    scale = np.sqrt(np.diagonal(covariates, axis1=-2, axis2=-1))
    scaled = covariates / (scale[..., :, np.newaxis] * scale[..., np.newaxis, :])
    alone, before = np.ones(len(scaled), dtype=bool), np.ones(len(scaled))
    for j in range(1, k):
        volume = np.linalg.det(scaled[:, : j + 1, : j + 1])
        alone &= volume > 2 * ALONE * np.maximum(before, 0.0)
        before = volume
    fine[fine] = alone
    return fine


def _adjusted(
    arms: tuple[Cells, ...], everyone: Cells, raw: Pairs, good: NDArray[np.bool_], settings: Settings
) -> Pairs:
    """Return all pairs, the good ones adjusted."""
    treatment, control = arms
    if settings.theta == "per_arm":
        numbers, own = _per_arm(treatment, control, everyone)
        degrees = treatment.n - treatment.k, control.n - control.k
    else:
        numbers, own = _pooled(treatment, control, within=settings.theta == "pooled_within")
        degrees = treatment.n - 1, control.n - 1
    made = raw.copied(method="cuped-per-arm" if settings.theta == "per_arm" else "cuped-pooled")
    with np.errstate(divide="ignore", invalid="ignore"):
        df = welch_df((own[0], degrees[0]), (own[1], degrees[1]))
    known = np.isfinite(raw.df[good]) & ((own[0] > 0) | (own[1] > 0))
    for name, values in zip(NUMBERS, (*numbers, np.where(known, df, raw.df[good])), strict=True):
        getattr(made, name)[good] = values
    flat = good & (made.contrast()[1] ** 2 <= ROUNDING * raw.contrast()[1] ** 2)
    return made.without(flat, Cause.NO_VARIATION)


def _per_arm(treatment: Cells, control: Cells, everyone: Cells) -> tuple[tuple[Vector, ...], tuple[Vector, Vector]]:
    """Return means, variances and covariance by slopes of each arm's own, and each arm's residual variance."""
    spread = everyone.products / ((everyone.n - 1) * everyone.n)[..., np.newaxis, np.newaxis]
    means, own, slopes = list[Vector](), list[Vector](), list[Vector]()
    for arm in (treatment, control):
        theta = _slopes(arm.products)
        residual = np.maximum(arm.products[:, 0, 0] - _dot(theta, arm.products[:, 1:, 0]), 0.0)
        own.append(residual / (arm.counts - arm.k) / arm.counts)
        means.append(arm.means[:, 0] - _dot(theta, arm.means[:, 1:] - everyone.means))
        slopes.append(theta)
    shared = [_through(theta, spread, theta) for theta in slopes]
    covariance = _through(slopes[0], spread, slopes[1])
    return (means[0], means[1], own[0] + shared[0], own[1] + shared[1], covariance), (own[0], own[1])


def _pooled(treatment: Cells, control: Cells, *, within: bool) -> tuple[tuple[Vector, ...], tuple[Vector, Vector]]:
    """Return the same by common slopes, from both arms thrown together or from the variation within them."""
    theta = _slopes(treatment.products + control.products if within else (treatment + control).products)
    share = treatment.counts / (treatment.counts + control.counts)
    rest = 1 - share
    v, c, x, own = list[Vector](), list[Vector](), list[Vector](), list[Vector]()
    for arm in (treatment, control):
        products = arm.products / ((arm.n - 1) * arm.n)[..., np.newaxis, np.newaxis]
        v.append(products[:, 0, 0])
        c.append(_dot(theta, products[:, 1:, 0]))
        x.append(_through(theta, products[:, 1:, 1:], theta))
        own.append(np.maximum(v[-1] - 2 * c[-1] + x[-1], 0.0))
    both = x[0] + x[1]
    gap = _dot(theta, treatment.means[:, 1:] - control.means[:, 1:])
    numbers = (
        treatment.means[:, 0] - rest * gap,
        control.means[:, 0] + share * gap,
        v[0] - 2 * rest * c[0] + rest * rest * both,
        v[1] - 2 * share * c[1] + share * share * both,
        share * c[0] + rest * c[1] - share * rest * both,
    )
    return numbers, (own[0], own[1])


def _slopes(products: Vector) -> Vector:
    """Return the least-squares slopes of the first column on the others, each column scaled first."""
    scale = np.sqrt(np.diagonal(products, axis1=-2, axis2=-1)[..., 1:])
    scaled = products[..., 1:, 1:] / (scale[..., :, np.newaxis] * scale[..., np.newaxis, :])
    return np.linalg.solve(scaled, (products[..., 1:, 0] / scale)[..., np.newaxis])[..., 0] / scale


def _dot(a: Vector, b: Vector) -> Vector:
    return np.einsum("...i,...i->...", a, b)


def _through(a: Vector, matrix: Vector, b: Vector) -> Vector:
    return np.einsum("...i,...ij,...j->...", a, matrix, b)
