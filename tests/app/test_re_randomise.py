"""A/A tests of a user's metrics: which verdict, which cause with which figure, over one look and over many."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from scipy.stats import norm

from twyman.app.comparison import Comparison, comparison
from twyman.app.dealt_tests import aa_tests
from twyman.app.ports import Dealt, Extent, Question, Repeats
from twyman.app.re_randomise import Deals, ReRandomise
from twyman.app.trust import Cause, Trust, Trusted
from twyman.experiments.experiment import Arm, Entry, Experiment, Role, Tracked
from twyman.experiments.plan import AlwaysValid, Plan, Spending, SpendingFamily, Test
from twyman.kernel.errors import Invalid
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import (
    Adjustment,
    Aggregate,
    FactValue,
    Mean,
    Metric,
    OutcomeValue,
    Proportion,
    Quantile,
    Ratio,
    Window,
)
from twyman.metrics.source import ExposureSource, FactSource, Table, Timestamp, UnitSource
from twyman.stats.buckets import Buckets, deals
from twyman.stats.lift import absolute
from twyman.stats.moments import Moments

MONDAY = datetime(2024, 3, 4, tzinfo=UTC)
DAY = timedelta(days=1)
Y = OutcomeValue("y")


@dataclass(frozen=True)
class FakeDealer:
    """Deals rows held in memory: a row a unit, its ids and its day by name."""

    rows: np.ndarray
    ids: Mapping[str, Sequence[object]]
    days: Sequence[date] = ()
    skew: float = 0.0
    repeats: Mapping[str, Repeats] | None = None
    engine: str = "fake 1.0"

    def extent(self, question: Question) -> Extent:
        del question
        return Extent(first_exposure=MONDAY, end=MONDAY + 70 * DAY)

    def dealt(self, question: Question, *, by: str = "", by_day: bool = False) -> Dealt:
        of = by or question.experiment.randomised_by or question.experiment.entity
        ids, rows = self.ids[of], self.rows
        if question.experiment.randomised_by and not by:
            names = sorted(set(ids), key=str)
            place = {name: index for index, name in enumerate(names)}
            sums = np.zeros((len(names), 2))
            np.add.at(sums, [place[one] for one in ids], np.column_stack((rows[:, 0], np.ones(len(rows)))))
            ids, rows = names, sums
        labels = [f"{crc32(str(one).encode()) % 4096:03x}" for one in ids]
        known = sorted(set(labels))
        places = [known.index(one) for one in labels]
        days: tuple[date | None, ...] = tuple(sorted(set(self.days))) if by_day else (None,)
        made = tuple(
            _of(rows, places, [day is None or one == day for one in self.days or [None] * len(rows)], len(known))
            for day in days
        )
        names = [one.metric for one in question.experiment.tracked]
        columns = ("value", "size", "z")[: rows.shape[1]]
        return Dealt(
            of=of, units=len(ids), groups=len(set(ids)), labels=tuple(known), days=days,
            columns=dict.fromkeys(names, columns), buckets=dict.fromkeys(names, made),
            skew=dict.fromkeys(names, self.skew), repeats=self.repeats or {},
        )  # fmt: skip


def _of(rows: np.ndarray, places: Sequence[int], chosen: Sequence[bool], count: int) -> Buckets:
    at, taken = np.array(places), np.array(chosen)
    made = [Moments.of(rows[(at == place) & taken]) for place in range(count)]
    return Buckets(
        np.array([float(one.count) for one in made]),
        np.array([one.means for one in made]),
        np.array([one.products for one in made]),
    )


USERS = UnitSource(name="users", relation=Table("users"), arm="arm", entities={"user": "id"}, outcomes={"y": "y"})
HOMES = replace(USERS, entities={"user": "id", "household": "home"})


def aa(dealer: FakeDealer, metric: Metric, asked: Deals | None = None, **more: Any) -> Trusted:
    source = more.pop("source", USERS)
    extra = more.pop("sources", {})
    experiment = Experiment(
        name="e",
        arms=more.pop("arms", (Arm("control", 0.5, control=True), Arm("new", 0.5))),
        tracked=(Tracked(metric=metric.name, role=Role.SUCCESS),),
        entry=more.pop("entry", Entry.UNITS),
        source=source.name,
        entity="user",
        **more,
    )
    catalogue = Catalogue({"user": "integer"}, {source.name: source} | extra, {metric.name: metric})
    return ReRandomise(dealer, lambda: MONDAY + 200 * DAY)(experiment, catalogue, asked or Deals())


def only(found: Trusted) -> Trust:
    (one,) = found.metrics
    return one


def households(size: int, together: float, count: int = 900) -> FakeDealer:
    """Users in households, with this correlation: a design effect of 1 + (size - 1) x together."""
    rng = np.random.default_rng(2)
    shared = np.repeat(rng.normal(size=count), size)
    values = np.sqrt(together) * shared + np.sqrt(1 - together) * rng.normal(size=count * size)
    homes = np.repeat(np.arange(count), size)
    return FakeDealer(values[:, None], {"user": range(count * size), "household": [f"h{one}" for one in homes]})


MEAN = Metric(name="m", kind=Mean(Y))


def test_a_plain_metric_is_trusted() -> None:
    found = only(aa(FakeDealer(np.random.default_rng(1).normal(size=(3_000, 1)), {"user": range(3_000)}), MEAN))

    assert (found.verdict, found.cause, found.reason) == ("trusted", None, "")
    assert found.alarms.lower <= 0.05 <= found.alarms.upper
    assert found.scatter == pytest.approx(1, abs=4 * np.sqrt(2 / 1000))


def test_a_design_effect_of_4_is_inflated_and_clusters_are_named() -> None:
    """Estimates scatter twice as far as the test believes, so it rejects where |Z| > 1.96 / 2: in 33 %."""
    found = only(aa(households(7, 0.5), MEAN, Deals(by="household"), source=HOMES))

    assert (found.verdict, found.cause) == ("inflated", Cause.CLUSTERS)
    assert found.scatter == pytest.approx(4, rel=0.2)
    assert found.alarms.rate == pytest.approx(2 * norm.sf(1.96 / 2), abs=0.06)
    assert f"scatter {found.scatter:.1f} times" in found.reason
    assert found.cure == "analyse each household as one: a row a household, by sql: on the source"


def test_another_id_at_hand_is_tried_without_being_asked() -> None:
    found = only(aa(households(7, 0.5), MEAN, source=HOMES))
    (together,) = found.together

    assert found.verdict == "trusted"
    assert (together.of, together.groups, together.alarms.verdict) == ("household", 900, "inflated")
    assert found.cure == "analyse each household as one: a row a household, by sql: on the source"


def test_households_analysed_as_they_were_drawn_are_trusted() -> None:
    found = only(aa(households(7, 0.5), MEAN, source=HOMES, randomised_by="household"))

    assert (found.verdict, found.method, found.units) == ("trusted", "difference-by-cluster", 900)
    assert found.together[0].alarms.verdict == "inflated"


def test_households_without_anything_in_common_inflate_nothing() -> None:
    found = only(aa(households(7, 0.0), MEAN, Deals(by="household"), source=HOMES))

    assert found.verdict == "trusted"


def test_one_unit_that_makes_all_variation_is_skew_and_its_cure_a_cap() -> None:
    values = np.random.default_rng(1).normal(size=(3_000, 1))
    values[7] = 400.0

    found = only(aa(FakeDealer(values, {"user": range(3_000)}, skew=52.0), MEAN))

    assert (found.verdict, found.cause) == ("conservative", Cause.SKEW)
    assert found.reason == f"one unit, or a few, make {found.largest:.0%} of all variation (skewness 52)"
    assert found.cure.startswith("cap it")


def test_a_skew_that_asks_for_more_units_is_told_by_kohavis_rule() -> None:
    """One in twenty, of a lognormal: the mean of the small arm is far from normal."""
    values = np.exp(1.3 * np.random.default_rng(5).normal(size=(1_500, 1)))
    arms = (Arm("control", 0.95, control=True), Arm("new", 0.05))

    found = only(aa(FakeDealer(values, {"user": range(1_500)}, skew=10.0), MEAN, arms=arms))

    assert (found.verdict, found.cause) == ("inflated", Cause.SKEW)
    assert "skewness 10.0 asks for 35,500 units an arm, and the smaller has 75" in found.reason


def test_too_few_conversions_are_told() -> None:
    values = np.zeros((3_000, 1))
    values[:6] = 1.0
    rare = 6 / 3_000

    found = only(
        aa(FakeDealer(values, {"user": range(3_000)}, skew=(1 - 2 * rare) / np.sqrt(rare * (1 - rare))),
           Metric(name="m", kind=Proportion(Y)))
    )  # fmt: skip

    assert (found.verdict, found.cause) == ("conservative", Cause.RARE)
    assert found.reason.startswith("about 3 units in the smaller arm differ from the rest")


def test_repeated_rows_are_told_whatever_the_verdict() -> None:
    metric = Metric(
        name="m", kind=Mean(FactValue("plays", Aggregate.COUNT)), entity="user", window=Window(length=7 * DAY)
    )
    values = np.random.default_rng(1).normal(size=(3_000, 1))
    dealer = FakeDealer(values, {"user": range(3_000)}, repeats={"plays": Repeats(1_000, 120)})

    found = only(aa(dealer, metric, **exposed()))

    assert (found.verdict, found.duplicates) == ("trusted", 0.12)
    assert found.reason.startswith("12.0% of its rows repeat another")


def exposed(**more: Any) -> dict[str, Any]:
    exposures = ExposureSource(
        name="exposures", relation=Table("x"), entities={"user": "id"}, timestamp=Timestamp("at"), arm="arm"
    )
    plays = FactSource(name="plays", relation=Table("p"), entities={"user": "id"}, timestamp=Timestamp("at"))
    return {"source": exposures, "sources": {"plays": plays}, "entry": Entry.EXPOSURES} | more


def test_over_looks_the_plan_holds_its_error_and_peeking_doesnt() -> None:
    rng = np.random.default_rng(6)
    n = 10_000
    days = [(MONDAY + timedelta(days=int(day))).date() for day in rng.integers(0, 63, n)]
    dealer = FakeDealer(rng.normal(size=(n, 1)), {"user": range(n)}, days=days)
    metric = Metric(name="m", kind=Mean(FactValue("plays", Aggregate.COUNT)), entity="user", window=Window(length=DAY))

    found = only(aa(dealer, metric, **exposed(plan=Plan(spending=Spending()), measure_until=MONDAY + 70 * DAY)))

    assert found.looks is not None
    assert found.looks.looks == 10
    assert found.looks.planned.verdict == "trusted"
    assert found.looks.peeking.verdict == "inflated"
    assert found.looks.peeking.rate == pytest.approx(0.19, abs=0.05)  # Armitage, McPherson and Rowe (1969): .193 of ten


DAILY_COUNT = Metric(name="m", kind=Mean(FactValue("plays", Aggregate.COUNT)), entity="user", window=Window(length=DAY))


def test_a_metric_that_cries_wolf_at_early_looks_only_isnt_trusted() -> None:
    """A lognormal month, an arm of one in twenty: the mean is normal by the last day, in the first weeks it is not."""
    rng = np.random.default_rng(6)
    early, late = 1_500, 3_000
    days = [(MONDAY + timedelta(days=7 * (one % 4))).date() for one in range(early)]
    days += [(MONDAY + timedelta(days=62)).date()] * late
    values = np.concatenate([np.exp(1.3 * rng.normal(size=early)), 30 * rng.normal(size=late)])[:, None]
    plan = Plan(spending=Spending(SpendingFamily.POCOCK))
    arms = (Arm("control", 0.95, control=True), Arm("new", 0.05))
    dealer = FakeDealer(values, {"user": range(early + late)}, days=days)

    found = only(aa(dealer, DAILY_COUNT, arms=arms, **exposed(plan=plan, measure_until=MONDAY + 70 * DAY)))

    assert found.looks is not None
    assert (found.alarms.verdict, found.looks.planned.verdict) == ("trusted", "inflated")
    assert (found.verdict, found.verdict_at, found.cause) == ("inflated", "any look", Cause.LOOKS)
    assert found.reason.startswith("at any of 5 looks the plan's bounds are crossed in 16.0% (13.1% to 19.2%)")
    assert "plan the first one later, or cap it" in found.cure


def test_bounds_that_hold_at_any_look_may_be_crossed_more_seldom_than_promised() -> None:
    rng = np.random.default_rng(6)
    days = [(MONDAY + timedelta(days=int(day))).date() for day in rng.integers(0, 63, 5_000)]
    dealer = FakeDealer(rng.normal(size=(5_000, 1)), {"user": range(5_000)}, days=days)
    plan = Plan(spending=AlwaysValid(tuned_for=5_000))

    found = only(aa(dealer, DAILY_COUNT, **exposed(plan=plan, measure_until=MONDAY + 70 * DAY)))

    assert found.looks is not None
    assert found.looks.planned.upper < 0.05
    assert (found.looks.planned.verdict, found.verdict, found.verdict_at) == ("trusted", "trusted", "both")


def test_a_metric_whose_windows_never_close_is_read_once() -> None:
    days = [(MONDAY + timedelta(days=one % 63)).date() for one in range(3_000)]
    dealer = FakeDealer(np.random.default_rng(1).normal(size=(3_000, 1)), {"user": range(3_000)}, days=days)
    metric = Metric(name="m", kind=Mean(FactValue("plays", Aggregate.COUNT)), entity="user")

    assert (
        only(aa(dealer, metric, **exposed(plan=Plan(spending=Spending()), measure_until=MONDAY + 70 * DAY))).looks
        is None
    )


@pytest.mark.parametrize(
    ("kind", "adjustment"),
    [
        (Mean(Y), None),
        (Mean(Y), Adjustment(covariates=("z",))),
        (Ratio(Y, Y), None),
        (Ratio(Y, Y), Adjustment(covariates=("z",))),
    ],
)
def test_a_deals_test_is_the_one_that_an_analysis_makes(kind: Any, adjustment: Adjustment | None) -> None:
    """From the units themselves, without buckets: Welch's test of the same arms, adjusted as the metric says."""
    rng = np.random.default_rng(9)
    z = rng.normal(size=400)
    own = [z + rng.normal(size=400), *([2 + rng.random(400)] if isinstance(kind, Ratio) else [])]
    rows = np.column_stack([*own, *([z] if adjustment else [])])
    places = rng.integers(0, 60, size=400)
    metric = Metric(name="m", kind=kind, adjustment=adjustment)
    arms = deals([str(one) for one in range(60)], runs=20)

    found = aa_tests(
        metric,
        Buckets.of(
            rows,
            [
                *places,
            ],
        ),
        arms,
        test=Test.WELCH,
        clustered=False,
    )

    assert found is not None
    for run in range(20):
        treatment, control = (Moments.of(rows[arm[run][places]]) for arm in arms)
        one = comparison(metric, treatment, control, everyone=[treatment, control], test=Test.WELCH)
        assert isinstance(one, Comparison)
        assert found.p_values[run] == pytest.approx(absolute(one.pair).p_value, rel=1e-6)


