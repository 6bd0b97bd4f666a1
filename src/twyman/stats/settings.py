"""How two arms are compared: the conventions, all of them named, none of them hidden."""

from dataclasses import dataclass

from twyman.kernel.errors import Invalid, nearest
from twyman.stats.covariates import THETAS
from twyman.stats.difference import VARIANCES as OF_MEANS
from twyman.stats.estimate import checked_alpha
from twyman.stats.lift import METHODS as LIFTS
from twyman.stats.proportion import VARIANCES as OF_PROPORTIONS

KINDS = {"mean": OF_MEANS, "proportion": OF_PROPORTIONS, "ratio": OF_MEANS}
"""What a metric's own columns are, and the tests that each kind knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The conventions of a comparison, recorded in its result.

    Attributes:
        kind: `mean`, `proportion` (zeros and ones) or `ratio` (numerator, denominator). Columns after
            the metric's own are covariates.
        test: `welch`, `student`, `wald` or `score`: whose variances, and which quantiles.
        lift: `fieller`, `delta` or `log`: how the relative interval is made.
        theta: `per_arm`, `pooled` or `pooled_within`: whose slopes adjust for covariates.
        alpha: Two-sided error of the interval.

    Raises:
        Invalid: If one of them doesn't exist.

    Example:
        >>> Settings(kind="proportion", test="score").alpha
        0.05

    See docs/explanation/statistics.md
    """

    kind: str = "mean"
    test: str = "welch"
    lift: str = "fieller"
    theta: str = "per_arm"
    alpha: float = 0.05

    def __post_init__(self) -> None:
        """Refuse conventions that don't exist."""
        _known("kind", self.kind, tuple(KINDS))
        _known("test", self.test, tuple(KINDS[self.kind]))
        _known("lift", self.lift, tuple(LIFTS))
        _known("theta", self.theta, THETAS)
        checked_alpha(self.alpha)

    @property
    def own(self) -> int:
        """How many columns are the metric's own; those after them are covariates."""
        return 2 if self.kind == "ratio" else 1


def _known(what: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        raise Invalid(f"there is no {what} '{name}' here: {nearest(name, known)}")
