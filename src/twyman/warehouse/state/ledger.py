"""Which tables make up a state: a book whose last entry holds, and whose entries are each written once.

A table that no last entry names is rubbish: left behind by a process that was killed, or taken over by a
later entry. It is never read, and whoever tidies up may drop it.
"""

from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

import msgspec

from twyman.kernel.errors import Conflict
from twyman.warehouse.connector import Keeping

BOOK = "state"
"""Books of states are called so, then by what they are a state of."""


LIVING = 2
"""Entries, counted from the last, whose tables are left alone."""


class Entry(msgspec.Struct, kw_only=True):
    """An entry: all tables of a state, by name."""

    tables: list[str]


_E = TypeVar("_E", bound=Entry)


class Book(Protocol[_E]):
    """Where it says which tables make up a state."""

    def last(self) -> _E | None:
        """Return the entry that holds; `None` where there is none."""
        ...

    def write(self, entry: _E) -> bool:
        """Make an entry hold; return whether it does."""
        ...

    def tidy(self, made: Iterable[str], entry: _E) -> None:
        """Drop what an entry has no use for: of the tables made for it, and of entries that are long gone."""
        ...


class Scratch(Generic[_E]):
    """A state that nobody else sees, and that ends with whoever made it."""

    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping
        self._entry: _E | None = None

    def last(self) -> _E | None:
        """Return the entry that holds."""
        return self._entry

    def write(self, entry: _E) -> bool:
        """Make an entry hold."""
        self._entry = entry
        return True

    def tidy(self, made: Iterable[str], entry: _E) -> None:
        """Drop the tables that the entry has no use for."""
        for name in set(made) - set(entry.tables):
            self._keeping.drop(name)


class Ledger(Generic[_E]):
    """One state's book.

    Args:
        keeping: Where it lies.
        title: What it is a state of.
        kind: What its entries say.
    """

    def __init__(self, keeping: Keeping, title: str, kind: type[_E]) -> None:
        self._keeping = keeping
        self._book = f"{BOOK}/{title}"
        self._kind = kind
        self._number = -1

    def last(self) -> _E | None:
        """Return the entry that holds; `None` where there is none, or its tables are gone."""
        entries = self._keeping.entries(self._book)
        if not entries:
            return None
        self._number, written = entries[-1]
        try:
            found = msgspec.json.decode(written, type=self._kind)
        except msgspec.MsgspecError:
            return None
        whole = all(self._keeping.own(name) is not None for name in found.tables)
        return found if whole else None

    def write(self, entry: _E) -> bool:
        """Make an entry hold, if no other came in between; return whether it does."""
        try:
            written = self._keeping.write(self._book, self._number + 1, msgspec.json.encode(entry))
        except Conflict:
            return False
        self._number += written
        return written

    def tidy(self, made: Iterable[str], entry: _E) -> None:
        """Drop the tables made for an entry that it has no use for, and entries before the last but one.

        Somebody may be reading what the last entry but one names, so that stays for one refresh more.
        """
        entries = self._keeping.entries(self._book)
        named = {name for _, written in entries[-LIVING:] for name in tables_of(written)} | set(entry.tables)
        gone = {name for _, written in entries[:-LIVING] for name in tables_of(written)} | set(made)
        for name in gone - named:
            self._keeping.drop(name)
        for number, _ in entries[:-LIVING]:
            self._keeping.strike(self._book, number)


def tables_of(written: bytes) -> list[str]:
    """Return the tables that an entry names."""
    return msgspec.json.decode(written, type=Entry).tables
