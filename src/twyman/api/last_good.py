"""What is served when an edit breaks something: the last version that was good, of that alone.

A flag or a segment that is broken keeps its last good version; one that has vanished does, too, where
something broke at the same time, since its file may just be one that can't be read. Whoever is kept so
is let go once nothing is wrong, or once it is there again.
"""

from collections.abc import Collection, Mapping
from typing import TypeVar

from msgspec.structs import replace

from twyman.flags.flag import Flag
from twyman.flags.state import Segment, State
from twyman.flags.targeting import Broken

T = TypeVar("T", Flag, Segment)


class LastGood:
    """Remembers what was good.

    Example:
        >>> from twyman.flags.flag import Flag
        >>> good = LastGood()
        >>> _ = good.over(State({"a": Flag("a", ())}), ())
        >>> good.over(State({"a": Flag("a", (), broken="schema")}), ("a.yaml:3: schema",)).flags["a"].broken
        ''
    """

    def __init__(self) -> None:
        self._state = State()
        self._problems: frozenset[str] = frozenset()
        self._held: set[str] = set()

    def over(self, state: State, problems: Collection[str]) -> State:
        """Return a state just read, with what broke in it as it was before."""
        is_fresh = not self._problems.issuperset(problems)
        self._problems = frozenset(problems)
        if not problems:
            self._held = set()
        flags = self._kept("flag", self._state.flags, state.flags, is_fresh=is_fresh)
        segments = self._kept("segment", self._state.segments, state.segments, is_fresh=is_fresh)
        self._state = replace(state, flags=flags, segments=segments)
        return self._state

    def refused(self, problem: str) -> State:
        """Return what is served when nothing can be read at all: all as it was."""
        return self.over(State(populations=self._state.populations, clients=self._state.clients), (problem,))

    def _kept(self, kind: str, before: Mapping[str, T], now: Mapping[str, T], *, is_fresh: bool) -> dict[str, T]:
        held = {name for name in before if name not in now and (is_fresh or f"{kind} {name}" in self._held)}
        self._held -= {f"{kind} {name}" for name in now}
        self._held |= {f"{kind} {name}" for name in held}
        mended = {name: before.get(name, each) if _is_broken(each) else each for name, each in now.items()}
        return {**{name: before[name] for name in before if name in held}, **mended}


def _is_broken(piece: Flag | Segment) -> bool:
    return bool(piece.broken) if isinstance(piece, Flag) else isinstance(piece.when, Broken)
