"""Cluster-robust errors of a regression: rows of one cluster may go together in any way.

Error is measured by whole clusters, so their number is the sample size, however many rows they
have. With few of them (below 40 or so) plain sandwiches are too thin and normal quantiles too
short; CR2 with Satterthwaite's degrees of freedom mends both.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twyman.kernel.errors import Invalid, nearest
from twyman.stats.estimate import Cause, Contrast, NotEstimable
from twyman.stats.linear import ALONE, Fit, Weights

SINGULAR = 1e-10
"""A direction of which a cluster's own rows fit all but this share leaves no residual to measure by."""

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

FREEDOMS = ("satterthwaite", "clusters", "normal")
"""Names of degrees of freedom."""

POWERS: Mapping[str, float] = {"CR0": 0.0, "CR1": 0.0, "CR1P": 0.0, "CR1S": 0.0, "CR2": -0.5, "CR3": -1.0}
"""By kind: the power of 1 - leverage, cluster by cluster, that residuals are multiplied by."""

FACTORS: Mapping[str, Callable[[int, int, int], float]] = {
    "CR1": lambda g, _n, _k: g / (g - 1),
    "CR1P": lambda g, _n, k: g / (g - k),
    "CR1S": lambda g, n, k: g / (g - 1) * (n - 1) / (n - k),
}
"""By kind: what the sandwich is multiplied by, from clusters, rows and coefficients."""


@dataclass(frozen=True, slots=True, eq=False)
class Sandwich:
    """Cluster-robust covariance of combinations of coefficients.

    Attributes:
        covariance: Their covariance matrix.
        df: Satterthwaite's degrees of freedom of each, were rows independent and noise equal.
        clusters: Number of clusters.
    """

    covariance: Matrix
    df: Vector
    clusters: int


def sandwich(
    fit: Fit, contrasts: Sequence[Weights], clusters: ArrayLike, *, kind: str = "CR2"
) -> Sandwich | NotEstimable:
    """Return the cluster-robust covariance of combinations of coefficients.

    Holds for independent clusters. What breaks it: dependence between them; an effect that only a
    handful of clusters tell of (the degrees of freedom show it).

    Args:
        fit: A regression.
        contrasts: Weights by column name, one mapping a combination.
        clusters: One label a row.
        kind: `CR0`: plain; `CR1`: times G / (G - 1); `CR1S`: times (n - 1) / (n - k) as well, as
            Stata; `CR1P`: times G / (G - k); `CR2`: unbiased where rows are independent with equal
            noise, the default; `CR3`: leaves one cluster out at a time, a little wide.

    Returns:
        The covariance and degrees of freedom; or why not: a single cluster, or one that alone
        tells of what is asked.

    Raises:
        Invalid: If there is no such kind or column, or labels don't match.

    Example:
        >>> from twyman.stats.linear import least_squares
        >>> fit = least_squares([1, 2, 2, 3, 5, 4, 3, 5], {"t": [0, 0, 0, 0, 1, 1, 1, 1]})
        >>> made = sandwich(fit, [{"t": 1.0}], ["a", "a", "b", "b", "c", "c", "d", "d"])
        >>> f"{made.covariance[0, 0] ** 0.5:.3f} on {made.df[0]:.1f} degrees of freedom"
        '0.559 on 2.0 degrees of freedom'

    References:
        Bell, R. M. and McCaffrey, D. F. (2002). Bias reduction in standard errors for linear
        regression with multi-stage samples. Survey Methodology 28.
        Pustejovsky, J. E. and Tipton, E. (2018). Small-sample methods for cluster-robust variance
        estimation and hypothesis testing in fixed effects models. JBES 36.

    See docs/explanation/clusters-and-switchbacks.md.
    """
    if kind not in POWERS:
        raise Invalid(f"there is no cluster-robust error '{kind}': {nearest(kind, POWERS)}")
    groups = list(_groups(fit.rows, clusters))
    refusal = _refusal(fit, len(groups), kind)
    if refusal:
        return refusal
    directions = fit.directions(list(contrasts))
    scores = np.empty((len(groups), directions.shape[1]))
    own = np.empty(scores.shape)
    loads = np.empty((*scores.shape, directions.shape[0]))
    for g, rows in enumerate(groups):
        basis = fit.basis[rows]
        weights, lost = _adjusted(basis, basis @ directions, POWERS[kind])
        if lost > ALONE * float(np.abs(directions).max()):
            return ONE_CLUSTER_TELLS
        scores[g] = weights.T @ fit.residuals[rows]
        own[g] = np.einsum("ij,ij->j", weights, weights)
        loads[g] = weights.T @ basis
    factor = FACTORS[kind](len(groups), fit.rows, len(fit.names)) if kind in FACTORS else 1.0
    df = np.array([satterthwaite(own[:, j], loads[:, j]) for j in range(scores.shape[1])])
    return Sandwich(factor * scores.T @ scores, df, len(groups))


