"""Which look a reading is, and which looks came before it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from twyman.app.ports import Cutoff, Extent
from twyman.experiments.experiment import Experiment
from twyman.experiments.plan import Spending
from twyman.experiments.schedule import Schedule, schedule
from twyman.kernel.errors import Conflict, Invalid
from twyman.kernel.time import Clock, instant_text
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import FactValue
from twyman.metrics.source import FactSource


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

    def ended(self, cutoff: Cutoff) -> "Timeline":
        """Return the timeline of a plan that has all its information at a look, and so ends there."""
        last = replace(self.schedule, next=None, final=True)
        return replace(self, schedule=last, reading=cutoff, between=False)

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
    settle, now, until = settling(experiment, catalogue), clock(), last_look(experiment)
    start = experiment.enrol_from or _midnight(extent.first_exposure or now, zone)
    _check_end(experiment)
    latest = now - settle
    if as_of is None:
        end = extent.end or now
        reading = min(until, latest) if until else min(end, latest)
        laid = schedule(experiment.plan, start=start, until=until, as_of=reading, zone=zone)
        reading = laid.cutoffs[-1] if laid.cutoffs else reading
        return Timeline(laid, Cutoff(reading, reading + settle), settle, between=not laid.cutoffs)
    reading = min(as_of, until) if until else as_of
    if as_of > now:
        raise Conflict(f"as of {instant_text(as_of)} is still to come (it is {instant_text(now)}): give an earlier day")
    if reading > latest:
        raise Conflict(
            f"facts as of {instant_text(reading)} settle until {instant_text(reading + settle)}, and it is "
            f"{instant_text(now)}: give an earlier day, or wait"
        )
    laid = schedule(experiment.plan, start=start, until=until, as_of=reading, zone=zone)
    between = not laid.cutoffs or laid.cutoffs[-1] != reading
    return Timeline(laid, Cutoff(reading, reading + settle), settle, between=between)


def last_look(experiment: Experiment) -> datetime | None:
    """Return when the plan's last look is: at the end of measurement, or on the last of the dates given."""
    plan = experiment.plan
    dates = plan.looks.at if plan.spending is not None and plan.looks.every is None else ()
    return experiment.measure_until or max(dates, default=None)


def _midnight(instant: datetime, zone: str) -> datetime:
    local = instant.astimezone(ZoneInfo(zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(instant.tzinfo)


def _check_end(experiment: Experiment) -> None:
    plan = experiment.plan
    sized = plan.units is not None or any(tracked.mde for tracked in experiment.tracked)
    spends = isinstance(plan.spending, Spending)
    if spends and not sized and experiment.measure_until is None and not plan.looks.at:
        raise Invalid(
            f"the sequential plan of '{experiment.name}' has no end to spend towards: "
            "give analysis.units, or an mde, or measure_until",
            place=experiment.origin.at("analysis"),
        )
