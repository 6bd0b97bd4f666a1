"""Strata in the use case: who is compared with whom, what the answer says of it, and that looks keep it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from tests.fakes.lookbook import FakeLookBook
from tests.fakes.warehouse import FakeWarehouse

from twyman.app.analyze_experiment import AnalyzeExperiment
from twyman.app.ports import Cell, Extent, Measured
from twyman.app.views import Answer, Check, Result
from twyman.experiments.experiment import Arm, Entry, Experiment, Role, Tracked
from twyman.experiments.plan import Plan, Spending
from twyman.kernel.errors import Conflict
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Adjustment, Aggregate, FactValue, Mean, Metric, Ratio, Theta, Window
from twyman.metrics.source import AttributeSource, FactSource, Table, Timestamp
from twyman.stats.moments import Moments
from twyman.stats.strata import Stratified, post_stratified

START = datetime(2015, 4, 6, tzinfo=UTC)
DAY = timedelta(days=1)
END = START + 28 * DAY
NZ, SE, NONE = '["NZ"]', '["SE"]', "[null]"
LEVELS = {NZ: 10.0, SE: 2.0, NONE: 5.0}

PLAYS = FactValue("plays", Aggregate.COUNT)
MINUTES = Metric(name="minutes", kind=Mean(PLAYS), window=Window(length=7 * DAY))
FACTS = FactSource(name="plays", relation=Table("x"), entities={"user": "id"}, timestamp=Timestamp("t"))
PROFILE = AttributeSource(name="profile", relation=Table("y"), entities={"user": "id"}, columns={"country": "country"})
FLAT = Experiment(
    name="page",
    arms=(Arm("control", 0.5, control=True), Arm("new", 0.5)),
    tracked=(Tracked(metric="minutes", role=Role.SUCCESS),),
    entry=Entry.UNITS,
    source="shop",
    strata=("country",),
)
STORY = replace(
    FLAT, entry=Entry.EXPOSURES, source="exposures", enrol_from=START, measure_until=END, plan=Plan(spending=Spending())
)
Kinds = dict[str, int]
EVEN = {"control": {NZ: 150, SE: 200, NONE: 50}, "new": {NZ: 190, SE: 170, NONE: 40}}


def drawn(sizes: dict[str, Kinds], columns: int = 1, seed: int = 0) -> Measured:
    """Units whose level depends on their stratum; a second column is what they had before, a third how often."""
    rng = np.random.default_rng(seed)
    strata: dict[tuple[str, str, str], Moments] = {}
    for arm, kinds in sizes.items():
        for kind, units in kinds.items():
            before = rng.normal(LEVELS.get(kind, 3.0), 1, units)
            rows = np.column_stack([before + rng.normal(0.3 * (arm == "new"), 0.5, units), before, before**2])
            strata["minutes", arm, kind] = Moments.of(rows[:, :columns])
    cells = {}
    for arm in sizes:
        parts = [moments for key, moments in strata.items() if key[1] == arm]
        cells[Cell("minutes", arm)] = sum(parts[1:], start=parts[0])
    units = {arm: sum(kinds.values()) for arm, kinds in sizes.items()}
    names = ("value", "pre 14d", "square")[:columns]
    return Measured(columns={"minutes": names}, cells=cells, units=units, strata=strata)


def expected_of(measured: Measured, own: int = 1, theta: str = "per_arm") -> Stratified:
    new, control = ({key[2]: m for key, m in measured.strata.items() if key[1] == arm} for arm in ("new", "control"))
    made = post_stratified(new, control, own=own, theta=theta)
    assert isinstance(made, Stratified)
    return made


def read(measured: Measured, metric: Metric = MINUTES, experiment: Experiment = FLAT) -> Answer:
    warehouse = FakeWarehouse(lambda _: measured)
    ask = AnalyzeExperiment(warehouse, FakeLookBook(), clock=lambda: END, version="0.0")
    return ask(experiment, Catalogue(sources={"plays": FACTS}, metrics={"minutes": metric}))


def notes(answer: Answer) -> list[Check]:
    return [check for check in answer.health.checks if check.code == "strata"]


def effect(row: Result) -> tuple[float | None, float | None]:
    assert row.absolute is not None
    return row.absolute.estimate, row.absolute.se


def method(row: Result) -> str:
    assert row.method is not None
    return row.method.estimate


def test_arms_are_compared_within_strata_and_the_plain_comparison_stays() -> None:
    measured = drawn(EVEN)
    answer = read(measured)
    (row,), (plain,) = answer.results, read(measured, experiment=replace(FLAT, strata=())).results
    expected = expected_of(measured)

    assert effect(row) == (pytest.approx(expected.pair.contrast().estimate), pytest.approx(expected.pair.contrast().se))
    assert method(row) == "post-stratified"
    assert row.unadjusted is not None
    assert row.unadjusted.absolute.estimate == effect(plain)[0]
    assert (row.control.mean, row.control.adjusted_mean) == (plain.control.mean, pytest.approx(expected.pair.control))
    assert row.variance_reduction == pytest.approx(expected.variance_reduction)
    assert expected.variance_reduction > 0.5
    (note,) = notes(answer)
    assert (note.status, note.text) == ("ok", "Arms are compared within 3 strata of country.")


def test_clusters_are_compared_within_strata_as_a_ratio_of_their_sums_to_their_sizes() -> None:
    rng, strata = np.random.default_rng(3), dict[tuple[str, str, str], Moments]()
    for arm, kind in ((arm, kind) for arm in EVEN for kind in (NZ, "{}")):
        sizes = rng.integers(1, 6, 120)
        sums = sizes * LEVELS.get(kind, 3.0) + rng.normal(0.3 * (arm == "new"), 0.5, 120) * sizes
        strata["minutes", arm, kind] = Moments.of(np.column_stack([sums, sizes]))
    cells = {Cell("minutes", arm): strata["minutes", arm, NZ] + strata["minutes", arm, "{}"] for arm in EVEN}
    members = {cell: round(moments.count * float(moments.means[1])) for cell, moments in cells.items()}
    households = Measured(
        columns={"minutes": ("value", "size")}, cells=cells, units={arm: 240 for arm in EVEN}, strata=strata,
        members=members,
    )  # fmt: skip
    (row,) = read(households, experiment=replace(FLAT, randomised_by="household")).results
    expected = expected_of(households, own=2)

    assert effect(row) == (pytest.approx(expected.pair.contrast().estimate), pytest.approx(expected.pair.contrast().se))
    assert method(row) == "post-stratified-by-cluster"
    assert expected.variance_reduction > 0.5


def test_few_clusters_are_not_spread_over_strata() -> None:
    few = drawn({"control": {NZ: 30, SE: 20}, "new": {NZ: 20, SE: 20}}, columns=2)
    answer = read(few, experiment=replace(FLAT, randomised_by="household"))

    assert method(answer.results[0]) == "difference-by-cluster"
    (note,) = notes(answer)
    assert "90 clusters (household) are too few for 2 strata" in note.text


@pytest.mark.parametrize("theta", Theta)
def test_covariates_are_adjusted_for_within_strata(theta: Theta) -> None:
    measured = drawn(EVEN, columns=2)
    (row,) = read(measured, replace(MINUTES, adjustment=Adjustment(14 * DAY, theta=theta))).results
    expected = expected_of(measured, theta=theta.value)

    assert effect(row) == (pytest.approx(expected.pair.contrast().estimate), pytest.approx(expected.pair.contrast().se))
    assert method(row) == f"post-stratified-cuped-{theta.value.replace('_', '-')}"
    assert (row.covariates[0].name, row.covariates[0].theta) == ("pre 14d", {})
    assert row.variance_reduction == pytest.approx(expected.variance_reduction)


def test_a_covariate_that_the_plain_comparison_drops_is_dropped_within_strata() -> None:
    measured = drawn(EVEN, columns=2)
    twice = {key: m.columns(0, 1, 1) for key, m in measured.strata.items()}
    cells = {key: m.columns(0, 1, 1) for key, m in measured.cells.items()}
    doubled = replace(measured, strata=twice, cells=cells, columns={"minutes": ("value", "pre 14d", "again")})
    metric = replace(MINUTES, adjustment=Adjustment(14 * DAY))

    assert effect(read(doubled, metric).results[0]) == effect(read(measured, metric).results[0])


def test_ratios_are_stratified_numerator_and_denominator() -> None:
    measured = drawn(EVEN, columns=2)
    ratio = replace(MINUTES, kind=Ratio(PLAYS, PLAYS))
    (row,) = read(measured, ratio).results
    expected = expected_of(measured, own=2)

    assert effect(row)[1] == pytest.approx(expected.pair.contrast().se)
    assert method(row) == "post-stratified"


def test_strata_too_small_in_an_arm_are_merged_and_named() -> None:
    sizes = {"control": EVEN["control"] | {'["NO"]': 1}, "new": EVEN["new"] | {'["NO"]': 9, '["DK","x"]': 4}}
    measured = drawn(sizes)
    (note,) = notes(answer := read(measured))
    expected = expected_of(measured)

    assert note.status == "note"
    assert note.text == (
        "Arms are compared within 3 strata of country; those with under two units in an arm count with the largest: "
        "DK · x, NO."
    )
    assert effect(answer.results[0])[0] == pytest.approx(expected.pair.contrast().estimate)


def test_too_many_strata_are_not_used_and_that_is_said() -> None:
    few = {arm: {kind: 20 for kind in LEVELS} for arm in ("control", "new")}
    (note,) = notes(answer := read(drawn(few)))

    assert method(answer.results[0]) == "difference"
    assert (note.status, note.metric) == ("note", "minutes")
    assert note.text.startswith("minutes: estimated without strata of country, and so less sharply. 120 units are too")
    assert "3 strata" in note.text


def test_one_stratum_is_no_stratification() -> None:
    (note,) = notes(answer := read(drawn({arm: {NZ: 100} for arm in ("control", "new")})))

    assert method(answer.results[0]) == "difference"
    assert "one stratum" in note.text


def test_strata_without_two_units_in_each_arm_leave_the_plain_comparison() -> None:
    sizes = {"control": {NZ: 200, SE: 1}, "new": {NZ: 200}}
    answer = read(drawn(sizes), experiment=FLAT)

    assert effect(answer.results[0]) == effect(read(drawn(sizes), experiment=replace(FLAT, strata=())).results[0])
    assert "two units in each arm" in notes(answer)[0].text


def test_each_treatment_has_its_own_strata() -> None:
    sizes = {"control": EVEN["control"], "new": EVEN["new"], "other": {NZ: 300}}
    third = replace(FLAT, arms=(*(replace(arm, share=0.3) for arm in FLAT.arms), Arm("other", 0.4)))
    rows = read(drawn(sizes), experiment=third).results

    assert [method(row) for row in rows] == ["post-stratified", "difference"]


def dated(book: FakeLookBook, experiment: Experiment, catalogue: Catalogue, seed: int = 0) -> Answer:
    sizes = {"control": {NZ: 900, SE: 1100}, "new": {NZ: 1000, SE: 1000}}
    warehouse = FakeWarehouse(
        lambda events: drawn(sizes, seed=seed + (events or END).day), Extent(first_exposure=START, end=END)
    )
    ask = AnalyzeExperiment(warehouse, book, clock=lambda: END + 30 * DAY, version="0.0")
    return ask(experiment, catalogue)


def test_a_kept_look_gives_the_same_numbers_again_and_strata_are_part_of_the_plan() -> None:
    catalogue = Catalogue(sources={"plays": FACTS, "profile": PROFILE}, metrics={"minutes": MINUTES})
    book = FakeLookBook()
    first, again = dated(book, STORY, catalogue), dated(book, STORY, catalogue, seed=50)

    assert method(first.results[0]) == "post-stratified"
    assert again.results == first.results
    assert again.series[0] == first.series[0]
    with pytest.raises(Conflict, match="plan of 'page' has changed"):
        dated(book, replace(STORY, strata=("country", "plan")), catalogue)
    moved = replace(PROFILE, columns={"country": "upper(country)"})
    with pytest.raises(Conflict, match="plan of 'page' has changed"):
        dated(book, STORY, replace(catalogue, sources={"plays": FACTS, "profile": moved}))
