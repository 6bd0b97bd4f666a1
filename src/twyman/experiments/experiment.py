"""A planned comparison: its arms, whom it may speak for, what it measures, and what was expected."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from twyman.experiments.delivery import Delivery
from twyman.experiments.expectation import Expectation, Reach
from twyman.experiments.override import Override
from twyman.experiments.plan import Plan
from twyman.experiments.population import Excluded, Trigger
from twyman.experiments.sign_off import SignOff
from twyman.flags.targeting import Expression
from twyman.kernel.errors import Invalid, nearest
from twyman.kernel.place import Origin
from twyman.metrics.metric import LATER

MAX_ARMS = 100
"""More arms than this is a mistake in the definition: every arm would share the error rate with all others."""


class Role(StrEnum):
    """What a metric is for in this experiment."""

    SUCCESS = "success"
    GUARDRAIL = "guardrail"
    MUST_NOT_MOVE = "must_not_move"
    INFORMATION = "information"


@dataclass(frozen=True, slots=True)
class Arm:
    """One side of the comparison.

    Attributes:
        share: Planned share of the units, of all arms together.
        value: What the data call it; the arm's name unless said.
        logged: What its flag's exposures call it; empty without a flag.
    """

    name: str
    share: float
    control: bool = False
    value: str = ""
    logged: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """A metric and its role in this experiment.

    Attributes:
        margin: Non-inferiority margin of a guardrail, relative to control.
        within: Equivalence margin of a metric that must not move, relative to control.
        mde: The smallest relative effect that the experiment is sized for.
        expectations: What is expected, by treatment.
        reach: How far the change can reach, where the metric is a proportion.
    """

    metric: str
    role: Role
    margin: float | None = None
    within: float | None = None
    mde: float | None = None
    expectations: Mapping[str, Expectation] = field(default_factory=dict[str, Expectation])
    reach: Reach | None = field(default=None, metadata=LATER)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Met where one of its parts is."""

    parts: "tuple[Goal, ...]"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Met where all of its parts are."""

    parts: "tuple[Goal, ...]"


Goal = str | AnyOf | AllOf
"""A tree over success metrics: a name, or any / all of such trees."""


class Entry(StrEnum):
    """How units enter the analysis: by exposures, as a table of units, or as counts."""

    EXPOSURES = "exposures"
    UNITS = "units"
    AGGREGATES = "aggregates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """A planned comparison of arms, as its owner wrote it.

    Attributes:
        key: The experiment's key in the exposures.
        entity: What is analysed.
        randomised_by: What was randomised, where several units of the entity were drawn together; else empty.
        entry: Which kind of source `source` is.
        enrol_from, enrol_until: Exposures that count lie between them (half-open).
        measure_until: No fact from here on counts; the last look is here.
        decide: When the experiment counts as won.
        dimensions: Attributes to break results down by, frozen before exposure.
        crossed: Combinations of attributes to break results down by.
        trigger: The fact from which on units are analysed; `None`: their exposure.
        exclude: Segments whose units are left out, by what was known before exposure.
        population: Who is analysed, by what was known before exposure; `None`: everybody.
        claims: For whom the result may speak, where it is less than everybody.
        change: Class of the change, a free word: past experiments of its class are the likeliest guides.
        signed: Surprises that somebody outside the team has signed off.
        flag: The flag whose rule deals out its arms; empty for none.
        surface: Product area whose experiments are coordinated together; empty for none.
        sealed: Whether others see its name only.
        overrides: Findings of the launch gate that may pass.
        delivery: Facts that show that a unit met the change; `None` where nothing is declared.
        assignments: Source of what was assigned before exposure; empty for none.
    """

    name: str
    arms: tuple[Arm, ...]
    tracked: tuple[Tracked, ...]
    entry: Entry
    source: str
    key: str = ""
    title: str = ""
    owner: str = ""
    entity: str = ""
    randomised_by: str = ""
    enrol_from: datetime | None = None
    enrol_until: datetime | None = None
    measure_until: datetime | None = None
    hypothesis: str = ""
    decide: Goal | None = None
    strata: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    crossed: tuple[tuple[str, ...], ...] = ()
    trigger: Trigger | None = None
    exclude: tuple[Excluded, ...] = ()
    population: Expression | None = None
    claims: str = ""
    delivery: Delivery | None = None
    assignments: str = ""
    change: str = ""
    signed: tuple[SignOff, ...] = ()
    flag: str = ""
    surface: str = ""
    sealed: bool = False
    overrides: tuple[Override, ...] = ()
    plan: Plan = Plan()
    origin: Origin = field(default_factory=Origin, compare=False, repr=False)

    def __post_init__(self) -> None:
        self._check_arms()
        for tracked in self.tracked:
            for arm in tracked.expectations:
                if arm not in {treatment.name for treatment in self.treatments}:
                    hint = nearest(arm, [treatment.name for treatment in self.treatments])
                    self._refuse(
                        f"expectation of '{tracked.metric}' is for arm '{arm}', no treatment here: {hint}", "metrics"
                    )
        if self.enrol_from and self.enrol_until and self.enrol_from >= self.enrol_until:
            self._refuse(f"enrolment of '{self.name}' ends before it starts: exchange from and until", "enrol")
        if self.enrol_from and self.measure_until and self.measure_until <= self.enrol_from:
            self._refuse(
                f"measurement of '{self.name}' ends before enrolment starts: write a later measure_until",
                "measure_until",
            )

    def _check_arms(self) -> None:
        if len(self.arms) < 2:
            self._refuse(
                f"experiment '{self.name}' has {len(self.arms)} arm: a comparison needs a control and a treatment",
                "arms",
            )
        if len(self.arms) > MAX_ARMS:
            self._refuse(
                f"experiment '{self.name}' has {len(self.arms):,} arms, and at most {MAX_ARMS} can share an error "
                "rate: is an id given where the arm should be?",
                "arms",
            )
        controls = [arm.name for arm in self.arms if arm.control]
        if len(controls) != 1:
            named = ", ".join(controls) or "none"
            self._refuse(
                f"experiment '{self.name}' needs one control, and has {named}: mark one arm with control: true", "arms"
            )
        total = sum(arm.share for arm in self.arms)
        if abs(total - 1) > 1e-9 or any(arm.share < 0 for arm in self.arms):
            self._refuse(
                f"shares of '{self.name}' sum to {total:.6g}, and must sum to 1: correct the shares of its arms", "arms"
            )
        values = [arm.value or arm.name for arm in self.arms]
        if len(set(values)) < len(values):
            self._refuse(
                f"two arms of '{self.name}' have the same value in the data: give each a value of its own", "arms"
            )

    def _refuse(self, message: str, path: str) -> None:
        raise Invalid(message, place=self.origin.at(path))

    @property
    def control(self) -> Arm:
        """The arm that the others are compared with."""
        return next(arm for arm in self.arms if arm.control)

    @property
    def treatments(self) -> tuple[Arm, ...]:
        """All other arms, in the order written."""
        return tuple(arm for arm in self.arms if not arm.control)

    def with_role(self, role: Role) -> tuple[Tracked, ...]:
        """Return the metrics that have this role, in the order written."""
        return tuple(tracked for tracked in self.tracked if tracked.role is role)
