"""Which metrics can be trusted: what a thousand A/A tests say of each, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from twyman.stats.false_alarms import FalseAlarms

WORST_FIRST = ("inflated", "conservative", "trusted")
"""Verdicts: a test that cries wolf is worse than a deaf one."""


class Cause(StrEnum):
    """Why a test rejects more or less often than it promises."""

    CLUSTERS = "clusters"
    SKEW = "skew"
    DUPLICATES = "duplicates"
    RARE = "rare"
    LOOKS = "looks"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class OverLooks:
    """A/A tests read at every planned look.

    Attributes:
        looks: How many looks.
        planned: Tests that crossed the plan's bound at any of them.
        peeking: Tests whose ordinary p-value was below alpha at any of them: what no plan would give.
    """

    looks: int
    planned: FalseAlarms
    peeking: FalseAlarms


@dataclass(frozen=True, slots=True)
class Together:
    """The same units dealt with whoever shares an id with them.

    Attributes:
        of: The entity whose ids were dealt.
        groups: How many ids.
        alarms: Of the test that takes units one by one.
        scatter: Variance of the estimates over what the test believes it is: the design effect.
    """

    of: str
    groups: int
    alarms: FalseAlarms
    scatter: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What A/A tests say of one metric.

    Attributes:
        alarms: How often its test rejects, read once: at the last look, where several are planned.
        scatter: Variance of the estimates over what the test believes it is; about 1 where units are independent.
        skew: Skewness over units.
        units: Units (or clusters) that the metric takes.
        largest: Share of all its variation that the bucket makes in which it is largest.
        duplicates: Share of its facts' rows that repeat another; `None` where the source can't tell.
        cause: Why its rate is off; `None` where it is trusted.
        reason: The same, in a sentence with its figure.
        cure: What to do; empty where there is nothing.
        together: Dealt with others that share an id, where the source has one.
        looks: Read at every look, where several are planned.
    """

    metric: str
    title: str
    method: str
    alarms: FalseAlarms
    scatter: float
    skew: float
    units: int
    largest: float
    duplicates: float | None = None
    cause: Cause | None = None
    reason: str = ""
    cure: str = ""
    together: tuple[Together, ...] = ()
    looks: OverLooks | None = None

    @property
    def verdict(self) -> str:
        """`trusted`, `inflated` or `conservative`: the worse of the last look and any look, by the plan's bounds."""
        return min(self._verdicts, key=WORST_FIRST.index)

    @property
    def verdict_at(self) -> str:
        """Where the verdict was reached: at the `last look`, at `any look`, or the same at `both`."""
        if len(self._verdicts) == 1:
            return "last look"
        last, over = self._verdicts
        if last == over:
            return "both"
        return "last look" if self.verdict == last else "any look"

    @property
    def _verdicts(self) -> tuple[str, ...]:
        return self.alarms.verdict, *((self.looks.planned.verdict,) if self.looks else ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """A/A tests of an experiment's metrics.

    Attributes:
        of: What was dealt: the entity that is analysed, or drawn.
        units, groups: Units dealt, and the different ids among them.
        buckets: Buckets that hold a unit.
        shares: Of treatment and control in each A/A test.
        untested: Metrics that no A/A test was made of, and why.
    """

    experiment: str
    engine: str
    of: str
    units: int
    groups: int
    buckets: int
    runs: int
    seed: int
    alpha: float
    shares: tuple[float, float]
    metrics: tuple[Trust, ...]
    untested: Mapping[str, str] = field(default_factory=dict[str, str])
    sql: tuple[str, ...] = ()
