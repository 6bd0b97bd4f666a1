"""Keeps nothing, and notes the statements whose rows would be kept: for those who only want to see them."""

from collections.abc import Sequence

from sqlglot import exp

from twyman.warehouse.connector import Keeping, Kept


class Sketch:
    """Fulfils `twyman.warehouse.connector.Keeping` as a place does that is only read.

    Args:
        keeping: What is kept already is read from here.
    """

    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping
        self._noted: list[str] = []

    @property
    def statements(self) -> Sequence[str]:
        """What would have been kept, in order."""
        return tuple(self._noted)

    def keep(self, name: str, sql: str) -> bool:
        """Note a statement; nothing is kept."""
        self._noted.append(f"-- kept as {name.rpartition('_')[0]}\n{sql}")
        return False

    def own(self, name: str) -> exp.Expr | None:
        """Return what stands in FROM for a table that is kept."""
        return self._keeping.own(name)

    def kept(self) -> list[Kept]:
        """Return the tables that are kept."""
        return self._keeping.kept()

    def drop(self, name: str) -> None:
        """Leave it there."""

    def write(self, book: str, number: int, document: bytes) -> bool:
        """Write nothing."""
        del book, number, document
        return False

    def entries(self, book: str) -> list[tuple[int, bytes]]:
        """Return the entries of a book, in order."""
        return self._keeping.entries(book)

    def books(self) -> list[str]:
        """Return the names of the books."""
        return self._keeping.books()

    def strike(self, book: str, number: int) -> None:
        """Leave it there."""
