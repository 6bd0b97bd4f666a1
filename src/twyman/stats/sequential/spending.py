"""How an experiment's error is spent over its information: a little at each look, all of it at the end.

A spending function says how much of one side's error may be used up by a share `t` of the planned
information. Error spent is not a critical value: `bounds` turns one into the other.
"""

import math
from dataclasses import dataclass
from typing import Protocol

from scipy.special import ndtr, ndtri

from twyman.kernel.errors import Invalid


class Spending(Protocol):
    """Error of one side that may be spent by a share of the information."""

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

    References:
        Lan, K. K. G. and DeMets, D. L. (1983). Discrete sequential boundaries for clinical trials.
        Biometrika 70.
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
    """

    gamma: float = -4.0

    def spent(self, t: float, alpha: float) -> float:
        """Return the error spent by the share `t` of one side's `alpha`."""
        if self.gamma == 0:
            return alpha * _clipped(t)
        return alpha * math.expm1(-self.gamma * _clipped(t)) / math.expm1(-self.gamma)
