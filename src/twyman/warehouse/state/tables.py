"""The tables of our own that lie beside the data: what they are for, and which of them nobody needs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from twyman.warehouse.connector import Keeping
from twyman.warehouse.state.ledger import BOOK, LIVING, tables_of
from twyman.warehouse.state.names import made_at

AT_WORK = timedelta(hours=6)
"""A table that no state names may be one that somebody is just making: it is left alone for so long."""


@dataclass(frozen=True, slots=True)
class OwnTable:
    """A table of our own.

    Attributes:
        state: The state that it is a part of; empty for none.
        made_at: When it was named; `None` where the name doesn't say it.
    """

    name: str
    state: str = ""
    rows: int | None = None
    size: int | None = None
    made_at: datetime | None = None


def own_tables(keeping: Keeping) -> list[OwnTable]:
    """Return the tables of our own, each with the state that it is a part of."""
    parts = {
        name: book.removeprefix(f"{BOOK}/")
        for book in keeping.books()
        if book.startswith(f"{BOOK}/")
        for _, written in keeping.entries(book)[-LIVING:]
        for name in tables_of(written)
    }
    return [
        OwnTable(one.name, parts.get(one.name, ""), one.rows, one.size, made_at(one.name)) for one in keeping.kept()
    ]


def collected(keeping: Keeping, *, now: datetime, every: bool = False) -> list[OwnTable]:
    """Drop the tables that no state names, and return them.

    Args:
        keeping: Where they lie.
        now: The present instant: what was begun of late is left alone.
        every: Whether the states go, too: the next reading reads everything anew.
    """
    gone = [one for one in own_tables(keeping) if every or (not one.state and _is_old(one, now))]
    if every:
        for book in keeping.books():
            if book.startswith(f"{BOOK}/"):
                for number, _ in keeping.entries(book):
                    keeping.strike(book, number)
    for one in gone:
        keeping.drop(one.name)
    return gone


def _is_old(one: OwnTable, now: datetime) -> bool:
    return one.made_at is None or now - one.made_at > AT_WORK
