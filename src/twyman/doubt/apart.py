"""Rows that one arm loses, seen by comparing sources with each other within each unit and day.

Where a day with facts of one source is nearly always a day with facts of another, a day with one alone is odd. Volumes
move with behaviour, and hide a loss of some percent; that of two sources *each* is missed by the other, in one arm, is
what rows do that are lost in batches.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from twyman.doubt.activity import Sides, told
from twyman.doubt.check import Check, Status, p_text, share_text
from twyman.stats.balance import exact_binomial
from twyman.stats.estimate import NotEstimable
from twyman.stats.lift import absolute
from twyman.stats.moments import Moments
from twyman.stats.ratio import ratios

USUAL = 0.2
"""Share of days without the other source, in the arm with fewer, up to which sources go together."""
WIDE, SLIGHT = 0.01, 0.001
"""Difference in that share that may block, and that may be more than a note."""
TIMES = 2.0
"""How many times as often the other source must be missing for more than a note: keener units do less than that."""
FEW = 50
"""Days without the other source, of both arms, below which they are tested exactly, too."""
_LACKING = {True: np.array([[1.0, 0.0, -1.0], [1.0, 0.0, 0.0]]), False: np.array([[0.0, 1.0, -1.0], [0.0, 1.0, 0.0]])}


@dataclass(frozen=True, slots=True)
class Missing:
    """How often a source is missing on days with another, by arm.

    Attributes:
        present, missing: The source that the days have, and the one that they may lack.
        p_value: Of the difference in shares.
    """

    present: str
    missing: str
    treatment: float
    control: float
    p_value: float

    @property
    def gap(self) -> float:
        """How much larger the treatment's share is."""
        return self.treatment - self.control

    @property
    def clear(self) -> bool:
        """Whether it is more than what people who do more, or less, on a day would do."""
        fewer, more = sorted((self.treatment, self.control))
        return more - fewer >= SLIGHT and more >= TIMES * fewer


def sources_apart(names: tuple[str, str], sides: Sides, *, checks: int = 1) -> Check | None:
    """Test whether two sources that usually go together come apart on more days of one arm.

    Both ways, and so in the same arm, blocks: rows are lost, by each source on its own (`sources_apart`). A change
    that makes people use one of them alone makes them miss the other one way only: that is `source_missing`, and a
    warning at most, for nobody can tell it from a source that loses rows. People who do a little of everything each
    day, and less of it with the change, miss both a little more often: less than twice as often is a note at most.

    The share is of days, and its error by unit (delta method): days of one unit come together. Few days are tested
    exactly, too, and the weaker counts.

    Args:
        names: The two sources.
        sides: Name of a treatment and of control, with moments of a unit's days after exposure: with facts of the
            first source, of the second, of both.
        checks: How many such checks are made (Bonferroni).

    Returns:
        `None` where they don't go together usually.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> def arm(lost):
        ...     one, other = rng.binomial(9, 1 - lost, (2, 5_000))
        ...     return Moments.of(np.column_stack([one, other, np.maximum(one + other - 9, 0)]))
        >>> sources_apart(("plays", "pages"), (("page", arm(0.05)), ("control", arm(0.0)))).status
        <Status.BLOCK: 'block'>

    See docs/explanation/root-causes.md
    """
    found = list(_both_ways(names, sides))
    if not found:
        return None
    mutual = len(found) == 2 and found[0].gap * found[1].gap > 0 and all(one.clear for one in found)
    p_value = max(one.p_value for one in found) if mutual else min(1.0, min(one.p_value for one in found) * len(found))
    p_value, status = told(p_value, checks, _loudest(found, mutual=mutual))
    arm = sides[0][0]
    said = "; ".join(
        f"{one.missing} is missing on {share_text(one.treatment)} of {arm}'s days with {one.present}, "
        f"{share_text(one.control)} of {sides[1][0]}'s"
        for one in found
    )
    one_way = not mutual and status is not Status.OK
    detail: dict[str, object] = {
        "sources": list(names),
        "missing": {one.missing: {"treatment": one.treatment, "control": one.control} for one in found},
        "mutual": mutual,
    }
    return Check(
        code="source_missing" if one_way else "sources_apart",
        status=status,
        text=f"After exposure {said} ({p_text(p_value)}).{_advice(status, mutual=mutual)}",
        p_value=p_value,
        arm=arm,
        detail=detail,
    )


def _both_ways(names: tuple[str, str], sides: Sides) -> Iterator[Missing]:
    for first in (True, False):
        treatment, control = (_lacking(moments, first=first) for _, moments in sides)
        if not min(*(moments.means[1] if moments.count else 0.0 for moments in (treatment, control))) > 0:
            continue
        shares = [float(moments.means[0] / moments.means[1]) for moments in (treatment, control)]
        if min(shares) <= USUAL:
            present, missing = names if first else names[::-1]
            yield Missing(present, missing, shares[0], shares[1], _unlikely(treatment, control))


def _lacking(moments: Moments, *, first: bool) -> Moments:
    """Return the moments of a unit's days with one source that lack the other, and of all its days with it."""
    by = _LACKING[first]
    return Moments(moments.count, by @ moments.means, by @ moments.products @ by.T)


def _unlikely(treatment: Moments, control: Moments) -> float:
    """Return the p-value of two shares of days; where days are few, that of their exact count if it is larger."""
    pair = ratios(treatment, control)
    if isinstance(pair, NotEstimable):
        return 1.0
    (lacking, days), (others, of) = ((one.means * one.count).tolist() for one in (treatment, control))
    p_value, found = absolute(pair).p_value, round(lacking + others)
    exact = exact_binomial(round(lacking), found, days / (days + of)) if found < FEW else 0.0
    return max(p_value, exact)


def _loudest(found: list[Missing], *, mutual: bool) -> Status:
    wide = [one for one in found if one.clear and abs(one.gap) >= WIDE]
    if mutual:
        return Status.BLOCK if len(wide) == len(found) else Status.WARN
    return Status.WARN if wide else Status.NOTE


def _advice(status: Status, *, mutual: bool) -> str:
    if status is Status.OK:
        return ""
    if mutual:
        return " Each misses the other in one arm: rows are lost there. Compare with what a server counts, by arm."
    return " Rows of one arm are lost, or people use one without the other. Compare with what a server counts, by arm."
