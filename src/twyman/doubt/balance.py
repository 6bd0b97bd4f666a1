"""Were units split as planned, and is what reached the analysis still a fair split?

A sample-ratio mismatch says that units were lost or moved on their way to the data, so that the
arms are no longer comparable whatever the metrics say (Fabijan et al., KDD 2019). A filter, a rule
that drops units without facts, or units in two arms can do the same behind a healthy total.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

from twyman.doubt.check import BLOCK, SEARCHED, Check, Status, p_text, share_text, tier
from twyman.stats.balance import exact_binomial, srm
from twyman.stats.difference import means
from twyman.stats.estimate import NotEstimable
from twyman.stats.lift import absolute
from twyman.stats.moments import Moments
from twyman.stats.proportion import proportions

CROSSOVERS = 0.01
"""Share of units in two arms beyond which assignment itself is broken."""
SLIGHT = 0.001
"""Share of them up to which it isn't worth a word: people change devices."""


def sample_ratio(units: Mapping[str, int], shares: Mapping[str, float], *, control: str, of: str = "") -> Check:
    """Compare the units of each arm with the planned shares, by Pearson's chi-square; `of` says what was drawn.

    The detail holds the control's share and the band around its planned share that holds 95 of 100 fair splits.

    Example:
        >>> seen = sample_ratio({"a": 44_700, "b": 45_489}, {"a": 0.5, "b": 0.5}, control="a")
        >>> seen.status, round(seen.p_value, 4)
        (<Status.WARN: 'warn'>, 0.0086)
    """
    arms = list(shares)
    total = sum(units.get(arm, 0) for arm in arms)
    balance = srm([units.get(arm, 0) for arm in arms], [shares[arm] for arm in arms])
    counts = " : ".join(f"{units.get(arm, 0):,} {arm}" for arm in arms)
    counts = f"{counts} by {of}" if of else counts
    if isinstance(balance, NotEstimable):
        return Check(code="srm", status=Status.NOTE, text=f"The split can't be checked: {balance.text}.")
    planned, seen = shares[control], units.get(control, 0) / total
    half = 1.959963984540054 * sqrt(planned * (1 - planned) / total)
    status = tier(balance.p_value)
    detail: dict[str, object] = {
        "statistic": balance.statistic,
        "df": balance.df,
        "units": {arm: units.get(arm, 0) for arm in arms},
        "planned": dict(shares),
        "control_share": seen,
        "band": {"lower": planned - half, "upper": planned + half, "level": 0.95},
    }
    found = f"{counts}, planned {' : '.join(share_text(shares[arm]) for arm in arms)} ({p_text(balance.p_value)})"
    text = {
        Status.OK: f"The split is as planned: {found}.",
        Status.NOTE: f"The split is a little off: {found}. Fair splits do this once in 20 experiments.",
        Status.WARN: f"Sample-ratio mismatch likely: {found}. Units may be lost in one arm: "
        "compare assignments with exposures, bots and redirects before believing small effects.",
        Status.BLOCK: f"Sample-ratio mismatch: {found}. The arms are not comparable: "
        "find where units are lost (assignment, exposure logging, joins, bots) before reading any metric.",
    }[status]
    return Check(code="srm", status=status, text=text, p_value=balance.p_value, detail=detail)


def crossovers(
    crossed: Mapping[str, int], units: Mapping[str, int], shares: Mapping[str, float], *, of: str = "unit"
) -> Check:
    """Judge units seen in two arms: too many, or unevenly many by the arm first met, break the comparison."""
    number, total = sum(crossed.values()), sum(crossed.values()) + sum(units.values())
    if not number:
        return Check(code="crossovers", status=Status.OK, text=f"No {of} was seen in two arms.", detail={"units": 0})
    balance = srm([crossed.get(arm, 0) for arm in shares], [shares[arm] for arm in shares])
    p_value = None if isinstance(balance, NotEstimable) else balance.p_value
    uneven = p_value is not None and p_value < BLOCK
    share = number / total
    found = f"{number:,} of {total:,} {of}s ({share_text(share)}) were seen in two arms, and are in neither"
    detail: dict[str, object] = {"units": number, "share": share, "first_arm": dict(crossed)}
    if share > CROSSOVERS or uneven:
        why = "more than 1 %" if share > CROSSOVERS else "unevenly many by the arm first met"
        text = f"{found}: {why}. Assignment isn't stable: check that ids and salts stay the same between visits."
        return Check(code="crossovers", status=Status.BLOCK, text=text, p_value=p_value, detail=detail)
    status = Status.NOTE if share > SLIGHT else Status.OK
    return Check(code="crossovers", status=status, text=f"{found}.", p_value=p_value, detail=detail)


