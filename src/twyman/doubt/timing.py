"""On which days did the split leave its plan: an arm that started late, was paused, or ramped by itself.

A loss that strikes every day alike is `srm`'s to find. What this looks for is a run of days whose split differs
from that of all other days: it says when to look into the log of changes. Units of such days also differ in more
than their arm (those who come first are the keenest), so that even a total that fits the plan hides a bias.

Method: every run of days against the days outside it, by the chi-square of a table of two rows; the least p-value
times the number of runs (Bonferroni). The CUSUM of METHODS, part B 4.4, is beside it, to be drawn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from twyman.doubt.check import SEARCHED, Check, Status, p_text, share_text, tier
from twyman.stats.balance import srm
from twyman.stats.estimate import NotEstimable

Counts = NDArray[np.float64]

LEAST = 5.0
"""Units expected of each arm in a run of days, and outside it: below, chi-square isn't to be trusted."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of days, and how unlike the others its split is.

    Attributes:
        first, last: Places of its days, both in it.
        p_value: Of its split against that of all other days, times the runs that were tried.
    """

    first: int
    last: int
    p_value: float


def split_by_day(exposed: Mapping[tuple[str, date], int], shares: Mapping[str, float]) -> Check | None:
    """Find the run of days whose split differs most from the other days'.

    Args:
        exposed: Units by arm and day of first exposure, drawn one by one: not where whole clusters were.
        shares: Planned share of each arm.

    Returns:
        The check; `None` where there are under two days, or too few units to tell.

    Example:
        >>> from datetime import date
        >>> units = {(arm, date(2024, 3, day)): 500 for arm in "ab" for day in (1, 2, 3, 4)}
        >>> units["b", date(2024, 3, 1)] = 0
        >>> seen = split_by_day(units, {"a": 0.5, "b": 0.5})
        >>> seen.status, seen.detail["kind"], seen.arm
        (<Status.BLOCK: 'block'>, 'late_start', 'b')

    See docs/explanation/root-causes.md
    """
    arms, days = [arm for arm in shares if shares[arm] > 0], sorted({day for _, day in exposed})
    counts = np.array([[exposed.get((arm, day), 0) for arm in arms] for day in days], dtype=np.float64)
    run = odd_run(counts) if len(days) > 1 else None
    if run is None:
        return None
    status = tier(run.p_value, block=SEARCHED)
    detail = _detail(arms, days, counts, run, shares)
    text = f"The split is alike on all {len(days)} days ({p_text(run.p_value)})."
    if status is not Status.OK:
        text = _text(detail, run)
    arm = str(detail["arm"]) if status is not Status.OK else None
    return Check(code="srm_by_day", status=status, text=text, p_value=run.p_value, arm=arm, detail=detail)


def odd_run(counts: Counts) -> Run | None:
    """Return the run of rows whose split over columns differs most from the other rows'; `None` where none can be told.

    Args:
        counts: Units, one row a day, one column an arm.
    """
    total = counts.sum(axis=0)
    live = total > 0
    if live.sum() < 2:
        return None
    below = np.vstack([np.zeros(counts.shape[1]), counts.cumsum(axis=0)])[:, live]
    firsts, ends = np.triu_indices(len(counts), k=1)  # a run up to the last day is the rest of one from the first
    inside = below[ends] - below[firsts]
    size, n = inside.sum(axis=1), total.sum()
    expected = size[:, None] * total[live] / n
    rest = (n - size)[:, None] * total[live] / n
    told = (np.minimum(expected, rest) >= LEAST).all(axis=1)
    if not told.any():
        return None
    gap = (inside - expected)[told] ** 2
    statistic: Counts = (gap / expected[told] + gap / rest[told]).sum(axis=1)
    worst = int(statistic.argmax())
    p_value = float(chdtrc(int(live.sum()) - 1, float(statistic[worst])))
    return Run(int(firsts[told][worst]), int(ends[told][worst]) - 1, min(1.0, p_value * int(told.sum())))


def _detail(
    arms: Sequence[str], days: Sequence[date], counts: Counts, run: Run, shares: Mapping[str, float]
) -> dict[str, object]:
    """Return what the run is: on which days, with which split, and what it looks like."""
    inside = counts[run.first : run.last + 1].sum(axis=0)
    outside = counts.sum(axis=0) - inside
    if run.first == 0 and _fit(inside, arms, shares) > _fit(outside, arms, shares):  # what comes after it is odd
        run, inside, outside = _other(run, len(days)), outside, inside
    plan = np.array([shares[arm] for arm in arms])
    gaps = inside / inside.sum() - plan / plan.sum()
    odd = int((gaps / np.sqrt(plan)).argmin()) if gaps.min() < 0 else 0
    return {
        "kind": _kind(inside[odd], run, len(days)),
        "arm": arms[odd],
        "from": days[run.first].isoformat(),
        "until": days[run.last].isoformat(),
        "days": run.last - run.first + 1,
        "units": dict(zip(arms, map(int, inside), strict=True)),
        "units_other_days": dict(zip(arms, map(int, outside), strict=True)),
        "share": float(inside[odd] / inside.sum()),
        "share_other_days": float(outside[odd] / outside.sum()),
        "planned": float(plan[odd] / plan.sum()),
        "p_value_other_days": _fit(outside, arms, shares),
        "cusum": _cusum(counts[:, odd], counts.sum(axis=1), plan[odd] / plan.sum()),
    }


def _other(run: Run, days: int) -> Run:
    """Return the days outside a run, where they are one run themselves; else the run."""
    return Run(run.last + 1, days - 1, run.p_value) if run.first == 0 else run


def _fit(counts: Counts, arms: Sequence[str], shares: Mapping[str, float]) -> float:
    """Return the p-value of a split against the plan."""
    balance = srm([int(count) for count in counts], [shares[arm] for arm in arms])
    return 1.0 if isinstance(balance, NotEstimable) else balance.p_value


def _kind(units: float, run: Run, days: int) -> str:
    """Say what a run of days in which an arm is short looks like."""
    if units:
        return "shift"
    if run.first == 0:
        return "late_start"
    return "stopped" if run.last == days - 1 else "pause"


def _cusum(units: Counts, of: Counts, share: float) -> list[float]:
    """Return by how many standard errors an arm has left its plan, day after day, all days so far together."""
    spread = sqrt(share * (1 - share)) if 0 < share < 1 else 1.0
    gone = (units - of * share).cumsum()
    return [float(round(one, 3)) for one in gone / (np.sqrt(np.maximum(of.cumsum(), 1)) * spread)]


_WHAT = {
    "late_start": "{arm} has no unit on the first {days} days (until {until}): it started later than the others. "
    "Count exposures from the day on which all arms ran",
    "stopped": "{arm} has no unit from {from} on: it was stopped. Count exposures before that day",
    "pause": "{arm} has no unit from {from} to {until}: it was paused. Leave those days out, for all arms",
    "shift": "from {from} to {until} {arm} holds {inside} of the units, on the other days {outside}, "
    "planned {planned}. Look for what was changed then: a ramp, a rule, a release; compare arms day by day",
}


def _text(detail: Mapping[str, object], run: Run) -> str:
    named = {"inside": "share", "outside": "share_other_days", "planned": "planned"}
    shares = {word: share_text(float(str(detail[key]))) for word, key in named.items()}
    what = _WHAT[str(detail["kind"])].format(**(dict(detail) | shares))
    return f"The split changes with the day ({p_text(run.p_value)}): {what}."
