"""Corrections that keep the chance of even one false find in the family."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from twyman.kernel.errors import Invalid
from twyman.stats.multiplicity.family import Vector, family_of
from twyman.stats.multiplicity.simes import hommel_adjusted


def bonferroni(p_values: ArrayLike, m: int | None = None) -> Vector:
    """Multiply each p-value by the number of tests.

    It holds however the tests depend on each other, and loses power where they go together.

    Args:
        p_values: Of the tests at hand.
        m: Tests in the family, where not all of them are at hand.

    Raises:
        Invalid: If a p-value is missing, or no probability, or `m` is below their number.

    Example:
        >>> bonferroni([0.01, 0.04, 0.5]).tolist()
        [0.03, 0.12, 1.0]

    See docs/explanation/many-tests.md
    """
    family = family_of(p_values, m)
    return np.minimum(family.p * family.size, 1.0)


def weighted_bonferroni(p_values: ArrayLike, weights: Sequence[float]) -> Vector:
    """Divide each p-value by its test's share of alpha: some tests may matter more than others.

    It holds where weights are fixed before the data are seen.

    Args:
        p_values: Of all tests of the family.
        weights: One a test, positive or zero; only their proportions count. A test of weight zero is never
            rejected.

    Raises:
        Invalid: If a p-value is missing, or no probability, or weights aren't one a test with a positive sum.

    Example:
        >>> weighted_bonferroni([0.01, 0.04], weights=[3, 1]).tolist()
        [0.0133..., 0.16]

    See docs/explanation/many-tests.md
    """
    family, shares = family_of(p_values), shares_of(weights)
    if shares.size != family.p.size:
        raise Invalid(f"{shares.size} weights can't serve {family.p.size} tests: give one a test")
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        adjusted = family.p / shares
    return np.where(shares > 0, np.minimum(adjusted, 1.0), 1.0)


def shares_of(weights: Sequence[float]) -> Vector:
    """Return weights as shares of one.

    Raises:
        Invalid: If a weight is negative or no number, or all are zero.
    """
    given = np.asarray(weights, dtype=np.float64)
    total = float(given.sum())
    if not (np.isfinite(given).all() and (given >= 0).all() and 0 < total < np.inf):
        raise Invalid(
            f"weights {list(weights)} are no shares: give numbers that aren't negative, and one that's positive"
        )
    return given / total


def sidak(p_values: ArrayLike, m: int | None = None) -> Vector:
    """Return the chance that the smallest of as many independent p-values is as small.

    It is exact for independent tests, and holds for two-sided tests of normal estimates however they
    depend; for other dependence use `bonferroni`, which is hardly larger.

    Raises:
        Invalid: As in `bonferroni`.

    Example:
        >>> sidak([0.01, 0.04]).round(6).tolist()
        [0.0199, 0.0784]

    References:
        Šidák, Z. (1967). Rectangular confidence regions for the means of multivariate normal
        distributions. JASA 62.

    See docs/explanation/many-tests.md
    """
    family = family_of(p_values, m)
    return _any_of(family.p, family.size)


def _any_of(p: Vector, tests: ArrayLike) -> Vector:
    """Return 1 - (1 - p)^tests, also where p is far below a float's step at 1."""
    with np.errstate(divide="ignore"):
        return -np.expm1(np.asarray(tests) * np.log1p(-p))


def holm(p_values: ArrayLike, m: int | None = None) -> Vector:
    """Adjust step-down by Holm: as safe as Bonferroni under any dependence, and never less powerful.

    Raises:
        Invalid: As in `bonferroni`.

    Example:
        >>> holm([0.01, 0.04, 0.03]).tolist()
        [0.03, 0.06, 0.06]

    References:
        Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal
        of Statistics 6.

    See docs/explanation/many-tests.md
    """
    family = family_of(p_values, m)
    return family.stepping_down((family.size + 1 - family.ranks) * family.ascending)


def holm_sidak(p_values: ArrayLike, m: int | None = None) -> Vector:
    """Adjust step-down by Šidák's factor in place of Holm's; it holds where `sidak` does.

    Raises:
        Invalid: As in `bonferroni`.

    Example:
        >>> holm_sidak([0.01, 0.04, 0.03]).round(6).tolist()
        [0.029701, 0.0591, 0.0591]

    See docs/explanation/many-tests.md
    """
    family = family_of(p_values, m)
    return family.stepping_down(_any_of(family.ascending, family.size + 1 - family.ranks))


def hochberg(p_values: ArrayLike, m: int | None = None) -> Vector:
    """Adjust step-up by Hochberg: Holm's factors from the largest p-value down.

    It holds for independent tests and for those that go together (positive dependence); tests that go
    against each other can break it: use `holm`.

    Raises:
        Invalid: As in `bonferroni`.

    Example:
        >>> hochberg([0.01, 0.04, 0.03]).tolist()
        [0.03, 0.04, 0.04]

    References:
        Hochberg, Y. (1988). A sharper Bonferroni procedure for multiple tests of significance. Biometrika 75.

    See docs/explanation/many-tests.md
    """
    family = family_of(p_values, m)
    return family.stepping_up((family.size + 1 - family.ranks) * family.ascending)


def hommel(p_values: ArrayLike, m: int | None = None) -> Vector:
    """Adjust by Hommel: closed testing with Simes' test, the most powerful of these.

    It holds where `hochberg` does. It costs m log m.

    Raises:
        Invalid: As in `bonferroni`.

    Example:
        >>> hommel([0.01, 0.04, 0.03]).tolist()
        [0.03, 0.04, 0.04]

    References:
        Hommel, G. (1988). A stagewise rejective multiple test procedure based on a modified Bonferroni
        test. Biometrika 75.
        Meijer, R. J., Krebs, T. J. P. and Goeman, J. J. (2019). Hommel's procedure in linear time.
        Biometrical Journal 61.

    See docs/explanation/many-tests.md
    """
    family = family_of(p_values, m)
    padded = np.concatenate((family.ascending, np.ones(family.size - family.p.size)))
    adjusted = np.empty(family.p.size)
    adjusted[family.order] = hommel_adjusted(padded)[: family.p.size]
    return adjusted
