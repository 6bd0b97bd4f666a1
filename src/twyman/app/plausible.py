"""What a lift is worth: beside history, by how much wins overstate, and below which ceilings it should lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

from twyman.app.expected import Seen
from twyman.app.ports import Measured
from twyman.app.views import Ceiling, Plausible, Result
from twyman.app.wording import percent
from twyman.doubt.ceilings import Bound, Limit, is_beyond, mechanical_ceiling, reference_ceilings
from twyman.doubt.plausibility import plausibility
from twyman.doubt.prior import Asked, Prior, prior
from twyman.experiments.expectation import Expectation, Scale
from twyman.experiments.experiment import Experiment, Tracked
from twyman.experiments.history import PastResult
from twyman.metrics.metric import Metric
from twyman.stats.history import TwoPieces, exaggeration, false_positive_risk


@dataclass(frozen=True, slots=True, kw_only=True)
class Weigher:
    """Weighs lifts of one experiment.

    Attributes:
        past: What was known when it began.
        measured: The present reading, for the reach of a trigger.
    """

    experiment: Experiment
    past: Sequence[PastResult]
    measured: Measured

    def __call__(self, row: Result, seen: Seen, tracked: Tracked, metric: Metric) -> Plausible:
        """Weigh a row's lift.

        Args:
            row: The row.
            seen: Its lift.
            tracked: The metric's part in the experiment.
            metric: The metric.
        """
        sign, expectation = metric.direction.sign, tracked.expectations.get(row.arm)
        asked = Asked(
            metric=metric.name,
            change=self.experiment.change,
            owner=self.experiment.owner,
            improving=sign,
            expected=two_pieces(expectation, row) if expectation else None,
            power=self.experiment.plan.power,
        )
        known = prior(self.past, asked)
        found = plausibility(known, seen.estimate, seen.se)
        alpha, supposed = _alpha(row, self.experiment.plan.alpha), _supposed(known, tracked)
        overstated = exaggeration(supposed, seen.se, alpha=alpha) if supposed else None
        power = overstated.power if overstated else None
        limits = [*_mechanical(tracked, metric, row, self.measured), *self._references(metric)]
        return Plausible(
            mean=known.belief.mean,
            sd=known.belief.sd,
            scope=known.scope.value,
            experiments=len(known.past),
            source=known.source,
            weight=known.belief.weight if known.elicited else None,
            surprise_z=found.z,
            level=found.level.value,
            likelihood_ratio=found.ratio,
            probability_bug=found.probability,
            bug_rate=found.rate,
            bug_spread=found.spread,
            shrunken=found.shrunken.mean,
            lower=found.shrunken.lower,
            upper=found.shrunken.upper,
            exaggeration=overstated.type_m if overstated else None,
            exaggeration_at=supposed or None,
            power=power,
            false_positive_risk=false_positive_risk(known.wins, power=power, alpha=alpha) if power else None,
            success_rate=known.wins,
            success_source=known.wins_source,
            ceilings=[_ceiling(limit, seen, sign) for limit in limits],
        )

    def _references(self, metric: Metric) -> list[Limit]:
        return reference_ceilings(metric.references, self.experiment.change)


def two_pieces(expectation: Expectation, row: Result) -> TwoPieces | None:
    """Return an expectation as a distribution of the lift; `None` where a difference can't be told as one."""
    base = 1.0
    if expectation.scale is Scale.ABSOLUTE:
        base = row.control.mean or 0.0
    if base <= 0:
        return None
    spreads = expectation.spread(expectation.low), expectation.spread(expectation.high)
    return TwoPieces(expectation.likely / base, spreads[0] / base, spreads[1] / base)


def _alpha(row: Result, planned: float) -> float:
    """Return the two-sided error of the row's test."""
    decision = row.decision
    if decision is None or not 0 < decision.alpha < 0.5:
        return planned
    return decision.alpha if decision.side == "two" else 2 * decision.alpha


def _supposed(known: Prior, tracked: Tracked) -> float:
    """Return the true lift to reckon with: the likely one, else the smallest of interest, else a usual one."""
    if known.belief.expected is not None and known.belief.expected.likely:
        return known.belief.expected.likely
    return tracked.mde or hypot(known.belief.mean, known.belief.sd)


def _mechanical(tracked: Tracked, metric: Metric, row: Result, measured: Measured) -> list[Limit]:
    """Return how far the change reaches, as it is declared, or as the trigger shows."""
    overall = row.control.mean
    if not metric.is_binary or overall is None or not 0 < overall < 1:
        return []
    sign, reach = metric.direction.sign, tracked.reach
    if reach is not None:
        baseline = overall if reach.baseline is None else reach.baseline
        at = mechanical_ceiling(reach.share, baseline, overall, improving=sign)
        because = reach.because or f"only {percent(reach.share, signed=False)} of the units meet the change"
        return [Limit(Bound.MECHANICAL, at, because)]
    trigger = next((step for step in measured.kept if step.kind == "trigger"), None)
    if trigger is None:
        return []
    met = sum(trigger.kept.values()) / max(1, sum(trigger.of.values()))
    at = mechanical_ceiling(met, overall, met * overall, improving=sign)  # of those who met it, none else counting
    because = (
        f"only {percent(met, signed=False)} of the exposed reached '{trigger.name}', and "
        f"{percent(overall, signed=False)} of them count without the change"
    )
    return [Limit(Bound.MECHANICAL, at, because)]


def _ceiling(limit: Limit, seen: Seen, sign: int) -> Ceiling:
    near = seen.ends[0] if sign > 0 else seen.ends[1]
    return Ceiling(
        kind=limit.kind.value, at=limit.at, because=limit.because, beyond=is_beyond(limit, near, improving=sign)
    )
