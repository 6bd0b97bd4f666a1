"""Rows that are no behaviour: written twice, or by a unit that is no person."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

from scipy.special import ndtr

from twyman.doubt.activity import told
from twyman.doubt.check import BLOCK, Check, Status, p_text, share_text
from twyman.stats.estimate import NotEstimable
from twyman.stats.lift import absolute
from twyman.stats.moments import Moments
from twyman.stats.proportion import proportions

REPEATS, MANY_REPEATS = 0.01, 0.05
"""Shares of repeated rows beyond which it is a note, and a warning, however even."""
COARSE = 0.9
"""Share of rows at whole minutes from which on a source's times tell no seconds."""
FAR, TIMES, ENOUGH = 6.0, 100.0, 100
"""A bot, of a single arm: so many standard deviations above the mean of logarithms, so many times the mean, of so many
units."""
BEYOND, RARE = 10.0, 0.05
"""A bot beside other arms: so many times as many rows as the busiest unit of any of them, and so seldom by chance."""

UNEVENLY = " Uneven: what is counted differs by arm. Log each event with an id, and count it once."
EVENLY = " A row written twice, or a join that fans out? Count each event once."
COARSELY = " Its times tell no seconds, so two events may look like one: name their id in its entities."


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeating:
    """Rows of an arm in a source, those that repeat another, and how many units have any.

    Attributes:
        tested: Rows that were looked at.
        repeated: Those that repeat another's unit, time and measures.
        whole_minutes: Those of the rows that were looked at whose time is a whole minute.
        units: Units with any such.
        active: Units with any row.
    """

    arm: str
    tested: int
    repeated: int
    units: int
    active: int
    whole_minutes: int = 0

    @property
    def share(self) -> float:
        """Share of rows that repeat another."""
        return self.repeated / self.tested if self.tested else 0.0


def repeats(source: str, treatment: Repeating, control: Repeating, *, checks: int = 1) -> Check | None:
    """Test whether rows that repeat another are as frequent in both arms; `None` where none does.

    Where times tell no seconds, as of events that are summed up by the hour, who does more repeats more, and a row that
    repeats another is no doubt: it is a note at most.

    See docs/explanation/root-causes.md
    """
    if not treatment.repeated + control.repeated:
        return None
    p_value, status, uneven = _judged(treatment, control, checks)
    coarse = _are_coarse(treatment, control)
    if coarse:
        status = min(status, Status.NOTE, key=list(Status).index)
    text = (
        f"Rows of {source} that repeat another's unit, time and measures, on the day after exposure: "
        f"{share_text(treatment.share)} of {treatment.arm}'s, {share_text(control.share)} of {control.arm}'s"
        f"{'' if p_value is None else f' ({p_text(p_value)})'}."
    )
    if status is not Status.OK:
        text += COARSELY if coarse else UNEVENLY if uneven else EVENLY
    detail: dict[str, object] = {
        "source": source,
        "treatment": treatment.share,
        "control": control.share,
        "uneven": uneven,
        "coarse": coarse,
    }
    return Check(code="repeated_facts", status=status, text=text, p_value=p_value, arm=treatment.arm, detail=detail)


def _judged(treatment: Repeating, control: Repeating, checks: int) -> tuple[float | None, Status, bool]:
    """Return the p-value of as many repeats in both arms, how loud that is, and whether they are uneven."""
    pair = proportions(
        Moments.binary(treatment.units, treatment.active), Moments.binary(control.units, control.active), test="score"
    )
    p_value, status = (None, Status.OK) if isinstance(pair, NotEstimable) else told(absolute(pair).p_value, checks)
    gap = abs(treatment.share - control.share)
    if gap < REPEATS:
        status = min(status, Status.NOTE, key=list(Status).index)
    elif p_value is not None and p_value < BLOCK:
        status = Status.BLOCK
    uneven, most = status is not Status.OK, max(treatment.share, control.share)
    if not uneven and most > REPEATS:
        status = Status.WARN if most > MANY_REPEATS else Status.NOTE
    return p_value, status, uneven


def _are_coarse(*arms: Repeating) -> bool:
    """Whether times tell no seconds."""
    return sum(one.whole_minutes for one in arms) >= COARSE * sum(one.tested for one in arms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Busiest:
    """The unit with the most rows of an arm.

    Attributes:
        units: Units of the arm with any row.
        mean: Their mean number of rows.
        log_mean, log_spread: Mean and standard deviation of the logarithm of rows.
    """

    arm: str
    unit: str
    rows: int
    units: int
    mean: float
    log_mean: float
    log_spread: float


def bot(source: str, seen: Busiest, *, others: Sequence[Busiest] = ()) -> Check | None:
    """Warn of a unit with an absurd number of rows; `None` where units are too few to tell.

    Where some people do most, the other arm has one of them, too: a bot has ten times the rows of the busiest there. Of
    honest arms of 5,000 units so has one in 200 experiments of a lognormal with a spread of 1.8, 2 % of a Pareto with
    index 2 and 7 % with 1.5 (simulated). A single arm is judged as if rows were lognormal: six standard deviations
    above the mean of logarithms is one unit in a billion. A spread without any unit gives no answer.

    Args:
        source: The source of facts.
        seen: The unit, and the arm that it is in.
        others: The same of the other arms.

    See docs/explanation/root-causes.md
    """
    if seen.units < ENOUGH or seen.log_spread < 1e-9 or not seen.rows:
        return None
    # The unit itself is part of the spread that it is measured by: it is taken out.
    n, own = seen.units, log(seen.rows)
    mean = (n * seen.log_mean - own) / (n - 1)
    variance = (n * seen.log_spread**2 - (own - seen.log_mean) ** 2 * n / (n - 1)) / (n - 1)
    spread = max(variance, 1e-6) ** 0.5
    far = (own - mean) / spread
    rest = (n * seen.mean - seen.rows) / (n - 1)
    p_value = min(1.0, n * float(ndtr(-float(far))))
    most = max((other.rows for other in others), default=0)
    foreign, far_off = seen.rows >= BEYOND * most and p_value < RARE, far > FAR and seen.rows > TIMES * max(rest, 1.0)
    absurd = foreign if most else far_off
    detail: dict[str, object] = {"source": source, "unit": seen.unit, "rows": seen.rows, "deviations": far}
    text = f"{source}: no unit of {seen.arm} has an absurd number of rows; the most is {seen.rows:,}."
    if far_off and not absurd:
        text = (
            f"{source}: unit {seen.unit} of {seen.arm} has {seen.rows:,} rows, others {exp(mean):.3g} (median); "
            "another arm has one like it: rows have a heavy tail, or bots are in both."
        )
    if absurd:
        text = (
            f"{source}: unit {seen.unit} of {seen.arm} has {seen.rows:,} rows, others {exp(mean):.3g} (median). "
            "A bot, or a client that loops? Leave it out in the source, and say so."
        )
    status = Status.WARN if absurd else Status.OK
    return Check(code="bot", status=status, text=text, p_value=p_value, arm=seen.arm, detail=detail)
