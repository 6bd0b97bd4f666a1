"""The use case over a fake warehouse: looks, what they may show, and what follows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.fakes.lookbook import FakeLookBook
from tests.fakes.warehouse import FakeWarehouse

from twyman.app.analyze_experiment import AnalyzeExperiment
from twyman.app.ports import Cell, Cohort, Extent, Measured
from twyman.app.views import Answer, Ruling
from twyman.experiments.expectation import Ceiling, Expectation
from twyman.experiments.experiment import Arm, Entry, Experiment, Role, Tracked
from twyman.experiments.plan import Plan, Results, Spending
from twyman.kernel.errors import Conflict, Invalid
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Aggregate, FactValue, Mean, Metric, Retention, Window
from twyman.metrics.source import FactSource, Table, Timestamp
from twyman.stats.moments import Moments

START = datetime(2015, 4, 6, tzinfo=UTC)
DAY = timedelta(days=1)
END = START + 28 * DAY
NOON = datetime(2015, 7, 1, 12, tzinfo=UTC)

LISTENING = FactSource(
    name="listening", relation=Table("x"), entities={"user": "user_id"}, timestamp=Timestamp("t"), settle=2 * DAY
)
RETENTION = Metric(
    name="retention", kind=Retention(FactValue("listening", Aggregate.COUNT)), window=Window(length=7 * DAY)
)
ADS = Metric(name="ads", kind=Mean(FactValue("listening", Aggregate.SUM, "ads")), window=Window(length=7 * DAY))
CATALOGUE = Catalogue(sources={"listening": LISTENING}, metrics={"retention": RETENTION, "ads": ADS})
PAGE = Expectation(0.005, 0.02, 0.03, ceiling=Ceiling(0.04, "no page moved it by more"))
STORY = Experiment(
    name="page",
    arms=(Arm("control", 0.5, control=True), Arm("moments", 0.5)),
    tracked=(
        Tracked(metric="retention", role=Role.SUCCESS, mde=0.01, expectations={"moments": PAGE}),
        Tracked(metric="ads", role=Role.MUST_NOT_MOVE, within=0.02),
    ),
    entry=Entry.EXPOSURES,
    source="exposures",
    enrol_from=START,
    measure_until=END,
    plan=Plan(spending=Spending()),
)


def arm(retained: float, ads: float, units: int) -> dict[str, Moments]:
    half = units // 2
    values = Moments(units, [ads], [[half * 2 * 0.25]])  # type: ignore[arg-type]
    return {"retention": Moments.binary(round(retained * units), units), "ads": values}


def world(
    *, lift: float = 0.0, ads: float = 3.0, units: int = 40_000, control_units: int | None = None
) -> FakeWarehouse:
    """Units grow by the day; the treatment lifts retention, and has its own ads per hour."""

    def measured(events: datetime | None) -> Measured:
        share = min(1.0, max(0.0, ((events or END) - START) / (END - START)))
        sizes = {"moments": int(units * share), "control": int((control_units or units) * share)}
        treated = arm(0.8 * (1 + lift), ads, sizes["moments"])
        control = arm(0.8, 3.0, sizes["control"])
        cells = {
            Cell(metric, name): moments
            for name, made in (("moments", treated), ("control", control))
            for metric, moments in made.items()
            if moments.count
        }
        cohorts = {
            (metric, name): Cohort(entered=size, matured=size, measured=size)
            for metric in ("retention", "ads")
            for name, size in sizes.items()
        }
        return Measured(
            columns={"retention": ("value",), "ads": ("value",)},
            cells=cells,
            units=sizes,
            cohorts=cohorts,
            sql=("SELECT 1",),
        )

    return FakeWarehouse(measured, Extent(first_exposure=START, last_exposure=END, end=END))


def read(
    warehouse: FakeWarehouse,
    experiment: Experiment = STORY,
    *,
    book: FakeLookBook | None = None,
    as_of: datetime | None = None,
    now: datetime = NOON,
) -> Answer:
    ask = AnalyzeExperiment(warehouse, book or FakeLookBook(), clock=lambda: now, version="0.0")
    return ask(experiment, CATALOGUE, as_of=as_of)


def test_six_percent_is_held_by_its_ceiling_and_by_the_ads_that_moved() -> None:
    answer = read(world(lift=0.06, ads=0.0))

    assert answer.verdict.action == "hold"
    assert [reason.code for reason in answer.verdict.reasons] == ["must_not_move", "above_ceiling"]
    assert "no page moved it by more" in answer.verdict.reasons[1].text


@pytest.mark.parametrize(("errors", "state"), [(3.1, "inconclusive"), (-3.1, "inconclusive"), (3.5, "changed")])
def test_what_must_not_move_holds_at_one_in_a_thousand(errors: float, state: str) -> None:
    """Two-sided, 3.29 standard errors: of a spread of one half and 40,000 units an arm."""
    watched = (STORY.tracked[0], Tracked(metric="ads", role=Role.MUST_NOT_MOVE))
    moved = 3.0 + errors * 0.5 * (2 / 40_000) ** 0.5

    answer = read(world(lift=0.004, ads=moved), replace(STORY, tracked=watched, plan=Plan()))

    assert answer.results[1].decision is not None
    assert answer.results[1].decision.state == state
    assert (answer.verdict.action == "hold") is (state == "changed")


def test_a_fall_of_one_percent_aborts() -> None:
    answer = read(world(lift=-0.01, units=75_000))

    assert answer.verdict.action == "abort"
    assert [reason.code for reason in answer.verdict.reasons] == ["deteriorated"]


def test_a_believable_win_ships() -> None:
    answer = read(world(lift=0.02))

    assert answer.verdict.action == "ship"
    assert answer.results[0].expectation is not None
    assert answer.results[0].expectation.status == "within"
    assert answer.results[1].decision is not None
    assert answer.results[1].decision.state == "unmoved"


def test_a_sample_ratio_mismatch_holds_a_win() -> None:
    answer = read(world(lift=0.02, control_units=42_000))

    assert answer.verdict.action == "hold"
    assert answer.verdict.reasons[0].code == "srm"


def test_the_latest_look_is_read_where_no_day_is_given() -> None:
    answer = read(world(), now=START + 17 * DAY)

    assert answer.look.number == 2
    assert answer.as_of == "2015-04-20T00:00:00Z"
    assert answer.look.cutoff == {"events": "2015-04-20T00:00:00Z", "arrivals": "2015-04-22T00:00:00Z"}
    assert answer.look.next == "2015-04-27T00:00:00Z"


def test_a_day_between_looks_shows_health_and_no_effect() -> None:
    answer = read(world(lift=0.02), as_of=START + 16 * DAY)

    assert answer.look.between
    assert answer.results == []
    assert answer.series == []
    assert answer.health.units["control"] > 0
    assert answer.verdict.reasons[-1].code == "between_looks"


def test_a_harm_seen_at_the_last_look_stands_between_looks() -> None:
    answer = read(world(lift=-0.05), as_of=START + 16 * DAY)

    assert answer.verdict.action == "abort"
    assert [reason.code for reason in answer.verdict.reasons] == ["last_look", "between_looks"]
    assert "%" not in answer.verdict.reasons[0].text
    assert answer.results == []


def test_missing_looks_are_made_from_the_data_and_marked() -> None:
    book, warehouse = FakeLookBook(), world()

    read(warehouse, book=book)

    assert [look.reconstructed for look in book.kept] == [True, True, True, False]
    assert warehouse.asked == [START + k * 7 * DAY for k in (1, 2, 3, 4)]


def test_a_kept_look_is_read_again_and_never_measured_again() -> None:
    book, warehouse = FakeLookBook(), world(lift=0.02)
    first = read(warehouse, book=book)
    changed = world(lift=0.5)

    again = read(changed, book=book)

    assert changed.asked == []
    assert again.results == first.results


def test_a_plan_edited_after_the_first_look_is_refused() -> None:
    book = FakeLookBook()
    read(world(), book=book)
    edited = replace(STORY, plan=Plan(spending=Spending(), alpha=0.1))

    with pytest.raises(Conflict, match="plan of 'page' has changed"):
        read(world(), edited, book=book)


def test_a_title_may_be_mended_after_the_first_look() -> None:
    book = FakeLookBook()
    read(world(), book=book)

    assert read(world(), replace(STORY, title="A better title"), book=book).title == "A better title"


def test_a_place_that_cannot_be_written_keeps_no_look_and_says_so() -> None:
    assert read(world(), book=FakeLookBook(writable=False)).look.kept is False


def test_a_day_to_come_is_refused() -> None:
    with pytest.raises(Conflict, match="still to come"):
        read(world(), as_of=NOON + DAY)


def test_facts_that_are_still_settling_are_waited_for() -> None:
    with pytest.raises(Conflict, match="settle until"):
        read(world(), as_of=START + 14 * DAY, now=START + 15 * DAY)


def test_one_look_at_the_end_shows_nothing_before_it() -> None:
    fixed = replace(STORY, plan=Plan())

    early = read(world(lift=0.06, ads=0.0), fixed, now=START + 20 * DAY)
    late = read(world(lift=0.06, ads=0.0), fixed)

    assert early.results == []
    assert early.verdict.action == "continue"
    assert late.verdict.action == "hold"


def test_effects_hidden_until_the_end_still_abort_on_harm() -> None:
    hidden = replace(STORY, plan=Plan(spending=Spending(), results=Results.AT_END))

    harmed = read(world(lift=-0.08), hidden, now=START + 23 * DAY)
    fine = read(world(lift=0.02), hidden, now=START + 23 * DAY)

    assert harmed.verdict.action == "abort"
    assert fine.verdict.action == "continue"
    assert all(row.absolute is None and row.reason for row in fine.results)


def test_a_plan_without_end_or_size_is_refused() -> None:
    endless = replace(STORY, measure_until=None, tracked=(Tracked(metric="retention", role=Role.SUCCESS),))

    with pytest.raises(Invalid, match="no end to spend towards"):
        read(world(), endless)


def test_an_experiment_in_which_nothing_varies_is_refused_with_its_metrics_unless_all_are_information() -> None:
    only = replace(STORY, tracked=(Tracked(metric="ads", role=Role.GUARDRAIL),))
    told = replace(STORY, tracked=(Tracked(metric="ads", role=Role.INFORMATION),))

    def flat(events: datetime | None) -> Measured:
        del events
        constant = Moments(100, [3.0], [[0.0]])  # type: ignore[arg-type]
        cells = {Cell("ads", name): constant for name in ("moments", "control")}
        return Measured(columns={"ads": ("value",)}, cells=cells, units={"moments": 100, "control": 100})

    with pytest.raises(Invalid, match="metric 'ads' can't be estimated"):
        read(FakeWarehouse(flat, Extent(START, END, {}, END)), only)
    assert read(FakeWarehouse(flat, Extent(START, END, {}, END)), told).health.units == {"moments": 100, "control": 100}


def test_the_error_spent_grows_over_looks_and_ends_at_alpha() -> None:
    spent = list[float]()
    for week in (1, 2, 3, 4):
        answer = read(world(lift=0.001), now=START + week * 7 * DAY + 2 * DAY)
        assert answer.results[0].decision is not None
        spent.append(answer.results[0].decision.alpha_spent)

    assert spent == sorted(spent)
    assert spent[-1] == pytest.approx(0.05)


def test_the_interval_that_decides_excludes_no_effect_just_where_the_test_crosses() -> None:
    for lift in (0.0, 0.004, 0.006, 0.008, 0.012):
        row = read(world(lift=lift)).results[0]
        assert row.relative is not None
        assert row.relative.repeated is not None
        assert row.decision is not None
        crossed = row.decision.crossed_at == 4 or row.decision.state == "superior"
        excludes = (row.relative.repeated.lower or 0) > 0
        assert excludes <= crossed


def said_of(metric: str, answer: Answer) -> Ruling:
    found = next(row.decision for row in answer.results if row.metric == metric and row.segment is None)
    assert found is not None
    return found


@pytest.mark.parametrize("lift", [0.02, -0.05, 0.06])
def test_one_look_with_a_size_decides_nothing_before_it_has_it(lift: float) -> None:
    sized = replace(STORY, plan=Plan(units=1_000_000), measure_until=None)

    answer = read(world(lift=lift), sized)

    assert answer.verdict.action == "continue"
    assert [reason.code for reason in answer.verdict.reasons] == ["before_the_end"]
    assert answer.results == []


def test_hidden_effects_end_nothing_and_are_told_nowhere() -> None:
    hidden = replace(STORY, plan=Plan(spending=Spending(), results=Results.AT_END))

    answer = read(world(lift=0.06, ads=0.0), hidden, now=START + 23 * DAY)

    assert answer.verdict.action == "hold"
    assert [reason.code for reason in answer.verdict.reasons] == ["must_not_move", "hidden_until_end"]
    assert all("+6" not in reason.text for reason in answer.verdict.reasons)


def test_a_look_with_all_the_information_is_the_last() -> None:
    sized = replace(STORY, plan=Plan(units=60_000, spending=Spending()))
    warehouse = world(lift=0.002)

    answer = read(warehouse, sized)

    assert answer.look.number == 3
    assert answer.look.final
    assert answer.look.next is None
    assert answer.as_of == "2015-04-27T00:00:00Z"
    assert answer.verdict.action == "end"
    assert len(warehouse.asked) == 3


def test_a_plan_without_an_end_watches_for_harm_at_every_look() -> None:
    endless = replace(STORY, measure_until=None)

    for week in (1, 2, 3):
        answer = read(world(lift=0.001, units=4_000), endless, now=START + week * 7 * DAY + 2 * DAY)
        assert said_of("ads", answer).bound is not None
        assert said_of("ads", answer).alpha_spent < said_of("ads", answer).alpha


@pytest.mark.parametrize(
    "edited",
    [
        (replace(STORY, plan=Plan()), CATALOGUE),
        (STORY, replace(CATALOGUE, sources={"listening": replace(LISTENING, where="not is_bot")})),
    ],
    ids=["to one look", "a source's filter"],
)
def test_neither_the_plan_nor_its_sources_change_after_a_look(edited: tuple[Experiment, Catalogue]) -> None:
    book = FakeLookBook()
    read(world(), book=book)
    ask = AnalyzeExperiment(world(), book, clock=lambda: NOON, version="0.0")

    with pytest.raises(Conflict, match="has changed since its first look"):
        ask(*edited)


@pytest.mark.parametrize("week", [1, 2, 3, 4])
@pytest.mark.parametrize("lift", [0.0, 0.01, 0.015, 0.03, -0.02])
def test_at_every_look_an_interval_excludes_no_effect_just_where_its_p_says_so(lift: float, week: int) -> None:
    answer = read(world(lift=lift, units=8_000), now=START + week * 7 * DAY + 2 * DAY)

    for row in answer.results:
        for effect in (row.absolute, row.relative):
            assert effect is not None
            for interval in (effect.fixed, effect.repeated):
                if interval is None or interval.lower is None or interval.upper is None:
                    continue
                assert interval.p_value is not None
                assert (not interval.lower <= 0 <= interval.upper) == (interval.p_value < 1 - interval.level)


def test_a_margin_shown_early_calls_for_no_decision() -> None:
    guarded = replace(
        STORY,
        tracked=(STORY.tracked[0], Tracked(metric="ads", role=Role.GUARDRAIL, margin=0.5)),
    )

    answer = read(world(lift=0.045, units=2_000), guarded, now=START + 9 * DAY)

    assert said_of("ads", answer).state == "non_inferior"
    assert answer.verdict.action == "continue"
    assert answer.results[0].expectation is not None
    assert answer.results[0].expectation.status == "above_ceiling"


def test_looks_before_anybody_entered_are_left_out() -> None:
    late = FakeWarehouse(world().answering, Extent(first_exposure=START + 8 * DAY, end=END))

    answer = read(late)

    assert late.asked == [START + k * 7 * DAY for k in (2, 3, 4)]
    assert answer.look.number == 4


def test_a_day_after_the_end_reads_the_last_look_although_facts_settle() -> None:
    answer = read(world(), as_of=NOON - DAY)

    assert answer.look.final
    assert answer.as_of == "2015-05-04T00:00:00Z"


def test_strata_that_are_not_used_are_said() -> None:
    answer = read(world(), replace(STORY, strata=("country",)))

    assert [check.status for check in answer.health.checks if check.code == "strata"] == ["note"]
