"""Whether the probability of a bug means what it says: of those given 30 %, are 30 % bugs?"""

from collections.abc import Iterable, Sequence

import numpy as np

from faultlab.fit import weight_of
from faultlab.outcome import Outcome

TENTHS = 10


def reliability(found: Sequence[Outcome]) -> Iterable[str]:
    """Return the table: each experiment counts as if bugs were as frequent as the prior says."""
    records = [one.record for one in found]
    counts = np.array([weight_of(records, record) for record in records])
    said = np.array([one.probability for one in found])
    bug = np.array([bool(record["fault"]) for record in records])
    place = np.minimum((said * TENTHS).astype(int), TENTHS - 1)
    yield "| P(bug) said | experiments | mean said | bugs among them |"
    yield "|---|--:|--:|--:|"
    gap = 0.0
    for tenth in range(TENTHS):
        inside = place == tenth
        if not inside.any():
            continue
        whole = counts[inside].sum()
        mean, share = (counts[inside] @ values[inside] / whole for values in (said, bug))
        gap += whole * abs(mean - share)
        yield f"| {tenth / TENTHS:.0%} to {(tenth + 1) / TENTHS:.0%} | {inside.sum():,} | {mean:.3f} | {share:.3f} |"
    yield ""
    yield (
        "Weighted by how often each tenth is said, with bugs as frequent as the prior says, what is said and what is "
        f"so differ by {gap / counts.sum():.3f}."
    )
