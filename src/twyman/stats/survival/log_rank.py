"""Do arms leave at the same rate? The log-rank test."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twyman.kernel.errors import Invalid
from twyman.stats.chisquare import chi_square_tail
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.survival.table import RiskTable, Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRank:
    """A test that all groups leave at the same rate, at every time.

    Attributes:
        statistic: Chi-square.
        df: Its degrees of freedom: groups at risk less one.
        p_value: The probability of one as large.
        log10_p: Its decimal logarithm, where it is below 1e-300.
        observed, expected: Events by group, seen and as one rate for all would have them.
    """

    statistic: float
    df: int
    p_value: float
    log10_p: float | None
    observed: tuple[float, ...]
    expected: tuple[float, ...]


def log_rank(*groups: RiskTable) -> LogRank | NotEstimable:
    """Compare the rates of leaving of two or more groups.

    Holds under independent censoring; most powerful where one rate is a constant multiple of the other, and blind where
    curves cross. It has no estimate of its own: show `retention` or `mean_time` beside it.

    Args:
        groups: One table a group, in any order.

    Returns:
        The test; or why not: nobody left, or one group alone was at risk.

    Raises:
        Invalid: If there are fewer than two groups.

    Example:
        >>> treatment = RiskTable.of([6, 7, 10, 15, 19, 25], [1, 0, 1, 1, 0, 1])
        >>> control = RiskTable.of([1, 1, 2, 2, 3, 4], [1, 1, 1, 1, 1, 0])
        >>> f"{log_rank(treatment, control).p_value:.4f}"
        '0.0043'

    References:
        Mantel, N. (1966). Evaluation of survival data and two new rank order statistics. Cancer Chemotherapy
        Reports 50.

    See docs/explanation/retention-curves.md
    """
    return stratified_log_rank([groups])


def stratified_log_rank(strata: Sequence[Sequence[RiskTable]]) -> LogRank | NotEstimable:
    """Compare groups within strata, each stratum with a rate of its own.

    Args:
        strata: For each stratum one table a group, the groups in the same order.

    Raises:
        Invalid: If a stratum has other groups, or there are fewer than two.

    See docs/explanation/retention-curves.md
    """
    sizes = {len(groups) for groups in strata}
    if len(sizes) != 1 or min(sizes) < 2:
        raise Invalid("strata need the same two or more groups each: give a table a group, an empty one for nobody")
    parts = [_stratum(groups) for groups in strata]
    observed: Vector = np.sum([part[0] for part in parts], axis=0)
    expected: Vector = np.sum([part[1] for part in parts], axis=0)
    variance: Vector = np.sum([part[2] for part in parts], axis=0)
    present = np.nonzero(expected > 0)[0]
    if present.size < 2:
        return NotEstimable(
            Cause.NO_VARIATION, "nobody left, or one group alone was at risk when somebody did: wait for more data"
        )
    kept = present[:-1]
    gap = (observed - expected)[kept]
    inner = variance[np.ix_(kept, kept)]
    if np.linalg.matrix_rank(inner) < kept.size:
        return NotEstimable(
            Cause.NO_VARIATION, "too few units leave to tell the groups' rates apart: wait for more data"
        )
    statistic = float(gap @ np.linalg.solve(inner, gap))
    p_value, log10_p = chi_square_tail(statistic, kept.size)
    return LogRank(
        statistic=statistic,
        df=int(kept.size),
        p_value=p_value,
        log10_p=log10_p,
        observed=tuple(observed.tolist()),
        expected=tuple(expected.tolist()),
    )


def _stratum(groups: Sequence[RiskTable]) -> tuple[Vector, Vector, Vector]:
    """Return events seen and expected by group, and the covariance of their difference."""
    times: Vector = np.unique(np.concatenate([group.times[group.events > 0] for group in groups]))
    at_risk = np.vstack([group.at_risk_at(times) for group in groups])
    events = np.vstack([group.events_at(times) for group in groups])
    everyone, left = at_risk.sum(axis=0), events.sum(axis=0)
    share = at_risk / everyone
    spread = left * np.where(everyone > 1, (everyone - left) / np.maximum(everyone - 1, 1), 0.0)
    variance = np.diag(share @ spread) - (share * spread) @ share.T
    return events.sum(axis=1), share @ left, variance
