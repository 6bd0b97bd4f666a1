"""Which parts of a definition the second path computes: any other, where it says something, isn't verified.

A definition that gains a part tomorrow must not pass because nobody here has heard of it.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from typing import Any

from twyman.experiments.experiment import Arm, Experiment
from twyman.experiments.population import Trigger
from twyman.metrics.metric import (
    Adjustment,
    Cap,
    ChainValue,
    FactValue,
    Funnel,
    Mean,
    Metric,
    OutcomeValue,
    Participation,
    Proportion,
    Quantile,
    Ratio,
    Retention,
    Step,
    TimeToEvent,
    Window,
)
from twyman.metrics.source import AggregateSource, AttributeSource, ExposureSource, FactSource, Timestamp, UnitSource
from twyman.warehouse.naive.unverifiable import Unverifiable

_ROWS = "name relation entities timestamp where formats origin"
_KNOWN: Mapping[type, str] = {
    Experiment: "name arms tracked entry source key entity randomised_by enrol_from enrol_until strata dimensions "
    "crossed trigger population exclude title owner measure_until hypothesis decide claims plan origin "
    "delivery assignments change signed flag surface sealed overrides",
    Trigger: "facts counterfactual where",
    Arm: "name share control value logged",
    Metric: "name kind window cohort missing cap adjustment title entity direction references origin",
    Mean: "value",
    Proportion: "value bound",
    Ratio: "numerator denominator",
    Retention: "value curve",
    Quantile: "value share",
    Funnel: "value",
    TimeToEvent: "value unit summary",
    ChainValue: "steps",
    Step: "name facts where within",
    Participation: "value",
    FactValue: "facts aggregate column where scale",
    OutcomeValue: "outcome where scale",
    Window: "after length",
    Cap: "percentile limit",
    Adjustment: "window covariates attributes theta",
    Timestamp: "column grain",
    FactSource: f"{_ROWS} arrived settle measures",
    AttributeSource: f"{_ROWS} columns",
    ExposureSource: f"{_ROWS} arm experiment",
    UnitSource: f"{_ROWS} arm outcomes covariates",
    AggregateSource: "name relations columns arm day matured unit formats origin",
}
"""By each kind of definition, the parts that are computed here, or that no number depends on."""


def refuse_unknown(definition: Any) -> None:  # noqa: ANN401 - any definition
    """Refuse a definition that says what isn't computed here.

    Raises:
        Unverifiable: Naming the part.

    Example:
        >>> refuse_unknown(Window())
    """
    kind: type[Any] = type(definition)  # pyright: ignore[reportUnknownVariableType]
    if kind not in _KNOWN:
        raise Unverifiable(f"is of kind {kind.__name__.lower()}, which isn't recomputed here")
    for field in fields(definition):
        if field.name not in _KNOWN[kind].split() and getattr(definition, field.name) != _default(field):
            raise Unverifiable(f"says '{field.name}', which isn't recomputed here")


def _default(field: Field[Any]) -> Any:  # noqa: ANN401 - as above
    if field.default_factory is not MISSING:
        return field.default_factory()
    return None if field.default is MISSING else field.default
