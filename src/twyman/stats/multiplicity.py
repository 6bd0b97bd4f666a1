"""Several tests at once: p-values that keep the error of the family.

A missing p-value is refused: a test that wasn't made has to be left out on purpose, not counted.
"""

import math
from collections.abc import Sequence

from twyman.kernel.errors import Invalid


def bonferroni(p_values: Sequence[float], m: int | None = None) -> list[float]:
    """Multiply each p-value by the number of tests.

    Args:
        p_values: Of the tests at hand.
        m: Tests in the family, where not all of them are at hand.

    Raises:
        Invalid: If a p-value is missing, or no probability, or `m` is below their number.

    Example:
        >>> bonferroni([0.01, 0.04, 0.5])
        [0.03, 0.12, 1.0]
    """
    _check(p_values)
    family = len(p_values) if m is None else m
    if family < len(p_values):
        raise Invalid(f"a family of {family} tests can't have {len(p_values)} p-values: count all of its tests")
    return [min(1.0, p * family) for p in p_values]


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust step-down by Holm: the family's error is kept, and never less powerful than Bonferroni.

    Raises:
        Invalid: If a p-value is missing, or no probability.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]

    References:
        Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal
        of Statistics 6.
    """
    _check(p_values)
    m, largest = len(p_values), 0.0
    adjusted = [0.0] * m
    for rank, i in enumerate(sorted(range(m), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (m - rank) * p_values[i]))
        adjusted[i] = largest
    return adjusted


def bh(p_values: Sequence[float]) -> list[float]:
    """Adjust step-up by Benjamini and Hochberg: the expected share of false finds is kept.

    Raises:
        Invalid: If a p-value is missing, or no probability.

    Example:
        >>> bh([0.01, 0.04, 0.03])
        [0.03, 0.04, 0.04]

    References:
        Benjamini, Y. and Hochberg, Y. (1995). Controlling the false discovery rate. JRSS B 57.
    """
    _check(p_values)
    m, smallest = len(p_values), 1.0
    adjusted = [0.0] * m
    for rank, i in enumerate(sorted(range(m), key=p_values.__getitem__, reverse=True)):
        smallest = min(smallest, p_values[i] * m / (m - rank))
        adjusted[i] = smallest
    return adjusted


def _check(p_values: Sequence[float]) -> None:
    if any(math.isnan(p) or not 0 <= p <= 1 for p in p_values):
        raise Invalid(f"p-values {list(p_values)} aren't all probabilities: leave out tests that weren't made")