def test_unequal_arms_are_dealt_as_planned() -> None:
    arms = (Arm("control", 0.6, control=True), Arm("new", 0.1), Arm("newer", 0.3))

    found = aa(FakeDealer(np.random.default_rng(1).normal(size=(3_000, 1)), {"user": range(3_000)}), MEAN, arms=arms)

    assert found.shares == (0.1, 0.6)
    assert only(found).verdict == "trusted"


def test_a_metric_that_never_varies_is_left_out_with_the_reason() -> None:
    found = aa(FakeDealer(np.ones((500, 1)), {"user": range(500)}), MEAN)

    assert (found.metrics, found.untested) == (
        (),
        {"m": "no unit differs from any other, so no test could be made of it"},
    )


def test_the_seed_gives_the_same_again() -> None:
    dealer = FakeDealer(np.random.default_rng(1).normal(size=(600, 1)), {"user": range(600)})
    rates = [only(aa(dealer, MEAN, Deals(runs=300, seed=seed))).alarms.rate for seed in (3, 3, 4)]

    assert rates[0] == rates[1] != rates[2]


@pytest.mark.parametrize(("asked", "said"), [(Deals(runs=5), "5 A/A tests"), (Deals(seed=-1), "seed -1")])
def test_what_cant_be_asked_is_refused(asked: Deals, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        aa(FakeDealer(np.ones((10, 1)), {"user": range(10)}), MEAN, asked)


def test_an_experiment_of_quantiles_only_is_refused() -> None:
    with pytest.raises(Invalid, match="no metric of 'e' can be dealt"):
        aa(FakeDealer(np.ones((10, 1)), {"user": range(10)}), Metric(name="m", kind=Quantile(Y, 0.5)))
