"""Intervals that agree with corrected p-values, where such intervals exist.

A matching interval is the ordinary one at another alpha. So this module returns alphas, and `lift.absolute`,
`lift.relative` and margins follow: ask each of them at the alpha of its test.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from twyman.kernel.errors import Invalid, nearest
from twyman.stats.estimate import Cause, NotEstimable, checked_alpha
from twyman.stats.multiplicity.discoveries import adaptive_bh, bh, bky, by, harmonic, storey, two_stage_bh
from twyman.stats.multiplicity.family import Family, Vector, family_of
from twyman.stats.multiplicity.familywise import bonferroni, hochberg, holm, holm_sidak, hommel, sidak

Alphas = Callable[[Family, Vector, float], "Vector | NotEstimable"]
"""From a family, its adjusted p-values and alpha: the alpha of each interval, or why there is none."""


@dataclass(frozen=True, slots=True, eq=False)
class Corrected:
    """A family's adjusted p-values, and the intervals that go with them.

    Attributes:
        adjusted: In the order given; reject where below `alpha`.
        interval_alphas: For each test the alpha at which its ordinary two-sided interval excludes the null
            exactly when `adjusted` is below `alpha`; or why the correction has no such intervals.
        covers: What the intervals promise: "all" (all of them hold at once with probability 1 - alpha) or
            "selected" (of those of rejected tests, a share of at most alpha is expected to fail).
        alpha: Of the family.
        correction: Its name.
        size: Tests in the family.
    """

    adjusted: Vector
    interval_alphas: Vector | NotEstimable
    covers: str
    alpha: float
    correction: str
    size: int

    @property
    def rejected(self) -> np.typing.NDArray[np.bool_]:
        """Which tests are rejected."""
        return self.adjusted < self.alpha


def corrected(p_values: ArrayLike, *, correction: str = "holm", alpha: float = 0.05, m: int | None = None) -> Corrected:
    """Correct the two-sided p-values of a family, and say at which alpha each interval matches.

    Args:
        p_values: Of the tests at hand.
        correction: One of `CORRECTIONS`.
        alpha: Error of the family.
        m: Tests in the family, where not all of them are at hand.

    Raises:
        Invalid: If there is no such correction, or as in `bonferroni`, or alpha is no probability.

    Example:
        >>> answer = corrected([0.001, 0.02, 0.4], correction="bh", alpha=0.05)
        >>> answer.adjusted.tolist(), answer.interval_alphas.round(4).tolist(), answer.covers
        ([0.003, 0.03, 0.4], [0.0333, 0.0333, 0.0333], 'selected')
        >>> print(corrected([0.001, 0.02, 0.4], correction="holm").interval_alphas.code)
        no_interval

    References:
        Benjamini, Y. and Yekutieli, D. (2005). False discovery rate-adjusted multiple confidence intervals
        for selected parameters. JASA 100.

    See docs/explanation/many-tests.md
    """
    try:
        adjust, alphas = CORRECTIONS[correction]
    except KeyError:
        raise Invalid(f"there is no correction '{correction}': {nearest(correction, CORRECTIONS)}") from None
    family = family_of(p_values, m)
    adjusted = adjust(family.p, checked_alpha(alpha), family.size)
    matching = alphas(family, adjusted, alpha)
    covers = "selected" if correction in SELECTED else "all"
    return Corrected(adjusted, matching, covers, alpha, correction, family.size)


def _alone(family: Family, adjusted: Vector, alpha: float) -> Vector:
    return np.full(adjusted.shape, alpha / max(1, family.size))


def _sidak_alone(family: Family, adjusted: Vector, alpha: float) -> Vector:
    return np.full(adjusted.shape, -np.expm1(np.log1p(-alpha) / max(1, family.size)))


def _plain(_: Family, adjusted: Vector, alpha: float) -> Vector:
    return np.full(adjusted.shape, alpha)


def _selected(family: Family, adjusted: Vector, alpha: float) -> Vector:
    finds = max(1, int((adjusted < alpha).sum()))
    return np.full(adjusted.shape, finds * alpha / max(1, family.size))


def _selected_anyhow(family: Family, adjusted: Vector, alpha: float) -> Vector:
    return _selected(family, adjusted, alpha) / max(1.0, harmonic(family.size))


def _missing(why: str) -> Alphas:
    answer = NotEstimable(
        Cause.NO_INTERVAL, f"{why}: read the adjusted p-value, or correct by bonferroni for intervals"
    )

    def alphas(_family: Family, _adjusted: Vector, _alpha: float) -> NotEstimable:
        return answer

    return alphas


_STEP_DOWN = _missing(
    "a step-down correction has no two-sided intervals that agree with it, only the one-sided bounds of `step_down`"
)
_STEP_UP = _missing("no intervals are known that agree with a step-up correction of the family's error")
_ADAPTIVE = _missing("a correction that estimates how many tests are null has no intervals that agree with it")

Adjust = Callable[[Vector, float, int], Vector]

CORRECTIONS: Mapping[str, tuple[Adjust, Alphas]] = {
    "none": (lambda p, _alpha, _m: p, _plain),
    "bonferroni": (lambda p, _alpha, m: bonferroni(p, m), _alone),
    "sidak": (lambda p, _alpha, m: sidak(p, m), _sidak_alone),
    "holm": (lambda p, _alpha, m: holm(p, m), _STEP_DOWN),
    "holm_sidak": (lambda p, _alpha, m: holm_sidak(p, m), _STEP_DOWN),
    "hochberg": (lambda p, _alpha, m: hochberg(p, m), _STEP_UP),
    "hommel": (lambda p, _alpha, m: hommel(p, m), _STEP_UP),
    "bh": (lambda p, _alpha, m: bh(p, m), _selected),
    "by": (lambda p, _alpha, m: by(p, m), _selected_anyhow),
    "two_stage_bh": (lambda p, alpha, m: two_stage_bh(p, alpha=alpha, m=m), _ADAPTIVE),
    "bky": (lambda p, alpha, m: bky(p, alpha=alpha, m=m), _ADAPTIVE),
    "adaptive_bh": (lambda p, _alpha, m: adaptive_bh(p, m), _ADAPTIVE),
    "storey": (lambda p, _alpha, m: storey(p, m=m), _ADAPTIVE),
}
"""Corrections by name: how p-values are adjusted, and at which alpha intervals match."""

SELECTED = frozenset({"bh", "by"})


@dataclass(frozen=True, slots=True, eq=False)
class StepDown:
    """One-sided bounds that hold at once and agree with Holm's correction of one-sided p-values.

    Attributes:
        adjusted: Holm's adjusted p-values.
        alphas: The alpha of each test's ordinary one-sided bound; 0 for a test that is rejected while
            others aren't: of it no more is known than that it is beyond its null.
        rejected: Which tests are rejected.
    """

    adjusted: Vector
    alphas: Vector
    rejected: np.typing.NDArray[np.bool_]

    def lower(self, ordinary: Callable[[int, float], float], nulls: Sequence[float]) -> list[float]:
        """Return the lower bounds.

        Args:
            ordinary: From a test's position and an alpha: its ordinary one-sided lower bound, such as
                `lift.absolute(pairs[i], alpha=2 * alpha).lower`.
            nulls: The value that each test is against.

        Returns:
            One a test: at or above the null exactly where the test is rejected. All of them hold at
            once with probability 1 - alpha; a bound at the null itself is exclusive.
        """
        bounds: list[float] = []
        for i, (alpha, rejected) in enumerate(zip(self.alphas, self.rejected, strict=True)):
            bound = ordinary(i, float(alpha)) if alpha > 0 else -np.inf
            bounds.append(max(nulls[i], bound) if rejected else bound)
        return bounds


def step_down(p_values: ArrayLike, *, alpha: float) -> StepDown:
    """Return how to read one-sided bounds that agree with Holm's correction.

    The price of Holm's power is in the bounds: while a test stands unrejected, those rejected are bounded by
    their nulls only. Where bounds matter more than finds, `corrected(…, correction="bonferroni")` has both.

    Args:
        p_values: One-sided, of all tests of the family.
        alpha: Error of the family, on this side.

    Raises:
        Invalid: If a p-value is missing, or no probability, or alpha is none.

    Example:
        >>> answer = step_down([0.001, 0.3, 0.4], alpha=0.05)
        >>> answer.alphas.tolist(), answer.rejected.tolist()
        ([0.0, 0.025, 0.025], [True, False, False])

    References:
        Strassburger, K. and Bretz, F. (2008). Compatible simultaneous lower confidence bounds for the Holm
        procedure and other Bonferroni-based closed tests. Statistics in Medicine 27.
        Guilbaud, O. (2008). Simultaneous confidence regions corresponding to Holm's step-down procedure
        and other closed-testing procedures. Biometrical Journal 50.

    See docs/explanation/many-tests.md
    """
    adjusted = holm(p_values)
    rejected = adjusted < checked_alpha(alpha)
    standing = int((~rejected).sum())
    if not standing:
        return StepDown(adjusted, np.full(adjusted.shape, alpha / max(1, adjusted.size)), rejected)
    return StepDown(adjusted, np.where(rejected, 0.0, alpha / standing), rejected)
