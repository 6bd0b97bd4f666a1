"""A plan whose bounds hold at any look: it needs no end, crosses once and for all, and decides nothing too early."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.fakes.lookbook import FakeLookBook
from tests.fakes.warehouse import FakeWarehouse

from twyman.app.analyze_experiment import AnalyzeExperiment
from twyman.app.ports import Cell, Cohort, Extent, Measured
from twyman.app.views import Answer, Result, Ruling
from twyman.experiments.experiment import Arm, Entry, Experiment, Role, Tracked
from twyman.experiments.plan import AlwaysValid, Plan
from twyman.kernel.errors import Conflict
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Aggregate, FactValue, Mean, Metric, Retention, Window
from twyman.metrics.source import FactSource, Table, Timestamp
from twyman.report.reading import reading
from twyman.stats.anytime.mixture import critical_values, rate_for
from twyman.stats.moments import Moments
from twyman.stats.tails import critical_value

START = datetime(2015, 4, 6, tzinfo=UTC)
WEEK = timedelta(days=7)
LISTENING = FactSource(
    name="listening", relation=Table("x"), entities={"user": "user_id"}, timestamp=Timestamp("t"), settle=WEEK / 7
)
RETENTION = Metric(
    name="retention", kind=Retention(FactValue("listening", Aggregate.COUNT)), window=Window(length=WEEK)
)
ADS = Metric(name="ads", kind=Mean(FactValue("listening", Aggregate.SUM, "ads")), window=Window(length=WEEK))
CATALOGUE = Catalogue(sources={"listening": LISTENING}, metrics={"retention": RETENTION, "ads": ADS})
ENDLESS = Experiment(
    name="page",
    arms=(Arm("control", 0.5, control=True), Arm("moments", 0.5)),
    tracked=(Tracked(metric="retention", role=Role.SUCCESS), Tracked(metric="ads", role=Role.GUARDRAIL, margin=0.05)),
    entry=Entry.EXPOSURES,
    source="exposures",
    enrol_from=START,
    plan=Plan(spending=AlwaysValid(20_000)),
)
"""No end, no size, no effect it is sized for: what group-sequential plans refuse."""

Lift = Callable[[int], float]


def world(lift: Lift, *, a_week: int = 2_000, rate: float = 0.5, arms: tuple[str, ...] = ("moments",)) -> FakeWarehouse:
    """Every week brings units to each arm; the treatments' retention so far differs from control's by a lift."""

    def measured(events: datetime | None) -> Measured:
        week = 1 if events is None else (events - START) // WEEK
        units = a_week * week
        rates = {"control": rate} | {arm: rate * (1 + lift(week)) for arm in arms}
        cells = {Cell("retention", arm): Moments.binary(round(own * units), units) for arm, own in rates.items()}
        cells |= {Cell("ads", arm): Moments(units, [3.0], [[units * 0.25]]) for arm in rates}  # type: ignore[arg-type]
        whole = Cohort(entered=units, matured=units, measured=units)
        return Measured(
            columns={"retention": ("value",), "ads": ("value",)},
            cells=cells,
            units=dict.fromkeys(rates, units),
            cohorts={(metric, arm): whole for metric in ("retention", "ads") for arm in rates},
        )

    return FakeWarehouse(measured, Extent(first_exposure=START, end=START + 20 * WEEK))


def read(
    warehouse: FakeWarehouse, week: int, experiment: Experiment = ENDLESS, *, book: FakeLookBook | None = None
) -> Answer:
    now = START + week * WEEK + 2 * LISTENING.settle
    return AnalyzeExperiment(warehouse, book or FakeLookBook(), clock=lambda: now, version="0.0")(experiment, CATALOGUE)


def row_of(metric: str, answer: Answer) -> Result:
    return next(row for row in answer.results if row.metric == metric)


def ruling_of(metric: str, answer: Answer) -> Ruling:
    found = row_of(metric, answer).decision
    assert found is not None
    return found


def test_a_plan_without_end_or_size_is_read_at_every_look_and_never_ends_of_itself() -> None:
    answer = read(world(lambda _: 0.0), 15)

    assert (answer.look.number, answer.look.planned, answer.look.final) == (15, None, False)
    assert answer.look.information is None
    assert answer.look.next == "2015-07-27T00:00:00Z"
    assert answer.verdict.action == "continue"
    assert answer.settings["sequential"] == "always-valid, tuned for 20,000 units"
    assert {row.method.sequential for row in answer.results if row.method} == {"always-valid"}
    assert reading(answer) == ("as of 20 July 2015", "look 15", "bounds hold at any look")


def test_what_crossed_at_a_look_stays_crossed_when_the_effect_goes() -> None:
    fading = world(lambda week: 0.1 if week == 2 else 0.04 if week == 1 else 0.001)

    before, then, after = (ruling_of("retention", read(fading, week)) for week in (1, 2, 6))

    assert (before.state, before.crossed_at) == ("inconclusive", None)
    assert (then.state, then.crossed_at) == ("superior", 2)
    assert (after.state, after.crossed_at) == ("superior", 2)
    assert after.p_value == then.p_value
    interval = row_of("retention", read(fading, 6)).relative
    assert interval is not None
    assert interval.repeated is not None
    assert (interval.repeated.lower or 0) < 0 < (interval.repeated.upper or 0)


def test_bounds_are_those_of_the_sequence_at_this_looks_units() -> None:
    for week in (1, 4, 12):
        said = ruling_of("retention", read(world(lambda _: 0.01), week))
        weight = rate_for(20_000, alpha=0.05) * 4_000 * week

        assert said.bound == pytest.approx(float(critical_values(weight, alpha=0.05)), rel=1e-12)
        assert said.alpha_spent == said.alpha == 0.05


def test_of_three_arms_two_are_compared_and_tuned_for_their_part_of_the_units() -> None:
    arms = (Arm("control", 0.5, control=True), Arm("moments", 0.3), Arm("cards", 0.2))

    answer = read(world(lambda _: 0.0, arms=("moments", "cards")), 3, replace(ENDLESS, arms=arms))

    for row, share in zip((row for row in answer.results if row.metric == "retention"), (0.8, 0.7), strict=True):
        weight = rate_for(20_000 * share, alpha=0.025) * 12_000
        assert row.decision is not None
        assert row.decision.bound == pytest.approx(float(critical_values(weight, alpha=0.025)), rel=1e-12)


def test_all_the_planned_units_end_nothing_and_the_end_of_measurement_does() -> None:
    sized = replace(ENDLESS, plan=Plan(units=8_000, spending=AlwaysValid(8_000)))

    going_on = read(world(lambda _: 0.0), 5, sized)
    ended = read(world(lambda _: 0.0), 9, replace(sized, measure_until=START + 5 * WEEK))

    assert (going_on.look.number, going_on.look.final, going_on.look.information) == (5, False, 2.5)
    assert going_on.verdict.action == "continue"
    assert (ended.look.number, ended.look.planned, ended.look.final) == (5, 5, True)
    assert ended.verdict.action == "end"


def test_it_ends_where_the_smallest_effect_of_interest_would_have_been_seen() -> None:
    sized = replace(ENDLESS, tracked=(replace(ENDLESS.tracked[0], mde=0.08),))
    answers = [read(world(lambda _: 0.0), week, sized) for week in range(1, 8)]

    assert [answer.verdict.action for answer in answers] == ["continue"] * 2 + ["end"] * 5
    assert not answers[-1].look.final
    for answer in answers:
        said, row = ruling_of("retention", answer), row_of("retention", answer)
        assert row.absolute is not None
        assert said.bound is not None
        reach = (said.bound + float(critical_value(0.2))) * (row.absolute.se or 0.0)
        assert said.smallest_effect == pytest.approx(reach / 0.5, rel=1e-6)


@pytest.mark.parametrize(
    ("a_week", "rate", "why"),
    [(99, 0.5, "units"), (2_000, 0.004, "conversions"), (2_000, 0.996, "all but conversions")],
)
def test_a_look_with_too_little_decides_nothing_and_says_so(a_week: int, rate: float, why: str) -> None:
    del why
    only = replace(ENDLESS, tracked=ENDLESS.tracked[:1])

    answer = read(world(lambda _: 0.0, a_week=a_week, rate=rate), 1, only)

    said, row = ruling_of("retention", answer), row_of("retention", answer)
    assert (said.bound, said.p_value, said.smallest_effect) == (None, 1.0, None)
    for effect in (row.absolute, row.relative):
        assert effect is not None
        assert effect.repeated is not None
        assert effect.repeated.reason is not None
        assert effect.repeated.reason.code == "too_early"
    assert "too early: bounds that hold at any look begin at 100 units and 10 conversions" in (
        answer.verdict.reasons[0].text
    )
    assert ruling_of("retention", read(world(lambda _: 0.0, a_week=a_week, rate=rate), 2, only)).bound is not None


def test_a_treatment_in_which_nobody_converts_is_not_waited_for() -> None:
    answer = read(world(lambda _: -1.0, rate=0.02), 1)

    assert answer.verdict.action == "abort"


def test_harm_and_margins_are_one_sided_and_hold_at_any_look() -> None:
    answer = read(world(lambda _: -0.15), 2)

    harm, margin = ruling_of("retention", answer).deterioration, ruling_of("ads", answer)
    assert harm is not None
    assert (harm.state, harm.crossed_at, harm.side) == ("deteriorated", 1, "upper")
    assert (margin.state, margin.crossed_at, margin.side) == ("non_inferior", 1, "lower")
    tuned = critical_values(rate_for(20_000, alpha=0.05, sides=1) * 8_000, alpha=0.05, sides=1)
    assert margin.bound == pytest.approx(float(tuned), rel=1e-12)
    assert answer.verdict.action == "abort"


@pytest.mark.parametrize(("within", "state"), [(0.1, "unmoved"), (None, "inconclusive")])
def test_what_must_not_move_is_shown_to_lie_within_its_margin(within: float | None, state: str) -> None:
    watched = replace(ENDLESS, tracked=(Tracked(metric="retention", role=Role.MUST_NOT_MOVE, within=within),))

    assert ruling_of("retention", read(world(lambda _: 0.001), 8, watched)).state == state
    assert ruling_of("retention", read(world(lambda _: 0.2), 8, watched)).state == "changed"


@pytest.mark.parametrize(("week", "tuned_for"), [(1, 20_000), (1, 500), (2, 500), (5, 20_000)])
@pytest.mark.parametrize("lift", [0.0, 0.03, 0.045, 0.06, 0.07, 0.12, -0.1])
def test_an_interval_excludes_no_effect_just_where_its_p_says_so(lift: float, week: int, tuned_for: int) -> None:
    plan = Plan(spending=AlwaysValid(tuned_for))

    for row in read(world(lambda _: lift), week, replace(ENDLESS, plan=plan)).results:
        for effect in (row.absolute, row.relative):
            assert effect is not None
            for interval in (effect.fixed, effect.repeated):
                assert interval is not None
                assert interval.p_value is not None
                assert interval.lower is not None
                assert interval.upper is not None
                assert (not interval.lower <= 0 <= interval.upper) == (interval.p_value < 1 - interval.level)


def test_what_it_is_tuned_for_is_fixed_once_somebody_looked() -> None:
    book = FakeLookBook()
    read(world(lambda _: 0.0), 2, book=book)

    assert [look.number for look in book.kept] == [1, 2]
    with pytest.raises(Conflict, match="has changed since its first look"):
        read(world(lambda _: 0.0), 3, replace(ENDLESS, plan=Plan(spending=AlwaysValid(10_000))), book=book)


@pytest.mark.parametrize(("lift", "action"), [(0.0, "continue"), (0.2, "ship"), (-0.2, "abort")])
def test_a_table_without_dates_may_be_read_again_as_it_grows(lift: float, action: str) -> None:
    answer = read(world(lambda _: lift), 1, replace(ENDLESS, entry=Entry.UNITS, enrol_from=None))

    assert (answer.look.final, answer.look.planned, answer.look.information) == (False, None, None)
    assert answer.verdict.action == action
    assert ruling_of("retention", answer).bound == pytest.approx(
        float(critical_values(rate_for(20_000, alpha=0.05) * 4_000, alpha=0.05)), rel=1e-12
    )
