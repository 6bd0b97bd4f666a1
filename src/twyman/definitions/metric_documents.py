"""What a metric may say in a definition file."""

from typing import Literal

from msgspec import Struct

from twyman.definitions.source_documents import NamedDocument
from twyman.definitions.words import Duration, Expression, Fraction, Name, Share, Size, Text


class ValueDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """How a unit's facts become a number; each fact by itself; or an outcome of a table of units. Exactly one of them.

    Attributes:
        facts: Source of facts, where it isn't the metric's own.
        sum: Measure that is summed.
        count: "*" counts rows; a column counts the rows where it has a value.
        count_distinct: Column whose distinct values are counted.
        min: Measure whose smallest value counts.
        max: Measure whose largest value counts.
        first: Measure whose first value counts.
        last: Measure whose last value counts.
        each: Measure of which each fact is a value by itself: for a quantile over facts.
        outcome: Outcome of a table of units, or count of a table of aggregates.
        where: Rows that count in this value, beside the metric's own filter.
        scale: Factor on the value: 1/60 turns seconds into minutes.
    """

    facts: Name | None = None
    sum: Expression | None = None
    count: Expression | None = None
    count_distinct: Expression | None = None
    min: Expression | None = None
    max: Expression | None = None
    first: Expression | None = None
    last: Expression | None = None
    each: Expression | None = None
    outcome: Text | None = None
    where: Expression | None = None
    scale: Fraction | None = None


class WindowDocument(Struct, kw_only=True, forbid_unknown_fields=True, rename={"length": "for"}):
    """From `after` the first exposure, `for` a time.

    Attributes:
        length: How long it lasts; left out: until the data end.
        after: How long after the first exposure it begins.
    """

    length: Duration | None = None
    after: Duration | None = None


class CapDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """An upper limit on a unit's value: a percentile of all units, or a number.

    Attributes:
        percentile: Percentile of all units, between 0 and 100; one threshold for all arms.
        max: The largest value that counts.
    """

    percentile: float | None = None
    max: float | None = None


class CupedDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """Covariates from before exposure that sharpen the metric.

    Attributes:
        window: How far before exposure the metric's own value is a covariate.
        covariates: Further metrics over that window; for a table of units, covariates of the table.
        attributes: Attributes as source.column, frozen before exposure.
        theta: Whether each arm has its own slope, or both share one.
    """

    window: Duration | None = None
    covariates: list[Text] | None = None
    attributes: list[Text] | None = None
    theta: Literal["per_arm", "pooled"] = "per_arm"


class StepDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """One step of a funnel: a fact later than that of the step before.

    Attributes:
        name: What the step is called in answers.
        facts: Source of facts, where it isn't the metric's own.
        where: Facts that count.
        within: How long after the fact of the step before (the first: after the window's start) it still counts;
            left out: as long as the metric's window lasts.
    """

    name: Name
    facts: Name | None = None
    where: Expression | None = None
    within: Duration | None = None


class CurveDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """Windows of a curve of retention: single days, or periods that follow one another from exposure on.

    Attributes:
        days: Days since exposure, each a window of 24 hours: 7 begins when seven days are over.
        every: Length of a period.
        times: How many periods.
    """

    days: list[int] | None = None
    every: Duration | None = None
    times: int | None = None


class ReferenceDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """A mighty change, and what it did: a change of another class shouldn't beat it.

    Attributes:
        change: Class of that change.
        lift: What it did to the metric, relative to control, on the improving side.
        because: What it was.
    """

    change: Text
    lift: Size
    because: Text


class MetricDocument(NamedDocument, kw_only=True, tag="metric"):
    """A number per unit from facts in a window after exposure.

    Attributes:
        type: What is computed per unit.
        entity: Whose number it is; left out: the entity of its facts.
        facts: Source of facts.
        value: How facts become a number; a proportion or retention without it counts any fact.
        numerator: Value above the line of a ratio.
        denominator: Value below the line of a ratio.
        where: Facts that count: an expression over columns and measures of the source.
        window: From the first exposure on: 7d, or {after: 1d, for: 7d}; left out: until the data end.
        cohort: Units that count: those whose window is over (closed), or everyone so far (open; described,
            never tested on the way).
        missing: What a unit without facts counts as: zero, or not at all (drop).
        cap: Upper limit on a unit's value.
        direction: Which way is better.
        above: For a proportion: the share of units whose value lies above this, in the value's unit after its scale.
        at_least: Whose value reaches this.
        below: Whose value lies below this; a unit without facts has 0, unless it is dropped.
        at_most: Whose value doesn't exceed this.
        cuped: Covariates from before exposure: none, a window such as 14d, or in full. Left out: the
            project's default, else 14d; for a table of units all its covariates.
        quantile: Which quantile: the share of units (or of facts, where value says each) at or below it.
        steps: Steps of a funnel, in their order.
        curve: Further windows of a retention, shown beside the one that decides; without a window the last decides.
        unit: Step in which a time to an event is counted, and in which it is given; left out: a day.
        summary: What decides of a time to an event: its mean up to the window's end (left out), or the share of
            units that had it by then; the other is shown beside it.
        references: What the mightiest changes did to this metric: ceilings for changes of other classes.
    """

    type: Literal["mean", "proportion", "ratio", "retention", "quantile", "funnel", "participation", "time_to_event"]
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
    above: Fraction | None = None
    at_least: Fraction | None = None
    below: Fraction | None = None
    at_most: Fraction | None = None
    cuped: Duration | CupedDocument | None = None
    quantile: Share | None = None
    steps: list[StepDocument] | None = None
    curve: CurveDocument | None = None
    unit: Duration | None = None
    summary: Literal["mean_time", "share"] | None = None
    references: list[ReferenceDocument] | None = None
