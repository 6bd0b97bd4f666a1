"""Two paths from the same rows to the same numbers: whatever the rows, they agree, or one of them has a fault."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, event, given, settings, strategies as st

from twyman.app.agreement import Agreement, agreement
from twyman.app.ports import Cutoff, Question
from twyman.app.recomputation import Recomputed
from twyman.experiments.experiment import Arm, Entry, Experiment, Role, Tracked
from twyman.kernel.errors import Invalid
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import (
    Adjustment,
    Aggregate,
    Bound,
    Cap,
    Cohort,
    Comparator,
    FactValue,
    Mean,
    Metric,
    Missing,
    Proportion,
    Ratio,
    Retention,
    Window,
)
from twyman.metrics.source import AttributeSource, ExposureSource, FactSource, Frame, Grain, Timestamp
from twyman.warehouse.connectors.duckdb import DuckDBConnector
from twyman.warehouse.duckdb import DuckDB
from twyman.warehouse.naive.recompute import NaiveRecomputation

NOON = datetime(2024, 3, 4, 12, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
START = datetime(2024, 3, 8)  # noqa: DTZ001 - clocks on the wall go forward in New York two nights later
AUTUMN = datetime(2024, 11, 1)  # noqa: DTZ001 - and back here
ZONES = ("UTC", "America/New_York", "Pacific/Auckland", "Australia/Lord_Howe")
ARMS = (Arm("control", 0.5, control=True), Arm("treatment", 0.3, value="B"), Arm("other", 0.2))


def compared(question: Question) -> tuple[Agreement, Recomputed]:
    measured = DuckDB().measure(question)
    recomputed = NaiveRecomputation(DuckDBConnector()).recompute(question)
    return agreement(measured, recomputed), recomputed


def assert_agree(question: Question) -> None:
    try:
        found, recomputed = compared(question)
    except Invalid as error:
        event(error.message[:24])
        return
    for left_out in recomputed.unverified:
        event(left_out.why[:40])
    assert not found.disagreements, found.disagreements[:5]
    assert found.numbers or recomputed.unverified


def table(schema: Mapping[str, pa.DataType], rows: list[tuple[Any, ...]]) -> Frame:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    kinds = schema.items()
    return Frame(pa.table({name: pa.array(list(one), kind) for (name, kind), one in zip(kinds, columns, strict=True)}))


offsets = st.integers(0, 4 * 24 * 5).map(lambda quarters: quarters * HOUR / 4)
"""Times as they lie after the season's start, to the quarter of an hour: ties are many."""
ids = st.one_of(st.integers(1, 8), st.none())
arms = st.sampled_from(["control", "B", "B", "control", "other", "stray", "", None])
exposure_rows = st.lists(
    st.tuples(ids, arms, st.one_of(offsets, st.none()), st.sampled_from([True, True, True, False, None])),
    min_size=1,
    max_size=14,
)
amounts = st.one_of(st.none(), st.integers(-3, 9).map(float), st.floats(-1e6, 1e6), st.sampled_from([1e9 + 0.1, 0.0]))
fact_rows = st.lists(
    st.tuples(
        ids,
        st.one_of(offsets, st.none()),
        amounts,
        st.one_of(st.none(), st.integers(0, 5)),
        st.sampled_from(["web", "app", None]),
        st.one_of(st.none(), offsets),
    ),
    max_size=30,
)
attribute_rows = st.lists(
    st.tuples(
        ids,
        st.one_of(offsets, st.none()),
        st.sampled_from(["NZ", "SE", None, 'a"b']),
        st.one_of(st.none(), st.integers(0, 9)),
    ),
    max_size=12,
)
WHERES = (
    None,
    "n > 1",
    "place = 'web' or ms < 0",
    "not (n between 1 and 3)",
    "coalesce(place, 'x') <> 'app'",
    "n in (1, 2, null)",
    "ms / 2 > n - 1",
    "date_trunc('day', at) >= '2024-03-10'",
    "extract(hour from at) % 2 = 0",
    "upper(place) like 'W%' and n is not null",
    "big",
)
COLUMNS = (None, "ms", "n", "seconds", "big", "abs(ms) + n", "n // 2", "case when n > 2 then n else ms end")


