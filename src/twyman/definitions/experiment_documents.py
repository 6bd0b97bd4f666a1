"""What an experiment may say in a definition file."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from twyman.definitions.source_documents import NamedDocument
from twyman.definitions.words import (
    ONCE_OR_BY_ARM,
    ArmName,
    Expression,
    InData,
    Later,
    Name,
    Share,
    Size,
    Text,
    Time,
    When,
)

_BY_ARM = Meta(extra={ONCE_OR_BY_ARM: True}, extra_json_schema={ONCE_OR_BY_ARM: True})


class ArmDocument(Struct, kw_only=True, forbid_unknown_fields=True, rename={"value": "is"}):
    """One side of the comparison.

    Attributes:
        share: Planned share of the units; left out everywhere: equal shares.
        value: What the data call the arm, where it isn't its name.
        variant: The flag's variant that this arm is served.
        control: Whether the others are compared with this arm; left out everywhere: the arm named control.
    """

    share: Share | None = None
    value: InData | None = None
    variant: Name | None = None
    control: bool = False


class EnrolDocument(Struct, kw_only=True, forbid_unknown_fields=True, rename={"start": "from"}):
    """Exposures that count lie between these times.

    Attributes:
        start: Exposures from here on count.
        until: Exposures before this count.
    """

    start: Time | None = None
    until: Time | None = None


class CeilingDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """The effect beyond which nobody believes it, and why.

    Attributes:
        at: The effect, on the improving side.
        because: Why nothing goes beyond it.
    """

    at: Size
    because: Text


class ExpectDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is expected: 10th percentile, median, 90th percentile; numerically ordered.

    Attributes:
        low: 10th percentile of the effect.
        likely: Median of the effect.
        high: 90th percentile of the effect.
        scale: Whether effects are relative to control, or differences.
    """

    low: Size
    likely: Size
    high: Size
    scale: Literal["relative", "absolute"] = "relative"


class ReachDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """How far the change can reach: what bounds its effect on a proportion.

    Attributes:
        share: Share of the units that meet the change at most.
        baseline: Share of those that count already without it; left out: the control arm's.
        because: How that is known.
    """

    share: Share
    baseline: Share | None = None
    because: Text | None = None


class SignOffDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """A surprise that somebody outside the team has looked into, and answers for.

    Attributes:
        metric: The metric that surprised.
        by: Who signs: nobody of the team that owns the experiment.
        on: The day.
        estimate: The effect that was looked at; a later one, further out by more than its interval, isn't covered.
        because: What was looked into, and what explains the surprise.
        arm: Of which treatment; left out where there is one.
    """

    metric: Name
    by: Text
    on: Time
    estimate: Size
    because: Text
    arm: ArmName | None = None


class TrackedDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """What a metric is for in this experiment.

    Attributes:
        role: What the metric is for.
        mde: The smallest relative effect that the experiment is sized for.
        margin: Non-inferiority margin of a guardrail, relative to control.
        within: Margin within which a metric that must not move counts as unmoved, relative to control.
        expect: What is expected: once for all treatments, or by arm.
        ceiling: What nobody would believe, with its reason: once for all treatments, or by arm.
        reach: How far the change can reach, which bounds its effect on a proportion.
    """

    role: Literal["success", "guardrail", "must_not_move", "information"]
    mde: Size | None = None
    margin: Size | None = None
    within: Size | None = None
    expect: Annotated[dict[str, ExpectDocument], _BY_ARM] | None = None
    ceiling: Annotated[dict[str, CeilingDocument], _BY_ARM] | None = None
    reach: ReachDocument | None = None


class GoalDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """Any or all of several success metrics, or of further such trees.

    Attributes:
        any: Met where one of these is.
        all: Met where all of these are.
    """

    any: "list[str | GoalDocument] | None" = None
    all: "list[str | GoalDocument] | None" = None


class AlwaysValidDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """Bounds that hold at any look, whether an end was planned or not.

    Attributes:
        tuned_for: Units over all arms at which bounds are about lowest; left out: the planned units.
    """

    tuned_for: int | None = None


class SequentialDocument(Struct, kw_only=True, forbid_unknown_fields=True, rename={"always_valid": "always-valid"}):
    """How error is spent over looks, or bounds that hold at any look.

    Attributes:
        spending: How error is spent over looks: power-2, obrien-fleming, pocock.
        looks: When to look: weekly, daily, 7d, a list of dates, or a number of looks evenly spread.
        always_valid: Bounds that hold at any look and need no end, instead of spending.
    """

    spending: Text | None = None
    looks: str | int | list[Time] | None = None
    always_valid: AlwaysValidDocument | None = None


class AnalysisDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """The analysis, fixed at launch.

    Attributes:
        units: Planned units over all arms.
        alpha: Error rate, two-sided for success metrics.
        power: Wanted power for each mde.
        sequential: fixed (one look, at the end), always-valid, or how error is spent over looks.
        test: Convention of tests and intervals.
        lift: Convention of relative intervals.
        alpha_deterioration: Total chance of calling a harmless change harmful.
        results: Whether effects are shown at every look, or hidden until the end.
    """

    units: int | None = None
    alpha: Share | None = None
    power: Share | None = None
    sequential: Text | SequentialDocument | None = None
    test: Literal["welch", "wald", "score"] = "welch"
    lift: Literal["fieller", "delta", "log"] = "fieller"
    alpha_deterioration: Share | None = None
    results: Literal["continuous", "at_end"] = "continuous"


class PopulationDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """Who is analysed, and for whom the result may speak.

    Attributes:
        say: For whom the result may speak, in words.
        where: Who is analysed, by attributes from before exposure: criteria as in a segment's when.
    """

    say: Text | None = None
    where: When | None = None


class DeliveryDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """Facts that show that a unit met the change: treatments are to have them after exposure, control isn't.

    Attributes:
        facts: Source of the facts.
        where: Facts that show it, beside the source's own filter.
    """

    facts: Name
    where: Expression | None = None


class TriggerDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """The fact from which on units are analysed: their first at or after exposure.

    Attributes:
        facts: Source of the facts that trigger.
        counterfactual: Whether every arm logs the trigger alike (logged), or only those that show it (missing).
        where: Facts that trigger, beside the source's own filter.
    """

    facts: Name
    counterfactual: Literal["logged", "missing"]
    where: Expression | None = None


class OverrideDocument(Struct, kw_only=True, forbid_unknown_fields=True, rename={"other": "with"}):
    """A finding of the launch gate that may pass.

    Attributes:
        finding: Code of the finding.
        other: The flag, experiment or group that it is about; left out of what is sealed, or of its own flag.
        reason: Why it may pass.
        reviewer: Who looked at it: somebody outside the team that owns the experiment.
    """

    finding: Literal[
        "aliased", "dependent", "prerequisite", "value_conflict", "over_full", "nobody", "undelivered", "sealed"
    ]
    other: Name | None = None
    reason: Text
    reviewer: Text


class GateDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """What the launch gate is told.

    Attributes:
        override: Findings that may pass, each with its reason and its reviewer.
    """

    override: list[OverrideDocument] | None = None


class ExperimentDocument(NamedDocument, kw_only=True, tag="experiment"):
    """A planned comparison of arms.

    Attributes:
        arms: The arms: one control and its treatments.
        metrics: Metrics by name, and what each is for.
        type: What kind of comparison it is.
        key: The experiment's key in the exposures; left out: its name.
        entity: What is analysed; left out: the only entity of its source.
        randomised_by: What was randomised; left out: the entity. Otherwise variance is by cluster.
        surface: Product area whose experiments are coordinated together.
        flag: Flag whose rule of the experiment's name gives the shares.
        exposures: Source of exposures.
        units: Table of units, instead of exposures.
        aggregates: Counts per arm, instead of exposures.
        enrol: Exposures that count lie between these times.
        measure_until: No fact from here on counts; the last look is here.
        trigger: Fact from which on units are analysed; left out: their exposure.
        exclude: Segments whose units are left out, by attributes from before exposure.
        delivery: Facts that show that a unit met the change, such as the opening of the new page.
        assignments: Source like that of exposures, of what was assigned before anybody met it.
        design: Not available in this version.
        holds: Experiments or surface that a holdback holds.
        stages: Stages of a rollout.
        hypothesis: What is believed, and why.
        decide: Tree of any and all over success metrics; left out: any of them.
        strata: Attributes within which arms are compared, frozen before exposure: estimates are post-stratified.
        dimensions: Attributes by which results are broken down, frozen before exposure; a list of several crosses them.
        analysis: Conventions and the plan of looks, fixed at launch.
        population: Who is analysed, and for whom the result may speak.
        change: Class of the change, in a word of your own: layout, ranking, price. Its past is the guide.
        sign_off: Surprises that somebody outside the team has looked into: one, or a list.
        sealed: Whether the launch gate tells others no more of it than that it conflicts, and whom to ask.
        gate: What the launch gate is told.
    """

    arms: dict[ArmName, ArmDocument | None]
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
    trigger: TriggerDocument | None = None
    exclude: list[Name] | None = None
    delivery: DeliveryDocument | None = None
    assignments: Name | None = None
    design: Later = None
    holds: Any = None
    stages: Any = None
    hypothesis: Text | None = None
    decide: str | GoalDocument | None = None
    strata: list[Text] | None = None
    dimensions: list[Text | list[Text]] | None = None
    analysis: AnalysisDocument | None = None
    population: PopulationDocument | None = None
    change: Text | None = None
    sign_off: SignOffDocument | list[SignOffDocument] | None = None
    sealed: bool = False
    gate: GateDocument | None = None
