"""When facts arrived, by arm: one arm's clock runs ahead, or one arm sends late.

What people do moves how many facts there are, not when a row arrives after it was stamped. Units are counted, and not
rows, which come together; and of each unit what most of its rows do, so that keener units are no likelier to count.
"""

from twyman.doubt.activity import told
from twyman.doubt.check import Check, Status, p_text, share_text
from twyman.stats.balance import exact_binomial
from twyman.stats.estimate import NotEstimable
from twyman.stats.lift import absolute
from twyman.stats.moments import Moments
from twyman.stats.proportion import proportions

WIDE = 0.01
"""Least difference in units' share that blocks."""
FEW = 50
"""Units of both arms below which a count is tested exactly."""

Counted = tuple[str, int, int]
"""Name of an arm, units of it that do something, all of them with a fact after exposure."""


def clock_by_arm(source: str, treatment: Counted, control: Counted, *, checks: int = 1) -> Check | None:
    """Test whether as many units of both arms have facts that mostly arrived before they happened.

    Args:
        source: The source of facts.
        treatment: Its name, units with more rows ahead than not, units with a fact after exposure.
        control: The same of control.
        checks: How many such checks are made (Bonferroni).

    Returns:
        `None` where no unit has.

    Example:
        >>> found = clock_by_arm("plays", ("page", 400, 1000), ("control", 3, 1000))
        >>> found.status, found.detail["treatment"]
        (<Status.BLOCK: 'block'>, 0.4)

    See docs/explanation/root-causes.md
    """
    what = f"Most facts of {source} arrived before they happened"
    why = "A clock of one arm runs ahead, and windows cut its facts elsewhere"
    return _compared("clock_by_arm", source, (treatment, control), (what, why), checks)


def late_by_arm(source: str, treatment: Counted, control: Counted, *, checks: int = 1) -> Check | None:
    """Test whether as many units of both arms have facts that mostly arrived an hour after they happened, or later.

    A change that lets people go on without a network does this, too, and blocks all the same: facts that aren't there
    yet at a look's cut-off are missing in one arm.

    Args:
        source: The source of facts.
        treatment: Its name, units with more late rows than not, units with a fact after exposure.
        control: The same of control.
        checks: How many such checks are made (Bonferroni).

    Returns:
        `None` where no unit has.

    See docs/explanation/root-causes.md
    """
    what = f"Most facts of {source} arrived an hour or more after they happened"
    why = "A clock of one arm is slow, or the arm sends late, and a look's cut-off leaves out more of it"
    return _compared("late_by_arm", source, (treatment, control), (what, why), checks)


def _compared(
    code: str, source: str, arms: tuple[Counted, Counted], said: tuple[str, str], checks: int
) -> Check | None:
    (arm, found, units), (base, others, of) = arms
    if not (found + others and units and of):
        return None
    p_value, status = told(unlikely((found, units), (others, of)), checks, Status.BLOCK)
    share, other = found / units, others / of
    if abs(share - other) < WIDE:
        status = min(status, Status.WARN, key=list(Status).index)
    text = (
        f"{said[0]}: of {share_text(share)} of {arm}'s units with any, and {share_text(other)} of {base}'s "
        f"({p_text(p_value)})."
    )
    if status is not Status.OK:
        text += f" {said[1]}: compare event times with times of receipt by client version, or take those of receipt."
    detail: dict[str, object] = {"source": source, "treatment": share, "control": other}
    return Check(code=code, status=status, text=text, p_value=p_value, arm=arm, detail=detail)


def unlikely(treatment: tuple[int, int], control: tuple[int, int]) -> float:
    """Return the p-value of two counts, each with the units that it is of; exact where there are few.

    Example:
        >>> unlikely((3, 1000), (0, 1000)), round(unlikely((300, 1000), (250, 1000)), 4)
        (0.25, 0.0123)
    """
    (found, units), (others, of) = treatment, control
    if found + others < FEW:
        return exact_binomial(found, found + others, units / (units + of))
    pair = proportions(Moments.binary(found, units), Moments.binary(others, of), test="score")
    return 1.0 if isinstance(pair, NotEstimable) else absolute(pair).p_value
