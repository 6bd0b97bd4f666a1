"""The worlds in which launches are judged: each environment by itself, now and once all that is scheduled is on.

Rules of two environments never meet in one, and a rule that is to come takes nobody yet. Resolved all at once, one
would stand before the other and hide what it does.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from twyman.doubt.gate.candidate import Candidate, is_on, proposed
from twyman.doubt.gate.neighbour import asking
from twyman.flags.state import State

Ask = tuple[str, ...]
"""Environments that are asked from, all at once; empty for none that a rule names."""

On = frozenset[tuple[str, int]]
"""Rules by their flag and place."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What is switched on at a time.

    Attributes:
        judged: Experiments that are looked at then.
        is_whole: Whether all that is scheduled is on; else there is some, and nothing of it but what is judged.
    """

    state: State
    judged: tuple[Candidate, ...]
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class World:
    """A moment as it is in some environments.

    Attributes:
        environments: Those that are asked from.
        alike: All that could be asked from to the same answers, those among them.
        judged: Experiments that are looked at here.
    """

    moment: Moment
    environments: Ask
    alike: tuple[Ask, ...]
    judged: tuple[Candidate, ...]


def worlds(
    state: State, every: Sequence[Candidate], *, at: datetime, asked: str = "", environments: Ask = ()
) -> tuple[World, ...]:
    """Return every world in which something may be found; the first is of all that is scheduled.

    Args:
        state: All flags, as they stand.
        every: All experiments that they deal out.
        at: Now.
        asked: The one experiment that is asked about; empty for all.
        environments: Where it is asked from; empty for each that a rule names, and for any that none does.
    """
    moments = [*_moments(state, every, at, asked)]
    places = [(environments,)] if environments else [*_places(moments[0].state)]
    found: list[World] = []
    for moment in moments:
        for alike in places:
            judged = tuple(each for each in moment.judged if _belongs(each, alike[0], places))
            if judged or not found:
                found.append(World(moment, alike[0], alike, judged))
    return tuple(found)


def _belongs(candidate: Candidate, ask: Ask, places: Iterable[Sequence[Ask]]) -> bool:
    """Say whether an experiment is dealt out in a place; where it is in none, all show that."""
    return is_on(candidate.rule, ask) or not any(is_on(candidate.rule, alike[0]) for alike in places)


def _moments(state: State, every: Sequence[Candidate], at: datetime, asked: str) -> Iterator[Moment]:
    """Yield all that is scheduled switched on; and where that differs, each experiment beside what is on today."""
    whole = proposed(state, every, at=at, asked=asked)
    live = [each for each in every if whole.flags[each.flag.name].rules[each.place].enabled]
    judged = tuple(each for each in live if asked in ("", each.name))
    yield Moment(whole, judged)
    scheduled = {(each.flag.name, each.place) for each in live if not each.rule.enabled}
    running = tuple(each for each in judged if each.rule.enabled)
    if scheduled and running:
        yield Moment(state, running, is_whole=False)
    if len(scheduled) > 1:
        for each in judged:
            if not each.rule.enabled:
                yield Moment(proposed(state, [each], at=at, asked=asked), (each,), is_whole=False)


def _places(state: State) -> Iterator[tuple[Ask, ...]]:
    """Yield where flags may be asked from, those together from which the answers are the same."""
    rules = {
        (flag.name, place): rule.environments
        for flag in state.flags.values()
        for place, rule in enumerate(flag.rules)
        if rule.environments and rule.enabled and not flag.archived
    }
    named = {name for each in rules.values() for name in each}
    asks = [*((name,) for name in sorted(named)), *sorted({*_clients(state, named)}), ()]
    alike: dict[On, list[Ask]] = {}
    for ask in asks:
        on = frozenset(place for place, names in rules.items() if not set(names).isdisjoint(ask))
        alike.setdefault(on, []).append(ask)
    yield from (tuple(several) for several in alike.values())


def _clients(state: State, named: set[str]) -> Iterator[Ask]:
    """Yield environments that a client asks from at once, of those that rules name."""
    for client in state.clients.values():
        for each in (client.environments, *(credential.environments for credential in client.credentials)):
            if len(several := named & {*each}) > 1:
                yield tuple(sorted(several))


class Reach:
    """Which rules a flag's answers hang on: its own, and those of all flags that they ask."""

    def __init__(self, state: State) -> None:
        """Take flags; which of their rules are on doesn't matter."""
        asked = asking(state)
        self._flags: Mapping[str, frozenset[str]] = {}
        for name in state.flags:
            reached, more = {("flag", name)}, {("flag", name)}
            while more := {other for node in more for other in asked.get(node, ())} - reached:
                reached |= more
            self._flags[name] = frozenset(each for kind, each in reached if kind == "flag")

    def on(self, flag: str, state: State, environments: Ask) -> On:
        """Return those of the rules that are on in a world: where they are the same, the answers are."""
        reached = (state.flags[name] for name in self._flags[flag] if name in state.flags)
        return frozenset(
            (each.name, place)
            for each in reached
            for place, rule in enumerate(each.rules)
            if rule.enabled and is_on(rule, environments)
        )
