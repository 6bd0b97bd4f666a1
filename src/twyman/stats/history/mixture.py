"""Shrinkage when most effects are next to nothing and a few are large: a mixture instead of one normal."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, logsumexp

from twyman.stats.estimate import NotEstimable
from twyman.stats.history.shrinkage import checked_history, too_few_experiments

STEPS = 200
"""Of the EM algorithm; the likelihood is concave in the weights, so that it ends at the one maximum."""

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class MixtureShrinkage:
    """Effects as draws from a mixture of normals around zero, of ever larger spread.

    Attributes:
        spreads: Standard deviations of the components; the first is zero.
        weights: Their shares of all effects.
        means: Each experiment's effect after shrinkage.
        sds: Its posterior standard deviations.
        wrong_sign: Chance that an effect hasn't the sign of its shrunken mean, zero counting as wrong.

    See docs/explanation/shrinkage-and-exaggeration.md .
    """

    spreads: tuple[float, ...]
    weights: tuple[float, ...]
    means: tuple[float, ...]
    sds: tuple[float, ...]
    wrong_sign: tuple[float, ...]


def mixture_shrinkage(estimates: Sequence[float], ses: Sequence[float]) -> MixtureShrinkage | NotEstimable:
    """Shrink by a prior whose tails are learnt: noise is pulled to zero, breakthroughs are left standing.

    Holds for independent experiments and an unimodal spread of effects around zero. It needs some
    dozens of experiments; with few, the normal of `random_effects` has less to learn.

    Args:
        estimates: One a experiment, in one unit.
        ses: Their standard errors, all above zero.

    Returns:
        The answer; or why not, where there are fewer than two experiments.

    Raises:
        Invalid: If estimates and errors don't match, or an error isn't positive.

    Example:
        >>> effects = [0.1, -0.2, 0.0, 0.3, -0.1, 0.2, -0.3, 0.1, 8.0]
        >>> answer = mixture_shrinkage(effects, [0.5] * 9)
        >>> abs(answer.means[3]) < 0.05, answer.means[-1] > 7.5
        (True, True)

    References:
        Stephens, M. (2017). False discovery rates: a new deal. Biostatistics 18.
        Azevedo, E. M. et al. (2020). A/B testing with fat tails. Journal of Political Economy 128.

    See docs/explanation/shrinkage-and-exaggeration.md .
    """
    y, v = checked_history(estimates, ses)
    if y.size < 2:
        return too_few_experiments(y.size, 2)
    spreads = _grid(y, v)
    total = v[:, None] + spreads**2
    log_likelihood = -0.5 * (np.log(total) + y[:, None] ** 2 / total)
    weights, share = _weights(log_likelihood)
    kept = spreads**2 / total
    means, variances = kept * y[:, None], kept * v[:, None]
    mean = np.sum(share * means, axis=1)
    second = np.sum(share * (variances + means**2), axis=1)
    return MixtureShrinkage(
        spreads=tuple(map(float, spreads)),
        weights=tuple(map(float, weights)),
        means=tuple(map(float, mean)),
        sds=tuple(map(float, np.sqrt(np.maximum(second - mean**2, 0.0)))),
        wrong_sign=tuple(map(float, _wrong_sign(share, means, variances))),
    )


def _grid(y: Vector, v: Vector) -> Vector:
    """Return zero, and spreads by factors of √2 from a tenth of the smallest error to twice the largest effect."""
    low = float(np.sqrt(v.min())) / 10
    high = max(2 * float(np.sqrt(np.max(np.maximum(y * y - v, 0.0)))), 8 * low)
    count = min(int(np.ceil(2 * np.log2(high / low))) + 1, 60)
    return np.concatenate(([0.0], np.geomspace(low, high, count)))


def _weights(log_likelihood: Vector) -> tuple[Vector, Vector]:
    """Return the components' likeliest weights, and each estimate's shares in them."""
    weights = np.full(log_likelihood.shape[1], 1 / log_likelihood.shape[1])
    scaled = np.exp(log_likelihood - log_likelihood.max(axis=1, keepdims=True))
    for _ in range(STEPS):
        joint = scaled * weights
        weights = (joint / joint.sum(axis=1, keepdims=True)).mean(axis=0)
    joint = log_likelihood + np.log(np.maximum(weights, np.finfo(np.float64).tiny))
    return weights, np.exp(joint - logsumexp(joint, axis=1, keepdims=True))


def _wrong_sign(share: Vector, means: Vector, variances: Vector) -> Vector:
    known = variances > 0
    z = np.where(known, means / np.sqrt(np.where(known, variances, 1.0)), 0.0)
    zero = np.sum(share * ~known, axis=1)
    not_above, not_below = (np.sum(share * known * np.exp(log_ndtr(side * z)), axis=1) for side in (-1, 1))
    return zero + np.minimum(not_above, not_below)
