"""One proportion from a count, and its intervals.

Where units are few, or successes rare, a proportion's normal interval misses; these don't. Which one
is a matter of taste: `wilson` for reporting, `clopper_pearson` where coverage may never fall short.
"""

import math
from dataclasses import dataclass

from scipy.special import betaincinv

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import checked_alpha
from twyman.stats.tails import critical_value


@dataclass(frozen=True, slots=True)
class Count:
    """Successes among units, each unit counting once.

    Attributes:
        successes: From 0 to `units`.
        units: At least 1.
    """

    successes: float
    units: float

    def __post_init__(self) -> None:
        """Refuse what can't be counted.

        Raises:
            Invalid: If there are no units, or successes lie outside.
        """
        if not (self.units > 0 and 0 <= self.successes <= self.units):
            raise Invalid(f"{self.successes} of {self.units} units can't succeed: count units, not events")

    @property
    def share(self) -> float:
        """Successes per unit."""
        return self.successes / self.units

    @property
    def failures(self) -> float:
        """Units that didn't succeed."""
        return self.units - self.successes

    @property
    def variance(self) -> float:
        """Variance of the share, p (1 - p) / n."""
        return self.share * (1 - self.share) / self.units

    def plus(self, successes: float, failures: float) -> "Count":
        """Return the count with some added on either side, as adjusted methods do."""
        return Count(self.successes + successes, self.units + successes + failures)


def wilson(count: Count, *, alpha: float = 0.05) -> tuple[float, float]:
    """Return Wilson's interval: all proportions that the score test doesn't reject.

    Example:
        >>> low, high = wilson(Count(10, 100))
        >>> f"{low:.4f} {high:.4f}"
        '0.0552 0.1744'

    References:
        Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference.
        JASA 22.

    See docs/explanation/proportions.md
    """
    z = critical_value(checked_alpha(alpha) / 2)
    n, square = count.units, z * z
    centre = (count.successes + square / 2) / (n + square)
    reach = z * math.sqrt(count.successes * count.failures / n + square / 4) / (n + square)
    low = 0.0 if not count.successes else centre - reach
    high = 1.0 if not count.failures else centre + reach
    return low, high


def agresti_coull(count: Count, *, alpha: float = 0.05) -> tuple[float, float]:
    """Return Agresti and Coull's interval: a normal one about Wilson's centre, cut off at 0 and 1.

    References:
        Agresti, A. and Coull, B. A. (1998). Approximate is better than "exact" for interval
        estimation of binomial proportions. The American Statistician 52.

    See docs/explanation/proportions.md
    """
    z = critical_value(checked_alpha(alpha) / 2)
    wide = count.plus(z * z / 2, z * z / 2)
    reach = z * math.sqrt(wide.variance)
    return max(wide.share - reach, 0.0), min(wide.share + reach, 1.0)


def clopper_pearson(count: Count, *, alpha: float = 0.05) -> tuple[float, float]:
    """Return the exact interval: all proportions that neither one-sided binomial test rejects.

    Example:
        >>> low, high = clopper_pearson(Count(0, 20))
        >>> f"{low:.4f} {high:.4f}"
        '0.0000 0.1684'

    References:
        Clopper, C. J. and Pearson, E. S. (1934). The use of confidence or fiducial limits. Biometrika 26.

    See docs/explanation/proportions.md
    """
    side = checked_alpha(alpha) / 2
    low = float(betaincinv(count.successes, count.failures + 1, side)) if count.successes else 0.0
    high = 1 - float(betaincinv(count.failures, count.successes + 1, side)) if count.failures else 1.0
    return low, high


def jeffreys(count: Count, *, alpha: float = 0.05) -> tuple[float, float]:
    """Return the central interval of the posterior under Jeffreys' prior.

    References:
        Brown, L. D., Cai, T. T. and DasGupta, A. (2001). Interval estimation for a binomial
        proportion. Statistical Science 16.

    See docs/explanation/proportions.md
    """
    side = checked_alpha(alpha) / 2
    a, b = count.successes + 0.5, count.failures + 0.5
    return float(betaincinv(a, b, side)), 1 - float(betaincinv(b, a, side))
