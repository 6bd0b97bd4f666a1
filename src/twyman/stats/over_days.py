"""Does an effect wear off, or grow? Effects by day since exposure, the same units on all days.

A unit that is active today is active tomorrow, so the days' effects share their luck. Taken for
independent, an average over days looks far too sure, and a trend too sure or not sure enough,
depending on how luck lasts. So all days' covariances are used: one column of `Moments` a day gives them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cho_factor, cho_solve

from twyman.kernel.errors import Invalid, nearest
from twyman.stats.difference import means
from twyman.stats.estimate import Cause, Contrast, Estimate, NotEstimable
from twyman.stats.lift import absolute
from twyman.stats.moments import Moments
from twyman.stats.pair import NO_VARIATION, Pair, too_few

Vector = NDArray[np.float64]

WEIGHTS = ("wls", "gls")


@dataclass(frozen=True, slots=True, eq=False)
class DailyEffects:
    """Treatment less control, by day since exposure.

    Attributes:
        days: Days since exposure, one a column.
        effects: Differences of means.
        covariance: Of these differences, over all pairs of days.

    See docs/explanation/novelty.md .
    """

    days: Vector
    effects: Vector
    covariance: Vector

    @property
    def ses(self) -> Vector:
        """Standard errors, day by day."""
        return np.sqrt(np.diagonal(self.covariance))


def daily_effects(
    treatment: Moments, control: Moments, days: Sequence[float] | None = None
) -> DailyEffects | NotEstimable:
    """Return effects by day with their full covariance.

    All days are of the same units: those exposed long enough to have them all. Units that came later
    would be missing from late days only, and their difference would pass for a trend.

    Args:
        treatment: Moments of a row of days a unit.
        control: The same of control.
        days: Days since exposure of the columns; 0, 1, 2, … where left out.

    Returns:
        The effects; or why not, where an arm has under two units.

    Raises:
        Invalid: If days and columns don't match.

    See docs/explanation/novelty.md .
    """
    when = _checked_days(treatment, control, days)
    refusal = too_few(treatment.count, control.count)
    if refusal:
        return refusal
    covariance = treatment.covariance() / treatment.count + control.covariance() / control.count
    return DailyEffects(when, treatment.means - control.means, covariance)


def trend(
    days: ArrayLike, effects: ArrayLike, covariance: ArrayLike, *, weights: str = "wls"
) -> Contrast | NotEstimable:
    """Fit a line through effects whose covariance is known, and return its slope per day.

    Args:
        days: Two different ones at least.
        effects: One a day.
        covariance: Of the effects: a matrix, or variances where they are independent indeed.
        weights: `wls`: each day by its own precision, the error from the full covariance, which needs
            the least of it; `gls`: the most precise line, if the covariance is known well: from many
            more units than days.

    Returns:
        The slope; or why not, where a day has no variance, or days differ by nothing that chance made.

    Raises:
        Invalid: If shapes don't match, all days are one, or there are no such weights.

    Example:
        >>> slope = trend([1, 2, 3], [0.9, 0.6, 0.4], [0.01, 0.01, 0.01])
        >>> f"{slope.estimate:+.2f} per day, se {slope.se:.3f}"
        '-0.25 per day, se 0.071'

    References:
        Aitken, A. C. (1935). On least squares and linear combination of observations. Proceedings of
        the Royal Society of Edinburgh 55.

    See docs/explanation/novelty.md .
    """
    when, gaps, spread = _checked_line(days, effects, covariance)
    slope = _slope_weights(when, spread, weights)
    if isinstance(slope, NotEstimable):
        return slope
    error = float(np.sqrt(max(float(slope @ spread @ slope), 0.0)))
    return Contrast(float(slope @ gaps), error, None) if error else NO_VARIATION


@dataclass(frozen=True, slots=True, kw_only=True)
class Novelty:
    """How an effect changes with days since exposure.

    Attributes:
        daily: The effects, and their covariance.
        trend: Change of the effect per day.
        early_less_late: Mean effect of the first days less that of the days after.
        early, late: The two means.
        early_days: How many days count as first.

    See docs/explanation/novelty.md .
    """

    daily: DailyEffects
    trend: Estimate | NotEstimable
    early_less_late: Estimate | NotEstimable
    early: Estimate | NotEstimable
    late: Estimate | NotEstimable
    early_days: int


def novelty(
    treatment: Moments,
    control: Moments,
    *,
    days: Sequence[float] | None = None,
    early: int = 7,
    weights: str = "wls",
    alpha: float = 0.05,
) -> Novelty | NotEstimable:
    """Test whether an effect wears off or grows, on the same units over all days.

    Every number is a Welch test of one number a unit (its slope, its early less its late mean), so
    that whatever a unit's days have in common is accounted for, to the last digit.

    Args:
        treatment: Moments of a row of days a unit, of units exposed for all these days.
        control: The same of control.
        days: Days since exposure of the columns; 0, 1, 2, … where left out.
        early: How many of the first columns are "first days": whole weeks, so that weekdays balance.
        weights: Of the trend's days, as in `trend`.
        alpha: Error of the two-sided intervals.

    Returns:
        The answer; or why not, where an arm has under two units.

    Raises:
        Invalid: If days and columns don't match, or `early` leaves no day on one side.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(1)
        >>> wears_off = np.linspace(1, 0, 14)
        >>> treated, others = rng.normal(size=(2, 2000, 14)) + rng.normal(size=(2, 2000, 1))
        >>> answer = novelty(Moments.of(treated + wears_off), Moments.of(others))
        >>> f"{answer.trend.estimate:+.3f} per day, p={answer.trend.p_value:.0e}"
        '-0.077 per day, p=6e-256'

    References:
        Sadeghi, S. et al. (2022). Novelty and primacy: a long-term estimator for online experiments.
        Technometrics 64.

    See docs/explanation/novelty.md .
    """
    daily = daily_effects(treatment, control, days)
    if isinstance(daily, NotEstimable):
        return daily
    k = daily.days.size
    if not 0 < early < k:
        raise Invalid(f"{early} first days of {k} leave none to compare with: give 1 to {k - 1}")
    first = np.where(np.arange(k) < early, 1 / early, 0.0)
    later = np.where(np.arange(k) >= early, 1 / (k - early), 0.0)
    slope = _slope_weights(daily.days, daily.covariance, weights)

    def read(combination: Vector) -> Estimate | NotEstimable:
        return _read(treatment, control, combination, alpha)

    return Novelty(
        daily=daily,
        trend=slope if isinstance(slope, NotEstimable) else read(slope),
        early_less_late=read(first - later),
        early=read(first),
        late=read(later),
        early_days=early,
    )


def _read(treatment: Moments, control: Moments, combination: Vector, alpha: float) -> Estimate | NotEstimable:
    """Compare one number a unit: a combination of its days."""
    pair = means(combined(treatment, combination), combined(control, combination))
    return absolute(pair, alpha=alpha) if isinstance(pair, Pair) else pair


def combined(arm: Moments, weights: Vector) -> Moments:
    """Return the moments of one number a unit: a weighted sum of its columns.

    Example:
        >>> combined(Moments.of([[1, 5], [2, 7]]), np.array([-1.0, 1.0])) == Moments.of([4, 5])
        True
    """
    square = max(float(weights @ arm.products @ weights), 0.0)
    return Moments(arm.count, np.array([weights @ arm.means]), np.array([[square]]))


def _slope_weights(days: Vector, covariance: Vector, weights: str) -> Vector | NotEstimable:
    """Return the weights by which effects add up to a line's slope."""
    if weights not in WEIGHTS:
        raise Invalid(f"there are no weights '{weights}': {nearest(weights, WEIGHTS)}")
    variances = np.diagonal(covariance)
    if not (variances > 0).all():
        return NotEstimable(
            Cause.NO_VARIATION, "no unit varies on one of the days, so it has no precision: leave that day out"
        )
    if weights == "wls":
        w = variances.min() / variances
        centred = w * (days - w @ days / w.sum())
        return centred / (centred @ days)
    scale = np.sqrt(variances)
    design = np.column_stack((np.ones(days.size), days - days.mean())) / scale[:, None]
    try:
        solved = cho_solve(cho_factor(covariance / np.outer(scale, scale)), design)
        return np.linalg.solve(design.T @ solved, solved.T)[1] / scale
    except np.linalg.LinAlgError:
        return NotEstimable(Cause.COLLINEAR, "some days tell others exactly, so there is no most precise line: use wls")


def _checked_days(treatment: Moments, control: Moments, days: Sequence[float] | None) -> Vector:
    k = treatment.means.size
    when = np.arange(k, dtype=np.float64) if days is None else np.asarray(days, dtype=np.float64)
    if control.means.size != k or when.shape != (k,) or k < 2 or np.ptp(when) == 0:
        raise Invalid(
            f"{k} treated and {control.means.size} control columns on days {when.tolist()} make no curve: "
            "give one column a day, two different days or more, in both arms"
        )
    return when


def _checked_line(days: ArrayLike, effects: ArrayLike, covariance: ArrayLike) -> tuple[Vector, Vector, Vector]:
    when, gaps = np.asarray(days, dtype=np.float64), np.asarray(effects, dtype=np.float64)
    spread = np.asarray(covariance, dtype=np.float64)
    spread = np.diag(spread) if spread.ndim == 1 else spread
    k = when.size
    if when.shape != (k,) or gaps.shape != (k,) or spread.shape != (k, k) or k < 2 or np.ptp(when) == 0:
        raise Invalid(
            f"days, effects and covariance of shapes {when.shape}, {gaps.shape} and {spread.shape} make no line: "
            "give one effect a day, two different days or more, and their covariance"
        )
    return when, gaps, spread
