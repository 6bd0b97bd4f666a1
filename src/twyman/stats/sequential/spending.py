"""How an experiment's error is spent over its information: a little at each look, all of it at the end.

A spending function says how much of one side's error may be used up by a share `t` of the planned
information. Error spent is not a critical value: `bounds` turns one into the other.
"""

import math
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from scipy.special import ndtr, ndtri

from twyman.kernel.errors import Invalid


class Spending(Protocol):
    """Error of one side that may be spent by a share of the information.

    See docs/explanation/group-sequential.md
    """

    def spent(self, t: float, alpha: float) -> float:
        """Return the error spent by the share `t` (taken as 0 below, as 1 above) of one side's `alpha`."""
        ...


def _clipped(t: float) -> float:
    return min(max(t, 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class PowerSpending:
    """`alpha` times `t` to a power: 1 spends evenly, 2 (the default) later, 3 much like O'Brien and Fleming.

    Example:
        >>> PowerSpending(2).spent(0.5, 0.025)
        0.00625

    References:
        Kim, K. and DeMets, D. L. (1987). Design and analysis of group sequential tests based on the
        type I error spending rate function. Biometrika 74.

    See docs/explanation/group-sequential.md
    """

    rho: float = 2.0

    def __post_init__(self) -> None:
        """Refuse a power that doesn't spend.

        Raises:
            Invalid: If rho isn't positive and finite.
        """
        if not 0 < self.rho < math.inf:
            raise Invalid(f"power {self.rho} spends nothing over time: give a positive number, such as 2")

    def spent(self, t: float, alpha: float) -> float:
        """Return the error spent by the share `t` of one side's `alpha`."""
        return alpha * _clipped(t) ** self.rho


@dataclass(frozen=True, slots=True)
class ObrienFleming:
    """Very little early: bounds like O'Brien and Fleming's, at whatever times.

    Each side of a two-sided test spends its own half of alpha by this function, as in rpact, gsDesign
    and ldbounds. `BothSides` spends alpha as one and halves the result, which is nearly twice as
    much early on.

    Example:
        >>> f"{ObrienFleming().spent(0.5, 0.025):.5f}"
        '0.00153'

    References:
        Lan, K. K. G. and DeMets, D. L. (1983). Discrete sequential boundaries for clinical trials.
        Biometrika 70.

    See docs/explanation/group-sequential.md
    """

    def spent(self, t: float, alpha: float) -> float:
        """Return the error spent by the share `t` of one side's `alpha`."""
        share = _clipped(t)
        if share in (0.0, 1.0):
            return alpha * share
        return 2 * float(ndtr(ndtri(alpha / 2) / math.sqrt(share)))


@dataclass(frozen=True, slots=True)
class Pocock:
    """Much early: bounds that stay nearly level, like Pocock's.

    References:
        Lan, K. K. G. and DeMets, D. L. (1983), as above.

    See docs/explanation/group-sequential.md
    """

    def spent(self, t: float, alpha: float) -> float:
        """Return the error spent by the share `t` of one side's `alpha`."""
        return alpha * math.log1p((math.e - 1) * _clipped(t))


@dataclass(frozen=True, slots=True)
class HwangShihDecani:
    """A family by one number: -4 is near O'Brien and Fleming, 1 near Pocock.

    References:
        Hwang, I. K., Shih, W. J. and DeCani, J. S. (1990). Group sequential designs using a family of
        type I error probability spending functions. Statistics in Medicine 9.

    See docs/explanation/group-sequential.md
    """

    gamma: float = -4.0

    def __post_init__(self) -> None:
        """Refuse what is no number.

        Raises:
            Invalid: If gamma isn't finite.
        """
        if not math.isfinite(self.gamma):
            raise Invalid(f"gamma {self.gamma} is no number: give one between -20 and 5, such as -4")

    def spent(self, t: float, alpha: float) -> float:
        """Return the error spent by the share `t` of one side's `alpha`."""
        share = _clipped(t)
        if self.gamma == 0:
            return alpha * share
        if self.gamma > 0:
            return alpha * math.expm1(-self.gamma * share) / math.expm1(-self.gamma)
        late = math.exp(self.gamma * (1 - share))  # so that nothing overflows
        return alpha * late * math.expm1(self.gamma * share) / math.expm1(self.gamma)


@dataclass(frozen=True, slots=True)
class Tabulated:
    """Shares of alpha written down by the user: so much spent by so much information, straight lines between.

    Attributes:
        times: Shares of the information, growing, from above 0; 1 is added where it is missing.
        shares: Share of alpha spent by each, never falling; the last, at time 1, is at most 1.

    Example:
        >>> f"{Tabulated((0.5, 1.0), (0.2, 1.0)).spent(0.75, 0.025):.3f}"
        '0.015'

    See docs/explanation/group-sequential.md
    """

    times: tuple[float, ...]
    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse a table that doesn't rise from nothing to everything.

        Raises:
            Invalid: If lengths differ, times don't grow within 0..1, or shares fall or leave 0..1.
        """
        times, shares = (0.0, *self.times), (0.0, *self.shares)
        if len(times) != len(shares) or len(times) < 2:
            raise Invalid(f"{len(self.times)} times and {len(self.shares)} shares: give one share a time, at least one")
        if not all(a < b for a, b in zip(times, (*self.times, math.inf), strict=True)) or not times[-1] <= 1:
            raise Invalid(f"times {self.times} must grow from above 0 to at most 1: give shares of the information")
        if not all(a <= b <= 1 for a, b in zip(shares, (*self.shares, 1.0), strict=True)):
            raise Invalid(f"shares {self.shares} must never fall, between 0 and 1: give the part of alpha spent so far")

    def spent(self, t: float, alpha: float) -> float:
        """Return the error spent by the share `t` of one side's `alpha`."""
        last = () if self.times[-1] == 1 else (1.0,)
        times, shares = (0.0, *self.times, *last), (0.0, *self.shares, *last)
        share = _clipped(t)
        place = min(bisect_right(times, share), len(times) - 1)
        part = (share - times[place - 1]) / (times[place] - times[place - 1])
        return alpha * (shares[place - 1] + part * (shares[place] - shares[place - 1]))


@dataclass(frozen=True, slots=True)
class Custom:
    """A function of the user's own, of the share `t` and one side's alpha.

    It must rise from 0 to at most alpha and be a pure function: it is asked again for every alpha
    that a p-value tries, and answers are remembered by the function itself. A function can't be
    written down, so a kept plan takes `Tabulated` instead.

    Example:
        >>> cubic = Custom(lambda t, alpha: alpha * t**3)
        >>> cubic.spent(0.5, 0.04)
        0.005

    See docs/explanation/group-sequential.md
    """

    function: Callable[[float, float], float]

    def spent(self, t: float, alpha: float) -> float:
        """Return the error spent by the share `t` of one side's `alpha`.

        Raises:
            Invalid: If the function answers with less than nothing or more than alpha.
        """
        share = _clipped(t)
        spent = float(self.function(share, alpha)) if share > 0 else 0.0
        if not 0 <= spent <= alpha * (1 + 1e-12):
            raise Invalid(f"{spent} spent of alpha {alpha} at time {share}: give a function between 0 and alpha")
        return min(spent, alpha)


@dataclass(frozen=True, slots=True)
class BothSides:
    """The other convention for two-sided tests: spend alpha as one, and give half of it to each side.

    Only families whose shape depends on alpha can tell (here `ObrienFleming`): at half the
    information of a two-sided 5 % test its sides spend .00279 this way, and .00153 each by itself.
    For tests with two sides only.

    Example:
        >>> f"{BothSides(ObrienFleming()).spent(0.5, 0.025):.5f}"
        '0.00279'

    See docs/explanation/group-sequential.md
    """

    family: Spending

    def spent(self, t: float, alpha: float) -> float:
        """Return the error spent by the share `t` of one side's `alpha`."""
        return self.family.spent(t, min(2 * alpha, 1.0)) / 2


def check_sides(spending: Spending, sides: int) -> None:
    """Refuse a convention of two-sided tests for a test with one side.

    Raises:
        Invalid: If sides aren't 1 or 2, or there is one and `BothSides` is to spend.
    """
    if sides not in (1, 2):
        raise Invalid(f"{sides} sides: a test has 1 or 2")
    if sides == 1 and isinstance(spending, BothSides):
        raise Invalid("BothSides spends for two sides at once, and this test has one: give the family inside it")
