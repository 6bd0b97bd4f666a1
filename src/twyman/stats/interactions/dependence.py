"""Are two experiments' assignments independent, or does one arm come with the other?

Where they come together, each experiment also measures the other's effect. Statistics that treat
them as independent can't see it; the table of joint assignments can, with a few dozen units.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from twyman.kernel.errors import Invalid
from twyman.stats.chisquare import chi_square_tail
from twyman.stats.estimate import Cause, NotEstimable


@dataclass(frozen=True, slots=True)
class Dependence:
    """How far two assignments are from independent.

    Attributes:
        statistic: Pearson's chi-square, without continuity correction.
        df: Its degrees of freedom.
        p_value: Chance of a table at least this dependent.
        log10_p: Its decimal logarithm, where it is below 1e-300.
        cramers_v: Strength, from 0 (none) to 1 (one arm tells the other).
        leak: P(arm 1 | arm 1 of the other) - P(arm 1 | control of the other); `None` unless two by two.
            Times the other's effect it is the bias of the naive comparison.

    See docs/explanation/interactions-and-segments.md .
    """

    statistic: float
    df: int
    p_value: float
    log10_p: float | None
    cramers_v: float
    leak: float | None

    @property
    def inflation(self) -> float:
        """Variance of an effect adjusted for the other assignment, over that without dependence."""
        rest = 1 - self.cramers_v**2
        return 1 / rest if rest > 0 else math.inf


def dependence(table: ArrayLike) -> Dependence | NotEstimable:
    """Test a table of joint assignments for independence, once.

    For units that are in both experiments. Looked at every day it needs the anytime-valid test.

    Args:
        table: Units by arm of the one and arm of the other. Arms without units are left out.

    Returns:
        The test; or why not, where fewer than two arms of either have units.

    Raises:
        Invalid: If it is no table of counts.

    Example:
        >>> answer = dependence([[45, 45], [33, 37]])
        >>> f"{answer.statistic:.4f} p={answer.p_value:.3f} V={answer.cramers_v:.3f}"
        '0.1287 p=0.720 V=0.028'

    References:
        Cramér, H. (1946). Mathematical Methods of Statistics. Princeton.

    See docs/explanation/interactions-and-segments.md .
    """
    counts = np.asarray(table, dtype=np.float64)
    if counts.ndim != 2 or not np.isfinite(counts).all() or (counts < 0).any():
        raise Invalid(f"a table of shape {counts.shape} isn't one of counts: give units by arm and arm, from 0 up")
    kept = counts[np.ix_(counts.sum(axis=1) > 0, counts.sum(axis=0) > 0)]
    if min(kept.shape) < 2:
        return NotEstimable(
            Cause.ONE_ARM, "all units are in one arm of an experiment, so nothing can go with it: wait for both arms"
        )
    n = kept.sum()
    expected = np.outer(kept.sum(axis=1), kept.sum(axis=0)) / n
    statistic = float(np.sum((kept - expected) ** 2 / expected))
    df = (kept.shape[0] - 1) * (kept.shape[1] - 1)
    shares = kept[:, 1] / kept.sum(axis=1)
    return Dependence(
        statistic,
        df,
        *chi_square_tail(statistic, df),
        cramers_v=min(1.0, math.sqrt(statistic / (n * (min(kept.shape) - 1)))),
        leak=float(shares[1] - shares[0]) if counts.shape == (2, 2) else None,
    )
