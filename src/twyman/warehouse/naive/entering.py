"""How rows become units, counted one by one: whom they met, how often, and what was left out."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from twyman.app.ports import Entrants
from twyman.experiments.experiment import Experiment

MOST_UNKNOWN = 50
"""Unknown arms named one by one, as on the first path."""


@dataclass(slots=True)
class Met:
    """What one unit met.

    Attributes:
        entries: Rows of an arm of the experiment that count.
        arms: Arms in them.
        seen: Arms inside enrolment, before the source's filter.
        first: Time of the first of them.
        arm: The arm met first; of several at that time, the one that the experiment lists first.
        cluster: What it was met with first; of several at that time, the first by name.
        cluster_at: When.
        clusters: All that it was met with.
    """

    entries: int = 0
    arms: set[int] = field(default_factory=set[int])
    seen: set[int] = field(default_factory=set[int])
    first: datetime | None = None
    arm: int | None = None
    cluster: str | None = None
    cluster_at: datetime | None = None
    clusters: set[str] = field(default_factory=set[str])

    def draw(self, cluster: str | None, moment: datetime | None) -> None:
        """Take the cluster of one more row that counts."""
        if cluster is None or moment is None:
            return
        self.clusters.add(cluster)
        if self.cluster is None or self.cluster_at is None or (moment, cluster) < (self.cluster_at, self.cluster):
            self.cluster, self.cluster_at = cluster, moment

    def enter(self, arm: int, moment: datetime | None) -> None:
        """Take one more row that counts."""
        self.entries += 1
        self.arms.add(arm)
        if self.arm is None or (moment is not None and self.first is not None and moment < self.first):
            self.arm, self.first = arm, moment
        elif moment == self.first:
            self.arm = min(arm, self.arm)


@dataclass(slots=True)
class Entering:
    """Rows of a source, on their way to become units.

    Attributes:
        filtered: Whether the source has a filter.
        out: Units left out with the clusters that they were drawn with.
    """

    experiment: Experiment
    filtered: bool
    units: dict[Any, Met] = field(default_factory=dict[Any, Met])
    rows: Counter[str | None] = field(default_factory=Counter[str | None])
    kept: Counter[str | None] = field(default_factory=Counter[str | None])
    outside: Counter[str | None] = field(default_factory=Counter[str | None])
    without_unit: int = 0
    values: dict[str, int] = field(init=False)
    out: set[Any] = field(default_factory=set[Any])

    def __post_init__(self) -> None:
        """Number the arms, by what the data call them."""
        self.values = {arm.value or arm.name: index for index, arm in enumerate(self.experiment.arms)}

    def row(
        self,
        unit: Any,  # noqa: ANN401 - an id
        label: str | None,
        *,
        kept: bool,
        inside: bool,
        moment: datetime | None = None,
        cluster: str | None = None,
    ) -> bool:
        """Take one more row; return whether it counts for its unit."""
        self.rows[label] += 1
        self.kept[label] += kept
        self.outside[label] += kept and not inside
        if unit is None:
            self.without_unit += 1
            return False
        arm = self.values.get(label) if label is not None else None
        met = self.units.setdefault(unit, Met())
        if arm is None:
            return False
        if inside:
            met.seen.add(arm)
        if kept and inside:
            met.enter(arm, moment)
            met.draw(cluster, moment)
        return kept and inside

    @property
    def standing(self) -> dict[Any, Met]:
        """Units in one arm only, and drawn with nobody in another."""
        return {unit: met for unit, met in self.units.items() if len(met.arms) == 1 and unit not in self.out}

    def crossovers(self) -> dict[str, int]:
        """Return how many units met several arms, or were drawn with who did, by the arm they met first."""
        found = {arm.name: 0 for arm in self.experiment.arms}
        for unit, met in self.units.items():
            crossed = len(met.arms) > 1 or (met.cluster is not None and unit in self.out)
            if crossed and met.arm is not None:
                found[self.experiment.arms[met.arm].name] += 1
        return found

    def entrants(self) -> Entrants:
        """Return how units came in."""
        known = {value: self.experiment.arms[index].name for value, index in self.values.items() if self.rows[value]}
        met = self.units.values()
        return Entrants(
            rows=self.rows.total(),
            units=len(self.units),
            in_two_arms=sum(len(one.seen if self.filtered else one.arms) > 1 for one in met),
            left_out={name: self.rows[value] - self.kept[value] for value, name in known.items()},
            kept={name: self.kept[value] for value, name in known.items()},
            repeated=sum(one.entries - len(one.arms) for one in met),
            without_unit=self.without_unit,
            unknown_arms=self._unknown(known),
            outside=sum(self.outside[value] for value in known),
        )

    def _unknown(self, known: Mapping[str, str]) -> dict[str, int]:
        strange = Counter[str]()
        for label, rows in self.rows.items():
            if label not in known:
                strange[label or ""] += rows
        ranked = sorted(strange.items(), key=lambda one: (-one[1], one[0]))
        rest = sum(rows for _, rows in ranked[MOST_UNKNOWN:])
        return dict(ranked[:MOST_UNKNOWN]) | ({"(other)": rest} if rest else {})
