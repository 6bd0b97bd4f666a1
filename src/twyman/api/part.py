"""The part of a state that one client is shown: its flags, all that they need, and no credentials."""

from collections.abc import Iterator

from msgspec import UNSET
from msgspec.structs import replace

from twyman.flags.faults import walk
from twyman.flags.flag import Flag
from twyman.flags.state import Client, State
from twyman.flags.targeting import Expression, FlagIs, InPopulation, InSegment

Need = tuple[str, str]
"""What an expression needs: `flag`, `segment` or `population`, and its name."""


def part_of(state: State, client: str | None, environments: tuple[str, ...]) -> State:
    """Return what a client is shown of a state.

    A prerequisite that the client doesn't see is there, so that its own flags resolve, but visible to nobody.
    Of the clients there is only the one who asks, with its environments.

    Example:
        >>> state = State({"a": Flag("a", ()), "b": Flag("b", (), clients=("web",))}, clients={"tv": Client("tv")})
        >>> sorted(part_of(state, "tv", ("production",)).flags)
        ['a']
    """
    if client is None:
        return replace(state, clients={}, version="")
    seen = {name for name, flag in state.flags.items() if flag.is_seen_by(client)}
    needed = _needed(state, seen)
    return State(
        {name: _shown(flag, client) for name, flag in state.flags.items() if ("flag", name) in needed},
        {name: segment for name, segment in state.segments.items() if ("segment", name) in needed},
        {name: population for name, population in state.populations.items() if ("population", name) in needed},
        {client: Client(client, environments)},
    )


def _shown(flag: Flag, client: str) -> Flag:
    """Return a flag without the names of other clients."""
    if flag.clients is UNSET:
        return flag
    return replace(flag, clients=(client,) if flag.is_seen_by(client) else ())


def _needed(state: State, seen: set[str]) -> set[Need]:
    """Return all that flags lead to, themselves included."""
    needed: set[Need] = set()
    waiting: list[Need] = [("flag", name) for name in seen]
    while waiting:
        need = waiting.pop()
        if need not in needed:
            needed.add(need)
            waiting += _of(state, *need)
    return needed


def _of(state: State, kind: str, name: str) -> Iterator[Need]:
    if kind == "segment" and name in state.segments:
        yield from _in(state.segments[name].when)
    elif kind == "flag" and name in state.flags:
        for rule in state.flags[name].rules:
            if rule.segment:
                yield "segment", rule.segment
            yield from _in(rule.when)


def _in(expression: Expression | None) -> Iterator[Need]:
    for part, _ in walk(expression):
        match part:
            case FlagIs():
                yield "flag", part.flag
            case InSegment():
                yield "segment", part.segment
            case InPopulation():
                yield "population", part.population
            case _:
                pass
