"""Evidence as a bet: what an e-value says, and how e-values are combined.

An e-value is what a fair bet against the null hypothesis pays for one unit of money: 20 is as rare as
p = 0.05. Kept as natural logarithms throughout, since real ones reach e to the power of thousands.
"""

import math
from collections.abc import Sequence

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import checked_alpha


def p_of_log_e(log_e: float) -> tuple[float, float | None]:
    """Return the p-value 1 / e, at most 1, and its decimal logarithm where it is below 1e-300.

    Valid at any look if the e-value is one of a running bet; the smallest so far is then valid too.

    Example:
        >>> f"{p_of_log_e(3.0)[0]:.4f}"
        '0.0498'

    See docs/explanation/always-valid.md
    """
    p = math.exp(min(0.0, -log_e))
    return p, None if p >= 1e-300 else -log_e / math.log(10)


def average(log_e: Sequence[float]) -> float:
    """Return the logarithm of the mean of e-values: one e-value, whatever their dependence.

    Example:
        >>> f"{average([math.log(30), math.log(10)]):.4f}", f"{math.log(20):.4f}"
        ('2.9957', '2.9957')

    See docs/explanation/always-valid.md
    """
    _check(log_e)
    top = max(log_e)
    if math.isinf(top):
        return top
    return top + math.log(math.fsum(math.exp(value - top) for value in log_e) / len(log_e))


def product(log_e: Sequence[float]) -> float:
    """Return the logarithm of the product of e-values: one e-value, where they are independent or successive.

    Example:
        >>> product([1.0, -0.25])
        0.75

    See docs/explanation/always-valid.md
    """
    _check(log_e)
    return math.inf if math.inf in log_e else math.fsum(log_e)


def e_bh(log_e: Sequence[float]) -> list[float]:
    """Return, for each e-value, the smallest false discovery rate at which it would be flagged.

    The e-BH procedure: the k largest are flagged at rate q where the k-th is at least m / (k q). Holds
    under any dependence, unlike the procedure of Benjamini and Hochberg for p-values.

    Args:
        log_e: Natural logarithms of the e-values.

    Returns:
        Rates between 0 and 1, in the order given; those of at most q are flagged at q.

    Raises:
        Invalid: If a number is missing.

    Example:
        >>> [round(rate, 3) for rate in e_bh([math.log(400), math.log(60), 0.0])]
        [0.008, 0.025, 1.0]

    References:
        Wang, R. and Ramdas, A. (2022). False discovery rate control with e-values. JRSS B 84.

    See docs/explanation/always-valid.md
    """
    if not log_e:
        return []
    _check(log_e)
    m, best = len(log_e), 1.0
    rates = [1.0] * m
    weakest_first = sorted(range(m), key=lambda index: log_e[index])
    for smaller, index in enumerate(weakest_first):
        best = min(best, math.exp(min(0.0, math.log(m / (m - smaller)) - log_e[index])))
        rates[index] = best
    return rates


def flagged(log_e: Sequence[float], *, rate: float) -> list[bool]:
    """Return which e-values the e-BH procedure flags at a false discovery rate.

    Example:
        >>> flagged([math.log(400), math.log(60), 0.0], rate=0.03)
        [True, True, False]

    Raises:
        Invalid: If the rate is no probability, or a number is missing.

    See docs/explanation/always-valid.md
    """
    checked_alpha(rate)
    return [adjusted <= rate for adjusted in e_bh(log_e)]


def _check(log_e: Sequence[float]) -> None:
    if not log_e or any(math.isnan(value) for value in log_e):
        raise Invalid(
            f"e-values {list(log_e)} lack a number: leave out tests without data, and say how many there were"
        )
