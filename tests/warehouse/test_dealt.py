"""Units dealt to buckets by the warehouse: whose they are, what is in them, and that nothing else leaves it."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import md5
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import sqlglot
from scipy.stats import skew
from sqlglot import exp
from tests.warehouse.test_clusters import HOMES, PLAYS, drawn, values_of
from tests.warehouse.test_golden import DESCRIBED, GOLDEN, TABLES, in_tables, question as asked

from twyman.app.ports import Dealt
from twyman.experiments.experiment import Entry
from twyman.kernel.errors import Invalid
from twyman.metrics.metric import Aggregate, Mean, Metric, OutcomeValue, Ratio, Window
from twyman.metrics.source import Frame, UnitSource
from twyman.stats.moments import Moments
from twyman.warehouse.connectors.described import DescribedConnector
from twyman.warehouse.connectors.duckdb import DuckDBConnector
from twyman.warehouse.duckdb import DuckDB
from twyman.warehouse.engine import Engine
from twyman.warehouse.statement.dealt import compiled_dealing

NOON = datetime(2024, 3, 4, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEK = Window(length=7 * DAY)


def bucket(unit: object) -> str:
    return md5(str(unit).encode()).hexdigest()[:3]  # noqa: S324 - a bucket, not a secret


def dealt(scene: Any, **options: Any) -> Dealt:
    return DuckDB().dealt(scene.question(), **options)


def in_bucket(found: Dealt, label: str, metric: str = "m") -> Moments:
    wanted = np.array([[one == label for one in found.labels]])
    return found.buckets[metric][0].dealt(wanted)[0]


@pytest.fixture
def many(scene: Callable[..., Any], metric: Callable[..., Metric], count_of: Any) -> Any:
    """Two hundred users over three days, some of whom played."""
    rng = np.random.default_rng(5)
    exposed = [(i, ("control", "treatment")[i % 2], NOON + timedelta(days=i % 3)) for i in range(200)]
    played = [(int(i), NOON + timedelta(days=3, minutes=n), float(rng.integers(1, 900)))
              for n, i in enumerate(rng.integers(0, 200, 600))]  # fmt: skip
    seconds = count_of(Aggregate.SUM, "ms")
    ratio = replace(metric(), name="r", kind=Ratio(seconds, count_of()), window=WEEK)
    return scene(exposed, played, (metric(seconds, window=WEEK), ratio))


def test_buckets_hold_the_units_that_their_hash_names(scene: Any, metric: Any, count_of: Any) -> None:
    exposed = [(i, "control", NOON) for i in (1, 2, 3)]

    found = dealt(scene(exposed, [(2, NOON + HOUR, 4.0)], (metric(count_of(Aggregate.SUM, "ms"), window=WEEK),)))

    assert found.labels == tuple(sorted(bucket(i) for i in (1, 2, 3)))
    assert [in_bucket(found, bucket(i)).means.tolist() for i in (1, 2, 3)] == [[0.0], [4.0], [0.0]]
    assert (found.of, found.units, found.groups, found.days) == ("user", 3, 3, (None,))


def test_all_buckets_are_the_units_of_the_analysis(many: Any) -> None:
    found, measured = dealt(many, by_day=True), many.measure()

    for name in ("m", "r"):
        everyone = sum((one.pooled() for one in found.buckets[name]), start=Moments.empty(len(found.columns[name])))
        arms = [measured.cells[cell] for cell in measured.cells if cell.metric == name and not cell.dimension]
        assert everyone.count == 200
        assert everyone.means == pytest.approx((arms[0] + arms[1]).means, rel=1e-12)
        assert everyone.products == pytest.approx((arms[0] + arms[1]).products, rel=1e-9)


def test_days_of_exposure_are_told_apart(many: Any) -> None:
    found = dealt(many, by_day=True)

    assert found.days == tuple((NOON + timedelta(days=day)).date() for day in range(3))
    assert [one.pooled().count for one in found.buckets["m"]] == [67, 67, 66]


def test_skewness_is_that_of_units(many: Any) -> None:
    values: dict[int, list[float]] = {i: [0.0, 0.0] for i in range(200)}
    for unit, _, length in many.played:
        values[unit][0] += length
        values[unit][1] += 1
    y, x = np.array([*values.values()]).T

    found = dealt(many)

    assert found.skew["m"] == pytest.approx(skew(y), rel=1e-9)
    assert found.skew["r"] == pytest.approx(skew(y - y.sum() / x.sum() * x), rel=1e-9)


def test_rows_alike_in_unit_instant_and_measures_are_counted(scene: Any, metric: Any) -> None:
    once, again = (1, NOON + HOUR, 3.0), (1, NOON + HOUR, 4.0)

    found = dealt(scene([(1, "control", NOON)], [once, once, once, again], (metric(window=WEEK),)))

    assert (found.repeats["plays"].rows, found.repeats["plays"].repeated) == (4, 2)


def homes(metric: Metric, **more: Any) -> tuple[UnitSource, Metric]:
    table = {"id": [1, 2, 3, 4], "home": ["a", "a", "b", "b"], "arm": ["control", "treatment"] * 2, "y": [1.0, 2, 3, 4]}
    source = UnitSource(
        name="people",
        relation=Frame(pa.table(table)),
        entities={"user": "id", "household": "home"},
        arm="arm",
        outcomes={"y": "y"},
        **more,
    )
    return source, replace(metric, kind=Mean(OutcomeValue("y")))


def test_who_shares_an_id_shares_a_bucket_in_a_table_of_units(scene: Any, metric: Any) -> None:
    source, of_y = homes(metric())
    lined = scene(metrics=(of_y,), sources={"people": source}, cutoff=None,
                  experiment={"entry": Entry.UNITS, "source": "people"})  # fmt: skip

    found = dealt(lined, by="household")

    assert (found.of, found.units, found.groups) == ("household", 4, 2)
    assert in_bucket(found, bucket("a")).means.tolist() == [1.5]


def test_who_shares_an_id_shares_a_bucket_whatever_arm_each_met(scene: Any, metric: Any, count_of: Any) -> None:
    """Users were drawn one by one, so both arms are in a household: nobody is left out for it."""
    met = [(1, "a", "control", NOON), (2, "a", "treatment", NOON), (3, "b", "control", NOON), (4, "c", "other", NOON)]
    exposures = {
        "relation": values_of("user_id, home, arm, at", met), "entities": {"user": "user_id", "household": "home"}
    }  # fmt: skip
    lined = scene(
        [], [(1, NOON + HOUR, 6.0)], (metric(count_of(Aggregate.SUM, "ms"), window=WEEK),), exposures=exposures
    )

    found = dealt(lined, by="household")

    assert (found.units, found.groups) == (3, 2)
    assert (in_bucket(found, bucket("a")).count, in_bucket(found, bucket("a")).means.tolist()) == (2, [3.0])


def test_where_households_were_drawn_they_are_dealt_with_their_sums(scene: Any, metric: Any, count_of: Any) -> None:
    lined = drawn(scene, HOMES, PLAYS, (metric(count_of(Aggregate.SUM, "ms")),))

    found = dealt(lined)

    assert (found.of, found.units, found.columns["m"]) == ("household", 4, ("value", "size"))
    assert in_bucket(found, bucket("c")).means.tolist() == [8.0, 2.0]


def test_an_id_that_nobody_holds_is_refused(scene: Any, metric: Any) -> None:
    with pytest.raises(Invalid, match="household"):
        dealt(scene([(1, "control", NOON)], [], (metric(window=WEEK),)), by="household")


def test_nobody_who_counts_is_refused(scene: Any, metric: Any) -> None:
    with pytest.raises(Invalid, match="no unit of 'exposures' counts"):
        dealt(scene([(1, "somewhere else", NOON)], [(1, NOON, 1.0)], (metric(window=WEEK),)))


def test_no_id_leaves_the_warehouse(many: Any) -> None:
    engine = Engine(DuckDBConnector(Path()))
    rows = engine.answer(compiled_dealing(engine, many.question()).query)

    assert {name for row in rows for name, value in row.items() if value is not None} == {
        "part", "bucket", "units", "moments", "groups", "source", "rows",
    }  # fmt: skip
    assert {name for row in rows if row.get("moments") for name in row["moments"]["m"]} == {
        "count", "means", "covariances", "cubes",
    }  # fmt: skip


@pytest.mark.parametrize("engine", DESCRIBED)
@pytest.mark.parametrize("case", ["mean_capped_with_cuped", "units"])
def test_every_engine_has_a_form_of_it(engine: str, case: str) -> None:
    tables = {name: dict(one.strip().split(" ", 1) for one in held.split(",")) for name, held in TABLES.items()}
    session = Engine(DescribedConnector(DESCRIBED[engine], tables))

    statements = session.script(compiled_dealing(session, asked(case, in_tables()), by_day=True).query)

    read = [one for sql in statements for one in sqlglot.parse(sql, dialect=DESCRIBED[engine].printer)]
    assert all(isinstance(one, exp.Query) and not list(one.find_all(exp.Command)) for one in read)
    file = GOLDEN / engine / f"dealt_{case}.sql"
    text = f"-- test: {Path(__file__).name}  engine: {engine}\n" + ";\n".join(statements) + "\n"
    if os.environ.get("GOLDEN") == "rewrite":
        file.write_text(text)
    assert file.read_text() == text