@st.composite
def fact_values(draw: st.DrawFn) -> FactValue:
    aggregate = draw(st.sampled_from([one for one in Aggregate if one != "each"]))
    column = draw(st.sampled_from(COLUMNS if aggregate is Aggregate.COUNT else COLUMNS[1:]))
    return FactValue(
        "plays",
        aggregate,
        column,
        draw(st.sampled_from(WHERES)),
        draw(st.sampled_from([1.0, 1.0, 1 / 60, -2.0])),
    )


adjustments = st.builds(
    Adjustment,
    window=st.sampled_from([DAY, 2 * DAY, 36 * HOUR]),
    covariates=st.sampled_from([(), ("plain",)]),
    attributes=st.sampled_from([(), ("age",), ("people.young",)]),
)


@st.composite
def metrics(draw: st.DrawFn, name: str = "m") -> Metric:
    kinds = (
        st.builds(Mean, fact_values()),
        st.builds(Proportion, fact_values()),
        st.builds(Ratio, fact_values(), fact_values()),
        st.builds(Retention, fact_values()),
        st.builds(
            Proportion, fact_values(), st.builds(Bound, st.sampled_from(Comparator), st.sampled_from([0, 1.0, 2.5]))
        ),
    )
    return Metric(
        name=name,
        kind=draw(st.one_of(*kinds)),
        window=draw(
            st.builds(
                Window, after=st.sampled_from([0 * DAY, DAY]), length=st.sampled_from([None, DAY, 7 * HOUR, 2 * DAY])
            )
        ),
        cohort=draw(st.sampled_from(Cohort)),
        missing=draw(st.sampled_from(Missing)),
        cap=draw(st.sampled_from([None, None, Cap(percentile=90), Cap(percentile=37.5), Cap(limit=2.5)])),
        adjustment=draw(st.one_of(st.none(), adjustments)),
    )


PLAIN = Metric(name="plain", kind=Mean(FactValue("plays", Aggregate.SUM, "n")), cap=Cap(limit=4))