@dataclass(frozen=True, slots=True)
class Kept:
    """How many of an arm's rows or units a rule kept."""

    kept: int
    of: int


def kept_evenly(
    code: str, what: str, treatment: tuple[str, Kept], control: tuple[str, Kept], *, metric: str | None = None
) -> Check:
    """Test whether a rule that drops rows or units drops them equally in two arms.

    If the treatment changes who passes, those who pass are no longer comparable: analysing survey
    answers only of those who answered compares two different groups (AdSmart is such a case).

    Args:
        code: Name of the check.
        what: The rule, as a sentence's subject ("the source's filter").
        treatment: Name and counts of the treatment.
        control: Name and counts of the control.
        metric: Metric that drops units, where it is one's. What it drops it may drop as its own effect, and only warns;
            a rule for all metrics blocks.
    """
    (arm, t), (base, c) = treatment, control
    found = f"{what} keeps {share_text(t.kept / t.of)} of {arm} and {share_text(c.kept / c.of)} of {base}"
    compared = proportions(Moments.binary(t.kept, t.of), Moments.binary(c.kept, c.of), test="score")
    if isinstance(compared, NotEstimable):
        return Check(code=code, status=Status.OK, text=f"{found}.".capitalize(), metric=metric, arm=arm)
    estimate = absolute(compared)
    status = tier(estimate.p_value, loudest=Status.WARN if metric else Status.BLOCK)
    detail: dict[str, object] = {
        "treatment": t.kept / t.of,
        "control": c.kept / c.of,
        "difference": estimate.estimate,
        "kept": {arm: t.kept, base: c.kept},
        "of": {arm: t.of, base: c.of},
    }
    found = f"{found[0].upper()}{found[1:]} ({p_text(estimate.p_value)})"
    text = f"{found}."
    if status is not Status.OK:
        text = (
            f"{found}: conditioning on something the treatment may change, so the two groups left may differ "
            "in more than the treatment. Analyse all units, or a rule fixed before exposure."
        )
    return Check(code=code, status=status, text=text, p_value=estimate.p_value, metric=metric, arm=arm, detail=detail)


def covariate_balance(
    metric: str, covariate: str, treatment: tuple[str, Moments], control: tuple[str, Moments], *, checks: int = 1
) -> Check | None:
    """Test whether arms differ in a covariate from before exposure, where they can differ by chance only.

    Args:
        metric: The metric that the covariate sharpens.
        covariate: Its name.
        treatment: Name of the treatment, and moments of the covariate in it.
        control: The same of control.
        checks: How many such checks are made: the loudness is by p times their number (Bonferroni).
    """
    (arm, t), (base, c) = treatment, control
    compared = means(t, c)
    if isinstance(compared, NotEstimable):
        return None
    p_value = absolute(compared).p_value
    status = tier(min(1.0, p_value * checks), block=SEARCHED)
    found = (
        f"Before exposure, '{covariate}' averaged {t.means[0]:.4g} in {arm} and {c.means[0]:.4g} in {base} "
        f"({p_text(p_value)})"
    )
    text = f"{found}."
    if status is not Status.OK:
        text = f"{found}, one of {checks} such checks. Chance seldom does this; else assignment isn't random."
    return Check(code="pre_period", status=status, text=text, p_value=p_value, metric=metric, arm=arm)


def signs(metric: str, arm: str, higher: int, days: int) -> Check:
    """Report on how many days a treatment was higher, and the sign test: a slow day can't carry it alone."""
    p_value = exact_binomial(higher, days, 0.5)
    text = f"{metric}: {arm} was higher on {higher} of {days} days (sign test {p_text(p_value)})."
    detail: dict[str, object] = {"days": days, "higher": higher}
    return Check(
        code="daily_signs", status=Status.OK, text=text, p_value=p_value, metric=metric, arm=arm, detail=detail
    )
