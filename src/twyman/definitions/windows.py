"""Metrics whose kind lays claims on their window: participation, curves of retention, times to an event."""

from datetime import timedelta

from twyman.definitions.metric_documents import MetricDocument
from twyman.definitions.subject import Subject
from twyman.definitions.terms import some_length
from twyman.kernel.time import DAY, duration_text
from twyman.metrics.metric import Kind, Participation, Retention, Summary, TimeToEvent, Window

MOST_STEPS = 10_000
"""Steps of time in a window: as many rows an arm may leave the warehouse."""

MOST_POINTS = 100
"""Points of a curve, each of which is a metric to be computed."""


def curve_of(document: MetricDocument, subject: Subject) -> tuple[Window, ...]:
    """Return the windows that a curve of retention shows: single days, or one period after the other."""
    written = document.curve
    if written is None:
        return ()
    periods = written.every is not None and written.times is not None
    if (written.days is not None) == periods or (written.every is None) != (written.times is None):
        subject.refuse("curve", "a curve is of days or of periods: write {days: [1, 7, 28]} or {every: 7d, times: 4}")
        return ()
    count = len(written.days or ()) if written.times is None else written.times
    if not 0 < count <= MOST_POINTS:
        subject.refuse("curve", f"a curve of {count} points shows nothing, or too much: give 1 to {MOST_POINTS}")
        return ()
    if written.every is not None:
        every = subject.attempt("curve.every", some_length, written.every, DAY)
        return tuple(Window(place * every, every) for place in range(count))
    days = written.days or []
    if days != sorted(set(days)) or days[0] < 0:
        subject.refuse("curve.days", f"days {days} don't rise from 0 or later: write each once, as in [1, 7, 14, 28]")
        return ()
    return tuple(Window(day * DAY, DAY) for day in days)


def window_of_kind(kind: Kind, window: Window, document: MetricDocument, subject: Subject) -> Window:
    """Return the window of a metric: of a curve without one, the last point's; what doesn't fit the kind is noted."""
    if isinstance(kind, Retention) and kind.curve and document.window is None:
        return kind.curve[-1]
    if isinstance(kind, Participation):
        _check_days(window, subject)
    if isinstance(kind, TimeToEvent):
        _check_steps(window, kind.unit, subject)
    return window


def unit_of(document: MetricDocument, subject: Subject) -> timedelta:
    """Return the step in which a time to an event is counted; a day, unless said."""
    return DAY if document.unit is None else subject.attempt("unit", some_length, document.unit, DAY)


def summary_of(document: MetricDocument) -> Summary:
    """Return which number of a time to an event decides; its mean, unless said."""
    return Summary(document.summary or Summary.MEAN_TIME)


def check_waiting(document: MetricDocument, kind: Kind, subject: Subject) -> None:
    """Note words that mean nothing, or are missing, where a metric waits for an event."""
    if isinstance(kind, TimeToEvent):
        if document.missing == "drop":
            subject.refuse(
                "missing",
                "a unit without the event is one that waits for it, and dropping it would lose just "
                "those who take longest: leave missing out",
            )
        if document.cuped not in (None, "none"):
            subject.refuse("cuped", "a time to an event is compared as it is: leave cuped out")
        if "direction" not in subject.origin.lines:
            subject.refuse("", "whether sooner or later is better, nothing says: add direction: decrease or increase")
    if isinstance(kind, TimeToEvent | Participation) and document.cap is not None:
        subject.refuse("cap", "the window's end is a limit already, so that nothing need be capped: leave cap out")


def _check_days(window: Window, subject: Subject) -> None:
    if window.length is None:
        subject.refuse("", "participation is a share of a window's days: add one, such as window: 28d")
    elif window.length % DAY:
        subject.refuse(
            "window", f"participation counts days, and {duration_text(window.length)} aren't whole ones: write 7d"
        )


def _check_steps(window: Window, unit: timedelta, subject: Subject) -> None:
    if window.length is None:
        subject.refuse("", "a time to an event is counted up to a window's end: add one, such as window: 28d")
    elif window.length % unit or window.length // unit > MOST_STEPS:
        subject.refuse(
            "unit",
            f"steps of {duration_text(unit)} don't divide {duration_text(window.length)} into 1 to {MOST_STEPS:,}: "
            "write one such as 1d or 1h",
        )
