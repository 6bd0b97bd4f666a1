"""What an experiment may say in a definition file."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from twyman.definitions.source_documents import NamedDocument
from twyman.definitions.words import InData, Later, Name, Share, Size, Text, Time


class ArmDocument(Struct, kw_only=True, forbid_unknown_fields=True, rename={"value": "is"}):
    """One side of the comparison."""

    share: Share | None = None
    value: InData | None = None
    variant: Name | None = None
    control: bool = False


class EnrolDocument(Struct, kw_only=True, forbid_unknown_fields=True, rename={"start": "from"}):
    """Exposures that count lie between these times."""

    start: Time | None = None
    until: Time | None = None


class CeilingDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """The effect beyond which nobody believes it, and why."""

    at: Size
    because: Text


class ExpectDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is expected: 10th percentile, median, 90th percentile; numerically ordered."""

    low: Size
    likely: Size
    high: Size
    scale: Literal["relative", "absolute"] = "relative"


class TrackedDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """What a metric is for in this experiment."""

    role: Literal["success", "guardrail", "must_not_move", "information"]
    mde: Size | None = None
    margin: Size | None = None
    within: Size | None = None
    expect: Annotated[dict[str, ExpectDocument], Meta(extra={"single": True})] | None = None
    ceiling: Annotated[dict[str, CeilingDocument], Meta(extra={"single": True})] | None = None


class GoalDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """Any or all of several success metrics, or of further such trees."""

    any: "list[str | GoalDocument] | None" = None
    all: "list[str | GoalDocument] | None" = None


class SequentialDocument(Struct, kw_only=True, forbid_unknown_fields=True, rename={"always_valid": "always-valid"}):
    """How error is spent over looks."""

    spending: Text | None = None
    looks: str | int | list[Time] | None = None
    always_valid: Later = None


class AnalysisDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """The analysis, fixed at launch."""

    units: int | None = None
    alpha: Share | None = None
    power: Share | None = None
    sequential: Text | SequentialDocument | None = None
    test: Literal["welch", "wald", "score"] = "welch"
    lift: Literal["fieller", "delta", "log"] = "fieller"
    alpha_deterioration: Share | None = None
    results: Literal["continuous", "at_end"] = "continuous"


class PopulationDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """For whom the result may speak."""

    say: Text | None = None
    where: Any = None


class ExperimentDocument(NamedDocument, kw_only=True, tag="experiment"):
    """A planned comparison of arms."""

    arms: dict[Name, ArmDocument | None]
    metrics: dict[Name, TrackedDocument]
    type: Literal["ab_test", "rollout", "ablation", "holdback", "switchback"] = "ab_test"
    key: InData | None = None
    entity: Name | None = None
    randomised_by: Name | None = None
    surface: Name | None = None
    flag: Name | None = None
    exposures: Name | None = None
    units: Name | None = None
    aggregates: Name | None = None
    enrol: EnrolDocument | None = None
    measure_until: Time | None = None
    trigger: Later = None
    exclude: Later = None
    design: Later = None
    holds: Any = None
    stages: Any = None
    hypothesis: Text | None = None
    decide: str | GoalDocument | None = None
    strata: list[Text] | None = None
    dimensions: list[Text] | None = None
    analysis: AnalysisDocument | None = None
    population: PopulationDocument | None = None
