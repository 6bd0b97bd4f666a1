"""Before anybody is exposed: resolve contexts for all flags at once, and say what else would differ between arms."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

import numpy as np

from twyman.app.gate_following import without
from twyman.app.gate_merging import LOUDEST_FIRST, together
from twyman.app.gate_sight import Entrants, Known, Seen, Sight
from twyman.app.gate_views import Gated, GateReport
from twyman.app.gate_worlds import World, worlds
from twyman.app.sample import Sample
from twyman.doubt.gate.candidate import Candidate, candidates
from twyman.doubt.gate.conflict import over_full, still_metrics, value_conflict
from twyman.doubt.gate.delivery import few_units, nobody, undelivered, unruled
from twyman.doubt.gate.finding import Finding, agreed, overridden
from twyman.doubt.gate.joint import FALSE_ALARMS, Table, joint
from twyman.doubt.gate.label import Label
from twyman.doubt.gate.neighbour import Asking, Neighbour, asking, asking_rules, followers, sealed
from twyman.doubt.gate.score import conflict
from twyman.doubt.gate.sealing import Sealing, is_shown, sealing
from twyman.doubt.gate.seeing import asked_attributes, blind
from twyman.experiments.experiment import Experiment
from twyman.experiments.history import PastPairs
from twyman.experiments.override import Override
from twyman.flags.allocation import Wanted
from twyman.flags.state import State
from twyman.kernel.errors import Invalid, NotFound, nearest
from twyman.kernel.place import Origin, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Launches:
    """What is to go live, and all that it would live among.

    Attributes:
        state: All flags, as they would be.
        experiments: All experiments, by name.
        wanted: What claims ask of each exclusivity group.
        sealed: Flags of which others see no more than that they conflict.
        owners: Who answers for each flag.
        origins: Where each flag stands.
        past: What was found of pairs of experiments before.
        asked: The one experiment that is asked about; empty for all.
        environments: Where contexts ask from, all at once; empty for each that a rule names, by itself.
    """

    state: State
    experiments: Mapping[str, Experiment]
    wanted: Wanted = field(default_factory=Wanted)
    sealed: frozenset[str] = frozenset()
    owners: Mapping[str, str] = field(default_factory=dict[str, str])
    origins: Mapping[str, Origin] = field(default_factory=dict[str, Origin])
    past: tuple[PastPairs, ...] = ()
    asked: str = ""
    environments: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.asked and self.asked not in self.experiments:
            raise NotFound(f"experiment '{self.asked}' isn't defined: {nearest(self.asked, self.experiments)}")
        if self.asked and not self.experiments[self.asked].flag:
            raise Invalid(
                f"experiment '{self.asked}' has no flag, so nothing here says who gets what: name it under flag:"
            )

    def place(self, candidate: Candidate) -> Place | None:
        """Return where a candidate's rule stands; else where the experiment does."""
        origin = self.origins.get(candidate.flag.name, Origin())
        return origin.at(f"rules.{candidate.place}") or candidate.experiment.origin.at("flag")


@dataclass(frozen=True, slots=True)
class GateExperiments:
    """Resolve a sample for everything live, scheduled and sealed, and judge each experiment by it.

    Attributes:
        sample: Contexts that stand for everybody.
        at: Now: what is switched off and over by then stays off.
    """

    sample: Sample
    at: datetime

    def __call__(self, launches: Launches) -> GateReport:
        """Return what was found of each experiment that has a flag, or of the one that is asked about."""
        on_flags = [each for each in launches.experiments.values() if each.flag]
        every = candidates(launches.state, on_flags)
        several = worlds(launches.state, every, at=self.at, asked=launches.asked, environments=launches.environments)
        looks = Counter(each.name for world in several for each in world.judged)
        known = Known(launches.state) if len(several) > 1 else None
        found: dict[str, list[tuple[World, Gated]]] = {name: [] for name in launches.experiments if name in looks}
        general: tuple[Finding, ...] = ()
        flags = 0
        for place, world in enumerate(several):
            gate = self._gate(launches, every, world, looks, known)
            if not place:
                general = (*gate.general([each for each in every if each.name in looks]),)
                flags = len(gate.sight.flags)
            alone = [gate.gated(each, general) for each in world.judged]
            for candidate, each in zip(world.judged, alone, strict=True):
                found[candidate.name].append((world, gate.ranked(candidate, each)))
        without = {each.name for each in on_flags} - {each.name for each in every}
        gated = [together(each) for each in found.values()]
        lost = sorted(without if not launches.asked else without & {launches.asked})
        gated += [_unruled(launches.experiments[name], launches, general) for name in lost]
        return GateReport(
            sample=self.sample.text,
            contexts=len(self.sample),
            flags=flags,
            experiments=tuple(gated),
            general=agreed(general, [_overrides(launches, each) for each in gated]),
        )

    def _gate(
        self,
        launches: Launches,
        every: Sequence[Candidate],
        world: World,
        looks: Mapping[str, int],
        known: Known | None,
    ) -> "_Gate":
        state = world.moment.state
        live = tuple(each for each in every if state.flags[each.flag.name].rules[each.place].enabled)
        return _Gate(launches, Sight(self.sample, state, live, world.environments, known), live, looks)


