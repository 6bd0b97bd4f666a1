"""What a client asks of the place its state comes from, and what it takes for a state."""

from collections.abc import Callable
from typing import Protocol

from twyman.flags.document import read
from twyman.flags.state import State
from twyman.kernel.errors import Invalid


class Source(Protocol):
    """A place that states come from. One thread at a time asks it."""

    @property
    def name(self) -> str:
        """What to call it in a log."""
        ...

    @property
    def is_near(self) -> bool:
        """Whether a fetch waits for nobody, so that a client may do it where it is made."""
        ...

    def last_good(self) -> State | None:
        """Return the state kept from an earlier run, for as long as nothing newer can be fetched; `None` for none.

        Raises:
            TwymanError: If there is something, and it is no state.
        """
        ...

    def fetch(self) -> State | None:
        """Return the state there is now; `None` where it still is the last one returned.

        Raises:
            TwymanError: If none can be had, or it is none to be taken.
        """
        ...

    def pause(self, failures: int) -> float | None:
        """Return seconds until the next fetch, after so many failures in a row; `None` where it says so itself."""
        ...

    def attach(self, ring: Callable[[], None]) -> None:
        """Be told what to call when there is something new: it fetches at once."""
        ...

    def troubles(self) -> list[tuple[str, str]]:
        """Return kind and reason of what went wrong beside fetching, since last asked."""
        ...


def taken(document: bytes, before: State | None) -> State:
    """Read a document, if it may take the place of the state before.

    Raises:
        Invalid: If it is no state; or holds no flag at all, where the one before had some: more often than not
            that is a slip of whoever wrote it.

    Example:
        >>> taken(b'{"twyman":1,"version":"a"}', None).version
        'a'
    """
    state = read(document)
    if not state.flags and before is not None and before.flags:
        raise Invalid(
            f"state '{state.version}' has no flags, and the one before had {len(before.flags)}: "
            "that one is kept; archive flags that are to go"
        )
    return state
