"""Exact tests of a two-by-two table, for small counts: Fisher, Barnard, Boschloo.

These come from `scipy.stats`, which takes long to import: nothing else here imports this module.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from twyman.stats.count import Count


def _table(treatment: Count, control: Count) -> NDArray[np.int64]:
    arms = (treatment, control)
    return np.array([[arm.successes for arm in arms], [arm.failures for arm in arms]], dtype=np.int64)


def fisher(treatment: Count, control: Count) -> float:
    """Return Fisher's two-sided p-value, given both margins.

    Example:
        >>> f"{fisher(Count(12, 510), Count(3, 500)):.4f}"
        '0.0340'

    See docs/explanation/proportions.md
    """
    answer: Any = stats.fisher_exact(_table(treatment, control))
    return float(answer.pvalue)


def odds_ratio(treatment: Count, control: Count, *, alpha: float = 0.05) -> tuple[float, float, float]:
    """Return the conditional odds ratio and its exact interval."""
    answer: Any = stats.contingency.odds_ratio(_table(treatment, control))
    interval = answer.confidence_interval(confidence_level=1 - alpha)
    return float(answer.statistic), float(interval.low), float(interval.high)


def barnard(treatment: Count, control: Count) -> float:
    """Return Barnard's two-sided p-value, by the pooled statistic.

    See docs/explanation/proportions.md
    """
    answer: Any = stats.barnard_exact(_table(treatment, control))
    return float(answer.pvalue)


def boschloo(treatment: Count, control: Count) -> float:
    """Return Boschloo's two-sided p-value: Fisher's, made more powerful.

    See docs/explanation/proportions.md
    """
    answer: Any = stats.boschloo_exact(_table(treatment, control))
    return float(answer.pvalue)
