"""One state in use: swapped whole, so that whoever asks needs no lock and never sees half of a change."""

from dataclasses import dataclass, field

from twyman.flags.compiled import Compiled
from twyman.flags.context import Context
from twyman.flags.evaluation import Evaluation, Reason
from twyman.flags.flag import Flag
from twyman.flags.memory import NOTHING, Memory
from twyman.flags.resolve import Resolver
from twyman.flags.state import Client, State


class Unready:
    """Answers while no state is there: the caller's default, and why."""

    flags: tuple[str, ...] = ()

    def evaluate(self, flag: str, context: Context, memory: Memory = NOTHING) -> Evaluation:  # noqa: ARG002
        """Return that nothing is ready."""
        return Evaluation(flag, Reason.NOT_READY, detail="no state is there yet: wait for the client to be ready")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state and what resolves it.

    Attributes:
        resolver: Answers for the state, as one client sees it.
        state: `None` before there is any.
        client: As whom it is read; `None` for nobody in particular.
    """

    resolver: Resolver = field(default_factory=Unready)
    state: State | None = None
    client: str | None = None

    @property
    def version(self) -> str:
        """The state's version; empty before there is any."""
        return self.state.version if self.state is not None else ""

    def flag(self, name: str) -> Flag | None:
        """Return a flag, if the state has it."""
        return self.state.flags.get(name) if self.state is not None else None


def snapshot_of(state: State, *, client: str | None, environments: tuple[str, ...]) -> Snapshot:
    """Return a state, ready to be asked.

    A server ships each client its own part of the state, which says who the client is and where it asks from:
    that is taken where nothing else is said.

    Example:
        >>> part = State(clients={"web": Client("web", environments=("production",))})
        >>> snapshot_of(part, client=None, environments=()).client
        'web'
    """
    shipped = _addressee(state)
    if shipped is not None:
        client, environments = client or shipped.name, environments or shipped.environments
    return Snapshot(Compiled(state, client=client, environments=environments), state, client)


def _addressee(state: State) -> Client | None:
    """Return whom a part of a state was shipped to: the one client in it, whose credentials aren't shown."""
    only = next(iter(state.clients.values()), None) if len(state.clients) == 1 else None
    return only if only is not None and not only.credentials else None
