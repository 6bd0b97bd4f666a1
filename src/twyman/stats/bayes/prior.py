"""What was believed of an effect before the data: a normal distribution, with the unit it is in.

A prior without its unit is the trap: a spread of 0.3 meant for lifts says nothing at all about a
difference in cents, and next to everything about one in kroner. So the scale is part of it.
"""

import math
from dataclasses import dataclass

from twyman.kernel.errors import Invalid, nearest

SCALES = ("relative", "absolute")


@dataclass(frozen=True, slots=True)
class NormalPrior:
    """Effects before the data: normal around `mean` with spread `sd`.

    Attributes:
        mean: Centre.
        sd: Standard deviation; infinite for the improper prior, by which nothing is known.
        scale: `relative`: of the lift; `absolute`: of the difference.

    Example:
        >>> NormalPrior(0.0, 0.01).on("absolute", baseline=-20.0)
        NormalPrior(mean=0.0, sd=0.2, scale='absolute')

    See docs/explanation/bayesian-view.md .
    """

    mean: float
    sd: float
    scale: str = "relative"

    def __post_init__(self) -> None:
        """Refuse what is no distribution.

        Raises:
            Invalid: If the mean isn't finite, the spread isn't positive, or there is no such scale.
        """
        if not math.isfinite(self.mean) or not self.sd > 0:
            raise Invalid(
                f"a prior of mean {self.mean} and sd {self.sd} is no belief: give a finite mean and an sd above 0 "
                "(math.inf where nothing is known)"
            )
        if self.scale not in SCALES:
            raise Invalid(f"there is no scale '{self.scale}': {nearest(self.scale, SCALES)}")

    @property
    def proper(self) -> bool:
        """Whether it says anything at all."""
        return math.isfinite(self.sd)

    def on(self, scale: str, *, baseline: float) -> "NormalPrior":
        """Return the same belief on another scale, lifts being shares of the baseline's size.

        Raises:
            Invalid: If the baseline is zero, of which nothing is a share, or there is no such scale.
        """
        if scale == self.scale or not self.proper:
            return NormalPrior(self.mean, self.sd, scale)
        if not baseline:
            raise Invalid("the control mean is zero, and a lift of nothing is nothing: give the prior in its own scale")
        factor = abs(baseline) if scale == "absolute" else 1 / abs(baseline)
        return NormalPrior(self.mean * factor, self.sd * factor, scale)


FLAT = NormalPrior(0.0, math.inf)
"""Nothing known: the posterior is the estimate, and the chance to win its one-sided p-value in other words."""
