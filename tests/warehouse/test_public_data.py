"""Public experiments, whose counts others have published."""

import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from twyman.app.ports import Cell, Cutoff, Measured, Question
from twyman.experiments.experiment import Arm, Entry, Experiment, Role, Tracked
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
    Retention,
    Window,
)
from twyman.metrics.source import (
    AggregateSource,
    DayColumn,
    ExposureSource,
    FactSource,
    Frame,
    Source,
    Table,
    Timestamp,
    UnitSource,
)
from twyman.warehouse.duckdb import DuckDB

DAY = timedelta(days=1)
Ask = Callable[..., Measured]


@pytest.fixture
def ask(shared: Path) -> Ask:
    def measured(
        *sources: Source, metrics: list[Metric], arms: tuple[str, str], cut: datetime | None = None, **more: Any
    ) -> Measured:
        experiment = Experiment(
            name="e",
            arms=(Arm("a", 0.5, control=True, value=arms[0]), Arm("b", 0.5, value=arms[1])),
            tracked=tuple(Tracked(metric=metric.name, role=Role.SUCCESS) for metric in metrics),
            source=sources[0].name,
            entity="user",
            **more,
        )
        catalogue = Catalogue(
            {"user": "integer"}, {one.name: one for one in sources}, {one.name: one for one in metrics}
        )
        question = Question(experiment=experiment, catalogue=catalogue, cutoff=cut and Cutoff(cut, cut))
        return DuckDB(shared / "data").measure(question)

    return measured


@pytest.mark.slow
def test_udacity_ab_data_is_as_dirty_as_everybody_found_it(ask: Ask) -> None:
    exposures = ExposureSource(
        name="pages",
        relation=Table("udacity_ab_data/ab_data.csv.gz"),
        entities={"user": "user_id"},
        timestamp=Timestamp("timestamp"),
        arm="group",
        where="(\"group\" = 'treatment') = (landing_page = 'new_page')",
    )
    facts = FactSource(
        name="conversions",
        relation=exposures.relation,
        entities={"user": "user_id"},
        timestamp=Timestamp("timestamp"),
        where="converted = 1 and (\"group\" = 'treatment') = (landing_page = 'new_page')",
    )
    metric = Metric(name="m", kind=Proportion(FactValue("conversions", Aggregate.COUNT)))
    cut = datetime(2017, 2, 1, tzinfo=UTC)
    found = ask(exposures, facts, metrics=[metric], arms=("control", "treatment"), cut=cut, entry=Entry.EXPOSURES)

    entrants = found.entrants
    assert (entrants.rows, sum(entrants.left_out.values()), entrants.units) == (294478, 3893, 290584)
    assert (entrants.in_two_arms, entrants.repeated) == (1895, 1)
    assert found.units == {"a": 145274, "b": 145310}
    assert [round(found.cells[Cell("m", arm)].means[0] * found.units[arm]) for arm in "ab"] == [17489, 17264]


def test_cdnow_customers_come_back_in_windows_of_whole_days(ask: Ask) -> None:
    purchases = Table("cdnow/cdnow.csv.gz")
    entered = ExposureSource(
        name="first",
        relation=purchases,
        entities={"user": "customer_id"},
        timestamp=Timestamp("date"),
        arm="case customer_id % 2 when 0 then 'a' else 'b' end",
    )
    bought = FactSource(
        name="bought",
        relation=purchases,
        entities={"user": "customer_id"},
        timestamp=Timestamp("date"),
        measures={"amount": "amount"},
    )
    back = {
        f"day_1_{last}": Metric(
            name=f"day_1_{last}", kind=Retention(FactValue("bought", Aggregate.COUNT)), window=Window(DAY, last * DAY)
        )
        for last in (7, 28, 90)
    }
    spend = Metric(name="spend", kind=Mean(FactValue("bought", Aggregate.SUM, "amount")))
    cut = datetime(1998, 7, 1, tzinfo=UTC)
    found = ask(entered, bought, metrics=[*back.values(), spend], arms=("a", "b"), cut=cut, entry=Entry.EXPOSURES)

    rates = {name: found.cells[Cell(name, "a")] + found.cells[Cell(name, "b")] for name in back}
    assert rates["day_1_7"].means[0] == pytest.approx(0.05871871022, rel=1e-9)
    assert rates["day_1_28"].means[0] == pytest.approx(0.1677980484, rel=1e-9)
    assert rates["day_1_90"].means[0] == pytest.approx(0.2921934663, rel=1e-9)
    assert (found.scanned[0].rows, found.scanned[0].units) == (69659, 23570)
    total = sum(one.count * one.means[0] for cell, one in found.cells.items() if cell.metric == "spend")
    assert total == pytest.approx(2500315.63)


def test_cdnow_covariate_is_the_spending_before(ask: Ask) -> None:
    customers = list(range(1, 23571))
    arms = ["b" if zlib.crc32(f"salt:{one}".encode()) % 2 else "a" for one in customers]
    entered = [datetime(1998, 1, 1)] * len(customers)  # noqa: DTZ001 - a day
    data = pa.table({"customer": customers, "arm": arms, "day": entered})
    exposures = ExposureSource(
        name="aa", relation=Frame(data), entities={"user": "customer"}, timestamp=Timestamp("day"), arm="arm"
    )
    bought = FactSource(
        name="bought",
        relation=Table("cdnow/cdnow.csv.gz"),
        entities={"user": "customer_id"},
        timestamp=Timestamp("date"),
    )
    before = Adjustment(datetime(1998, 1, 1) - datetime(1997, 4, 1))  # noqa: DTZ001 - as above
    spend = Metric(
        name="m",
        kind=Mean(FactValue("bought", Aggregate.SUM, "amount")),
        window=Window(length=90 * DAY),
        adjustment=before,
    )
    found = ask(
        exposures, bought, metrics=[spend], arms=("a", "b"), cut=datetime(1998, 7, 1, tzinfo=UTC), entry=Entry.EXPOSURES
    )

    treatment, control = found.cells[Cell("m", "b")], found.cells[Cell("m", "a")]
    both = treatment + control
    theta = both.products[0, 1] / both.products[1, 1]
    assert (treatment.means - control.means)[0] == pytest.approx(-0.9336197301, rel=1e-8)
    assert theta == pytest.approx(0.222402356, rel=1e-8)


