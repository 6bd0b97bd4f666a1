"""Quantiles: which share of what, and words that mean nothing beside them."""

from typing import Any

import pytest

from twyman.definitions import project_of
from twyman.kernel.errors import Invalid
from twyman.metrics.metric import Aggregate, FactValue, Metric, Missing, OutcomeValue, Quantile

FACTS = {"kind": "facts", "name": "loads", "table": "p", "entities": {"user": "id"}, "timestamp": "at"}


def metric(**written: Any) -> Metric:
    body = {"kind": "metric", "name": "m", "type": "quantile", "quantile": "95%", **written}
    return project_of([FACTS, body]).catalogue.metrics["m"]


def test_each_takes_facts_one_by_one_and_a_unit_without_any_has_nothing() -> None:
    made = metric(facts="loads", value={"each": "load_ms", "where": "load_ms > 0", "scale": 0.001})

    assert made.kind == Quantile(FactValue("loads", Aggregate.EACH, "load_ms", "load_ms > 0", 0.001), 0.95)
    assert isinstance(made.kind, Quantile)
    assert made.kind.of_facts
    assert (made.missing, made.adjustment, made.entity) == (Missing.DROP, None, "user")


@pytest.mark.parametrize("written", ["50%", 0.5, "0.5", "1/2"])
def test_any_other_value_is_a_units_own(written: Any) -> None:
    made = metric(facts="loads", value={"sum": "seconds"}, quantile=written)

    assert made.kind == Quantile(FactValue("loads", Aggregate.SUM, "seconds"), 0.5)
    assert isinstance(made.kind, Quantile)
    assert not made.kind.of_facts
    assert (made.missing, made.adjustment) == (Missing.ZERO, None)


def test_an_outcome_of_a_table_has_quantiles() -> None:
    assert metric(value={"outcome": "spend"}).kind == Quantile(OutcomeValue("spend"), 0.95)


def test_a_metric_that_says_no_adjustment_says_what_holds_anyway() -> None:
    assert metric(facts="loads", value={"each": "ms"}, cuped="none", missing="drop").adjustment is None


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"quantile": None}, "a quantile needs to say which: add one, such as quantile: 95%"),
        ({"quantile": 0}, "quantile 0 is the smallest or largest value, which says nothing of the others"),
        ({"quantile": "100%"}, "quantile 100% is the smallest or largest value"),
        ({"quantile": 1}, "quantile 1 is the smallest or largest value"),
        ({"quantile": "101%"}, "quantile 101% is none, and one lies strictly between 0 and 1: write one such as 95%"),
        ({"quantile": 95}, "quantile 95 is none, and one lies strictly between 0 and 1: write 95% or 0.95"),
        ({"quantile": "p95"}, "quantile 'p95' isn't a number: write 95% or 0.95"),
        ({"value": None}, "a quantile needs its value: add one, such as value: {each: load_ms} over facts"),
        ({"value": {"each": "*"}}, "only count takes '*', and this is an each: name a measure or column"),
        ({"cap": {"percentile": 99}}, "a quantile isn't moved by how large the largest values are"),
        ({"cuped": "14d"}, "a quantile is compared as it is, and no covariate sharpens it: leave cuped out"),
        ({"missing": "zero"}, "a fact that isn't there has no value, so a unit without facts counts for nothing"),
        ({"type": "mean"}, "'quantile' belongs to type quantile, and this is a mean: leave it out"),
        ({"type": "mean", "quantile": None}, "each takes facts one by one, as only type quantile does"),
        ({"type": "proportion", "quantile": None}, "each takes facts one by one, as only type quantile does"),
    ],
)
def test_quantiles_that_cannot_be_right_are_refused(written: dict[str, Any], said: str) -> None:
    whole = {"kind": "metric", "name": "m", "type": "quantile", "quantile": "95%", "facts": "loads"}
    body = whole | {"value": {"each": "load_ms"}} | written

    with pytest.raises(Invalid) as refused:
        project_of([FACTS, {key: value for key, value in body.items() if value is not None}])

    assert said in "\n".join(str(error) for error in (refused.value, *refused.value.also))


def test_a_quantile_is_no_covariate() -> None:
    p95 = {"kind": "metric", "name": "p95", "type": "quantile", "quantile": "95%", "facts": "loads"}
    mean = {"kind": "metric", "name": "m", "type": "mean", "facts": "loads", "value": {"sum": "s"}}
    adjusted = mean | {"cuped": {"covariates": ["p95"]}}

    with pytest.raises(Invalid, match="covariate 'p95' is a quantile, which no unit has by itself"):
        project_of([FACTS, p95 | {"value": {"each": "load_ms"}}, adjusted])
