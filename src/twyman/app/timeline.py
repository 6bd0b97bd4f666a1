"""Which look a reading is, which looks came before it, and how far the plan's information is used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from twyman.app.ports import Cutoff, Extent
from twyman.experiments.experiment import Experiment
from twyman.experiments.plan import Plan
from twyman.experiments.schedule import Schedule, schedule
from twyman.kernel.errors import Conflict, Invalid
from twyman.kernel.time import Clock, instant_text
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import FactValue
from twyman.metrics.source import FactSource
from twyman.stats.power import information_needed


@dataclass(frozen=True, slots=True)
class Timeline:
    """A reading among its plan's looks.

    Attributes:
        schedule: The looks up to it.
        reading: What it may see.
        settle: How long after a cut-off facts may still arrive and count.
        between: Whether it lies between looks.
    """

    schedule: Schedule
    reading: Cutoff
    settle: timedelta
    between: bool

    def cutoff(self, events: datetime) -> Cutoff:
        """Return what a look at this instant may see."""
        return Cutoff(events, events + self.settle)


def settling(experiment: Experiment, catalogue: Catalogue) -> timedelta:
    """Return the longest time that a fact source of the experiment's metrics needs to be complete."""
    waits = [timedelta()]
    for tracked in experiment.tracked:
        for value in catalogue.metric(tracked.metric).values:
            if isinstance(value, FactValue):
                waits.append(catalogue.source(value.facts, FactSource).settle)
    return max(waits)


def timeline(
    experiment: Experiment, catalogue: Catalogue, extent: Extent, *, as_of: datetime | None, clock: Clock, zone: str
) -> Timeline:
    """Place a reading among the looks of the plan.

    Without a day of its own a reading is the latest look that is due: at the end of measurement, or
    at the end of the data where measurement goes on.

    Raises:
        Conflict: If the day asked for is still to come, or its facts are still arriving.
        Invalid: If the sequential plan names no end and no full information.
    """
    settle, now = settling(experiment, catalogue), clock()
    until, start = experiment.measure_until, experiment.enrol_from or _midnight(extent.first_exposure or now, zone)
    _check_end(experiment)
    latest = now - settle
    if as_of is None:
        end = extent.end or now
        reading = min(until, latest) if until else min(end, latest)
        laid = schedule(experiment.plan, start=start, until=until, as_of=reading)
        reading = laid.cutoffs[-1] if laid.cutoffs else reading
        return Timeline(laid, Cutoff(reading, reading + settle), settle, between=not laid.cutoffs)
    if as_of > now:
        raise Conflict(f"as of {instant_text(as_of)} is still to come (it is {instant_text(now)}): give an earlier day")
    if as_of > latest:
        raise Conflict(
            f"facts as of {instant_text(as_of)} settle until {instant_text(as_of + settle)}, and it is "
            f"{instant_text(now)}: give an earlier day, or wait"
        )
    reading = min(as_of, until) if until else as_of
    laid = schedule(experiment.plan, start=start, until=until, as_of=reading)
    between = not laid.cutoffs or laid.cutoffs[-1] != reading
    return Timeline(laid, Cutoff(reading, reading + settle), settle, between=between)


def _midnight(instant: datetime, zone: str) -> datetime:
    local = instant.astimezone(ZoneInfo(zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(instant.tzinfo)


def _check_end(experiment: Experiment) -> None:
    plan = experiment.plan
    sized = plan.units is not None or any(tracked.mde for tracked in experiment.tracked)
    if plan.spending is not None and not sized and experiment.measure_until is None and not plan.looks.at:
        raise Invalid(
            f"the sequential plan of '{experiment.name}' has no end to spend towards: "
            "give analysis.units, or an mde, or measure_until",
            place=experiment.origin.at("analysis"),
        )


def used(
    plan: Plan,
    looks: Sequence[tuple[int, int, float | None]],
    *,
    needed: float | None,
    planned: int | None,
    final: bool,
) -> tuple[float, ...]:
    """Return the share of the planned information used at each look: what error is spent by.

    By units where the plan names them, else by information where it names an effect, else by the
    calendar. The last look spends all that is left, since it was named in advance.

    Args:
        plan: The plan.
        looks: Number, matured units and information (one over squared standard error) of each look.
        needed: Information that the smallest effect of interest needs.
        planned: Number of looks planned.
        final: Whether the last of them is the plan's last.
    """
    shares = list[float]()
    for number, matured, information in looks:
        if plan.units:
            share = matured / plan.units
        elif needed and information:
            share = information / needed
        else:
            share = number / (planned or number)
        shares.append(max([share, *shares]))
    if final and shares:
        shares[-1] = max(1.0, shares[-1])
    return tuple(shares)


def full_information(baseline: float, mde: float, *, alpha: float, power: float) -> float | None:
    """Return the information that shows a relative effect, given control's mean at the first look."""
    effect = abs(baseline * mde)
    return information_needed(effect, alpha=alpha, power=power, sides=2) if effect else None