@st.composite
def questions(draw: st.DrawFn) -> Question:
    zone, season = draw(st.sampled_from(ZONES)), draw(st.sampled_from([START, AUTUMN]))

    def dated(offset: timedelta | None, kind: pa.DataType) -> Any:
        moment = None if offset is None else season + offset
        return moment.date() if moment is not None and pa.types.is_date(kind) else moment

    count = draw(st.sampled_from([2, 3]))
    known = [arm.value or arm.name for arm in ARMS[:count]]
    base = [(1, "control", HOUR, True), (2, "B", 30 * HOUR, True), (3, "control", 50 * HOUR, True)]
    wall = draw(st.sampled_from([pa.timestamp("us"), pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.date32()]))
    exposure_wall = draw(st.sampled_from([pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.date32()]))
    exposures = ExposureSource(
        name="exposures",
        relation=table(
            {"user_id": pa.int64(), "arm": pa.string(), "at": exposure_wall, "kept": pa.bool_()},
            [
                (unit if unit is None or arm in known else unit + 50, arm, dated(at, exposure_wall), kept)
                for unit, arm, at, kept in [*base, *draw(exposure_rows)]
            ],
        ),
        entities={"user": "user_id"},
        timestamp=Timestamp("at", draw(st.sampled_from([Grain.INSTANT, Grain.INSTANT, Grain.DAY]))),
        arm="arm",
        where=draw(st.sampled_from([None, None, "kept", "kept is not false and user_id < 8"])),
    )
    text_ids = draw(st.booleans())
    kind = pa.string() if text_ids else pa.int64()
    id_of = (lambda unit: None if unit is None else str(unit)) if text_ids else (lambda unit: unit)
    facts = FactSource(
        name="plays",
        relation=table(
            {
                "user": kind,
                "at": wall,
                "ms": pa.float64(),
                "n": pa.int32(),
                "place": pa.string(),
                "loaded": pa.timestamp("us"),
            },
            [
                (id_of(unit), dated(at, wall), *rest, dated(loaded, pa.timestamp("us")))
                for unit, at, *rest, loaded in draw(fact_rows)
            ],
        ),
        entities={"user": "user"},
        timestamp=Timestamp("at", draw(st.sampled_from([Grain.INSTANT, Grain.INSTANT, Grain.DAY]))),
        arrived=draw(st.sampled_from([None, None, "loaded"])),
        measures={"seconds": "ms / 1000", "big": "ms > 2"},
        where=draw(st.sampled_from([None, None, "n is distinct from 3", "place <> 'app'"])),
    )
    people = AttributeSource(
        name="people",
        relation=table(
            {"id": pa.int64(), "since": pa.timestamp("us"), "country": pa.string(), "age": pa.int32()},
            [(unit, dated(since, pa.timestamp("us")), *rest) for unit, since, *rest in draw(attribute_rows)],
        ),
        entities={"user": "id"},
        timestamp=draw(st.sampled_from([None, Timestamp("since")])),
        columns={"country": "country", "age": "age", "young": "age < 5", "new": "since > exposed_at - interval 2 day"},
    )
    followed = [draw(metrics()), PLAIN]
    cutoff = season.replace(tzinfo=UTC) + draw(st.sampled_from([3, 5, 400])) * DAY
    experiment = Experiment(
        name="e",
        arms=_shared(count),
        tracked=tuple(Tracked(metric=metric.name, role=Role.SUCCESS) for metric in followed),
        entry=Entry.EXPOSURES,
        source="exposures",
        entity="user",
        enrol_from=None
        if exposures.timestamp.grain is Grain.DAY or pa.types.is_date(exposure_wall)
        else draw(st.sampled_from([None, None, season.replace(tzinfo=UTC) + 20 * HOUR])),
        strata=draw(st.sampled_from([(), ("country",), ("country", "young")])),
        dimensions=draw(st.sampled_from([(), ("country",), ("new", "country")])),
    )
    return Question(
        experiment=experiment,
        catalogue=Catalogue(
            {"user": "integer"},
            {"exposures": exposures, "plays": facts, "people": people},
            {metric.name: metric for metric in followed},
        ),
        zone=zone,
        cutoff=Cutoff(cutoff, cutoff + draw(st.sampled_from([0, 1])) * DAY),
    )


def _shared(count: int) -> tuple[Arm, ...]:
    return tuple(replace(arm, share=1 / count) for arm in ARMS[:count])


def test_a_row_of_an_unknown_arm_is_no_first_exposure(scene: Any, metric: Any) -> None:
    exposed = [(1, "stray", NOON - 2 * DAY), (1, "treatment", NOON), (2, "control", NOON)]
    found, _ = compared(scene(exposed, [(1, NOON - DAY, 1.0)], (metric(),)).question())

    assert not found.disagreements


def test_facts_of_the_day_count_where_enrolment_begins_at_noon(scene: Any, metric: Any) -> None:
    exposed = [(1, "treatment", NOON + HOUR), (2, "control", NOON + HOUR)]
    by_day = {"timestamp": Timestamp("at", Grain.DAY)}
    one = scene(exposed, [(1, NOON - HOUR, 1.0)], (metric(),), exposures=by_day, experiment={"enrol_from": NOON})
    found, _ = compared(one.question())

    assert not found.disagreements


QUICK = settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
LONG = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


@QUICK
@given(questions())
def test_the_statement_and_the_rows_agree(question: Question) -> None:
    assert_agree(question)


@pytest.mark.slow
@LONG
@given(questions())
def test_the_statement_and_the_rows_agree_on_many_tables(question: Question) -> None:
    assert_agree(question)