def test_globox_conversions_on_the_day_of_joining(ask: Ask) -> None:
    groups = ExposureSource(
        name="groups",
        relation=Table("globox/groups.csv"),
        entities={"user": "uid"},
        timestamp=Timestamp("join_dt"),
        arm="group",
    )
    activity = FactSource(
        name="activity", relation=Table("globox/activity.csv"), entities={"user": "uid"}, timestamp=Timestamp("dt")
    )
    bought = FactValue("activity", Aggregate.COUNT)
    metrics = [
        Metric(name="day_0", kind=Proportion(bought), window=Window(length=DAY)),
        Metric(name="ever", kind=Proportion(bought)),
    ]
    found = ask(
        groups, activity, metrics=metrics, arms=("A", "B"), cut=datetime(2023, 2, 7, tzinfo=UTC), entry=Entry.EXPOSURES
    )

    assert found.units == {"a": 24343, "b": 24600}
    hits = {(cell.metric, cell.arm): round(one.count * one.means[0]) for cell, one in found.cells.items()}
    assert hits == {("day_0", "a"): 746, ("day_0", "b"): 902, ("ever", "a"): 955, ("ever", "b"): 1139}
    assert (found.scanned[0].rows, found.scanned[0].units) == (2233, 2094)


def test_homepage_clicks_are_of_visitors_not_of_events(ask: Ask) -> None:
    actions = Table("udacity_homepage_actions/homepage_actions.csv")
    seen = ExposureSource(
        name="seen", relation=actions, entities={"user": "id"}, timestamp=Timestamp("date"), arm="group"
    )
    clicks = FactSource(
        name="clicks", relation=actions, entities={"user": "id"}, timestamp=Timestamp("date"), where="action = 'click'"
    )
    metric = Metric(name="m", kind=Proportion(FactValue("clicks", Aggregate.COUNT)))
    cut = datetime(2018, 1, 1, tzinfo=UTC)
    found = ask(seen, clicks, metrics=[metric], arms=("control", "experiment"), cut=cut, entry=Entry.EXPOSURES)

    assert (found.entrants.rows, found.units) == (8188, {"a": 3332, "b": 2996})
    assert [round(found.cells[Cell("m", arm)].means[0] * found.units[arm]) for arm in "ab"] == [932, 928]


def test_adsmart_counts_its_broken_row_and_refuses_its_dates(ask: Ask) -> None:
    path, names = Table("adsmart/AdSmartABdata.csv"), ("control", "exposed")
    units = UnitSource(
        name="ads",
        relation=path,
        entities={"user": "auction_id"},
        arm="experiment",
        outcomes={"yes": "yes", "no": "no"},
    )
    aware = Metric(name="m", kind=Proportion(OutcomeValue("yes", where="yes = 1 or no = 1")))
    found = ask(units, metrics=[aware], arms=names, entry=Entry.UNITS)

    assert (found.entrants.rows, found.entrants.unknown_arms) == (8078, {"": 1})
    assert [found.cohorts["m", arm].measured for arm in "ab"] == [586, 657]
    dated = ExposureSource(
        name="ads", relation=path, entities={"user": "auction_id"}, timestamp=Timestamp("date"), arm="experiment"
    )
    with pytest.raises(Invalid, match="dates of column 'date' of 'ads' are ambiguous"):
        ask(dated, metrics=[], arms=names, entry=Entry.EXPOSURES)


def test_cookie_cats_has_one_player_who_stands_out(ask: Ask) -> None:
    outcomes = {"rounds": "sum_gamerounds", "back": "retention_7"}
    units = UnitSource(
        name="cats",
        relation=Table("cookie_cats/cookie_cats.csv"),
        entities={"user": "userid"},
        arm="version",
        outcomes=outcomes,
    )
    metrics = [
        Metric(name="rounds", kind=Mean(OutcomeValue("rounds"))),
        Metric(name="back", kind=Proportion(OutcomeValue("back"))),
    ]
    found = ask(units, metrics=metrics, arms=("gate_30", "gate_40"), entry=Entry.UNITS)

    assert found.extremes["rounds", "a"][0].values == (49854,)
    assert round(found.cells[Cell("back", "b")].means[0] * 45489) == 8279


def test_free_trial_has_fourteen_days_without_their_outcome(ask: Ask) -> None:
    file = "udacity_free_trial/Project_Results_{}.csv"
    trial = AggregateSource(
        name="trial",
        relations={name: Table(file.format(name)) for name in ("Control", "Experiment")},
        columns={"clicks": "Clicks", "enrolments": "Enrollments"},
        day=DayColumn("Date", "%a, %b %d", 2014),
        matured="Enrollments is not null",
        unit="clicks",
    )
    metric = Metric(name="m", kind=Proportion(OutcomeValue("enrolments")))
    found = ask(trial, metrics=[metric], arms=("Control", "Experiment"), entry=Entry.AGGREGATES)

    assert (found.days_matured, found.days_left_out, found.signs["m", "b"].higher) == (23, 14, 4)
    assert found.cells[Cell("m", "b")].means[0] - found.cells[Cell("m", "a")].means[0] == pytest.approx(-0.02055487458)
