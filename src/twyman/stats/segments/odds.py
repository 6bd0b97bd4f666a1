"""One odds ratio over several strata, none of which need be large: Mantel and Haenszel."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twyman.kernel.errors import Invalid
from twyman.stats.chisquare import chi_square_tail
from twyman.stats.estimate import Cause, Contrast, NotEstimable
from twyman.stats.tails import two_sided

Vector = NDArray[np.float64]

Successes = tuple[float, float]
"""Successes, and the units they are among."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StratifiedOdds:
    """A common odds ratio.

    `p_value` and the interval are of one kind and agree; the score test is another, and may differ a
    little from both.

    Attributes:
        odds_ratio: Treatment's odds over control's, common to all strata.
        lower, upper: Ends of its interval, symmetric on the log scale.
        level: Its coverage.
        p_value, log10_p: Two-sided, of its logarithm being zero.
        score, score_p: Mantel and Haenszel's chi-square with one degree of freedom, and its p-value.

    See docs/explanation/interactions-and-segments.md .
    """

    odds_ratio: float
    lower: float
    upper: float
    level: float
    p_value: float
    log10_p: float | None
    score: float
    score_p: float


def mantel_haenszel(
    strata: Sequence[tuple[Successes, Successes]], *, alpha: float = 0.05, continuity: bool = False
) -> StratifiedOdds | NotEstimable:
    """Estimate the odds ratio that strata have in common.

    Holds for few large strata as well as for many small ones; what it averages means little where
    odds ratios differ between strata: look at `breakdown` first.

    Args:
        strata: Successes and units of treatment and of control, for each. One with an empty arm adds nothing.
        alpha: Error of the two-sided interval.
        continuity: Whether to take one half off the score test's distance, as R does by default.

    Returns:
        The answer; or why not, where no stratum has both arms and both outcomes.

    Raises:
        Invalid: If a count can't be, or alpha is no probability.

    Example:
        >>> odds = mantel_haenszel([((20, 50), (30, 55)), ((8, 100), (12, 100))])
        >>> f"{odds.odds_ratio:.3f} [{odds.lower:.3f}, {odds.upper:.3f}]"
        '0.588 [0.323, 1.070]'

    References:
        Mantel, N. and Haenszel, W. (1959). Statistical aspects of the analysis of data from
        retrospective studies of disease. Journal of the National Cancer Institute 22.
        Robins, J., Breslow, N. and Greenland, S. (1986). Estimators of the Mantel-Haenszel variance
        consistent in both sparse data and large-strata limiting models. Biometrics 42.

    See docs/explanation/interactions-and-segments.md .
    """
    table = np.array([_row(*stratum) for stratum in strata], dtype=np.float64).reshape(-1, 4)
    table = table[(table[:, :2].sum(axis=1) > 0) & (table[:, 2:].sum(axis=1) > 0)]
    yes_t, no_t, yes_c, no_c = table.T
    n = table.sum(axis=1)
    agree, against = yes_t * no_c / n, no_t * yes_c / n
    if not (agree.sum() and against.sum()):
        return NotEstimable(
            Cause.NO_VARIATION, "no stratum has successes and failures on both sides: wait for data, or pool strata"
        )
    ratio = float(agree.sum() / against.sum())
    log_odds = Contrast(math.log(ratio), _error(agree, against, (yes_t + no_c) / n), None)
    lower, upper = log_odds.interval(alpha)
    p_value, log10_p = two_sided(log_odds.statistic)
    score = _score(table, n, continuity=continuity)
    return StratifiedOdds(
        odds_ratio=ratio,
        lower=math.exp(lower),
        upper=math.exp(upper),
        level=1 - alpha,
        p_value=p_value,
        log10_p=log10_p,
        score=score,
        score_p=chi_square_tail(score, 1)[0],
    )


def _row(treatment: Successes, control: Successes) -> tuple[float, float, float, float]:
    for successes, units in (treatment, control):
        if not 0 <= successes <= units < math.inf:
            raise Invalid(f"{successes} of {units} units can't succeed: count units, not events")
    return treatment[0], treatment[1] - treatment[0], control[0], control[1] - control[0]


def _error(agree: Vector, against: Vector, same: Vector) -> float:
    """Return the standard error of the logarithm, by Robins, Breslow and Greenland."""
    r, s = agree.sum(), against.sum()
    other = 1 - same
    variance = (
        same @ agree / (2 * r * r) + (same @ against + other @ agree) / (2 * r * s) + other @ against / (2 * s * s)
    )
    return math.sqrt(float(variance))


def _score(table: Vector, n: Vector, *, continuity: bool) -> float:
    yes_t, no_t, yes_c, _ = table.T
    treated, successes = yes_t + no_t, yes_t + yes_c
    gap = abs(float(np.sum(yes_t - treated * successes / n)))
    inner = treated * (n - treated) * successes * (n - successes)
    variance = float(np.sum(inner / (n * n * np.maximum(n - 1, 1))))
    return (gap - (min(0.5, gap) if continuity else 0.0)) ** 2 / variance
