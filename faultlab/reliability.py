"""Whether the probability of a bug means what it says: of those given 30 %, are 30 % bugs?"""

from collections.abc import Iterable, Sequence

import numpy as np
from scipy.stats import beta

from faultlab.fit import BUG, weight_of
from faultlab.outcome import Outcome

TENTHS = 10


def reliability(found: Sequence[Outcome]) -> Iterable[str]:
    """Return the table: each experiment counts as if bugs were as frequent as the prior says."""
    records = [one.record for one in found]
    counts = np.array([weight_of(records, record) for record in records])
    said = np.array([one.probability for one in found])
    bug = np.array([bool(record["fault"]) for record in records])
    place = np.minimum((said * TENTHS).astype(int), TENTHS - 1)
    yield "| P(bug) said | with a fault | healthy | mean said | bugs among them | 95 % interval |"
    yield "|---|--:|--:|--:|--:|--:|"
    gap, outside = 0.0, 0.0
    for tenth in range(TENTHS):
        inside = place == tenth
        if not inside.any():
            continue
        whole = counts[inside].sum()
        mean, share = (counts[inside] @ values[inside] / whole for values in (said, bug))
        sick, healthy = int(bug[inside].sum()), int((~bug)[inside].sum())
        low, high = believable(sick, healthy, of=(int(bug.sum()), int((~bug).sum())))
        gap += whole * abs(mean - share)
        outside = max(outside, low - mean, mean - high)
        cells = f"{sick:,} | {healthy:,} | {mean:.3f} | {share:.3f} | {low:.2f} to {high:.2f}"
        yield f"| {tenth / TENTHS:.0%} to {(tenth + 1) / TENTHS:.0%} | {cells} |"
    yield ""
    yield (
        "Weighted by how often each tenth is said, with bugs as frequent as the prior says, what is said and what is "
        f"so differ by {gap / counts.sum():.3f}. {_furthest(outside)}"
    )


def believable(sick: int, healthy: int, *, of: tuple[int, int]) -> tuple[float, float]:
    """Return the interval of the share of bugs among experiments of one tenth, with bugs as frequent as the prior says.

    Of the lab's experiments in that tenth so many have a fault, a binomial share (Jeffreys); weights are odds.

    Args:
        sick: How many there are with a fault.
        healthy: How many without.
        of: How many there are in all.

    Example:
        >>> low, high = believable(30, 0, of=(500, 1_500))
        >>> 0.5 < low < 0.9, round(high, 6)
        (True, 1.0)
    """
    odds = BUG / (1 - BUG) * max(of[1], 1) / max(of[0], 1)
    low = float(beta.ppf(0.025, sick + 0.5, healthy + 0.5)) if sick else 0.0
    high = float(beta.ppf(0.975, sick + 0.5, healthy + 0.5)) if healthy else 1.0
    weighed = [odds * share / (odds * share + 1 - share) for share in (low, high)]
    return weighed[0], weighed[1]


def _furthest(outside: float) -> str:
    if outside <= 0:
        return "In every tenth what is said lies within the interval of what is so."
    return f"In no tenth does what is said lie further than {outside:.3f} outside the interval of what is so."
