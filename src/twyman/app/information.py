"""The plan's clock: how much of the planned information each look has used.

Error is spent by it, so it depends on units and variance and never on the effect. All deciding tests
share one clock and so reach its end at the same look, which is the experiment's last. Harm is
watched by the calendar from the first look on, whatever the deciding metrics have matured. Where bounds
hold at any look, nothing goes by this clock: it only tells how far the plan has come.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from twyman.app.ports import Look, Measured
from twyman.app.results import compared_at
from twyman.decisions.budget import budget
from twyman.experiments.experiment import Experiment, Role, Tracked
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Cohort, Metric
from twyman.stats.estimate import NotEstimable
from twyman.stats.power import information_needed

KEPT_FOR_THE_END = 0.05
"""Share of a watch's time that a plan without an end keeps for its last look."""


@dataclass(frozen=True, slots=True)
class Used:
    """Shares of the planned information used at a look; they never fall.

    Attributes:
        deciding: By success metrics and margins; may exceed 1.
        watching: By the watch for harm; 1 at the last look only.
    """

    deciding: float
    watching: float


def closes(metric: Metric) -> bool:
    """Whether a unit's window is ever over: only then do looks add up (METHODS, Rulings 3)."""
    if not metric.facts:
        return True
    return metric.cohort is Cohort.CLOSED and metric.window.length is not None


def matured(metric: str, measured: Measured) -> int:
    """Return how many units of all arms a metric takes; all units, where nothing is said of windows."""
    cohorts = [cohort.matured for (name, _), cohort in measured.cohorts.items() if name == metric]
    return sum(cohorts) if cohorts else sum(measured.units.values())


def used(
    experiment: Experiment, catalogue: Catalogue, looks: Sequence[Look], *, planned: int | None
) -> tuple[Used, ...]:
    """Return what each look has used: by units where the plan names them, else by effect size, else by the calendar.

    Args:
        experiment: The experiment.
        catalogue: Its metrics.
        looks: The looks taken, in order.
        planned: How many the plan has; `None` where it names no end.
    """
    plan = experiment.plan
    if plan.units:
        shares = [_by_units(experiment, catalogue, look.measured) / plan.units for look in looks]
    elif any(_sized(experiment, catalogue)) and not plan.always_valid:
        shares = _by_effect(experiment, catalogue, looks)
    else:
        shares = [look.number / (planned or look.number) for look in looks]
    found = list[Used]()
    for look, share in zip(looks, shares, strict=True):
        before = found[-1] if found else Used(0.0, 0.0)
        entered = sum(look.measured.units.values()) / plan.units if plan.units else share
        watching = look.number / planned if planned else min(entered, 1 - KEPT_FOR_THE_END)
        found.append(Used(max(share, before.deciding), max(watching, before.watching)))
    return tuple(found)


def _deciding(experiment: Experiment, catalogue: Catalogue) -> list[Tracked]:
    tracked = [*experiment.with_role(Role.SUCCESS), *experiment.with_role(Role.GUARDRAIL)]
    wanted = [one for one in tracked if one.role is Role.SUCCESS or one.margin is not None]
    return [one for one in wanted if closes(catalogue.metric(one.metric))]


def _sized(experiment: Experiment, catalogue: Catalogue) -> list[Tracked]:
    return [one for one in _deciding(experiment, catalogue) if one.role is Role.SUCCESS and one.mde]


def _by_units(experiment: Experiment, catalogue: Catalogue, measured: Measured) -> int:
    """Return the matured units of the deciding metric that has fewest."""
    counts = [matured(tracked.metric, measured) for tracked in _deciding(experiment, catalogue)]
    return min(counts, default=sum(measured.units.values()))


def _by_effect(experiment: Experiment, catalogue: Catalogue, looks: Sequence[Look]) -> list[float]:
    """Return the share of the information that the smallest effects of interest need, of the metric that has least."""
    split = budget(experiment)
    needed: dict[tuple[str, str], float] = {}
    shares = list[float]()
    for look in looks:
        here = list[float]()
        for tracked in _sized(experiment, catalogue):
            for arm in experiment.treatments:
                found = compared_at(experiment, catalogue.metric(tracked.metric), look.measured, arm.name)
                key = (tracked.metric, arm.name)
                if isinstance(found, NotEstimable) or not (se := found.pair.contrast(1.0).se):
                    here.append(0.0)
                    continue
                effect = abs(found.pair.control * (tracked.mde or 0.0))
                if key not in needed and effect:
                    alpha, power = split.success.alpha, 1 - split.beta
                    needed[key] = information_needed(effect, alpha=alpha, power=power, sides=2)
                here.append(se**-2 / needed[key] if key in needed else 0.0)
        shares.append(min(here))
    return shares
