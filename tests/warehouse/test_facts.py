"""Which facts count for a unit, and what number they become."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from twyman.app.ports import Cell, Cohort
from twyman.kernel.errors import Invalid
from twyman.metrics.metric import (
    Adjustment,
    Aggregate,
    Cap,
    Cohort as CohortKind,
    FactValue,
    Mean,
    Metric,
    Missing,
    OutcomeValue,
    Proportion,
    Ratio,
    Retention,
    Window,
)
from twyman.metrics.source import Grain, Query, Timestamp
from twyman.warehouse.duckdb import DuckDB

NOON = datetime(2024, 3, 4, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEK = Window(length=7 * DAY)
ONE = [(1, "treatment", NOON)]
HOURS = st.integers(-24 * 20, 24 * 20)


def test_a_window_is_half_open_and_starts_at_the_exposure(scene: Any, metric: Any) -> None:
    facts = [(1, NOON - HOUR / 3600), (1, NOON), (1, NOON + 7 * DAY - HOUR), (1, NOON + 7 * DAY)]

    assert scene(ONE, facts, (metric(window=WEEK),)).values() == (1, 2)


def test_a_window_may_skip_the_first_day(scene: Any, metric: Any) -> None:
    facts = [(1, NOON + HOUR), (1, NOON + DAY), (1, NOON + 8 * DAY - HOUR), (1, NOON + 8 * DAY)]

    assert scene(ONE, facts, (metric(window=Window(DAY, 7 * DAY)),)).values() == (1, 2)


@pytest.mark.parametrize("length", [timedelta(days=20, seconds=1), timedelta(microseconds=1500000), 36 * HOUR])
def test_a_window_has_any_length_to_the_microsecond(scene: Any, metric: Any, length: timedelta) -> None:
    facts = [(1, NOON + length - timedelta(microseconds=1)), (1, NOON + length)]

    assert scene(ONE, facts, (metric(window=Window(length=length)),)).values() == (1, 1)


def test_a_closed_cohort_takes_units_whose_window_is_over(scene: Any, metric: Any) -> None:
    rows = [*ONE, (2, "treatment", NOON + HOUR), (3, "control", NOON)]
    found = scene(rows, [], (metric(window=WEEK),), cutoff=NOON + 7 * DAY).measure()

    assert found.cohorts["m", "treatment"] == Cohort(entered=2, matured=1, measured=1)


def test_an_open_cohort_takes_everyone_so_far(scene: Any, metric: Any) -> None:
    rows = [*ONE, (2, "treatment", NOON + HOUR)]
    growing = metric(window=WEEK, cohort=CohortKind.OPEN)

    assert scene(rows, [(2, NOON + 2 * HOUR)], (growing,), cutoff=NOON + DAY).values() == (2, 1)


def test_without_a_window_facts_count_until_the_cut_off(scene: Any, metric: Any) -> None:
    facts = [(1, NOON + 5 * DAY - HOUR), (1, NOON + 5 * DAY)]
    found = scene(ONE, facts, (metric(),), cutoff=NOON + 5 * DAY)

    assert found.values() == (1, 1)
    assert found.measure().scanned[0].after_cutoff == 1


def test_a_fact_that_arrived_after_the_cut_off_belongs_to_the_next_look(scene: Any, metric: Any) -> None:
    facts = [(1, NOON + HOUR, 1.0, NOON + 2 * HOUR), (1, NOON + HOUR, 1.0, NOON + 3 * DAY)]
    look = scene(ONE, facts, (metric(),), facts={"arrived": "loaded"}, cutoff=NOON + DAY, arrivals=NOON + 2 * DAY)

    assert look.values() == (1, 1)
    assert (look.measure().scanned[0].rows, look.measure().scanned[0].late) == (1, 1)


@pytest.mark.parametrize(
    ("aggregate", "column", "expected"),
    [
        (Aggregate.SUM, "ms", 9),
        (Aggregate.SUM, "seconds", 0.009),
        (Aggregate.COUNT, None, 4),
        (Aggregate.COUNT, "ms", 3),
        (Aggregate.COUNT_DISTINCT, "ms", 2),
        (Aggregate.MIN, "ms", 2),
        (Aggregate.MAX, "ms", 5),
        (Aggregate.FIRST, "ms", 5),
        (Aggregate.LAST, "ms", 2),
        (Aggregate.SUM, "ms > 2", 1),
    ],
)
def test_facts_become_a_number(
    scene: Any, metric: Any, count_of: Any, aggregate: Any, column: Any, expected: Any
) -> None:
    facts = [(1, NOON + 2 * HOUR, 2.0), (1, NOON, 5.0), (1, NOON + 3 * HOUR, 2.0), (1, NOON + 4 * HOUR, None)]

    assert scene(ONE, facts, (metric(count_of(aggregate, column)),)).values() == (1, expected)


def test_a_value_has_a_filter_and_a_scale_and_its_source_has_another_filter(
    scene: Any, metric: Any, count_of: Any
) -> None:
    facts = [(1, NOON, 1000.0), (1, NOON, 5000.0), (1, NOON, 60000.0)]
    value = count_of(Aggregate.SUM, "seconds", where="seconds > 2", scale=1 / 60)

    assert scene(ONE, facts, (metric(value),)).values() == (1, round(65 / 60, 6))
    assert scene(ONE, facts, (metric(value),), facts={"where": "ms < 60000"}).values() == (1, round(5 / 60, 6))


def test_a_unit_without_facts_counts_as_zero_unless_dropped(scene: Any, metric: Any, count_of: Any) -> None:
    rows = [*ONE, (2, "treatment", NOON), (3, "treatment", NOON)]
    facts = [(1, NOON, 4.0), (3, NOON, None)]
    value = count_of(Aggregate.SUM, "ms")

    assert scene(rows, facts, (metric(value),)).values() == (3, 4)
    assert scene(rows, facts, (metric(value, missing=Missing.DROP),)).values() == (1, 4)


def test_a_proportion_asks_for_one_fact_that_counts(scene: Any, count_of: Any) -> None:
    rows = [*ONE, (2, "treatment", NOON), (3, "treatment", NOON)]
    facts = [(1, NOON, 5.0), (1, NOON, 6.0), (2, NOON, 0.0)]
    any_play = Metric(name="m", kind=Proportion(count_of()))
    some_time = Metric(name="m", kind=Proportion(count_of(Aggregate.SUM, "ms")))
    dropping = Metric(name="m", kind=Proportion(count_of(where="ms > 5")), missing=Missing.DROP)

    assert scene(rows, facts, (any_play,)).values() == (3, 2)
    assert scene(rows, facts, (some_time,)).values() == (3, 1)
    assert scene(rows, facts, (dropping,)).values() == (2, 1)


def test_retention_asks_for_a_fact_in_a_late_window(scene: Any, count_of: Any) -> None:
    rows = [*ONE, (2, "treatment", NOON)]
    stayed = Metric(name="m", kind=Retention(count_of()), window=Window(21 * DAY, 7 * DAY))

    assert scene(rows, [(1, NOON + 21 * DAY), (2, NOON + 28 * DAY)], (stayed,)).values() == (2, 1)


def test_a_ratio_keeps_numerator_and_denominator_of_each_unit(scene: Any, count_of: Any) -> None:
    rows = [*ONE, (2, "treatment", NOON)]
    facts = [(1, NOON, 4.0), (1, NOON, 6.0), (2, NOON, 2.0)]
    found = scene(rows, facts, (Metric(name="m", kind=Ratio(count_of(Aggregate.SUM, "ms"), count_of())),)).measure()

    moments = found.cells[Cell("m", "treatment")]
    assert found.columns["m"] == ("numerator", "denominator")
    assert moments.means.tolist() == [6, 1.5]
    assert moments.products.tolist() == [[32, 4], [4, 0.5]]


def test_a_fixed_cap_limits_the_value_and_its_covariate(scene: Any, metric: Any, count_of: Any) -> None:
    facts = [(1, NOON, 900.0), (1, NOON - HOUR, 700.0)]
    capped = metric(count_of(Aggregate.SUM, "ms"), cap=Cap(limit=600), adjustment=Adjustment(7 * DAY))
    found = scene(ONE, facts, (capped,)).measure()

    assert found.cells[Cell("m", "treatment")].means.tolist() == [600, 600]
    assert found.caps == {"m": 600}


@settings(max_examples=20, deadline=None)
@given(values=st.lists(st.integers(1, 1000), min_size=4, max_size=20), percentile=st.sampled_from([50, 90, 99.9]))
def test_a_percentile_cap_is_one_threshold_over_all_arms_zeros_included(
    scene: Any, metric: Any, count_of: Any, values: Any, percentile: Any
) -> None:
    rows = [(user, "control" if user % 2 else "treatment", NOON) for user in range(len(values) + 1)]
    facts = [(user, NOON, float(value)) for user, value in enumerate(values)]
    facts += [(user, NOON - HOUR, float(2 * value)) for user, value in enumerate(values)]
    capped = metric(count_of(Aggregate.SUM, "ms"), cap=Cap(percentile=percentile), adjustment=Adjustment(DAY))
    found = scene(rows, facts, (capped,)).measure()

    everyone = np.array([*values, 0], dtype=float)
    threshold = np.percentile(everyone, percentile)
    expected = np.minimum(everyone[1::2], threshold)
    moments = found.cells[Cell("m", "control")]
    assert found.caps["m"] == pytest.approx(threshold)
    assert moments.means == pytest.approx([expected.mean(), 2 * expected.mean()])
    assert moments.products[0, 0] == pytest.approx(((expected - expected.mean()) ** 2).sum(), abs=1e-6)


def test_a_covariate_is_the_same_value_over_the_window_before(scene: Any, metric: Any) -> None:
    facts = [(1, NOON - 15 * DAY), (1, NOON - 14 * DAY), (1, NOON - HOUR), (1, NOON), (1, NOON + HOUR)]
    found = scene(ONE, facts, (metric(adjustment=Adjustment(14 * DAY)),)).measure()

    assert found.columns["m"] == ("value", "pre 14d")
    assert found.cells[Cell("m", "treatment")].means.tolist() == [2, 2]


def test_a_covariate_window_ends_before_the_day_where_exposures_are_days(scene: Any, metric: Any) -> None:
    facts = [(1, NOON - HOUR), (1, NOON - 12 * HOUR), (1, NOON - 13 * HOUR)]
    by_day = {"timestamp": Timestamp("at", Grain.DAY)}
    found = scene(ONE, facts, (metric(adjustment=Adjustment(DAY)),), exposures=by_day).measure()

    assert found.cells[Cell("m", "treatment")].means.tolist() == [2, 1]


def test_facts_known_to_the_day_count_from_the_day_of_exposure(scene: Any, metric: Any) -> None:
    facts = [(1, NOON - 12 * HOUR), (1, NOON - 36 * HOUR)]
    by_day = {"timestamp": Timestamp("cast(at as date)")}
    found = scene(ONE, facts, (metric(adjustment=Adjustment(2 * DAY)),), facts=by_day).measure()

    assert found.cells[Cell("m", "treatment")].means.tolist() == [1, 1]


def test_other_metrics_can_be_covariates_with_their_own_filters(scene: Any, metric: Any, count_of: Any) -> None:
    other = Metric(name="long", kind=Mean(count_of(Aggregate.SUM, "ms", where="ms > 2")), cap=Cap(limit=8))
    mine = metric(adjustment=Adjustment(DAY, covariates=("long",)))
    facts = [(1, NOON - HOUR, 2.0), (1, NOON - HOUR, 9.0), (1, NOON, 4.0)]
    found = scene(ONE, facts, (mine, other)).measure()

    assert found.columns["m"] == ("value", "pre 1d", "long pre 1d")
    assert found.cells[Cell("m", "treatment")].means.tolist() == [1, 2, 8]


def test_a_ratio_has_two_covariates_and_a_share_has_a_truth(scene: Any, count_of: Any) -> None:
    ratio = Metric(name="r", kind=Ratio(count_of(Aggregate.SUM, "ms"), count_of()), adjustment=Adjustment(DAY))
    share = Metric(name="s", kind=Proportion(count_of()), adjustment=Adjustment(DAY))
    found = scene(ONE, [(1, NOON - HOUR, 3.0), (1, NOON - HOUR, 4.0)], (ratio, share)).measure()

    assert found.columns["r"] == ("numerator", "denominator", "numerator pre 1d", "denominator pre 1d")
    assert found.cells[Cell("r", "treatment")].means.tolist() == [0, 0, 7, 2]
    assert found.cells[Cell("s", "treatment")].means.tolist() == [0, 1]


def test_a_missing_covariate_without_an_honest_zero_is_flagged(scene: Any, metric: Any, count_of: Any) -> None:
    rows = [*ONE, (2, "treatment", NOON)]
    lowest = metric(count_of(Aggregate.MIN, "ms"), adjustment=Adjustment(DAY))
    found = scene(rows, [(1, NOON - HOUR, 3.0), (1, NOON, 2.0), (2, NOON, 2.0)], (lowest,)).measure()

    assert found.columns["m"] == ("value", "pre 1d", "pre 1d is missing")
    assert found.cells[Cell("m", "treatment")].means.tolist() == [2, 1.5, 0.5]


@settings(max_examples=40, deadline=None)
@given(
    exposed=st.lists(st.integers(0, 200), min_size=2, max_size=6),
    facts=st.lists(st.tuples(st.integers(0, 5), HOURS, st.integers(-5, 9)), max_size=30),
    after=st.integers(0, 48),
    length=st.integers(1, 200),
    cut=st.integers(100, 480),
)
def test_values_are_what_naive_python_sums(
    scene: Any, metric: Any, count_of: Any, exposed: Any, facts: Any, after: Any, length: Any, cut: Any
) -> None:
    rows = [(user, ("control", "treatment")[user % 2], NOON + hour * HOUR) for user, hour in enumerate(exposed)]
    given_facts = [(user, NOON + hour * HOUR, float(value)) for user, hour, value in facts]
    window, cutoff = Window(after * HOUR, length * HOUR), NOON + cut * HOUR
    summed = metric(count_of(Aggregate.SUM, "ms"), window=window, adjustment=Adjustment(5 * DAY))
    found = scene(rows, given_facts, (summed,), cutoff=cutoff)
    entered = [hour for hour in exposed if hour < cut]

    for arm, parity in (("control", 0), ("treatment", 1)):
        expected = np.array(
            [
                _sums(user, hour, facts, after, length, cut)
                for user, hour in enumerate(exposed)
                if user % 2 == parity and hour + after + length <= cut
            ]
        ).reshape(-1, 2)
        if not entered:
            return
        moments = found.moments(arm)
        assert moments.count == len(expected)
        if len(expected):
            centred = expected - expected.mean(axis=0)
            assert moments.means == pytest.approx(expected.mean(axis=0), abs=1e-9)
            assert moments.products == pytest.approx(centred.T @ centred, abs=1e-9)


def _sums(
    user: int, hour: int, facts: Sequence[tuple[int, int, int]], after: int, length: int, cut: int
) -> list[float]:
    mine = [(at, value) for other, at, value in facts if other == user and at < cut]
    own = sum(value for at, value in mine if hour + after <= at < hour + after + length)
    return [own, sum(value for at, value in mine if hour - 120 <= at < hour)]


def test_days_of_exposure_add_up_to_their_arm(scene: Any, metric: Any) -> None:
    rows = [(user, "treatment", NOON + user * DAY) for user in range(4)]
    found = scene(rows, [(2, NOON + 2 * DAY), (3, NOON + 4 * DAY)], (metric(),)).measure()

    pooled = sum(
        (one for key, one in found.days.items() if key[1] == "treatment"),
        start=type(found.days[min(found.days)]).empty(),
    )
    assert len(found.days) == 4
    assert pooled == found.cells[Cell("m", "treatment")]


def test_the_units_that_stand_out_are_named(scene: Any, metric: Any, count_of: Any) -> None:
    rows = [(user, "treatment", NOON + user * DAY) for user in range(3)]
    facts = [(0, NOON, 5.0), (1, NOON + DAY, 50.0), (2, NOON + 2 * DAY, -9.0)]
    found = scene(rows, facts, (metric(count_of(Aggregate.SUM, "ms")),)).measure()

    assert [(one.unit, one.values) for one in found.extremes["m", "treatment"]] == [("1", (50.0,)), ("2", (-9.0,))]


def test_a_mean_of_a_million_millions_keeps_its_spread(scene: Any, metric: Any, count_of: Any) -> None:
    rows = [(user, "treatment", NOON) for user in range(1000)]
    facts = [(user, NOON, 1e12 + (1 if user % 2 else -1)) for user in range(1000)]
    found = scene(rows, facts, (metric(count_of(Aggregate.SUM, "ms")),)).moments()

    assert found.means[0] == pytest.approx(1e12, rel=1e-15)
    assert found.products[0, 0] == pytest.approx(1000, rel=1e-3)


def test_what_was_read_is_what_could_count(scene: Any, metric: Any) -> None:
    facts = [(1, NOON - HOUR), (1, NOON), (1, NOON + DAY), (9, NOON + 2 * DAY)]
    read = scene(ONE, facts, (metric(),)).measure().scanned[0]

    assert (read.source, read.rows, read.units) == ("plays", 2, 1)
    assert (read.first, read.last) == (NOON - HOUR, NOON + 2 * DAY)


def test_a_source_that_fell_silent_says_since_when(scene: Any, metric: Any) -> None:
    found = scene(ONE, [(1, NOON), (9, NOON + DAY)], (metric(),), cutoff=NOON + 9 * DAY).measure()

    assert found.scanned[0].last == NOON + DAY
    assert len(found.sql) == 2


def test_ids_of_different_types_are_compared_as_text(scene: Any, metric: Any) -> None:
    as_text = {"timestamp": Timestamp("at"), "entities": {"user": "name"}}
    sql = "select '1' as name, timestamp '2024-03-04 13:00' as at"
    assert scene(ONE, [], (metric(),), facts=as_text | {"relation": Query(sql)}).values() == (1, 1)


def test_the_sum_of_a_text_names_the_column_its_type_and_the_metric(scene: Any, metric: Any, count_of: Any) -> None:
    with pytest.raises(Invalid, match=r"^m.yaml:7: sum of 'loaded', which is of type TIMESTAMP in 'plays'"):
        scene(ONE, [], (metric(count_of(Aggregate.SUM, "loaded")),)).measure()


def test_a_measure_that_isnt_there_is_named_with_the_metrics_place(scene: Any, metric: Any, count_of: Any) -> None:
    with pytest.raises(Invalid, match=r"^m.yaml:7: column 'second' isn't in 'plays': did you mean 'seconds'\?"):
        scene(ONE, [], (metric(count_of(Aggregate.SUM, "second")),)).measure()


def test_a_metric_that_is_null_everywhere_is_refused_and_one_without_facts_is_zero(
    scene: Any, metric: Any, count_of: Any
) -> None:
    summed = metric(count_of(Aggregate.SUM, "ms"))

    assert scene(ONE, [], (summed,)).values() == (1, 0)
    with pytest.raises(Invalid, match=r"^m.yaml:7: metric 'm' has no value: .* null in all 2 rows"):
        scene(ONE, [(1, NOON, None), (1, NOON, None)], (summed,)).measure()


def test_an_infinite_value_is_refused(scene: Any, metric: Any, count_of: Any) -> None:
    with pytest.raises(Invalid, match=r"^m.yaml:7: metric 'm' .*no finite number"):
        scene(ONE, [(1, NOON, float("inf"))], (metric(count_of(Aggregate.SUM, "ms")),)).measure()


def test_an_outcome_needs_a_table_of_units(scene: Any, metric: Any) -> None:
    with pytest.raises(Invalid, match="takes outcome 'spend' of a table of units"):
        scene(ONE, [], (metric(OutcomeValue("spend")),)).measure()


def test_each_source_of_facts_is_scanned_once_for_values(scene: Any, count_of: Any) -> None:
    metrics = tuple(
        Metric(name=f"m{index}", kind=Mean(count_of()), window=Window(length=index * DAY)) for index in (1, 2, 3)
    )
    (sql,) = DuckDB().sql(scene(ONE, [], metrics).question())

    assert sql.count("FROM plays_frame AS plays\n  JOIN") == 1


def test_facts_value_of_the_same_kind_is_computed_once(scene: Any, count_of: Any) -> None:
    twins = (Metric(name="a", kind=Mean(count_of())), Metric(name="b", kind=Mean(FactValue("plays", Aggregate.COUNT))))
    (sql,) = DuckDB().sql(scene(ONE, [], twins).question())

    assert 'AS "a value"' in sql
    assert 'plays_facts."b value"' not in sql
