"""Caps: values beyond a threshold count as the threshold, so that a few of them don't drown the rest.

One threshold for all arms, always. With caps of their own the arms' means take on the errors of two thresholds, which
no standard error knows of (a shared one's cancels): between equal arms of 400 log-normal units, a 5 % test rejects in
10 % with caps at the 99th percentile, in 24 % at the 90th. A cap read off the treated alone moves with the treatment.
Sees values; a warehouse that knows the threshold caps by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from twyman.kernel.errors import Invalid, nearest
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.moments import Moments
from twyman.stats.quantile.sample import Vector, ordered, sample_quantile

SOURCES = ("pooled", "control")
REFUSED: Mapping[str, str] = {
    "per_arm": "each threshold has an error of its own, unknown to any interval: A/A tests at 5 % reject in 10 to 24 %",
    "treatment": "a cap read off the treated moves with the treatment, and changes the metric by what it measures",
}


@dataclass(frozen=True, slots=True)
class Cap:
    """The thresholds that all arms share.

    Attributes:
        lower: Values below count as this; minus infinity for none.
        upper: Values above count as this; infinity for none.
        source: What they were read off: "fixed", "pooled" or "control".

    Example:
        >>> Cap(upper=100.0).of([20.0, 250.0]).tolist()
        [20.0, 100.0]
    """

    lower: float = -np.inf
    upper: float = np.inf
    source: str = "fixed"

    def __post_init__(self) -> None:
        """Refuse thresholds that aren't in order.

        Raises:
            Invalid: If they aren't, or one is missing.
        """
        if not self.lower <= self.upper:
            raise Invalid(f"cap from {self.lower} to {self.upper} leaves nothing: give a lower end below the upper")

    def of(self, values: ArrayLike) -> Vector:
        """Return values, those beyond a threshold being the threshold."""
        return np.clip(np.asarray(values, dtype=np.float64), self.lower, self.upper)

    def share(self, values: ArrayLike) -> float:
        """Return the share of values that are beyond a threshold; 0 of none."""
        column = np.asarray(values, dtype=np.float64)
        return float(((column < self.lower) | (column > self.upper)).mean()) if column.size else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CapRule:
    """How thresholds are found: fixed at launch, and applied in the same way to a covariate.

    A covariate gets the same rule, and by it a threshold of its own: its values are of another period, and often of
    another size.

    Attributes:
        upper: The share of values at most the upper threshold, such as 0.99; 1 for none.
        lower: The share of values below the lower threshold; 0 for none.
        source: `pooled`: read off all arms together; `control`: off the control alone.
        zeros: Whether zeros take part. Where most units are 0, the 99th percentile of all units is the 90th or so of
            those that did anything.
        counted: Whether to take the threshold so that `int(share * n)` units lie beyond it at either end, as scipy's
            winsorize does, and not by an interpolated percentile.
        kind: Definition of the percentile, 1 to 9.

    Example:
        >>> cap = CapRule(upper=0.9).threshold(treatment=[0, 5, 9, 80], control=[0, 4, 8, 50])
        >>> f"{cap.upper:.1f}"
        '59.0'

    See docs/explanation/caps-ranks-and-bootstrap.md
    """

    upper: float = 1.0
    lower: float = 0.0
    source: str = "pooled"
    zeros: bool = True
    counted: bool = False
    kind: int = 7

    def __post_init__(self) -> None:
        """Refuse a rule that would spoil the comparison, or isn't one.

        Raises:
            Invalid: If the cap would differ by arm or be the treated units', or shares are out of order.
        """
        if self.source in REFUSED:
            raise Invalid(f"cap '{self.source}' is refused: {REFUSED[self.source]}; read it off 'pooled' or 'control'")
        if self.source not in SOURCES:
            raise Invalid(f"there is no source '{self.source}' of a cap: {nearest(self.source, SOURCES)}")
        if not 0 <= self.lower < self.upper <= 1:
            raise Invalid(f"cap from {self.lower:g} to {self.upper:g} isn't a range of shares: give 0 <= lower < upper")

    def threshold(self, *, treatment: ArrayLike, control: ArrayLike) -> Cap | NotEstimable:
        """Return the thresholds for both arms; or why not: no unit is left to read them off.

        For more arms than two, give all treated units together.

        Raises:
            Invalid: If a value is missing.
        """
        parts = [np.ravel(control)] if self.source == "control" else [np.ravel(treatment), np.ravel(control)]
        column = ordered(np.concatenate(parts))
        column = column if self.zeros else column[column != 0]
        if not column.size:
            return NotEstimable(
                Cause.NO_UNITS, "no unit is left to read the cap off: wait for data, or fix a threshold"
            )
        low, high = self._counted(column) if self.counted else self._interpolated(column)
        return Cap(low if self.lower > 0 else -np.inf, high if self.upper < 1 else np.inf, self.source)

    def _interpolated(self, column: Vector) -> tuple[float, float]:
        low, high = (sample_quantile(column, share, kind=self.kind) for share in (self.lower, self.upper))
        return low, high

    def _counted(self, column: Vector) -> tuple[float, float]:
        below, above = int(self.lower * column.size), int(round(1 - self.upper, 12) * column.size)
        return float(column[below]), float(column[column.size - 1 - above])


@dataclass(frozen=True, slots=True, kw_only=True)
class CappedArm:
    """One arm with and without the cap, to be shown side by side.

    Attributes:
        capped: Moments of what is left of the values; the capped covariate is the second column, where there is one.
        uncapped: Moments of the values themselves.
        share: Share of units that lie beyond a threshold.
    """

    capped: Moments
    uncapped: Moments
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Capped:
    """Both arms with and without the cap.

    Attributes:
        treatment, control: The arms.
        cap: The thresholds of both.
        covariate_cap: Those of the covariate; `None` where there is none.
    """

    treatment: CappedArm
    control: CappedArm
    cap: Cap
    covariate_cap: Cap | None = None


def capped(
    treatment: ArrayLike,
    control: ArrayLike,
    *,
    rule: CapRule | Cap,
    covariates: tuple[ArrayLike, ArrayLike] | None = None,
) -> Capped | NotEstimable:
    """Cap both arms at the same threshold, and keep the uncapped values beside them.

    The effect on the capped metric is another one: of a treatment that works by a few large values, most is cut off.
    That is why both are kept, with the share of units that were capped: shares far apart are a finding by themselves.

    Args:
        treatment: One number a treated unit.
        control: The same of control.
        rule: How to find the threshold, or the threshold itself.
        covariates: Treated and control units' numbers of before, one a unit; capped by the same rule at a threshold of
            their own (or by the same fixed one).

    Returns:
        Moments of both arms, capped and not; or why there is no threshold.

    Raises:
        Invalid: If a value is missing, or there isn't one covariate a unit.

    Example:
        >>> from twyman.stats.difference import means
        >>> arms = capped([1, 2, 3, 90], [1, 2, 2, 4], rule=Cap(upper=10.0))
        >>> pair = means(arms.treatment.capped, arms.control.capped)
        >>> pair.contrast().estimate, arms.treatment.share
        (1.75, 0.25)

    See docs/explanation/caps-ranks-and-bootstrap.md
    """
    cap = rule if isinstance(rule, Cap) else rule.threshold(treatment=treatment, control=control)
    if isinstance(cap, NotEstimable):
        return cap
    before = None
    if covariates is not None:
        before = rule if isinstance(rule, Cap) else rule.threshold(treatment=covariates[0], control=covariates[1])
        if isinstance(before, NotEstimable):
            return before
    first, second = covariates or (None, None)
    return Capped(
        treatment=_arm(treatment, cap, first, before),
        control=_arm(control, cap, second, before),
        cap=cap,
        covariate_cap=before,
    )


def _arm(values: ArrayLike, cap: Cap, covariate: ArrayLike | None, before: Cap | None) -> CappedArm:
    column = np.ravel(np.asarray(values, dtype=np.float64))
    if covariate is None or before is None:
        return CappedArm(capped=Moments.of(cap.of(column)), uncapped=Moments.of(column), share=cap.share(column))
    other = np.ravel(np.asarray(covariate, dtype=np.float64))
    if other.size != column.size:
        raise Invalid(f"{other.size} covariates of {column.size} units: give each unit one, 0 for none")
    return CappedArm(
        capped=Moments.of(np.column_stack((cap.of(column), before.of(other)))),
        uncapped=Moments.of(np.column_stack((column, other))),
        share=cap.share(column),
    )
