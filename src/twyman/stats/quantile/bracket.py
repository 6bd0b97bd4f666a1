"""One arm's quantile with its interval: which ranks to fetch, and what the fetched values say.

Nothing here needs all the values: an engine that can count rows and fetch the r-th smallest one can be asked in two
passes. The first counts, and fetches the quantile itself; where values come in clusters (many requests of one user) it
then reduces, by cluster, how many values are at most the quantile, and how many there are. The second fetches the ends.

How far the ends lie apart says how dense the values are about the quantile, and with it how a spread of the *share*
below becomes a spread of the *value*. Approximate percentile functions won't do: their error is often wider than the
interval.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import Cause, NotEstimable, checked_alpha
from twyman.stats.moments import Moments
from twyman.stats.quantile.sample import Position, position
from twyman.stats.ratio import linearised
from twyman.stats.tails import critical_value


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """A quantile and the values about it.

    Attributes:
        q: Share of values below.
        count: Number of values.
        value: The sample quantile.
        lower, upper: The quantiles at `q` - `reach` and `q` + `reach`.
        reach: In shares of values.
        sigma: Standard error of the share of values below the quantile.
    """

    q: float
    count: int
    value: float
    lower: float
    upper: float
    reach: float
    sigma: float

    @property
    def se(self) -> float:
        """Standard error of the quantile: that of the share, over the density of values."""
        return self.sigma * (self.upper - self.lower) / (2 * self.reach)

    @property
    def tied(self) -> bool:
        """Whether the interval has collapsed on one side at least, so that it says nothing about density there."""
        return self.lower >= self.value or self.upper <= self.value

    def with_sigma(self, sigma: float) -> "Bracket":
        """Return the bracket with another error of the share: as for clusters, when the ends weren't fetched for them.

        This is gbstats' combination: its clustered variance is the plain one times the ratio of both squared errors.
        """
        return replace(self, sigma=sigma)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """What to fetch for a bracket.

    Attributes:
        q: Share of values below.
        count: Number of values.
        sigma: Standard error of the share of values below the quantile.
        reach: How far either side of `q` the ends lie, in shares.
        places: Where lower end, quantile and upper end lie among the sorted values.

    Example:
        >>> plan = lookup(10_000, 0.5)
        >>> plan.ranks
        (4902, 4903, 5000, 5001, 5098, 5099)
        >>> fetched = {rank: rank / 100 for rank in plan.ranks}
        >>> median = plan.read(fetched)
        >>> f"{median.value:.3f} ± {median.se:.3f}"
        '50.005 ± 0.500'
    """

    q: float
    count: int
    sigma: float
    reach: float
    places: tuple[Position, Position, Position]

    @property
    def ranks(self) -> tuple[int, ...]:
        """The ranks to fetch, from 1 for the smallest value; at most six."""
        return tuple(sorted({rank for place in self.places for rank in (place.below, place.above)}))

    def read(self, values: Mapping[int, float]) -> Bracket:
        """Return the bracket.

        Args:
            values: The value at each of `ranks`.

        Raises:
            Invalid: If a rank is missing.
        """
        missing = [rank for rank in self.ranks if rank not in values]
        if missing:
            raise Invalid(f"the values at ranks {missing} are missing: fetch all of {list(self.ranks)}")
        lower, value, upper = (place.between(values) for place in self.places)
        return Bracket(
            q=self.q, count=self.count, value=value, lower=lower, upper=upper, reach=self.reach, sigma=self.sigma
        )


def lookup(
    count: int, q: float, *, sigma: float | None = None, alpha: float = 0.05, kind: int = 7
) -> Lookup | NotEstimable:
    """Return which ranks to fetch for a quantile and its interval.

    Holds where values, or clusters of them, are independent, and the density at the quantile neither vanishes nor jumps
    within the interval. Ties break it: see `Bracket.tied`.

    Args:
        count: Number of values.
        q: Share of values below, strictly between 0 and 1.
        sigma: Standard error of the share of values below the quantile: `share_error` for clusters; without one, values
            are taken for independent.
        alpha: The ends are those of the interval of coverage 1 - alpha.
        kind: Definition of the sample quantile, 1 to 9.

    Returns:
        The ranks; or why not: so few values that an end would lie beyond the smallest or the largest.

    Raises:
        Invalid: If `q` isn't strictly between 0 and 1, there is no such kind, or alpha is no probability.

    References:
        Deng, A., Knoblich, U. and Lu, J. (2018). Applying the delta method in metric analytics. KDD 2018.

    See docs/explanation/quantiles.md
    """
    if not 0 < q < 1:
        raise Invalid(f"quantile {q} has no interval: give a share between 0 and 1, such as 0.9")
    z = critical_value(checked_alpha(alpha) / 2)
    if count < 2:
        return NotEstimable(Cause.TOO_FEW_UNITS, f"{count} values have no measurable spread: wait for more")
    error = independent_error(count, q) if sigma is None else sigma
    reach = z * error
    if not 0 < reach < min(q, 1 - q):
        return _beyond(count, q, reach, known=sigma is None, z=z)
    places = tuple(position(count, at, kind=kind) for at in (q - reach, q, q + reach))
    return Lookup(q=q, count=count, sigma=error, reach=reach, places=(places[0], places[1], places[2]))


def independent_error(count: int, q: float) -> float:
    """Return the standard error of the share below, for independent values."""
    return math.sqrt(q * (1 - q) / count)


def share_error(clusters: Moments) -> float | NotEstimable:
    """Return the standard error of the share of values below a quantile, values coming in clusters.

    Args:
        clusters: Moments over clusters (users, say) of how many of a cluster's values are at most the quantile, and how
            many values it has. Clusters without any value belong to the count.

    Returns:
        The error, by the delta method; or why there is none.

    Example:
        >>> error = share_error(Moments.of([[1, 2], [0, 2], [2, 2], [1, 2]]))
        >>> f"{error:.4f}"
        '0.2041'

    See docs/explanation/quantiles.md
    """
    if clusters.count < 2:
        return NotEstimable(Cause.TOO_FEW_UNITS, f"{clusters.count} clusters have no measurable spread: wait for two")
    share = linearised(clusters)
    if isinstance(share, NotEstimable):
        return share
    error = math.sqrt(share.variance() / share.count)
    return error or NotEstimable(
        Cause.NO_VARIATION,
        "every cluster has the same share of its values below the quantile: look how the values are recorded",
    )


def _beyond(count: int, q: float, reach: float, *, known: bool, z: float) -> NotEstimable:
    if reach == 0:
        return NotEstimable(Cause.NO_VARIATION, "the share below the quantile has no spread: look at the clusters")
    needed = z * z * max(q / (1 - q), (1 - q) / q)
    wait = f"wait for more than {math.ceil(needed)}" if known else "wait for more clusters"
    return NotEstimable(
        Cause.TOO_EXTREME,
        f"{count} values are too few for the {q:g} quantile, whose interval would end beyond the last of them: "
        f"{wait}, or take a quantile nearer the middle",
    )


def tied(bracket: Bracket) -> NotEstimable:
    """Return why a collapsed bracket is refused."""
    return NotEstimable(
        Cause.TIED,
        f"so many values equal {bracket.value:g} that the interval of the {bracket.q:g} quantile collapses: "
        "record finer values, or ask for the mid-distribution quantile",
    )
