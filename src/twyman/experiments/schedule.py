"""Which readings are looks: the cut-offs that a plan names, and where a given day lies among them.

A look spends error, so looks happen only where the plan put them. A day between two of them shows
whether the data are sound, and no effect (METHODS, Rulings 2).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from twyman.experiments.plan import Plan
from twyman.kernel.errors import Invalid

MAX_LOOKS = 366
"""A year of daily looks. More is a mistake in the dates, and would cost a query each."""

MAX_ENDLESS_LOOKS = 10 * MAX_LOOKS
"""Of a plan without an end whose bounds hold at any look: it may run for years, and its kept looks cost no query."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The cut-offs of a plan up to some day.

    Attributes:
        cutoffs: Those that lie at or before the day, in order.
        planned: How many the plan has in all; `None` where it names no end.
        next: The one after them; `None` where there is none.
        final: Whether the last of them is the plan's last.
    """

    cutoffs: tuple[datetime, ...]
    planned: int | None
    next: datetime | None
    final: bool


def schedule(plan: Plan, *, start: datetime, until: datetime | None, as_of: datetime, zone: str = "UTC") -> Schedule:
    """Lay out the looks of a plan.

    Without a spending function there is one look, at `until`; and without that, now.

    Args:
        plan: The plan.
        start: When enrolment started: a regular plan counts from here.
        until: When measurement ends: the last look.
        as_of: The day of reading.
        zone: In which days are counted: a weekly look stays at midnight when clocks change.

    Raises:
        Invalid: If the plan names more than 366 looks; ten times as many where it is always valid and has no end.

    Example:
        >>> from datetime import UTC, timedelta
        >>> from twyman.experiments.plan import Spending
        >>> monday = datetime(2015, 4, 6, tzinfo=UTC)
        >>> plan = Plan(spending=Spending())
        >>> laid = schedule(plan, start=monday, until=monday + timedelta(days=24), as_of=monday + timedelta(days=16))
        >>> len(laid.cutoffs), laid.planned, laid.next.isoformat()
        (2, 4, '2015-04-27T00:00:00+00:00')
    """
    if plan.spending is None:
        due = until or as_of
        reached = due <= as_of
        return Schedule((due,) if reached else (), planned=1, next=None if reached else due, final=reached)
    if plan.looks.every:
        most = MAX_ENDLESS_LOOKS if plan.always_valid and until is None else MAX_LOOKS
        planned, endless = _regular(plan.looks.every, start.astimezone(ZoneInfo(zone)), until, as_of, most=most)
    else:
        planned, endless = _given(plan, until), False
    past = tuple(date for date in planned if date <= as_of)
    following = next((date for date in planned if date > as_of), None)
    return Schedule(
        past,
        planned=None if endless else len(planned),
        next=following,
        final=not endless and bool(past) and len(past) == len(planned),
    )


def _given(plan: Plan, until: datetime | None) -> tuple[datetime, ...]:
    """Return the dates that the plan names, and the end of measurement."""
    dates = tuple(date for date in plan.looks.at if until is None or date < until)
    return (*dates, until) if until else dates


def _regular(
    every: timedelta, start: datetime, until: datetime | None, as_of: datetime, *, most: int
) -> tuple[tuple[datetime, ...], bool]:
    """Return a look every so often to the end of measurement; else beyond the day, and on."""
    horizon, dates = until or as_of + every, list[datetime]()
    for number in count(1):
        date = (start + number * every).astimezone(UTC)
        if date >= horizon:
            break
        if number > most:
            raise Invalid(
                f"the plan has more than {most:,} looks from {start:%Y-%m-%d} to {horizon:%Y-%m-%d}: "
                "look less often, or correct enrol and measure_until"
            )
        dates.append(date)
    return (*dates, until or (start + (len(dates) + 1) * every).astimezone(UTC)), until is None
