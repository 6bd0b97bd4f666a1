"""Sample ratio: did each arm get the share of units that was planned?

A split that chance wouldn't make (p < 0.001) means that units went missing or came in twice in one
arm, and then no other number of the experiment can be trusted.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import bdtr, bdtrc, chdtrc, gammaln, xlog1py, xlogy

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import Cause, NotEstimable


@dataclass(frozen=True, slots=True)
class Balance:
    """How far the units' split is from the planned one.

    Attributes:
        statistic: Pearson's chi-square; infinite where an arm of share 0 has units.
        df: Arms with a share, less one.
        p_value: Chance of a split at least this far off.
        expected: Planned units by arm.
    """

    statistic: float
    df: int
    p_value: float
    expected: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Period:
    """The units that came while the planned shares were the same.

    Attributes:
        observed: Units by arm.
        shares: Planned shares, in any unit.

    Raises:
        Invalid: If the two don't match, or a number is negative or missing.
    """

    observed: Sequence[int]
    shares: Sequence[float]

    def __post_init__(self) -> None:
        """Refuse splits that can't be."""
        _check_split(self.observed, self.shares)

    @property
    def arms(self) -> int:
        """How many arms have a share."""
        return sum(share > 0 for share in self.shares)

    @property
    def stray(self) -> int:
        """How many units are in arms without a share."""
        return sum(count for count, share in zip(self.observed, self.shares, strict=True) if not share)


def srm(observed: Sequence[int], shares: Sequence[float]) -> Balance | NotEstimable:
    """Test the split of units over arms by chi-square.

    Any unit in an arm whose share is zero is a hard failure: p = 0.

    Args:
        observed: Units by arm.
        shares: Planned shares, in any unit.

    Returns:
        The test; or why not, where there are no units or only one arm has a share.

    Raises:
        Invalid: If the two don't match, or a number is negative.

    Example:
        >>> f"{srm([821588, 815482], [1, 1]).p_value:.2e}"
        '1.82e-06'

    See docs/explanation/sample-ratio.md
    """
    return stratified_srm([Period(observed, shares)])


def stratified_srm(periods: Sequence[Period]) -> Balance | NotEstimable:
    """Test the split where the planned shares were changed: each period against its own shares, added up.

    Pooling such periods finds a mismatch where there is none, and can hide one where there is.
    Any unit in an arm whose share was zero when it came is a hard failure: p = 0.

    Args:
        periods: The units of each period, by the arm and the shares under which each first came; the
            same arms in each.

    Returns:
        The test: chi-squares and degrees of freedom of the periods are added; or why not, where
        there are no units, or only one arm ever has a share.

    Raises:
        Invalid: If periods have different numbers of arms, or there is none.

    Example:
        >>> ramp = [Period([9000, 1000], [9, 1]), Period([5000, 5000], [1, 1])]
        >>> stratified_srm(ramp).p_value, srm([14_000, 6_000], [7, 3]).p_value
        (1.0, 1.0)

    See docs/explanation/sample-ratio.md
    """
    if len({len(period.observed) for period in periods}) != 1:
        raise Invalid(f"periods {list(periods)} don't have the same arms: give every arm in each, with share 0 if none")
    expected = tuple(math.fsum(planned) for planned in zip(*map(_planned, periods), strict=True))
    df = sum(max(period.arms - 1, 0) for period in periods if sum(period.observed))
    if not any(sum(period.observed) for period in periods):
        return NotEstimable(Cause.NO_UNITS, "no unit has been seen, so no split either: wait for exposures")
    if any(period.stray for period in periods):
        return Balance(math.inf, df, 0.0, expected)
    if not df:
        return NotEstimable(Cause.ONE_ARM, "only one arm has a share, so there is no split: give two arms a share")
    statistic = math.fsum(
        (o - e) ** 2 / e for period in periods for o, e in zip(period.observed, _planned(period), strict=True) if e > 0
    )
    return Balance(statistic, df, float(chdtrc(df, statistic)), expected)


def _planned(period: Period) -> list[float]:
    total, whole = sum(period.observed), math.fsum(period.shares)
    return [total * (share / whole) if whole else 0.0 for share in period.shares]


def _check_split(observed: Sequence[int], shares: Sequence[float]) -> None:
    if len(observed) != len(shares):
        raise Invalid(f"{len(observed)} arms were seen and {len(shares)} planned: give one share an arm")
    if any(count < 0 for count in observed) or any(not 0 <= share < math.inf for share in shares):
        raise Invalid(f"units {list(observed)} and shares {list(shares)} can't be negative or missing: count from 0")


def exact_binomial(successes: int, n: int, share: float) -> float:
    """Return the exact two-sided p-value of a count: all outcomes as unlikely as this one, or more.

    Args:
        successes: Units seen in one arm (or signs in one direction).
        n: All of them.
        share: Chance of each under the plan.

    Raises:
        Invalid: If the counts or the share can't be.

    Example:
        >>> f"{exact_binomial(5000, 10100, 0.5):.6f}"
        '0.324582'

    References:
        R's binom.test, which takes outcomes within a relative 1e-7 for equally likely.

    See docs/explanation/sample-ratio.md
    """
    if not 0 <= successes <= n or not 0 <= share <= 1:
        raise Invalid(f"{successes} of {n} at share {share} can't be: counts lie within n, shares within 0 and 1")
    if share in (0.0, 1.0):
        return float(successes == n * share)
    if successes == n * share:
        return 1.0
    if successes > n * share:
        successes, share = n - successes, 1 - share
    beyond = _as_unlikely(successes, n, share)
    lower = float(bdtr(successes, n, share))
    return min(1.0, lower + (float(bdtrc(beyond - 1, n, share)) if beyond <= n else 0.0))


def _as_unlikely(successes: int, n: int, share: float) -> int:
    """Return the smallest count above the mode that is no likelier than `successes`, below it."""
    limit = _log_chance(successes, n, share) + math.log1p(1e-7)
    low, high = math.ceil(n * share), n + 1
    while low < high:
        middle = (low + high) // 2
        if _log_chance(middle, n, share) <= limit:
            high = middle
        else:
            low = middle + 1
    return low


def _log_chance(k: int, n: int, share: float) -> float:
    ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return float(ways + xlogy(k, share) + xlog1py(n - k, -share))


def sign_test(higher: int, n: int) -> float:
    """Return the two-sided p-value of `higher` out of `n` signs being positive.

    Example:
        >>> f"{sign_test(16, 23):.4f}"
        '0.0931'
    """
    return exact_binomial(higher, n, 0.5)
