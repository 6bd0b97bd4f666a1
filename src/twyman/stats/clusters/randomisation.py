"""Randomisation inference: what other draws of the lot would have shown.

No model, no asymptotics: where the treatment does nothing to anybody, relabelling clusters changes
nothing but the labels, so the p-value is exact with three clusters as with three thousand.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from twyman.kernel.errors import Invalid
from twyman.stats.clusters.sums import Clusters
from twyman.stats.estimate import NotEstimable
from twyman.stats.pair import NO_VARIATION, too_few

AS_LARGE = 1 - 1e-9
"""A statistic this share of the observed one is as large: what is less is rounding."""

BATCH = 2_000_000
"""Labels held at once."""

Vector = NDArray[np.float64]
Labels = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Randomised:
    """How the observed effect compares with those of other draws.

    Attributes:
        effect: The observed difference of means over rows.
        statistic: The statistic compared: the difference over its own error, or the difference.
        p_value: Share of draws at least as far from 0, two-sided; the observed one counts.
        draws: How many were compared.
        exact: Whether these were all there are.
    """

    effect: float
    statistic: float
    p_value: float
    draws: int
    exact: bool


def permuted(
    treatment: Clusters, control: Clusters, *, draws: int = 9_999, seed: int = 0, studentised: bool = True
) -> Randomised | NotEstimable:
    """Test by permutation of clusters between arms that the treatment does nothing.

    Exact for the hypothesis that no cluster is moved at all. Studentised, it holds in large
    samples for no effect on average too, where arms differ in spread. Assumes that every choice of
    so many clusters was equally likely: not for clusters randomised within pairs or blocks.

    Args:
        treatment: Treated clusters.
        control: Control clusters.
        draws: How many draws at most; all that exist, where they are no more.
        seed: The same seed gives the same draws.
        studentised: Whether the difference is divided by its own error.

    Returns:
        The test; or why not, where an arm has under two clusters, or nothing varies.

    Raises:
        Invalid: If there are no draws.

    Example:
        >>> control = Clusters([10, 11, 9, 10], [5, 5, 5, 5])
        >>> treatment = Clusters([14, 15, 13, 16], [5, 5, 5, 5])
        >>> test = permuted(treatment, control)
        >>> f"{test.p_value:.4f}", test.draws, test.exact
        ('0.0286', 70, True)

    References:
        Wu, J. and Ding, P. (2021). Randomization tests for weak null hypotheses in randomized
        experiments. JASA 116.

    See docs/explanation/clusters-and-switchbacks.md.
    """
    if draws < 1:
        raise Invalid(f"{draws} draws can't be compared with: ask for 999 or more")
    refusal = too_few(treatment.count, control.count)
    if refusal:
        return NotEstimable(refusal.code, refusal.text.replace("units", "clusters"))
    sums, sizes = (np.concatenate(both) for both in ((treatment.sums, control.sums), (treatment.sizes, control.sizes)))
    centred = sums - sizes * (sums.sum() / sizes.sum())
    columns = np.column_stack([centred, sizes, centred**2, centred * sizes, sizes**2])
    treated = np.zeros((1, len(sums)))
    treated[0, : treatment.count] = 1.0
    effect, observed = (float(found[0]) for found in _statistics(treated, columns, studentised=studentised))
    if not np.isfinite(observed) or not centred.any():
        return NO_VARIATION
    exact = comb(len(sums), treatment.count) <= draws
    batches = _all(len(sums), treatment.count) if exact else _drawn(len(sums), treatment.count, draws, seed)
    limit, larger, compared = AS_LARGE * abs(observed), 0, 0
    for labels in batches:
        _, found = _statistics(labels, columns, studentised=studentised)
        larger += int((~(np.abs(found) < limit)).sum())
        compared += len(labels)
    extra = 0 if exact else 1
    return Randomised(effect, observed, (larger + extra) / (compared + extra), compared + extra, exact)


def _statistics(labels: Labels, columns: Vector, *, studentised: bool) -> tuple[Vector, Vector]:
    """Return difference and statistic of each draw, one a row of labels."""
    effect, variance = np.zeros(len(labels)), np.zeros(len(labels))
    for side, chosen in ((1.0, labels), (-1.0, 1 - labels)):
        total, rows, squares, mixed, sizes = (chosen @ columns).T
        mean = total / np.where(rows > 0, rows, np.nan)
        groups = chosen.sum(axis=1)
        scores = np.maximum(squares - 2 * mean * mixed + mean**2 * sizes, 0.0)
        effect += side * mean
        variance += scores / rows**2 * groups / (groups - 1)
    if not studentised:
        return effect, effect
    with np.errstate(divide="ignore", invalid="ignore"):
        return effect, effect / np.sqrt(variance)


def _all(groups: int, treated: int) -> Iterator[Labels]:
    chosen = np.array(list(combinations(range(groups), treated)))
    for part in np.array_split(chosen, max(1, chosen.shape[0] * groups // BATCH)):
        labels = np.zeros((len(part), groups))
        np.put_along_axis(labels, part, 1.0, axis=1)
        yield labels


def _drawn(groups: int, treated: int, draws: int, seed: int) -> Iterator[Labels]:
    rng = np.random.default_rng(seed)
    size = max(1, BATCH // groups)
    plain = np.zeros(groups)
    plain[:treated] = 1.0
    for start in range(0, draws, size):
        yield rng.permuted(np.tile(plain, (min(size, draws - start), 1)), axis=1)
