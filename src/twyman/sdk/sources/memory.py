"""A state that the program itself hands over, and replaces when it likes."""

from collections.abc import Callable

from twyman.flags.state import State


class MemoryState:
    """A state in memory.

    Example:
        >>> source = MemoryState(State(version="a"))
        >>> source.replace(State(version="b"))
        >>> source.fetch().version
        'b'
    """

    name = "memory"
    is_near = True

    def __init__(self, state: State) -> None:
        self._state = state
        self._rings: list[Callable[[], None]] = []

    def replace(self, state: State) -> None:
        """Serve another state from now on; every client of it has taken it when this returns."""
        self._state = state
        for ring in self._rings:
            ring()

    def last_good(self) -> State | None:
        """Return nothing: what there is, a fetch returns."""
        return None

    def fetch(self) -> State | None:
        """Return the state."""
        return self._state

    def pause(self, failures: int) -> float | None:  # noqa: ARG002 - nothing is polled
        """Return nothing: a replacement says so itself."""
        return None

    def attach(self, ring: Callable[[], None]) -> None:
        """Call this on every replacement."""
        self._rings.append(ring)

    def troubles(self) -> list[tuple[str, str]]:
        """Return nothing: nothing goes wrong."""
        return []
