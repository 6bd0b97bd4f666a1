"""Surprises through the whole use case: history, ceilings, the checklist, and the signature that lifts a hold."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.fakes.lookbook import FakeLookBook
from tests.fakes.warehouse import FakeWarehouse

from twyman.app.analyze_experiment import AnalyzeExperiment
from twyman.app.fingerprint import plan_digest
from twyman.app.finished import finished
from twyman.app.ports import Cell, Cohort, Entrants, Extent, Kept, Measured, Question
from twyman.app.views import Answer, Plausible, Result
from twyman.experiments.expectation import Ceiling, Expectation, Reach, Scale
from twyman.experiments.experiment import Arm, Entry, Experiment, Role, Tracked
from twyman.experiments.history import PastResult
from twyman.experiments.plan import Plan, Results, Spending
from twyman.experiments.population import Counterfactual, Trigger
from twyman.experiments.sign_off import SignOff
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Aggregate, FactValue, Metric, Reference, Retention, Window
from twyman.metrics.source import FactSource, Table, Timestamp
from twyman.stats.moments import Moments

START = datetime(2015, 4, 6, tzinfo=UTC)
END = START + timedelta(days=28)
SOURCE = FactSource(name="listening", relation=Table("x"), entities={"user": "id"}, timestamp=Timestamp("t"))
RETENTION = Metric(
    name="retention", kind=Retention(FactValue("listening", Aggregate.COUNT)), window=Window(length=timedelta(days=7))
)
EXPECTED = Expectation(0.005, 0.02, 0.03, ceiling=Ceiling(0.04, "no page moved it by more"))
SILENT = Tracked(metric="retention", role=Role.SUCCESS, mde=0.01)
SPOKEN = replace(SILENT, expectations={"moments": EXPECTED})
PAGE = Experiment(
    name="page",
    owner="discovery",
    arms=(Arm("control", 0.5, control=True), Arm("moments", 0.5)),
    tracked=(SPOKEN,),
    entry=Entry.EXPOSURES,
    source="exposures",
    enrol_from=START,
    measure_until=END,
    plan=Plan(spending=Spending()),
)
QUIET = replace(PAGE, tracked=(SILENT,))


def signed(estimate: float) -> SignOff:
    return SignOff(
        metric="retention", arm="moments", by="Dana", on=date(2015, 7, 1), estimate=estimate, because="seen twice"
    )


def history(count: int, *, ended: date = date(2015, 1, 1), change: str = "") -> list[PastResult]:
    lifts = [0.006 * (-1) ** at * (1 + at % 3) / 2 for at in range(count)]
    return [
        PastResult(experiment=f"{at}", metric="retention", change=change, lift=lift, se=0.002, ended=ended)
        for at, lift in enumerate(lifts)
    ]


def catalogue(*references: Reference) -> Catalogue:
    return Catalogue(sources={"listening": SOURCE}, metrics={"retention": replace(RETENTION, references=references)})


def read(
    lift: float,
    experiment: Experiment = PAGE,
    *,
    past: Sequence[PastResult] = (),
    known: Catalogue | None = None,
    book: FakeLookBook | None = None,
    base: float = 0.8,
    until: datetime | None = None,
) -> Answer:
    def measured(events: datetime | None) -> Measured:
        units = max(0, int(40_000 * min(1.0, ((events or END) - START) / (END - START))))
        trigger = experiment.trigger and Kept(
            kind="trigger", name="opened", of=dict.fromkeys(("moments", "control"), units * 8),
            kept=dict.fromkeys(("moments", "control"), units),
        )  # fmt: skip
        cells = {
            Cell("retention", "moments"): Moments.binary(round(base * (1 + lift) * units), units),
            Cell("retention", "control"): Moments.binary(round(base * units), units),
        }
        whole = Cohort(entered=units, matured=units, measured=units)
        return Measured(
            columns={"retention": ("value",)},
            cells=cells if units else {},
            units={"moments": units, "control": units},
            crossovers={"moments": 3},
            entrants=Entrants(rows=2 * units, units=2 * units, left_out={"control": 7}),
            cohorts={("retention", arm): whole for arm in ("moments", "control")},
            kept=(trigger,) if trigger else (),
        )

    warehouse = FakeWarehouse(measured, Extent(first_exposure=START, last_exposure=END, end=END))
    ask = AnalyzeExperiment(
        warehouse, book or FakeLookBook(), lambda: datetime(2015, 7, 1, tzinfo=UTC), "0.0", past=lambda: past
    )
    return ask(experiment, known or catalogue(), as_of=until)


def row(answer: Answer) -> Result:
    return next(one for one in answer.results if one.metric == "retention" and one.segment is None)


def worth(answer: Answer) -> Plausible:
    found = row(answer).plausible
    assert found is not None
    return found


def test_a_held_surprise_says_what_to_look_into_in_the_experiments_own_words() -> None:
    (reason,) = read(0.06, replace(PAGE, dimensions=("country",))).verdict.reasons

    steps = "\n".join(reason.checklist)
    assert "'moments' and 'control'" in steps
    assert "'listening' logged the same way" in steps
    assert "40,000 units in moments, 40,000 units in control; 3 in two arms; 7 rows left out" in steps
    assert "every country" in steps
    assert reason.checklist[-1].endswith(
        "sign_off: {metric: retention, arm: moments, by: …, on: …, estimate: 6%, because: …}"
    )


def test_of_an_experiment_too_small_for_its_ceiling_it_is_said_how_often_noise_passes_it() -> None:
    """But not where the error is no reason: where it is small, or the estimate further above than it reaches."""
    cases = ((0.06, 0.05), (0.06, 0.8), (0.15, 0.05))
    small, large, far = (read(lift, base=base).verdict.reasons[0] for lift, base in cases)

    assert {one.code for one in (small, large, far)} == {"above_ceiling"}
    assert "With so few units noise brings 27.3 % of sound experiments there" in small.text
    assert "noise" not in large.text + far.text


def test_a_signed_surprise_holds_no_longer_and_says_who_signed() -> None:
    answer = read(0.06, replace(PAGE, signed=(signed(0.061),)))

    assert answer.verdict.action == "ship"
    found = row(answer)
    assert found.signed_off is not None
    assert (found.signed_off.by, found.signed_off.on, found.signed_off.covers) == ("Dana", "2015-07-01", True)
    assert found.expectation is not None
    assert (found.expectation.status, found.expectation.holds) == ("above_ceiling", False)


def test_a_signature_does_not_cover_a_later_larger_surprise() -> None:
    answer = read(0.09, replace(PAGE, signed=(signed(0.061),)))

    (reason,) = answer.verdict.reasons
    assert (answer.verdict.action, reason.code) == ("hold", "above_ceiling")
    assert reason.text.endswith("Dana signed +6.1 % off on 2015-07-01, and this is another reading.")
    assert read(0.09, replace(PAGE, signed=(signed(0.061), signed(0.09)))).verdict.action == "ship"


def test_a_signature_under_another_metric_or_arm_signs_nothing() -> None:
    other = replace(signed(0.061), metric="minutes")

    assert read(0.06, replace(PAGE, signed=(other,))).verdict.action == "hold"


def test_neither_signatures_nor_references_change_the_plan_that_looks_were_taken_under() -> None:
    book = FakeLookBook()
    read(0.06, book=book)

    known = catalogue(Reference("advertising", 0.05, "removed"))
    answer = read(0.06, replace(PAGE, signed=(signed(0.06),)), known=known, book=book)

    assert answer.verdict.action == "ship" or row(answer).signed_off
    question = Question(experiment=PAGE, catalogue=catalogue())
    reached = replace(PAGE, tracked=(replace(SPOKEN, reach=Reach(0.1)),))
    assert plan_digest(question) == plan_digest(replace(question, catalogue=known))
    assert plan_digest(question) != plan_digest(replace(question, experiment=reached))


def test_what_nobody_expected_is_held_by_a_long_history_and_by_no_short_one() -> None:
    long, short = read(0.06, QUIET, past=history(30)), read(0.06, QUIET, past=history(8))

    assert (long.verdict.action, long.verdict.reasons[0].code) == ("hold", "far")
    assert "30 past results on it" in long.verdict.reasons[0].text
    assert [reason.code for reason in short.verdict.reasons] == ["superior"]
    assert (worth(short).level, worth(short).experiments) == ("warn", 8)
    assert worth(long).probability_bug > worth(short).probability_bug


def test_a_fall_that_nobody_expected_is_as_surprising_as_a_rise() -> None:
    rise, fall = (worth(read(lift, QUIET, past=history(30))) for lift in (0.06, -0.06))

    assert (rise.level, fall.level) == ("block", "block")
    assert rise.surprise_z == pytest.approx(-fall.surprise_z, rel=0.15)


def test_others_experiments_hold_nothing() -> None:
    answer = read(0.06, QUIET)

    assert answer.verdict.action == "ship"
    assert (worth(answer).scope, worth(answer).level) == ("public", "note")


def test_nothing_is_known_that_ended_after_the_experiment_began() -> None:
    answer = read(0.06, QUIET, past=history(30, ended=START.date()))

    assert (worth(answer).scope, worth(answer).experiments) == ("public", 0)


def test_the_owners_expectation_and_history_are_pooled_and_what_is_left_lies_between() -> None:
    found = worth(read(0.02, past=history(30)))

    assert found.weight == 0.5
    assert 0.0 < found.mean < 0.02
    assert found.mean < found.shrunken < 0.02
    assert found.lower < found.shrunken < found.upper
    assert found.exaggeration_at == 0.02


def test_a_mightier_change_is_a_ceiling_for_changes_of_other_classes_only() -> None:
    known = catalogue(Reference("advertising", 0.04, "advertising was removed"))

    held = read(0.06, replace(QUIET, change="layout"), known=known)
    same = read(0.06, replace(QUIET, change="advertising"), known=known)

    assert (held.verdict.action, held.verdict.reasons[0].code) == ("hold", "above_ceiling")
    assert "advertising was removed" in held.verdict.reasons[0].text
    assert same.verdict.action == "ship"


def test_a_change_cannot_do_more_than_it_reaches() -> None:
    """Of 12 % of the users 80 % come back anyway: at most 12 % x 20 % / 80 % = 3 % more."""
    reaching = replace(QUIET, tracked=(replace(SILENT, reach=Reach(0.12, because="so many open it")),))

    held, fine = read(0.06, reaching), read(0.02, reaching)

    assert held.verdict.reasons[0].code == "above_ceiling"
    assert "the most that it can be, +3 % (so many open it)" in held.verdict.reasons[0].text
    assert fine.verdict.action == "ship"
    assert worth(fine).ceilings[0].at == pytest.approx(0.03)


def test_a_trigger_shows_how_far_a_change_reaches() -> None:
    triggered = replace(QUIET, trigger=Trigger(facts="opened", counterfactual=Counterfactual.LOGGED))

    (ceiling,) = worth(read(0.02, triggered)).ceilings

    assert (ceiling.kind, ceiling.beyond) == ("mechanical", False)
    assert ceiling.at == pytest.approx(0.2 / 0.8)
    assert "only 12.5 % of the exposed reached 'opened'" in ceiling.because


def test_a_difference_that_was_expected_is_pooled_as_a_lift() -> None:
    points = Expectation(0.004, 0.016, 0.024, scale=Scale.ABSOLUTE)
    absolute = replace(PAGE, tracked=(replace(SILENT, expectations={"moments": points}),))

    assert worth(read(0.02, absolute)).mean == pytest.approx(worth(read(0.02)).mean, rel=1e-6)


def test_effects_hidden_until_the_end_have_no_worth_either() -> None:
    hidden = replace(PAGE, plan=replace(PAGE.plan, results=Results.AT_END), signed=(signed(0.06),))

    found = row(read(0.06, hidden, until=START + timedelta(days=14)))

    assert (found.plausible, found.signed_off, found.expectation) == (None, None, None)


def test_an_experiment_that_is_over_is_history_by_its_last_look() -> None:
    book = FakeLookBook()
    read(0.02, replace(PAGE, change="layout"), book=book)

    (one,) = finished([replace(PAGE, change="layout")], catalogue(), book)

    assert (one.experiment, one.metric, one.change, one.ended) == ("page", "retention", "layout", END.date())
    assert one.lift == pytest.approx(0.02, abs=1e-4)
    assert one.expected == EXPECTED
    assert list(finished([replace(PAGE, measure_until=END + timedelta(days=1))], catalogue(), book)) == []
