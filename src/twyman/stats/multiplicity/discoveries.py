"""Corrections that keep the expected share of false finds among all finds."""

import numpy as np
from numpy.typing import ArrayLike

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import checked_alpha
from twyman.stats.multiplicity.family import Family, Vector, family_of


def bh(p_values: ArrayLike, m: int | None = None) -> Vector:
    """Adjust step-up by Benjamini and Hochberg: the expected share of false finds is kept.

    It holds for independent tests and for those that go together (positive regression dependence, such as
    metrics of one arm, or arms that share a control, one-sided); for any dependence use `by`.

    Args:
        p_values: Of the tests at hand.
        m: Tests in the family, where not all of them are at hand.

    Raises:
        Invalid: If a p-value is missing, or no probability, or `m` is below their number.

    Example:
        >>> bh([0.01, 0.04, 0.03]).tolist()
        [0.03, 0.04, 0.04]

    References:
        Benjamini, Y. and Hochberg, Y. (1995). Controlling the false discovery rate. JRSS B 57.

    See docs/explanation/many-tests.md
    """
    return _step_up(family_of(p_values, m))


def _step_up(family: Family) -> Vector:
    return family.stepping_up(family.ascending * (family.size / family.ranks))


def by(p_values: ArrayLike, m: int | None = None) -> Vector:
    """Adjust as `bh`, times 1 + 1/2 + … + 1/m: it holds under any dependence.

    Raises:
        Invalid: As in `bh`.

    Example:
        >>> by([0.01, 0.04, 0.03]).round(6).tolist()
        [0.055, 0.073333, 0.073333]

    References:
        Benjamini, Y. and Yekutieli, D. (2001). The control of the false discovery rate in multiple testing
        under dependency. Annals of Statistics 29.

    See docs/explanation/many-tests.md
    """
    family = family_of(p_values, m)
    return family.stepping_up(family.ascending * (harmonic(family.size) * family.size / family.ranks))


def harmonic(m: int) -> float:
    """Return 1 + 1/2 + … + 1/m."""
    return float(np.sum(1 / np.arange(m, 0.0, -1)))


def two_stage_bh(p_values: ArrayLike, *, alpha: float, m: int | None = None) -> Vector:
    """Adjust by BH in two stages: a first at alpha says how many tests are null, a second uses that.

    The first stage isn't made stricter for looking twice, so the share of false finds may be above alpha where
    most tests are null: `bky` is the safe one. The adjusted values serve this `alpha` only.

    Raises:
        Invalid: As in `bh`, and if alpha is no probability.

    Example:
        >>> two_stage_bh([0.001, 0.002, 0.04, 0.3], alpha=0.05).tolist()
        [0.002, 0.002, 0.0266..., 0.15]

    References:
        Benjamini, Y., Krieger, A. M. and Yekutieli, D. (2006). Adaptive linear step-up procedures that control
        the false discovery rate. Biometrika 93.

    See docs/explanation/many-tests.md
    """
    plain = bh(p_values, m)
    return _second_stage(plain, int((plain <= checked_alpha(alpha)).sum()), plain.size if m is None else m, 1.0)


def bky(p_values: ArrayLike, *, alpha: float, m: int | None = None) -> Vector:
    """Adjust by the two-stage step-up of Benjamini, Krieger and Yekutieli: both stages at alpha / (1 + alpha).

    It is proved for independent tests, and held in its authors' simulations for those that go together. The
    adjusted values serve this `alpha` only.

    Raises:
        Invalid: As in `bh`, and if alpha is no probability.

    Example:
        >>> bky([0.001, 0.002, 0.04, 0.3], alpha=0.05).round(4).tolist()
        [0.0021, 0.0021, 0.028, 0.1575]

    References:
        As in `two_stage_bh`.

    See docs/explanation/many-tests.md
    """
    plain, penalty = bh(p_values, m), 1 + checked_alpha(alpha)
    first = int((plain <= alpha / penalty).sum())
    return _second_stage(plain, first, plain.size if m is None else m, penalty)


def _second_stage(plain: Vector, first: int, size: int, penalty: float) -> Vector:
    nulls = size if first in (0, size) else size - first  # none found, or nothing left to find
    return np.minimum(plain * (penalty * nulls / max(1, size)), 1.0)


def adaptive_bh(p_values: ArrayLike, m: int | None = None) -> Vector:
    """Adjust by BH with the number of nulls read off the slope of the largest p-values.

    It holds for independent tests, approximately: the number of nulls is estimated.

    Raises:
        Invalid: As in `bh`.

    Example:
        >>> adaptive_bh([0.001, 0.002, 0.003, 0.004, 0.9]).tolist()
        [0.003, 0.003, 0.003, 0.003, 0.54]

    References:
        Benjamini, Y. and Hochberg, Y. (2000). On the adaptive control of the false discovery rate in multiple
        testing with independent statistics. Journal of Educational and Behavioral Statistics 25.

    See docs/explanation/many-tests.md
    """
    family = family_of(p_values, m)
    if not family.p.size:
        return family.p
    with np.errstate(divide="ignore"):
        lines = (family.size + 1 - family.ranks) / (1 - family.ascending)
    rises = np.flatnonzero(lines[1:] > lines[:-1])
    estimate = lines[rises[0]] if rises.size else family.size
    nulls = min(float(np.ceil(estimate)), family.size)
    return _step_up(family) * (nulls / family.size)


def storey(p_values: ArrayLike, *, null_share: float | None = None, above: float = 0.5, m: int | None = None) -> Vector:
    """Return q-values: BH's adjusted p-values times the share of tests that are null.

    It holds for many tests (hundreds), independent or weakly dependent. With few, give `null_share` 1: that
    is BH.

    Args:
        p_values: Of all tests of the family.
        null_share: Share of tests without an effect, where known; else it is read off the p-values.
        above: P-values above this are taken for null tests' to estimate the share, with one more to be safe.
        m: Tests in the family, where not all of them are at hand.

    Raises:
        Invalid: As in `bh`, and if `null_share` or `above` is no probability.

    Example:
        >>> storey([0.01, 0.04, 0.03], null_share=0.5).tolist()
        [0.015, 0.02, 0.02]

    References:
        Storey, J. D. (2002). A direct approach to false discovery rates. JRSS B 64.
        Storey, J. D., Taylor, J. E. and Siegmund, D. (2004). Strong control, conservative point estimation
        and simultaneous conservative consistency of false discovery rates. JRSS B 66.

    See docs/explanation/many-tests.md
    """
    family = family_of(p_values, m)
    if not 0 <= above < 1:
        raise Invalid(f"above {above} leaves no p-values to estimate from: give a number such as 0.5")
    if null_share is None:
        high = 1 + int((family.p > above).sum()) + family.size - family.p.size
        null_share = min(1.0, high / ((1 - above) * max(1, family.size)))
    if not 0 < null_share <= 1:
        raise Invalid(f"a share {null_share} of null tests can't be: give a number above 0 and up to 1")
    return _step_up(family) * null_share