def contrast(
    fit: Fit, weights: Weights | str, clusters: ArrayLike, *, kind: str = "CR2", df: str = "satterthwaite"
) -> Contrast | NotEstimable:
    """Return a coefficient, or a combination of several, with its cluster-robust standard error.

    Args:
        fit: A regression.
        weights: A column's name, or weights by name.
        clusters: One label a row.
        kind: As in `sandwich`.
        df: `satterthwaite`; `clusters` for G - 1; `normal` for none.

    Raises:
        Invalid: If there is no such kind, column or df, or labels don't match.
    """
    if df not in FREEDOMS:
        raise Invalid(f"there are no degrees of freedom '{df}': {nearest(df, FREEDOMS)}")
    asked = {weights: 1.0} if isinstance(weights, str) else weights
    made = sandwich(fit, [asked], clusters, kind=kind)
    if isinstance(made, NotEstimable):
        return made
    by_name = {"satterthwaite": float(made.df[0]), "clusters": made.clusters - 1.0, "normal": None}
    return Contrast(fit.value(asked), float(np.sqrt(made.covariance[0, 0])), by_name[df])


def multiway(
    fit: Fit, weights: Weights | str, first: ArrayLike, second: ArrayLike, *, kind: str = "CR1"
) -> Contrast | NotEstimable:
    """Return a coefficient where rows may go together by either of two groupings, such as region and day.

    The two sandwiches add, less that of cells of both. Where the difference isn't positive, the
    larger of the two stands. Degrees of freedom are those of the coarser grouping, less one: take
    fewer than 20 groups of either kind for a warning.

    Args:
        fit: A regression.
        weights: A column's name, or weights by name.
        first: One label a row.
        second: Another label a row.
        kind: As in `sandwich`, each part with its own number of groups.

    Raises:
        Invalid: If there is no such kind or column, or labels don't match.

    References:
        Cameron, A. C., Gelbach, J. B. and Miller, D. L. (2011). Robust inference with multiway
        clustering. JBES 29.

    See docs/explanation/clusters-and-switchbacks.md
    """
    asked = {weights: 1.0} if isinstance(weights, str) else weights
    a, b = (np.unique(np.asarray(labels), return_inverse=True)[1].ravel() for labels in (first, second))
    if a.shape != b.shape:
        raise Invalid(f"{a.size} and {b.size} labels don't match: give one of each a row")
    parts = [sandwich(fit, [asked], labels, kind=kind) for labels in (a, b, a * (int(b.max(initial=0)) + 1) + b)]
    refusal = next((part for part in parts if isinstance(part, NotEstimable)), None)
    if refusal:
        return refusal
    v_a, v_b, v_ab = (float(part.covariance[0, 0]) for part in parts if isinstance(part, Sandwich))
    variance = v_a + v_b - v_ab
    groups = min(int(a.max()), int(b.max()))
    return Contrast(fit.value(asked), float(np.sqrt(variance if variance > 0 else max(v_a, v_b))), float(groups))


def satterthwaite(own: Vector, loads: Matrix) -> float:
    """Return degrees of freedom of a sum of squared scores that have a rank-k covariance.

    Scores of clusters have the covariance diag(own) - loads loads', were rows independent.
    """
    diagonal = own - np.einsum("gk,gk->g", loads, loads)
    inner = loads.T @ loads
    squares = float(own @ own) - 2 * float(own @ (own - diagonal)) + float((inner * inner).sum())
    return float(diagonal.sum()) ** 2 / squares if squares > 0 else np.nan


ONE_CLUSTER_TELLS = NotEstimable(
    Cause.TOO_FEW_UNITS,
    "a single cluster tells of what is asked, so the differences between clusters can't be measured: "
    "randomise more clusters to each arm",
)


def _refusal(fit: Fit, groups: int, kind: str) -> NotEstimable | None:
    if groups < 2 or (kind == "CR1P" and groups <= len(fit.names)):
        return NotEstimable(
            Cause.TOO_FEW_UNITS,
            f"{groups} clusters are too few for {len(fit.names)} coefficients: randomise more of them",
        )
    if fit.df < 1:
        return NotEstimable(Cause.TOO_FEW_UNITS, "as many coefficients as rows leave no residual: add rows")
    return None


def _groups(rows: int, clusters: ArrayLike) -> Iterator[NDArray[np.intp]]:
    labels = np.asarray(clusters)
    if labels.shape != (rows,):
        raise Invalid(f"{labels.shape} cluster labels for {rows} rows don't match: give one a row")
    _, codes = np.unique(labels, return_inverse=True)
    order = np.argsort(codes.ravel(), kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(codes.ravel()[order])) + 1)


def _adjusted(basis: Matrix, weights: Matrix, power: float) -> tuple[Matrix, float]:
    """Multiply weights by a power of (identity - leverage) of a cluster.

    The eigenvectors come from the smaller of the two products of the cluster's basis rows with
    themselves. Directions in which the cluster fits itself count as zero; how much of the weights
    lies there is returned as well.
    """
    if not power:
        return weights, 0.0
    wide = basis.shape[0] <= basis.shape[1]
    sizes, vectors = np.linalg.eigh(basis @ basis.T if wide else basis.T @ basis)
    left = vectors if wide else basis @ vectors / np.sqrt(np.maximum(sizes, np.finfo(np.float64).tiny))
    left = np.where(sizes > SINGULAR, left, 0.0)
    alone = 1 - sizes < SINGULAR
    gains = np.where(alone, -1.0, np.expm1(power * np.log1p(-np.where(alone, 0.0, sizes))))
    inside = left.T @ weights
    return weights + left @ (gains[:, np.newaxis] * inside), float(np.abs(inside[alone]).max(initial=0.0))
