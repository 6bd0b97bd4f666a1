"""What holds of every state and context: resolvers agree, explain tells the same, and nothing ever raises."""

from collections.abc import Iterable, Iterator

from twyman.flags import document
from twyman.flags.compiled import Compiled
from twyman.flags.context import Context
from twyman.flags.evaluation import Evaluation
from twyman.flags.explain import explain
from twyman.flags.faults import broken_parts, faults_of
from twyman.flags.memory import NOTHING, Memory
from twyman.flags.resolve import Interpreter
from twyman.flags.state import State

View = tuple[str | None, tuple[str, ...]]
"""Who asks, and from which environments."""

ANYBODY: View = (None, ())
MOST_FLAGS = 20
"""Flags of a state that are evaluated: more of them would only be more of the same."""

CONTEXTS: tuple[Context, ...] = (
    {},
    {"targeting_key": "u-1", "user_id": "u-1", "country": "NZ", "age": 30, "version": "1.2.3", "vip": True},
    {"targeting_key": "é🦘", "country": ["SE", None], "age": "17.5", "since": "2026-01-01", "user": {"id": 7}},
    {"targeting_key": 12.5, "user_id": 10**400, "country": "\ud800", "age": float("nan"), "tags": [], "user": "x"},
)
"""Contexts for states of unknown making."""


class Broken(AssertionError):
    """A law doesn't hold."""


def check_state(state: State, contexts: Iterable[Context] = CONTEXTS, memory: Memory = NOTHING) -> None:
    """Check that a state resolves to the same, however it is read, and whoever asks."""
    told = [*faults_of(state), *broken_parts(state)]
    _require(all(isinstance(line, str) for line in told), "a fault has no words")
    known = list(contexts)
    for view in _views(state):
        check_answers(state, known, memory, view)


def check_answers(state: State, contexts: Iterable[Context], memory: Memory = NOTHING, view: View = ANYBODY) -> None:
    """Check that both resolvers answer alike, and that explain tells of that answer."""
    client, environments = view
    plain = Interpreter(state, client=client, environments=environments)
    quick = Compiled(state, client=client, environments=environments)
    _require(plain.flags == quick.flags, "resolvers show different flags")
    names = [*state.flags][:MOST_FLAGS]
    for context in contexts:
        for name in (*names, "no such flag"):
            answer = plain.evaluate(name, context, memory)
            _require(_is_same(answer, quick.evaluate(name, context, memory)), f"resolvers differ on '{name}'")
            told = explain(state, name, context, client=client, environments=environments, memory=memory)
            _require(_is_same(answer, told.evaluation), f"explain differs on '{name}'")
            str(told)


def check_round_trip(state: State) -> None:
    """Check that a state that was read can be written, and reads as the same again."""
    written = document.written(state)
    again = document.written(document.read(written))
    _require(again == written, "a state written and read again is another")


def _views(state: State) -> Iterator[View]:
    yield ANYBODY
    for name, client in list(state.clients.items())[:1]:
        yield name, (*client.environments, "production")


def _is_same(one: Evaluation, other: Evaluation) -> bool:
    return repr(one) == repr(other)


def _require(holds: bool, why: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise Broken(why)
