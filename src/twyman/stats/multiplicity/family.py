"""The p-values that are corrected together: checked, counted, and put in order."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twyman.kernel.errors import Invalid

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """Checked p-values of one family.

    Attributes:
        p: As given.
        order: Indices from the smallest p-value to the largest, ties as given.
        size: Tests in the family; those that aren't at hand count as if their p-values were 1.
    """

    p: Vector
    order: NDArray[np.intp]
    size: int

    @property
    def ranks(self) -> Vector:
        """1 for the smallest p-value, 2 for the next, and so on."""
        return np.arange(1.0, self.p.size + 1)

    @property
    def ascending(self) -> Vector:
        """P-values from the smallest to the largest."""
        return self.p[self.order]

    def stepping_down(self, scaled: Vector) -> Vector:
        """Carry the largest so far upwards, and put the results where their p-values stood."""
        return self._placed(np.maximum.accumulate(scaled))

    def stepping_up(self, scaled: Vector) -> Vector:
        """Carry the smallest so far downwards, and put the results where their p-values stood."""
        return self._placed(np.minimum.accumulate(scaled[::-1])[::-1])

    def _placed(self, ascending: Vector) -> Vector:
        placed = np.empty_like(ascending)
        placed[self.order] = np.minimum(ascending, 1.0)
        return placed


def family_of(p_values: ArrayLike, m: int | None = None) -> Family:
    """Check p-values and put them in order.

    Args:
        p_values: Of the tests at hand.
        m: Tests in the family, where not all of them are at hand.

    Raises:
        Invalid: If a p-value is missing, or no probability, or `m` is below their number.
    """
    p = np.atleast_1d(np.asarray(p_values, dtype=np.float64))
    if p.ndim != 1:
        raise Invalid(f"p-values of {p.ndim} dimensions are no family: correct one family at a time")
    bad = ~((p >= 0) & (p <= 1))
    if bad.any():
        raise Invalid(
            f"{int(bad.sum())} of {p.size} p-values, such as {p[bad][0]}, aren't probabilities: "
            "leave out tests that weren't made, by `among_made`"
        )
    size = p.size if m is None else m
    if size < p.size:
        raise Invalid(f"a family of {size} tests can't have {p.size} p-values: count all of its tests")
    return Family(p, np.argsort(p, kind="stable"), size)


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """Adjusted p-values of the tests that were made.

    Attributes:
        adjusted: In the order given; NaN for a test that wasn't made.
        made: How many were: the size of the family.
        missing: How many weren't, and count for nothing.
    """

    adjusted: Vector
    made: int
    missing: int


def among_made(correction: Callable[[Vector], Vector], p_values: ArrayLike) -> Made:
    """Correct the tests that were made, leaving out those whose p-value is NaN, and say how many.

    It holds where a test's being missing has nothing to do with its outcome, such as a metric that could
    not be computed. Tests that were made and not handed over belong into `m` instead.

    Raises:
        Invalid: If a p-value is neither missing nor a probability.

    Example:
        >>> from twyman.stats.multiplicity import bh
        >>> answer = among_made(bh, [0.01, float("nan"), 0.04])
        >>> answer.adjusted.tolist(), answer.made, answer.missing
        ([0.02, nan, 0.04], 2, 1)

    See docs/explanation/many-tests.md
    """
    p = np.atleast_1d(np.asarray(p_values, dtype=np.float64))
    made = ~np.isnan(p)
    adjusted = np.full(p.shape, np.nan)
    adjusted[made] = correction(p[made])
    return Made(adjusted, int(made.sum()), int((~made).sum()))
