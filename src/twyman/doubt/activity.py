"""What units did around exposure, by arm: was it alike before, and is a change after it behaviour, or logging?

A treatment changes what people do, seldom what they did before, never how often a row is written twice, and hardly
ever all kinds of rows by the same factor. Each check here asks one of these. All compare units, not rows: the rows
of one unit come together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from twyman.doubt.check import NOTE, SEARCHED, WARN, Check, Status, p_text, share_text, tier
from twyman.stats.difference import means
from twyman.stats.estimate import Contrast, NotEstimable
from twyman.stats.lift import absolute
from twyman.stats.moments import Moments
from twyman.stats.over_days import combined
from twyman.stats.proportion import proportions
from twyman.stats.segments.heterogeneity import heterogeneity

Sides = tuple[tuple[str, Moments], tuple[str, Moments]]
"""Name and moments of a treatment, and of control."""

ENOUGH = 100
"""Units of an arm below which weeks aren't compared."""
FEW = 10
"""Units with a row, due in the smaller arm, below which a difference of means isn't near to normal."""
ALIKE = 0.01
"""Least common change of all sources that is worth a word."""


def told(p_value: float, size: int, loudest: Status = Status.WARN) -> tuple[float, Status]:
    """Return a p-value times the number of checks, and how loud it is."""
    adjusted = min(1.0, p_value * size)
    return adjusted, tier(adjusted, loudest=loudest, block=SEARCHED)


def _difference(treatment: Moments, control: Moments, *weights: float) -> tuple[Contrast, float] | None:
    """Return the difference of a weighted sum of columns and its p-value; `None` where nothing varies."""
    chosen = np.array(weights)
    pair = means(combined(treatment, chosen), combined(control, chosen))
    return None if isinstance(pair, NotEstimable) else (pair.contrast(), absolute(pair).p_value)


def _slope(arms: Sequence[Moments], of: int, on: int) -> float:
    """Return the slope of one column on another within arms."""
    spread = sum(float(one.products[on, on]) for one in arms)
    return sum(float(one.products[of, on]) for one in arms) / spread if spread else 0.0


def _due(treatment: Moments, control: Moments, of: int) -> float:
    """Return how many units with rows the smaller arm would have, were arms alike, and did all have equally many."""
    whole = treatment + control
    mean = float(whole.means[of])
    square = float(whole.products[of, of]) / whole.count + mean**2
    return mean**2 / square * min(treatment.count, control.count) if square else 0.0


def rows_before(source: str, sides: Sides, *, checks: int = 1) -> Check | None:
    """Test whether arms did alike before exposure: an A/A test on the past.

    Args:
        source: The source of facts.
        sides: Moments of rows a unit: before exposure, in the hour before it, after it.
        checks: How many such checks are made: the loudness is by p times their number (Bonferroni).

    See docs/explanation/root-causes.md
    """
    (arm, treatment), (base, control) = sides
    found = _difference(treatment, control, 1.0, 0.0, 0.0)
    if found is None:
        return None
    p_value, status = told(found[1], checks, Status.BLOCK)
    text = (
        f"In the two weeks before exposure {arm} had {treatment.means[0]:.4g} rows of {source} a unit, "
        f"{base} {control.means[0]:.4g} ({p_text(p_value)})."
    )
    if status is not Status.OK:
        text += " Arms differed before the change: a salt used again, an earlier test, or units lost that did little."
    detail: dict[str, object] = {
        "source": source,
        "treatment": float(treatment.means[0]),
        "control": float(control.means[0]),
    }
    return Check(code="pre_period", status=status, text=text, p_value=p_value, arm=arm, detail=detail)


def clock(source: str, sides: Sides, *, checks: int = 1) -> Check | None:
    """Test whether one arm has more facts stamped just before exposure: its clock is off.

    What a unit did in the two weeks before is taken off, so that keener units of an arm aren't taken for a clock.

    Args:
        source: The source of facts.
        sides: Moments of rows a unit, as in `rows_before`.
        checks: As there.

    See docs/explanation/root-causes.md
    """
    (arm, treatment), (base, control) = sides
    slope = _slope((treatment, control), 1, 0)
    found = _difference(treatment, control, -slope, 1.0, 0.0)
    if found is None or _due(treatment, control, 1) < FEW:
        return None
    p_value, status = told(found[1], checks)
    text = (
        f"In the hour before exposure {arm} had {treatment.means[1]:.3g} rows of {source} a unit, "
        f"{base} {control.means[1]:.3g} ({p_text(p_value)})."
    )
    if status is not Status.OK:
        text += (
            " What happens after exposure seems stamped before it, or the other way round, in one arm: "
            "compare event times with times of receipt, by arm and client version."
        )
    detail: dict[str, object] = {
        "source": source,
        "treatment": float(treatment.means[1]),
        "control": float(control.means[1]),
    }
    return Check(code="clock", status=status, text=text, p_value=p_value, arm=arm, detail=detail)


@dataclass(frozen=True, slots=True)
class Change:
    """By how much rows a unit of a source differ after exposure, relative to control."""

    source: str
    lift: Contrast
    p_value: float


def change(source: str, sides: Sides) -> Change | None:
    """Return by how much a treatment's rows a unit differ after exposure, what was before it taken off."""
    (_, treatment), (_, control) = sides
    base = float(control.means[2])
    found = _difference(treatment, control, -_slope((treatment, control), 2, 0), 0.0, 1.0)
    if found is None or base <= 0:
        return None
    contrast, p_value = found
    return Change(source, Contrast(contrast.estimate / base, contrast.se / base, None), p_value)


