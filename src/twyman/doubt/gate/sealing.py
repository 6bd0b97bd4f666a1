"""What of a launch may be shown: of what is sealed, others are told that it is there, and whom to ask."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from twyman.doubt.gate.candidate import Candidate
from twyman.doubt.gate.neighbour import OWNER_UNKNOWN, asked_by
from twyman.experiments.experiment import Experiment
from twyman.flags.flag import Flag
from twyman.flags.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """What others don't see, and what they do.

    Attributes:
        flags: Flags of which others are told no more than that they conflict.
        owners: Whom to ask of each flag.
        shown: The state as others see it: without sealed flags, and without segments that only those ask for.
        segments: By segment that isn't shown, the flags that ask for it.
    """

    flags: frozenset[str] = frozenset()
    owners: Mapping[str, str] = field(default_factory=dict[str, str])
    shown: State = field(default_factory=State)
    segments: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])

    def of_segments(self, several: Collection[str]) -> str:
        """Say whom to ask of segments that aren't shown."""
        return self.of_flags({flag for each in several for flag in self.segments[each]})

    def of_flags(self, several: Collection[str]) -> str:
        """Say whom to ask of flags that aren't shown."""
        return ", ".join(sorted({self.owners.get(each) or OWNER_UNKNOWN for each in several})) or OWNER_UNKNOWN


def is_shown(experiment: Experiment, sealed: Collection[str], asked: str) -> bool:
    """Say whether an experiment is shown: neither it nor its flag is sealed, or its owner asks for it by name.

    Args:
        experiment: The experiment.
        sealed: Flags that are sealed themselves.
        asked: The experiment that is asked for by name; empty for none.
    """
    return experiment.name == asked or not (experiment.sealed or experiment.flag in sealed)


def sealing(
    state: State,
    several: Sequence[Candidate],
    experiments: Collection[Experiment],
    *,
    sealed: frozenset[str],
    owners: Mapping[str, str],
    asked: str,
) -> Sealing:
    """Return what others don't see.

    Args:
        state: All flags.
        several: Experiments that they deal out.
        experiments: All experiments, also those that no rule deals out.
        sealed: Flags that are sealed themselves.
        owners: Who answers for each flag.
        asked: The experiment whose owner asks; empty for none.
    """
    secret = {each.flag: each.owner for each in experiments if each.sealed and each.flag}
    hidden = sealed | {*secret}
    shown = _shown(several, sealed, asked)
    flags = {name: _only(flag, shown.get(name, ())) if name in hidden else flag for name, flag in state.flags.items()}
    visible = {name: flag for name, flag in flags.items() if name not in hidden or flag.rules}
    seen = {segment for flag in visible.values() for segment in asked_by(state, flag)}
    segments: dict[str, frozenset[str]] = {}
    for name in sorted(hidden & {*state.flags}):
        for segment in asked_by(state, state.flags[name]) - seen:
            segments[segment] = segments.get(segment, frozenset()) | {name}
    left = {name: each for name, each in state.segments.items() if name not in segments}
    return Sealing(
        flags=hidden,
        owners={**secret, **{name: owner for name, owner in owners.items() if owner}},
        shown=replace(state, flags=visible, segments=left),
        segments=segments,
    )


def _shown(several: Sequence[Candidate], sealed: frozenset[str], asked: str) -> Mapping[str, set[int]]:
    """Return the rules of experiments that are shown; of a sealed flag that is asked for, all but another's secret."""
    shown: dict[str, set[int]] = {}
    for each in several:
        if is_shown(each.experiment, sealed, asked):
            shown.setdefault(each.flag.name, set()).add(each.place)
        if each.name == asked and not is_shown(each.experiment, sealed, ""):
            secret = {other.place for other in several if other.flag.name == each.flag.name and other.experiment.sealed}
            shown[each.flag.name] |= {*range(len(each.flag.rules))} - (secret - {each.place})
    return shown


def _only(flag: Flag, places: Collection[int]) -> Flag:
    return replace(flag, rules=tuple(rule for place, rule in enumerate(flag.rules) if place in places))
