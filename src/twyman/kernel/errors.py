"""The errors we raise on purpose, by what the caller can do about them.

    TwymanError
    ├── Invalid      what was asked can't be right: change the request
    ├── NotFound     what was asked about isn't there: look for its name
    ├── Conflict     the world forbids it just now: change the world first
    ├── Forbidden    the asker may not: ask someone who may
    └── Unavailable  a peer didn't answer: try again later

The kinds say nothing about exit codes or HTTP: `cli.exits` holds the one table.

A message names the thing and its value, says why, then says what to do.
"""

from collections.abc import Iterable
from difflib import get_close_matches

from twyman.kernel.place import Place

MOST_SHOWN = 19
"""Errors shown beside the first: more than a screen of them is read by nobody."""


class TwymanError(Exception):
    """An error raised on purpose, with the place in the user's files where its cause stands.

    Attributes:
        message: What, why, what now.
        place: File and line of the cause, where there is one.

    Example:
        >>> str(Invalid("share '70' isn't a share: write 70% or 0.7", place=Place("a.yaml", 4)))
        "a.yaml:4: share '70' isn't a share: write 70% or 0.7"
    """

    def __init__(self, message: str, *, place: Place | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.place = place

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class Invalid(TwymanError):
    """What was asked can't be right: change the request.

    Attributes:
        also: Further errors found in the same reading, so that one run shows all of them.
    """

    def __init__(self, message: str, *, place: Place | None = None, also: "Iterable[TwymanError]" = ()) -> None:
        super().__init__(message, place=place)
        self.also = tuple(also)

    def __str__(self) -> str:
        own = f"{self.place}: {self.message}" if self.place else self.message
        shown, rest = self.also[:MOST_SHOWN], len(self.also) - MOST_SHOWN
        more = [f"and {rest:,} more: mend these first"] if rest > 0 else []
        return "\n".join([own, *(str(error) for error in shown), *more])


class NotFound(TwymanError):
    """What was asked about isn't there: look for its name."""


class Conflict(TwymanError):
    """The world forbids it just now: change the world first."""


class Forbidden(TwymanError):
    """The asker may not: ask someone who may."""


class Unavailable(TwymanError):
    """A peer didn't answer: try again later."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint that names the nearest known name, or lists a few; empty where none is known.

    Example:
        >>> nearest("retension", ["retention", "revenue"])
        "did you mean 'retention'?"
        >>> nearest("zzz", ["b", "a"])
        "known are 'a', 'b'"
    """
    names = sorted(set(known))
    close = get_close_matches(name, names, n=1)
    if close:
        return f"did you mean '{close[0]}'?"
    if not names:
        return "none is defined"
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return "known are " + ", ".join(f"'{known_name}'" for known_name in names[:8]) + more
