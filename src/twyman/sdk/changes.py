"""Which flags may answer differently under a new state: those that differ, and those that lead to what differs."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from twyman.flags.faults import walk
from twyman.flags.state import State
from twyman.flags.targeting import Expression, FlagIs, InPopulation, InSegment

Node = tuple[str, str]
"""A flag, segment or population, by its kind and name."""


def changed_flags(before: State | None, after: State) -> tuple[str, ...]:
    """Return the names of the flags that may answer differently, in order; with nothing before, all of them.

    Example:
        >>> from twyman.flags.flag import Flag
        >>> old, new = Flag("a", ()), Flag("a", (), archived=True)
        >>> changed_flags(State({"a": old, "b": Flag("b", ())}), State({"a": new, "b": Flag("b", ())}))
        ('a',)
    """
    if before is None:
        return tuple(sorted(after.flags))
    differing = {
        *_differing("flag", before.flags, after.flags),
        *_differing("segment", before.segments, after.segments),
        *_differing("population", before.populations, after.populations),
    }
    if not differing:
        return ()
    leading = _leading_to(after)
    waiting, reached = list(differing), set(differing)
    while waiting:
        further = leading[waiting.pop()] - reached
        reached |= further
        waiting += further
    return tuple(sorted(name for kind, name in reached if kind == "flag"))


def _differing(kind: str, before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[Node]:
    for name in before.keys() | after.keys():
        if before.get(name) != after.get(name):
            yield kind, name


def _leading_to(state: State) -> defaultdict[Node, set[Node]]:
    """Return, for each thing, what refers to it."""
    leading: defaultdict[Node, set[Node]] = defaultdict(set)
    for name, segment in state.segments.items():
        for other in _references(segment.when):
            leading[other].add(("segment", name))
    for name, flag in state.flags.items():
        for rule in flag.rules:
            if rule.segment:
                leading["segment", rule.segment].add(("flag", name))
            for other in _references(rule.when):
                leading[other].add(("flag", name))
    return leading


def _references(expression: Expression | None) -> Iterator[Node]:
    for part, _ in walk(expression):
        match part:
            case InSegment():
                yield "segment", part.segment
            case FlagIs():
                yield "flag", part.flag
            case InPopulation():
                yield "population", part.population
            case _:
                pass
