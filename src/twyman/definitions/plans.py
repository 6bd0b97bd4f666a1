"""The analysis part of an experiment into its plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from twyman.definitions.experiment_documents import AnalysisDocument, SequentialDocument
from twyman.definitions.subject import Subject
from twyman.definitions.terms import moment, probability, some_length, spending
from twyman.experiments.plan import Lift, Looks, Plan, Results, Spending, Test
from twyman.kernel.time import DAY

MAX_LOOKS = 1000
"""More looks than a century of months; each costs a numerical integration."""

_RHYTHMS = {"daily": DAY, "weekly": 7 * DAY}


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the project says for all plans."""

    alpha: float = 0.05
    power: float = 0.8
    alpha_deterioration: float = 0.01


@dataclass(frozen=True, slots=True)
class Calendar:
    """The times of an experiment that a plan of looks leans on."""

    zone: str
    start: datetime | None = None
    end: datetime | None = None


def plan(written: AnalysisDocument | None, subject: Subject, defaults: Defaults, calendar: Calendar) -> Plan:
    """Make a plan; what is wrong with it is noted with the subject."""
    written = written or AnalysisDocument()
    if written.units is not None and written.units < 2:
        subject.refuse("analysis.units", f"units {written.units} can't be compared: plan at least one unit an arm")
    family, looks = _sequential(written.sequential, subject, calendar)
    return Plan(
        alpha=_rate("alpha", written.alpha, defaults.alpha, subject),
        power=_rate("power", written.power, defaults.power, subject),
        units=written.units,
        spending=family,
        looks=looks,
        test=Test(written.test),
        lift=Lift(written.lift),
        alpha_deterioration=_rate(
            "alpha_deterioration", written.alpha_deterioration, defaults.alpha_deterioration, subject
        ),
        results=Results(written.results),
    )


def _rate(key: str, written: str | float | None, default: float, subject: Subject) -> float:
    return default if written is None else subject.attempt(f"analysis.{key}", probability, written, default)


def _sequential(
    written: str | SequentialDocument | None, subject: Subject, calendar: Calendar
) -> tuple[Spending | None, Looks]:
    path = "analysis.sequential"
    if written is None or written == "fixed":
        return None, Looks()
    if isinstance(written, SequentialDocument) and written.always_valid is None:
        if written.spending is None:
            subject.refuse(path, "'sequential' names no spending of error: add spending: power-2")
            return None, Looks()
        family = subject.attempt(f"{path}.spending", spending, written.spending, Spending())
        return family, _looks(written.looks, subject, calendar)
    if written == "always-valid" or isinstance(written, SequentialDocument):
        subject.refuse(path, "always-valid isn't available in this version: write {spending: power-2, looks: weekly}")
        return None, Looks()
    return subject.attempt(path, spending, written, Spending()), Looks()


def _looks(written: str | int | list[str] | None, subject: Subject, calendar: Calendar) -> Looks:
    path = "analysis.sequential.looks"
    match written:
        case None:
            return Looks()
        case int():
            return _spaced(written, subject, calendar)
        case str():
            return Looks(_RHYTHMS.get(written) or subject.attempt(path, some_length, written, 7 * DAY))
        case _:
            return _dated(written, subject, calendar)


def _spaced(count: int, subject: Subject, calendar: Calendar) -> Looks:
    path = "analysis.sequential.looks"
    if not 1 <= count <= MAX_LOOKS:
        subject.refuse(path, f"{count} looks can't be planned: write a number from 1 to {MAX_LOOKS}")
        return Looks()
    if calendar.start is None or calendar.end is None:
        subject.refuse(
            path,
            f"{count} looks need a span to be spread over: add enrol: {{from: …}} and measure_until, or write weekly",
        )
        return Looks()
    span: timedelta = calendar.end - calendar.start
    return Looks(None, tuple(calendar.start + span * number / count for number in range(1, count + 1)))


def _dated(written: Sequence[str], subject: Subject, calendar: Calendar) -> Looks:
    path = "analysis.sequential.looks"
    times = [
        subject.attempt(f"{path}.{at}", lambda text: moment(text, calendar.zone), text, None)
        for at, text in enumerate(written)
    ]
    at = tuple(time for time in times if time is not None)
    if not written:
        subject.refuse(path, "'looks' names no date: write dates, or weekly")
    if list(at) != sorted(set(at)):
        subject.refuse(path, "looks aren't in the order of time, each later than the last: sort their dates")
    if at and calendar.end and at[-1] > calendar.end:
        subject.refuse(path, "the last look lies after measure_until, where no fact counts: end the looks there")
    if at and calendar.start and at[0] <= calendar.start:
        subject.refuse(path, "the first look lies before anyone is enrolled: start the looks after enrol.from")
    return Looks(None, at)
