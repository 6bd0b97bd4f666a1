"""Were the arms alike before the experiment? Covariates can't have been moved, so a difference is chance or a fault.

A p-value below 0.001 says that the split, the exposure or the covariate's window is broken; and an
adjustment by such a covariate would be worse than none.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, fdtrc

from twyman.kernel.errors import Invalid, nearest
from twyman.stats.difference import means
from twyman.stats.estimate import NotEstimable
from twyman.stats.moments import Moments
from twyman.stats.pair import NO_VARIATION, too_few
from twyman.stats.tails import two_sided

ALONE = 1e-10
"""A covariate of which the others leave a smaller share unexplained says nothing of its own."""

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PreBalance:
    """How far apart the arms were before the experiment.

    Attributes:
        each: Two-sided p-value of each covariate by itself; `None` where it doesn't vary.
        standardised: Difference of means over the pooled standard deviation, by covariate.
        statistic: Hotelling's T², of all covariates that say something of their own.
        df: How many these are.
        p_value: Chance of arms at least as far apart in all covariates together.
        used: Which covariates are in the joint test, counted from 0.
    """

    each: tuple[float | None, ...]
    standardised: tuple[float | None, ...]
    statistic: float
    df: int
    p_value: float
    used: tuple[int, ...]


def pre_balance(treatment: Moments, control: Moments, *, test: str = "wald") -> PreBalance | NotEstimable:
    """Test that covariates have the same means in both arms, each by itself and all together.

    Args:
        treatment: Moments of the covariates (without the metric).
        control: The same of control.
        test: `wald`: arms may spread differently, chi-square, for large samples; `hotelling`: one
            covariance matrix for both, exact for normal covariates.

    Returns:
        The tests; or why not, where an arm has too few units or no covariate varies.

    Raises:
        Invalid: If there is no such test, or columns don't match.

    Example:
        >>> rng = np.random.default_rng(3)
        >>> arms = [Moments.of(rng.normal(size=(200, 2))) for _ in range(2)]
        >>> answer = pre_balance(*arms)
        >>> answer.df, answer.p_value > 0.001
        (2, True)

    References:
        Hotelling, H. (1931). The generalization of Student's ratio. Annals of Mathematical
        Statistics 2.

    See docs/explanation/adjustment.md.
    """
    if test not in ("wald", "hotelling"):
        raise Invalid(f"there is no test '{test}' of balance: {nearest(test, ('wald', 'hotelling'))}")
    if treatment.means.size != control.means.size:
        raise Invalid(f"{treatment.means.size} and {control.means.size} covariates don't match: reduce both arms alike")
    refusal = too_few(treatment.count, control.count)
    if refusal:
        return refusal
    gaps = treatment.means - control.means
    within = (treatment.products + control.products) / (treatment.count + control.count - 2)
    spread = within * (1 / treatment.count + 1 / control.count)
    if test == "wald":
        spread = treatment.covariance() / treatment.count + control.covariance() / control.count
    varying = [j for j in range(gaps.size) if treatment.varies(j) or control.varies(j)]
    used, statistic = _distance(gaps, spread, varying)
    freedom = treatment.count + control.count - len(used) - 1
    if not used:
        return NO_VARIATION
    if test == "hotelling" and freedom < 1:
        return too_few(treatment.count, control.count, needed=len(used) + 2) or NO_VARIATION
    p_value = float(chdtrc(len(used), statistic))
    if test == "hotelling":
        p_value = float(fdtrc(len(used), freedom, statistic * freedom / len(used) / (freedom + len(used) - 1)))
    return PreBalance(
        each=tuple(_alone(treatment.columns(j), control.columns(j)) for j in range(gaps.size)),
        standardised=tuple(
            float(gaps[j]) / math.sqrt(float(within[j, j])) if j in varying else None for j in range(gaps.size)
        ),
        statistic=statistic,
        df=len(used),
        p_value=p_value,
        used=used,
    )


def _distance(gaps: Vector, spread: Matrix, varying: list[int]) -> tuple[tuple[int, ...], float]:
    """Return which covariates say something of their own, in their order, and the squared distance in them."""
    errors = np.sqrt(np.diagonal(spread))
    with np.errstate(divide="ignore", invalid="ignore"):
        alike, scores = spread / np.outer(errors, errors), gaps / errors
    used = list[int]()
    for j in varying:
        told = np.linalg.solve(alike[np.ix_(used, used)], alike[used, j])
        if 1 - float(alike[j, used] @ told) > ALONE:
            used.append(j)
    return tuple(used), float(scores[used] @ np.linalg.solve(alike[np.ix_(used, used)], scores[used]))


def _alone(treatment: Moments, control: Moments) -> float | None:
    pair = means(treatment, control)
    if isinstance(pair, NotEstimable):
        return None
    return two_sided(pair.contrast().statistic, pair.df)[0]
