"""Tables with one row a unit: no dates, no windows, and no unit counted twice."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from twyman.app.ports import Cell, Cohort, Measured
from twyman.experiments.experiment import Entry
from twyman.kernel.errors import Invalid
from twyman.kernel.place import Origin
from twyman.metrics.metric import (
    Adjustment,
    Aggregate,
    Bound,
    Cap,
    Comparator,
    FactValue,
    Mean,
    Metric,
    Missing,
    OutcomeValue,
    Proportion,
    Ratio,
)
from twyman.metrics.source import Frame, UnitSource

COLUMNS = ("id", "arm", "spend", "bought", "before")
ORIGIN = Origin("m.yaml", {"": 1, "value": 4, "cuped": 6})
SPEND = Metric(name="spend", kind=Mean(OutcomeValue("spend")), origin=ORIGIN)
BOUGHT = Metric(name="bought", kind=Proportion(OutcomeValue("bought")), origin=ORIGIN)
ROWS = [(1, "control", 4.0, 1, 3.0), (2, "control", 0.0, 0, None), (3, "treatment", 6.0, 1, 2.0)]


@pytest.fixture(scope="session")
def measure(scene: Any) -> Any:
    def run(rows: list[tuple[Any, ...]], *metrics: Metric, dimensions: tuple[str, ...] = (), **source: Any) -> Measured:
        data = pa.table(dict(zip(COLUMNS, map(list, zip(*rows, strict=True)), strict=True)))
        table = {
            "name": "shop",
            "relation": Frame(data),
            "arm": "arm",
            "entities": {"user": "id"},
            "outcomes": {"spend": "spend", "bought": "bought"},
            "covariates": {"before": "before"},
            "origin": Origin("shop.yaml", {"": 1, "entities": 3}),
        }
        entry = {"entry": Entry.UNITS, "source": "shop", "dimensions": dimensions}
        sources = {"shop": UnitSource(**(table | source))}
        return scene(metrics=metrics, sources=sources, experiment=entry, cutoff=None).measure()

    return run


def test_outcomes_become_moments(measure: Any) -> None:
    found = measure(ROWS, SPEND, BOUGHT)

    assert found.cells[Cell("spend", "control")].means.tolist() == [2]
    assert found.cells[Cell("bought", "control")].products.tolist() == [[0.5]]
    assert found.units == {"control": 2, "treatment": 1}
    assert (found.days, found.exposed) == ({}, {})


def test_equal_rows_of_a_unit_are_one_and_counted(measure: Any) -> None:
    found = measure([*ROWS, ROWS[0], ROWS[0]], SPEND)

    assert found.units["control"] == 2
    assert (found.entrants.rows, found.entrants.units, found.entrants.repeated) == (5, 3, 2)


def test_a_unit_in_two_arms_is_left_out_and_counted(measure: Any) -> None:
    found = measure([*ROWS, (1, "treatment", 9.0, 1, 3.0)], SPEND)

    assert found.units == {"control": 1, "treatment": 1}
    assert sum(found.crossovers.values()) == found.entrants.in_two_arms == 1


def test_different_rows_of_a_unit_in_one_arm_are_refused(measure: Any) -> None:
    with pytest.raises(
        Invalid, match=r"^shop.yaml:3: unit '1' has several rows with different values in 'shop': make it"
    ):
        measure([*ROWS, (1, "control", 5.0, 1, 3.0)], SPEND)
    assert measure([*ROWS, (1, "control", 4.0, 0, 3.0)], SPEND).units["control"] == 2  # differs in nothing used


def test_a_row_of_no_arm_says_nothing_against_a_units_other_row(measure: Any) -> None:
    found = measure([*ROWS, (1, "stray", 99.0, 0, 7.0)], SPEND)

    assert (found.units["control"], found.cells[Cell("spend", "control")].means[0]) == (2, 2.0)


def test_rows_can_be_units(measure: Any) -> None:
    found = measure([*ROWS, ROWS[0]], SPEND, entities=None)

    assert found.units == {"control": 3, "treatment": 1}


def test_a_filter_says_what_it_leaves_out(measure: Any) -> None:
    found = measure([*ROWS, (1, "treatment", 4.0, 1, 3.0)], SPEND, where="id <> 1 or arm = 'control'")

    assert found.entrants.left_out == {"control": 0, "treatment": 1}
    assert (found.units["control"], found.entrants.in_two_arms) == (2, 1)


def test_a_missing_outcome_counts_as_zero_unless_dropped(measure: Any) -> None:
    rows = [*ROWS, (4, "control", None, None, 1.0)]
    dropping = Metric(name="spend", kind=SPEND.kind, missing=Missing.DROP)

    assert measure(rows, SPEND).cells[Cell("spend", "control")].count == 3
    found = measure(rows, dropping)
    assert found.cohorts["spend", "control"] == Cohort(entered=3, matured=3, measured=2)
    assert found.cells[Cell("spend", "control")].means.tolist() == [2]


def test_a_condition_on_an_outcome_drops_units_and_shows(measure: Any) -> None:
    buyers = Metric(name="m", kind=Mean(OutcomeValue("spend", where="bought = 1", scale=2)))
    found = measure(ROWS, buyers)

    assert found.cohorts["m", "control"] == Cohort(entered=2, matured=2, measured=1)
    assert found.cells[Cell("m", "control")].means.tolist() == [8]


def test_covariates_are_the_tables_own_and_a_missing_one_is_flagged(measure: Any) -> None:
    adjusted = Metric(name="m", kind=SPEND.kind, adjustment=Adjustment())
    found = measure(ROWS, adjusted)

    assert found.columns["m"] == ("value", "before", "before is missing")
    assert found.cells[Cell("m", "control")].means.tolist() == [2, 1.5, 0.5]


def test_a_ratio_of_outcomes_keeps_both(measure: Any) -> None:
    ratio = Metric(name="m", kind=Ratio(OutcomeValue("spend"), OutcomeValue("bought")))

    assert measure(ROWS, ratio).cells[Cell("m", "control")].products.tolist() == [[8, 2], [2, 0.5]]


def test_dimensions_are_columns_of_the_table(measure: Any) -> None:
    found = measure(ROWS, SPEND, dimensions=("before",))

    assert found.cells[Cell("spend", "control", "before", "(none)")].count == 1
    assert found.cells[Cell("spend", "control")].count == 2


@settings(max_examples=20, deadline=None)
@given(values=st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30))
def test_moments_and_caps_are_numpys(measure: Any, values: Any) -> None:
    rows = [(user, "treatment", value, 1, 1.0) for user, value in enumerate(values)]
    capped = Metric(name="m", kind=SPEND.kind, cap=Cap(percentile=90))
    found = measure(rows, SPEND, capped)

    limited = np.minimum(values, np.percentile(values, 90))
    for metric, expected in (("spend", np.array(values)), ("m", limited)):
        moments = found.cells[Cell(metric, "treatment")]
        assert moments.means[0] == pytest.approx(expected.mean(), rel=1e-12, abs=1e-6)
        assert moments.products[0, 0] == pytest.approx(((expected - expected.mean()) ** 2).sum(), rel=1e-9, abs=1e-3)


def test_a_share_of_what_is_neither_0_nor_1_is_refused_with_an_example(measure: Any) -> None:
    share = Metric(name="m", kind=Proportion(OutcomeValue("spend")), origin=ORIGIN)
    with pytest.raises(Invalid, match=r"^m.yaml:4: proportion 'm' takes an outcome that holds '4.0'"):
        measure(ROWS, share)


def test_an_outcome_without_a_single_value_is_refused(measure: Any) -> None:
    rows = [(1, "control", None, 1, 1.0), (2, "treatment", None, 1, 1.0)]
    with pytest.raises(Invalid, match=r"^m.yaml:4: metric 'spend' has no value: .* null in all 2 rows"):
        measure(rows, SPEND, outcomes={"spend": "cast(spend as double)"})


def test_a_text_is_no_outcome_and_facts_are_none(measure: Any) -> None:
    with pytest.raises(Invalid, match=r"^m.yaml:4: outcome 'spend' of 'shop' is of type VARCHAR"):
        measure(ROWS, SPEND, outcomes={"spend": "arm"})
    with pytest.raises(Invalid, match="takes facts, and this experiment enters by a table of units"):
        measure(ROWS, Metric(name="m", kind=Mean(FactValue("plays", Aggregate.COUNT))))
    with pytest.raises(Invalid, match=r"^m.yaml:4: outcome 'spend' isn't in 'shop': known are 'bought'"):
        measure(ROWS, SPEND, outcomes={"bought": "bought"})


@pytest.mark.parametrize(("comparator", "share"), [("above", 0.5), ("at_least", 0.5), ("below", 0.5), ("at_most", 1)])
def test_an_outcome_may_be_held_against_a_bound_and_none_counts_as_zero(
    measure: Any, comparator: Any, share: Any
) -> None:
    rows = [*ROWS[2:], (1, "control", 4.0, 1, 3.0), (2, "control", None, 0, None)]
    limit = 4.0 if comparator != "above" else 3.9
    held = Metric(name="m", kind=Proportion(OutcomeValue("spend"), Bound(Comparator(comparator), limit)))

    assert measure(rows, held).cells[Cell("m", "control")].means.tolist() == [share]
