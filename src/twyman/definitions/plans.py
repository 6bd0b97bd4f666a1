"""The analysis part of an experiment into its plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from twyman.definitions.experiment_documents import AlwaysValidDocument, AnalysisDocument, SequentialDocument
from twyman.definitions.subject import Subject
from twyman.definitions.terms import moment, probability, some_length, spending
from twyman.experiments.plan import AlwaysValid, Lift, Looks, Plan, Results, Spending, Test
from twyman.kernel.time import DAY

MAX_LOOKS = 1000
"""More looks than a century of months; each costs a numerical integration."""

_SEQUENTIAL = "analysis.sequential"
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
    family, looks = _sequential(written, subject, calendar)
    made = Plan(
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
    _check_end(made, subject, calendar)
    return made


def _check_end(made: Plan, subject: Subject, calendar: Calendar) -> None:
    if made.always_valid and made.results is Results.AT_END and not (calendar.end or made.looks.at):
        subject.refuse(
            "analysis.results",
            "'at_end' hides effects until the last look, and an always-valid plan has none of itself: "
            "add measure_until, or write continuous",
        )


def _rate(key: str, written: str | float | None, default: float, subject: Subject) -> float:
    return default if written is None else subject.attempt(f"analysis.{key}", probability, written, default)


def _sequential(
    written: AnalysisDocument, subject: Subject, calendar: Calendar
) -> tuple[Spending | AlwaysValid | None, Looks]:
    match written.sequential:
        case None | "fixed":
            return None, Looks()
        case "always-valid":
            return _always_valid(AlwaysValidDocument(), written.units, subject), Looks()
        case str(name):
            return subject.attempt(_SEQUENTIAL, spending, name, Spending()), Looks()
        case SequentialDocument() as full:
            return _family(full, written.units, subject), _looks(full.looks, subject, calendar)


def _family(written: SequentialDocument, units: int | None, subject: Subject) -> Spending | AlwaysValid | None:
    match written.spending, written.always_valid:
        case None, None:
            subject.refuse(
                _SEQUENTIAL,
                "'sequential' names no spending of error: add spending: power-2, or always-valid: {tuned_for: 160000}",
            )
            return None
        case str(name), None:
            return subject.attempt(f"{_SEQUENTIAL}.spending", spending, name, Spending())
        case None, AlwaysValidDocument() as always:
            return _always_valid(always, units, subject)
        case _:
            subject.refuse(
                f"{_SEQUENTIAL}.always-valid",
                "'sequential' has both 'spending' and 'always-valid', and bounds that hold at any look spend nothing: "
                "keep spending where the experiment has an end, always-valid where it has none",
            )
            return None


def _always_valid(written: AlwaysValidDocument, units: int | None, subject: Subject) -> AlwaysValid | None:
    tuned_for, path = written.tuned_for, f"{_SEQUENTIAL}.always-valid.tuned_for"
    if tuned_for is None and units is None:
        subject.refuse(
            _SEQUENTIAL,
            "always-valid bounds are tuned for a number of units before the data, and none is named: "
            "add units, or write {always-valid: {tuned_for: 160000}}",
        )
        return None
    if tuned_for is not None and tuned_for < 2:
        subject.refuse(path, f"tuned_for {tuned_for} can't be compared: write the units of all arms you think of")
        return None
    return AlwaysValid(tuned_for or units or 2)


def _looks(written: str | int | list[str] | None, subject: Subject, calendar: Calendar) -> Looks:
    path = f"{_SEQUENTIAL}.looks"
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
    path = f"{_SEQUENTIAL}.looks"
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
    path = f"{_SEQUENTIAL}.looks"
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
