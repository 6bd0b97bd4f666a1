"""An experiment with the rule that deals it out, and the state as it would be once all are live."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from twyman.experiments.experiment import Experiment
from twyman.experiments.rule import rule_of
from twyman.flags.exposure import ARMS
from twyman.flags.flag import Flag, Rule
from twyman.flags.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An experiment on a flag.

    Attributes:
        flag: Its flag, as it stands.
        place: Its rule's place in the flag.
        groups: Exclusivity groups from which its units are claimed.
    """

    experiment: Experiment
    flag: Flag
    place: int
    groups: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The experiment's name."""
        return self.experiment.name

    @property
    def rule(self) -> Rule:
        """The rule that deals it out."""
        return self.flag.rules[self.place]

    @property
    def arms(self) -> tuple[str, ...]:
        """The arm of each side of the rule's split; empty for a side that the experiment doesn't compare."""
        names = {arm.logged: arm.name for arm in self.experiment.arms}
        logged = [ARMS.get(side.to, side.variant) for side in self.rule.split.assigned]
        return tuple(names.get(each, "") for each in logged)


def candidates(state: State, experiments: Iterable[Experiment]) -> tuple[Candidate, ...]:
    """Return the experiments that a flag of the state deals out, in the order given."""
    return tuple(_candidates(state, experiments))


def _candidates(state: State, experiments: Iterable[Experiment]) -> Iterator[Candidate]:
    for experiment in experiments:
        flag = state.flags.get(experiment.flag)
        if flag is None or flag.broken:
            continue
        rule = rule_of(flag, experiment.key) or rule_of(flag, experiment.name)
        if rule is not None:
            segment = state.segments.get(rule.segment)
            claims = (*rule.claims, *(segment.claims if segment else ()))
            groups = frozenset(claim.group for claim in claims if claim.group)
            yield Candidate(experiment=experiment, flag=flag, place=flag.rules.index(rule), groups=groups)


def proposed(state: State, several: Iterable[Candidate], *, at: datetime, asked: str = "") -> State:
    """Return the state with the rules of scheduled experiments switched on: those not over yet, and the one asked."""
    flags = dict(state.flags)
    for each in several:
        if not each.rule.enabled and (each.name == asked or not _is_over(each.experiment, at)):
            flags[each.flag.name] = _switched_on(flags[each.flag.name], each.place)
    return replace(state, flags=flags)


def is_on(rule: Rule, environments: Collection[str]) -> bool:
    """Say whether a rule works for those who ask from some environments.

    Example:
        >>> from twyman.flags.flag import Split
        >>> is_on(Rule("qa", Split(()), environments=("staging",)), ["production"]), is_on(Rule("all", Split(())), [])
        (False, True)
    """
    return not rule.environments or not set(rule.environments).isdisjoint(environments)


def _is_over(experiment: Experiment, at: datetime) -> bool:
    ends = [end for end in (experiment.enrol_until, experiment.measure_until) if end is not None]
    return bool(ends) and min(ends) <= at


def _switched_on(flag: Flag, place: int) -> Flag:
    rules = tuple(replace(rule, enabled=True) if at == place else rule for at, rule in enumerate(flag.rules))
    return replace(flag, rules=rules)


def alone(state: State, candidate: Candidate) -> State:
    """Return the state in which a candidate's rule is the only one of its flag: whom it would reach by itself."""
    flag = replace(candidate.flag, rules=(replace(candidate.rule, enabled=True),))
    flags: Mapping[str, Flag] = {**state.flags, flag.name: flag}
    return replace(state, flags=dict(flags))
