from datetime import UTC, datetime, timedelta

import pytest

from twyman.experiments.plan import AlwaysValid, Looks, Plan, Spending
from twyman.experiments.schedule import schedule
from twyman.kernel.errors import Invalid

START = datetime(2015, 4, 6, tzinfo=UTC)
DAY = timedelta(days=1)
WEEKLY = Plan(spending=Spending())


def test_a_weekly_plan_looks_each_week_and_at_the_end_of_measurement() -> None:
    laid = schedule(WEEKLY, start=START, until=START + 24 * DAY, as_of=START + 30 * DAY)

    assert [cutoff - START for cutoff in laid.cutoffs] == [7 * DAY, 14 * DAY, 21 * DAY, 24 * DAY]
    assert laid.final
    assert laid.planned == 4


def test_before_the_last_look_nothing_is_final() -> None:
    laid = schedule(WEEKLY, start=START, until=START + 24 * DAY, as_of=START + 23 * DAY)

    assert not laid.final
    assert laid.next == START + 24 * DAY


def test_a_plan_without_an_end_goes_on() -> None:
    laid = schedule(WEEKLY, start=START, until=None, as_of=START + 14 * DAY)

    assert [cutoff - START for cutoff in laid.cutoffs] == [7 * DAY, 14 * DAY]
    assert laid.planned is None
    assert laid.next == START + 21 * DAY
    assert not laid.final


def test_given_dates_are_the_looks() -> None:
    plan = Plan(spending=Spending(), looks=Looks(every=None, at=(START + 3 * DAY, START + 9 * DAY)))

    laid = schedule(plan, start=START, until=START + 20 * DAY, as_of=START + 9 * DAY)

    assert len(laid.cutoffs) == 2
    assert laid.planned == 3


def test_a_plan_with_one_look_has_it_at_the_end() -> None:
    early = schedule(Plan(), start=START, until=START + 20 * DAY, as_of=START + 19 * DAY)
    late = schedule(Plan(), start=START, until=START + 20 * DAY, as_of=START + 40 * DAY)

    assert early.cutoffs == ()
    assert early.next == START + 20 * DAY
    assert late.cutoffs == (START + 20 * DAY,)
    assert late.final


def test_thousands_of_looks_are_a_mistake_in_the_dates() -> None:
    daily = Plan(spending=Spending(), looks=Looks(every=DAY))

    with pytest.raises(Invalid, match="more than 366 looks"):
        schedule(daily, start=START, until=START + 4000 * DAY, as_of=START)


def test_an_always_valid_plan_without_an_end_may_look_daily_for_years() -> None:
    daily = Plan(spending=AlwaysValid(1_000), looks=Looks(every=DAY))

    laid = schedule(daily, start=START, until=None, as_of=START + 900 * DAY)

    assert (len(laid.cutoffs), laid.planned, laid.final) == (900, None, False)
    with pytest.raises(Invalid, match="more than 3,660 looks"):
        schedule(daily, start=START, until=None, as_of=START + 9_000 * DAY)
    with pytest.raises(Invalid, match="more than 366 looks"):
        schedule(daily, start=START, until=START + 900 * DAY, as_of=START + DAY)


def test_weekly_looks_stay_at_midnight_when_clocks_change() -> None:
    monday = datetime(2015, 3, 22, 23, tzinfo=UTC)

    laid = schedule(WEEKLY, start=monday, until=monday + 20 * DAY, as_of=monday + 20 * DAY, zone="Europe/Stockholm")

    assert laid.cutoffs[:2] == (datetime(2015, 3, 29, 22, tzinfo=UTC), datetime(2015, 4, 5, 22, tzinfo=UTC))
