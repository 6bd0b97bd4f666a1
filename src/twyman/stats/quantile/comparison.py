"""The difference of two arms' quantiles."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from twyman.kernel.errors import Invalid, nearest
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.pair import NO_VARIATION, Pair
from twyman.stats.quantile.bracket import Bracket, lookup, share_error, tied
from twyman.stats.quantile.density import DENSITIES
from twyman.stats.quantile.mid import by_cluster, mid_bracket
from twyman.stats.quantile.sample import ByRank, Vector, ordered, sample_quantile


@dataclass(frozen=True, slots=True, eq=False)
class Clustered:
    """Values that come in clusters, as many requests of one user do.

    Attributes:
        values: One number each.
        clusters: Which cluster each value belongs to: the unit that was randomised.
    """

    values: ArrayLike
    clusters: ArrayLike


def quantiles(
    treatment: ArrayLike | Clustered,
    control: ArrayLike | Clustered,
    q: float,
    *,
    spread: str = "ranks",
    ties: str = "refuse",
    kind: int = 7,
) -> Pair | NotEstimable:
    """Compare the q-quantiles of two arms' values.

    Sees values; to work from a few fetched ranks instead, see `bracket.lookup` and `from_brackets`. Holds where values,
    or clusters of them, are independent and dense about the quantile. Breaks where values are rounded (refused, or
    `ties`), and where `q` is too extreme for so few values (refused).

    Args:
        treatment: The treated units' values; `Clustered` where one unit has several.
        control: The same of control.
        q: Share of values below, such as 0.9.
        spread: How the density of values is measured. `ranks`: between the ends of the interval of the share, by arm;
            `nid`, `ker`, `iid`: over a bandwidth, as quantile regression does (`iid`: one density for both arms).
        ties: `refuse` where an arm's interval collapses; `mid`: compare quantiles of the mid-distribution.
        kind: Definition of the sample quantile, 1 to 9. With `mid` it has no say.

    Returns:
        The two quantiles and their variances, from which difference and lift follow; or why not.

    Raises:
        Invalid: If a value is missing, or an argument isn't one of those above.

    Example:
        >>> from twyman.stats.lift import absolute
        >>> slow, fast = [float(ms) for ms in range(100, 300)], [float(ms) for ms in range(90, 290)]
        >>> effect = absolute(quantiles(fast, slow, 0.9))
        >>> f"{effect.estimate:+.1f} [{effect.lower:+.1f}, {effect.upper:+.1f}]"
        '-10.0 [-21.7, +1.7]'

    References:
        Deng, A., Knoblich, U. and Lu, J. (2018). Applying the delta method in metric analytics. KDD 2018.
        Koenker, R. (2005). Quantile Regression. Cambridge University Press.

    See docs/explanation/quantiles.md
    """
    _check(spread, ties)
    if ties == "mid":
        return from_brackets(_mid(treatment, q), _mid(control, q))
    first, second = _bracket(treatment, q, kind), _bracket(control, q, kind)
    if spread == "ranks":
        return from_brackets(first, second)
    if isinstance(first, NotEstimable):
        return first
    if isinstance(second, NotEstimable):
        return second
    thinness = DENSITIES[spread](ordered(_split(treatment)[0]), ordered(_split(control)[0]), q)
    if isinstance(thinness, NotEstimable):
        return thinness
    return _pair(first, second, first.sigma * thinness[0], second.sigma * thinness[1])


def _check(spread: str, ties: str) -> None:
    if spread != "ranks" and spread not in DENSITIES:
        raise Invalid(f"there is no spread '{spread}': {nearest(spread, ['ranks', *DENSITIES])}")
    if ties not in ("refuse", "mid"):
        raise Invalid(f"there is no way with ties '{ties}': {nearest(ties, ['refuse', 'mid'])}")
    if ties == "mid" and spread != "ranks":
        raise Invalid(f"spread '{spread}' can't be had of a mid-distribution: give 'ranks'")


def from_brackets(treatment: Bracket | NotEstimable, control: Bracket | NotEstimable) -> Pair | NotEstimable:
    """Compare two quantiles from what was fetched about them.

    Returns:
        The two quantiles and their variances; or why not: an arm has none, or ties have collapsed its interval.

    Raises:
        Invalid: If the two are different quantiles.

    Example:
        >>> plans = lookup(1000, 0.5), lookup(2000, 0.5)
        >>> arms = [plan.read({rank: float(rank) / plan.count for rank in plan.ranks}) for plan in plans]
        >>> f"{from_brackets(*arms).contrast().se:.4f}"
        '0.0193'

    See docs/explanation/quantiles.md
    """
    if isinstance(treatment, NotEstimable):
        return treatment
    if isinstance(control, NotEstimable):
        return control
    if treatment.q != control.q:
        raise Invalid(f"quantiles {treatment.q:g} and {control.q:g} can't be compared: take one in both arms")
    for arm in (treatment, control):
        if arm.tied:
            return tied(arm)
    return _pair(treatment, control, treatment.se, control.se)


def _pair(treatment: Bracket, control: Bracket, se_t: float, se_c: float) -> Pair | NotEstimable:
    if not se_t + se_c > 0:
        return NO_VARIATION
    return Pair(
        treatment=treatment.value,
        control=control.value,
        treatment_variance=se_t * se_t,
        control_variance=se_c * se_c,
        treatment_units=treatment.count,
        control_units=control.count,
        method=f"quantile {treatment.q:g}",
    )


def _split(arm: ArrayLike | Clustered) -> tuple[Vector, ArrayLike | None]:
    if isinstance(arm, Clustered):
        return np.asarray(arm.values, dtype=np.float64).ravel(), arm.clusters
    return np.asarray(arm, dtype=np.float64).ravel(), None


def _mid(arm: ArrayLike | Clustered, q: float) -> Bracket | NotEstimable:
    values, clusters = _split(arm)
    if not values.size:
        return NotEstimable(Cause.NO_UNITS, "an arm has no values: wait for data")
    return mid_bracket(values, q, clusters=clusters)


def _bracket(arm: ArrayLike | Clustered, q: float, kind: int) -> Bracket | NotEstimable:
    values, clusters = _split(arm)
    if not values.size:
        return NotEstimable(Cause.NO_UNITS, "an arm has no values: wait for data")
    column = ordered(values)
    error = None
    if clusters is not None:
        below = (values <= sample_quantile(column, q, kind=kind)).astype(np.float64)
        error = share_error(by_cluster(below, clusters))
        if isinstance(error, NotEstimable):
            return error
    plan = lookup(column.size, q, sigma=error, kind=kind)
    return plan if isinstance(plan, NotEstimable) else plan.read(ByRank(column))
