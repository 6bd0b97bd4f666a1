"""Does one experiment change what another does? Asked of pairs that are dealt independently, at every look.

An interaction has four times the variance of an effect: that none is found says little, and how little is said beside
it. Over all pairs and metrics the false discovery rate is held by e-BH, whatever depends on what (METHODS, 4.1).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from twyman.doubt.check import Check, Status
from twyman.stats.anytime.evalues import average, e_bh
from twyman.stats.anytime.mixture import critical_values, log_e_values, rate_for
from twyman.stats.estimate import NotEstimable
from twyman.stats.interactions import grid, interaction
from twyman.stats.moments import Moments

RATE = 0.01
"""False discovery rate over all pairs and metrics, at all looks together."""
LEAST = 100
"""Units a cell below which means aren't near normal."""
POWER_SCORE = 0.8416212335729143
"""How many standard errors beyond the bound an interaction lies that is seen in eight of ten cases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """One metric in the cells of two experiments.

    Attributes:
        experiments: The two, the one whose arms are rows first.
        metric: Its name.
        title: What people call it.
        estimate: The largest of the interactions, in the metric's unit.
        se: Its standard error.
        baseline: Mean of both controls.
        units: Units in all cells.
        log_e: Evidence against no interaction at all, valid at every look.
        weight: Variance of the mixture over that of the estimate, from the planned units.
        contrasts: How many interactions there are.
        rate: False discovery rate at which it is flagged.
    """

    experiments: tuple[str, str]
    metric: str
    title: str
    estimate: float
    se: float
    baseline: float
    units: int
    log_e: float
    weight: float
    contrasts: int
    rate: float = 1.0

    def seen(self, tests: int) -> float:
        """Return the interaction that would be flagged in eight of ten cases, alone among so many tests."""
        bound = float(critical_values(self.weight, alpha=RATE / tests / self.contrasts))
        return (bound + POWER_SCORE) * self.se


def crossing(
    cells: Sequence[Sequence[Moments]],
    *,
    experiments: tuple[str, str],
    metric: tuple[str, str],
    planned: int,
    own: int = 1,
) -> Crossing | NotEstimable:
    """Test one metric for an interaction of two experiments.

    Args:
        cells: Moments by arm of the one and of the other, controls first: own columns, then covariates.
        experiments: The two.
        metric: Its name, and what people call it.
        planned: Units for which the evidence is tuned: fixed before the data.
        own: How many columns are the metric's own: 2 for a ratio.

    Returns:
        What was found; or why not: a cell has too few units, or nothing varies.

    References:
        Chan, D. et al. (2023). A/B interactions: a call to relax. Microsoft Experimentation Platform.
    """
    flat = [cell for row in cells for cell in row]
    if min(cell.count for cell in flat) < LEAST:
        return NotEstimable("too_few_units", f"a cell has under {LEAST} units")
    table = grid(cells, own=own, covariates=flat[0].means.size > own)
    found = interaction(table, df="normal")
    if isinstance(found, NotEstimable):
        return found
    units = sum(cell.count for cell in flat)
    weight = rate_for(planned, alpha=RATE) * units
    contrasts = [one for row in found.contrasts for one in row]
    widest = max(contrasts, key=lambda one: abs(one.statistic))
    return Crossing(
        experiments=experiments,
        metric=metric[0],
        title=metric[1],
        estimate=widest.estimate,
        se=widest.se,
        baseline=float(table.means[0, 0]),
        units=units,
        log_e=average([float(log_e_values(one.statistic, weight)) for one in contrasts]),
        weight=weight,
        contrasts=len(contrasts),
    )


def ranked(made: Sequence[Crossing]) -> list[Crossing]:
    """Return all crossings with the false discovery rates at which they are flagged, the surest first."""
    rates = e_bh([one.log_e for one in made])
    return sorted((replace(one, rate=rate) for one, rate in zip(made, rates, strict=True)), key=lambda one: -one.log_e)


def interaction_checks(made: Sequence[Crossing]) -> list[Check]:
    """Say which metrics two experiments change for each other; or that none does, and what would have shown.

    Args:
        made: As `ranked` returns them.
    """
    flagged = [_check(one, len(made)) for one in made if one.rate <= RATE]
    return flagged or ([_quiet(made)] if made else [])


def _check(one: Crossing, tests: int) -> Check:
    first, second = one.experiments
    text = (
        f"{one.title}: what '{first}' does depends on what a unit met of '{second}': together they move it by "
        f"{_sized(one.estimate, one, signed=True)} other than their sum. Read each within the other's variants, and "
        "try what is to be launched together."
    )
    return Check(code="interaction", status=Status.WARN, text=text, metric=one.metric, detail=_detail(one, tests))


def _quiet(made: Sequence[Crossing]) -> Check:
    seen = sorted(made, key=lambda one: one.seen(len(made)) / abs(one.baseline) if one.baseline else math.inf)
    half = seen[(len(seen) - 1) // 2]
    pairs = len({one.experiments for one in made})
    text = (
        f"No interaction in {len(made):,} metrics of {pairs:,} pairs: in half of them one of "
        f"{_sized(half.seen(len(made)), half)} would have shown, eight times out of ten; smaller ones would not."
    )
    detail: dict[str, object] = {"tests": len(made), "pairs": pairs, "mde": [_detail(one, len(made)) for one in made]}
    return Check(code="interactions", status=Status.OK, text=text, detail=detail)


def _sized(amount: float, one: Crossing, *, signed: bool = False) -> str:
    """Return an interaction as a share of the baseline; as it is, where that is zero."""
    sign = "+" if signed else ""
    return f"{amount / abs(one.baseline) * 100:{sign}.3g} %" if one.baseline else f"{amount:{sign}.3g}"


def _detail(one: Crossing, tests: int) -> dict[str, object]:
    return {
        "experiments": list(one.experiments),
        "metric": one.metric,
        "estimate": one.estimate,
        "se": one.se,
        "baseline": one.baseline,
        "units": one.units,
        "log_e": one.log_e,
        "rate": one.rate,
        "mde": one.seen(tests),
    }