def telemetry(by_source: Mapping[str, Sides], *, checks: int = 1) -> Check | None:
    """Test whether a treatment's rows differ after exposure though not before, alike in all sources.

    One source that changes is behaviour, most likely: what the test is about. All by one factor is logging. Where
    there is one source only, nobody can tell, and it is a note at most.

    Args:
        by_source: Moments of rows a unit of a treatment and control, as in `rows_before`.
        checks: How many treatments are tested (Bonferroni).

    Example:
        >>> rng = np.random.default_rng(1)
        >>> def arm(less): return Moments.of(rng.poisson((9, 1, 9 * less), (5_000, 3)))
        >>> found = telemetry({name: (("t", arm(0.9)), ("c", arm(1.0))) for name in ("plays", "clicks", "ads")})
        >>> found.status, f"{found.detail['common']:.2f}"
        (<Status.WARN: 'warn'>, '-0.10')

    See docs/explanation/root-causes.md
    """
    found = [one for name, sides in by_source.items() if (one := change(name, sides)) is not None]
    if not found:
        return None
    arm = next(iter(by_source.values()))[0][0]
    common, alike = _common(found)
    p_value, status = told(2 * float(ndtr(-abs(common.estimate) / common.se)) if common.se else 1.0, checks)
    if not alike or abs(common.estimate) < ALIKE or len(found) == 1:
        status = Status.OK
    said = ", ".join(f"{one.source} {one.lift.estimate:+.1%}" for one in found)
    text = f"Rows a unit of {arm} after exposure, against control: {said} ({p_text(p_value)})."
    if len(found) == 1 and p_value < NOTE:
        text += " Behaviour or logging: one source can't tell. Compare with what a server counts."
    elif status is not Status.OK:
        text += " All sources change alike: logging changed, and not behaviour. Compare with what a server counts."
    detail: dict[str, object] = {
        "common": common.estimate,
        "alike": alike and len(found) > 1,
        "sources": {one.source: one.lift.estimate for one in found},
        "p_values": {one.source: one.p_value for one in found},
    }
    return Check(code="telemetry_volume", status=status, text=text, p_value=p_value, arm=arm, detail=detail)


def _common(found: Sequence[Change]) -> tuple[Contrast, bool]:
    """Return the change over sources, and whether they all change alike."""
    if len(found) == 1:
        return found[0].lift, True
    test = heterogeneity([one.lift for one in found])
    if isinstance(test, NotEstimable):
        return found[0].lift, False
    one_way = len({one.lift.estimate > 0 for one in found}) == 1
    close = test.p_value >= WARN or all(
        abs(one.lift.estimate - test.common.estimate) <= abs(test.common.estimate) / 3 for one in found
    )
    # Sources of the same units share their luck: the widest error is the honest one of what they have in common.
    widest = max(one.lift.se for one in found)
    return Contrast(test.common.estimate, widest, None), one_way and close and all(one.p_value < NOTE for one in found)


def wearing_off(source: str, sides: Sides, *, checks: int = 1) -> Check | None:
    """Test whether a change in rows a unit is another in the second week than in the first: novelty, or primacy.

    Args:
        source: The source of facts.
        sides: Moments of rows a unit in its first and second week, of units that have been in for both.
        checks: How many such checks are made (Bonferroni).

    See docs/explanation/novelty.md
    """
    (arm, treatment), (_, control) = sides
    found = _difference(treatment, control, 1.0, -1.0) if min(treatment.count, control.count) >= ENOUGH else None
    if found is None:
        return None
    first, second = (float(treatment.means[week] - control.means[week]) for week in (0, 1))
    p_value, status = told(found[1], checks, Status.NOTE)
    text = f"{source}: rows a unit of {arm} differ by {first:+.3g} in the first week, {second:+.3g} in the second"
    text += f" ({p_text(p_value)})."
    if status is not Status.OK:
        fading = abs(first) > abs(second)
        text += " It wears off: novelty." if fading else " It grows: people learn, or the change spreads."
        text += " Measure longer before carrying it beyond these weeks."
    detail: dict[str, object] = {"source": source, "first_week": first, "second_week": second}
    return Check(code="novelty", status=status, text=text, p_value=p_value, arm=arm, detail=detail)


def joined(
    source: str, treatment: tuple[str, int, int], control: tuple[str, int, int], *, checks: int = 1
) -> Check | None:
    """Test whether as many units of both arms have any fact after exposure: behaviour, or facts that find no unit.

    Args:
        source: The source of facts.
        treatment: Its name, units with a fact after exposure, all units.
        control: The same of control.
        checks: How many such checks are made (Bonferroni).
    """
    (arm, active, units), (base, other, others) = treatment, control
    if other < USUAL * others:  # few do it at all: whether they do is what the change is about
        return None
    pair = proportions(Moments.binary(active, units), Moments.binary(other, others), test="score")
    if isinstance(pair, NotEstimable):
        return None
    p_value, status = told(absolute(pair).p_value, checks)
    gap = abs(active / units - other / others) / max(other / others, 1e-12)
    if gap < FEWER:
        status = min(status, Status.NOTE, key=list(Status).index)
    text = (
        f"{share_text(active / units)} of {arm} and {share_text(other / others)} of {base} have a fact of {source} "
        f"after exposure ({p_text(p_value)})."
    )
    if status is not Status.OK:
        text += " Behaviour, or facts of one arm that are lost or carry another id: look for facts that find no unit."
    detail: dict[str, object] = {"source": source, "treatment": active / units, "control": other / others}
    return Check(code="joined", status=status, text=text, p_value=p_value, arm=arm, detail=detail)


USUAL = 0.8
"""Share of control with a fact of a source, from which on a unit without one is odd."""
FEWER = 0.1
"""Relative difference in units with a fact below which it is a note at most: people do that, too."""
