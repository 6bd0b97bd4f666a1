"""The answer to `twyman analyze`: one object with stable names, numbers at full precision.

`null` stands only where a value doesn't exist, with its `reason` beside it. This is the shape of
the JSON that comes back, of the tidy frame, and all that the terminal and the report are drawn from.
"""

from typing import Any

import msgspec


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Why a value doesn't exist."""

    code: str
    text: str


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """A confidence interval and the p-value that belongs to it (it excludes the null just where p < 1 - level).

    Attributes:
        lower, upper: `None` where the interval has no end on that side.
        level: Two-sided coverage.
        p_value: Against no effect; two-sided.
        log10_p: Its logarithm, where it is below 1e-300.
        statistic: Estimate over standard error.
        df: Degrees of freedom; `None` for the normal distribution.
        reason: Why the ends don't exist.
    """

    lower: float | None
    upper: float | None
    level: float
    p_value: float | None = None
    log10_p: float | None = None
    statistic: float | None = None
    df: float | None = None
    reason: Why | None = None


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """An estimate with its two intervals.

    Attributes:
        fixed: As if this were the only look and the only test.
        repeated: The one that decides: simultaneous over the plan's looks, at the test's own share of the error.
    """

    estimate: float | None
    se: float | None = None
    fixed: Interval | None = None
    repeated: Interval | None = None
    reason: Why | None = None


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One arm of a comparison: its units, mean, adjusted mean and standard deviation.

    Attributes:
        clusters: How many clusters its units lie in, where those were drawn.
    """

    units: int
    mean: float | None
    adjusted_mean: float | None = None
    sd: float | None = None
    clusters: int | None = None


class Unadjusted(msgspec.Struct, frozen=True, kw_only=True):
    """The same comparison without covariates and strata."""

    absolute: Effect
    relative: Effect


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """How the numbers were made.

    Attributes:
        estimate: `difference`, `proportion`, `ratio`, `cuped-per-arm`, `cuped-pooled`, `post-stratified`,
            `post-stratified-cuped-per-arm` …
        test: welch, wald or score.
        lift: fieller, delta or log.
        sequential: group, always-valid or fixed.
        cap: Threshold of a capped metric.
    """

    estimate: str
    test: str
    lift: str
    sequential: str
    cap: float | None = None


class Covariate(msgspec.Struct, frozen=True, kw_only=True):
    """A covariate's part in an adjustment.

    Attributes:
        theta: Slope, by arm name (the same for all where it is pooled); empty where every stratum has its own.
        correlation: With the outcome, over both arms; `None` for ratios.
        dropped: Why it was not used.
    """

    name: str
    theta: dict[str, float]
    correlation: float | None = None
    dropped: Why | None = None


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """What a result means for the decision, by its metric's role.

    Attributes:
        null: The value tested against, on the relative scale (a guardrail's: minus its margin).
        side: two, lower or upper.
        alpha: This test's share of the error; `alpha_spent` of it by this look.
        bound: Critical value on the z scale at this look; `None` where the look decides nothing.
        p_value: Smallest alpha at which a bound would have been crossed so far.
        p_adjusted: The same after the correction for several metrics and treatments.
        crossed_at: Number of the look that crossed first.
        state: superior, inferior, non_inferior, deteriorated, changed, unmoved, inconclusive, described, not_estimable.
        deterioration: The one-sided watch for harm, where this role has one.
        smallest_effect: The relative effect that would have been seen with the planned power: printed beside
            every "no effect".
        within: Equivalence margin of a metric that must not move, on the relative scale.
    """

    null: float
    side: str
    alpha: float
    alpha_spent: float
    bound: float | None
    p_value: float | None
    p_adjusted: float | None
    state: str
    crossed_at: int | None = None
    deterioration: "Ruling | None" = None
    smallest_effect: float | None = None
    within: float | None = None


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """How a result compares with what was expected: within, surprising, beyond_high, above_ceiling.

    Attributes:
        holds: Whether this holds the decision (a decision is due); else it is a note.
    """

    status: str
    surprise_z: float
    low: float
    likely: float
    high: float
    scale: str
    ceiling: float | None = None
    because: str | None = None
    holds: bool = False


class Ceiling(msgspec.Struct, frozen=True, kw_only=True):
    """How large an effect can be, beside what its owner thinks.

    Attributes:
        kind: `mechanical`: by how many units the change reaches. `reference`: by what a mightier change did.
        at: The lift, on the improving side.
        beyond: Whether the whole interval that decides lies beyond it.
    """

    kind: str
    at: float
    because: str
    beyond: bool


class Plausible(msgspec.Struct, frozen=True, kw_only=True):
    """What a lift is worth beside all that was known before the experiment began.

    Attributes:
        mean, sd: Of the lift that was to be expected: history pooled with the owner's expectation, where there is one.
        scope: Whose past it is: of this `class` of change on the metric, of the `metric`, or `public`.
        experiments: Past results in it.
        source: The same in words.
        weight: Of the owner's expectation in the pool; `None` where there is none.
        surprise_z: Distance of the lift from `mean`, in standard deviations.
        level: ok, note, warn, or block (holds the decision).
        likelihood_ratio: How many times likelier the lift is where something is broken than where all is sound.
        probability_bug: That something is broken, by `bug_rate` beforehand and bugs that move a lift by `bug_spread`.
        shrunken, lower, upper: The lift to believe in if nothing is broken, with its central 95 %.
        exaggeration: How far significant estimates overstate at a true lift of `exaggeration_at`; `power` to see that.
        false_positive_risk: Share of significant improvements of this kind behind which there is none, where
            `success_rate` of experiments truly are better (`success_source`).
        ceilings: Of mechanics, and of mightier changes.
    """

    mean: float
    sd: float
    scope: str
    experiments: int
    source: str
    weight: float | None
    surprise_z: float
    level: str
    likelihood_ratio: float
    probability_bug: float
    bug_rate: float
    bug_spread: float
    shrunken: float
    lower: float
    upper: float
    exaggeration: float | None
    exaggeration_at: float | None
    power: float | None
    false_positive_risk: float | None
    success_rate: float
    success_source: str
    ceilings: list[Ceiling] = []


class SignedOff(msgspec.Struct, frozen=True, kw_only=True):
    """Who outside the team signed a surprise off.

    Attributes:
        estimate: What they had looked at.
        covers: Whether this reading is still that surprise; else it holds again.
    """

    by: str
    on: str
    estimate: float
    because: str
    covers: bool


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A dimension and one of its values, frozen before exposure."""

    dimension: str
    value: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One metric in one treatment against control, for everybody or for one segment.

    Attributes:
        diluted: Where units are analysed from a trigger on: the absolute effect on the mean of all exposed.
        plausible: What the lift is worth beside all that was known before.
        signed_off: Who signed a surprise of it off.
    """

    metric: str
    role: str
    arm: str
    segment: Segment | None
    title: str
    direction: str
    method: Method | None
    control: Side
    treatment: Side
    absolute: Effect | None
    relative: Effect | None
    diluted: Effect | None = None
    unadjusted: Unadjusted | None = None
    variance_reduction: float | None = None
    covariates: list[Covariate] = []
    decision: Ruling | None = None
    expectation: Expected | None = None
    plausible: Plausible | None = None
    signed_off: SignedOff | None = None
    reason: Why | None = None


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One reason of a verdict: what, why, what now.

    Attributes:
        checklist: What to look into before anybody signs, likeliest first.
    """

    code: str
    text: str
    metric: str | None = None
    checklist: list[str] = []


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the platform recommends for a treatment: ship, continue, end, abort, hold."""

    arm: str
    action: str
    reasons: list[Reason]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One doubt about the data.

    Attributes:
        status: ok, note (worth a line), warn, block (holds the decision).
        detail: The numbers behind it.
    """

    code: str
    status: str
    text: str
    p_value: float | None = None
    metric: str | None = None
    arm: str | None = None
    detail: dict[str, Any] = {}


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the data can carry a conclusion.

    Attributes:
        units: Units by arm.
        crossovers: Units seen in two arms, by the arm first met; counted, in no arm.
        shares: Planned share by arm.
        entrants: Rows, units and rows left out of the source of arms.
        sources: What was read of each source of facts.
        exposed: One row a `day` on which units entered the analysis, with its `units` by arm.
        kept: Who of the exposed is analysed, step by step: `kind` (population, exclude, trigger), `name`, and the units
            that came to the step (`of`) and that it `kept`, by arm.
        clusters: What was drawn, where that wasn't the unit: `by`, and by arm how many were `exposed`, `crossed` and
            `analysed`; units `moved` from one to another, and `lost`, of none.
    """

    units: dict[str, int]
    crossovers: dict[str, int]
    shares: dict[str, float]
    checks: list[Check]
    entrants: dict[str, Any] = {}
    sources: list[dict[str, Any]] = []
    exposed: list[dict[str, Any]] = []
    kept: list[dict[str, Any]] = []
    clusters: dict[str, Any] | None = None


class Engine(msgspec.Struct, frozen=True, kw_only=True):
    """What computed the answer."""

    twyman: str
    warehouse: str


class LookView(msgspec.Struct, frozen=True, kw_only=True):
    """Which reading this is.

    Attributes:
        number: From 1; 0 before the first.
        planned: How many the plan has; `None` where it names no end.
        cutoff: `events` and `arrivals`, ISO instants; `None` where the source has no dates.
        information: Share of the planned information, of the first success metric; may exceed 1. `None` where no
            effect was judged, or an always-valid plan names no units.
        final: Whether a decision is due by time or by information.
        between: Whether this reading lies between planned looks: it spends nothing and shows no effects.
        next: Cut-off of the next look.
    """

    number: int
    planned: int | None
    cutoff: dict[str, str] | None
    information: float | None
    reconstructed: bool
    final: bool = False
    between: bool = False
    next: str | None = None
    kept: bool | None = None


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One reading in an effect's history.

    Attributes:
        at: Cut-off of a look, or last day of exposure included.
        lower, upper: Fixed interval of the lift; `repeated_lower`, `repeated_upper` the one that decides.
    """

    at: str
    estimate: float
    lower: float | None
    upper: float | None
    repeated_lower: float | None = None
    repeated_upper: float | None = None
    look: int | None = None
    reconstructed: bool = False


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """A lift over time.

    Attributes:
        by: `look`: one point a look. `exposure`: units exposed up to a day, one point a day.
        scale: relative, or absolute where no lift can be given.
    """

    metric: str
    arm: str
    by: str
    scale: str
    points: list[Point]


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """One reason to doubt: what was seen, what it is worth, what it would explain, and where to look next.

    Attributes:
        likelihood_ratio: How many times likelier it is under some fault than in a healthy experiment.
        precision: Share of such doubts, each seen alone, that come of a fault, as the fault lab counted; `null` for one
            that it doesn't know.
        cause: The kind of fault it speaks for most; `null` where it speaks for none.
        detail: The numbers behind it.
    """

    code: str
    status: str
    text: str
    likelihood_ratio: float
    precision: float | None = None
    cause: str | None = None
    explains: str = ""
    next: str = ""
    p_value: float | None = None
    metric: str | None = None
    arm: str | None = None
    detail: dict[str, Any] = {}


class Suspect(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of fault, and how likely it is given all that was seen."""

    cause: str
    title: str
    stage: str
    probability: float
    explains: str
    next: str


class Dossier(msgspec.Struct, frozen=True, kw_only=True):
    """Why this might be wrong.

    Attributes:
        probability: That something is wrong, by all that was seen; `prior` before anything was.
        surprise_ratio: How many times likelier the estimates are where something is wrong, given what was expected.
        doubts: The weightiest first; what is as it should be isn't among them.
        causes: Kinds of fault, the likeliest first: those worth a thought.
        checked: How many checks were made.
    """

    probability: float
    prior: float
    surprise_ratio: float
    doubts: list[Doubt]
    causes: list[Suspect]
    checked: int


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """All that one analysis says.

    Attributes:
        control: The arm that the others are compared with.
        verdict: The verdict of the treatment that most needs attention (the only one, where there is one).
        verdicts: Every treatment's.
        dossier: Why this might be wrong.
        settings: Options and numbers that the answer rests on.
        sql: Statements that ran.
    """

    experiment: str
    title: str
    owner: str
    control: str
    hypothesis: str
    claims: str
    as_of: str
    engine: Engine
    look: LookView
    verdict: Verdict
    verdicts: list[Verdict]
    health: Health
    dossier: Dossier | None = None
    results: list[Result]
    series: list[Series]
    settings: dict[str, Any]
    sql: list[str]

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain dictionaries and lists, as `--format json` prints it."""
        return msgspec.to_builtins(self)
