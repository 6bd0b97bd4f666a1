"""What a metric may say in a definition file."""

from typing import Literal

from msgspec import Struct

from twyman.definitions.source_documents import NamedDocument
from twyman.definitions.words import Duration, Expression, Fraction, Later, Name, Text


class ValueDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """How a unit's facts become a number; or an outcome of a table of units. Exactly one aggregate."""

    facts: Name | None = None
    sum: Expression | None = None
    count: Expression | None = None
    count_distinct: Expression | None = None
    min: Expression | None = None
    max: Expression | None = None
    first: Expression | None = None
    last: Expression | None = None
    outcome: Text | None = None
    where: Expression | None = None
    scale: Fraction | None = None


class WindowDocument(Struct, kw_only=True, forbid_unknown_fields=True, rename={"length": "for"}):
    """From `after` the first exposure, `for` a time."""

    length: Duration | None = None
    after: Duration | None = None


class CapDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """An upper limit on a unit's value: a percentile of all units, or a number."""

    percentile: float | None = None
    max: float | None = None


class CupedDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """Covariates from before exposure that sharpen the metric."""

    window: Duration | None = None
    covariates: list[Text] | None = None
    attributes: list[Text] | None = None
    theta: Literal["per_arm", "pooled"] = "per_arm"


class MetricDocument(NamedDocument, kw_only=True, tag="metric"):
    """A number per unit from facts in a window after exposure."""

    type: Literal["mean", "proportion", "ratio", "retention", "quantile", "funnel", "participation"]
    entity: Name | None = None
    facts: Name | None = None
    value: ValueDocument | None = None
    numerator: ValueDocument | None = None
    denominator: ValueDocument | None = None
    where: Expression | None = None
    window: Duration | WindowDocument | None = None
    cohort: Literal["closed", "open"] = "closed"
    missing: Literal["zero", "drop"] = "zero"
    cap: CapDocument | None = None
    direction: Literal["increase", "decrease"] = "increase"
    cuped: Duration | CupedDocument | None = None
    quantile: Later = None
    steps: Later = None
