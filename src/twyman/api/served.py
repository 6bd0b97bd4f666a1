"""What is served at present: one state, seen through one view for each who asks."""

from collections.abc import Iterable
from copy import copy

from twyman.api.asgi import Headers
from twyman.api.asker import Asker, Askers
from twyman.api.view import View
from twyman.flags.document import versioned
from twyman.flags.state import State


class Served:
    """A state ready to be served; it never changes, but is replaced whole.

    Attributes:
        state: The state, with its version.
        problems: What in it can't be resolved, one sentence each.

    Example:
        >>> Served(State()).view({}).resolver.flags
        ()
    """

    def __init__(self, state: State, *, problems: Iterable[str] = (), environments: tuple[str, ...] = ()) -> None:
        """Take a state.

        Args:
            state: Flags and what they need.
            problems: What in it can't be resolved.
            environments: Where those ask from whose credential names no environment.
        """
        self.state = versioned(state)
        self.problems = tuple(problems)
        self._askers = Askers(state, environments=environments)
        self._views: dict[Asker, View] = {}

    def view(self, headers: Headers) -> View:
        """Return what the one who asks sees.

        Raises:
            Refused: 401 if nobody known asks.
        """
        return self._of(self._askers.asking(headers))

    def stream(self, headers: Headers) -> str:
        """Return the token under which the one who asks may listen for changes."""
        return self._askers.stream(headers)

    def listening(self, token: str) -> View | None:
        """Return what the owner of a token sees; `None` where it has none, or none any more."""
        asker = self._askers.listening(token)
        return self._of(asker) if asker else None

    def warmed(self, before: "Served") -> "Served":
        """Return this, with the views made that were in use before: so that nobody waits for them."""
        for asker in list(before._views):  # noqa: SLF001 - its own kind
            if asker in self._askers:
                self._of(asker)
        return self

    def told(self, problems: Iterable[str]) -> "Served":
        """Return the same, with other problems."""
        told = copy(self)
        told.problems = tuple(problems)
        return told

    def _of(self, asker: Asker) -> View:
        found = self._views.get(asker)
        if found is None:
            found = self._views.setdefault(asker, View(self.state, asker))
        return found
