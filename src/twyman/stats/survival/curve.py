"""Retention curves: which share is still there, by time, some units having been watched for longer than others."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from twyman.kernel.errors import Invalid, nearest
from twyman.stats.estimate import Cause, NotEstimable, checked_alpha
from twyman.stats.survival.table import RiskTable, Vector
from twyman.stats.tails import critical_value


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Kaplan and Meier's curve: a step down at each time at which somebody left.

    Attributes:
        times: These times.
        survival: Share still there just after each.
        relative_variance: Greenwood's sum, the variance of the logarithm of `survival`; infinite at 0.
        until: When the last unit was observed; beyond, the curve isn't known.
        units: Units at the start.
    """

    times: Vector
    survival: Vector
    relative_variance: Vector
    until: float
    units: int

    @property
    def se(self) -> Vector:
        """Standard error of the share, by time (Greenwood's); 0 where nobody is left, as p (1 - p) / n has it."""
        return self.survival * np.sqrt(np.where(self.survival > 0, self.relative_variance, 0.0))

    def at(self, time: float) -> tuple[float, float] | NotEstimable:
        """Return the share still there at a time, and its standard error; or why it isn't known."""
        place = int(np.searchsorted(self.times, time, side="right")) - 1
        gone = self.times.size and self.survival[-1] == 0
        if time > self.until and not gone:
            return NotEstimable(
                Cause.NO_ONE_AT_RISK,
                f"nobody was observed up to {time:g} (the last until {self.until:g}): wait, or ask for an earlier time",
            )
        return (1.0, 0.0) if place < 0 else (float(self.survival[place]), float(self.se[place]))

    def interval(self, *, alpha: float = 0.05, kind: str = "log-log") -> tuple[Vector, Vector]:
        """Return the lower and upper end of each time's interval: of that time alone, not a band for the curve.

        Args:
            alpha: Error of the two-sided intervals.
            kind: `log-log`: symmetric in log(-log(share)), stays within 0 and 1; `log`: in log(share), R's default;
                `logit`: in log(share / (1 - share)); `arcsin`: in arcsin(sqrt(share)), whose error hardly depends
                on the share; `plain`: in the share. Ends are cut off at 0 and 1. Where nobody is left the interval
                reaches from 0 to the upper end of the time before.

        Raises:
            Invalid: If there is no such kind, or alpha is no probability.

        References:
            Kalbfleisch, J. D. and Prentice, R. L. (2002). The Statistical Analysis of Failure Time Data. Wiley.
        """
        if kind not in INTERVALS:
            raise Invalid(f"there is no interval '{kind}': {nearest(kind, INTERVALS)}")
        reach = critical_value(checked_alpha(alpha) / 2)
        alive = (self.survival > 0) & (self.survival < 1)
        lower, upper = np.where(self.survival >= 1, 1.0, 0.0), np.ones(self.survival.size)
        sigma = np.sqrt(self.relative_variance[alive])
        lower[alive], upper[alive] = INTERVALS[kind](self.survival[alive], reach * sigma)
        dead = np.nonzero(self.survival == 0)[0]
        upper[dead] = upper[dead[0] - 1] if dead.size and dead[0] else 1.0
        return np.clip(lower, 0.0, 1.0), np.clip(upper, 0.0, 1.0)


def _plain(survival: Vector, reach: Vector) -> tuple[Vector, Vector]:
    return survival * (1 - reach), survival * (1 + reach)


def _log(survival: Vector, reach: Vector) -> tuple[Vector, Vector]:
    return survival * np.exp(-reach), survival * np.exp(reach)


def _log_log(survival: Vector, reach: Vector) -> tuple[Vector, Vector]:
    stretch = np.exp(-reach / np.log(survival))
    return survival**stretch, survival ** (1 / stretch)


def _logit(survival: Vector, reach: Vector) -> tuple[Vector, Vector]:
    odds, stretch = survival / (1 - survival), np.exp(reach / (1 - survival))
    return odds / (odds + stretch), odds / (odds + 1 / stretch)


def _arcsin(survival: Vector, reach: Vector) -> tuple[Vector, Vector]:
    angle, turn = np.arcsin(np.sqrt(survival)), 0.5 * reach * np.sqrt(survival / (1 - survival))
    return np.sin(np.maximum(angle - turn, 0.0)) ** 2, np.sin(np.minimum(angle + turn, np.pi / 2)) ** 2


INTERVALS: Mapping[str, Callable[[Vector, Vector], tuple[Vector, Vector]]] = {
    "plain": _plain,
    "log": _log,
    "log-log": _log_log,
    "logit": _logit,
    "arcsin": _arcsin,
}


def kaplan_meier(table: RiskTable) -> Curve:
    """Return the curve of a table.

    Holds where being censored says nothing about leaving: units exposed late are like those exposed early. It breaks
    where the kind of unit that arrives changes during the experiment; then compare matured units (`matured`).

    Args:
        table: Units at risk and leaving, by time.

    Example:
        >>> curve = kaplan_meier(RiskTable.of([1, 2, 2, 3, 4], [1, 1, 0, 1, 0]))
        >>> curve.survival.round(3).tolist()
        [0.8, 0.6, 0.3]

    References:
        Kaplan, E. L. and Meier, P. (1958). Nonparametric estimation from incomplete observations. JASA 53.
        Greenwood, M. (1926). The natural duration of cancer. Reports on Public Health and Medical Subjects 33.

    See docs/explanation/retention-curves.md
    """
    seen = table.events > 0
    at_risk, events = table.at_risk[seen], table.events[seen]
    left = at_risk - events
    with np.errstate(divide="ignore"):
        terms = events / (at_risk * left)
    survival = np.cumprod(left / at_risk).astype(np.float64)
    return Curve(table.times[seen], survival, np.cumsum(terms), table.until, table.units)
