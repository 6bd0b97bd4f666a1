"""The chance that a statistic lands beyond a critical value, when an effect is there."""

import math
from dataclasses import dataclass, replace

from scipy.special import nctdtr, ndtr, ndtri, ndtri_exp

from twyman.stats.tails import critical_value


@dataclass(frozen=True, slots=True)
class Signal:
    """How loud an assumed effect is at some number of units.

    Attributes:
        drift: The effect over the standard error that its estimate will really have.
        df: Degrees of freedom of the test; `None` for the normal distribution.
        stretch: The standard error that the test uses over the real one: 1, but for score tests, whose
            variance is the null's.
        se: The standard error that the test uses.
    """

    drift: float
    df: float | None = None
    stretch: float = 1.0
    se: float = 1.0

    def beyond(self, critical: float) -> float:
        """Return the chance that the statistic exceeds a critical value."""
        return chance_beyond(critical * self.stretch, self.drift, self.df)

    def reversed(self) -> "Signal":
        """Return the signal as the opposite tail sees it."""
        return replace(self, drift=-self.drift)

    def one_look(self, side: float) -> float:
        """Return the chance that one look with one side's error `side` finds the effect."""
        return self.beyond(float(critical_value(side, self.df)))

    def normal_drift(self, side: float) -> float:
        """Return the drift of a normal statistic that one look would find with the same chance.

        So that bounds of many looks, which compare normal deviates, can be asked about it.
        """
        if self.df is None and self.stretch == 1:
            return self.drift
        found = self.one_look(side)
        if not 1e-12 < found < 1 - 1e-12:
            return self.drift / self.stretch
        return float(critical_value(side)) + float(ndtri(found))


def chance_beyond(critical: float, drift: float, df: float | None = None) -> float:
    """Return the chance that a normal or noncentral t statistic exceeds a critical value.

    Args:
        critical: What is to be exceeded.
        drift: Mean of the normal statistic, or noncentrality of the t.
        df: Degrees of freedom; `None` for the normal distribution.

    Example:
        >>> f"{chance_beyond(1.959964, 2.801585):.4f}"
        '0.8000'
        >>> f"{chance_beyond(2.048407, 2.801585, df=28):.4f}"
        '0.7717'
    """
    if df is None:
        return float(ndtr(drift - critical))
    found = float(nctdtr(df, -drift, -critical))
    if math.isfinite(found):
        return found
    spread = math.sqrt(1 + critical * critical / (2 * df))  # where scipy's series gives up, far out
    return float(ndtr((drift - critical * (1 - 1 / (4 * df))) / spread))


def deviate(chance: float) -> float:
    """Return the normal deviate below which a chance lies, finite also where it rounds to 0 or 1.

    Example:
        >>> deviate(0.5)
        0.0
    """
    if chance >= 1:
        return 8.3
    return float(ndtri(chance)) if chance > 1e-300 else float(ndtri_exp(-700.0))