def _overrides(launches: Launches, gated: Gated) -> Sequence[Override]:
    """Return what an experiment lets pass; where it isn't shown, without its words."""
    said = launches.experiments[gated.experiment].overrides
    return said if gated.is_shown else [replace(each, reason="sealed", reviewer="sealed") for each in said]


def _unruled(experiment: Experiment, launches: Launches, general: Sequence[Finding]) -> Gated:
    place = experiment.origin.at("flag")
    found = overridden([unruled(experiment.flag, place)], experiment.overrides, place, general)
    label = Label(units=0, contexts=0)
    return Gated(
        experiment=experiment.name,
        flag=experiment.flag,
        label=label,
        findings=found,
        is_shown=is_shown(experiment, launches.sealed, launches.asked),
        place=place,
    )


@dataclass(frozen=True)
class _Gate:
    """Everything in sight, the experiments that are judged by it, and in how many worlds each is."""

    launches: Launches
    sight: Sight
    live: tuple[Candidate, ...]
    looks: Mapping[str, int]
    sizes: dict[str, int] = field(default_factory=dict[str, int])

    def gated(self, candidate: Candidate, general: Sequence[Finding]) -> Gated:
        """Return what was found of an experiment.

        Args:
            candidate: The experiment.
            general: What was found that is about no experiment alone.
        """
        entrants, place = self.sight.entrants(candidate), self.launches.place(candidate)
        self.sizes[candidate.name] = len(entrants.rows)
        beside = self.sight.beside(entrants)
        others = {name: each for name, each in beside.items() if name != candidate.flag.name and _varies(each.table)}
        alpha = FALSE_ALARMS / (max(1, len(others)) * self.looks[candidate.name])
        neighbours = tuple(self._neighbours(candidate, entrants, others, alpha))
        label = self._label(entrants)
        found = [*self._delivery(candidate, entrants, beside, alpha)]
        found += [each for one in neighbours if (each := one.finding(entrants.names, place))]
        overlaps = [*self._overlaps(candidate, beside)]
        told = [(other, units) for other, units in overlaps if other.flag.name not in self.sealed]
        found += self._conflicts(candidate, told)
        found += [each for each in [label.finding(candidate.experiment.claims, place)] if each]
        found.sort(key=lambda each: LOUDEST_FIRST.index(each.status))
        return Gated(
            experiment=candidate.name,
            flag=candidate.flag.name,
            label=label,
            arms=entrants.counts,
            findings=overridden(found, candidate.experiment.overrides, candidate.experiment.origin.at("gate"), general),
            neighbours=neighbours,
            overlaps={other.name: units for other, units in told},
            same_surface=tuple(other.name for other, _ in told if _share_a_surface(candidate, other)),
            flags=len(self.sight.flags) - 1,
            is_shown=is_shown(candidate.experiment, self.launches.sealed, self.launches.asked),
            place=place,
        )

    def _neighbours(
        self, candidate: Candidate, entrants: Entrants, beside: Mapping[str, Seen], alpha: float
    ) -> Iterator[Neighbour]:
        following = followers(self.asking, candidate.flag.name)
        for name, seen in beside.items():
            found, flag = joint(seen.table, alpha=alpha), self.sight.state.flags[name]
            asks = asking_rules(flag, following) if found.is_dependent else ()
            yield Neighbour(
                flag=name,
                values=self.sight.flags[name].values,
                joint=found,
                shared=seen.assigned,
                experiments=tuple(each.name for each in self.by_flag.get(name, ())),
                asks=tuple(flag.rules[place].name for place in asks),
                follows=bool(asks) and not joint(without(self.sight, entrants, name, asks), alpha=alpha).aliased,
                sealed=name in self.sealed,
                owner=self.sealing.owners.get(name, ""),
                place=self.launches.origins.get(name, Origin()).at("rules"),
            )

    def _delivery(
        self, candidate: Candidate, entrants: Entrants, beside: Mapping[str, Seen], alpha: float
    ) -> Iterator[Finding]:
        place = self.launches.place(candidate)
        if not len(entrants.rows):
            yield nobody(candidate, len(self.sight.sample), place)
            return
        own = beside[candidate.flag.name].table
        found = (few_units(entrants.counts, alpha, place), undelivered(candidate, entrants.names, own, place))
        yield from (each for each in found if each)

    def _overlaps(self, candidate: Candidate, beside: Mapping[str, Seen]) -> Iterator[tuple[Candidate, int]]:
        """Yield how many units each other experiment on another flag shares."""
        for other in self.live:
            seen = beside.get(other.flag.name)
            shared = seen.entered.get(other.place, 0) if seen and other.flag.name != candidate.flag.name else 0
            if shared:
                yield other, shared

    def _conflicts(self, candidate: Candidate, overlaps: Sequence[tuple[Candidate, int]]) -> Iterator[Finding]:
        place, launches = self.launches.place(candidate), self.launches
        for other in self.by_flag[candidate.flag.name]:
            if other.name != candidate.name:
                yield from self._on_one_flag(candidate, other, place)
        for other, shared in overlaps:
            yield from still_metrics(candidate.experiment, other.experiment, shared=shared, place=place)
        yield from over_full(launches.wanted, candidate.groups | self._groups_asked(candidate), place, self.sealing)

    def ranked(self, candidate: Candidate, found: Gated) -> Gated:
        """Return what was found with what there is in common with each that shares units, or would by its rule alone.

        Args:
            candidate: The experiment.
            found: What was found of it; of all that are at the gate by now, so that each one's units are counted.
        """
        named = {each.name: each for each in self.live}
        shares = [
            (named[name], shared, min(self._size(candidate), self._size(named[name])))
            for name, shared in found.overlaps.items()
        ]
        for other in self.by_flag[candidate.flag.name]:
            if other.name != candidate.name and (candidate.experiment.sealed or not other.experiment.sealed):
                shares.append((other, *self._on_both(candidate, other)))
        ours, past = candidate.experiment, self.launches.past
        common = [
            conflict(ours, other.experiment, overlap=min(1.0, shared / smaller), past=past)
            for other, shared, smaller in shares
            if shared and smaller
        ]
        common.sort(key=lambda each: (-each.score, -each.overlap, each.other))
        return replace(found, conflicts=tuple(common))

    def _size(self, candidate: Candidate) -> int:
        """Return how many units an experiment has; counted once."""
        if candidate.name not in self.sizes:
            self.sizes[candidate.name] = len(self.sight.entrants(candidate).rows)
        return self.sizes[candidate.name]

    def _on_both(self, candidate: Candidate, other: Candidate) -> tuple[int, int]:
        """Return the units that two rules of one flag would share, each by itself, and those of the smaller one."""
        ours, theirs = self.sight.reach(candidate), self.sight.reach(other)
        smaller = min(self.sight.count(ours, candidate.rule.by), self.sight.count(theirs, other.rule.by))
        return self.sight.count(ours & theirs, candidate.rule.by), smaller

    def _groups_asked(self, candidate: Candidate) -> frozenset[str]:
        """Return the groups that a candidate's segment asks for, also where the lock has no slices for it yet."""
        groups = self.launches.wanted.groups
        return frozenset(name for name, each in groups.items() if candidate.rule.segment in each.claims)

    def _on_one_flag(self, candidate: Candidate, other: Candidate, place: Place | None) -> Iterator[Finding]:
        ours, by = self.sight.reach(candidate), candidate.rule.by
        both = ours & self.sight.reach(other)
        found = value_conflict(
            candidate,
            other,
            units=self.sight.count(ours, by),
            shared=self.sight.count(both, by),
            place=place,
            related=self.launches.place(other),
        )
        if found and other.experiment.sealed and not candidate.experiment.sealed:
            owner = other.experiment.owner or self.launches.owners.get(other.flag.name, "")
            yield sealed(other.name, owner, found.status, place)
        elif found:
            yield found

    def _label(self, entrants: Entrants) -> Label:
        sample = self.sight.sample
        return Label(
            units=len(entrants.rows),
            contexts=len(sample),
            markets=sample.markets(entrants.rows),
            of_markets=len(sample.markets()),
            new=sample.newness(entrants.rows),
        )

    @cached_property
    def sealed(self) -> frozenset[str]:
        """Flags that aren't shown: those sealed, and those of a sealed experiment."""
        return self.sealing.flags

    @cached_property
    def sealing(self) -> Sealing:
        """What others don't see."""
        launches, state = self.launches, self.sight.state
        every = candidates(state, launches.experiments.values())
        return sealing(
            state,
            every,
            tuple(launches.experiments.values()),
            sealed=launches.sealed,
            owners=launches.owners,
            asked=launches.asked,
        )

    @cached_property
    def by_flag(self) -> Mapping[str, tuple[Candidate, ...]]:
        """Experiments by their flag."""
        found: dict[str, tuple[Candidate, ...]] = {}
        for each in self.live:
            found[each.flag.name] = (*found.get(each.flag.name, ()), each)
        return found

    @cached_property
    def asking(self) -> Asking:
        """What each flag and segment asks for."""
        return asking(self.sight.state)

    def general(self, several: Sequence[Candidate]) -> Iterator[Finding]:
        """Yield what is about no experiment alone."""
        own = {name for each in several for name in each.groups | self._groups_asked(each)}
        yield from over_full(self.launches.wanted, set(self.launches.wanted.groups) - own, None, self.sealing)
        lacking = self.sight.sample.lacking(asked_attributes(self.sight.state))
        yield from blind(self.sight.state, lacking, self.sealing)


def _share_a_surface(one: Candidate, other: Candidate) -> bool:
    return one.experiment.surface == other.experiment.surface != ""


def _varies(table: Table) -> bool:
    """Say whether a flag serves an experiment's units more than one value."""
    return int(np.count_nonzero(table.sum(axis=0))) > 1
