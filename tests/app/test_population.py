"""Who is analysed, in the use case: checks of each step, the diluted effect, clusters in rows and checks."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from tests.fakes.lookbook import FakeLookBook
from tests.fakes.warehouse import FakeWarehouse

from twyman.app.analyze_experiment import AnalyzeExperiment
from twyman.app.fingerprint import plan_digest
from twyman.app.ports import Cell, Drawn, Kept, Measured, Question, Shared
from twyman.app.views import Answer, Check, Effect
from twyman.experiments.experiment import Arm, Entry, Experiment, Role, Tracked
from twyman.experiments.population import Counterfactual, Excluded, Trigger
from twyman.flags.targeting import Is, Where
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Aggregate, FactValue, Mean, Metric, Missing, Ratio, Window
from twyman.metrics.source import AttributeSource, FactSource, Table, Timestamp
from twyman.stats.clusters.sums import cluster_ratios
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair

END = datetime(2015, 5, 4, tzinfo=UTC)
PLAYS = FactValue("plays", Aggregate.COUNT)
MINUTES = Metric(name="minutes", kind=Mean(PLAYS), window=Window(length=timedelta(days=7)))
FACTS = FactSource(name="plays", relation=Table("x"), entities={"user": "id"}, timestamp=Timestamp("t"))
PROFILE = AttributeSource(name="profile", relation=Table("y"), entities={"user": "id"}, columns={"staff": "staff"})
LOGGED = Trigger(facts="plays", counterfactual=Counterfactual.LOGGED)
PAGE = Experiment(
    name="page",
    arms=(Arm("control", 0.5, control=True), Arm("new", 0.5)),
    tracked=(Tracked(metric="minutes", role=Role.SUCCESS),),
    entry=Entry.UNITS,
    source="shop",
)
Counts = Mapping[str, int]


def values(seed: int, units: int, level: float) -> Moments:
    return Moments.of(np.random.default_rng(seed).normal(level, 1, (units, 1)))


def measured(control: int = 400, new: int = 400, **more: object) -> Measured:
    return Measured(
        columns={"minutes": ("value",)},
        cells={
            Cell("minutes", "control"): values(1, control, 5.0),
            Cell("minutes", "new"): values(2, new, 5.5),
            Cell("minutes", "control", "country", "NZ"): values(3, control // 2, 5.0),
            Cell("minutes", "new", "country", "NZ"): values(4, new // 2, 5.5),
        },
        units={"control": control, "new": new},
        **more,  # pyright: ignore[reportArgumentType]
    )


def read(found: Measured, metric: Metric = MINUTES, **experiment: object) -> Answer:
    warehouse = FakeWarehouse(lambda _: found)
    ask = AnalyzeExperiment(warehouse, FakeLookBook(), clock=lambda: END, version="0.0")
    catalogue = Catalogue(sources={"plays": FACTS}, metrics={"minutes": metric})
    return ask(replace(PAGE, **experiment), catalogue)  # pyright: ignore[reportArgumentType]


def check(answer: Answer, code: str) -> Check:
    (found,) = [check for check in answer.health.checks if check.code == code]
    return found


def trigger_step(of: Counts, kept: Counts) -> Kept:
    return Kept(kind="trigger", name="plays", of=of, kept=kept)


EVEN = trigger_step({"control": 1_000, "new": 1_000}, {"control": 400, "new": 400})


def test_the_split_is_checked_before_the_trigger_and_after_it() -> None:
    step = trigger_step({"control": 1_000, "new": 1_000}, {"control": 400, "new": 520})
    answer = read(measured(400, 520, kept=(step,)), trigger=LOGGED)

    assert check(answer, "srm").status == "ok"
    assert check(answer, "triggered_srm").status == "block"
    assert "400 control : 520 new units reached the trigger" in check(answer, "triggered_srm").text
    assert answer.verdict.action == "hold"
    assert answer.health.kept[0]["kept"] == {"control": 400, "new": 520}


def test_a_trigger_that_not_every_arm_logs_is_cautioned_against() -> None:
    missing = replace(LOGGED, counterfactual=Counterfactual.MISSING)

    caution = check(read(measured(kept=(EVEN,)), trigger=missing), "counterfactual_missing")
    assert (caution.status, caution.detail) == ("warn", {"facts": "plays"})
    assert [one for one in read(measured(kept=(EVEN,)), trigger=LOGGED).health.checks if "counter" in one.code] == []


def diluted(answer: Answer, row: int = 0) -> Effect:
    found = answer.results[row].diluted
    assert found is not None
    return found


def test_the_effect_on_all_exposed_is_the_triggered_one_times_the_triggered_share() -> None:
    answer = read(measured(kept=(EVEN,)), trigger=LOGGED)
    effect, spread = answer.results[0].absolute, diluted(answer)

    assert effect is not None
    assert effect.estimate
    assert effect.se
    assert effect.fixed
    assert effect.fixed.lower
    assert spread.estimate == pytest.approx(0.4 * effect.estimate)
    assert spread.se == pytest.approx(0.4 * effect.se)
    assert spread.fixed is not None
    assert spread.fixed.lower == pytest.approx(0.4 * effect.fixed.lower)
    assert spread.fixed.p_value == effect.fixed.p_value
    assert read(measured()).results[0].diluted is None


def test_where_the_effect_on_all_exposed_can_not_be_given_the_reason_stands_instead() -> None:
    dropped = diluted(read(measured(kept=(EVEN,)), replace(MINUTES, missing=Missing.DROP), trigger=LOGGED))
    segment = diluted(read(measured(kept=(EVEN,)), trigger=LOGGED), row=1)
    two = Moments.of(np.random.default_rng(0).normal(5, 1, (400, 2)))
    sums = replace(
        measured(kept=(EVEN,)),
        columns={"minutes": ("numerator", "denominator")},
        cells={Cell("minutes", arm): two for arm in ("control", "new")},
    )
    ratio = diluted(read(sums, replace(MINUTES, kind=Ratio(PLAYS, PLAYS)), trigger=LOGGED))

    assert [one.estimate for one in (dropped, segment, ratio)] == [None, None, None]
    assert [one.reason.code for one in (dropped, segment, ratio) if one.reason] == [
        "not_additive", "segment", "not_additive",
    ]  # fmt: skip


@pytest.mark.parametrize(("kept", "status"), [(940, "ok"), (700, "block")])
def test_a_segment_left_out_must_be_as_large_in_every_arm(kept: int, status: str) -> None:
    of = {"control": 1_000, "new": 1_000}
    step = Kept(kind="exclude", name="staff", of=of, kept={"control": 950, "new": kept})
    answer = read(measured(950, kept, kept=(step,)), exclude=(Excluded("staff", Where("staff", Is(value=True))),))

    assert check(answer, "exclude").status == status
    assert check(answer, "exclude").text.startswith("Leaving out 'staff' keeps 95 % of control")
    assert answer.settings["exclude"] == ["staff"]


def households(seed: int, homes: int, level: float) -> Moments:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 5, homes)
    return Moments.of(np.column_stack([sizes * level + rng.normal(0, 1, homes), sizes]))


def by_household(homes: int, **more: object) -> Measured:
    cells = {Cell("minutes", "control"): households(1, homes, 5), Cell("minutes", "new"): households(2, homes, 5.5)}
    counts = {"control": homes, "new": homes}
    return Measured(
        columns={"minutes": ("value", "size")},
        cells=cells,
        units={"control": 3 * homes, "new": 2 * homes},
        members={Cell("minutes", "control"): 3 * homes, Cell("minutes", "new"): 2 * homes},
        drawn=Drawn(exposed=counts, crossed={"control": 0, "new": 0}, analysed=counts, **more),  # pyright: ignore[reportArgumentType]
        shared=(Shared("device", 1_000, 5),),
    )


def test_where_households_were_drawn_variance_is_by_household() -> None:
    found = by_household(60)
    (row,) = read(found, randomised_by="household").results
    expected = cluster_ratios(found.cells[Cell("minutes", "new")], found.cells[Cell("minutes", "control")])

    assert isinstance(expected, Pair)
    assert row.absolute is not None
    assert row.method is not None
    assert row.absolute.estimate == pytest.approx(expected.contrast().estimate)
    assert row.absolute.se == pytest.approx(expected.contrast().se)
    assert row.method.estimate == "difference-by-cluster"
    assert (row.treatment.units, row.treatment.clusters) == (120, 60)


def test_the_split_is_that_of_households_and_not_of_their_users() -> None:
    answer = read(by_household(60, moved=2, lost=1), randomised_by="household")

    assert check(answer, "srm").status == "ok"
    assert "60 control : 60 new by household" in check(answer, "srm").text
    assert check(answer, "crossovers").text == "No household was seen in two arms."
    assert check(answer, "moved_units").detail == {"units": 2}
    assert check(answer, "without_cluster").detail == {"units": 1}
    assert check(answer, "shared_ids").status == "note"
    assert answer.health.clusters == {
        "by": "household",
        "exposed": {"control": 60, "new": 60},
        "crossed": {"control": 0, "new": 0},
        "analysed": {"control": 60, "new": 60},
        "moved": 2,
        "lost": 1,
    }


@pytest.mark.parametrize(("homes", "status"), [(19, "warn"), (20, "ok")])
def test_few_households_are_cautioned_against(homes: int, status: str) -> None:
    assert check(read(by_household(homes), randomised_by="household"), "clusters").status == status


def test_who_is_analysed_is_part_of_the_plan() -> None:
    catalogue = Catalogue(sources={"plays": FACTS, "profile": PROFILE}, metrics={"minutes": MINUTES})
    staff = Where("staff", Is(value=True))
    plans = [
        {},
        {"trigger": LOGGED},
        {"trigger": replace(LOGGED, where="ms > 0")},
        {"exclude": (Excluded("staff", staff),)},
        {"exclude": (Excluded("staff", Where("staff", Is(value=False))),)},
        {"population": staff},
        {"randomised_by": "household"},
    ]
    digests = [plan_digest(Question(experiment=replace(PAGE, **plan), catalogue=catalogue)) for plan in plans]

    assert len(set(digests)) == len(plans)
    other = replace(
        catalogue, sources={**catalogue.sources, "profile": replace(PROFILE, columns={"staff": "not staff"})}
    )
    assert plan_digest(Question(experiment=replace(PAGE, population=staff), catalogue=other)) not in digests
